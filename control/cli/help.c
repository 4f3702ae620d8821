/* SPDX-License-Identifier: BSD-3-Clause */
/* --help, of the whole and of a command, from the tables. */
#include <string.h>

#include "cli.h"

/* Argument names have underscores on the wire and dashes on the command line. */
static const char *help_dashes(const char *name, char *text, size_t len)
{
	snprintf(text, len, "%s", name);
	for (char *c = text; *c; c++)
		if (*c == '_')
			*c = '-';
	return text;
}
#define HELP_DASHES(name) help_dashes(name, (char[64]){0}, 64)

static const char *help_upper(const char *name, char *text, size_t len)
{
	snprintf(text, len, "%s", name);
	for (char *c = text; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return text;
}
#define HELP_UPPER(name) help_upper(name, (char[64]){0}, 64)

static void help_synopsis(const struct tp_command *command, FILE *out)
{
	fprintf(out, "turnpikectl [options] %s", command->words);
	for (unsigned int i = 0; i < command->n_arguments; i++) {
		const struct tp_argument *a = &command->arguments[i];

		if (a->place == TP_PLACE_WORD)
			fprintf(out, " %s%s", HELP_UPPER(a->name), a->type == TP_ARGUMENT_WORDS ? "..." : "");
		else if (a->place == TP_PLACE_MAYBE)
			fprintf(out, " [%s%s]", HELP_UPPER(a->name), a->type == TP_ARGUMENT_WORDS ? "..." : "");
		else if (a->type == TP_ARGUMENT_FLAG)
			fprintf(out, " [--%s]", HELP_DASHES(a->name));
		else
			fprintf(out, " [--%s %s]", HELP_DASHES(a->name), a->type == TP_ARGUMENT_NUMBER ? "N" : "VALUE");
	}
	fputc('\n', out);
}

static void help_argument(const struct tp_argument *a, FILE *out)
{
	char what[80];

	if (a->place == TP_PLACE_OPTION)
		snprintf(what, sizeof(what), "--%s", HELP_DASHES(a->name));
	else
		snprintf(what, sizeof(what), "%s", HELP_UPPER(a->name));
	fprintf(out, "  %-16s %s", what, a->help);
	if (a->type == TP_ARGUMENT_NUMBER)
		fprintf(out, "; %lld to %lld", (long long)a->min, (long long)a->max);
	if (a->type == TP_ARGUMENT_CHOICE)
		fprintf(out, "; one of %s, default %.*s", a->text, (int)strcspn(a->text, "|"), a->text);
	else if (a->text)
		fprintf(out, ", default %s", a->text);
	fputc('\n', out);
}

void cli_help_command(const struct tp_command *command, FILE *out)
{
	fputs("Usage: ", out);
	help_synopsis(command, out);
	fprintf(out, "%s.%s\n", command->help,
	        command->permission == TP_PERMISSION_CHANGE ? " It is written to the audit log." : "");
	if (command->n_arguments)
		fputc('\n', out);
	for (unsigned int i = 0; i < command->n_arguments; i++)
		help_argument(&command->arguments[i], out);
}

void cli_help_group(const char *first, FILE *out)
{
	size_t n = strlen(first);

	fprintf(out, "Usage: turnpikectl [options] %s COMMAND [arguments]\n\nCommands\n", first);
	for (unsigned int i = 0; i < TP_COMMAND_COUNT; i++)
		if (strncmp(tp_commands[i].words, first, n) == 0 && tp_commands[i].words[n] == ' ')
			fprintf(out, "  %-16s %s\n", tp_commands[i].words, tp_commands[i].help);
}

void cli_help(FILE *out)
{
	fputs("Usage: turnpikectl [options] COMMAND [arguments]\n"
	      "Asks a running turnpiked over its control socket.\n\nOptions\n"
	      "  --socket PATH    The control socket; default: TURNPIKE_SOCKET, or that of --name\n"
	      "  --name NAME      The turnpiked of that name: " TP_CONTROL_FOLDER
	      "/NAME.sock; default: turnpike, or the only one there is\n"
	      "  --timeout N      Seconds that turnpiked may say nothing, 0: for ever; default: TURNPIKE_TIMEOUT, or 10\n"
	      "  --json           Print the data as JSON, one line an answer\n"
	      "  --help           This text, or behind a command what it takes\n"
	      "  --version        The version\n\nCommands\n",
	        out);
	for (unsigned int i = 0; i < TP_COMMAND_COUNT; i++)
		fprintf(out, "  %-16s %s\n", tp_commands[i].words, tp_commands[i].help);
	fputs("\nExit status: 0 done, 1 turnpiked says no, 2 mistake on the command line, 3 no turnpiked answers, 4 it has said "
	      "nothing for too long\n",
	        out);
}
