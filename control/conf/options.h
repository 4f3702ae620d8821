/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CONF_OPTIONS_H
#define TP_CONF_OPTIONS_H
/*
 * The option tables: the only place where an option is named. From a row come the C member, the libcyaml schema, the default, the check of
 * type and range, --dump-config and docs/configuration.md.
 *
 * A row is X(section, type, key, presence, text, argument, min, max, help):
 *   type      STR      text; min and max are its length in octets
 *             UINT     a number, uint32_t;   INT  int32_t;   BOOL  true or false
 *             ENUM     one word of CONF_CHOICES_<argument>
 *             SECTION  a mapping with the options of section <argument>
 *             LIST     a list of such mappings;   STRS  a list of texts;   INTS  a list of numbers; min and max apply to the length of
 *                      a LIST, to each entry of the other two
 *   presence  REQ      must be there; text is the example that --dump-config shows
 *             DEF      text is the default
 *             OPT      unset where it is not there; text is an example, shown as a comment
 *             ALT      the same, but shown as it is: one of several that stand in for each other
 *             The example of a LIST is one entry; it is shown as a comment where text is "#", and so is a SECTION
 *   argument  also the unit of a UINT or INT in words, for messages
 */
#include <stdbool.h>
#include <stdint.h>

#include <cyaml/cyaml.h>

#include "tp_conf.h"
#include "tp_record.h"

/* clang-format off */
#define CONF_CHOICES_port_type(X) \
	X("pci", TP_PORT_PCI) X("af_xdp", TP_PORT_AF_XDP) X("tap", TP_PORT_TAP) X("memif", TP_PORT_MEMIF) X("pcap", TP_PORT_PCAP)
enum conf_hugepage_use { CONF_HUGEPAGES_AUTO, CONF_HUGEPAGES_TRUE, CONF_HUGEPAGES_FALSE };
#define CONF_CHOICES_hugepages(X) \
	X("auto", CONF_HUGEPAGES_AUTO) X("true", CONF_HUGEPAGES_TRUE) X("false", CONF_HUGEPAGES_FALSE)
enum conf_unknown_policy { CONF_UNKNOWN_REFUSE, CONF_UNKNOWN_ACCEPT };
#define CONF_CHOICES_unknown(X) X("refuse", CONF_UNKNOWN_REFUSE) X("accept", CONF_UNKNOWN_ACCEPT)
#define CONF_CHOICES_encoding(X) X("avro", TP_ENCODING_AVRO) X("json", TP_ENCODING_JSON)
#define CONF_CHOICES_fsync(X) X("never", TP_FSYNC_NEVER) X("interval", TP_FSYNC_INTERVAL) X("batch", TP_FSYNC_BATCH)
enum conf_sink_type { CONF_SINK_KAFKA, CONF_SINK_FILE, CONF_SINK_NULL };
#define CONF_CHOICES_sink(X) X("kafka", CONF_SINK_KAFKA) X("file", CONF_SINK_FILE) X("null", CONF_SINK_NULL)
enum conf_compression { CONF_COMPRESSION_NONE, CONF_COMPRESSION_LZ4, CONF_COMPRESSION_ZSTD, CONF_COMPRESSION_GZIP, CONF_COMPRESSION_SNAPPY };
#define CONF_CHOICES_compression(X) \
	X("none", CONF_COMPRESSION_NONE) X("lz4", CONF_COMPRESSION_LZ4) X("zstd", CONF_COMPRESSION_ZSTD) \
	X("gzip", CONF_COMPRESSION_GZIP) X("snappy", CONF_COMPRESSION_SNAPPY)
enum conf_log_level { CONF_LOG_ERROR, CONF_LOG_WARNING, CONF_LOG_INFO, CONF_LOG_DEBUG };
#define CONF_CHOICES_log(X) \
	X("error", CONF_LOG_ERROR) X("warning", CONF_LOG_WARNING) X("info", CONF_LOG_INFO) X("debug", CONF_LOG_DEBUG)
#define CONF_CHOICES_tls_client(X) \
	X("none", TP_CONF_TLS_NONE) X("optional", TP_CONF_TLS_OPTIONAL) X("required", TP_CONF_TLS_REQUIRED)
#define CONF_CHOICES_identity(X) \
	X("client_id", TP_MQTT_IDENTITY_CLIENT_ID) X("user", TP_MQTT_IDENTITY_USER) X("certificate", TP_MQTT_IDENTITY_CERTIFICATE)
#define CONF_CHOICES_certificate_name(X) \
	X("subject", TP_CONF_NAME_SUBJECT) X("common", TP_CONF_NAME_COMMON) X("san", TP_CONF_NAME_SAN)
