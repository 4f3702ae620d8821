/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * capture: what is dropped, refused or malformed, as pcapng in base64, a piece a line; turnpikectl writes it to the file, with the rights of who runs it.
 * The stream waits where its client does not read: then the workers' rings fill, and what they have no room for is counted. There is one capture at a time, so a client that
 * does not read to the end has a time limit: a capture takes as long as was asked for, and a little for what is in the rings then. What XDP programs drop comes the
 * same way, as far as they tell of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "pcapng.h"
#include "tp_capture.h"
#include "tp_clock.h"
#include "tp_decoder.h"

#define CAPTURE_TICK_MS 20
#define CAPTURE_READ_S  10          /* for the client to read, behind the end of the capture, what was captured */
#define CAPTURE_PIECE   (48 * 1024) /* octets of a line, about */

enum { INTERFACE_FRAMES, INTERFACE_MESSAGES };

struct capture {
	struct pcapng out;
	uint32_t captured, count;
	uint64_t by_reason[TP_COUNTER_COUNT];
	int64_t until_us; /* monotonic */
};

/* ---- what is asked for --------------------------------------------------------------------------------------------------------------- */
static bool capture_can(enum tp_counter c)
{
	return tp_counter_descs[c].class >= TP_CLASS_REFUSED;
}

static bool capture_reason(struct tp_capture_filter *f, const char *name, size_t n)
{
	for (enum tp_counter c = 0; c < TP_COUNTER_COUNT; c++)
		if (capture_can(c) && strlen(tp_counter_descs[c].name) == n && memcmp(tp_counter_descs[c].name, name, n) == 0) {
			f->reason[c] = true;
			return true;
		}
	return false;
}

/* Names parted by commas; NULL: all. False with the error set. */
static bool capture_reasons(struct tp_capture_filter *f, const char *names, struct api_error *error)
{
	for (enum tp_counter c = 0; !names && c < TP_COUNTER_COUNT; c++)
		f->reason[c] = capture_can(c);
	while (names && *names) {
		size_t n = strcspn(names, ",");

		if (!capture_reason(f, names, n)) {
			api_error_set(error, API_UNKNOWN,
			        "reason: found '%.*s', expected names of counters of packets that are dropped, refused or "
			        "malformed",
			        (int)n, names);
			snprintf(error->suggest, sizeof(error->suggest), "see turnpikectl stats --all");
			return false;
		}
		names += n + (names[n] == ',');
	}
	return true;
}

/* ---- what comes ---------------------------------------------------------------------------------------------------------------------- */
/* Where it ended. */
static void capture_place(const struct tp_capture_packet *p, char *text, size_t len)
{
	const struct tp_conf *conf = api_view()->conf;

	if (p->xdp < 0)
		snprintf(text, len, "; worker %u", p->worker);
	else
		snprintf(text, len, "; XDP program of port %.32s, queue %u",
		        (unsigned int)p->xdp < conf->dataplane.n_ports ? conf->dataplane.ports[p->xdp].name : "?", p->queue);
}

static void capture_comment(const struct tp_capture_packet *p, char *text, size_t len)
{
	const struct tp_plan_spec *spec = api_view()->spec;
	const struct tp_counter_desc *d = &tp_counter_descs[p->reason];
	size_t n = (size_t)snprintf(text, len, "%s: %s", d->name, d->help);

	if (p->stage != TP_CAPTURE_NO_STAGE)
		n += (size_t)snprintf(text + n, len - n, "; at octet %u of the payload (%s)", p->offset, tp_stage_names[p->stage]);
	if (p->listener < spec->n_listeners)
		n += (size_t)snprintf(text + n, len - n, "; listener %.64s", spec->listeners[p->listener].name);
	if (p->source && p->source < spec->n_sources)
		n += (size_t)snprintf(text + n, len - n, "; device %.*s", (int)spec->sources[p->source].device.n,
		        (const char *)spec->sources[p->source].device.p);
	capture_place(p, text + n, len - n);
}

static void capture_add(struct capture *c, const struct tp_capture_packet *p)
{
	char comment[1024]; /* with the longest name of a device, of 255 octets */

	capture_comment(p, comment, sizeof(comment));
	pcapng_packet(&c->out, p->message ? INTERFACE_MESSAGES : INTERFACE_FRAMES, p->at_us, p->octets, p->kept, p->n, comment);
	c->by_reason[p->reason]++;
	c->captured++;
}

/* ---- the way out --------------------------------------------------------------------------------------------------------------------- */
/* RFC 4648, 4. */
static json_t *capture_base64(const uint8_t *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((n + 2) / 3 * 4 + 1), *out = text;
	json_t *json;

	if (!text)
		return json_null();
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0u);

		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*out++ = i + 2 < n ? digits[v & 63] : '=';
	}
	*out = '\0';
	json = json_stringn_nocheck(text, (size_t)(out - text));
	free(text);
	return json;
}

