/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the page looks back on. Alerts of the last minute, less the covert ones, are counted as a whole: which list, rule or plate it was is nobody's business who may only see that the appliance
 * works.
 *
 * Devices are looked through a piece a second, so that a second never costs more than LOOKBACK_PIECE lines of the books, however many devices and workers there are. Of those that
 * are silent or whose clock is off the worst are kept by name; the others are counted. What is shown is of the last whole round.
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "tp_clock.h"
#include "tp_sample.h"
#include "tp_view.h"

#define LOOKBACK_S          60
#define LOOKBACK_PIECE      16384      /* lines a second, of all workers */
#define LOOKBACK_SHOWN      20         /* devices of each kind */
#define LOOKBACK_SILENT_US  60000000   /* silent: nothing for three times its longest gap, but not before this */
#define LOOKBACK_SILENT_MAX 3600000000 /* and not after this */
#define LOOKBACK_SKEW_US    5000000    /* a clock that is off by more */

struct lookback_worst {
	int64_t by; /* how bad: larger is worse */
	int64_t value;
	unsigned int source;
};

struct lookback_round {
	unsigned int heard, silent, skewed;
	struct lookback_worst silent_most[LOOKBACK_SHOWN], skewed_most[LOOKBACK_SHOWN]; /* worst first */
};

static struct event *lookback_timer;
static uint64_t lookback_alerts[LOOKBACK_S + 1]; /* the counter, once a second */
static unsigned int lookback_looks;
static struct lookback_round lookback_last, lookback_now;
static unsigned int lookback_next = 1; /* source; 0 is nobody */

/* ---- alerts ------------------------------------------------------------------------------------------------------------------------- */
uint64_t http_lookback_alerts(unsigned int *seconds)
{
	uint64_t last, first;

	*seconds = lookback_looks == 0 ? 0 : lookback_looks - 1 < LOOKBACK_S ? lookback_looks - 1 : LOOKBACK_S;
	if (*seconds == 0)
		return 0;
	last = lookback_alerts[(lookback_looks - 1) % (LOOKBACK_S + 1)];
	first = lookback_alerts[(lookback_looks - 1 - *seconds) % (LOOKBACK_S + 1)];
	return last > first ? last - first : 0;
}

/* ---- devices ------------------------------------------------------------------------------------------------------------------------ */
/* In its place among the worst; the least bad one goes. */
static void lookback_keep(struct lookback_worst *list, unsigned int n, struct lookback_worst one)
{
	unsigned int i = n < LOOKBACK_SHOWN ? n : LOOKBACK_SHOWN;

	if (i == LOOKBACK_SHOWN && list[--i].by >= one.by)
		return;
	for (; i > 0 && list[i - 1].by < one.by; i--)
		list[i] = list[i - 1];
	list[i] = one;
}

static void lookback_device(struct lookback_round *round, unsigned int source, int64_t now_us)
{
	int64_t limit_us, quiet_us, off_us;
	struct tp_seen seen;

	tp_book_seen(source, &seen);
	if (seen.last_us == 0)
		return;
	round->heard++;
	quiet_us = now_us - seen.last_us;
	limit_us = 3 * seen.longest_us > LOOKBACK_SILENT_US ? 3 * seen.longest_us : LOOKBACK_SILENT_US;
	if (quiet_us > (limit_us < LOOKBACK_SILENT_MAX ? limit_us : LOOKBACK_SILENT_MAX))
		lookback_keep(round->silent_most, round->silent++, (struct lookback_worst){quiet_us, seen.last_us, source});
	off_us = seen.skew_us < 0 ? -seen.skew_us : seen.skew_us;
	if (seen.skew_width && off_us > LOOKBACK_SKEW_US)
		lookback_keep(round->skewed_most, round->skewed++, (struct lookback_worst){off_us, seen.skew_us, source});
}

static void lookback_devices(const struct tp_plan_spec *spec)
{
	unsigned int workers = tp_workers_count(), left = LOOKBACK_PIECE / (workers ? workers : 1);
	int64_t now_us = tp_clock_us(CLOCK_REALTIME);

	for (; lookback_next < spec->n_sources && left > 0; left--, lookback_next++)
		if (!spec->sources[lookback_next].retired) /* what the configuration left out is expected to be silent */
			lookback_device(&lookback_now, lookback_next, now_us);
	if (lookback_next < spec->n_sources)
		return;
	lookback_last = lookback_now;
	memset(&lookback_now, 0, sizeof(lookback_now));
	lookback_next = 1;
}

/* Of any octets; what is no UTF-8 is not shown. */
static json_t *lookback_text(struct tp_slice text)
{
	json_t *json = json_stringn((const char *)text.p, text.n);

	return json ? json : json_string("?");
}

static json_t *lookback_list(const struct lookback_worst *list, unsigned int n, const char *key, const struct tp_plan_spec *spec)
{
	json_t *rows = json_array();

	for (unsigned int i = 0; i < n && i < LOOKBACK_SHOWN; i++) {
		const struct tp_source *source = &spec->sources[list[i].source];

		if (list[i].source < spec->n_sources && !source->retired) /* else of an earlier configuration */
			json_array_append_new(
			        rows, json_pack("{s:o, s:o, s:s?, s:I}", "device", lookback_text(source->device), "site",
			                      lookback_text(source->site), "listener", source->of, key, (json_int_t)list[i].value));
	}
	return rows;
}

json_t *http_lookback_devices(const struct tp_view *view)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:o, s:o}", "configured", (int)view->devices, "heard", (int)lookback_last.heard,
	        "silent", (int)lookback_last.silent, "skewed", (int)lookback_last.skewed, "silent_most",
	        lookback_list(lookback_last.silent_most, lookback_last.silent, "last_us", view->spec), "skewed_most",
	        lookback_list(lookback_last.skewed_most, lookback_last.skewed, "skew_us", view->spec));
}

void http_lookback_counts(unsigned int *heard, unsigned int *silent, unsigned int *skewed)
{
	*heard = lookback_last.heard;
	*silent = lookback_last.silent;
	*skewed = lookback_last.skewed;
}

/* ---- once a second ------------------------------------------------------------------------------------------------------------------ */
void http_lookback_second(void)
{
	lookback_alerts[lookback_looks++ % (LOOKBACK_S + 1)] = tp_sample()->now.total.c[TP_C_alerts];
	lookback_devices(tp_view_hold()->spec);
	tp_view_release();
}

void http_lookback_reset(void)
{
	lookback_looks = 0;
	lookback_next = 1;
	memset(&lookback_now, 0, sizeof(lookback_now));
	memset(&lookback_last, 0, sizeof(lookback_last));
}

static void lookback_on_time(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	http_lookback_second();
}

int http_lookback_start(struct event_base *base)
{
	const struct timeval second = {.tv_sec = 1};

	http_lookback_reset();
	lookback_timer = event_new(base, -1, EV_PERSIST, lookback_on_time, NULL);
	return lookback_timer && event_add(lookback_timer, &second) == 0 ? 0 : -1;
}

void http_lookback_stop(void)
{
	if (lookback_timer)
		event_free(lookback_timer);
	lookback_timer = NULL;
}
