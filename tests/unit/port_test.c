/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: EAL arguments and memory as data, a capture read to its end through the EAL, and the sentences for what is wrong. The EAL starts
 * once a process, so whatever starts it runs in a child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <pcap/pcap.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "setup.h"
#include "tp_decoder.h"
#include "tp_record.h"

static const struct tp_port_spec pcap_port = {.type = TP_PORT_PCAP,
        .name = "replay",
        .device = "/tmp/a.pcap",
        .rx_descriptors = 1024,
        .tx_descriptors = 512,
        .mtu = 1500};
static const struct tp_port_spec xdp_port = {
        .type = TP_PORT_AF_XDP, .name = "road", .device = "tp0", .rx_descriptors = 2048, .tx_descriptors = 512, .mtu = 1500};

static struct tp_dataplane_spec spec_of(const struct tp_port_spec *ports, unsigned int n)
{
	return (struct tp_dataplane_spec){.ports = ports,
	        .n_ports = n,
	        .n_workers = 1,
	        .control_cpu = -1,
	        .batch_bytes = 1 << 20,
	        .batches = 16,
	        .fragment_datagrams = 256,
	        .fragment_packets = 1024,
	        .arena_bytes = 1 << 20,
	        .file_prefix = "turnpike_port_test",
	        .n_sources = 4};
}

static struct tp_host host_of_two_cpus(void)
{
	struct tp_host host = {.root = true};

	CPU_SET(0, &host.cpus);
	CPU_SET(1, &host.cpus);
	return host;
}

