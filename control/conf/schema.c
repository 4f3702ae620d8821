/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The option tables as data: descriptions for the checks and the manual, and the schema libcyaml loads by.
 */
#include <cyaml/cyaml.h>

#include "options.h"

/* ---- choices of ENUM options --------------------------------------------------------------------------------------------------- */
#define CHOICE(text, value)  {text, value},
#define DEFINE_CHOICES(name) static const cyaml_strval_t choices_##name[] = {CONF_CHOICES_##name(CHOICE)};
DEFINE_CHOICES(port_type)
DEFINE_CHOICES(hugepages)
DEFINE_CHOICES(unknown)
DEFINE_CHOICES(encoding)
DEFINE_CHOICES(fsync)
DEFINE_CHOICES(sink)
DEFINE_CHOICES(compression)
DEFINE_CHOICES(log)
DEFINE_CHOICES(tls_client)
DEFINE_CHOICES(identity)
DEFINE_CHOICES(certificate_name)
DEFINE_CHOICES(slow)
DEFINE_CHOICES(subscribe)
DEFINE_CHOICES(unmapped)
static const cyaml_strval_t choices_kind[] = {TP_KINDS(CONF_CHOICE_OF_KIND)};

static const cyaml_schema_value_t value_text = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};
static const cyaml_schema_value_t value_number = {CYAML_VALUE_INT(CYAML_FLAG_DEFAULT, int32_t)};

/* ---- libcyaml -------------------------------------------------------------------------------------------------------------------- */
#define ENTRIES(S, key, entry)                                                                                                     \
	CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct conf_##S, key, entry, 0, CYAML_UNLIMITED),
#define CYAML_OF_STR(S, key, arg)                                                                                                  \
	CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct conf_##S, key, 0, CYAML_UNLIMITED),
#define CYAML_OF_UINT(S, key, arg) CYAML_FIELD_UINT(#key, CYAML_FLAG_OPTIONAL, struct conf_##S, key),
#define CYAML_OF_INT(S, key, arg)  CYAML_FIELD_INT(#key, CYAML_FLAG_OPTIONAL, struct conf_##S, key),
#define CYAML_OF_BOOL(S, key, arg) CYAML_FIELD_BOOL(#key, CYAML_FLAG_OPTIONAL, struct conf_##S, key),
#define CYAML_OF_ENUM(S, key, arg)                                                                                                 \
	CYAML_FIELD_ENUM(#key, CYAML_FLAG_OPTIONAL, struct conf_##S, key, choices_##arg, CYAML_ARRAY_LEN(choices_##arg)),
#define CYAML_OF_SECTION(S, key, arg)                                CYAML_FIELD_MAPPING(#key, CYAML_FLAG_OPTIONAL, struct conf_##S, key, fields_##arg),
#define CYAML_OF_LIST(S, key, arg)                                   ENTRIES(S, key, &value_##arg)
#define CYAML_OF_STRS(S, key, arg)                                   ENTRIES(S, key, &value_text)
#define CYAML_OF_INTS(S, key, arg)                                   ENTRIES(S, key, &value_number)
#define CYAML_ROW(S, type, key, presence, text, arg, min, max, help) CYAML_OF_##type(S, key, arg)

/* ---- descriptions ------------------------------------------------------------------------------------------------------------------ */
#define NO_SUB(arg)       NULL, NULL, 0
#define A_SUB(arg)        &section_##arg, NULL, 0
#define CHOICES(arg)      NULL, choices_##arg, CYAML_ARRAY_LEN(choices_##arg)
#define TAIL_STR(arg)     NO_SUB(arg)
#define TAIL_UINT(arg)    NO_SUB(arg)
#define TAIL_INT(arg)     NO_SUB(arg)
#define TAIL_BOOL(arg)    NO_SUB(arg)
#define TAIL_STRS(arg)    NO_SUB(arg)
#define TAIL_INTS(arg)    NO_SUB(arg)
#define TAIL_ENUM(arg)    CHOICES(arg)
#define TAIL_SECTION(arg) A_SUB(arg)
#define TAIL_LIST(arg)    A_SUB(arg)
#define UNIT(arg)         #arg
#define OPTION_ROW(S, type, key, presence, text, arg, min, max, help)                                                              \
	{#key, CONF_TYPE_##type, CONF_##presence, text, UNIT(arg), min, max, help, offsetof(struct conf_##S, key),                 \
	        TAIL_##type(arg)},

#define DEFINE_SECTION(S)                                                                                                          \
	static const cyaml_schema_field_t fields_##S[] = {CONF_OPTIONS_##S(CYAML_ROW, S) CYAML_FIELD_END};                         \
	static const cyaml_schema_value_t value_##S                                                                                \
	        __attribute__((unused)) = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct conf_##S, fields_##S)};                  \
	static const struct conf_option options_##S[] = {CONF_OPTIONS_##S(OPTION_ROW, S)};                                         \
	static const struct conf_section section_##S                                                                               \
	        __attribute__((unused)) = {#S, options_##S, CYAML_ARRAY_LEN(options_##S), sizeof(struct conf_##S), fields_##S};
CONF_SECTIONS(DEFINE_SECTION)

const struct conf_section *const conf_root = &section_turnpike;

const struct conf_option *conf_option_by_key(const struct conf_section *section, const char *key)
{
	for (unsigned int i = 0; i < section->count; i++)
		if (strcmp(section->options[i].key, key) == 0)
			return &section->options[i];
	return NULL;
}
