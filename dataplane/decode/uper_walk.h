/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_DECODE_UPER_WALK_H
#define TP_DECODE_UPER_WALK_H
/*
 * A structural walk over a UPER encoding by a table of its types: checks that every count, choice and constrained number is one the
 * standard allows and that the content ends inside its octets, without keeping a value. It is how a message that is passed on whole
 * is told from octets that merely look like its beginning.
 *
 * The macros below define types, inner ones first; the names of fields are those of the standard and for the reader only.
 */
#include "uper.h"

enum uper_op {
	UPER_FIXED,  /* `bits` bits, every value allowed */
	UPER_NUMBER, /* `bits` bits, at most `max`; of numbers and enumerations */
	UPER_FLAGS,  /* bit string of `bits` bits */
	UPER_STRING, /* `bits` bits of length, at most `max`, plus `low`; times `unit` bits */
	UPER_OID,    /* octets behind a length determinant */
	UPER_OPEN,   /* open type, its content not looked at */
	UPER_LIST,   /* `bits` bits of count, at most `max`, plus `low`; elements of `item` */
	UPER_RECORD, /* SEQUENCE of `members` */
	UPER_CHOICE, /* index of `bits` bits, at most `max`; one of `members` */
};

struct uper_type {
	uint8_t op;
	bool ext; /* has an extension marker */
	uint8_t bits;
	uint8_t unit;
	uint16_t low;
	uint16_t count; /* of members */
	uint32_t max;
	const struct uper_type *item;
	const struct uper_member {
		const struct uper_type *type;
		bool optional;
	} * members;
};

/* Walks one value of that type; sets the error of u where it is malformed. Depth is that of the tables, which hold no cycle. */
void uper_walk(struct uper *u, const struct uper_type *type);

#define UPER_TYPE_FIXED(name, n)        static const struct uper_type name = {.op = UPER_FIXED, .bits = n}
#define UPER_TYPE_NUMBER(name, n, most) static const struct uper_type name = {.op = UPER_NUMBER, .bits = n, .max = most}
#define UPER_TYPE_NUMBER_EXT(name, n, most)                                                                                        \
	static const struct uper_type name = {.op = UPER_NUMBER, .ext = true, .bits = n, .max = most}
#define UPER_TYPE_ENUM(name, n, last) UPER_TYPE_NUMBER(name, n, last)
#define UPER_TYPE_ENUM_EXT(name, n, last)                                                                                          \
	static const struct uper_type name = {.op = UPER_NUMBER, .ext = true, .unit = 6, .bits = n, .max = last}
#define UPER_TYPE_FLAGS_EXT(name, n) static const struct uper_type name = {.op = UPER_FLAGS, .ext = true, .bits = n}
/* SIZE(lowest..lowest + most), `each` bits an element: 7 for IA5String, 8 for OCTET STRING */
#define UPER_TYPE_STRING(name, n, lowest, most, each)                                                                              \
	static const struct uper_type name = {.op = UPER_STRING, .bits = n, .low = lowest, .max = most, .unit = each}
#define UPER_TYPE_OID(name)  static const struct uper_type name = {.op = UPER_OID}
#define UPER_TYPE_OPEN(name) static const struct uper_type name = {.op = UPER_OPEN}
#define UPER_TYPE_LIST(name, n, lowest, most, of)                                                                                  \
	static const struct uper_type name = {.op = UPER_LIST, .bits = n, .low = lowest, .max = most, .item = &of}
#define UPER_TYPE_LIST_EXT(name, n, lowest, most, of)                                                                              \
	static const struct uper_type name = {.op = UPER_LIST, .ext = true, .bits = n, .low = lowest, .max = most, .item = &of}
#define UPER_MEMBERS(name) .count = sizeof(name##_members) / sizeof(name##_members[0]), .members = name##_members
#define UPER_TYPE_RECORD(name, extensible, ...)                                                                                    \
	static const struct uper_member name##_members[] = {__VA_ARGS__};                                                          \
	static const struct uper_type name = {.op = UPER_RECORD, .ext = extensible, UPER_MEMBERS(name)}
#define UPER_TYPE_CHOICE(name, extensible, n, ...)                                                                                 \
	static const struct uper_member name##_members[] = {__VA_ARGS__};                                                          \
	static const struct uper_type name = {.op = UPER_CHOICE,                                                                   \
	        .ext = extensible,                                                                                                 \
	        .bits = n,                                                                                                         \
	        .max = sizeof(name##_members) / sizeof(name##_members[0]) - 1,                                                     \
	        UPER_MEMBERS(name)}
#define UPER_REQ(field, type)                                                                                                      \
	{                                                                                                                          \
		&type, false                                                                                                       \
	}
#define UPER_OPT(field, type)                                                                                                      \
	{                                                                                                                          \
		&type, true                                                                                                        \
	}

#endif
