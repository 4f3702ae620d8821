/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_DAEMON_H
#define TP_DAEMON_H
/*
 * The daemon: what lives from start to stop, and the steps of its life. Everything here runs on the control thread.
 */
#include <signal.h>
#include <stdio.h>

#include "apply.h"
#include "capture.h"
#include "command_line.h"
#include "notify.h"
#include "rollback.h"
#include "setup.h"
#include "tp_books.h"
#include "tp_conf.h"
#include "tp_login.h"
#include "tp_sink.h"
#include "tp_view.h"

enum tp_exit {
	TP_EXIT_OK = 0,
	TP_EXIT_FAILED = 1,        /* while starting or running; in a replay also records that were not delivered */
	TP_EXIT_CONFIGURATION = 2, /* command line or configuration */
	TP_EXIT_BOOKS = 3,         /* the books do not balance */
};

struct tp_daemon {
	struct tp_command_line command_line;
	struct tp_conf conf;                                 /* of the start: what memory, ports and sink are made by */
	struct tp_capture capture;                           /* of --replay */
	struct tp_login_users *users[TP_MAX_MQTT_LISTENERS]; /* until `now` has them */
	struct tp_patterns *patterns;                        /* until `now` has them */
	const struct tp_plan_spec *spec;                     /* of the plan in force */
	const struct tp_sink_ops *ops;
	struct tp_sink *sink;                 /* NULL: not open */
	struct tp_stats_publisher *publisher; /* NULL: no statistics */
	int64_t next_books_ms, next_stats_ms; /* monotonic */
	struct tp_login *login;               /* NULL: nobody's password is checked */
	uint32_t logins_under_way[TP_MAX_WORKERS];
	struct tp_setup *now;        /* in force; NULL: before the plan */
	struct tp_setup *replaced;   /* waits until no worker holds it; NULL: none */
	struct tp_apply *apply;      /* one that is prepared; NULL: none */
	struct tp_rollback rollback; /* what a rollback returns to */
	bool abandoned;              /* a thread still prepares at the end: nothing of a setup is freed */
	struct tp_notify notify;
	int64_t started_us;      /* us since 1970 UTC */
	int64_t next_pulse_ms;   /* monotonic */
	int64_t next_leave_ms;   /* the same: a look at MQTT listeners that were left out */
	uint32_t left;           /* those of them that the guard knows to be deserted, by index */
	unsigned int generation; /* of the view */
	bool covert;             /* of the view */
};

/* Set by the signal handler: how often the daemon was asked to stop. */
extern volatile sig_atomic_t tp_stop_asked;

/* Set by the signal handler: the configuration is to be put in force again as its files are now. */
extern volatile sig_atomic_t tp_reload_asked;

/* ---- configure.c ---------------------------------------------------------------------------------------------------------------- */
/* Each: TP_EXIT_OK or another exit status with the message written. */
int tp_daemon_configure(struct tp_daemon *d);
int tp_daemon_compile(struct tp_daemon *d);
int tp_daemon_plan(struct tp_daemon *d);
/* --check: the memory by part, on standard output. */
void tp_daemon_check(const struct tp_daemon *d);

/* ---- credentials.c -------------------------------------------------------------------------------------------------------------- */
/* Certificates and users of MQTT listeners. TP_EXIT_OK or another exit status with the message written. */
int tp_daemon_credentials(struct tp_daemon *d);
void tp_daemon_uncredentials(struct tp_daemon *d);
/* Starts the threads that check passwords where somebody's are checked. 0 or -errno. */
int tp_daemon_need_login(struct tp_daemon *d, struct tp_login_users *const *users);
/* From now on these are the users, by MQTT listener. */
void tp_daemon_use_users(struct tp_daemon *d, struct tp_login_users *const *users);
/* Takes logins of the workers to be verified, and verdicts back. How many moved. */
unsigned int tp_daemon_logins(struct tp_daemon *d);

/* ---- tickets.c ------------------------------------------------------------------------------------------------------------------ */
/* Keys of session tickets. False: no memory or no random numbers. */
bool tp_tickets_start(void);
/* Wipes them. No context or session made with them is in use any more. */
void tp_tickets_stop(void);
/* Those of an MQTT listener, until tp_tickets_stop(). Also on the thread that prepares a configuration. */
const struct tls_tickets *tp_tickets_of(unsigned int listener);
/* New keys for listeners that get the index of one that has gone. Before `next` is in force. False: there are no random numbers. */
bool tp_tickets_begin(const struct tp_plan_spec *now, const struct tp_plan_spec *next);
/* Called every turn of the control loop: makes new keys where the configuration says that it is time. now_ms of the monotonic clock. */
void tp_tickets_turn(const struct tp_conf *conf, int64_t now_ms);

/* ---- admin.c -------------------------------------------------------------------------------------------------------------------- */
/* Starts the admin thread with its services: the control socket. None in a replay. TP_EXIT_OK or another exit status with the message written. */
int tp_daemon_admin(struct tp_daemon *d);
void tp_daemon_unadmin(struct tp_daemon *d);
/* Shows admin conf and spec as they are now: after another configuration took their place. */
void tp_daemon_view(struct tp_daemon *d);
/* Tells admin how control and the sink are. */
void tp_daemon_pulse(struct tp_daemon *d, enum tp_life life);

/* The most TLS connections that the listeners allow on a worker, as tcp.connections bounds them. 0: no listener has TLS. */
uint32_t tp_daemon_tls_connections(const struct tp_plan_spec *spec, const struct tp_dataplane_spec *dp);

/* ---- announce.c ----------------------------------------------------------------------------------------------------------------- */
/* The lines of a start. */
void tp_daemon_announce(const struct tp_daemon *d);

/* ---- loop.c ---------------------------------------------------------------------------------------------------------------------- */
/* Takes what the workers have sealed to the sink and moves the sink on, waiting a little where there is nothing. */
unsigned int tp_daemon_turn(struct tp_daemon *d);
/* Until a signal, or the end of the recording. */
void tp_daemon_loop(struct tp_daemon *d);

/* ---- stop.c ---------------------------------------------------------------------------------------------------------------------- */
/* Stops receiving, delivers, tells the books. The exit status. */
int tp_daemon_finish(struct tp_daemon *d);

#endif
