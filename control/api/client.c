/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines in, lines out. libevent's buffers are bounded here: it reads no more than a line may be long, and closes who lets too much wait. A client that
 * is closed while one of its requests is being looked at is marked, and freed behind that. Of each client one line is taken at a time, then others have their turn:
 * a thousand costly requests in one write stall nobody but who sent them.
 */
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

static void client_on_read(struct bufferevent *bev, void *ctx);
static void client_on_written(struct bufferevent *bev, void *ctx);
static void client_on_event(struct bufferevent *bev, short what, void *ctx);
static void client_on_patience(evutil_socket_t fd, short what, void *ctx);
static void client_on_turn(evutil_socket_t fd, short what, void *ctx);
static void client_be_patient(struct api_client *client, bool had);

struct event_base *client_base(const struct api_client *client)
{
	return bufferevent_get_base(client->bev);
}

size_t client_waiting(const struct api_client *client)
{
	return evbuffer_get_length(bufferevent_get_output(client->bev));
}

/* ---- life -------------------------------------------------------------------------------------------------------------------------- */
static void client_link(struct api_client *client)
{
	client->next = server_clients;
	client->link = &server_clients;
	if (client->next)
		client->next->link = &client->next;
	server_clients = client;
	server_n_clients++;
}

static void client_unlink(struct api_client *client)
{
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	server_n_clients--;
}

struct api_client *client_new(struct event_base *base, int fd, const struct api_who *who)
{
	static const struct timeval write_time = {.tv_sec = CLIENT_WRITE_S};
	struct api_client *client = calloc(1, sizeof(*client));

	if (!client) {
		evutil_closesocket(fd);
		return NULL;
	}
	client->who = *who;
	client_link(client);
	client->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client->bev)
		evutil_closesocket(fd);
	client->patience = evtimer_new(base, client_on_patience, client);
	client->turn = evtimer_new(base, client_on_turn, client);
	if (!client->bev || !client->patience || !client->turn) {
		client_free(client);
		return NULL;
	}
	bufferevent_setcb(client->bev, client_on_read, client_on_written, client_on_event, client);
	bufferevent_setwatermark(client->bev, EV_READ, 0, TP_CONTROL_LINE);
	bufferevent_set_timeouts(client->bev, NULL, &write_time);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
	client_be_patient(client, false);
	return client;
}

void client_free(struct api_client *client)
{
	client->gone = true;
	if (client->inside)
		return; /* whoever is inside does it */
	client->inside++;
	request_drop(client, false);
	client_unlink(client);
	if (client->patience)
		event_free(client->patience);
	if (client->turn)
		event_free(client->turn);
	if (client->bev)
		bufferevent_free(client->bev);
	free(client);
}

void client_enter(struct api_client *client)
{
	client->inside++;
}

void client_leave(struct api_client *client)
{
	if (--client->inside == 0 && client->gone)
		client_free(client);
}

/* ---- out --------------------------------------------------------------------------------------------------------------------------- */
static void client_close_if_done(struct api_client *client)
{
	if (client->closing && client->n_requests == 0 && client_waiting(client) == 0)
		client_free(client);
}

void client_finish(struct api_client *client)
{
	client->closing = true;
	bufferevent_disable(client->bev, EV_READ);
	event_del(client->patience);
	event_del(client->turn);
	request_drop(client, true);
	client_close_if_done(client);
}

/* A line that cannot be sent would leave its request without an answer, so the client goes. */
static void client_overflow(struct api_client *client)
{
	api_count(TP_CONTROL_not_reading);
	client_free(client);
}

void client_send(struct api_client *client, json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));

	json_decref(line);
	if (client->gone) {
		free(text);
		return;
	}
	if (!text || client_waiting(client) + strlen(text) >= CLIENT_QUEUE)
		client_overflow(client);
	else
		evbuffer_add_printf(bufferevent_get_output(client->bev), "%s\n", text);
	free(text);
}