#define CONF_CHOICES_slow(X) X("hold", TP_MQTT_HOLD) X("shed", TP_MQTT_SHED)
#define CONF_CHOICES_subscribe(X) X("refuse", TP_MQTT_SUBSCRIBE_REFUSE) X("close", TP_MQTT_SUBSCRIBE_CLOSE)
enum conf_unmapped { CONF_UNMAPPED_REFUSE, CONF_UNMAPPED_RAW };
#define CONF_CHOICES_unmapped(X) X("refuse", CONF_UNMAPPED_REFUSE) X("raw", CONF_UNMAPPED_RAW)
#define CONF_CHOICE_OF_KIND(kind, topic, help) {#kind, TP_KIND_##kind},

#define CONF_OPTIONS_workers(X, S) \
	X(S, UINT, count, DEF, "0", workers, 0, TP_MAX_WORKERS, "Worker threads that take packets; 0: one for each entry of cpus, or 1") \
	X(S, INTS, cpus, OPT, "[2, 3]", CPU, 0, 4095, "CPU of each worker; unset: the scheduler places them") \
	X(S, INT, control_cpu, DEF, "-1", CPU, -1, 4095, "CPU of the control thread; -1: any") \
	X(S, UINT, idle_sleep_us, DEF, "50", microseconds, 0, 100000, "A worker that found nothing 64 times in a row sleeps this long; 0: it never sleeps") \
	X(S, UINT, arena_bytes, DEF, "4194304", octets, 65536, 268435456, "Memory a worker decodes into, emptied after every burst")

#define CONF_OPTIONS_memory(X, S) \
	X(S, ENUM, hugepages, DEF, "auto", hugepages, 0, 0, "Use hugepages; auto: where enough of them are free") \
	X(S, UINT, total_mb, DEF, "0", MiB, 0, 1048576, "Memory reserved for packets; 0: derived from the rest of this section") \
	X(S, UINT, mbufs, DEF, "0", packets, 0, 16777216, "Packet buffers; 0: derived from queues, descriptors and fragments") \
	X(S, UINT, batch_bytes, DEF, "262144", octets, 65536, 67108864, "Size of a batch; a record larger than this is dropped as record_too_large") \
	X(S, UINT, batches, DEF, "256", batches, 32, 65535, "Batches of a worker: what can wait for Kafka is batches * batch_bytes") \
	X(S, UINT, batch_age_us, DEF, "5000", microseconds, 10, 60000000, "An open batch is handed over at this age even when it is not full") \
	X(S, UINT, fragment_datagrams, DEF, "1024", datagrams, 1, 1048576, "Datagrams a worker puts together from fragments at the same time") \
	X(S, UINT, fragment_packets, DEF, "4096", packets, 2, 4194304, "Fragments a worker holds at the same time") \
	X(S, UINT, fragment_timeout_ms, DEF, "2000", milliseconds, 10, 120000, "A datagram not complete after this time is given up") \
	X(S, UINT, sources_reserve, DEF, "1000", sources, 0, TP_MAX_SOURCES, "Sources that configurations applied later may add: lines of the books of about 1 KiB on each worker. One that is left out keeps its line") \
	X(S, UINT, mqtt_clients, DEF, "0", clients, 0, 33554432, "MQTT client identifiers a worker remembers, connected or until their session expires; 0: derived from tcp.connections") \
	X(S, UINT, mqtt_waiters, DEF, "0", messages, 0, 16777216, "MQTT messages of QoS 1 and 2 a worker may have without acknowledgement; 0: derived from tcp.connections") \
	X(S, UINT, mqtt_assembly_bytes, DEF, "0", octets, 0, 4294967295, "Memory of a worker for MQTT packets that span segments, and for wills and names; 0: derived from tcp.connections and max_packet") \
	X(S, UINT, mqtt_window, DEF, "16", messages, 0, 64, "MQTT messages acknowledged lately that are remembered a client, so that one sent again is not delivered twice") \
	X(S, UINT, mqtt_prefixes, DEF, "0", prefixes, 0, 1048576, "Senders' prefixes whose CONNECT rate a worker keeps; 0: derived where a listener has connect_rate_prefix")

