/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many MQTT clients that come at once: each connects, says CONNECT, publishes one message at QoS 1 and waits for its PUBACK. Who is refused as busy
 * (return code 3), reset, or not answered in time comes again after a pause that doubles. A round begins with each line on standard input: all
 * connections are reset at one moment, and everybody comes. Clients are called storm-<FIRST> and so on; the body of a message in round r,
 * from 0, is "storm-<i> <r>". A process has as many clients as it may have open files; more processes have more.
 *
 *   mqtt_storm ADDRESS PORT CLIENTS FIRST SOURCE...      sources: own addresses, which the clients share out
 *
 * One line a round on standard output, as JSON. Exit status 0: all were served in every round.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

#define EVENTS     1024
#define ANSWER_MS  20000 /* without an answer a client comes again */
#define PAUSE_MS   50    /* the first one; doubles */
#define PAUSE_MAX  1600
#define ROUND_S    600
#define CONNACK    0x20
#define PUBACK     0x40
#define BUSY       3
#define IDENTIFIER 1

enum state { AWAY, CONNECTING, GREETED, PUBLISHED, SERVED };

struct client {
	int fd;
	enum state state;
	int64_t due_ms; /* AWAY: comes again; else: gives up waiting */
	uint32_t pause_ms;
	uint8_t in[4], n_in;
};

struct storm {
	struct sockaddr_in address, sources[64];
	struct client *clients;
	uint32_t n_clients, first, n_sources, round;
	int epoll;
	int64_t now_ms;
	uint32_t served;
	uint64_t busy, reset, late; /* in this round */
	uint64_t failed;            /* system calls that must not fail */
};

/* Closed with a reset, so that no port stays in TIME-WAIT. */
static void storm_leave(struct storm *s, struct client *c, uint32_t pause_ms)
{
	const struct linger at_once = {.l_onoff = 1};

	if (c->fd >= 0) {
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(c->fd);
	}
	c->fd = -1;
	c->state = AWAY;
	c->n_in = 0;
	c->due_ms = s->now_ms + pause_ms;
}

/* Comes again later. Pauses differ between clients, or all would come at once again. */
static void storm_again(struct storm *s, struct client *c, uint64_t *why)
{
	(*why)++;
	c->pause_ms = c->pause_ms * 2 < PAUSE_MAX ? c->pause_ms * 2 : PAUSE_MAX;
	storm_leave(s, c, c->pause_ms / 2 + (uint32_t)random() % c->pause_ms);
}

static void storm_come(struct storm *s, struct client *c)
{
	uint32_t i = (uint32_t)(c - s->clients);
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = i};
	const int yes = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
	if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&s->sources[i % s->n_sources], sizeof(struct sockaddr_in)) != 0 ||
	        epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0 ||
	        (connect(c->fd, (struct sockaddr *)&s->address, sizeof(s->address)) != 0 && errno != EINPROGRESS)) {
		if (s->failed++ == 0)
			perror("mqtt_storm: a socket");
		storm_leave(s, c, PAUSE_MAX);
		return;
	}
	c->state = CONNECTING;
	c->due_ms = s->now_ms + ANSWER_MS;
}

