/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_V2X_MESSAGE_H
#define TP_RECORD_V2X_MESSAGE_H
/* clang-format off */
/*
 * Every SAE J2735 message that has no table of its own: what it is, its leading counters and its bytes. The fields about the frame
 * are shared with the tables of BSM and SPAT.
 */
#define TP_ENUMS_v2x_message(X) X(v2x_security)
#define TP_SYMBOLS_v2x_security(S, E) S(E, none) S(E, unsecured) S(E, signed)

#define TP_FIELDS_V2X_FRAME(X, K) \
	X(K, REQ, ENUM, security, v2x_security, "IEEE 1609.2 around the frame: none, unsecured, or signed (the signature is kept in the datagram, not verified)") \
	X(K, OPT, LONG, psid, _, "Provider service identifier of the WSMP header, where there was one") \
	X(K, REQ, INT, frame_offset, _, "First octet of the MessageFrame in the datagram") \
	X(K, REQ, INT, frame_len, _, "Octets of the MessageFrame")

#define TP_NESTED_v2x_message(X)
#define TP_FIELDS_v2x_message(X, K) \
	TP_FIELDS_V2X_FRAME(X, K) \
	X(K, REQ, INT, message_id, _, "DSRCmsgID, 18..50") \
	X(K, REQ, STR, type, _, "Short name of the message: MAP, TIM, SRM, SSM, PSM, SDSM, RSM, RTCM, EVA, TUM...") \
	X(K, OPT, INT, msg_cnt, _, "msgCnt, msgIssueRevision or sequenceNumber of the message, 0..127") \
	X(K, OPT, INT, time_stamp, _, "MinuteOfTheYear, 0..527039; 527040: unavailable") \
	X(K, OPT, INT, second, _, "DSecond: ms in the minute, 60000..60999 in a leap second; 65535: unavailable") \
	X(K, OPT, LONG, id, _, "TemporaryID of the sender, unsigned 32 bits") \
	X(K, OPT, BYTES, packet_id, _, "packetID of a TIM, 9 octets") \
	X(K, OPT, INT, region, _, "RoadRegulatorID of the first intersection of a MAP, SRM or SSM") \
	X(K, OPT, INT, intersection_id, _, "IntersectionID of the first intersection of a MAP, SRM or SSM") \
	X(K, REQ, BYTES, frame, _, "The MessageFrame as received, UPER")
/* clang-format on */

#endif