#define CONF_OPTIONS_tcp(X, S) \
	X(S, UINT, connections, DEF, "10000", connections, 1, 16777216, "Connections a worker can have open") \
	X(S, UINT, half_open, DEF, "1024", connections, 0, 1048576, "Connections a worker remembers between SYN and the end of the handshake; above it, and always where 0, SYN cookies answer") \
	X(S, UINT, time_wait, DEF, "0", connections, 0, 16777216, "Closed connections a worker remembers in TIME-WAIT; when full the oldest goes. 0: derived from connections") \
	X(S, UINT, chunks, DEF, "0", chunks, 0, 134217728, "Chunks of 512 octets a worker has for data out of order, not taken or not acknowledged, of all connections; 0: derived from connections") \
	X(S, UINT, receive_window, DEF, "16384", octets, 1460, 4194304, "Octets a connection may be sent ahead of what was taken") \
	X(S, UINT, reassembly_octets, DEF, "0", octets, 0, 4194304, "Octets out of order a connection may hold; 0: receive_window") \
	X(S, UINT, reassembly_gaps, DEF, "8", gaps, 1, 56, "Gaps between octets out of order a connection may have") \
	X(S, UINT, send_octets, DEF, "8192", octets, 1024, 4194304, "Octets a connection may have to send that were not acknowledged; a client that reads nothing is closed above it") \
	X(S, UINT, max_retries, DEF, "8", times, 3, 15, "Times a segment is sent again before its connection is given up") \
	X(S, UINT, syn_retries, DEF, "3", times, 1, 8, "Times a SYN-ACK is sent again") \
	X(S, UINT, time_wait_ms, DEF, "60000", milliseconds, 1000, 240000, "How long TIME-WAIT lasts") \
	X(S, UINT, fin_wait_2_ms, DEF, "10000", milliseconds, 100, 600000, "How long to wait for the other side to close after this one did") \
	X(S, UINT, challenge_rate, DEF, "1000", segments, 1, 1000000, "Challenge acknowledgements a second and worker (RFC 5961)") \
	X(S, UINT, reset_rate, DEF, "10000", segments, 0, 100000000, "Resets a second and worker for segments of no connection; 0: no limit")

#define CONF_OPTIONS_port(X, S) \
	X(S, STR, name, REQ, "roadside", _, 1, 32, "Name of the port in messages and metrics") \
	X(S, ENUM, type, REQ, "af_xdp", port_type, 0, 0, "pci: a NIC bound to vfio-pci; af_xdp: an interface of the kernel; tap: a new interface of the kernel; memif: shared memory; pcap: a file") \
	X(S, STR, device, REQ, "eth1", _, 1, 4096, "PCI address (0000:03:00.0), interface name (af_xdp, tap), socket path (memif) or file (pcap)") \
	X(S, BOOL, memif_server, DEF, "false", _, 0, 0, "memif: listen on the socket instead of connecting to it") \
	X(S, BOOL, repeat, DEF, "false", _, 0, 0, "pcap: keep the file in memory and repeat it for ever") \
	X(S, UINT, queues, DEF, "0", queues, 0, TP_MAX_WORKERS, "Receive queues; 0: as many as workers, where the port has them") \
	X(S, UINT, rx_descriptors, DEF, "2048", packets, 64, 32768, "Packets a receive queue can hold; a port of type af_xdp holds 2048 a queue at most, because its driver keeps no more buffers ready") \
	X(S, UINT, tx_descriptors, DEF, "512", packets, 64, 32768, "Packets a transmit queue can hold") \
	X(S, UINT, mtu, DEF, "1500", octets, 576, 9600, "Largest IP packet of the port's network") \
	X(S, BOOL, shared_with_host, DEF, "false", _, 0, 0, "af_xdp: the addresses are those of the host on this interface: its kernel answers ARP, neighbour discovery and ping, and gets all that no listener is for") \
	X(S, STRS, addresses, OPT, "[192.0.2.10, '2001:db8::10']", address, 2, 45, "IPv4 and IPv6 addresses the appliance owns on this port: it answers ARP, neighbour discovery and ping for them; unset: every destination is taken and nothing is answered")

#define CONF_OPTIONS_source(X, S) \
	X(S, STR, address, ALT, "192.0.2.101", _, 2, 49, "Address or prefix the device sends datagrams from; the longest prefix counts") \
	X(S, STR, identity, OPT, "rsu-101", _, 1, TP_MQTT_NAME_MAX, "In place of an address: what the device is called over MQTT, which is a client identifier, user or name of a certificate as the listener says") \
	X(S, STR, device, REQ, "rsu-101", _, 1, 255, "Device: the Kafka key, and a line of the books") \
	X(S, STR, site, OPT, "junction-7", _, 1, 255, "Site; unset: the site at the top of the file") \
	X(S, STR, lane, OPT, "2", _, 1, 255, "Lane")

#define CONF_OPTIONS_group(X, S) \
	X(S, STR, name, REQ, "rsus", _, 1, 64, "Name that listeners refer to") \
	X(S, LIST, sources, REQ, NULL, source, 1, 65000, "Devices of the group")

