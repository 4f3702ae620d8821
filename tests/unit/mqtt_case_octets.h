/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_CASE_OCTETS_H
#define TP_TEST_MQTT_CASE_OCTETS_H
/*
 * Octets as a case writes them:
 *   10 0a3c          pairs of hexadecimal digits
 *   "text"           its octets; \" \\ \n and \xNN inside
 *   u16(3600) u32(9) numbers in network order
 *   str(...)         what stands inside, behind its length in two octets
 *   len{...}         the same, behind its length as a variable byte integer
 *   repeat(N ...)    N times
 *   NAME             what `let NAME ...` said
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OCTETS_MAX (1u << 20)
#define NAMES_MAX  64

struct octets {
	uint8_t *p;
	uint32_t n;
};

struct octets_names {
	struct {
		char name[32];
		struct octets value;
	} list[NAMES_MAX];
	unsigned int n;
	const char *error; /* of the last expression */
};

static inline void octets_free(struct octets *o)
{
	free(o->p);
	*o = (struct octets){0};
}

static inline void octets_add(struct octets *o, const void *p, size_t n)
{
	uint8_t *grown = realloc(o->p, o->n + n + 1);

	if (grown == NULL || o->n + n > OCTETS_MAX)
		abort();
	o->p = grown;
	memcpy(o->p + o->n, p, n);
	o->n += (uint32_t)n;
}

static inline void octets_number(struct octets *o, unsigned long v, unsigned int n)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	octets_add(o, b + 4 - n, n);
}

static inline void octets_varint(struct octets *o, uint32_t v)
{
	uint8_t b;

	do {
		b = (uint8_t)((v & 0x7f) | (v >= 0x80 ? 0x80 : 0));
		octets_add(o, &b, 1);
		v >>= 7;
	} while (v);
}

static inline int octets_digit(int c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

static inline const char *octets_text(struct octets_names *names, const char *s, struct octets *out)
{
	uint8_t c;

	for (s++; *s && *s != '"'; s++) {
		c = (uint8_t)*s;
		if (c == '\\' && s[1] == 'x' && octets_digit(s[2]) >= 0 && octets_digit(s[3]) >= 0) {
			c = (uint8_t)(octets_digit(s[2]) << 4 | octets_digit(s[3]));
			s += 3;
		} else if (c == '\\' && s[1]) {
			c = *++s == 'n' ? '\n' : (uint8_t)*s;
		}
		octets_add(out, &c, 1);
	}
	if (*s != '"')
		names->error = "a text without end";
	return *s ? s + 1 : s;
}

static inline const char *octets_items(struct octets_names *names, const char *s, char stop, struct octets *out);

/* word( or word{ : s stands behind the bracket. */
static inline const char *octets_call(struct octets_names *names, const char *word, const char *s, char stop, struct octets *out)
{
	struct octets inner = {0};
	unsigned long number = 0;
	char *end;

	if (strcmp(word, "u16") == 0 || strcmp(word, "u32") == 0 || strcmp(word, "repeat") == 0) {
		number = strtoul(s, &end, 10);
		s = end;
	}
	s = octets_items(names, s, stop, &inner);
	if (word[0] == 'u')
		octets_number(out, number, word[1] == '1' ? 2 : 4);
	else if (strcmp(word, "str") == 0)
		octets_number(out, inner.n, 2);
	else if (strcmp(word, "len") == 0)
		octets_varint(out, inner.n);
	else if (strcmp(word, "repeat") != 0)
		names->error = "no such function";
	for (unsigned long i = strcmp(word, "repeat") == 0 ? number : 1; i > 0; i--)
		octets_add(out, inner.p ? inner.p : (uint8_t *)"", inner.n);
	octets_free(&inner);
	return s;
}

static inline void octets_word(struct octets_names *names, const char *word, struct octets *out)
{
	size_t n = strlen(word);
	uint8_t c;

	for (unsigned int i = 0; i < names->n; i++)
		if (strcmp(names->list[i].name, word) == 0) {
			octets_add(out, names->list[i].value.p, names->list[i].value.n);
			return;
		}
	if (n % 2 || strspn(word, "0123456789abcdefABCDEF") != n) {
		names->error = "neither hexadecimal nor a name";
		return;
	}
	for (size_t i = 0; i < n; i += 2) {
		c = (uint8_t)(octets_digit(word[i]) << 4 | octets_digit(word[i + 1]));
		octets_add(out, &c, 1);
	}
}

/* Items up to `stop` (0: the end of the line), which is moved over. */
static inline const char *octets_items(struct octets_names *names, const char *s, char stop, struct octets *out)
{
	char word[64];
	size_t n;

	for (;;) {
		s += strspn(s, " \t");
		if (*s == stop)
			return *s ? s + 1 : s;
		if (*s == '"') {
			s = octets_text(names, s, out);
			continue;
		}
		n = strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
		if (n == 0 || n >= sizeof(word)) {
			names->error = "something that is no octet";
			return s + strlen(s);
		}
		memcpy(word, s, n);
		word[n] = 0;
		s += n;
		if (*s == '(' || *s == '{')
			s = octets_call(names, word, s + 1, *s == '(' ? ')' : '}', out);
		else
			octets_word(names, word, out);
	}
}

/* The value of an expression; NULL or what is wrong with it. */
static inline const char *octets_read(struct octets_names *names, const char *s, struct octets *out)
{
	*out = (struct octets){0};
	octets_add(out, "", 0);
	names->error = NULL;
	octets_items(names, s, 0, out);
	return names->error;
}

static inline const char *octets_let(struct octets_names *names, const char *name, const char *s)
{
	struct octets value;
	const char *error = octets_read(names, s, &value);

	if (error == NULL && (names->n == NAMES_MAX || strlen(name) >= sizeof(names->list[0].name)))
		error = "too many names, or a long one";
	if (error) {
		octets_free(&value);
		return error;
	}
	snprintf(names->list[names->n].name, sizeof(names->list[0].name), "%s", name);
	names->list[names->n++].value = value;
	return NULL;
}

static inline void octets_forget(struct octets_names *names, unsigned int from)
{
	while (names->n > from)
		octets_free(&names->list[--names->n].value);
}

#endif
