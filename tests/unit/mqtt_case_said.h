/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_CASE_SAID_H
#define TP_TEST_MQTT_CASE_SAID_H
/*
 * What a server says, read by the tests themselves and not by the codec under test: packets cut out of a stream, their parts, and
 * whether they are what a case expects. Nothing here is lenient: a length, flag, reason code or property that a server may not send
 * is an error even where the case does not look at it.
 */
#include "mqtt_case_octets.h"

struct said {
	uint8_t first;
	uint32_t n;         /* of the packet as a whole */
	const uint8_t *all; /* the packet */
	bool present;
	uint16_t id;
	uint8_t reason;
	const uint8_t *codes; /* of SUBACK, UNSUBACK */
	uint32_t n_codes;
	const uint8_t *props;
	uint32_t n_props;
};

/* Octets of a property that servers may send, 0 for others or where it is cut. `places`: first octets of packets. */
static inline uint32_t said_property(const uint8_t *p, uint32_t n, uint8_t first)
{
	static const struct {
		uint8_t id, octets, connack_only; /* octets 0: a string, 255: a pair */
	} kinds[] = {{0x11, 4, 1}, {0x12, 0, 1}, {0x13, 2, 1}, {0x15, 0, 0}, {0x16, 0, 0}, {0x1a, 0, 1}, {0x1c, 0, 0}, {0x1f, 0, 0},
	        {0x21, 2, 1}, {0x22, 2, 1}, {0x24, 1, 1}, {0x25, 1, 1}, {0x26, 255, 0}, {0x27, 4, 1}, {0x28, 1, 1}, {0x29, 1, 1},
	        {0x2a, 1, 1}};
	uint32_t at = 1;

	for (size_t i = 0; n > 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].id != p[0] || (kinds[i].connack_only && first != 0x20))
			continue;
		if (kinds[i].octets > 0 && kinds[i].octets < 255)
			return 1u + kinds[i].octets <= n ? 1u + kinds[i].octets : 0;
		for (int strings = kinds[i].octets == 255 ? 2 : 1; strings > 0; strings--) {
			if (at + 2 > n || at + 2 + (uint32_t)(p[at] << 8 | p[at + 1]) > n)
				return 0;
			at += 2 + (uint32_t)(p[at] << 8 | p[at + 1]);
		}
		return at;
	}
	return 0;
}

/* Moves over a property area; NULL or what is wrong. */
static inline const char *said_properties(struct said *s, uint32_t *at)
{
	uint64_t seen = 0;
	uint32_t length = 0, shift = 0, step;

	do {
		if (*at >= s->n || shift > 21)
			return "a packet that ends before its properties";
		length |= (uint32_t)(s->all[*at] & 0x7f) << shift;
		shift += 7;
	} while (s->all[(*at)++] & 0x80);
	if (length > s->n - *at)
		return "properties that are longer than the packet";
	s->props = s->all + *at;
	s->n_props = length;
	for (uint32_t i = 0; i < length; i += step) {
		step = said_property(s->props + i, length - i, s->first);
		if (step == 0)
			return "a property that this packet cannot have, or that is cut";
		if (s->props[i] != 0x26 && seen >> s->props[i] & 1)
			return "a property that comes twice";
		seen |= UINT64_C(1) << s->props[i];
	}
	*at += length;
	return NULL;
}

static inline bool said_reason_known(uint8_t first, uint8_t reason)
{
	static const struct {
		uint8_t first;
		const char *reasons;
		size_t n;
	} known[] = {{0x20, "\x00\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8c\x90\x95\x97\x99\x9a\x9b\x9c\x9d\x9f", 22},
	        {0x40, "\x00\x10\x80\x83\x87\x90\x91\x97\x99", 9}, {0x50, "\x00\x10\x80\x83\x87\x90\x91\x97\x99", 9},
	        {0x62, "\x00\x92", 2}, {0x70, "\x00\x92", 2},
	        {0xe0,
	                "\x00\x80\x81\x82\x83\x87\x89\x8b\x8d\x8e\x8f\x90\x93\x94\x95\x96\x97\x98\x99\x9a\x9b\x9c\x9d\x9e\x9f\xa0"
	                "\xa1\xa2",
	                28},
	        {0x90, "\x00\x01\x02\x80\x83\x87\x8f\x91\x97\x9e\xa1\xa2", 12}, {0xb0, "\x00\x11\x80\x83\x87\x8f\x91", 7}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].first == first)
			return memchr(known[i].reasons, reason, known[i].n) != NULL;
	return false;
}

/* The parts behind the fixed header, which begin at `at`. */
static inline const char *said_body(struct said *s, uint32_t at, bool v5)
{
	const char *error = NULL;
	uint8_t type = s->first >> 4;
	bool acks = type >= 4 && type <= 7, subs = type == 9 || type == 11;

	if (type == 2) {
		if (s->n - at < 2 || s->all[at] > 1)
			return "a CONNACK that is too short, or whose reserved flags are set";
		s->present = s->all[at];
		s->reason = s->all[at + 1];
		at += 2;
		error = v5 ? said_properties(s, &at) : NULL;
	} else if (acks || subs) {
		if (s->n - at < 2)
			return "no packet identifier";
		s->id = (uint16_t)(s->all[at] << 8 | s->all[at + 1]);
		at += 2;
	}
	if (v5 && (acks || type == 14) && at < s->n)
		s->reason = s->all[at++];
	if (v5 && ((acks && at < s->n) || (type == 14 && at < s->n) || subs))
		error = said_properties(s, &at);
	if (subs) {
		s->codes = s->all + at;
		s->n_codes = s->n - at;
		at = s->n;
	}
	return error ? error : at != s->n ? "octets behind the end of a packet" : NULL;
}

