/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of the JSON reader that are not on every path: white space, strings with escapes or beyond ASCII, values that are
 * skipped. A string is checked in full while its end is searched, so unescaping it afterwards cannot fail.
 */
#include <immintrin.h>

#include "json.h"

#define DIGIT ['0'] = TP_JSON_NUMBER, ['1'] = TP_JSON_NUMBER, ['2'] = TP_JSON_NUMBER, ['3'] = TP_JSON_NUMBER, ['4'] = TP_JSON_NUMBER
#define DIGIT5                                                                                                                     \
	['5'] = TP_JSON_NUMBER, ['6'] = TP_JSON_NUMBER, ['7'] = TP_JSON_NUMBER, ['8'] = TP_JSON_NUMBER, ['9'] = TP_JSON_NUMBER
const uint8_t tp_json_types[256] = {['{'] = TP_JSON_OBJECT,
        ['['] = TP_JSON_ARRAY,
        ['"'] = TP_JSON_STRING,
        ['-'] = TP_JSON_NUMBER,
        DIGIT,
        DIGIT5,
        ['t'] = TP_JSON_BOOL,
        ['f'] = TP_JSON_BOOL,
        ['n'] = TP_JSON_NULL};

__attribute__((cold)) bool tp_json_fail(struct tp_json *j, enum tp_counter reason, const uint8_t *at)
{
	if (!j->error && !j->no_room) {
		j->error = (uint16_t)reason;
		j->error_at = at;
	}
	j->p = j->end;
	return false;
}

__attribute__((cold)) bool tp_json_full(struct tp_json *j)
{
	j->no_room = !j->error;
	j->p = j->end;
	return false;
}

int tp_json_verdict(const struct tp_json *j, enum tp_stage stage, struct tp_verdict *verdict)
{
	if (j->no_room)
		return TP_DECODE_NO_ROOM;
	if (j->error == TP_C_truncated || j->error == TP_C_json_syntax || j->error == TP_C_json_depth ||
	        j->error == TP_C_json_string)
		stage = TP_STAGE_json;
	return tp_reject(verdict, stage, (enum tp_counter)j->error, (size_t)(j->error_at - j->start));
}

static bool json_ended(struct tp_json *j)
{
	return tp_json_fail(j, TP_C_truncated, j->end);
}

static inline bool json_is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool tp_json_space(struct tp_json *j)
{
	while (j->p < j->end && json_is_space(*j->p))
		j->p++;
	return j->p < j->end || json_ended(j);
}

bool tp_json_close(struct tp_json *j)
{
	j->p++;
	j->depth--;
	j->fresh = false;
	return false;
}

