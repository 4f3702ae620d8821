/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a request: read, given to its command under the view, answered. A stream lives on by a timer; a change by a job that goes to control
 * and comes back, whether its client is still there or not, so that it is audited in any case. While either lasts, a client that asked for it gets a sign of life: an empty
 * line of a stream. There is none of a change while control does not turn, so who waits for it can tell.
 */
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "tp_clock.h"

#define ALIVE_CONTROL_MS 3000 /* since control turned last, for it to count as alive */

#define REQUEST_RUN(id, words, permission, help) [TP_COMMAND_##id] = api_##id,
static void (*const request_commands[])(struct api_request *r) = {TP_COMMANDS(REQUEST_RUN)};

struct api_change {
	struct tp_job job;           /* first: the job is the change */
	struct api_request *request; /* NULL: nobody waits any more; admin's */
	const struct tp_command *command;
	struct api_who who;
	json_t *args;
	void (*run)(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome);
	struct api_outcome outcome;
};

static const struct tp_view *request_view; /* NULL: not held */

const struct tp_view *api_view(void)
{
	return request_view;
}

static void request_hold(void)
{
	request_view = tp_view_hold();
}

static void request_release(void)
{
	request_view = NULL;
	tp_view_release();
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------------- */
static void request_unlink(struct api_request *r)
{
	struct api_request **link = &r->client->requests;

	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	r->client->n_requests--;
}

static void request_free(struct api_request *r)
{
	if (r->end)
		r->end(r);
	if (r->change)
		r->change->request = NULL;
	if (r->timer)
		event_free(r->timer);
	if (r->alive)
		event_free(r->alive);
	json_decref(r->args);
	json_decref(r->id);
	free(r);
}

static void request_end(struct api_request *r)
{
	struct api_client *client = r->client;

	request_unlink(r);
	request_free(r);
	client_rested(client);
}

/* Whether it ends by itself, with what there is to say at its end. */
static bool request_stop(struct api_request *r)
{
	if (!r->stop)
		return false;
	r->stop(r);
	event_active(r->timer, EV_TIMEOUT, 0); /* soon: there may be only one of its kind at a time */
	return true;
}

void request_drop(struct api_client *client, bool streams_only)
{
	struct api_request **link = &client->requests;

	while (*link) {
		struct api_request *r = *link;

		/* a change that tells how far it is has an answer still */
		if (streams_only && (!r->timer || r->change || request_stop(r))) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		client->n_requests--;
		api_count(TP_CONTROL_vanished);
		request_free(r);
	}
}

static struct api_request *request_new(struct api_client *client, struct api_read *read)
{
	struct api_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->client = client;
	r->command = read->command;
	r->args = json_incref(read->args);
	r->id = json_incref(read->id);
	r->show = read->show;
	r->alive_ms = read->alive_ms;
	r->next = client->requests;
	client->requests = r;
	client->n_requests++;
	return r;
}

static void request_run(struct api_client *client, struct api_read *read)
{
	struct api_request *r = NULL;
	struct api_error error;

	if (client->n_requests < CLIENT_UNDER_WAY)
		r = request_new(client, read);
	if (!r) {
		api_count(TP_CONTROL_refused);
		api_error_set(&error, API_BUSY, "found %u requests under way, expected at most %u: wait for an answer",
		        client->n_requests, CLIENT_UNDER_WAY);
		client_complain(client, read->id, &error);
		return;
	}
	request_hold();
	request_commands[read->command - tp_commands](r);
	request_release();
}

void request_take(struct api_client *client, const char *line, size_t n)
{
	struct api_error error;
	struct api_read read;

	if (n == 0 || (n == 1 && *line == '\r'))
		return;
	if (api_read(line, n, &read, &error) == 0) {
		api_count(TP_CONTROL_requests);
		request_run(client, &read);
	} else {
		api_count(error.code == API_MALFORMED ? TP_CONTROL_malformed : TP_CONTROL_refused);
		client_complain(client, read.id, &error);
	}
	api_read_release(&read);
}

/* ---- answers ----------------------------------------------------------------------------------------------------------------------- */
static void request_show(const struct api_request *r, json_t *line, json_t *show)
{
	if (r->show && show)
		json_object_set_new(line, "show", show);
	else
		json_decref(show);
}

void api_answer(struct api_request *r, json_t *data, json_t *show)
{
	json_t *line = json_pack("{s:O?, s:b, s:o?}", "id", r->id, "ok", 1, "data", data);

	request_show(r, line, show);
	client_send(r->client, line);
	request_end(r);
}

static void request_fail(struct api_request *r, const struct api_error *error, json_t *details)
{
	api_count(TP_CONTROL_failed);
	client_complain_at_length(r->client, r->id, error, details);
	request_end(r);
}

void api_fail(struct api_request *r, const struct api_error *error)
{
	request_fail(r, error, NULL);
}

void api_failf(struct api_request *r, enum api_error_code code, const char *fmt, ...)
{
	struct api_error error = {.code = code};
	va_list args;

	va_start(args, fmt);
	vsnprintf(error.message, sizeof(error.message), fmt, args);
	va_end(args);
	api_fail(r, &error);
}

/* ---- signs of life ----------------------------------------------------------------------------------------------------------------- */
static bool alive_control(void)
{
	struct tp_pulse pulse;

	tp_pulse_get(&pulse);
	return tp_clock_us(CLOCK_MONOTONIC) / 1000 - pulse.at_ms < ALIVE_CONTROL_MS;
}

/* Where something waits for the client already, it is the client who is to move. */
static void alive_on_time(evutil_socket_t fd, short what, void *ctx)
{
	struct api_request *r = ctx;
	struct api_client *client = r->client;

	(void)fd;
	(void)what;
	if (client_waiting(client) > 0 || (r->change && !alive_control()))
		return;
	client_enter(client);
	client_send(client, json_pack("{s:O?, s:n}", "id", r->id, "more"));
	client_leave(client);
}

/* Without memory for it, it goes on without. */
static void request_alive(struct api_request *r)
{
	struct timeval every = {.tv_sec = r->alive_ms / 1000, .tv_usec = (r->alive_ms % 1000) * 1000};

	if (r->alive_ms == 0 || r->alive)
		return;
	r->alive = event_new(client_base(r->client), -1, EV_PERSIST, alive_on_time, r);
	if (r->alive)
		event_add(r->alive, &every);
}

/* ---- streams ----------------------------------------------------------------------------------------------------------------------- */
bool api_may_send(const struct api_request *r)
{
	return client_waiting(r->client) < CLIENT_STREAM;
}

void api_more(struct api_request *r, json_t *data, json_t *show)
{
	json_t *line;

	if (!api_may_send(r)) {
		api_count(TP_CONTROL_skipped);
		json_decref(data);
		json_decref(show);
		return;
	}
	line = json_pack("{s:O?, s:o?}", "id", r->id, "more", data);
	request_show(r, line, show);
	r->show = false; /* once is enough */
	if (r->stop)
		json_object_set_new(line, "stops", json_true());
	client_send(r->client, line);
}

static void request_on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct api_request *r = ctx;
	struct api_client *client = r->client;
	struct api_error error = {.code = API_FAILED};
	enum api_stream_next next;

	(void)fd;
	(void)what;
	client_enter(client);
	request_hold();
	next = r->tick(r, &error);
	request_release();
	if (next == API_STREAM_FAILED)
		api_fail(r, &error);
	else if (next == API_STREAM_END)
		api_answer(r, NULL, NULL);
	client_leave(client);
}

