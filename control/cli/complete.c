/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may stand at the end of a command line that is being typed, one candidate a line, for the shell's completion: turnpikectl --complete WORD...
 * with the words so far, the last one of which may be empty. The shell drops what does not begin like it. Names of files are the shell's own affair: where one is
 * meant, and only there, the exit status is CLI_FILE. Names of devices, listeners and the like are turnpiked's, which is not asked for each key.
 */
#include <string.h>

#include "cli.h"

static const char *const complete_own[] = {"--socket", "--name", "--timeout", "--json", "--help", "--version"};

/* The options of turnpikectl that have a value. */
static bool complete_takes_value(const char *word)
{
	return strcmp(word, "--socket") == 0 || strcmp(word, "--name") == 0 || strcmp(word, "--timeout") == 0;
}

/* "config" of "config check", once; behind it the second word. */
static void complete_commands(const char *first)
{
	const char *last = "";

	for (unsigned int i = 0; i < TP_COMMAND_COUNT; i++) {
		const char *words = tp_commands[i].words, *blank = strchr(words, ' ');
		size_t n = strcspn(words, " ");

		if (first && blank && strlen(first) == n && strncmp(words, first, n) == 0)
			puts(blank + 1);
		if (!first && (strcspn(last, " ") != n || strncmp(words, last, n) != 0))
			printf("%.*s\n", (int)n, words);
		last = words;
	}
}

static void complete_option(const char *name)
{
	fputs("--", stdout);
	for (; *name; name++)
		putchar(*name == '_' ? '-' : *name);
	putchar('\n');
}

static void complete_options(const struct tp_command *command)
{
	for (unsigned int i = 0; i < sizeof(complete_own) / sizeof(complete_own[0]); i++)
		puts(complete_own[i]);
	for (unsigned int i = 0; command && i < command->n_arguments; i++)
		if (command->arguments[i].place == TP_PLACE_OPTION)
			complete_option(command->arguments[i].name);
}

/* The argument whose value the word behind this option is, or NULL. */
static const struct tp_argument *complete_valued(const struct tp_command *command, const char *option)
{
	char name[64];

	if (!command || strncmp(option, "--", 2) != 0)
		return NULL;
	snprintf(name, sizeof(name), "%s", option + 2);
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	for (unsigned int i = 0; i < command->n_arguments; i++) {
		const struct tp_argument *a = &command->arguments[i];

		if (a->place == TP_PLACE_OPTION && a->type != TP_ARGUMENT_FLAG && strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

/* a: NULL where nothing is expected. The exit status. */
static int complete_value(const struct tp_argument *a)
{
	const char *word = a && a->type == TP_ARGUMENT_CHOICE ? a->text : NULL;

	while (word) {
		printf("%.*s\n", (int)strcspn(word, "|"), word);
		word = strchr(word, '|');
		word = word ? word + 1 : NULL;
	}
	return a && (a->type == TP_ARGUMENT_PATH || a->type == TP_ARGUMENT_OUTPUT) ? CLI_FILE : CLI_OK;
}

/* The same of an option of turnpikectl. */
static int complete_own_value(const char *option)
{
	if (strcmp(option, "--name") == 0)
		cli_place_names();
	return strcmp(option, "--socket") == 0 ? CLI_FILE : CLI_OK;
}

/* What the words in front of the last one say. */
struct complete_line {
	const struct tp_command *command; /* NULL: none yet */
	const char *first;                /* the word of it where there is just one so far, which another may follow; or NULL */
	unsigned int given;               /* words behind the command that are no option */
};

static void complete_word(struct complete_line *line, const char *word)
{
	const struct tp_command *longer = NULL;
	const char *near;
	char two[256];

	if (!line->first && !line->command) {
		line->command = tp_command_find(word, &near);
		line->first = word;
		return;
	}
	if (line->first) {
		snprintf(two, sizeof(two), "%s %s", line->first, word);
		longer = tp_command_find(two, &near);
	}
	line->first = NULL;
	if (longer)
		line->command = longer;
	else
		line->given++;
}

static struct complete_line complete_read(int n, char **words)
{
	struct complete_line line = {.command = NULL};

	for (int i = 0; i < n; i++) {
		bool none_yet = !line.first && !line.command;

		if (complete_takes_value(words[i]) || complete_valued(line.command, words[i]))
			i++;
		else if ((words[i][0] != '-' || !words[i][1]) && (!none_yet || strcmp(words[i], "help") != 0))
			complete_word(&line, words[i]);
	}
	return line;
}

/* What stands behind the command at that place, or NULL. */
static const struct tp_argument *complete_argument(const struct tp_command *command, unsigned int place)
{
	for (unsigned int i = 0; command && i < command->n_arguments; i++)
		if (command->arguments[i].place != TP_PLACE_OPTION && place-- == 0)
			return &command->arguments[i];
	return NULL;
}

int cli_complete(int n, char **words)
{
	const char *last = n > 0 ? words[n - 1] : "", *before = n > 1 ? words[n - 2] : "";
	struct complete_line line = complete_read(n - 1, words);

	if (complete_valued(line.command, before))
		return complete_value(complete_valued(line.command, before));
	if (complete_takes_value(before))
		return complete_own_value(before);
	if (last[0] == '-') {
		complete_options(line.command);
		return CLI_OK;
	}
	if (!line.command || line.first)
		complete_commands(line.first);
	return complete_value(complete_argument(line.command, line.given));
}
