/* SPDX-License-Identifier: BSD-3-Clause */
/* The view under a lock of readers and writers, and the pulse under a lock of its own. Writers go first: control waits for one command at most. */
#include "tp_view.h"

#include <pthread.h>

static pthread_rwlock_t view_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static struct tp_view view_now;
static bool view_excluded; /* control holds the lock */

static pthread_mutex_t pulse_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tp_pulse pulse_now;

const char *const tp_life_names[] = {
        [TP_LIFE_STARTING] = "starting",
        [TP_LIFE_RUNNING] = "running",
        [TP_LIFE_STOPPING] = "stopping",
};

const struct tp_view *tp_view_hold(void)
{
	pthread_rwlock_rdlock(&view_lock);
	return &view_now;
}

void tp_view_release(void)
{
	pthread_rwlock_unlock(&view_lock);
}

void tp_view_exclude(void)
{
	pthread_rwlock_wrlock(&view_lock);
	view_excluded = true;
}

void tp_view_admit(void)
{
	view_excluded = false;
	pthread_rwlock_unlock(&view_lock);
}

void tp_view_set(const struct tp_view *view)
{
	bool held = view_excluded; /* control's own: nobody else writes it */

	if (!held)
		tp_view_exclude();
	view_now = *view;
	if (!held)
		tp_view_admit();
}

void tp_pulse_set(const struct tp_pulse *pulse)
{
	pthread_mutex_lock(&pulse_lock);
	pulse_now = *pulse;
	pthread_mutex_unlock(&pulse_lock);
}

void tp_pulse_get(struct tp_pulse *pulse)
{
	pthread_mutex_lock(&pulse_lock);
	*pulse = pulse_now;
	pthread_mutex_unlock(&pulse_lock);
}
