/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_EDGE_STATS_H
#define TP_RECORD_EDGE_STATS_H
/* The books of one source, or of all together, as one record. The counters are read while packets move: in_workers and in_flight are on their way. */
#define TP_ENUMS_edge_stats(X)       X(stats_scope)
#define TP_SYMBOLS_stats_scope(S, E) S(E, total) S(E, nobody) S(E, source)
#define TP_NESTED_edge_stats(X)      X(edge_counter)
/* clang-format off */
#define TP_FIELDS_edge_counter(X, K)                                                                                   \
	X(K, REQ, STR, name, _, "Name of the counter")                                                                 \
	X(K, REQ, LONG, count, _, "Its value")
#define TP_FIELDS_edge_stats(X, K)                                                                                     \
	X(K, REQ, ENUM, scope, stats_scope, "Of the whole appliance, of what never reached a listener, or of one source") \
	X(K, OPT, STR, source_site, _, "Site of the source")                                                           \
	X(K, OPT, STR, source_device, _, "Device of the source")                                                       \
	X(K, OPT, STR, source_lane, _, "Lane of the source")                                                           \
	X(K, REQ, BOOL, balanced, _, "False where more came out of a side of the books than went in; the equations hold exactly once nothing is on its way") \
	X(K, REQ, LONG, received, _, "Packets received")                                                               \
	X(K, REQ, LONG, extra, _, "Records beyond the first of their datagram")                                        \
	X(K, REQ, LONG, decoded, _, "Records decoded")                                                                 \
	X(K, REQ, LONG, malformed, _, "Datagrams refused as malformed")                                                \
	X(K, REQ, LONG, refused, _, "Datagrams refused by policy")                                                     \
	X(K, REQ, LONG, dropped, _, "Packets dropped")                                                                 \
	X(K, REQ, LONG, answered, _, "Packets answered by the appliance itself, and fragments absorbed")               \
	X(K, REQ, LONG, suppressed, _, "Records suppressed by policy")                                                 \
	X(K, REQ, LONG, emitted, _, "Records handed to the batches, of every kind")                                    \
	X(K, REQ, LONG, acknowledged, _, "Records acknowledged by the sink")                                           \
	X(K, REQ, LONG, in_workers, _, "Packets received and not yet accounted for")                                   \
	X(K, REQ, LONG, in_flight, _, "Records between batch and acknowledgement")                                     \
	X(K, REQ, LONG, spooled, _, "Records on disk, waiting for Kafka")                                              \
	X(K, REQ, LONG, failed, _, "Records the sink gave up, by a named reason")                                      \
	X(K, REQ, ARRAY, reasons, edge_counter, "Every counter with a reason that is not zero")
/* clang-format on */

#endif