#define CONF_OPTIONS_listener(X, S) \
	X(S, STR, name, REQ, "v2x", _, 1, 64, "Name of the listener in messages, metrics and dead letters") \
	X(S, UINT, port, REQ, "44990", _, 1, 65535, "UDP destination port") \
	X(S, STR, address, OPT, "192.0.2.10", _, 2, 45, "Only datagrams to this address; unset: to any own address") \
	X(S, STR, format, REQ, "j2735", _, 1, 32, "Payload format") \
	X(S, ENUM, unknown_sources, DEF, "refuse", unknown, 0, 0, "Datagrams of senders in none of the sources: refuse them, or accept them as device 'unknown'") \
	X(S, STRS, groups, OPT, "[rsus]", group, 1, 64, "Groups of sources this listener accepts") \
	X(S, LIST, sources, OPT, NULL, source, 0, 65000, "Further sources this listener accepts") \
	X(S, STRS, topics, OPT, "[raw.v2x.bsm.v1]", topic, 1, 249, "Topics for the records of just this listener, each for its kind of record") \
	X(S, UINT, clamp_past_ms, DEF, "86400000", milliseconds, 0, 4294967295, "event_time is at most this much before the arrival; device_time keeps what the device said") \
	X(S, UINT, clamp_future_ms, DEF, "5000", milliseconds, 0, 4294967295, "event_time is at most this much after the arrival")

#define CONF_OPTIONS_tls(X, S) \
	X(S, STR, certificate, REQ, "server.pem", _, 1, 4096, "PEM file: the certificate and its chain, leaf first") \
	X(S, STR, key, REQ, "server.key", _, 1, 4096, "PEM file: the private key, without passphrase; others than owner and group may not use it (mode 0640)") \
	X(S, ENUM, client, DEF, "none", tls_client, 0, 0, "Certificate of the client: not asked for, checked where there is one, or required") \
	X(S, STR, client_ca, OPT, "devices-ca.pem", _, 1, 4096, "PEM file: the authorities that client certificates are checked against") \
	X(S, STR, crl, OPT, "revoked.pem", _, 1, 4096, "PEM file: revocation lists of all authorities of the chain") \
	X(S, BOOL, tls12, DEF, "true", _, 0, 0, "Accept TLS 1.2 beside TLS 1.3") \
	X(S, STR, ciphers, OPT, "ECDHE+AESGCM", _, 1, 4096, "Ciphers of TLS 1.2 in OpenSSL's notation; unset: those with forward secrecy and AEAD") \
	X(S, STR, ciphersuites, OPT, "TLS_AES_128_GCM_SHA256", _, 1, 4096, "Cipher suites of TLS 1.3 in OpenSSL's notation; unset: OpenSSL's own") \
	X(S, BOOL, tickets, DEF, "true", _, 0, 0, "Session tickets: a device that comes back needs no full handshake") \
	X(S, UINT, ticket_key_s, DEF, "43200", seconds, 1, 604800, "How long a key makes session tickets; as long again it opens those it made, of which none is good for more than two hours, and then it is wiped") \
	X(S, UINT, connections, DEF, "0", connections, 0, 16777216, "TLS connections of this listener a worker has at a time, each some 18 KiB of memory that is not reserved; further ones are reset. 0: as many as tcp.connections")

#define CONF_OPTIONS_route(X, S) \
	X(S, STR, filter, REQ, "plates/+/#", _, 1, 65535, "MQTT topic filter, with + and #; the first route whose filter fits a topic counts") \
	X(S, STR, format, REQ, "plate", _, 1, 32, "Payload format") \
	X(S, STRS, topics, OPT, "[raw.plate.read.v1]", topic, 1, 249, "Kafka topics for the records of just this route, each for its kind of record") \
	X(S, UINT, site_level, DEF, "0", _, 0, 255, "Level of the MQTT topic that names the site, from 1; 0: the site of the source") \
	X(S, UINT, lane_level, DEF, "0", _, 0, 255, "Level of the MQTT topic that names the lane, from 1; 0: the lane of the source") \
	X(S, ENUM, when_slow, DEF, "hold", slow, 0, 0, "While Kafka is slow or away: hold drops and acknowledges nothing, the connection's window closes; shed drops and counts QoS 0 and holds the rest") \
	X(S, BOOL, keep_properties, DEF, "false", _, 0, 0, "User properties of MQTT 5 travel as headers of the Kafka record") \
	X(S, UINT, clamp_past_ms, DEF, "86400000", milliseconds, 0, 4294967295, "event_time is at most this much before the arrival; device_time keeps what the device said") \
	X(S, UINT, clamp_future_ms, DEF, "5000", milliseconds, 0, 4294967295, "event_time is at most this much after the arrival")