void api_stream(struct api_request *r, unsigned int interval_ms, api_tick *tick)
{
	struct timeval every = {.tv_sec = interval_ms / 1000, .tv_usec = (interval_ms % 1000) * 1000};

	request_alive(r);
	r->tick = tick;
	r->timer = event_new(client_base(r->client), -1, EV_PERSIST, request_on_tick, r);
	if (!r->timer || event_add(r->timer, &every))
		api_failf(r, API_FAILED, "no memory for the stream");
	else
		event_active(r->timer, EV_TIMEOUT, 0);
}

/* ---- changes ----------------------------------------------------------------------------------------------------------------------- */
static void change_run(struct tp_daemon *d, struct tp_job *job)
{
	struct api_change *change = (struct api_change *)job;

	change->run(d, change->args, &change->outcome);
	job->later = change->outcome.later;
}

void api_known(struct api_outcome *outcome)
{
	struct api_change *change = (struct api_change *)((char *)outcome - offsetof(struct api_change, outcome));

	tp_job_finish(&change->job);
}

const struct api_who *api_asked_by(const struct api_outcome *outcome)
{
	return &((const struct api_change *)((const char *)outcome - offsetof(struct api_change, outcome)))->who;
}

static void change_refuse(struct tp_job *job)
{
	struct api_change *change = (struct api_change *)job;

	api_error_set(&change->outcome.error, API_STOPPING, "turnpiked is stopping: nothing is changed any more");
}

static void change_answer(struct api_change *change)
{
	struct api_request *r = change->request;
	struct api_outcome *outcome = &change->outcome;
	struct api_client *client = r->client;

	client_enter(client);
	r->change = NULL;
	if (outcome->data)
		api_answer(r, outcome->data, outcome->show);
	else
		request_fail(r, &outcome->error, outcome->details);
	client_leave(client);
}

static void change_done(struct tp_job *job)
{
	struct api_change *change = (struct api_change *)job;

	api_audit(&change->who, change->command->words, change->args, change->outcome.data ? NULL : &change->outcome.error);
	if (change->request) {
		change_answer(change);
	} else {
		json_decref(change->outcome.data);
		json_decref(change->outcome.show);
	}
	json_decref(change->outcome.details);
	json_decref(change->args);
	free(change);
}

bool api_change(struct api_request *r, void (*run)(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome))
{
	struct api_change *change = calloc(1, sizeof(*change));

	if (!change) {
		api_failf(r, API_FAILED, "no memory for the change");
		return false;
	}
	api_count(TP_CONTROL_changes);
	*change = (struct api_change){.job = {.run = change_run, .refuse = change_refuse, .done = change_done},
	        .request = r,
	        .command = r->command,
	        .who = r->client->who,
	        .args = json_incref(r->args),
	        .run = run};
	r->change = change;
	request_alive(r);
	tp_job_post(&change->job);
	return true;
}
