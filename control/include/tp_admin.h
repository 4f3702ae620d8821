/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_ADMIN_H
#define TP_ADMIN_H
/*
 * The admin thread: one libevent loop for everything that people and monitoring ask of a running turnpiked. The control socket and HTTP are services of
 * it; a service is one struct tp_service and one line in the list of control/main/admin.c. Admin reads (tp_view.h); what changes something it posts to
 * the control thread, and gets the answer back as an event.
 *
 * It never runs on a worker's CPU where control_cpu says where to run, and its work is bounded by its services: clients, octets, rates.
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tp_conf;
struct tp_daemon;

struct tp_service {
	const char *name;
	/*
	 * Control thread, before the loop runs: binds sockets, adds events to the base. 0, or -errno with a sentence for the user in err, which ends
	 * the start of turnpiked. A service that the configuration turns off returns 0 and does nothing.
	 */
	int (*start)(struct event_base *base, const struct tp_conf *conf, char *err, size_t err_len);
	/* Control thread, when the loop runs no more; also where start was not called or failed. Frees its events. */
	void (*stop)(void);
};

/* Starts the services in order and then the thread. services: NULL-terminated. 0, or -errno with a sentence in err and nothing left running. */
int tp_admin_start(const struct tp_service *const *services, const struct tp_conf *conf, char *err, size_t err_len);
/* Ends the loop and stops the services in reverse. Fine where it does not run. */
void tp_admin_stop(void);

/*
 * A change: run() on the control thread, then done() on the admin thread. The job belongs to whoever runs it and is not touched by the other side; done()
 * frees it. Admin posts; there is no end of the queue, because each client may have only so many requests under way.
 */
struct tp_job {
	void (*run)(struct tp_daemon *d, struct tp_job *job);
	/* Where turnpiked is stopping, in place of run(): says so in the job. */
	void (*refuse)(struct tp_job *job);
	void (*done)(struct tp_job *job);
	bool later;          /* set by run(): it has begun something, and control calls tp_job_finish() at its end */
	struct tp_job *next; /* of the queues */
};
/* Admin. */
void tp_job_post(struct tp_job *job);
/* Control: the end of a job that said `later`. */
void tp_job_finish(struct tp_job *job);
/* Control, once a turn: runs what was posted. Returns how many. One load where there is nothing. */
unsigned int tp_jobs_run(struct tp_daemon *d);
/* Control: from now on jobs are refused, those that wait as well. tp_admin_start() undoes it. */
void tp_jobs_close(void);

/* What the control socket counts. X(name, help). Admin. */
#define TP_CONTROL_COUNTERS(X)                                                                                                     \
	X(clients, "Clients accepted")                                                                                             \
	X(not_permitted, "Clients turned away: neither root, nor the user of turnpiked, nor of its group")                         \
	X(too_many_clients, "Clients turned away because control.clients were there already")                                      \
	X(requests, "Requests read")                                                                                               \
	X(malformed, "Lines that are no request")                                                                                  \
	X(refused, "Requests with a wrong command or argument")                                                                    \
	X(failed, "Requests whose command could not be carried out")                                                               \
	X(changes, "Requests that changed something, or tried to: lines of the audit log")                                         \
	X(audit_lost, "Lines of the audit log that could not be written to its file")                                              \
	X(too_long, "Clients closed because of a line that was too long")                                                          \
	X(too_slow, "Clients closed because a line took too long to come")                                                         \
	X(idle, "Clients closed because they asked nothing for too long")                                                          \
	X(not_reading, "Clients closed because they did not read their answers")                                                   \
	X(vanished, "Clients that went while an answer was under way")                                                             \
	X(skipped, "Lines of a stream left out because the client had not read the ones before")
#define TP_CONTROL_COUNTER_ENUM(name, help) TP_CONTROL_##name,
enum tp_control_counter { TP_CONTROL_COUNTERS(TP_CONTROL_COUNTER_ENUM) TP_CONTROL_COUNTER_COUNT };
struct tp_control_counter_desc {
	const char *name, *help;
};
extern const struct tp_control_counter_desc tp_control_counter_descs[TP_CONTROL_COUNTER_COUNT];
extern uint64_t tp_control_counters[TP_CONTROL_COUNTER_COUNT];

/* The services of this tree. */
extern const struct tp_service tp_http;           /* control/http */
extern const struct tp_service tp_control_socket; /* control/api */
extern const struct tp_service tp_sampler;        /* control/api; tp_sample.h */

/*
 * What stands in the files that `http` names: token, certificate, key. Read aside, by any thread: 0, or -errno with a sentence for the user in err and *files NULL.
 * *files is NULL too where there is no HTTP.
 */
struct tp_http_files;
int tp_http_read(const struct tp_conf *conf, struct tp_http_files **files, char *err, size_t err_len);
/* Control: from now on these, on new connections and for every request; open ones and the socket stay. Takes them over; NULL is fine. */
void tp_http_use(struct tp_http_files *files);
void tp_http_free(struct tp_http_files *files); /* NULL is fine */

#endif
