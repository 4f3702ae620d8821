/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_GUARD_LIVE_H
#define TP_GUARD_LIVE_H
/*
 * The rules of the guard that hold: those of the configuration, and those made while turnpiked runs, which last until it ends. One made live counts in
 * place of the configuration's for the same prefix; a prefix of the configuration can only be overruled, not removed.
 *
 * Control thread, but for what says otherwise.
 */
#include "tp_conf.h"
#include "tp_guard.h"

/*
 * Gives workers and XDP programs the rules of this configuration and the live ones, for the listeners of this plan. Both must outlive the next call. At
 * start, and whenever one of them has changed. 0 or -errno with a sentence in err.
 */
int tp_guard_live_apply(const struct tp_conf *conf, const struct tp_plan_spec *plan, char *err, size_t err_len);
/* One rule more, or another verdict for its prefix. 0; -EALREADY: so it is; -ENOSPC, or what tp_guard_apply() says; then nothing has changed. */
int tp_guard_live_set(const struct tp_guard_rule *rule, char *err, size_t err_len);
/* Takes a live rule back. 0; -ENOENT: no such rule; -EPERM: it is the configuration's. */
int tp_guard_live_remove(const struct tp_guard_rule *rule, char *err, size_t err_len);
/* Forgets everything, at the end. */
void tp_guard_live_fini(void);

struct tp_guard_row {
	struct tp_guard_rule rule;
	bool live;
};
/* The rules that hold, max at most. Returns how many there are. Any thread. */
unsigned int tp_guard_live_rows(struct tp_guard_row *rows, unsigned int max);

/* "192.0.2.0/24". Returns text. Pure. */
#define TP_GUARD_TEXT 64
const char *tp_guard_text(const struct tp_guard_rule *rule, char text[TP_GUARD_TEXT]);
/* The other way round; NULL, or what was expected in place of the text. Pure. */
const char *tp_guard_read(const char *text, struct tp_guard_rule *rule);

#endif