/* ---- arguments -------------------------------------------------------------------------------------------------------------- */
static void assert_args(const struct tp_dataplane_spec *spec, const struct tp_host *host, uint32_t memory_mb, const char *expected)
{
	struct tp_eal_args args;
	char err[256] = "", text[2048] = "";

	assert_int_equal(tp_eal_args_build(spec, host, memory_mb, &args, err, sizeof(err)), 0);
	assert_null(args.argv[args.argc]);
	for (int i = 0; i < args.argc; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", args.argv[i]);
	assert_string_equal(text, expected);
	tp_eal_args_free(&args);
}

static void test_args_pcap(void **state)
{
	struct tp_dataplane_spec spec = spec_of(&pcap_port, 1);
	struct tp_host host = host_of_two_cpus();

	(void)state;
	assert_args(&spec, &host, 128,
	        "turnpiked --lcores=0@(0,1),1@(0,1) --main-lcore=0 -m128 --no-huge --iova-mode=va --no-pci "
	        "--file-prefix=turnpike_port_test --log-level=error --vdev=net_pcap0,rx_pcap=/tmp/a.pcap");
}

static void test_args_ordinary_user(void **state)
{
	struct tp_port_spec port = pcap_port;
	struct tp_dataplane_spec spec = spec_of(&port, 1);
	struct tp_host host = host_of_two_cpus();

	(void)state;
	host.root = false;
	port.pcap_repeat = true;
	spec.eal_log_level = "debug";
	assert_args(&spec, &host, 64,
	        "turnpiked --lcores=0@(0,1),1@(0,1) --main-lcore=0 -m64 --no-huge --iova-mode=va --no-pci "
	        "--file-prefix=turnpike_port_test "
	        "--no-shconf --no-telemetry --log-level=debug --log-level=*:debug "
	        "--vdev=net_pcap0,rx_pcap=/tmp/a.pcap,infinite_rx=1");
}

/* More workers than CPUs; the AF_XDP port opens every queue its interface has, unless it is told how many. */
static void test_args_workers(void **state)
{
	struct tp_port_spec ports[2] = {xdp_port, xdp_port};
	struct tp_dataplane_spec spec = spec_of(ports, 2);
	struct tp_host host = host_of_two_cpus();
	const int cpus[] = {1, -1, 1};

	(void)state;
	spec.n_workers = 3;
	spec.worker_cpus = cpus;
	spec.control_cpu = 0;
	spec.file_prefix = NULL;
	host.channels[0] = host.channels[1] = 4;
	ports[1].device = "tp1";
	ports[1].queues = 2;
	assert_args(&spec, &host, 300,
	        "turnpiked --lcores=0@0,1@1,2@(0,1),3@1 --main-lcore=0 -m300 --no-huge --iova-mode=va --no-pci --log-level=error "
	        "--vdev=net_af_xdp0,iface=tp0,start_queue=0,queue_count=4 "
	        "--vdev=net_af_xdp1,iface=tp1,start_queue=0,queue_count=2");
}

static void test_args_devices(void **state)
{
	struct tp_port_spec ports[4] = {{.type = TP_PORT_PCI, .name = "nic", .device = "03:00.1", .rx_descriptors = 1024},
	        {.type = TP_PORT_TAP, .name = "tap", .device = "tap7", .rx_descriptors = 1024},
	        {.type = TP_PORT_MEMIF, .name = "in", .device = "/run/a.sock", .memif_server = true, .rx_descriptors = 1000},
	        {.type = TP_PORT_MEMIF, .name = "out", .device = "/run/b.sock", .rx_descriptors = 65535}};
	struct tp_dataplane_spec spec = spec_of(ports, 4);
	struct tp_host host = host_of_two_cpus();

	(void)state;
	spec.hugepages = true;
	spec.eal_log_level = "warning";
	assert_args(&spec, &host, 512,
	        "turnpiked --lcores=0@(0,1),1@(0,1) --main-lcore=0 -m512 --in-memory --file-prefix=turnpike_port_test "
	        "--log-level=warning "
	        "-a0000:03:00.1 --vdev=net_tap1,iface=tap7 "
	        "--vdev=net_memif2,role=server,socket=/run/a.sock,socket-abstract=no,rsize=10 "
	        "--vdev=net_memif3,role=client,socket=/run/b.sock,socket-abstract=no,rsize=14");
}

static void test_args_too_long(void **state)
{
	char name[600], err[256] = "";
	struct tp_port_spec port = pcap_port;
	struct tp_dataplane_spec spec = spec_of(&port, 1);
	struct tp_host host = host_of_two_cpus();
	struct tp_eal_args args;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	port.device = name;
	assert_int_equal(tp_eal_args_build(&spec, &host, 64, &args, err, sizeof(err)), -ENAMETOOLONG);
	assert_memory_equal(err, "port 'replay': device name 'xxx", 31);
	tp_eal_args_free(&args);
}

/* ---- memory ----------------------------------------------------------------------------------------------------------------- */
/* A worker: two bursts of 64, a burst of datagrams with 32 records each, the fragments, the cache of its lcore (512 and a half). */
#define WORKER_MBUFS (128 + 64 * TP_RESULTS_MAX + 1024 + 768)

static void test_memory_mbufs(void **state)
{
	struct tp_port_spec port = pcap_port;
	struct tp_dataplane_spec spec = spec_of(&port, 1);
	struct tp_host host = host_of_two_cpus();
	struct tp_memory one, two;

	(void)state;
	host.packets[0] = 1000000;
	tp_memory_size(&spec, &host, &one);
	assert_int_equal(one.mbufs, RTE_MAX(WORKER_MBUFS + 768, 4096));
	port.pcap_repeat = true;
	tp_memory_size(&spec, &host, &two);
	assert_int_equal(two.mbufs, WORKER_MBUFS + 768 + 1000000);
	assert_true(two.eal > one.eal + UINT64_C(1000000) * 2048);
	spec.mbufs = 5000;
	tp_memory_size(&spec, &host, &two);
	assert_int_equal(two.mbufs, 5000);
	assert_true(two.mbufs_least > 1000000);
}

static void test_memory_queues(void **state)
{
	struct tp_dataplane_spec spec = spec_of(&xdp_port, 1);
	struct tp_host host = host_of_two_cpus();
	struct tp_memory one, two;

	(void)state;
	host.channels[0] = 1;
	tp_memory_size(&spec, &host, &one);
	assert_int_equal(one.mbufs, 2048 + 512 + 4096 + WORKER_MBUFS + 768);
	host.channels[0] = 3;
	spec.n_workers = 2;
	tp_memory_size(&spec, &host, &two);
	assert_int_equal(two.mbufs, 3 * (2048 + 512 + 4096) + 2 * (WORKER_MBUFS + TP_SPREAD_SLOTS) + 768);
	assert_int_equal(two.batches, 2 * one.batches);
	assert_true(one.batches > 16 << 20);
	assert_true((uint64_t)two.eal_mb << 20 > two.eal);
	assert_int_equal(two.eal_mb % 2, 0);
}

static void test_memory_layout(void **state)
{
	struct tp_dataplane_spec spec = spec_of(&xdp_port, 1);
	struct tp_pool_layout layout;

	(void)state;
	tp_pool_layout(&spec, &layout);
	assert_int_equal(layout.total, 4096);
	assert_true(layout.priv >= sizeof(struct tp_record));
	assert_true(layout.data >= 128 + 256 + 1518);
	spec = spec_of(&pcap_port, 1);
	tp_pool_layout(&spec, &layout);
	assert_int_equal(layout.data, 2048 + 128);
	/* An odd number of cache lines: the headers of neighbours meet no common cache set. */
	assert_int_equal(layout.total % 128, 64);
}

/* ---- addresses -------------------------------------------------------------------------------------------------------------- */
static void test_link_local(void **state)
{
	const struct rte_ether_addr mac = {{0x00, 0x00, 0x5e, 0x10, 0x20, 0x30}};
	const uint8_t expected[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0x00, 0x5e, 0xff, 0xfe, 0x10, 0x20, 0x30};
	uint8_t addr[16];

	(void)state;
	tp_port_link_local(&mac, addr);
	assert_memory_equal(addr, expected, 16);
}

/* ---- a capture through the EAL ---------------------------------------------------------------------------------------------- */
#define CAPTURE_PACKETS 20000 /* more than there are buffers */
#define CAPTURE_LARGE   3000  /* octets of the last frame: more than one buffer holds */

/* Frame n says n in its last four octets. Returns the file's name, to be unlinked and freed. */
static char *capture_write(int link, unsigned int packets, size_t cut)
{
	char *name = strdup("/tmp/turnpike_port_XXXXXX");
	pcap_t *pcap = pcap_open_dead(link, 65535);
	uint8_t frame[CAPTURE_LARGE] = {2, 0, 0, 0, 0, 1};
	int fd = mkstemp(name);
	FILE *file = fdopen(fd, "w+");
	pcap_dumper_t *dumper = pcap_dump_fopen(pcap, file);

	for (unsigned int i = 0; i < packets; i++) {
		struct pcap_pkthdr header = {.caplen = i + 1 == packets ? CAPTURE_LARGE : 60 + i % 1400};

		header.len = header.caplen;
		memcpy(frame + header.caplen - 4, &i, 4);
		pcap_dump((u_char *)dumper, &header, frame);
	}
	pcap_dump_flush(dumper);
	assert_int_equal(ftruncate(fd, ftell(file) - (long)cut), 0);
	pcap_dump_close(dumper);
	pcap_close(pcap);
	return name;
}

static int in_child(int (*run)(void *arg), void *arg)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define CHECK(condition)                                                                                                           \
	do {                                                                                                                       \
		if (!(condition)) {                                                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
			return 1;                                                                                                  \
		}                                                                                                                  \
	} while (0)

/* The number in the last four octets of a frame. */
static unsigned int frame_number(struct rte_mbuf *m)
{
	unsigned int number;
	uint8_t copy[4];

	memcpy(&number, rte_pktmbuf_read(m, m->pkt_len - 4, 4, copy), 4);
	return number;
}

static int child_reads_capture(void *name)
{
	struct tp_port_spec port = pcap_port;
	struct tp_dataplane_spec spec = spec_of(&port, 1);
	struct tp_port_stats stats;
	struct rte_mbuf *burst[64];
	unsigned int seen = 0, segments = 0;
	char err[512] = "", text[256];
	uint32_t available;

	port.device = name;
	port.addresses[0] = (struct tp_address){.family = 4, .addr = {10, 0, 0, 1}};
	port.n_addresses = 1;
	spec.use_mac_filter = true;
	CHECK(tp_dataplane_init(&spec, err, sizeof(err)) == 0 || fprintf(stderr, "%s\n", err) == 0);
	CHECK(tp_ports_count() == 1 && tp_port_by_id[tp_ports[0].id] == &tp_ports[0]);
	CHECK(tp_ports[0].rx_queues == 1 && !tp_ports[0].accept_any && !tp_ports[0].mac_filter);
	CHECK(tp_ports[0].n_ip4 == 1 && tp_ports[0].n_ip6 == 1);
	CHECK(rte_pktmbuf_priv_size(tp_packet_pool()) >= sizeof(struct tp_record));
	CHECK(rte_lcore_count() == 2);
	available = rte_mempool_avail_count(tp_packet_pool());
	CHECK(available < CAPTURE_PACKETS);
	while (!tp_port_ended(0)) {
		uint16_t n = rte_eth_rx_burst(tp_ports[0].id, 0, burst, 64);

		for (uint16_t i = 0; i < n; i++) {
			CHECK(frame_number(burst[i]) == seen++);
			segments = burst[i]->nb_segs;
			memset(rte_mbuf_to_priv(burst[i]), 0xff, sizeof(struct tp_record));
			rte_pktmbuf_free(burst[i]);
		}
	}
	CHECK(seen == CAPTURE_PACKETS && segments == 2);
	CHECK(rte_mempool_avail_count(tp_packet_pool()) == available);
	CHECK(tp_port_stats(0, &stats) == 0 && stats.received == CAPTURE_PACKETS &&
	        stats.missed + stats.errors + stats.no_mbuf == 0);
	CHECK(tp_port_stats(1, &stats) == -ENODEV && !tp_port_ended(1));
	tp_port_describe(0, text, sizeof(text));
	CHECK(strstr(text, "capture file") && strstr(text, name) && strstr(text, "1 receive queue"));
	tp_dataplane_fini();
	CHECK(tp_ports_count() == 0);
	return 0;
}

static void test_capture_to_its_end(void **state)
{
	char *name = capture_write(DLT_EN10MB, CAPTURE_PACKETS, 0);
	int rc = in_child(child_reads_capture, name);

	(void)state;
	unlink(name);
	free(name);
	assert_int_equal(rc, 0);
}

static int child_repeats_capture(void *name)
{
	struct tp_port_spec port = pcap_port;
	struct tp_dataplane_spec spec = spec_of(&port, 1);
	struct rte_mbuf *burst[64];
	unsigned int seen = 0;
	char err[512] = "";

	port.device = name;
	port.pcap_repeat = true;
	CHECK(tp_dataplane_init(&spec, err, sizeof(err)) == 0 || fprintf(stderr, "%s\n", err) == 0);
	CHECK(tp_ports[0].accept_any && tp_ports[0].n_ip6 == 0);
	while (seen < 25000) {
		uint16_t n = rte_eth_rx_burst(tp_ports[0].id, 0, burst, 64);

		for (uint16_t i = 0; i < n; i++)
			CHECK(frame_number(burst[i]) == seen++ % 999);
		rte_pktmbuf_free_bulk(burst, n);
	}
	CHECK(!tp_port_ended(0));
	tp_dataplane_fini();
	return 0;
}

/* 999 frames of one buffer each; the large last one is cut from the count by writing it to another file. */
static char *capture_small(void)
{
	char *name = strdup("/tmp/turnpike_port_XXXXXX");
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	FILE *file = fdopen(mkstemp(name), "w");
	pcap_dumper_t *dumper = pcap_dump_fopen(pcap, file);
	uint8_t frame[60] = {2, 0, 0, 0, 0, 1};

	for (unsigned int i = 0; i < 999; i++) {
		memcpy(frame + 56, &i, 4);
		pcap_dump((u_char *)dumper, &(struct pcap_pkthdr){.caplen = 60, .len = 60}, frame);
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
	return name;
}

static void test_capture_repeated(void **state)
{
	char *name = capture_small();
	int rc = in_child(child_repeats_capture, name);

	(void)state;
	unlink(name);
	free(name);
	assert_int_equal(rc, 0);
}

/* ---- what is wrong ---------------------------------------------------------------------------------------------------------- */
/* `expected` with %s for the device. */
static void assert_refused(const struct tp_port_spec *port, int code, const char *expected)
{
	struct tp_dataplane_spec spec = spec_of(port, 1);
	char err[512] = "", text[512];

	snprintf(text, sizeof(text), expected, port->device);
	assert_int_equal(tp_dataplane_init(&spec, err, sizeof(err)), -code);
	assert_string_equal(err, text);
	assert_int_equal(tp_ports_count(), 0);
}

static void test_refused_captures(void **state)
{
	struct tp_port_spec port = pcap_port;
	char *cut = capture_write(DLT_EN10MB, 10, 7), *other = capture_write(DLT_RAW, 1, 0),
	     *empty = capture_write(DLT_EN10MB, 0, 0);

	(void)state;
	port.device = "/nonexistent/a.pcap";
	assert_refused(&port, ENOENT, "port 'replay': cannot read capture file '%s': No such file or directory");
	port.device = "/etc/passwd";
	assert_refused(&port, EINVAL, "port 'replay': '%s' is not a packet capture: unknown file format");
	port.device = cut;
	assert_refused(&port, EINVAL,
	        "port 'replay': capture file '%s' is damaged behind packet 9: truncated dump file; tried to read 3000 captured "
	        "bytes, only got "
	        "2993");
	port.device = other;
	assert_refused(&port, EINVAL, "port 'replay': capture file '%s' holds frames of link type RAW, expected Ethernet");
	port.device = empty;
	port.pcap_repeat = true;
	assert_refused(&port, EINVAL, "port 'replay': capture file '%s' holds no packet to repeat");
	unlink(cut);
	unlink(other);
	unlink(empty);
	free(cut);
	free(other);
	free(empty);
}

static void test_refused_devices(void **state)
{
	struct tp_port_spec port = xdp_port;

	(void)state;
	port.device = "nosuchinterface0";
	assert_refused(&port, ENODEV, "port 'road': there is no network interface '%s'; 'ip link' lists those there are");
	port.device = "tp0,queue_count=9";
	assert_refused(&port, EINVAL,
	        "port 'road': device '%s' has a comma, quote, bracket or white space in its name, which DPDK cannot take; use "
	        "another name or a "
	        "link");
	port.type = TP_PORT_PCI;
	port.device = "ffff:ff:1f.7";
	assert_refused(&port, ENODEV, "port 'road': there is no PCI device '%s'; 'lspci -D' lists those there are");
	port.type = TP_PORT_TAP;
	port.device = "averyverylongname";
	assert_refused(&port, EINVAL, "port 'road': interface name '%s' is too long, expected at most 15 characters");
	port.type = TP_PORT_MEMIF;
	port.device = "/nonexistent/memif.sock";
	assert_refused(&port, ENOENT, "port 'road': the folder of socket '%s' cannot be used: No such file or directory");
	port.device = "memif.sock";
	assert_refused(&port, EINVAL, "port 'road': socket path '%s' is not absolute");
}

/* isolcpus takes a CPU out of the mask that processes are born with; a worker may have it nevertheless. */
static void test_isolated_cpu(void **state)
{
	struct tp_port_spec port = pcap_port;
	struct tp_dataplane_spec spec = spec_of(&port, 1);
	char *name = capture_small(), err[512] = "";
	cpu_set_t born, one, after;
	struct tp_host host;
	int cpus[1] = {-1}, stays = -1;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(born), &born), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &born))
			*(stays < 0 ? &stays : &cpus[0]) = cpu;
	if (cpus[0] < 0)
		skip();
	CPU_ZERO(&one);
	CPU_SET(stays, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	port.device = name;
	spec.worker_cpus = cpus;
	assert_int_equal(tp_host_read(&spec, &host, err, sizeof(err)), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&after, &one)); /* the look leaves the thread where it was */
	assert_int_equal(sched_setaffinity(0, sizeof(born), &born), 0);
	unlink(name);
	free(name);
}

