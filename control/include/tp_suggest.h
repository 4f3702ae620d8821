/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SUGGEST_H
#define TP_SUGGEST_H
/*
 * "Did you mean": the candidate nearest to a misspelt word. Used for keys and values of the configuration and for command-line options.
 *
 *   struct tp_suggestion s = tp_suggest_for("ofrmat");
 *   for each candidate: tp_suggest_try(&s, candidate);
 *   s.best is the nearest one, or NULL where none is near
 */
struct tp_suggestion {
	const char *word;
	const char *best;      /* points to the candidate itself */
	unsigned int distance; /* of best; before any fits: one more than what is still near */
};

/* Near is: at most a third of the word's letters have to change, and always one or two. Any thread. */
struct tp_suggestion tp_suggest_for(const char *word);
void tp_suggest_try(struct tp_suggestion *s, const char *candidate);

/* Letters to insert, delete, replace or swap with their neighbour to make b of a (optimal string alignment), ignoring case. Words longer
 * than 64 octets are as far apart as their lengths. Pure. */
unsigned int tp_edit_distance(const char *a, const char *b);

#endif
