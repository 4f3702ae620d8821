/* SPDX-License-Identifier: BSD-3-Clause */
#include "tp_suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define WORD_MAX 64

static unsigned int suggest_least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static bool suggest_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned int tp_edit_distance(const char *a, const char *b)
{
	unsigned int d[3][WORD_MAX + 1], *row = d[0], *last = d[1], *before = d[2];
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return (unsigned int)(n > m ? n : m);
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int *oldest = before;

		before = last;
		last = row;
		row = oldest;
		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = suggest_least(
			        suggest_least(last[j], row[j - 1]) + 1, last[j - 1] + !suggest_same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && suggest_same(a[i - 1], b[j - 2]) && suggest_same(a[i - 2], b[j - 1]))
				row[j] = suggest_least(row[j], before[j - 2] + 1);
		}
	}
	return row[m];
}

struct tp_suggestion tp_suggest_for(const char *word)
{
	unsigned int near = (unsigned int)strlen(word) / 3;

	if (near < 1)
		near = 1;
	if (near == 1 && strlen(word) > 3)
		near = 2;
	return (struct tp_suggestion){.word = word, .distance = near + 1};
}

void tp_suggest_try(struct tp_suggestion *s, const char *candidate)
{
	unsigned int distance = tp_edit_distance(s->word, candidate);

	if (distance >= s->distance || distance >= strlen(candidate))
		return;
	s->best = candidate;
	s->distance = distance;
}
