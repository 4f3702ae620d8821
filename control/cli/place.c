/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which control socket: --socket, or that of --name, or TURNPIKE_SOCKET. Where nobody says so, that of the appliance whose name is the default; and where there is none of that
 * name but one of another, that one, because one appliance on a machine is what most machines have.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define PLACE_NAME   "turnpike"
#define PLACE_SUFFIX ".sock"
#define PLACE_PLAIN  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

struct place_found {
	unsigned int n;
	char name[64];   /* of the first one */
	char names[512]; /* all of them, as far as there is room */
};

static void place_add(void *ctx, const char *name)
{
	struct place_found *found = ctx;
	size_t used = strlen(found->names);

	if (found->n++ == 0)
		snprintf(found->name, sizeof(found->name), "%s", name);
	snprintf(found->names + used, sizeof(found->names) - used, "%s%s", used ? ", " : "", name);
}

/* Each name of which there is a socket. */
static void place_each(void (*take)(void *ctx, const char *name), void *ctx)
{
	DIR *folder = opendir(TP_CONTROL_FOLDER);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) != NULL) {
		size_t n = strlen(entry->d_name), suffix = strlen(PLACE_SUFFIX);

		if (n <= suffix || strcmp(entry->d_name + n - suffix, PLACE_SUFFIX) != 0)
			continue;
		entry->d_name[n - suffix] = '\0';
		take(ctx, entry->d_name);
	}
	if (folder)
		closedir(folder);
}

static void place_print(void *ctx, const char *name)
{
	(void)ctx;
	if (strspn(name, PLACE_PLAIN) == strlen(name))
		puts(name);
}

void cli_place_names(void)
{
	place_each(place_print, NULL);
}

/* Nobody said which. */
static int place_default(struct cli *cli)
{
	struct place_found found = {.n = 0};

	snprintf(cli->socket, sizeof(cli->socket), TP_CONTROL_SOCKET, PLACE_NAME);
	if (access(cli->socket, F_OK) == 0)
		return -1;
	place_each(place_add, &found);
	if (found.n > 1) {
		fprintf(stderr,
		        "turnpikectl: found no turnpiked called '" PLACE_NAME "', but %s; expected --name with one of them\n",
		        found.names);
		return CLI_USAGE;
	}
	if (found.n == 1)
		snprintf(cli->socket, sizeof(cli->socket), TP_CONTROL_SOCKET, found.name);
	return -1;
}

int cli_place(struct cli *cli, const char *name)
{
	const char *environment = getenv("TURNPIKE_SOCKET");

	if (cli->socket[0])
		return -1;
	if (!name && environment && *environment)
		return cli_place_at(cli, environment);
	if (!name)
		return place_default(cli);
	if (snprintf(cli->socket, sizeof(cli->socket), TP_CONTROL_SOCKET, name) < (int)sizeof(cli->socket))
		return -1;
	return cli_usage("--name", name, "a shorter name", NULL);
}

int cli_place_at(struct cli *cli, const char *path)
{
	if (strlen(path) >= sizeof(cli->socket))
		return cli_usage("--socket", path, "a path of at most 107 octets", NULL);
	snprintf(cli->socket, sizeof(cli->socket), "%s", path);
	return -1;
}
