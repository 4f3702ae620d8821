/* SPDX-License-Identifier: BSD-3-Clause */
/* What an answer says is to be written to a file: base64 to octets, as they come. The file is that of who runs turnpikectl, with that user's rights. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const json_t *octets_block(const json_t *show)
{
	const json_t *block;
	size_t i;

	json_array_foreach(show, i, block)
	{
		const char *kind = json_string_value(json_object_get(block, "kind"));

		if (kind && strcmp(kind, "octets") == 0)
			return block;
	}
	return NULL;
}

bool cli_has_octets(const json_t *show)
{
	return octets_block(show) != NULL;
}

static int octets_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648, 4. Octets, or -1; `to` has room for 3 for each 4 of the text. */
static long octets_decode(const char *text, size_t n, uint8_t *to)
{
	long out = 0;

	if (n % 4)
		return -1;
	for (size_t i = 0; i < n; i += 4) {
		int pad = i + 4 == n ? (text[n - 1] == '=') + (text[n - 2] == '=') : 0;
		uint32_t v = 0;

		for (int k = 0; k < 4; k++) {
			int digit = k >= 4 - pad ? 0 : octets_digit(text[i + (size_t)k]);

			if (digit < 0)
				return -1;
			v = v << 6 | (uint32_t)digit;
		}
		for (int k = 0; k < 3 - pad; k++)
			to[out++] = (uint8_t)(v >> (16 - 8 * k));
	}
	return out;
}

static int octets_fail(const char *path, const char *why)
{
	fprintf(stderr, "turnpikectl: cannot write '%s': %s\n", path, why);
	return -1;
}

/* For its owner alone: a capture holds plates and where vehicles were. */
static FILE *octets_open(const char *path, bool first)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (first ? O_TRUNC : O_APPEND), 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");

	if (fd >= 0 && !out)
		close(fd);
	return out;
}

static int octets_write(const char *path, const uint8_t *p, size_t n, bool first)
{
	bool plain = strcmp(path, "-") == 0;
	FILE *out = plain ? stdout : octets_open(path, first);
	int rc = 0;

	if (plain && isatty(STDOUT_FILENO))
		return octets_fail(
		        path, "it is a terminal; name a file, or send it on, as in: turnpikectl capture - | tshark -r -");
	if (!out)
		return octets_fail(path, strerror(errno));
	if (fwrite(p, 1, n, out) != n)
		rc = octets_fail(path, strerror(errno));
	if ((plain ? fflush(out) : fclose(out)) != 0 && rc == 0)
		rc = octets_fail(path, strerror(errno));
	return rc;
}

int cli_octets(const struct cli *cli, json_t *data, const json_t *show, bool first)
{
	const json_t *block = octets_block(show);
	const char *path = json_string_value(json_object_get(cli->args, json_string_value(json_object_get(block, "to"))));
	const char *text = json_string_value(json_object_get(data, json_string_value(json_object_get(block, "path"))));
	uint8_t *octets;
	long n;
	int rc;

	if (!path || !text || (cli->json && strcmp(path, "-") == 0))
		return 0;
	octets = malloc(strlen(text) / 4 * 3 + 1);
	n = octets ? octets_decode(text, strlen(text), octets) : -1;
	rc = n < 0 ? octets_fail(path, octets ? "turnpiked sent no base64" : "no memory")
	           : octets_write(path, octets, (size_t)n, first);
	free(octets);
	json_object_del(data, json_string_value(json_object_get(block, "path")));
	return rc;
}
