/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line by the tables: options of turnpikectl, words of a command, its arguments. Options may stand anywhere; "--" ends them. Values are
 * checked for their type only; ranges are turnpiked's to judge.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "tp_suggest.h"

struct words {
	struct cli *cli;
	int argc, at;
	char **argv;
	const char *name;
	bool help, no_options;
	unsigned int placed; /* arguments behind the command so far */
};

int cli_usage(const char *what, const char *found, const char *expected, const char *near)
{
	fprintf(stderr, "turnpikectl: %s%s'%.256s', expected %s", what, *what ? ": found " : "found ", found, expected);
	if (near)
		fprintf(stderr, "; did you mean '%s'?", near);
	fputs("\ntry 'turnpikectl --help'\n", stderr);
	return CLI_USAGE;
}

/* ---- values ------------------------------------------------------------------------------------------------------------------------ */
static int words_number(struct cli *cli, const struct tp_argument *a, const char *text)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return cli_usage(a->name, text, "a whole number", NULL);
	json_object_set_new(cli->args, a->name, json_integer(n));
	return -1;
}

/* turnpiked runs in another folder. */
static json_t *words_path(const char *text)
{
	char folder[PATH_MAX], *whole;
	json_t *path;

	if (text[0] == '/' || !getcwd(folder, sizeof(folder)) || asprintf(&whole, "%s/%s", folder, text) < 0)
		return json_string(text);
	path = json_string(whole);
	free(whole);
	return path;
}

static int words_set(struct cli *cli, const struct tp_argument *a, const char *text)
{
	json_t *value;

	if (a->type == TP_ARGUMENT_NUMBER)
		return words_number(cli, a, text);
	value = a->type == TP_ARGUMENT_PATH ? words_path(text) : json_string(text);
	if (!value)
		return cli_usage(a->name, text, "UTF-8", NULL);
	json_object_set_new(cli->args, a->name, value);
	return -1;
}

/* Several words become one text. */
static int words_join(struct cli *cli, const struct tp_argument *a, const char *word)
{
	const char *before = json_string_value(json_object_get(cli->args, a->name));
	char *text;
	int ret;

	if (!before)
		return words_set(cli, a, word);
	if (asprintf(&text, "%s %s", before, word) < 0)
		return CLI_FAILED;
	ret = words_set(cli, a, text);
	free(text);
	return ret;
}

/* ---- options ----------------------------------------------------------------------------------------------------------------------- */
/* What stands behind the = or as the next word. NULL: nothing. */
static const char *words_value(struct words *w, const char *equals)
{
	if (equals)
		return equals + 1;
	return w->at < w->argc ? w->argv[w->at++] : NULL;
}

static bool words_is(const char *option, size_t n, const char *name)
{
	if (strlen(name) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (option[i] != name[i] && !(option[i] == '-' && name[i] == '_'))
			return false;
	return true;
}

static int words_no_value(const char *option, size_t n)
{
	fprintf(stderr, "turnpikectl: --%.*s: found nothing behind it, expected a value\ntry 'turnpikectl --help'\n", (int)n,
	        option);
	return CLI_USAGE;
}

static int words_timeout(struct cli *cli, const char *what, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > CLI_TIMEOUT_MAX)
		return cli_usage(what, text, "seconds, 0 to 86400", NULL);
	cli->timeout = (unsigned int)n;
	return -1;
}

/* Options of turnpikectl itself. -2: none of them. */
static int words_own_option(struct words *w, const char *option, size_t n, const char *equals)
{
	const char *value;

	if (words_is(option, n, "json"))
		w->cli->json = true;
	else if (words_is(option, n, "help"))
		w->help = true;
	else if (words_is(option, n, "version")) {
		printf("turnpikectl %s\n", TP_VERSION);
		return CLI_OK;
	} else if (words_is(option, n, "socket") || words_is(option, n, "name") || words_is(option, n, "timeout")) {
		value = words_value(w, equals);
		if (!value || !*value)
			return words_no_value(option, n);
		if (option[0] == 's')
			return cli_place_at(w->cli, value);
		if (option[0] == 't')
			return words_timeout(w->cli, "--timeout", value);
		w->name = value;
	} else {
		return -2;
	}
	return -1;
}

static int words_unknown_option(const struct words *w, const char *option)
{
	struct tp_suggestion near = tp_suggest_for(option);
	const char *of = w->cli->command ? w->cli->command->words : "";

	for (const char *const *own = (const char *const[]){"socket", "name", "timeout", "json", "help", "version", NULL}; *own;
	        own++)
		tp_suggest_try(&near, *own);
	for (unsigned int i = 0; w->cli->command && i < w->cli->command->n_arguments; i++)
		tp_suggest_try(&near, w->cli->command->arguments[i].name);
	fprintf(stderr, "turnpikectl: found '--%.256s', expected an option of %s", option, *of ? of : "turnpikectl");
	if (near.best)
		fprintf(stderr, "; did you mean '--%s'?", near.best);
	fprintf(stderr, "\ntry 'turnpikectl%s%s --help'\n", *of ? " " : "", of);
	return CLI_USAGE;
}

