/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line: one row an option, from which come getopt's table, --help and the suggestions.
 */
#include "command_line.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "tp_conf.h"
#include "tp_suggest.h"

/* X(letter, name, has argument, argument in --help, help) */
/* clang-format off */
#define OPTIONS(X) \
	X('c', "config", required_argument, " FILE", "read this configuration") \
	X('k', "check", no_argument, "", "say what is wrong with the configuration, or that nothing is, and exit") \
	X('r', "replay", required_argument, " PCAP", "read this recording once in place of the ports, deliver everything, exit; needs no root") \
	X('s', "sink", required_argument, " SINK", "kafka, file or null in place of the configured sink") \
	X('b', "books", required_argument, " FILE", "write the books as JSON to this file at exit") \
	X('d', "dump-config", optional_argument, "[=markdown]", "print every option with its default and exit") \
	X('V', "version", no_argument, "", "print the version and exit") \
	X('h', "help", no_argument, "", "print this and exit")

/* X(names, help): what main.c handles */
#define SIGNALS(X) \
	X("SIGTERM, SIGINT", "stop receiving, deliver what was received for stop.timeout_ms at most, print the books, exit;") \
	X("", "a second one does not wait for deliveries") \
	X("SIGHUP", "put the configuration in force as it and the files it names are now, without losing anything;") \
	X("", "where there is a mistake, say so and change nothing") \
	X("SIGPIPE", "ignored: who reads what turnpiked prints may go")
/* clang-format on */

#define GETOPT_ROW(letter, name, has_arg, arg, help) {name, has_arg, NULL, letter},
static const struct option command_line_options[] = {OPTIONS(GETOPT_ROW){0}};

static void command_line_help(void)
{
	printf("turnpiked takes in what the roadside sends and puts it into Kafka.\n\n"
	       "usage: turnpiked --config FILE [--check] [--replay PCAP] [--sink SINK] [--books FILE]\n\n");
#define HELP_ROW(letter, name, has_arg, arg, help) printf("  --%-22s %s\n", name arg, help);
	OPTIONS(HELP_ROW)
	printf("\nsignals:\n");
#define HELP_SIGNAL(names, help) printf("  %-24s %s\n", names, help);
	SIGNALS(HELP_SIGNAL)
	printf("\nexit status: 0 all is accounted for, 1 failed while starting or running or stopped within a replay, 2 a mistake "
	       "in "
	       "the\n"
	       "command line or the configuration, 3 the books do not balance\n");
}

static int command_line_mistake(const char *what, const char *argument, const char *suggestion)
{
	fprintf(stderr, "turnpiked: %s '%s'", what, argument);
	if (suggestion)
		fprintf(stderr, "; did you mean '--%s'?", suggestion);
	fprintf(stderr, "\nturnpiked --help lists the options\n");
	return TP_EXIT_CONFIGURATION;
}

static int command_line_unknown(const char *argument)
{
	struct tp_suggestion s;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(argument, "="), argument);
	s = tp_suggest_for(name + strspn(name, "-"));
	for (const struct option *o = command_line_options; o->name; o++)
		tp_suggest_try(&s, o->name);
	return command_line_mistake("unknown option", argument, s.best);
}

static int command_line_dump(const char *form)
{
	if (!form)
		tp_conf_dump(stdout);
	else if (strcmp(form, "markdown") == 0)
		tp_conf_manual(stdout);
	else
		return command_line_mistake("--dump-config prints YAML, or with =markdown the manual; found", form, NULL);
	return TP_EXIT_OK;
}

/* One option. -1: go on. */
static int command_line_take(struct tp_command_line *cl, int letter)
{
	switch (letter) {
	case 'c':
		cl->config = optarg;
		return -1;
	case 'k':
		cl->check = true;
		return -1;
	case 'r':
		cl->replay = optarg;
		return -1;
	case 's':
		cl->sink = optarg;
		return -1;
	case 'b':
		cl->books = optarg;
		return -1;
	case 'd':
		return command_line_dump(optarg);
	case 'V':
		printf("turnpiked %s\n", TP_VERSION);
		return TP_EXIT_OK;
	case 'h':
		command_line_help();
		return TP_EXIT_OK;
	default:
		return TP_EXIT_CONFIGURATION;
	}
}

/* An argument that looks like an option was meant as one. */
static int command_line_bad_value(const struct tp_command_line *cl)
{
	const char *const values[] = {cl->config, cl->replay, cl->sink, cl->books};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i] && (!values[i][0] || strncmp(values[i], "--", 2) == 0))
			return command_line_mistake("an option lacks its argument; found", values[i], NULL);
	return -1;
}

int tp_command_line_read(struct tp_command_line *cl, int argc, char **argv)
{
	int letter, status;

	memset(cl, 0, sizeof(*cl));
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":", command_line_options, NULL)) != -1) {
		if (letter == ':')
			return command_line_mistake("an argument is missing behind", argv[optind - 1], NULL);
		if (letter == '?')
			return command_line_unknown(argv[optind - 1]);
		status = command_line_take(cl, letter);
		if (status >= 0)
			return status;
	}
	if (optind < argc)
		return command_line_mistake("expected options only, found", argv[optind], NULL);
	if (!cl->config) {
		fprintf(stderr, "turnpiked: --config FILE is missing\nturnpiked --help lists the options\n");
		return TP_EXIT_CONFIGURATION;
	}
	return command_line_bad_value(cl);
}