/* ---- packets ----------------------------------------------------------------------------------------------------------------- */
static bool storm_write(struct client *c, const uint8_t *p, size_t n)
{
	return send(c->fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool storm_greet(struct storm *s, struct client *c)
{
	uint8_t packet[64] = {0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 0};
	int n = snprintf((char *)packet + 14, sizeof(packet) - 14, "storm-%u", s->first + (uint32_t)(c - s->clients));

	packet[13] = (uint8_t)n;
	packet[1] = (uint8_t)(12 + n);
	c->state = GREETED;
	return storm_write(c, packet, 14 + (size_t)n);
}

static bool storm_publish(struct storm *s, struct client *c)
{
	uint8_t packet[80] = {0x32, 0, 0, 5, 's', 't', 'o', 'r', 'm', 0, IDENTIFIER};
	int n = snprintf((char *)packet + 11, sizeof(packet) - 11, "storm-%u %u", s->first + (uint32_t)(c - s->clients), s->round);

	packet[1] = (uint8_t)(9 + n);
	c->state = PUBLISHED;
	return storm_write(c, packet, 11 + (size_t)n);
}

/* A packet of four octets came: CONNACK and PUBACK. False: the connection is over, *why says how it is counted. */
static bool storm_packet(struct storm *s, struct client *c, uint64_t **why)
{
	*why = &s->reset;
	if (c->state == GREETED && c->in[0] == CONNACK && c->in[3] == 0)
		return storm_publish(s, c);
	if (c->state == GREETED && c->in[0] == CONNACK && c->in[3] == BUSY)
		*why = &s->busy;
	if (c->state != PUBLISHED || c->in[0] != PUBACK || c->in[3] != IDENTIFIER)
		return false;
	c->state = SERVED;
	s->served++;
	return true;
}

static bool storm_read(struct storm *s, struct client *c, uint64_t **why)
{
	*why = &s->reset;
	for (;;) {
		ssize_t n = recv(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in, 0);

		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
		c->n_in = (uint8_t)(c->n_in + n);
		if (c->n_in < sizeof(c->in))
			continue;
		c->n_in = 0;
		if (!storm_packet(s, c, why))
			return false;
	}
}

static void storm_event(struct storm *s, const struct epoll_event *event)
{
	struct client *c = &s->clients[event->data.u32];
	uint64_t *why = &s->reset;
	bool well = true;

	if (c->fd < 0)
		return;
	if (c->state == CONNECTING && (event->events & EPOLLOUT) && !(event->events & (EPOLLERR | EPOLLHUP)))
		well = storm_greet(s, c);
	if (well)
		well = storm_read(s, c, &why);
	if (well)
		return;
	if (c->state == SERVED)
		s->served--;
	storm_again(s, c, why);
}

/* ---- rounds ------------------------------------------------------------------------------------------------------------------- */
static void storm_clock(struct storm *s)
{
	for (uint32_t i = 0; i < s->n_clients; i++) {
		struct client *c = &s->clients[i];

		if (c->state == SERVED || s->now_ms < c->due_ms)
			continue;
		if (c->state == AWAY)
			storm_come(s, c);
		else
			storm_again(s, c, &s->late);
	}
}

static bool storm_round(struct storm *s)
{
	struct epoll_event events[EVENTS];
	int64_t begin = load_now_ms(), clock_ms = 0;

	s->busy = s->reset = s->late = s->served = 0;
	s->now_ms = begin;
	for (uint32_t i = 0; i < s->n_clients; i++) {
		s->clients[i].pause_ms = PAUSE_MS;
		storm_leave(s, &s->clients[i], 0);
	}
	while (s->served < s->n_clients && s->now_ms < begin + ROUND_S * 1000) {
		if (s->now_ms >= clock_ms) {
			storm_clock(s);
			clock_ms = s->now_ms + 10;
		}
		for (int i = 0, n = epoll_wait(s->epoll, events, EVENTS, 10); i < n; i++)
			storm_event(s, &events[i]);
		s->now_ms = load_now_ms();
	}
	printf("{\"round\": %u, \"clients\": %u, \"served\": %u, \"busy\": %llu, \"reset\": %llu, \"late\": %llu, \"ms\": %lld}\n",
	        s->round, s->n_clients, s->served, (unsigned long long)s->busy, (unsigned long long)s->reset,
	        (unsigned long long)s->late, (long long)(s->now_ms - begin));
	fflush(stdout);
	return s->served == s->n_clients;
}

static int storm_open(struct storm *s, int argc, char **argv)
{
	int rc;

	s->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
	s->n_clients = (uint32_t)strtoul(argv[3], NULL, 10);
	s->first = (uint32_t)strtoul(argv[4], NULL, 10);
	if (inet_pton(AF_INET, argv[1], &s->address.sin_addr) != 1 || s->n_clients == 0 || argc - 5 > 64)
		return -EINVAL;
	for (int i = 5; i < argc; i++) {
		s->sources[s->n_sources].sin_family = AF_INET;
		if (inet_pton(AF_INET, argv[i], &s->sources[s->n_sources++].sin_addr) != 1)
			return -EINVAL;
	}
	rc = load_files(s->n_clients);
	if (rc < 0)
		return rc;
	s->clients = calloc(s->n_clients, sizeof(*s->clients));
	s->epoll = epoll_create1(0);
	for (uint32_t i = 0; s->clients && i < s->n_clients; i++)
		s->clients[i].fd = -1;
	return s->clients && s->epoll >= 0 ? 0 : -ENOMEM;
}

int main(int argc, char **argv)
{
	struct storm s = {0};
	bool well = true;
	int rc;

	if (argc < 6) {
		fprintf(stderr, "usage: mqtt_storm ADDRESS PORT CLIENTS FIRST SOURCE...\n");
		return 2;
	}
	rc = storm_open(&s, argc, argv);
	if (rc < 0) {
		fprintf(stderr, "mqtt_storm: %s\n", strerror(-rc));
		return 2;
	}
	for (char line[8]; well && fgets(line, sizeof(line), stdin); s.round++)
		well = storm_round(&s);
	return well ? 0 : 1;
}
