/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may stand at the end of a command line that is being typed, one candidate a line, for the shell's completion: turnpikectl --complete WORD...
 * with the words so far, the last one of which may be empty. The shell drops what does not begin like it.
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

static void complete_value(const struct tp_argument *a)
{
	const char *word = a->type == TP_ARGUMENT_CHOICE ? a->text : NULL;

	while (word) {
		printf("%.*s\n", (int)strcspn(word, "|"), word);
		word = strchr(word, '|');
		word = word ? word + 1 : NULL;
	}
}

/* What the words in front say: the command, or NULL; and the word of it where there is just one so far, which another may follow. */
static const struct tp_command *complete_find(int n, char **words, const char **first)
{
	const struct tp_command *command = NULL, *longer;
	const char *near;
	char two[256];

	*first = NULL;
	for (int i = 0; i < n; i++) {
		if (complete_takes_value(words[i]))
			i++;
		else if (words[i][0] != '-' && !*first && !command && strcmp(words[i], "help") != 0) {
			command = tp_command_find(words[i], &near);
			*first = words[i];
		} else if (words[i][0] != '-' && *first) {
			snprintf(two, sizeof(two), "%s %s", *first, words[i]);
			longer = tp_command_find(two, &near);
			command = longer ? longer : command;
			*first = NULL;
		}
	}
	return command;
}

int cli_complete(int n, char **words)
{
	const char *first, *last = n > 0 ? words[n - 1] : "";
	const struct tp_command *command = complete_find(n - 1, words, &first);

	if (n > 1 && complete_valued(command, words[n - 2]))
		complete_value(complete_valued(command, words[n - 2]));
	else if (n > 1 && complete_takes_value(words[n - 2]))
		return CLI_OK; /* a file: the shell's own affair */
	else if (last[0] == '-')
		complete_options(command);
	else if (!command || first)
		complete_commands(first);
	return CLI_OK;
}