/* The next packet of a stream. NULL; or what is wrong with it. s->n 0: there is none. */
static inline const char *said_next(const uint8_t *p, uint32_t n, bool v5, struct said *s)
{
	uint32_t length = 0, at = 1;
	const char *error;

	*s = (struct said){0};
	if (n == 0)
		return NULL;
	s->first = p[0];
	if (!strchr("\x20\x40\x50\x62\x70\x90\xb0\xd0\xe0\xf0", p[0]))
		return "a first octet no server sends";
	if (p[0] >= 0xe0 && !v5)
		return "a packet that this version's servers do not send";
	do {
		if (at >= n || at > 4)
			return "half a packet";
		length |= (uint32_t)(p[at] & 0x7f) << 7 * (at - 1);
	} while (p[at++] & 0x80);
	if (length > n - at)
		return "half a packet";
	s->all = p;
	s->n = at + length;
	error = said_body(s, at, v5);
	if (error)
		return error;
	if (v5 && !said_reason_known(s->first, s->reason) && s->first != 0xd0 && s->first != 0xf0)
		return "a reason code that this packet cannot have";
	for (uint32_t i = 0; v5 && i < s->n_codes; i++)
		if (!said_reason_known(s->first, s->codes[i]))
			return "a reason code that this packet cannot have";
	if (!v5 && s->first == 0x20 && s->reason > 5)
		return "a return code that does not exist";
	return NULL;
}

/* Whether a property of that identifier is there, and, where n > 1, with this value. */
static inline bool said_has(const struct said *s, const uint8_t *prop, uint32_t n)
{
	uint32_t step;

	for (uint32_t i = 0; i < s->n_props; i += step) {
		step = said_property(s->props + i, s->n_props - i, s->first);
		if (s->props[i] == prop[0] && (n == 1 || (n == step && memcmp(s->props + i, prop, n) == 0)))
			return true;
	}
	return false;
}

/* ---- expectations; README.md beside the cases says how they are written --------------------------------------------- */
static const struct said_name {
	const char *name;
	uint8_t first;
} said_names[] = {{"connack", 0x20}, {"puback", 0x40}, {"pubrec", 0x50}, {"pubrel", 0x62}, {"pubcomp", 0x70}, {"suback", 0x90},
        {"unsuback", 0xb0}, {"pingresp", 0xd0}, {"disconnect", 0xe0}, {"auth", 0xf0}};

struct said_want {
	struct octets codes;
	unsigned int id, reason;
	bool present;
	const char *error;
};

static inline void said_want_props(struct octets_names *names, const struct said *s, const char *word, struct said_want *want)
{
	bool absent = strncmp(word, "noprop{", 7) == 0;
	char inner[256];
	struct octets prop;

	snprintf(inner, sizeof(inner), "%.*s", (int)strcspn(strchr(word, '{') + 1, "}"), strchr(word, '{') + 1);
	want->error = octets_read(names, inner, &prop);
	if (!want->error && (prop.n == 0 || said_has(s, prop.p, prop.n) == absent))
		want->error = absent ? "a property that should not be there" : "a property that is not there, or has another value";
	octets_free(&prop);
}

static inline const char *said_want_word(struct octets_names *names, const struct said *s, const char *w, struct said_want *want)
{
	const char *brace = strpbrk(w, "{ ");
	size_t n = brace && *brace == '{' ? strcspn(w, "}") + 1 : strcspn(w, " ");
	char word[300];

	snprintf(word, sizeof(word), "%.*s", (int)n, w);
	if (strcmp(word, "present") == 0)
		want->present = true;
	else if (strncmp(word, "reason=", 7) == 0)
		want->reason = (unsigned int)strtoul(word + 7, NULL, 16);
	else if (strchr(word, '{'))
		said_want_props(names, s, word, want);
	else if (s->first == 0xe0)
		want->reason = (unsigned int)strtoul(word, NULL, 16);
	else if (want->id == 0)
		want->id = (unsigned int)strtoul(word, NULL, 10);
	else
		octets_word(names, word, &want->codes);
	return w + n + strspn(w + n, " ");
}

/* Whether a packet is what the words behind its name say; NULL or how it differs. */
static inline const char *said_named(struct octets_names *names, const struct said *s, const char *words)
{
	struct said_want want = {0};

	while (*words && !want.error)
		words = said_want_word(names, s, words, &want);
	if (!want.error && want.present != s->present)
		want.error = "session present differs";
	if (!want.error && want.id != s->id)
		want.error = "another packet identifier";
	if (!want.error && want.reason != s->reason)
		want.error = "another reason";
	if (!want.error && (want.codes.n != s->n_codes || (s->n_codes && memcmp(want.codes.p, s->codes, s->n_codes) != 0)))
		want.error = "other reasons of filters";
	octets_free(&want.codes);
	return want.error;
}

static inline const char *said_octets(struct octets_names *names, const struct said *s, const char *line)
{
	struct octets want;
	const char *error = octets_read(names, line, &want);

	if (!error && (want.n != s->n || memcmp(want.p, s->all, want.n) != 0))
		error = "other octets";
	octets_free(&want);
	return error;
}

static inline const char *said_is(struct octets_names *names, const struct said *s, const char *line)
{
	size_t n = strcspn(line, " ");

	for (size_t i = 0; i < sizeof(said_names) / sizeof(said_names[0]); i++)
		if (strlen(said_names[i].name) == n && strncmp(line, said_names[i].name, n) == 0)
			return s->first != said_names[i].first ? "another packet"
			                                       : said_named(names, s, line + n + strspn(line + n, " "));
	return said_octets(names, s, line);
}

#endif
