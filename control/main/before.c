/* SPDX-License-Identifier: BSD-3-Clause */
#include "before.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *before_text(const char *text, size_t n)
{
	char *copy = malloc(n + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

void tp_before_remember(struct tp_before *b, const char *path, const char *text, size_t n, const char *next_path,
        const char *next_text, size_t next_n)
{
	if (strcmp(path, next_path) == 0 && n == next_n && memcmp(text, next_text, n) == 0)
		return;
	tp_before_free(b);
	*b = (struct tp_before){strdup(path), before_text(text, n), n};
	if (!b->path || !b->text)
		tp_before_free(b);
}

int tp_before_copy(const struct tp_before *b, char **path, char **text, size_t *n)
{
	if (!b->text)
		return -ENOENT;
	*n = b->n;
	*path = strdup(b->path);
	*text = before_text(b->text, b->n);
	return *path && *text ? 0 : -ENOMEM;
}

void tp_before_free(struct tp_before *b)
{
	free(b->path);
	free(b->text);
	*b = (struct tp_before){.n = 0};
}
