/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOGIN_HASH_H
#define TP_LOGIN_HASH_H
/* Password hashes: what a string says, and whether a password belongs to it. */
#include <stddef.h>
#include <stdint.h>

enum login_method { LOGIN_YESCRYPT, LOGIN_ARGON2ID };

/* NULL where the string is a hash that can be verified; else what was expected. Pure. */
const char *login_hash_check(const char *hash, enum login_method *method);

/* What verifying needs, about 32 KiB; one a thread. */
struct login_scratch;
struct login_scratch *login_scratch_new(void);
void login_scratch_free(struct login_scratch *scratch);

/* 1: it is the password. 0: it is not. -ENOMEM or -EINVAL: nobody knows. password has n octets and a NUL behind them. */
int login_hash_verify(struct login_scratch *scratch, enum login_method method, const char *hash, const char *password, size_t n);

#endif
