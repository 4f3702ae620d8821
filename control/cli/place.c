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

struct place_found {
	unsigned int n;
	char name[64];   /* of the first one */
	char names[512]; /* all of them, as far as there is room */
};

static void place_add(struct place_found *found, const char *file)
{
	size_t n = strlen(file), used = strlen(found->names);

	if (n <= strlen(PLACE_SUFFIX) || strcmp(file + n - strlen(PLACE_SUFFIX), PLACE_SUFFIX) != 0)
		return;
	n -= strlen(PLACE_SUFFIX);
	if (found->n++ == 0)
		snprintf(found->name, sizeof(found->name), "%.*s", (int)n, file);
	snprintf(found->names + used, sizeof(found->names) - used, "%s%.*s", used ? ", " : "", (int)n, file);
}

static struct place_found place_look(void)
{
	struct place_found found = {.n = 0};
	DIR *folder = opendir(TP_CONTROL_FOLDER);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) != NULL)
		place_add(&found, entry->d_name);
	if (folder)
		closedir(folder);
	return found;
}

/* Nobody said which. */
static int place_default(struct cli *cli)
{
	struct place_found found;

	snprintf(cli->socket, sizeof(cli->socket), TP_CONTROL_SOCKET, PLACE_NAME);
	if (access(cli->socket, F_OK) == 0)
		return -1;
	found = place_look();
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
