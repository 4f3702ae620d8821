/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends the frames of a file (hex, one a line) over and over on an interface, as fast as sendmmsg() takes them: packet_flood INTERFACE FILE SECONDS.
 * SIGTERM ends it earlier. Says on standard output how many the interface took.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAMES_MAX 65536
#define FRAME_MAX  1514
#define VECTOR     64

static volatile sig_atomic_t flood_ends;
static struct iovec frames[FRAMES_MAX];
static unsigned int n_frames;

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
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || to.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		flood_fail(interface);
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	return fd;
}

static double flood_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	struct mmsghdr vector[VECTOR];
	unsigned long long sent = 0;
	unsigned int next = 0;
	double end;
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: packet_flood INTERFACE FILE SECONDS\n");
		return 2;
	}
	signal(SIGTERM, flood_on_signal);
	flood_read(argv[2]);
	fd = flood_socket(argv[1]);
	if (n_frames == 0)
		return 2;
	for (end = flood_now() + strtod(argv[3], NULL); !flood_ends && flood_now() < end;) {
		int took;

		memset(vector, 0, sizeof(vector));
		for (unsigned int i = 0; i < VECTOR; i++) {
			vector[i].msg_hdr.msg_iov = &frames[(next + i) % n_frames];
			vector[i].msg_hdr.msg_iovlen = 1;
		}
		took = sendmmsg(fd, vector, VECTOR, 0);
		if (took < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			flood_fail("sendmmsg");
		sent += took > 0 ? (unsigned int)took : 0;
		next = (next + VECTOR) % n_frames;
	}
	close(fd);
	printf("%llu\n", sent);
	return 0;
}
