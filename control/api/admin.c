/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread and its two queues. Jobs go to control in a list under a mutex, with a flag that control looks at without it; they come back in another
 * list, and an eventfd wakes the loop. So neither side waits for the other's work.
 */
#include "tp_admin.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define ADMIN_NICE 10

struct admin_queue {
	struct tp_job *first, **last;
};

static pthread_mutex_t admin_lock = PTHREAD_MUTEX_INITIALIZER;
static struct admin_queue admin_posted, admin_ended; /* under admin_lock */
static bool admin_closed;                            /* under admin_lock */
static bool admin_waiting;                           /* something is posted; atomic */

static const struct tp_service *const *admin_services;
static struct event_base *admin_base;
static struct event *admin_wake;
static int admin_fd = -1;
static bool admin_asked_to_stop; /* atomic */
static bool admin_runs;
static pthread_t admin_thread;

/* ---- queues ------------------------------------------------------------------------------------------------------------------------ */
static void admin_queue_clear(struct admin_queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
}

static void admin_queue_append(struct admin_queue *queue, struct tp_job *job)
{
	job->next = NULL;
	*queue->last = job;
	queue->last = &job->next;
}

/* All that is in it, as a list. */
static struct tp_job *admin_queue_take(struct admin_queue *queue)
{
	struct tp_job *first;

	pthread_mutex_lock(&admin_lock);
	first = queue->first;
	admin_queue_clear(queue);
	pthread_mutex_unlock(&admin_lock);
	return first;
}

static void admin_ring(void)
{
	uint64_t one = 1;

	if (write(admin_fd, &one, sizeof(one)) < 0) /* EAGAIN: it rings already */
		return;
}

static void admin_end(struct tp_job *job)
{
	pthread_mutex_lock(&admin_lock);
	admin_queue_append(&admin_ended, job);
	pthread_mutex_unlock(&admin_lock);
	admin_ring();
}

void tp_job_post(struct tp_job *job)
{
	bool closed;

	pthread_mutex_lock(&admin_lock);
	closed = admin_closed;
	if (!closed)
		admin_queue_append(&admin_posted, job);
	pthread_mutex_unlock(&admin_lock);
	if (!closed) {
		__atomic_store_n(&admin_waiting, true, __ATOMIC_RELEASE);
		return;
	}
	job->refuse(job);
	admin_end(job);
}

void tp_job_finish(struct tp_job *job)
{
	admin_end(job);
}

unsigned int tp_jobs_run(struct tp_daemon *d)
{
	struct tp_job *job, *next;
	unsigned int n = 0;

	if (!__atomic_load_n(&admin_waiting, __ATOMIC_ACQUIRE))
		return 0;
	__atomic_store_n(&admin_waiting, false, __ATOMIC_RELAXED);
	for (job = admin_queue_take(&admin_posted); job; job = next, n++) {
		next = job->next;
		job->run(d, job);
		if (!job->later)
			admin_end(job);
	}
	return n;
}

void tp_jobs_close(void)
{
	struct tp_job *job, *next;

	pthread_mutex_lock(&admin_lock);
	admin_closed = true;
	pthread_mutex_unlock(&admin_lock);
	for (job = admin_queue_take(&admin_posted); job; job = next) {
		next = job->next;
		job->refuse(job);
		admin_end(job);
	}
}

static void admin_deliver(void)
{
	struct tp_job *job, *next;

	for (job = admin_queue_take(&admin_ended); job; job = next) {
		next = job->next;
		job->done(job);
	}
}

/* ---- the loop ---------------------------------------------------------------------------------------------------------------------- */
static void admin_on_wake(evutil_socket_t fd, short what, void *ctx)
{
	uint64_t rings;

	(void)what;
	(void)ctx;
	if (read(fd, &rings, sizeof(rings)) < 0)
		return;
	admin_deliver();
	if (__atomic_load_n(&admin_asked_to_stop, __ATOMIC_ACQUIRE))
		event_base_loopbreak(admin_base);
}

static void *admin_loop(void *ctx)
{
	(void)ctx;
	pthread_setname_np(pthread_self(), "admin");
	setpriority(PRIO_PROCESS, (id_t)gettid(), ADMIN_NICE); /* of this thread alone; it may share a CPU with control */
	event_base_loop(admin_base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

/* Signals are the control thread's. */
static int admin_launch(void)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&admin_thread, NULL, admin_loop, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	admin_runs = ret == 0;
	return -ret;
}

static int admin_make_base(void)
{
	admin_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (admin_fd < 0)
		return -errno;
	admin_base = event_base_new();
	if (!admin_base)
		return -ENOMEM;
	admin_wake = event_new(admin_base, admin_fd, EV_READ | EV_PERSIST, admin_on_wake, NULL);
	return admin_wake && event_add(admin_wake, NULL) == 0 ? 0 : -ENOMEM;
}

int tp_admin_start(const struct tp_service *const *services, const struct tp_conf *conf, char *err, size_t err_len)
{
	int ret;

	pthread_mutex_lock(&admin_lock);
	admin_queue_clear(&admin_posted);
	admin_queue_clear(&admin_ended);
	admin_closed = false;
	pthread_mutex_unlock(&admin_lock);
	admin_asked_to_stop = false;
	admin_services = services;
	snprintf(err, err_len, "cannot make the admin thread's loop");
	ret = admin_make_base();
	for (unsigned int i = 0; ret == 0 && services[i]; i++)
		ret = services[i]->start(admin_base, conf, err, err_len);
	if (ret == 0) {
		ret = admin_launch();
		if (ret < 0)
			snprintf(err, err_len, "cannot start the admin thread: %s", strerror(-ret));
	}
	if (ret < 0)
		tp_admin_stop();
	return ret;
}

static void admin_join(void)
{
	if (!admin_runs)
		return;
	tp_jobs_close();
	__atomic_store_n(&admin_asked_to_stop, true, __ATOMIC_RELEASE);
	admin_ring();
	pthread_join(admin_thread, NULL);
	admin_runs = false;
	admin_deliver(); /* what was refused since */
}

void tp_admin_stop(void)
{
	unsigned int n = 0;

	admin_join();
	while (admin_services && admin_services[n])
		n++;
	while (n-- > 0)
		admin_services[n]->stop();
	admin_services = NULL;
	if (admin_wake)
		event_free(admin_wake);
	if (admin_base)
		event_base_free(admin_base);
	if (admin_fd >= 0)
		close(admin_fd);
	admin_wake = NULL;
	admin_base = NULL;
	admin_fd = -1;
}