/* What has been collected, and lines for people. */
static void capture_send(struct api_request *r, struct capture *c, json_t *lines)
{
	json_t *show = api_show(), *data = json_pack("{s:o}", "octets", capture_base64(c->out.p, c->out.n));

	if (lines)
		json_object_set_new(data, "lines", lines);
	api_show_octets(show, "octets", "file");
	api_show_lines(show, "lines", NULL);
	api_more(r, data, show);
	c->out.n = 0;
}

static json_t *capture_summary(struct capture *c, uint64_t *lost)
{
	json_t *lines = json_array();
	char text[256];
	int n;

	*lost = 0;
	for (enum tp_counter i = 0; i < TP_COUNTER_COUNT; i++) {
		uint64_t missed = tp_capture_lost(i);

		*lost += missed;
		if (c->by_reason[i] == 0 && missed == 0)
			continue;
		n = snprintf(text, sizeof(text), "%-24s %10llu captured %10llu not", tp_counter_descs[i].name,
		        (unsigned long long)c->by_reason[i], (unsigned long long)missed);
		json_array_append_new(lines, api_json_text(text, (size_t)n));
	}
	n = snprintf(text, sizeof(text), "%u packets captured, %llu not", c->captured, (unsigned long long)*lost);
	json_array_append_new(lines, api_json_text(text, (size_t)n));
	return lines;
}

static void capture_finish(struct api_request *r, struct capture *c)
{
	uint64_t lost;
	json_t *lines;

	tp_capture_stop();
	(void)tp_capture_take(); /* nothing more is captured: what is told still is counted as lost */
	lines = capture_summary(c, &lost);
	pcapng_dropped(&c->out, INTERFACE_FRAMES, tp_clock_us(CLOCK_REALTIME), lost);
	capture_send(r, c, lines);
}

static bool capture_is_given_up(const struct capture *c, int64_t now_us, struct api_error *error)
{
	if (c->out.failed)
		api_error_set(error, API_FAILED, "no memory for the capture");
	else if (now_us >= c->until_us + CAPTURE_READ_S * 1000000)
		api_error_set(error, API_FAILED,
		        "what was captured was not read within %d s behind its end: the capture is given up, the file is not "
		        "complete",
		        CAPTURE_READ_S);
	else
		return false;
	return true;
}

static enum api_stream_next capture_tick(struct api_request *r, struct api_error *error)
{
	struct capture *c = r->state;
	int64_t now_us = tp_clock_us(CLOCK_MONOTONIC);
	bool late = now_us >= c->until_us;
	const struct tp_capture_packet *p = NULL;

	if (late)
		tp_capture_stop();
	while (api_may_send(r) && c->captured < c->count && (p = tp_capture_take()) != NULL) {
		capture_add(c, p);
		if (c->out.n >= CAPTURE_PIECE)
			capture_send(r, c, NULL);
	}
	if (capture_is_given_up(c, now_us, error))
		return API_STREAM_FAILED;
	if (!api_may_send(r))
		return API_STREAM_GOES_ON;
	if ((late && !p) || c->captured == c->count) {
		capture_finish(r, c);
		return API_STREAM_END;
	}
	if (c->out.n)
		capture_send(r, c, NULL);
	return API_STREAM_GOES_ON;
}

static void capture_stop(struct api_request *r)
{
	struct capture *c = r->state;
	int64_t now_us = tp_clock_us(CLOCK_MONOTONIC);

	if (now_us < c->until_us)
		c->until_us = now_us;
}

static void capture_end(struct api_request *r)
{
	struct capture *c = r->state;

	tp_capture_disarm();
	free(c->out.p);
	free(c);
}

static void capture_failed(struct api_request *r, int rc)
{
	if (rc == -EBUSY)
		api_failf(r, API_BUSY, "a capture runs already: wait until it ends, or end its turnpikectl");
	else
		api_failf(r, API_FAILED, "cannot begin a capture: %s", strerror(-rc));
}

void api_capture(struct api_request *r)
{
	struct tp_capture_filter filter = {.snap = (uint32_t)api_number(r, "snap"), .count = (uint32_t)api_number(r, "count")};
	struct api_error error = {.suggest = ""};
	struct capture *c;
	int rc;

	if (!capture_reasons(&filter, api_text(r, "reason"), &error)) {
		api_fail(r, &error);
		return;
	}
	c = calloc(1, sizeof(*c));
	rc = c ? tp_capture_arm(&filter) : -ENOMEM;
	if (rc < 0) {
		free(c);
		capture_failed(r, rc);
		return;
	}
	c->count = filter.count;
	c->until_us = tp_clock_us(CLOCK_MONOTONIC) + api_number(r, "seconds") * 1000000;
	pcapng_section(&c->out, "turnpike " TP_VERSION);
	pcapng_interface(&c->out, PCAPNG_ETHERNET, filter.snap, "frames");
	pcapng_interface(&c->out, PCAPNG_USER0, filter.snap, "MQTT payloads");
	r->state = c;
	r->end = capture_end;
	r->stop = capture_stop;
	api_stream(r, CAPTURE_TICK_MS, capture_tick);
}
