/* SPDX-License-Identifier: BSD-3-Clause */
/* turnpikectl. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static int main_fail(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");
	char message[1100], suggest[300], line[4096];
	const json_t *detail;
	size_t i;

	cli_value(json_object_get(error, "message"), "text", message, sizeof(message));
	cli_value(json_object_get(error, "suggest"), "text", suggest, sizeof(suggest));
	fprintf(stderr, "turnpikectl: %s%s%s\n", message, strcmp(suggest, "-") ? "; " : "", strcmp(suggest, "-") ? suggest : "");
	json_array_foreach(json_object_get(error, "details"), i, detail)
	{
		cli_value(detail, "text", line, sizeof(line));
		fprintf(stderr, "  %s\n", line);
	}
	return CLI_FAILED;
}

static int main_print(const struct cli *cli, json_t *data, const json_t *show, bool stream, bool first)
{
	if (!cli->json) {
		cli_render(data, show, stream, first, cli_has_octets(show) ? stderr : stdout);
	} else {
		json_dumpf(data, stdout, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
		fputc('\n', stdout);
		fflush(stdout);
	}
	return ferror(stdout) ? CLI_FAILED : -1;
}

/* -1: further lines come. show: that of the first line of a stream serves for all. */
static int main_answer(const struct cli *cli, const json_t *answer, json_t **show, bool first)
{
	const json_t *ok = json_object_get(answer, "ok");
	json_t *more = json_object_get(answer, "more");
	json_t *data = more ? more : json_object_get(answer, "data");
	int ret = -1;

	if (!*show)
		*show = json_incref(json_object_get(answer, "show"));
	if (json_is_null(more)) /* a sign of life */
		return -1;
	if (!more && !json_is_true(ok))
		return main_fail(answer);
	if (cli_has_octets(*show) && data && cli_octets(cli, data, *show, first) != 0)
		return CLI_FAILED;
	if (data && !json_is_null(data) && (!cli->json || json_object_size(data) > 0))
		ret = main_print(cli, data, *show, more != NULL, first);
	return more ? ret : CLI_OK;
}

static int main_answers(const struct cli *cli, FILE *in)
{
	json_t *show = NULL, *answer;
	bool first = true;
	int ret = -1, broken = CLI_FAILED;

	while (ret == -1 && (answer = cli_receive(cli, in, &broken)) != NULL) {
		if (json_is_true(json_object_get(answer, "stops")))
			cli_stop_by_signal(fileno(in));
		ret = main_answer(cli, answer, &show, first);
		first = first && json_is_null(json_object_get(answer, "more"));
		json_decref(answer);
	}
	json_decref(show);
	return ret == -1 ? broken : ret;
}

/* What was printed may still be in memory. */
static int main_written(int ret)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return ret;
	fputs("turnpikectl: cannot write the standard output\n", stderr);
	return ret == CLI_OK ? CLI_FAILED : ret;
}

int main(int argc, char **argv)
{
	struct cli cli = {.timeout = CLI_TIMEOUT_S};
	int ret, fd;
	FILE *in;

	if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		return cli_complete(argc - 2, argv + 2);
	ret = cli_words(&cli, argc, argv);
	if (ret == -1) {
		fd = cli_connect(&cli);
		in = fd < 0 ? NULL : fdopen(fd, "r");
		ret = in ? main_answers(&cli, in) : fd < 0 ? -fd : CLI_NOBODY;
		if (in)
			fclose(in);
	}
	json_decref(cli.args);
	return main_written(ret);
}