#define CONF_OPTIONS_mqtt(X, S) \
	X(S, STR, name, REQ, "gantries", _, 1, 64, "Name of the listener in messages, metrics, device events and dead letters") \
	X(S, UINT, port, REQ, "8883", _, 1, 65535, "TCP port") \
	X(S, STR, address, OPT, "192.0.2.10", _, 2, 45, "Only connections to this address; unset: to any own address") \
	X(S, SECTION, tls, OPT, "#", tls, 0, 0, "TLS; unset: plain") \
	X(S, STRS, versions, OPT, "[3.1.1, 5]", version, 1, 5, "Versions of MQTT: 3.1, 3.1.1, 5; unset: 3.1.1 and 5") \
	X(S, ENUM, identity, DEF, "client_id", identity, 0, 0, "What of a client is the device's name") \
	X(S, ENUM, certificate_name, DEF, "common", certificate_name, 0, 0, "What of a certificate is the name, with identity certificate: its whole subject, its common name, or the first DNS name or URI of subjectAltName") \
	X(S, BOOL, anonymous, DEF, "false", _, 0, 0, "Accept clients without user and password; where a certificate is required and there is no file of users, it suffices") \
	X(S, STR, users, OPT, "users.txt", _, 1, 4096, "File of users: a line each with name, colon, and the hash of the password by yescrypt or argon2id. Others than owner and group may not use it (mode 0640)") \
	X(S, STRS, may_publish, OPT, "['plates/%d/#']", filter, 1, 65535, "Topic filters a client may publish to, in which %u, %c and %d stand for user, client identifier and device; unset: whatever a route takes") \
	X(S, LIST, routes, OPT, NULL, route, 0, TP_MAX_MQTT_ROUTES, "From MQTT topics to formats and Kafka topics") \
	X(S, ENUM, unmapped, DEF, "refuse", unmapped, 0, 0, "Messages whose topic no route takes: refuse them, or keep them as they are on the topic of kind mqtt_message") \
	X(S, ENUM, subscribe, DEF, "refuse", subscribe, 0, 0, "A client that subscribes, which nobody can here: every filter is answered with the failure code, or its connection is closed") \
	X(S, ENUM, unknown_devices, DEF, "refuse", unknown, 0, 0, "Devices whose name is in none of the sources: refuse their CONNECT, or accept them under their name") \
	X(S, STRS, groups, OPT, "[rsus]", group, 1, 64, "Groups of sources this listener accepts: their rows with an identity") \
	X(S, LIST, sources, OPT, NULL, source, 0, 65000, "Further sources this listener accepts, with an identity each") \
	X(S, UINT, max_packet, DEF, "0", octets, 0, 16777216, "Largest MQTT packet, at least 1024; 0: 65536, or the largest whose message fits into a batch (memory.batch_bytes) and into a quarter of workers.arena_bytes where that is less") \
	X(S, UINT, in_flight, DEF, "64", messages, 1, 65535, "Messages of QoS 1 and 2 a connection may have without acknowledgement") \
	X(S, UINT, alias_max, DEF, "16", aliases, 0, 64, "Topic aliases a connection may have, MQTT 5") \
	X(S, UINT, keep_alive_max_s, DEF, "3600", seconds, 0, 65535, "A client with a longer keep alive, or none, has this one; 0: what the client says") \
	X(S, UINT, session_expiry_max_s, DEF, "86400", seconds, 0, 4294967294, "How long a session is kept at most after its connection") \
	X(S, UINT, connect_timeout_ms, DEF, "10000", milliseconds, 100, 600000, "A connection without CONNECT is closed after this time") \
	X(S, UINT, connect_rate, DEF, "0", connections, 0, 10000000, "CONNECTs a second and worker, above which they are answered as busy; 0: no limit") \
	X(S, UINT, connect_rate_prefix, DEF, "0", connections, 0, 10000000, "The same for the senders of each /24 or /64; 0: no limit")

#define CONF_OPTIONS_guard_listener(X, S) \
	X(S, STR, listener, REQ, "v2x", _, 1, 64, "Name of a UDP or MQTT listener") \
	X(S, UINT, rate, REQ, "50000", packets, 1, 100000000, "Packets a second it may get; what is above is dropped and counted as guard_listener_rate") \
	X(S, UINT, burst, DEF, "0", packets, 0, 100000000, "Packets that may come at once; 0: those of a second")

