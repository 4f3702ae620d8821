/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many MQTT clients that publish all the time at QoS 1: each a message every so often, never with more than one that is not acknowledged. Nobody comes
 * again: a connection that ends is a failure. A line on standard input ends a phase, of which one line on standard output tells, as JSON; the end of
 * standard input ends the program, when every message is acknowledged.
 *
 *   mqtt_publishers ADDRESS PORT CLIENTS EVERY-MS [AT-ONCE]
 *
 * With AT-ONCE, only so many of all clients wait for an acknowledgement at a time, in turn: no queue on the way has to hold more of their segments.
 * Clients are called publisher-0 and so on. "least" is what the client with the fewest acknowledgements of the phase has got, "slowest_ms" the longest that
 * an acknowledgement took or is taking. Exit status 0: every message of every client was acknowledged.
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

#define EVENTS     256
#define TICK_MS    5
#define END_MS     30000 /* for what is not acknowledged at the end */
#define STDIN_DATA UINT32_MAX

struct client {
	int fd;
	bool waits; /* for a PUBACK since sent_ms; else the next message is due at due_ms */
	int64_t sent_ms, due_ms;
	uint16_t identifier;
	uint8_t in[4], n_in;
	uint32_t acknowledged; /* in this phase */
};

struct publishers {
	struct sockaddr_in address;
	struct client *clients;
	uint32_t n_clients, every_ms, at_once, turn, phase, lost;
	int epoll;
	int64_t now_ms, slowest_ms;
	bool ending;
};

/* ---- one client -------------------------------------------------------------------------------------------------------------- */
static void client_lose(struct publishers *s, struct client *c, const char *why)
{
	if (s->lost++ == 0)
		fprintf(stderr, "mqtt_publishers: publisher-%u: %s\n", (uint32_t)(c - s->clients), why);
	close(c->fd);
	c->fd = -1;
	c->waits = false;
}

static void client_publish(struct publishers *s, struct client *c)
{
	uint8_t packet[64] = {0x32, 0, 0, 5, 's', 't', 'o', 'r', 'm'};
	int n = snprintf((char *)packet + 11, sizeof(packet) - 11, "publisher-%u %u", (uint32_t)(c - s->clients), c->identifier);

	if (++c->identifier == 0)
		c->identifier = 1;
	packet[9] = (uint8_t)(c->identifier >> 8);
	packet[10] = (uint8_t)c->identifier;
	packet[1] = (uint8_t)(9 + n);
	c->waits = true;
	c->sent_ms = s->now_ms;
	if (send(c->fd, packet, 11 + (size_t)n, MSG_NOSIGNAL) != 11 + n)
		client_lose(s, c, strerror(errno));
}

static void client_waited(struct publishers *s, const struct client *c)
{
	if (s->now_ms - c->sent_ms > s->slowest_ms)
		s->slowest_ms = s->now_ms - c->sent_ms;
}

static void client_packet(struct publishers *s, struct client *c)
{
	if (!c->waits || c->in[0] != 0x40 || (c->in[2] << 8 | c->in[3]) != c->identifier) {
		client_lose(s, c, "an answer that is no PUBACK of what was sent");
		return;
	}
	c->waits = false;
	c->acknowledged++;
	client_waited(s, c);
	c->due_ms += s->every_ms;
	if (c->due_ms < s->now_ms)
		c->due_ms = s->now_ms;
}

static void client_read(struct publishers *s, struct client *c)
{
	while (c->fd >= 0) {
		ssize_t n = recv(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			client_lose(s, c, n < 0 ? strerror(errno) : "closed by the appliance");
			return;
		}
		c->n_in = (uint8_t)(c->n_in + n);
		if (c->n_in == sizeof(c->in)) {
			c->n_in = 0;
			client_packet(s, c);
		}
	}
}

/* Blocking: one after the other. */
static bool client_connect(struct publishers *s, struct client *c)
{
	uint8_t packet[64] = {0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 0}, answer[4];
	int n = snprintf((char *)packet + 14, sizeof(packet) - 14, "publisher-%u", (uint32_t)(c - s->clients));
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)(c - s->clients)};
	const int yes = 1;

	packet[13] = (uint8_t)n;
	packet[1] = (uint8_t)(12 + n);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&s->address, sizeof(s->address)) != 0 ||
	        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0 ||
	        send(c->fd, packet, 14 + (size_t)n, MSG_NOSIGNAL) != 14 + n || recv(c->fd, answer, 4, MSG_WAITALL) != 4 ||
	        answer[0] != 0x20 || answer[3] != 0)
		return false;
	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0;
}

