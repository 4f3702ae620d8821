/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends the frames of a file (hex, one a line) over and over on an interface, as fast as the other end of the link takes them: few are under way at a time
 * (SOCKET_OCTETS), so that they do not overrun the 256 places of a veth pair. SIGTERM ends it earlier. Says on standard output how many were sent.
 *
 *   packet_flood INTERFACE FILE SECONDS [WINDOW]
 *
 * With WINDOW, the last frame of the file is no part of the flood but an echo request (ICMP, no IP options), which is sent behind each so many others; the
 * next ones follow its answer. Who takes packets in the order in which they come has then dealt with all that were sent: no queue overflows, however slow
 * the machine is. An answer that is lost is asked for again.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAMES_MAX 65536
#define FRAME_MAX  1514
#define VECTOR     64

#define SOCKET_OCTETS 16384 /* the kernel doubles it: 20 frames of full length, or 43 short ones */
#define ECHO_TRIES    60    /* of a second each */

struct __attribute__((packed)) echo {
	struct ether_header ether;
	struct iphdr ip;
	struct icmphdr icmp;
};

static volatile sig_atomic_t flood_ends;
static struct iovec frames[FRAMES_MAX];
static unsigned int n_frames;
static struct iovec echo_frame; /* none: iov_base is NULL */
static int echo_answers = -1;

static void flood_on_signal(int number)
{
	(void)number;
	flood_ends = 1;
}

static void flood_fail(const char *what)
{
	fprintf(stderr, "packet_flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void flood_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[2 * FRAME_MAX + 2];

	if (!file)
		flood_fail(path);
	while (n_frames < FRAMES_MAX && fgets(line, sizeof(line), file)) {
		size_t n = strspn(line, "0123456789abcdef") / 2;
		unsigned char *frame = malloc(n + 1);

		if (!frame)
			flood_fail("frame");
		for (size_t i = 0; i < n; i++) {
			char two[3] = {line[2 * i], line[2 * i + 1], 0};

			frame[i] = (unsigned char)strtoul(two, NULL, 16);
		}
		frames[n_frames++] = (struct iovec){frame, n};
	}
	fclose(file);
}

static int flood_socket(const char *interface)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1, octets = SOCKET_OCTETS;

	if (fd < 0 || to.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		flood_fail(interface);
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets)))
		flood_fail("SO_SNDBUF");
	return fd;
}

/* ---- the window ------------------------------------------------------------------------------------------------------------- */
static void echo_open(const char *interface)
{
	struct sockaddr_ll at = {
	        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)if_nametoindex(interface)};
	struct timeval patience = {.tv_sec = 1};
	int one = 1;

	echo_frame = frames[--n_frames];
	echo_answers = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP));
	if (echo_frame.iov_len < sizeof(struct echo)) {
		fprintf(stderr, "packet_flood: found a last frame of %zu octets, expected an echo request of %zu at least\n",
		        echo_frame.iov_len, sizeof(struct echo));
		exit(2);
	}
	if (echo_answers < 0 || bind(echo_answers, (struct sockaddr *)&at, sizeof(at)) ||
	        setsockopt(echo_answers, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	        setsockopt(echo_answers, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		flood_fail("the echo request");
}

static uint16_t echo_checksum(const struct echo *echo)
{
	const uint8_t *octets = (const uint8_t *)&echo->icmp;
	size_t n = echo_frame.iov_len - offsetof(struct echo, icmp);
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)octets[i] << (i % 2 ? 0 : 8);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t) ~((sum & 0xffff) + (sum >> 16)));
}

static bool echo_is_answer(const struct echo *got, size_t n, const struct echo *asked)
{
	return n >= sizeof(*got) && got->ip.protocol == IPPROTO_ICMP && got->ip.daddr == asked->ip.saddr &&
	       got->icmp.type == ICMP_ECHOREPLY && got->icmp.un.echo.id == asked->icmp.un.echo.id &&
	       got->icmp.un.echo.sequence == asked->icmp.un.echo.sequence;
}

/* Waits until everything that was sent has been dealt with. */
static void echo_wait(int fd)
{
	struct echo *asked = echo_frame.iov_base;
	uint8_t got[FRAME_MAX];

	asked->icmp.un.echo.sequence++;
	asked->icmp.checksum = 0;
	asked->icmp.checksum = echo_checksum(asked);
	for (int tries = 0; tries < ECHO_TRIES; tries++) {
		ssize_t n = 0;

		if (send(fd, asked, echo_frame.iov_len, 0) < 0 && errno != ENOBUFS && errno != EINTR)
			flood_fail("send");
		while (n >= 0 || errno == EINTR) {
			n = recv(echo_answers, got, sizeof(got), 0);
			if (n > 0 && echo_is_answer((const struct echo *)got, (size_t)n, asked))
				return;
		}
	}
	errno = ETIMEDOUT;
	flood_fail("the echo request");
}

/* ---- sending ---------------------------------------------------------------------------------------------------------------- */
/* At most `most` frames from `next` on. Returns how many were sent. */
static unsigned int flood_vector(int fd, unsigned int next, unsigned int most)
{
	struct mmsghdr vector[VECTOR];
	unsigned int n = most < VECTOR ? most : VECTOR;
	int took;

	memset(vector, 0, sizeof(vector));
	for (unsigned int i = 0; i < n; i++) {
		vector[i].msg_hdr.msg_iov = &frames[(next + i) % n_frames];
		vector[i].msg_hdr.msg_iovlen = 1;
	}
	took = sendmmsg(fd, vector, n, 0);
	if (took < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
		flood_fail("sendmmsg");
	return took > 0 ? (unsigned int)took : 0;
}

static double flood_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	unsigned int window = argc == 5 ? (unsigned int)strtoul(argv[4], NULL, 10) : 0, left = window;
	unsigned long long sent = 0;
	double end;
	int fd;

	if (argc != 4 && (argc != 5 || window == 0)) {
		fprintf(stderr, "usage: packet_flood INTERFACE FILE SECONDS [WINDOW]\n");
		return 2;
	}
	signal(SIGTERM, flood_on_signal);
	flood_read(argv[2]);
	fd = flood_socket(argv[1]);
	if (n_frames < (window ? 2 : 1)) {
		fprintf(stderr, "packet_flood: found %u frames in %s, expected %s\n", n_frames, argv[2],
		        window ? "one and an echo request at least" : "one at least");
		return 2;
	}
	if (window)
		echo_open(argv[1]);
	for (end = flood_now() + strtod(argv[3], NULL); !flood_ends && flood_now() < end;) {
		unsigned int took = flood_vector(fd, (unsigned int)(sent % n_frames), window ? left : VECTOR);

		sent += took;
		left -= window ? took : 0;
		if (window && left == 0) {
			echo_wait(fd);
			left = window;
		}
	}
	if (window)
		echo_wait(fd);
	close(fd);
	printf("%llu\n", sent);
	return 0;
}