#define CONF_OPTIONS_guard(X, S) \
	X(S, STRS, deny, OPT, "[198.51.100.0/24]", prefix, 2, 49, "Sources whose packets are dropped, as addresses or prefixes; of deny and allow the longest prefix counts") \
	X(S, STRS, allow, OPT, "[198.51.100.7]", prefix, 2, 49, "Exceptions from deny. To allow nobody else: deny 0.0.0.0/0 and ::/0") \
	X(S, UINT, source_rate, DEF, "0", packets, 0, 100000000, "Packets a second of one source: an IPv4 address, a /64 of IPv6, or a link-local address; 0: no limit") \
	X(S, UINT, source_burst, DEF, "0", packets, 0, 100000000, "Packets of a source that may come at once; 0: those of a second") \
	X(S, UINT, syn_rate, DEF, "0", segments, 0, 100000000, "SYNs a second of all sources together; 0: no limit") \
	X(S, UINT, syn_burst, DEF, "0", segments, 0, 100000000, "SYNs that may come at once; 0: those of a second") \
	X(S, UINT, sources, DEF, "65536", sources, 64, 16777216, "Sources whose rate is kept, 16 octets each in a worker; the one that lost least goes for a new one") \
	X(S, LIST, listeners, OPT, "#", guard_listener, 0, TP_MAX_LISTENERS, "Rates of listeners")

#define CONF_OPTIONS_topic(X, S) \
	X(S, STR, name, REQ, "raw.v2x.bsm.v1", _, 1, 249, "Name of the Kafka topic, or of the file") \
	X(S, ENUM, kind, OPT, "bsm", kind, 0, 0, "Kind of record; unset: the kind whose default topic has this name") \
	X(S, ENUM, encoding, DEF, "avro", encoding, 0, 0, "Form of the values; the file sink always writes json") \
	X(S, UINT, schema_id, DEF, "0", _, 0, 4294967295, "Id of the Avro schema in the registry, sent in front of every value") \
	X(S, BOOL, keep_payload, DEF, "false", _, 0, 0, "Send the datagram as received along in the field payload") \
	X(S, UINT, partitions, DEF, "0", partitions, 0, 10000, "When the topic is created; 0: sink.kafka.partitions") \
	X(S, UINT, replication, DEF, "0", replicas, 0, 32767, "When the topic is created; 0: sink.kafka.replication")

#define CONF_OPTIONS_list(X, S) \
	X(S, STR, name, REQ, "stolen", _, 1, 255, "Name of the list where the file has no column list") \
	X(S, STR, path, REQ, "stolen.csv", _, 1, 4096, "CSV file with a header line: plate, jurisdiction, list, category, priority, valid_from, valid_to") \
	X(S, BOOL, covert, DEF, "false", _, 0, 0, "Its alerts go to their topic as any, and are left out of what HTTP and turnpikectl show; see monitoring.md")

#define CONF_OPTIONS_rule(X, S) \
	X(S, STR, name, REQ, "wrong-way", _, 1, 255, "Name of the rule in alerts") \
	X(S, ENUM, kind, REQ, "plate_read", kind, 0, 0, "Kind of record it looks at") \
	X(S, STR, field, DEF, "payload", _, 1, 64, "Field of the kind or of the envelope it looks at; payload: the datagram as received") \
	X(S, STR, regex, REQ, "wrong.?way", _, 1, 16384, "Regular expression (PCRE without back-references and look-around)") \
	X(S, BOOL, caseless, DEF, "false", _, 0, 0, "Upper and lower case are the same") \
	X(S, STR, category, OPT, "safety", _, 1, 255, "Category of its alerts") \
	X(S, UINT, priority, DEF, "0", _, 0, 1000000, "Priority of its alerts; 0 is the highest") \
	X(S, BOOL, covert, DEF, "false", _, 0, 0, "Its alerts go to their topic as any, and are left out of what HTTP and turnpikectl show; see monitoring.md")

#define CONF_OPTIONS_kafka(X, S) \
	X(S, STR, brokers, DEF, "localhost:9092", _, 1, 4096, "Brokers to start from: host:port,host:port") \
	X(S, STR, client_id, DEF, "turnpike", _, 1, 255, "Name the brokers see") \
	X(S, ENUM, compression, DEF, "lz4", compression, 0, 0, "Compression of what is sent") \
	X(S, UINT, linger_ms, DEF, "5", milliseconds, 0, 900000, "How long a record waits for others that go to the same partition") \
	X(S, UINT, delivery_timeout_ms, DEF, "120000", milliseconds, 1000, 2147483647, "A record not acknowledged after this time is given up as timed_out") \
	X(S, UINT, connect_timeout_ms, DEF, "10000", milliseconds, 100, 600000, "How long to wait for a broker at start") \
	X(S, UINT, queue_messages, DEF, "200000", records, 1000, 10000000, "Records in librdkafka's queue; more wait in their batches") \
	X(S, BOOL, create_topics, DEF, "true", _, 0, 0, "Create topics that do not exist") \
	X(S, UINT, partitions, DEF, "4", partitions, 1, 10000, "Partitions of topics that are created") \
	X(S, UINT, replication, DEF, "1", replicas, 1, 32767, "Replicas of topics that are created") \
	X(S, STRS, properties, OPT, "[security.protocol=ssl]", property, 3, 4096, "Further librdkafka properties, each as name=value. Others than owner and group may not use the files of ssl.key.location, ssl.keystore.location and sasl.kerberos.keytab (mode 0640), nor this file where it holds a password")

