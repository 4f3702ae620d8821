/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BOOKS_PRIVATE_H
#define TP_BOOKS_PRIVATE_H
/* What the files of this folder share. */
#include "tp_books.h"

#define BOOKS_TOTAL (-1) /* line number of the total */

/* What the ledger knows of one source. */
struct ledger_line {
	uint64_t acknowledged;
	uint64_t failed[TP_FAILURE_COUNT];
	uint64_t published;
	uint64_t covert_acknowledged, covert_failed[TP_FAILURE_COUNT]; /* beside those above, not in them */
};
/* The line of a source, or NULL where the ledger has none. */
const struct ledger_line *ledger_line(unsigned int source);
/* Frees the pool of control's own batches. */
void control_batch_fini(void);

/* "total", "nobody", or device, lane and site of the source as "device/lane@site"; text is cut to len octets. Returns text. */
const char *books_name(const struct tp_plan_spec *plan, int line, char *text, size_t len);
/* The source's entry in the plan, or NULL. */
const struct tp_source *books_source(const struct tp_plan_spec *plan, unsigned int source);
/* What the XDP program of a port decides, by enum tp_guard_reason, as the books call it. */
extern const struct books_xdp {
	const char *name, *help;
} books_xdp[TP_GUARD_REASON_COUNT];
/* Whether anything happened in this line. */
bool books_has_traffic(const struct tp_account *account);
/* False where more came out of a side than went in: true of every snapshot, whether packets move or not. */
bool books_plausible(const struct tp_account *account);
/* One sentence a difference of this line goes to out (NULL: none). Returns how many there are. */
unsigned int books_differences(const struct tp_account *account, const char *name, FILE *out);

#endif
