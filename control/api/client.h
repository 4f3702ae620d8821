/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_API_CLIENT_H
#define TP_API_CLIENT_H
/*
 * A client of the control socket, between server.c (who may connect), client.c (lines) and request.c (what they ask). Admin thread.
 *
 * The limits, each with a counter and, where the client can still read it, a sentence:
 */
#include <event2/bufferevent.h>

#include "api.h"

#define CLIENT_LINE_S    10                /* from the first octet of a line to its end */
#define CLIENT_IDLE_S    300               /* without a request */
#define CLIENT_WRITE_S   10                /* without reading an octet of what waits for it */
#define CLIENT_UNDER_WAY 8                 /* requests at the same time */
#define CLIENT_QUEUE     (8 * 1024 * 1024) /* octets that wait for it: no single answer is longer */
#define CLIENT_STREAM    (256 * 1024)      /* octets that wait: above, streams leave lines out */

struct api_client {
	struct bufferevent *bev;
	struct event *patience; /* CLIENT_LINE_S or CLIENT_IDLE_S */
	struct event *turn;     /* its next line, behind what others want */
	struct api_who who;
	struct api_request *requests; /* under way */
	unsigned int n_requests;
	bool in_line; /* a line has begun and patience is that of a line */
	bool ended;   /* it says no more; lines of it are still there */
	bool closing; /* nothing is read any more; requests end, what waits is sent */
	bool gone;    /* freed as soon as nobody is in it */
	unsigned int inside;
	struct api_client *next, **link;
};

/* ---- client.c ------------------------------------------------------------------------------------------------------------------- */
/* Takes over the descriptor. NULL: no memory, the descriptor is closed. */
struct api_client *client_new(struct event_base *base, int fd, const struct api_who *who);
/* Its requests end, and so does it. */
void client_free(struct api_client *client);
/* One line to it; the reference is taken over. More than CLIENT_QUEUE waiting closes it. */
void client_send(struct api_client *client, json_t *line);
/* Reads no more, ends streams, those that have a summary with it, and closes once the other requests are answered and all is sent. */
void client_finish(struct api_client *client);
/* Around whatever may end the client and goes on to use it. */
void client_enter(struct api_client *client);
void client_leave(struct api_client *client);
size_t client_waiting(const struct api_client *client);
/* A sentence without a request. */
void client_complain(struct api_client *client, json_t *id, const struct api_error *error);
/* With further lines: an array of texts fit to be shown, or NULL. */
void client_complain_at_length(struct api_client *client, json_t *id, const struct api_error *error, json_t *details);
struct event_base *client_base(const struct api_client *client);
/* A request ended. */
void client_rested(struct api_client *client);

/* ---- request.c ------------------------------------------------------------------------------------------------------------------ */
/* A whole line came. */
void request_take(struct api_client *client, const char *line, size_t n);
/* Ends all requests of a client that goes, or just its streams. */
void request_drop(struct api_client *client, bool streams_only);

/* ---- server.c ------------------------------------------------------------------------------------------------------------------- */
/* All clients; counted against control.clients. */
extern struct api_client *server_clients;
extern unsigned int server_n_clients;

/* ---- peer.c --------------------------------------------------------------------------------------------------------------------- */
/* Who is at the other end. 0 or -errno. */
int peer_who(int fd, struct api_who *who);
/* Root, the user of this process, or a member of the group ((gid_t)-1: no group). */
bool peer_may(int fd, const struct api_who *who, unsigned int group);

static inline void api_count(enum tp_control_counter counter)
{
	tp_control_counters[counter]++;
}

#endif