#define CONF_OPTIONS_file(X, S) \
	X(S, STR, directory, DEF, "records", _, 1, 4096, "Folder for one file of JSON lines a topic. A file that is renamed or removed is followed by a new one") \
	X(S, ENUM, fsync, DEF, "interval", fsync, 0, 0, "When written records count as delivered: never waits for the disk, interval, or batch: after every batch") \
	X(S, UINT, fsync_interval_ms, DEF, "200", milliseconds, 1, 60000, "Interval of fsync: interval")

#define CONF_OPTIONS_sink(X, S) \
	X(S, ENUM, type, DEF, "kafka", sink, 0, 0, "Where records go; null counts them and lets them go") \
	X(S, SECTION, kafka, DEF, NULL, kafka, 0, 0, "The Kafka sink") \
	X(S, SECTION, file, DEF, NULL, file, 0, 0, "The file sink")

#define CONF_OPTIONS_dead_letters(X, S) \
	X(S, UINT, rate, DEF, "1000", records, 0, 100000000, "Dead letters a second and worker; what is above is counted and not sent")

#define CONF_OPTIONS_books(X, S) \
	X(S, UINT, interval_s, DEF, "10", seconds, 0, 86400, "The table of the books on standard error; 0: only at exit") \
	X(S, UINT, stats_interval_ms, DEF, "1000", milliseconds, 0, 3600000, "The books as records on ops.edge.stats.v1; 0: never")

#define CONF_OPTIONS_stop(X, S) \
	X(S, UINT, timeout_ms, DEF, "30000", milliseconds, 0, 3600000, "How long a stop waits for deliveries; then the rest counts as purged")

#define CONF_OPTIONS_log(X, S) \
	X(S, ENUM, dpdk, DEF, "error", log, 0, 0, "What DPDK may say on standard error")

#define CONF_OPTIONS_control(X, S) \
	X(S, STR, socket, OPT, "/run/turnpike/turnpike.sock", _, 1, 107, "Unix socket that turnpikectl talks to; unset: /run/turnpike/NAME.sock, NAME being the name at the top of the file") \
	X(S, STR, group, OPT, "turnpike", _, 1, 32, "Group whose members may use turnpikectl, the user turnpiked runs as among them; unset: only root and that user") \
	X(S, UINT, clients, DEF, "16", clients, 0, 1024, "Clients connected at the same time; 0: no control socket. A replay has none") \
	X(S, STR, audit, OPT, "audit.log", _, 1, 4096, "File that every change is appended to, one line of JSON each; unset: changes stand in the log only")

#define CONF_OPTIONS_http(X, S) \
	X(S, STR, listen, OPT, "127.0.0.1:9464", _, 1, 64, "Address and port of /metrics, /healthz, /readyz and the status page, IPv6 in brackets; none: no HTTP. Unset: 127.0.0.1:9464, and none where that is taken. An address that is not of the loopback network takes certificate, key and token_file") \
	X(S, STR, certificate, OPT, "http.pem", _, 1, 4096, "PEM file: the certificate and its chain, leaf first; unset: no TLS") \
	X(S, STR, key, OPT, "http.key", _, 1, 4096, "PEM file: its private key, without passphrase; others than owner and group may not use it (mode 0640)") \
	X(S, STR, token_file, OPT, "http.token", _, 1, 4096, "File with the token that clients show, one line of 16 to 512 octets: as Bearer, or as the password of Basic with any user. Others than owner and group may not use it (mode 0640)") \
	X(S, UINT, clients, DEF, "32", clients, 1, 1024, "Clients connected at the same time") \
	X(S, BOOL, hits, DEF, "false", _, 0, 0, "/metrics counts hits by list and by rule, with their names, for everybody who may read it; those that are covert are never there")

