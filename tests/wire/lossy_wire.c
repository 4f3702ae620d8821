/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bad wire between two interfaces of this machine, for tests: it takes every frame from one, and hands it to the other late, twice, changed, or not
 * at all. Where the kernel has no netem, this stands in for it.
 *
 *   lossy_wire IF_A IF_B [--drop P] [--duplicate P] [--reorder P] [--corrupt P] [--cut EVERY_MS,FOR_MS] [--until MS] [--seed N]
 *
 * P is in percent of the frames of each direction. A frame that is reordered waits until 1 to 8 later ones have passed, or 20 ms. Corrupting changes one bit
 * behind the Ethernet header. --until: so long after its start the wire is a good one. On SIGTERM it prints what it did to how many frames, and ends with 0.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 16384
#define HELD_MAX  64
#define HELD_MS   20

struct wire_held {
	uint32_t n; /* 0: free */
	uint32_t behind;
	int64_t until_ms;
	uint8_t frame[FRAME_MAX];
};

struct wire_end {
	int from, to;
	uint64_t seen, dropped, duplicated, reordered, corrupted, cut;
	struct wire_held held[HELD_MAX];
};

static struct {
	double drop, duplicate, reorder, corrupt;
	int64_t cut_every_ms, cut_for_ms, until_ms;
	uint64_t random;
	int64_t began_ms;
} wire;
static volatile sig_atomic_t wire_stop;

static void wire_signal(int number)
{
	(void)number;
	wire_stop = 1;
}

static int64_t wire_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* xorshift64*: the same seed gives the same wire for the same frames. */
static uint32_t wire_random(void)
{
	wire.random ^= wire.random >> 12;
	wire.random ^= wire.random << 25;
	wire.random ^= wire.random >> 27;
	return (uint32_t)(wire.random * 0x2545f4914f6cdd1d >> 32);
}

static bool wire_chance(double percent)
{
	return wire_random() < percent / 100 * UINT32_MAX;
}

static bool wire_is_cut(void)
{
	return wire.cut_every_ms && (wire_now_ms() - wire.began_ms) % wire.cut_every_ms >= wire.cut_every_ms - wire.cut_for_ms;
}

static bool wire_is_good(void)
{
	return wire.until_ms && wire_now_ms() - wire.began_ms >= wire.until_ms;
}

static void wire_send(const struct wire_end *end, const uint8_t *frame, size_t n)
{
	while (send(end->to, frame, n, 0) < 0 && (errno == EINTR || errno == ENOBUFS || errno == EAGAIN))
		usleep(100);
}

static void wire_release(struct wire_end *end, bool passed)
{
	int64_t now = wire_now_ms();

	for (unsigned int i = 0; i < HELD_MAX; i++) {
		struct wire_held *h = &end->held[i];

		if (h->n == 0)
			continue;
		if (passed && h->behind)
			h->behind--;
		if (h->behind && now < h->until_ms)
			continue;
		wire_send(end, h->frame, h->n);
		h->n = 0;
	}
}

static bool wire_hold(struct wire_end *end, const uint8_t *frame, size_t n)
{
	for (unsigned int i = 0; i < HELD_MAX; i++) {
		struct wire_held *h = &end->held[i];

		if (h->n)
			continue;
		h->n = (uint32_t)n;
		h->behind = 1 + wire_random() % 8;
		h->until_ms = wire_now_ms() + HELD_MS;
		memcpy(h->frame, frame, n);
		end->reordered++;
		return true;
	}
	return false;
}

static void wire_corrupt(struct wire_end *end, uint8_t *frame, size_t n)
{
	size_t at = 14 + wire_random() % (n - 14);

	frame[at] ^= (uint8_t)(1u << wire_random() % 8);
	end->corrupted++;
}