/* ---- strings --------------------------------------------------------------------------------------------------------------- */
/* Length of the UTF-8 sequence (RFC 3629) at s, 0 where it is broken, -1 where the text ends inside it. */
static int json_utf8(const uint8_t *s, const uint8_t *end)
{
	uint8_t lead = s[0], low = 0x80, high = 0xbf;
	int n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;
	for (int i = 1; i < n; i++) {
		if (s + i == end)
			return -1;
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

static int json_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four hexadecimal digits at s as a UTF-16 unit; -1 with j failed. */
static int json_unit(struct tp_json *j, const uint8_t *s)
{
	int unit = 0;

	for (int i = 0; i < 4; i++) {
		int digit;

		if (s + i == j->end)
			return json_ended(j) - 1;
		digit = json_hex_digit(s[i]);
		if (digit < 0)
			return tp_json_fail(j, TP_C_json_string, s + i) - 1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/* The low surrogate that must follow at s; false with j failed, where the pair begins at `pair`. */
static bool json_low_surrogate(struct tp_json *j, const uint8_t *s, const uint8_t *pair)
{
	int unit;

	for (int i = 0; i < 2; i++) {
		if (s + i == j->end)
			return json_ended(j);
		if (s[i] != "\\u"[i])
			return tp_json_fail(j, TP_C_json_string, pair);
	}
	unit = json_unit(j, s + 2);
	if (unit < 0)
		return false;
	return (unit & 0xfc00) == 0xdc00 || tp_json_fail(j, TP_C_json_string, pair);
}

/* Checks the escape at s (a backslash); returns the octet behind it or NULL with j failed. */
static const uint8_t *json_escape(struct tp_json *j, const uint8_t *s)
{
	int unit;

	if (s + 1 == j->end)
		return json_ended(j), NULL;
	if (s[1] != 'u')
		return s[1] && strchr("\"\\/bfnrt", s[1]) ? s + 2 : (tp_json_fail(j, TP_C_json_string, s + 1), NULL);
	unit = json_unit(j, s + 2);
	if (unit < 0)
		return NULL;
	if ((unit & 0xfc00) == 0xdc00)
		return tp_json_fail(j, TP_C_json_string, s), NULL;
	if ((unit & 0xfc00) != 0xd800)
		return s + 6;
	return json_low_surrogate(j, s + 6, s) ? s + 12 : NULL;
}

static unsigned int json_unit_checked(const uint8_t *s)
{
	return (unsigned int)(json_hex_digit(s[0]) << 12 | json_hex_digit(s[1]) << 8 | json_hex_digit(s[2]) << 4 |
	                      json_hex_digit(s[3]));
}

static uint8_t *json_put_utf8(uint8_t *out, unsigned int c)
{
	if (c < 0x80) {
		*out++ = (uint8_t)c;
	} else if (c < 0x800) {
		*out++ = (uint8_t)(0xc0 | c >> 6);
		*out++ = (uint8_t)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (uint8_t)(0xe0 | c >> 12);
		*out++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		*out++ = (uint8_t)(0x80 | (c & 0x3f));
	} else {
		*out++ = (uint8_t)(0xf0 | c >> 18);
		*out++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
		*out++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		*out++ = (uint8_t)(0x80 | (c & 0x3f));
	}
	return out;
}

/* Writes what the checked escape at *s stands for and moves *s behind it. */
static uint8_t *json_put_escape(uint8_t *out, const uint8_t **s)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const uint8_t *e = *s;
	unsigned int unit;
	const char *at;

	*s += 2;
	if (e[1] != 'u') {
		at = strchr(from, e[1]);
		*out++ = at ? (uint8_t)to[at - from] : e[1];
		return out;
	}
	*s += 4;
	unit = json_unit_checked(e + 2);
	if ((unit & 0xfc00) == 0xd800) {
		unit = 0x10000 + ((unit & 0x3ff) << 10) + (json_unit_checked(e + 8) & 0x3ff);
		*s += 6;
	}
	return json_put_utf8(out, unit);
}

/* The unescaped text of s..end, which has been checked. It is never longer than what it was. */
static bool json_unescape(struct tp_json *j, const uint8_t *s, const uint8_t *end, struct tp_slice *text)
{
	uint8_t *start = tp_arena_get(j->arena, (size_t)(end - s)), *out = start;

	if (!start)
		return tp_json_full(j);
	while (s < end) {
		const uint8_t *next = memchr(s, '\\', (size_t)(end - s));
		size_t n = (size_t)((next ? next : end) - s);

		memcpy(out, s, n);
		out += n;
		s += n;
		if (next)
			out = json_put_escape(out, &s);
	}
	*text = (struct tp_slice){start, (uint32_t)(out - start)};
	return true;
}

static inline uint32_t json_stops_32(const uint8_t *p)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)p);

	/* As signed octets, everything from 0x80 is below the space too. */
	v = _mm256_or_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(' '), v),
	        _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')), _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'))));
	return (uint32_t)_mm256_movemask_epi8(v);
}

static inline uint64_t json_stops_64(const uint8_t *p)
{
	return json_stops_32(p) | (uint64_t)json_stops_32(p + 32) << 32;
}

/* The block at `at`, which is before the end of a text that is not shorter than a block. Octets behind the end give no bit. */
static inline uint64_t json_stops(const struct tp_json *j, const uint8_t *at)
{
	size_t left = (size_t)(j->end - at);

	return __builtin_expect(left >= 64, 1) ? json_stops_64(at) : json_stops_64(j->end - 64) >> (64 - left);
}

/* The only block of a shorter text. */
static uint64_t json_stops_short(const uint8_t *p, size_t n)
{
	uint8_t room[64];

	memset(room, 'x', sizeof(room));
	memcpy(room, p, n);
	return json_stops_64(room);
}

/* Moves the block; s stands in one that has no stop from there on, or in none. */
const uint8_t *tp_json_stop_beyond(struct tp_json *j, const uint8_t *s)
{
	const uint8_t *block = (size_t)(s - j->block) < 64 ? j->block + 64 : s;

	for (; block < j->end; block += 64) {
		j->block = block;
		j->stops = json_stops(j, block);
		if (j->stops)
			return block + __builtin_ctzll(j->stops);
	}
	return NULL;
}

void tp_json_init(struct tp_json *j, struct tp_slice text, struct tp_arena *arena)
{
	const uint8_t *last = text.p + text.n;

	*j = (struct tp_json){.p = text.p, .end = last, .start = text.p, .error_at = text.p, .arena = arena, .block = text.p};
	while (last > text.p && json_is_space(last[-1]))
		last--;
	j->braced = last > text.p && last[-1] == '}';
	j->stops = text.n >= 64 ? json_stops_64(text.p) : json_stops_short(text.p, text.n);
}