#define CONF_OPTIONS_turnpike(X, S) \
	X(S, STR, name, DEF, "turnpike", _, 1, 32, "Name of this appliance; tells apart several on one machine") \
	X(S, STR, site, DEF, "default", _, 1, 255, "Site of sources that name none") \
	X(S, SECTION, workers, DEF, NULL, workers, 0, 0, "Threads on the packet path") \
	X(S, SECTION, memory, DEF, NULL, memory, 0, 0, "Memory: all of it is reserved at start") \
	X(S, SECTION, tcp, DEF, NULL, tcp, 0, 0, "TCP connections, which carry MQTT: nothing is reserved where no MQTT listener is") \
	X(S, LIST, ports, REQ, NULL, port, 1, TP_MAX_PORTS, "Network ports") \
	X(S, LIST, groups, OPT, NULL, group, 0, 1000, "Groups of sources that several listeners accept") \
	X(S, LIST, listeners, OPT, NULL, listener, 0, TP_MAX_LISTENERS, "UDP listeners; one at least where there is no MQTT listener") \
	X(S, LIST, mqtt, OPT, "#", mqtt, 0, TP_MAX_MQTT_LISTENERS, "MQTT listeners") \
	X(S, SECTION, guard, DEF, NULL, guard, 0, 0, "Packets to the appliance that are dropped in front of everything else: in the XDP program of an af_xdp port, for each port; in each worker for other ports") \
	X(S, LIST, topics, OPT, NULL, topic, 0, TP_MAX_TOPICS, "Topics that differ from the defaults; the first one of a kind takes the place of its default topic, further ones are for listeners that name them") \
	X(S, LIST, lists, OPT, "#", list, 0, 1000, "Plate lists") \
	X(S, LIST, rules, OPT, NULL, rule, 0, 10000, "Alert rules") \
	X(S, SECTION, sink, DEF, NULL, sink, 0, 0, "Where records go") \
	X(S, SECTION, dead_letters, DEF, NULL, dead_letters, 0, 0, "Input that could not be decoded, on dlq.v1") \
	X(S, SECTION, books, DEF, NULL, books, 0, 0, "The books: every packet and record under a name") \
	X(S, SECTION, stop, DEF, NULL, stop, 0, 0, "The orderly stop") \
	X(S, SECTION, log, DEF, NULL, log, 0, 0, "Messages") \
	X(S, SECTION, control, DEF, NULL, control, 0, 0, "The control socket") \
	X(S, SECTION, http, DEF, NULL, http, 0, 0, "HTTP: metrics, health and the status page. A replay has none")

/* Inner sections first. */
#define CONF_SECTIONS(X) \
	X(workers) X(memory) X(tcp) X(port) X(source) X(group) X(listener) X(tls) X(route) X(mqtt) X(guard_listener) X(guard) X(topic) X(list) X(rule) X(kafka) X(file) X(sink) \
	X(dead_letters) X(books) X(stop) X(log) X(control) X(http) X(turnpike)
/* clang-format on */

/* ---- the structs libcyaml fills: struct conf_<section> ----------------------------------------------------------------------- */
#define CONF_MEMBER_STR(key, arg)     char *key;
#define CONF_MEMBER_UINT(key, arg)    uint32_t key;
#define CONF_MEMBER_INT(key, arg)     int32_t key;
#define CONF_MEMBER_BOOL(key, arg)    bool key;
#define CONF_MEMBER_ENUM(key, arg)    int32_t key;
#define CONF_MEMBER_SECTION(key, arg) struct conf_##arg key;
#define CONF_MEMBER_LIST(key, arg)                                                                                                 \
	struct conf_##arg *key;                                                                                                    \
	uint32_t key##_count;
#define CONF_MEMBER_STRS(key, arg)                                                                                                 \
	char **key;                                                                                                                \
	uint32_t key##_count;
#define CONF_MEMBER_INTS(key, arg)                                                                                                 \
	int32_t *key;                                                                                                              \
	uint32_t key##_count;
#define CONF_MEMBER(S, type, key, presence, text, arg, min, max, help) CONF_MEMBER_##type(key, arg)
#define CONF_STRUCT(S)                                                                                                             \
	struct conf_##S {                                                                                                          \
		CONF_OPTIONS_##S(CONF_MEMBER, S)                                                                                   \
	};
CONF_SECTIONS(CONF_STRUCT)

/* ---- their descriptions -------------------------------------------------------------------------------------------------------- */
enum conf_type {
	CONF_TYPE_STR,
	CONF_TYPE_UINT,
	CONF_TYPE_INT,
	CONF_TYPE_BOOL,
	CONF_TYPE_ENUM,
	CONF_TYPE_SECTION,
	CONF_TYPE_LIST,
	CONF_TYPE_STRS,
	CONF_TYPE_INTS,
};

enum conf_presence { CONF_REQ, CONF_DEF, CONF_OPT, CONF_ALT };

struct conf_option {
	const char *key;
	enum conf_type type;
	enum conf_presence presence;
	const char *text; /* default or example, as in YAML */
	const char *unit; /* "_": none */
	int64_t min, max;
	const char *help;
	size_t offset;
	const struct conf_section *sub; /* SECTION, LIST */
	const cyaml_strval_t *choices;  /* ENUM */
	unsigned int n_choices;
};

struct conf_section {
	const char *name;
	const struct conf_option *options;
	unsigned int count;
	size_t size;
	const cyaml_schema_field_t *fields;
};

/* The whole file. */
extern const struct conf_section *const conf_root;

const struct conf_option *conf_option_by_key(const struct conf_section *section, const char *key);

#endif
