/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The descriptions of all records, made from the field tables: what the JSON printer, the schema writer, the documentation and the alert
 * rules walk.
 */
#include <errno.h>

#include "tp_record.h"

#define SYMBOL_TEXT(E, symbol) #symbol,
#define DEFINE_ENUM(E)                                                                                                             \
	static const char *const symbols_##E[] = {TP_SYMBOLS_##E(SYMBOL_TEXT, E)};                                                 \
	static const struct tp_enum enum_##E = {#E, symbols_##E, sizeof(symbols_##E) / sizeof(symbols_##E[0])};
TP_ENUMS(DEFINE_ENUM)

#define SUB_BOOL(arg)  NULL
#define SUB_INT(arg)   NULL
#define SUB_LONG(arg)  NULL
#define SUB_FLOAT(arg) NULL
#define SUB_STR(arg)   NULL
#define SUB_BYTES(arg) NULL
#define SUB_ID(arg)    NULL
#define SUB_TIME(arg)  NULL
#define SUB_ENUM(arg)  NULL
#define SUB_GROUP(arg) &schema_##arg
#define SUB_ARRAY(arg) &schema_##arg
#define SYM_BOOL(arg)  NULL
#define SYM_INT(arg)   NULL
#define SYM_LONG(arg)  NULL
#define SYM_FLOAT(arg) NULL
#define SYM_STR(arg)   NULL
#define SYM_BYTES(arg) NULL
#define SYM_ID(arg)    NULL
#define SYM_TIME(arg)  NULL
#define SYM_ENUM(arg)  &enum_##arg
#define SYM_GROUP(arg) NULL
#define SYM_ARRAY(arg) NULL
#define OPTIONAL_REQ   false
#define OPTIONAL_OPT   true

#define FIELD_ROW(K, presence, ftype, fname, arg, fdoc)                                                                            \
	{.name = #fname,                                                                                                           \
	        .doc = fdoc,                                                                                                       \
	        .type = TP_TYPE_##ftype,                                                                                           \
	        .optional = OPTIONAL_##presence,                                                                                   \
	        .index = TP_F_##K##_##fname,                                                                                       \
	        .offset = offsetof(struct tp_##K, fname),                                                                          \
	        .sub = SUB_##ftype(arg),                                                                                           \
	        .symbols = SYM_##ftype(arg)},
#define DEFINE_FIELDS(K) static const struct tp_field fields_##K[] = {TP_FIELDS_##K(FIELD_ROW, K)};
#define DEFINE_NESTED(K)                                                                                                           \
	DEFINE_FIELDS(K)                                                                                                           \
	static const struct tp_schema schema_##K = {#K, NULL, NULL, fields_##K, TP_FCOUNT_##K, sizeof(struct tp_##K)};
#define DEFINE_KIND(K, topic, doc) DEFINE_FIELDS(K)

DEFINE_FIELDS(envelope)
TP_NESTED(DEFINE_NESTED)
TP_KINDS(DEFINE_KIND)

const struct tp_schema tp_schema_envelope = {
        "envelope", NULL, "What every record starts with", fields_envelope, TP_FCOUNT_envelope, sizeof(struct tp_envelope)};

#define SCHEMA_ROW(K, topic, doc) [TP_KIND_##K] = {#K, topic, doc, fields_##K, TP_FCOUNT_##K, sizeof(struct tp_##K)},
const struct tp_schema tp_schema_of_kind[TP_KIND_COUNT] = {TP_KINDS(SCHEMA_ROW)};

int tp_kind_by_name(struct tp_slice name)
{
	for (int i = 0; i < TP_KIND_COUNT; i++)
		if (tp_slice_is(name, tp_schema_of_kind[i].name))
			return i;
	return -ENOENT;
}

const struct tp_field *tp_field_by_name(const struct tp_schema *schema, struct tp_slice name)
{
	for (unsigned int i = 0; i < schema->count; i++)
		if (tp_slice_is(name, schema->fields[i].name))
			return &schema->fields[i];
	return NULL;
}
