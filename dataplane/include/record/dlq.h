/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_DLQ_H
#define TP_RECORD_DLQ_H
/* clang-format off */
/* Input that was not decoded: kept whole, with the place where it went wrong. */
#define TP_ENUMS_dlq(X)
#define TP_NESTED_dlq(X)
#define TP_FIELDS_dlq(X, K) \
	X(K, REQ, STR, listener, _, "Listener that received it") \
	X(K, REQ, STR, stage, _, "Decoder stage that gave up") \
	X(K, REQ, STR, reason, _, "Name of the counter that moved") \
	X(K, REQ, INT, offset, _, "First byte that could not be accepted") \
	X(K, REQ, LONG, suppressed, _, "Malformed inputs of this worker that were counted, not sent, since the last one sent") \
	X(K, REQ, BYTES, bytes, _, "The datagram as received; hex in JSON")
/* clang-format on */

#endif
