/* SPDX-License-Identifier: BSD-3-Clause */
#include "rollback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *rollback_text(const char *text, size_t n)
{
	char *copy = malloc(n + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

void tp_rollback_remember(struct tp_rollback *b, const char *path, const char *text, size_t n, const char *next_path,
        const char *next_text, size_t next_n)
{
	if (strcmp(path, next_path) == 0 && n == next_n && memcmp(text, next_text, n) == 0)
		return;
	tp_rollback_free(b);
	*b = (struct tp_rollback){strdup(path), rollback_text(text, n), n};
	if (!b->path || !b->text)
		tp_rollback_free(b);
}

int tp_rollback_copy(const struct tp_rollback *b, char **path, char **text, size_t *n)
{
	if (!b->text)
		return -ENOENT;
	*n = b->n;
	*path = strdup(b->path);
	*text = rollback_text(b->text, b->n);
	return *path && *text ? 0 : -ENOMEM;
}

void tp_rollback_free(struct tp_rollback *b)
{
	free(b->path);
	free(b->text);
	*b = (struct tp_rollback){.n = 0};
}
