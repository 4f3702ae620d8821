/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the page looks back on. Alerts of the last minute are counted as a whole: which list, rule or plate it was is nobody's business who may only see that the appliance
 * works.
 *
 * Devices are looked through a piece a second, so that a second never costs more than WATCH_PIECE lines of the books, however many devices and workers there are. Of those that
 * are silent or whose clock is off the worst are kept by name; the others are counted. What is shown is of the last whole round.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http.h"
#include "tp_sample.h"
#include "tp_view.h"

#define WATCH_S          60
#define WATCH_PIECE      16384      /* lines a second, of all workers */
#define WATCH_SHOWN      20         /* devices of each kind */
#define WATCH_SILENT_US  60000000   /* silent: nothing for three times its longest gap, but not before this */
#define WATCH_SILENT_MAX 3600000000 /* and not after this */
#define WATCH_SKEW_US    5000000    /* a clock that is off by more */

struct watch_worst {
	int64_t by; /* how bad: larger is worse */
	int64_t value;
	unsigned int source;
};

struct watch_round {
	unsigned int heard, silent, skewed;
	struct watch_worst silent_most[WATCH_SHOWN], skewed_most[WATCH_SHOWN]; /* worst first */
};

static struct event *watch_timer;
static uint64_t watch_alerts[WATCH_S + 1]; /* the counter, once a second */
static unsigned int watch_looks;
static struct watch_round watch_last, watch_now;
static unsigned int watch_next = 1; /* source; 0 is nobody */

/* ---- alerts ------------------------------------------------------------------------------------------------------------------------- */
uint64_t http_watch_alerts(unsigned int *seconds)
{
	uint64_t last, first;

	*seconds = watch_looks == 0 ? 0 : watch_looks - 1 < WATCH_S ? watch_looks - 1 : WATCH_S;
	if (*seconds == 0)
		return 0;
	last = watch_alerts[(watch_looks - 1) % (WATCH_S + 1)];
	first = watch_alerts[(watch_looks - 1 - *seconds) % (WATCH_S + 1)];
	return last > first ? last - first : 0;
}

/* ---- devices ------------------------------------------------------------------------------------------------------------------------ */
/* In its place among the worst; the least bad one goes. */
static void watch_keep(struct watch_worst *list, unsigned int n, struct watch_worst one)
{
	unsigned int i = n < WATCH_SHOWN ? n : WATCH_SHOWN;

	if (i == WATCH_SHOWN && list[--i].by >= one.by)
		return;
	for (; i > 0 && list[i - 1].by < one.by; i--)
		list[i] = list[i - 1];
	list[i] = one;
}

static void watch_device(struct watch_round *round, unsigned int source, int64_t now_us)
{
	int64_t limit_us, quiet_us, off_us;
	struct tp_seen seen;

	tp_book_seen(source, &seen);
	if (seen.last_us == 0)
		return;
	round->heard++;
	quiet_us = now_us - seen.last_us;
	limit_us = 3 * seen.longest_us > WATCH_SILENT_US ? 3 * seen.longest_us : WATCH_SILENT_US;
	if (quiet_us > (limit_us < WATCH_SILENT_MAX ? limit_us : WATCH_SILENT_MAX))
		watch_keep(round->silent_most, round->silent++, (struct watch_worst){quiet_us, seen.last_us, source});
	off_us = seen.skew_us < 0 ? -seen.skew_us : seen.skew_us;
	if (seen.skew_width && off_us > WATCH_SKEW_US)
		watch_keep(round->skewed_most, round->skewed++, (struct watch_worst){off_us, seen.skew_us, source});
}

static void watch_devices(const struct tp_plan_spec *spec)
{
	unsigned int workers = tp_workers_count(), left = WATCH_PIECE / (workers ? workers : 1);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	for (; watch_next < spec->n_sources && left > 0; left--)
		watch_device(&watch_now, watch_next++, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	if (watch_next < spec->n_sources)
		return;
	watch_last = watch_now;
	memset(&watch_now, 0, sizeof(watch_now));
	watch_next = 1;
}

/* Of any octets; what is no UTF-8 is not shown. */
static json_t *watch_text(struct tp_slice text)
{
	json_t *json = json_stringn((const char *)text.p, text.n);

	return json ? json : json_string("?");
}

static json_t *watch_list(const struct watch_worst *list, unsigned int n, const char *key, const struct tp_plan_spec *spec)
{
	json_t *rows = json_array();

	for (unsigned int i = 0; i < n && i < WATCH_SHOWN; i++) {
		const struct tp_source *source = &spec->sources[list[i].source];

		if (list[i].source < spec->n_sources) /* else of an earlier configuration */
			json_array_append_new(rows, json_pack("{s:o, s:o, s:I}", "device", watch_text(source->device), "site",
			                                    watch_text(source->site), key, (json_int_t)list[i].value));
	}
	return rows;
}

json_t *http_watch_devices(const struct tp_plan_spec *spec)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:o, s:o}", "configured", (int)spec->n_sources - 1, "heard", (int)watch_last.heard,
	        "silent", (int)watch_last.silent, "skewed", (int)watch_last.skewed, "silent_most",
	        watch_list(watch_last.silent_most, watch_last.silent, "last_us", spec), "skewed_most",
	        watch_list(watch_last.skewed_most, watch_last.skewed, "skew_us", spec));
}

void http_watch_counts(unsigned int *heard, unsigned int *silent, unsigned int *skewed)
{
	*heard = watch_last.heard;
	*silent = watch_last.silent;
	*skewed = watch_last.skewed;
}

/* ---- once a second ------------------------------------------------------------------------------------------------------------------ */
void http_watch_second(void)
{
	watch_alerts[watch_looks++ % (WATCH_S + 1)] = tp_sample()->now.total.c[TP_C_alerts];
	watch_devices(tp_view_hold()->spec);
	tp_view_release();
}

void http_watch_reset(void)
{
	watch_looks = 0;
	watch_next = 1;
	memset(&watch_now, 0, sizeof(watch_now));
	memset(&watch_last, 0, sizeof(watch_last));
}

static void watch_on_time(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	http_watch_second();
}

int http_watch_start(struct event_base *base)
{
	const struct timeval second = {.tv_sec = 1};

	http_watch_reset();
	watch_timer = event_new(base, -1, EV_PERSIST, watch_on_time, NULL);
	return watch_timer && event_add(watch_timer, &second) == 0 ? 0 : -1;
}

void http_watch_stop(void)
{
	if (watch_timer)
		event_free(watch_timer);
	watch_timer = NULL;
}