/* Behind the UTF-8 sequences at s; NULL with j failed. */
static const uint8_t *json_beyond_ascii(struct tp_json *j, const uint8_t *s)
{
	while (s < j->end && *s >= 0x80) {
		int n = json_utf8(s, j->end);

		if (n == 0)
			return tp_json_fail(j, TP_C_json_string, s), NULL;
		if (n < 0)
			return json_ended(j), NULL;
		s += n;
	}
	return s;
}

bool tp_json_string_rest(struct tp_json *j, struct tp_slice *out, bool wanted)
{
	const uint8_t *s = j->p + 1, *first = s;
	bool escaped = false;

	for (;;) {
		s = tp_json_stop(j, s);
		if (!s)
			return json_ended(j);
		if (*s == '"')
			break;
		if (*s < ' ')
			return tp_json_fail(j, TP_C_json_string, s);
		escaped |= *s == '\\';
		s = *s == '\\' ? json_escape(j, s) : json_beyond_ascii(j, s);
		if (!s)
			return false;
	}
	j->p = s + 1;
	*out = (struct tp_slice){first, (uint32_t)(s - first)};
	return !escaped || !wanted || json_unescape(j, first, s, out);
}

/* ---- other values ----------------------------------------------------------------------------------------------------------- */
static bool json_literal(struct tp_json *j, const char *word)
{
	for (; *word; word++, j->p++) {
		if (j->p == j->end)
			return json_ended(j);
		if (*j->p != (uint8_t)*word)
			return tp_json_fail(j, TP_C_json_syntax, j->p);
	}
	return true;
}

bool tp_json_bool(struct tp_json *j, bool *out)
{
	enum tp_json_type type = tp_json_peek(j);

	if (type != TP_JSON_BOOL)
		return tp_json_fail(j, type ? TP_C_json_type : TP_C_json_syntax, j->p);
	*out = *j->p == 't';
	return json_literal(j, *out ? "true" : "false");
}

bool tp_json_number(struct tp_json *j, struct tp_number *out)
{
	enum tp_json_type type = tp_json_peek(j);
	const uint8_t *behind, *bad;

	if (type != TP_JSON_NUMBER)
		return tp_json_fail(j, type ? TP_C_json_type : TP_C_json_syntax, j->p);
	behind = tp_number_scan(j->p, j->end, out, &bad);
	if (!behind)
		return tp_json_fail(j, bad == j->end ? TP_C_truncated : TP_C_json_syntax, bad);
	j->p = behind;
	return true;
}

static bool json_skip_scalar(struct tp_json *j)
{
	struct tp_number number;
	struct tp_slice text;

	switch (tp_json_types[*j->p]) {
	case TP_JSON_STRING:
		return tp_json_quoted(j, &text, false);
	case TP_JSON_NUMBER:
		return tp_json_number(j, &number);
	case TP_JSON_BOOL:
		return json_literal(j, *j->p == 't' ? "true" : "false");
	case TP_JSON_NULL:
		return json_literal(j, "null");
	default:
		return tp_json_fail(j, TP_C_json_syntax, j->p);
	}
}

/* One bit an open container, the innermost last: 1 for an object. 64 bits hold more than the depth limit. */
bool tp_json_skip(struct tp_json *j)
{
	unsigned int outside = j->depth;
	struct tp_slice key;
	uint64_t objects = 0;

	if (!tp_json_token(j))
		return false;
	for (;;) {
		if (*j->p == '{' || *j->p == '[') {
			objects = objects << 1 | (*j->p == '{');
			if (!tp_json_open(j, *j->p))
				return false;
		} else if (!json_skip_scalar(j)) {
			return false;
		}
		for (;;) {
			if (j->depth == outside)
				return true;
			if (objects & 1 ? tp_json_key_as(j, &key, false) : tp_json_item(j))
				break;
			if (j->error)
				return false;
			objects >>= 1;
		}
	}
}

bool tp_json_raw(struct tp_json *j, struct tp_slice *out)
{
	const uint8_t *first;

	if (!tp_json_token(j))
		return false;
	first = j->p;
	if (!tp_json_skip(j))
		return false;
	*out = (struct tp_slice){first, (uint32_t)(j->p - first)};
	return true;
}

bool tp_json_end(struct tp_json *j)
{
	if (j->error || j->no_room)
		return false;
	while (j->p < j->end && json_is_space(*j->p))
		j->p++;
	return j->p == j->end || tp_json_fail(j, TP_C_json_syntax, j->p);
}
