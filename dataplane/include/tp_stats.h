/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_STATS_H
#define TP_STATS_H
/*
 * Counters and the books. One line here is a counter: it shows up in the books, in metrics, in the CLI and in the page.
 *
 * Every worker keeps one struct tp_book a source in memory of its own and adds to it without atomics; control reads them while they
 * move. X(name, class, help). The class says on which side of the equations of the books a counter stands:
 *
 *   received + extra = decoded + malformed + refused + dropped + answered
 *   decoded          = suppressed + emitted           (emitted: FLOW counter `emitted`, records of the raw kinds)
 *   emitted + alerts + covert_alerts + dead_letters + device_events + published = acknowledged + in flight + spooled + failed
 *       (published and the right side are kept by control; published are records of its own, see tp_books.h)
 *   dead_letters + dead_letters_limited + dead_letters_lost = malformed + refused by a decoder
 *
 * What moves for covert lists and rules alone is of class COVERT: it is in the books, and nobody else is shown it (tp_books.h).
 */
#include <stdint.h>

#include "tp_seen.h"

/* clang-format off */
#define TP_COUNTERS(X)                                                                                                 \
	/* the flow: what moves with every record stands in the first 64 octets of a book */                          \
	X(received, FLOW, "Packets received")                                                                          \
	X(extra, FLOW, "Records beyond the first of their datagram")                                                   \
	X(decoded, FLOW, "Records decoded")                                                                            \
	X(suppressed, FLOW, "Records suppressed by policy")                                                            \
	X(emitted, FLOW, "Records of the raw kinds handed to a batch")                                                 \
	X(received_bytes, FLOW, "Octets of the UDP payloads received")                                                 \
	X(emitted_bytes, FLOW, "Octets of the values handed to batches")                                               \
	X(alerts, FLOW, "Alert records handed to a batch")                                                             \
	X(dead_letters, FLOW, "Dead-letter records handed to a batch")                                                 \
	X(dead_letters_limited, FLOW, "Malformed or refused input above the dead-letter rate: counted, not sent")      \
	X(dead_letters_lost, FLOW, "Dead-letter records not made because no batch was free or they were larger than one") \
	X(alerts_lost, FLOW, "Alert records not made because no batch or hit slot was free")                           \
	X(covert_alerts, COVERT, "Alert records of covert lists and rules handed to a batch")                             \
	X(covert_bytes, COVERT, "Octets of the values of covert alerts handed to batches")                                \
	X(scans_refused, FLOW, "Scans that Hyperscan refused, so that alerts may be missing: 0 unless there is a defect") \
	X(tx_full, FLOW, "Answers the port did not take; they are counted as answered too")                            \
	X(tcp_opened, FLOW, "TCP connections whose handshake was completed")                                           \
	X(tcp_reset_received, FLOW, "TCP connections the peer reset")                                                  \
	X(tcp_reset_sent, FLOW, "TCP resets sent")                                                                     \
	X(tcp_reset_limited, FLOW, "TCP segments of no connection that got no reset, because tcp.reset_rate was used up") \
	X(tcp_timed_out, FLOW, "TCP connections given up because nothing was acknowledged any more")                   \
	X(tcp_retransmitted, FLOW, "TCP segments sent again")                                                          \
	X(tcp_out_of_order, FLOW, "TCP segments kept because octets before them were missing")                         \
	X(tcp_duplicate, FLOW, "TCP segments whose octets had all come before")                                        \
	X(tcp_challenge_ack, FLOW, "Challenge acknowledgements (RFC 5961)")                                            \
	X(tcp_cookie_sent, FLOW, "SYN cookies sent (RFC 4987)")                                                        \
	X(tcp_cookie_accepted, FLOW, "Connections opened by a SYN cookie that came back")                              \
	X(tcp_zero_window, FLOW, "Times a receive window was announced as 0")                                          \
	X(tcp_window_update, FLOW, "Window updates sent because the application took data again")                      \
	X(tcp_half_open_expired, FLOW, "TCP handshakes given up because the third segment did not come")               \
	X(tcp_no_buffer, FLOW, "TCP segments not sent for want of a packet buffer: TCP sends them again")                 \
	X(tls_handshake, FLOW, "TLS handshakes completed")                                                             \
	X(tls_resumed, FLOW, "TLS handshakes completed from a ticket")                                                 \
	X(tls_full, FLOW, "TLS connections refused because the listener has as many as tls.connections says") \
	X(tls_failed, FLOW, "TLS handshakes that failed and connections ended by a TLS error")                         \
	X(mqtt_connected, FLOW, "MQTT CONNECTs accepted")                                                              \
	X(mqtt_connect_refused, FLOW, "MQTT CONNECTs refused, for any reason")                                         \
	X(mqtt_bad_login, FLOW, "MQTT CONNECTs with a wrong user or password, or without one")                         \
	X(mqtt_connect_rate, FLOW, "MQTT CONNECTs above the rate of the listener or of the prefix")                    \
	X(mqtt_connect_device, FLOW, "MQTT CONNECTs of a client without a device name, or with one that the listener does not know, or whose will may not be on its topic") \
	X(mqtt_connect_version, FLOW, "MQTT CONNECTs of a version that the listener does not take")                     \
	X(mqtt_connect_client_id, FLOW, "MQTT CONNECTs whose client identifier is too long, or empty where it may not be") \
	X(mqtt_connect_memory, FLOW, "MQTT CONNECTs for which a budget of memory or of clients was used up")            \
	X(mqtt_login_timeout, FLOW, "MQTT CONNECTs refused as busy because their password was not checked in time") \
	X(mqtt_connect_timeout, FLOW, "Connections without a CONNECT in time")                                         \
	X(mqtt_keep_alive, FLOW, "MQTT connections closed because they were silent for 1.5 times their keep alive")    \
	X(mqtt_held_silent, FLOW, "MQTT connections closed because nothing was heard of their peer while their messages waited") \
	X(mqtt_taken_over, FLOW, "MQTT connections closed because their client identifier connected again")            \
	X(mqtt_protocol_error, FLOW, "MQTT connections closed because of a malformed packet or a protocol error")      \
	X(mqtt_not_reading, FLOW, "MQTT connections closed because they did not read their acknowledgements")          \
	X(mqtt_acknowledged, FLOW, "MQTT messages of QoS 1 and 2 acknowledged (PUBACK, PUBREC)")                       \
	X(mqtt_not_acknowledged, FLOW, "MQTT messages of QoS 1 and 2 whose records were not all delivered: refused in version 5, connection closed before it") \
	X(mqtt_held, FLOW, "Times a connection was held because its messages wait for Kafka")                          \
	X(mqtt_subscribe_refused, FLOW, "Filters of SUBSCRIBE refused")                                                \
	X(mqtt_state_lost, FLOW, "Times session state of MQTT clients could not be kept because the memory for it was used up: QoS 2 may deliver twice") \
	X(device_events, FLOW, "Records of ops.device.v1 handed to a batch")                                           \
	X(device_events_lost, FLOW, "Records of ops.device.v1 not made because no batch was free")                     \
	/* packets the appliance answers or keeps */                                                                   \
	X(arp, ANSWERED, "ARP packets handled")                                                                        \
	X(icmp_echo, ANSWERED, "ICMP and ICMPv6 echo requests answered")                                               \
	X(icmp_error, ANSWERED, "ICMP and ICMPv6 errors about TCP segments of ours")                                  \
	X(neighbour, ANSWERED, "IPv6 neighbour discovery packets handled")                                             \
	X(fragment_absorbed, ANSWERED, "Fragments that became part of a reassembled datagram")                         \
	X(tcp_segments, ANSWERED, "TCP segments handled")                                                              \
	X(mqtt_duplicate, ANSWERED, "MQTT messages sent again whose first sending is acknowledged already")            \
	/* refused: understood, but not wanted */                                                                      \
	X(unknown_source, REFUSED, "Datagrams of a source the listener does not know")                                 \
	X(mqtt_not_authorized, REFUSED, "MQTT messages on a topic the client may not publish on")                      \
	X(mqtt_unmapped, REFUSED, "MQTT messages on a topic that no route takes")                                      \
	X(encrypted, REFUSED_BY_DECODER, "IEEE 1609.2 encrypted data")                                                 \
	X(not_a_read, REFUSED_BY_DECODER, "Camera events that carry no plate read (heartbeat, vehicle, image)")        \
	/* dropped: below the decoders */                                                                              \
	X(guard_denied, DROPPED, "Packets of a source that the guard denies")                                          \
	X(guard_source_rate, DROPPED, "Packets above the rate that the guard allows a source")                         \
	X(guard_listener_rate, DROPPED, "Packets above the rate that the guard allows a listener")                     \
	X(guard_syn_rate, DROPPED, "SYNs above the rate that the guard allows all of them")                            \
	X(guard_fragment, DROPPED, "Fragments of a datagram of which the guard dropped another")                       \
	X(eth_short, DROPPED, "Frames shorter than their Ethernet header")                                             \
	X(eth_not_ours, DROPPED, "Frames to a MAC address that is not ours")                                           \
	X(eth_type, DROPPED, "Frames of an EtherType nobody handles")                                                  \
	X(vlan_depth, DROPPED, "Frames with more than two VLAN tags")                                                  \
	X(arp_malformed, DROPPED, "ARP packets that are not for IPv4 over Ethernet or too short")                      \
	X(arp_not_ours, DROPPED, "ARP requests for an address that is not ours")                                       \
	X(ip4_header, DROPPED, "IPv4 headers with a wrong version, length or total length")                            \
	X(ip4_checksum, DROPPED, "IPv4 headers with a wrong checksum")                                                 \
	X(ip4_not_ours, DROPPED, "IPv4 packets to an address that is not ours")                                        \
	X(ip4_source, DROPPED, "IPv4 packets from a source address no host may use")                                   \
	X(ip4_protocol, DROPPED, "IPv4 packets of a protocol nobody handles")                                          \
	X(ip6_header, DROPPED, "IPv6 headers with a wrong version or length")                                          \
	X(ip6_not_ours, DROPPED, "IPv6 packets to an address that is not ours")                                        \
	X(ip6_source, DROPPED, "IPv6 packets from a source address no host may use")                                   \
	X(ip6_extension, DROPPED, "IPv6 extension headers that are malformed, too many or ask to be discarded")        \
	X(ip6_protocol, DROPPED, "IPv6 packets of a next header nobody handles")                                       \
	X(icmp_malformed, DROPPED, "ICMP or ICMPv6 messages that are malformed")                                       \
	X(icmp_type, DROPPED, "ICMP or ICMPv6 messages of a type nobody handles")                                      \
	X(neighbour_not_ours, DROPPED, "Neighbour solicitations for an address that is not ours")                      \
	X(fragment_malformed, DROPPED, "Fragments with an impossible offset or length")                                \
	X(fragment_overlap, DROPPED, "Fragments of a datagram in which fragments overlap")                             \
	X(fragment_timeout, DROPPED, "Fragments whose datagram was not complete in time, or at the end")               \
	X(fragment_store_full, DROPPED, "Fragments for which the bounded store had no room")                           \
	X(udp_header, DROPPED, "UDP headers with an impossible length")                                                \
	X(udp_checksum, DROPPED, "UDP datagrams with a wrong checksum")                                                \
	X(udp_no_listener, DROPPED, "UDP datagrams to a port nobody listens on")                                       \
	X(tcp_header, DROPPED, "TCP headers that are too short or whose length is impossible")                         \
	X(tcp_checksum, DROPPED, "TCP segments with a wrong checksum")                                                 \
	X(tcp_no_listener, DROPPED, "TCP segments to a port nobody listens on; answered with a reset")                 \
	X(tcp_no_connection, DROPPED, "TCP segments of no connection that open none; answered with a reset unless they are one") \
	X(tcp_cookie_wrong, DROPPED, "TCP segments that may belong to a SYN cookie but do not open its connection; not answered") \
	X(tcp_address, DROPPED, "TCP segments from or to a broadcast, multicast or unspecified address")               \
	X(tcp_not_acceptable, DROPPED, "TCP segments outside the window")                                              \
	X(tcp_paws, DROPPED, "TCP segments with a time stamp older than the last (PAWS)")                              \
	X(tcp_no_time_stamp, DROPPED, "TCP segments without the time stamp that was agreed on (RFC 7323, 3.2)")        \
	X(tcp_flags, DROPPED, "TCP segments whose flags mean nothing: neither ACK nor SYN nor RST")                    \
	X(tcp_bad_ack, DROPPED, "TCP segments that acknowledge what was never sent, or too old")                       \
	X(tcp_bad_reset, DROPPED, "TCP resets and SYNs inside the window that were challenged (RFC 5961)")             \
	X(tcp_syn_full, DROPPED, "SYNs for which there was no room")                                                   \
	X(tcp_memory_full, DROPPED, "TCP segments for which no chunk was free or whose connection had used its share") \
	X(tcp_gaps, DROPPED, "TCP segments that would have made more gaps than a connection may have")                 \
	X(spread_full, DROPPED, "Datagrams whose worker did not take them in time")                                    \
	X(arena_full, DROPPED, "Datagrams for which the worker's arena had no room")                                   \
	X(mbuf_exhausted, DROPPED, "Records beyond the first of a datagram for which no packet buffer was free")       \
	X(batch_exhausted, DROPPED, "Records for which no free batch was left: the sink is slow or away")              \
	X(mqtt_shed, DROPPED, "MQTT messages of QoS 0 dropped by policy while Kafka was slow or away")                 \
	X(record_too_large, DROPPED, "Records larger than a batch")                                                    \
	/* malformed: what a decoder found */                                                                          \
	X(empty, MALFORMED, "Nothing in it")                                                                           \
	X(truncated, MALFORMED, "Ends before its content does")                                                        \
	X(bad_length, MALFORMED, "A length that contradicts what is around it")                                        \
	X(bad_tag, MALFORMED, "A tag, choice or version that the standard does not have here")                         \
	X(out_of_range, MALFORMED, "A value outside the standard's range")                                             \
	X(unknown_message, MALFORMED, "A J2735 message id nobody knows")                                               \
	X(json_syntax, MALFORMED, "Not JSON")                                                                          \
	X(json_depth, MALFORMED, "JSON nested deeper than the reader's limit")                                         \
	X(json_string, MALFORMED, "A JSON string with a broken escape, a control character or broken UTF-8")           \
	X(json_type, MALFORMED, "A JSON value of another type than the field has")                                     \
	X(missing_field, MALFORMED, "A field is missing without which the record means nothing")                       \
	X(unknown_format, MALFORMED, "JSON that is none of the known events")                                          \
	X(too_many, MALFORMED, "More results in one datagram than the reader's limit")

/* clang-format on */

enum tp_counter_class {
	TP_CLASS_FLOW,
	TP_CLASS_ANSWERED,
	TP_CLASS_REFUSED,
	TP_CLASS_REFUSED_BY_DECODER,
	TP_CLASS_DROPPED,
	TP_CLASS_MALFORMED,
	TP_CLASS_COVERT,
};

#define TP_COUNTER_ENUM(name, class, help) TP_C_##name,
enum tp_counter { TP_COUNTERS(TP_COUNTER_ENUM) TP_COUNTER_COUNT };

struct tp_counter_desc {
	const char *name;
	const char *help;
	enum tp_counter_class class;
};

/* Indexed by enum tp_counter. */
extern const struct tp_counter_desc tp_counter_descs[TP_COUNTER_COUNT];

/* The book of one source on one worker. Source 0 is "nobody": packets that never reached a listener. worker: rw, control: ro. */
struct tp_book {
	struct tp_seen seen;
	uint64_t c[TP_COUNTER_COUNT];
} __attribute__((aligned(64)));

#endif
