/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of tp_commands.h as data, for both ends of the control socket. */
#include "tp_commands.h"

#include <string.h>

#include "tp_suggest.h"

#define ARGUMENT_ROW(name, place, type, min, max, text, help) {#name, TP_PLACE_##place, TP_ARGUMENT_##type, min, max, text, help},
#define ARGUMENT_LIST(id, words, permission, help)                                                                                 \
	static const struct tp_argument arguments_##id[] = {TP_ARGUMENTS_##id(ARGUMENT_ROW){NULL}};
TP_COMMANDS(ARGUMENT_LIST)

#define COMMAND_ROW(id, words, permission, help)                                                                                   \
	[TP_COMMAND_##id] = {                                                                                                      \
	        words, TP_PERMISSION_##permission, help, arguments_##id, sizeof(arguments_##id) / sizeof(arguments_##id[0]) - 1},
const struct tp_command tp_commands[TP_COMMAND_COUNT] = {TP_COMMANDS(COMMAND_ROW)};

#define UNIT_WORD(id, word) [TP_UNIT_##id] = word,
const char *const tp_unit_words[TP_UNIT_UNITS] = {TP_UNITS(UNIT_WORD)};

const struct tp_command *tp_command_find(const char *words, const char **suggest)
{
	struct tp_suggestion near = tp_suggest_for(words);

	for (unsigned int i = 0; i < TP_COMMAND_COUNT; i++) {
		if (strcmp(tp_commands[i].words, words) == 0)
			return &tp_commands[i];
		tp_suggest_try(&near, tp_commands[i].words);
	}
	*suggest = near.best;
	return NULL;
}

const struct tp_argument *tp_command_argument(const struct tp_command *command, const char *name)
{
	for (unsigned int i = 0; i < command->n_arguments; i++)
		if (strcmp(command->arguments[i].name, name) == 0)
			return &command->arguments[i];
	return NULL;
}

bool tp_argument_is_choice(const struct tp_argument *argument, const char *word)
{
	size_t n = strlen(word);
	const char *at = argument->text;

	while (n && at) {
		if (strncmp(at, word, n) == 0 && (at[n] == '|' || at[n] == '\0'))
			return true;
		at = strchr(at, '|');
		at = at ? at + 1 : NULL;
	}
	return false;
}