/* ---- all --------------------------------------------------------------------------------------------------------------------- */
static void publishers_phase(struct publishers *s)
{
	uint32_t least = UINT32_MAX;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->n_clients; i++) {
		struct client *c = &s->clients[i];

		if (c->waits)
			client_waited(s, c);
		least = c->acknowledged < least ? c->acknowledged : least;
		sum += c->acknowledged;
		c->acknowledged = 0;
	}
	printf("{\"phase\": %u, \"acknowledged\": %llu, \"least\": %u, \"slowest_ms\": %lld, \"lost\": %u}\n", s->phase++,
	        (unsigned long long)sum, least, (long long)s->slowest_ms, s->lost);
	fflush(stdout);
	s->slowest_ms = 0;
}

static void publishers_stdin(struct publishers *s)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	for (ssize_t i = 0; i < n; i++)
		if (line[i] == '\n')
			publishers_phase(s);
	if (n <= 0) {
		s->ending = true;
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
	}
}

/* Starts what is due, from the client whose turn it is; how many wait for an answer. */
static uint32_t publishers_tick(struct publishers *s)
{
	uint32_t waiting = 0, n = s->n_clients, first = s->turn;

	for (uint32_t i = 0; i < n; i++)
		waiting += s->clients[i].waits;
	for (uint32_t i = 0; i < n && waiting < s->at_once && !s->ending; i++) {
		struct client *c = &s->clients[(first + i) % n];

		if (c->fd < 0 || c->waits || s->now_ms < c->due_ms)
			continue;
		client_publish(s, c);
		waiting += c->waits;
		s->turn = (first + i + 1) % n;
	}
	return waiting;
}

static bool publishers_run(struct publishers *s)
{
	struct epoll_event events[EVENTS];
	int64_t tick_ms = 0, end_ms = INT64_MAX;
	uint32_t waiting = 1;

	while ((!s->ending || waiting) && s->now_ms < end_ms) {
		int n = epoll_wait(s->epoll, events, EVENTS, TICK_MS);

		s->now_ms = load_now_ms();
		for (int i = 0; i < n; i++) {
			if (events[i].data.u32 == STDIN_DATA)
				publishers_stdin(s);
			else if (s->clients[events[i].data.u32].fd >= 0)
				client_read(s, &s->clients[events[i].data.u32]);
		}
		if (s->now_ms >= tick_ms) {
			waiting = publishers_tick(s);
			tick_ms = s->now_ms + TICK_MS;
		}
		if (s->ending && end_ms == INT64_MAX)
			end_ms = s->now_ms + END_MS;
	}
	publishers_phase(s);
	return waiting == 0 && s->lost == 0;
}

static int publishers_open(struct publishers *s, char **argv)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = STDIN_DATA};
	int rc;

	s->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
	s->n_clients = (uint32_t)strtoul(argv[3], NULL, 10);
	s->every_ms = (uint32_t)strtoul(argv[4], NULL, 10);
	s->at_once = argv[5] ? (uint32_t)strtoul(argv[5], NULL, 10) : s->n_clients;
	if (inet_pton(AF_INET, argv[1], &s->address.sin_addr) != 1 || s->n_clients == 0 || s->at_once == 0)
		return -EINVAL;
	rc = load_files(s->n_clients);
	if (rc < 0)
		return rc;
	s->clients = calloc(s->n_clients, sizeof(*s->clients));
	s->epoll = epoll_create1(0);
	if (!s->clients || s->epoll < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n_clients; i++) {
		if (!client_connect(s, &s->clients[i]))
			return -ECONNREFUSED;
		s->clients[i].due_ms = load_now_ms() + random() % (s->every_ms + 1); /* not all at once */
	}
	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0 ? 0 : -errno;
}

int main(int argc, char **argv)
{
	static struct publishers s;
	int rc;

	if (argc != 5 && argc != 6) {
		fprintf(stderr, "usage: mqtt_publishers ADDRESS PORT CLIENTS EVERY-MS [AT-ONCE]\n");
		return 2;
	}
	rc = publishers_open(&s, argv);
	if (rc < 0) {
		fprintf(stderr, "mqtt_publishers: %s\n", strerror(-rc));
		return 2;
	}
	printf("{\"connected\": %u}\n", s.n_clients);
	fflush(stdout);
	return publishers_run(&s) ? 0 : 1;
}