/* What the client asked for may stand in a sentence, and sentences are shown on terminals. */
static json_t *client_sentence(const char *message)
{
	char clean[sizeof(((struct api_error *)0)->message)];

	snprintf(clean, sizeof(clean), "%s", message);
	for (char *c = clean; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return api_json_text(clean, strlen(clean));
}

void client_complain_at_length(struct api_client *client, json_t *id, const struct api_error *error, json_t *details)
{
	json_t *text = client_sentence(error->message);
	json_t *suggest = error->suggest[0] ? client_sentence(error->suggest) : NULL;
	json_t *line = json_pack("{s:O?, s:b, s:{s:s, s:o, s:o*, s:O*}}", "id", id, "ok", 0, "error", "code",
	        api_error_words[error->code], "message", text, "suggest", suggest, "details", details);

	client_send(client, line);
}

void client_complain(struct api_client *client, json_t *id, const struct api_error *error)
{
	client_complain_at_length(client, id, error, NULL);
}

static void client_on_written(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	client_close_if_done(ctx);
}

/* ---- in ---------------------------------------------------------------------------------------------------------------------------- */
/* The time of a line runs from its first octet, whatever trickles in behind it. had: a line was whole just now. */
static void client_be_patient(struct api_client *client, bool had)
{
	struct timeval time = {.tv_sec = CLIENT_IDLE_S};
	bool begun = evbuffer_get_length(bufferevent_get_input(client->bev)) > 0;

	if ((begun && client->in_line && !had) || event_pending(client->turn, EV_TIMEOUT, NULL))
		return;
	client->in_line = begun;
	if (begun)
		time.tv_sec = CLIENT_LINE_S;
	if (!begun && client->n_requests > 0)
		event_del(client->patience);
	else
		event_add(client->patience, &time);
}

void client_rested(struct api_client *client)
{
	if (client->gone)
		return;
	if (client->closing)
		client_close_if_done(client);
	else
		client_be_patient(client, false);
}

static void client_turn_out(struct api_client *client, enum tp_control_counter counter, const char *why)
{
	struct api_error error;

	api_count(counter);
	api_error_set(&error, API_MALFORMED, "%s", why);
	client_complain(client, NULL, &error);
	if (!client->gone)
		client_finish(client);
}

static void client_on_patience(evutil_socket_t fd, short what, void *ctx)
{
	struct api_client *client = ctx;

	(void)fd;
	(void)what;
	client_enter(client);
	if (client->in_line)
		client_turn_out(client, TP_CONTROL_too_slow, "the line did not end within 10 seconds: the connection is closed");
	else
		client_turn_out(client, TP_CONTROL_idle, "nothing was asked for 5 minutes: the connection is closed");
	client_leave(client);
}

static bool client_has_line(struct api_client *client)
{
	return evbuffer_search_eol(bufferevent_get_input(client->bev), NULL, NULL, EVBUFFER_EOL_LF).pos >= 0;
}

/* Behind a line: the next one, an end, or patience. */
static void client_go_on(struct api_client *client, bool had)
{
	static const struct timeval soon = {.tv_sec = 0};

	if (client_has_line(client)) {
		client->in_line = false;
		event_del(client->patience); /* it is not the client who lets wait */
		event_add(client->turn, &soon);
	} else if (client->ended) {
		client_finish(client);
	} else if (evbuffer_get_length(bufferevent_get_input(client->bev)) >= TP_CONTROL_LINE) {
		client_turn_out(client, TP_CONTROL_too_long, "the line is longer than 65536 octets: the connection is closed");
	} else {
		client_be_patient(client, had);
	}
}

static void client_take(struct api_client *client)
{
	size_t n;
	char *line = evbuffer_readln(bufferevent_get_input(client->bev), &n, EVBUFFER_EOL_LF);

	client_enter(client);
	if (line)
		request_take(client, line, n);
	if (!client->gone && !client->closing)
		client_go_on(client, line != NULL);
	free(line);
	client_leave(client);
}

static void client_on_read(struct bufferevent *bev, void *ctx)
{
	struct api_client *client = ctx;

	(void)bev;
	if (!client->closing && !event_pending(client->turn, EV_TIMEOUT, NULL))
		client_take(client);
}

static void client_on_turn(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	client_take(ctx);
}

/* A client that says no more may still read what it asked for, and what a stream says at its end; one that followed another stream is gone. */
static void client_on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct api_client *client = ctx;

	(void)bev;
	client_enter(client);
	if (what == (BEV_EVENT_READING | BEV_EVENT_EOF)) {
		client->ended = true;
		if (!client->closing && !client_has_line(client))
			client_finish(client);
	} else {
		if (what & BEV_EVENT_TIMEOUT)
			api_count(TP_CONTROL_not_reading);
		else if (client->n_requests > 0 || client_waiting(client) > 0)
			api_count(TP_CONTROL_vanished);
		client_free(client);
	}
	client_leave(client);
}
