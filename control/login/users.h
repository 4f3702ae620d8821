/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOGIN_USERS_H
#define TP_LOGIN_USERS_H
#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "tp_login.h"

struct login_user {
	const char *name;
	const char *hash;
	uint32_t line;
	enum login_method method;
};

/* NULL: not in the file. */
const struct login_user *login_users_find(const struct tp_login_users *users, const uint8_t *name, size_t n);
/* The user of the file whose hash an unknown name is verified against: always the same one. NULL where the file has none. */
const struct login_user *login_users_stand_in(const struct tp_login_users *users, const uint8_t *name, size_t n);
/* Another reference. Control thread, as is giving one back: the count needs no atomics. */
void login_users_hold(struct tp_login_users *users);

#endif
