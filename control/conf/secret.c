/* SPDX-License-Identifier: BSD-3-Clause */
#include "tp_secret.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In single quotes, so that a shell takes any path as one word: it may be from whoever wrote the configuration, and the command is pasted by root. */
static void secret_quote(const char *path, FILE *out)
{
	putc('\'', out);
	for (; *path; path++)
		if (*path == '\'')
			fputs("'\\''", out);
		else
			putc(*path, out);
	putc('\'', out);
}

static void secret_own_group(FILE *out)
{
	struct group group, *found = NULL;
	char room[4096];

	if (getgrgid_r(getegid(), &group, room, sizeof(room), &found) == 0 && found)
		fprintf(out, "chgrp %s ", group.gr_name);
	else
		fprintf(out, "chgrp %u ", (unsigned int)getegid());
}

/* Taking the rights of others away must not take ours: who reads it as one of the others until now needs it by the group. */
static void secret_mend(const char *path, const struct stat *st, FILE *out)
{
	bool own = geteuid() == 0 || geteuid() == st->st_uid;

	if (!own && st->st_gid != getegid() && !group_member(st->st_gid)) {
		secret_own_group(out);
		secret_quote(path, out);
		fputs(" && ", out);
	}
	fputs(own ? "chmod o= " : "chmod 0640 ", out);
	secret_quote(path, out);
}

bool tp_secret_exposed(const char *path, const struct stat *st, char *why, size_t why_len)
{
	FILE *out;

	if ((st->st_mode & S_IRWXO) == 0)
		return false;
	if (why_len == 0)
		return true;
	why[0] = '\0';
	out = fmemopen(why, why_len, "w");
	if (!out)
		return true;
	fprintf(out, "found mode %04o, others may use it; expected 0640 or stricter: ", (unsigned int)st->st_mode & 07777u);
	secret_mend(path, st, out);
	fclose(out);
	why[why_len - 1] = '\0';
	return true;
}