static int words_option(struct words *w, const char *option)
{
	const char *equals = strchr(option, '='), *value;
	size_t n = equals ? (size_t)(equals - option) : strlen(option);
	int ret = words_own_option(w, option, n, equals);

	if (ret != -2)
		return ret;
	for (unsigned int i = 0; w->cli->command && i < w->cli->command->n_arguments; i++) {
		const struct tp_argument *a = &w->cli->command->arguments[i];

		if (a->place != TP_PLACE_OPTION || !words_is(option, n, a->name))
			continue;
		if (a->type == TP_ARGUMENT_FLAG) {
			json_object_set_new(w->cli->args, a->name, json_true());
			return equals ? cli_usage(option, equals, "nothing behind it", NULL) : -1;
		}
		value = words_value(w, equals);
		return value ? words_set(w->cli, a, value) : words_no_value(option, n);
	}
	return words_unknown_option(w, option);
}

/* ---- words ------------------------------------------------------------------------------------------------------------------------- */
/* The words that make a command behind `first`, as "check, diff, apply"; false: there is none. */
static bool words_second(const char *first, char *text, size_t len)
{
	size_t n = strlen(first), used = 0;

	for (unsigned int i = 0; i < TP_COMMAND_COUNT && used < len; i++)
		if (strncmp(tp_commands[i].words, first, n) == 0 && tp_commands[i].words[n] == ' ')
			used += (size_t)snprintf(text + used, len - used, "%s%s", used ? ", " : "", tp_commands[i].words + n + 1);
	return used > 0;
}

static bool words_asks_help(const struct words *w)
{
	const char *next = w->at < w->argc ? w->argv[w->at] : "";

	return strcmp(next, "--help") == 0 || strcmp(next, "-h") == 0;
}

/* The command of the words from here, the longest that there is. */
static int words_command(struct words *w, const char *first)
{
	const char *near = NULL;
	char two[256], second[256];

	if (w->at < w->argc && w->argv[w->at][0] != '-') {
		snprintf(two, sizeof(two), "%s %s", first, w->argv[w->at]);
		w->cli->command = tp_command_find(two, &near);
		if (w->cli->command) {
			w->at++;
			return -1;
		}
	}
	w->cli->command = tp_command_find(first, &near);
	if (w->cli->command)
		return -1;
	if (words_second(first, second, sizeof(second)) && (w->help || words_asks_help(w))) {
		cli_help_group(first, stdout);
		return CLI_OK;
	}
	if (words_second(first, second, sizeof(second)))
		return cli_usage(first, w->at < w->argc ? w->argv[w->at] : "", second, NULL);
	return cli_usage("", first, "a command", near);
}

static int words_argument(struct words *w, const char *word)
{
	const struct tp_command *command = w->cli->command;
	unsigned int place = 0;
	char second[256];

	for (unsigned int i = 0; i < command->n_arguments; i++) {
		const struct tp_argument *a = &command->arguments[i];

		if (a->place == TP_PLACE_OPTION)
			continue;
		if (a->type == TP_ARGUMENT_WORDS)
			return words_join(w->cli, a, word);
		if (place++ == w->placed) {
			w->placed++;
			return words_set(w->cli, a, word);
		}
	}
	if (words_second(command->words, second, sizeof(second)))
		return cli_usage(command->words, word, second, NULL);
	return cli_usage(command->words, word, "no further argument", NULL);
}

static int words_next(struct words *w)
{
	const char *word = w->argv[w->at++];

	if (!w->no_options && strcmp(word, "--") == 0) {
		w->no_options = true;
		return -1;
	}
	if (!w->no_options && strncmp(word, "--", 2) == 0)
		return words_option(w, word + 2);
	if (!w->no_options && strcmp(word, "-h") == 0) {
		w->help = true;
		return -1;
	}
	if (!w->cli->command && strcmp(word, "help") == 0) {
		w->help = true;
		return -1;
	}
	return w->cli->command ? words_argument(w, word) : words_command(w, word);
}

static int words_missing(const struct cli *cli)
{
	for (unsigned int i = 0; i < cli->command->n_arguments; i++) {
		const struct tp_argument *a = &cli->command->arguments[i];

		if (a->place != TP_PLACE_WORD || json_object_get(cli->args, a->name))
			continue;
		fprintf(stderr, "turnpikectl: %s: %s is missing: %s\n", cli->command->words, a->name, a->help);
		return CLI_USAGE;
	}
	return -1;
}

int cli_words(struct cli *cli, int argc, char **argv)
{
	struct words w = {.cli = cli, .argc = argc, .at = 1, .argv = argv};
	const char *timeout = getenv("TURNPIKE_TIMEOUT");
	int ret = timeout && *timeout ? words_timeout(cli, "TURNPIKE_TIMEOUT", timeout) : -1;

	cli->args = json_object();
	while (w.at < argc && ret == -1)
		ret = words_next(&w);
	if (ret != -1)
		return ret;
	if (w.help || !cli->command) {
		if (cli->command)
			cli_help_command(cli->command, stdout);
		else
			cli_help(w.help ? stdout : stderr);
		return w.help ? CLI_OK : CLI_USAGE;
	}
	ret = words_missing(cli);
	return ret == -1 ? cli_place(cli, w.name) : ret;
}