static void test_refused_numbers(void **state)
{
	struct tp_port_spec port = pcap_port;
	struct tp_dataplane_spec spec = spec_of(&port, 1);
	const int cpus[] = {CPU_SETSIZE + 1};
	char *name = capture_small(), err[512] = "";

	(void)state;
	port.device = name;
	spec.worker_cpus = cpus;
	assert_int_equal(tp_dataplane_init(&spec, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "worker 0: CPU 1025 is not among the CPUs this process may run on");
	spec.worker_cpus = NULL;
	spec.mbufs = 10;
	assert_int_equal(tp_dataplane_init(&spec, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "10 packet buffers are too few: the queues and workers need at least 896");
	spec.mbufs = 0;
	spec.memory_mb = 7;
	assert_int_equal(tp_dataplane_init(&spec, err, sizeof(err)), -EINVAL);
	assert_memory_equal(err, "7 MB of memory are too few: the configuration needs ", 52);
	unlink(name);
	free(name);
}

static int child_twice(void *name)
{
	struct tp_port_spec port = pcap_port;
	struct tp_dataplane_spec spec = spec_of(&port, 1);
	char err[512] = "";
	int rc;

	port.device = name;
	rc = tp_dataplane_init(&spec, err, sizeof(err));
	CHECK(rc == -EADDRINUSE);
	CHECK(strcmp(err, "another turnpiked already runs under the name 'turnpike_port_test'; stop it or give this one another "
	                  "name") == 0);
	return 0;
}

static int child_first(void *name)
{
	struct tp_port_spec port = pcap_port;
	struct tp_dataplane_spec spec = spec_of(&port, 1);
	char err[512] = "";
	int status;
	pid_t pid = fork();

	port.device = name;
	if (pid == 0) {
		/* The second waits on the pipe of the first: it starts when the first is up. */
		raise(SIGSTOP);
		_exit(child_twice(name));
	}
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	CHECK(tp_dataplane_init(&spec, err, sizeof(err)) == 0);
	kill(pid, SIGCONT);
	CHECK(waitpid(pid, &status, 0) == pid);
	tp_dataplane_fini();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void test_refused_second(void **state)
{
	char *name;
	int rc;

	(void)state;
	if (geteuid() != 0)
		skip();
	name = capture_small();
	rc = in_child(child_first, name);
	unlink(name);
	free(name);
	assert_int_equal(rc, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_args_pcap),
	        cmocka_unit_test(test_args_ordinary_user),
	        cmocka_unit_test(test_args_workers),
	        cmocka_unit_test(test_args_devices),
	        cmocka_unit_test(test_args_too_long),
	        cmocka_unit_test(test_memory_mbufs),
	        cmocka_unit_test(test_memory_queues),
	        cmocka_unit_test(test_memory_layout),
	        cmocka_unit_test(test_link_local),
	        cmocka_unit_test(test_capture_to_its_end),
	        cmocka_unit_test(test_capture_repeated),
	        cmocka_unit_test(test_refused_captures),
	        cmocka_unit_test(test_refused_devices),
	        cmocka_unit_test(test_isolated_cpu),
	        cmocka_unit_test(test_refused_numbers),
	        cmocka_unit_test(test_refused_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
