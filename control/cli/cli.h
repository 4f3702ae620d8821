/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CLI_H
#define TP_CLI_H
/*
 * turnpikectl: a client of the control socket that knows the tables of commands and nothing of what they answer. Answers say themselves how they are
 * to be shown. One process, one request.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "tp_commands.h"

#define CLI_TIMEOUT_S   10
#define CLI_TIMEOUT_MAX 86400

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1, /* turnpiked says no, or the connection broke */
	CLI_USAGE = 2,  /* mistake on the command line */
	CLI_NOBODY = 3, /* no turnpiked answers */
	CLI_LATE = 4,   /* there is one, and it says nothing for longer than --timeout */
	CLI_FILE = 5,   /* only of --complete: the name of a file is meant, which the shell knows */
};

struct cli {
	char socket[108];
	bool json;
	unsigned int timeout; /* s without a word of turnpiked; 0: for ever */
	const struct tp_command *command;
	json_t *args;
};

/* ---- words.c: the command line -------------------------------------------------------------------------------------------------- */
/* -1: go on; or the exit status, everything said. */
int cli_words(struct cli *cli, int argc, char **argv);
/* Says that `found` is there in place of `expected`. what: of which argument, or "". near: what may have been meant, or NULL. CLI_USAGE. */
int cli_usage(const char *what, const char *found, const char *expected, const char *near);

/* ---- place.c: the socket -------------------------------------------------------------------------------------------------------- */
/* Where none is set yet, that of this name, or where it is NULL the one of the environment or of this machine. -1: go on; or the exit status, everything said. */
int cli_place(struct cli *cli, const char *name);
/* Prints the names that --name may have, a line each; those that a shell would take for more than a word are left out. */
void cli_place_names(void);
/* This one. The same. */
int cli_place_at(struct cli *cli, const char *path);

/* ---- help.c --------------------------------------------------------------------------------------------------------------------- */
void cli_help(FILE *out);
/* Of the commands whose first word this is. */
void cli_help_group(const char *first, FILE *out);
void cli_help_command(const struct tp_command *command, FILE *out);

/* ---- complete.c ----------------------------------------------------------------------------------------------------------------- */
/* Prints what may stand in the place of the last word. The exit status. */
int cli_complete(int n, char **words);

/* ---- connection.c --------------------------------------------------------------------------------------------------------------- */
/* Connects and sends the request. A descriptor, or the exit status with its sign changed and everything said. */
int cli_connect(const struct cli *cli);
/* The next line as JSON; NULL: the end, everything said, with the exit status in *ret. */
json_t *cli_receive(const struct cli *cli, FILE *in, int *ret);

/* ---- stop.c --------------------------------------------------------------------------------------------------------------------- */
/* From now on the first SIGINT or SIGTERM asks turnpiked, on this connection, for the end of the stream; the second one ends this process. Again: nothing. */
void cli_stop_by_signal(int fd);

/* ---- render.c ------------------------------------------------------------------------------------------------------------------- */
/* Shows an answer by the blocks of `show`. live: it takes the place of the one before on the terminal. first: the first of a stream. */
void cli_render(json_t *data, const json_t *show, bool stream, bool first, FILE *out);
/* ---- octets.c: blocks of `show` that go to a file -------------------------------------------------------------------------------- */
/* Whether some do. */
bool cli_has_octets(const json_t *show);
/* Writes them; the file is made anew with the first ones. They are no part of the data any more then, unless the data itself is to be printed where they would go. 0, or -1
 * with everything said. */
int cli_octets(const struct cli *cli, json_t *data, const json_t *show, bool first);
/* ---- value.c */
/* A value as people read it; a NUL-terminated text of at most len octets, without control characters. */
void cli_value(const json_t *value, const char *unit, char *text, size_t len);
/* Columns it takes on a terminal. */
unsigned int cli_width(const char *text);

#endif
