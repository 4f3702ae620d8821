/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SETUP_H
#define TP_SETUP_H
/*
 * A setup is one configuration with all that was made of it: what is in force, what is being prepared to take its place, or what was replaced and waits until no worker
 * holds it. It is made by one thread, handed to control, and from then on is control's.
 */
#include <stdio.h>

#include "tp_admin.h"
#include "tp_conf.h"
#include "tp_login.h"
#include "tp_worker.h"

/* Compiled lists and rules; shared by setups that have the same ones. */
struct tp_patterns {
	struct tp_pattern_db *db;
	char *key; /* lists with the state of their files, and rules: the same key, the same database */
	unsigned int users;
};

struct tp_setup {
	struct tp_conf conf;
	bool conf_stays;              /* of the start: ports, sink and admin refer to it */
	struct tp_patterns *patterns; /* NULL: none */
	struct tp_plan *plan;
	struct tp_worker_view *view; /* NULL: the workers have it */
	struct tp_login_users *users[TP_MAX_MQTT_LISTENERS];
	struct tp_http_files *http; /* NULL: none, or HTTP has them */
};

/* What a setup is made under, which does not change while it is made. */
struct tp_setup_frame {
	const struct tp_conf *start;                /* what memory, ports and sink were made by */
	const struct tp_setup *now;                 /* in force */
	uint32_t deserted;                          /* as tp_conf_carry() wants it */
	const char *sink;                           /* of the command line, or NULL */
	bool http;                                  /* it is served: no replay */
	void (*stage)(void *ctx, const char *what); /* called as it goes on; any thread */
	void *ctx;
};

/*
 * Everything that does not need a worker, from a configuration that was loaded: numbers of the one in force, certificates, users, lists and rules, plan, view. 0, or a negative errno
 * with the mistakes in out, a line each. Any thread; takes as long as the lists take.
 */
int tp_setup_build(struct tp_setup *next, const struct tp_setup_frame *frame, FILE *out);
/* Frees what it holds and the setup. NULL is fine. No worker may hold it. */
void tp_setup_free(struct tp_setup *setup);

/* ---- lists and rules -------------------------------------------------------------------------------------------------------------- */
/* The database of these lists and rules: that of `before` where it is the same, else compiled. *patterns NULL where there are none. 0 or -errno with the mistakes in out. */
int tp_patterns_get(const struct tp_conf *conf, struct tp_patterns *before, struct tp_patterns **patterns, FILE *out);
void tp_patterns_put(struct tp_patterns *patterns); /* NULL is fine */

/* ---- credentials.c ---------------------------------------------------------------------------------------------------------------- */
/* Makes the TLS contexts of a configuration and reads its users. False with the mistakes in out. Any thread, after tp_daemon_credentials(). */
bool tp_credentials_load(struct tp_conf *conf, struct tp_login_users **users, FILE *out);
void tp_credentials_free(struct tp_conf *conf, struct tp_login_users **users);

#endif
