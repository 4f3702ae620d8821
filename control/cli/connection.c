/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection: the request as one line, answers line by line. turnpiked is asked for a sign of life several times within the time that it may be silent, so that one
 * which is stuck can be told from a stream that has nothing to say.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"

static int connection_nobody(const struct cli *cli, int error)
{
	const char *hint = "is turnpiked running, and is this its control.socket?";

	if (error == EACCES || error == EPERM)
		hint = "expected root, the user of turnpiked, or a member of control.group";
	else if (error == EAGAIN)
		hint = "it does not take connections";
	fprintf(stderr, "turnpikectl: cannot connect to '%s': %s; %s\n", cli->socket, strerror(error), hint);
	return -CLI_NOBODY;
}

static int connection_late(const struct cli *cli)
{
	fprintf(stderr,
	        "turnpikectl: the turnpiked at '%s' has said nothing for %u s: it is stuck, or the machine is busier than that; "
	        "--timeout waits longer, the journal may say why\n",
	        cli->socket, cli->timeout);
	return -CLI_LATE;
}

static int connection_send(int fd, const char *line)
{
	size_t n = strlen(line), sent = 0;

	while (sent < n) {
		ssize_t now = send(fd, line + sent, n - sent, MSG_NOSIGNAL);

		if (now < 0 && errno == EINTR)
			continue;
		if (now < 0) /* turned away: why is in what can be read */
			return errno == EPIPE || errno == ECONNRESET ? 0 : -errno;
		sent += (size_t)now;
	}
	return 0;
}

#define CONNECTION_SIGNS 4 /* of life, within the time-out */

/* Time between two of them. Nobody needs to ask for less than one a minute. */
static int connection_alive_ms(const struct cli *cli)
{
	unsigned int ms = cli->timeout * 1000 / CONNECTION_SIGNS;

	return ms < 60000 ? (int)ms : 60000;
}

/* What goes to a file is told by how the answer is to be shown. */
static bool connection_wants_show(const struct cli *cli)
{
	for (unsigned int i = 0; i < cli->command->n_arguments; i++)
		if (cli->command->arguments[i].type == TP_ARGUMENT_OUTPUT)
			return true;
	return !cli->json;
}

/* 0, or the exit status with its sign changed and everything said. */
static int connection_request(int fd, const struct cli *cli)
{
	json_t *request = json_pack("{s:i, s:s, s:O, s:b}", "id", 1, "command", cli->command->words, "args", cli->args, "show",
	        connection_wants_show(cli));
	char *text, *line = NULL;
	int ret = -ENOMEM;

	if (cli->timeout)
		json_object_set_new(request, "alive_ms", json_integer(connection_alive_ms(cli)));
	text = json_dumps(request, JSON_COMPACT);
	if (text && asprintf(&line, "%s\n", text) > 0)
		ret = connection_send(fd, line);
	free(line);
	free(text);
	json_decref(request);
	if (ret == -EAGAIN)
		return connection_late(cli);
	if (ret)
		fprintf(stderr, "turnpikectl: cannot send to '%s': %s\n", cli->socket, strerror(-ret));
	return ret ? -CLI_NOBODY : 0;
}

int cli_connect(const struct cli *cli)
{
	struct timeval patience = {.tv_sec = cli->timeout};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ret;

	memcpy(address.sun_path, cli->socket, sizeof(address.sun_path));
	if (fd < 0)
		return connection_nobody(cli, errno);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)); /* of connect() as well */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		ret = connection_nobody(cli, errno);
	else
		ret = connection_request(fd, cli);
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

/* A line, or as much of it as came in time. */
json_t *cli_receive(const struct cli *cli, FILE *in, int *ret)
{
	static char *line;
	static size_t size;
	json_error_t wrong;
	json_t *answer;
	ssize_t n;

	errno = 0;
	n = getline(&line, &size, in);
	if (ferror(in) && errno == EAGAIN) {
		*ret = -connection_late(cli);
		return NULL;
	}
	*ret = CLI_FAILED;
	if (n <= 0) {
		fprintf(stderr, "turnpikectl: the connection ended before the answer did\n");
		return NULL;
	}
	answer = json_loadb(line, (size_t)n, 0, &wrong);
	if (!answer)
		fprintf(stderr, "turnpikectl: what answers is no turnpiked: %s\n", wrong.text);
	return answer;
}