static void wire_frame(struct wire_end *end, uint8_t *frame, size_t n)
{
	end->seen++;
	if (wire_is_good()) {
		wire_release(end, true);
		wire_send(end, frame, n);
		return;
	}
	if (wire_is_cut()) {
		end->cut++;
		return;
	}
	if (wire_chance(wire.drop)) {
		end->dropped++;
		return;
	}
	if (n > 15 && wire_chance(wire.corrupt))
		wire_corrupt(end, frame, n);
	if (wire_chance(wire.reorder) && wire_hold(end, frame, n))
		return;
	wire_send(end, frame, n);
	if (wire_chance(wire.duplicate)) {
		end->duplicated++;
		wire_send(end, frame, n);
	}
	wire_release(end, true);
}

static int wire_open(const char *interface)
{
	struct sockaddr_ll at = {
	        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(interface)};
	struct packet_mreq promiscuous = {.mr_ifindex = at.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
	int one = 1, room = 8 << 20, fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	if (fd < 0 || at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) < 0) {
		fprintf(stderr, "lossy_wire: %s: %s\n", interface, strerror(errno));
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

static void wire_print(const char *name, const struct wire_end *end)
{
	printf("%s: %llu frames, %llu dropped, %llu twice, %llu reordered, %llu corrupted, %llu cut\n", name,
	        (unsigned long long)end->seen, (unsigned long long)end->dropped, (unsigned long long)end->duplicated,
	        (unsigned long long)end->reordered, (unsigned long long)end->corrupted, (unsigned long long)end->cut);
}

static void wire_run(struct wire_end *ends)
{
	struct pollfd fds[2] = {{.fd = ends[0].from, .events = POLLIN}, {.fd = ends[1].from, .events = POLLIN}};
	uint8_t frame[FRAME_MAX];

	while (!wire_stop) {
		poll(fds, 2, 5);
		for (int i = 0; i < 2; i++) {
			for (int burst = 0; burst < 64; burst++) {
				ssize_t n = recv(ends[i].from, frame, sizeof(frame), MSG_DONTWAIT);

				if (n <= 0)
					break;
				wire_frame(&ends[i], frame, (size_t)n);
			}
			wire_release(&ends[i], false);
		}
	}
}

static void wire_options(int argc, char **argv)
{
	static const struct option options[] = {{"drop", 1, NULL, 'd'}, {"duplicate", 1, NULL, '2'}, {"reorder", 1, NULL, 'r'},
	        {"corrupt", 1, NULL, 'c'}, {"cut", 1, NULL, 'x'}, {"until", 1, NULL, 'u'}, {"seed", 1, NULL, 's'},
	        {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			wire.drop = atof(optarg);
			break;
		case '2':
			wire.duplicate = atof(optarg);
			break;
		case 'r':
			wire.reorder = atof(optarg);
			break;
		case 'c':
			wire.corrupt = atof(optarg);
			break;
		case 'u':
			wire.until_ms = strtoll(optarg, NULL, 0);
			break;
		case 's':
			wire.random = strtoull(optarg, NULL, 0) * 2 + 1;
			break;
		case 'x':
			if (sscanf(optarg, "%ld,%ld", &wire.cut_every_ms, &wire.cut_for_ms) == 2)
				break;
			/* fall through */
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	static struct wire_end ends[2];

	wire.random = 1;
	wire_options(argc, argv);
	if (argc - optind != 2) {
		fprintf(stderr, "usage: lossy_wire IF_A IF_B [--drop P] [--duplicate P] [--reorder P] [--corrupt P] [--cut "
		                "EVERY_MS,FOR_MS] [--until MS] [--seed N]\n");
		return 2;
	}
	signal(SIGTERM, wire_signal);
	signal(SIGINT, wire_signal);
	wire.began_ms = wire_now_ms();
	ends[0].from = ends[1].to = wire_open(argv[optind]);
	ends[1].from = ends[0].to = wire_open(argv[optind + 1]);
	printf("lossy_wire: ready\n");
	fflush(stdout);
	wire_run(ends);
	wire_print(argv[optind], &ends[0]);
	wire_print(argv[optind + 1], &ends[1]);
	return 0;
}
