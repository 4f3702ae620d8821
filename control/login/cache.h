/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOGIN_CACHE_H
#define TP_LOGIN_CACHE_H
/* Logins that were right, as keyed hashes, for a while. Control thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "users.h"

#define LOGIN_DIGEST 24 /* octets of HMAC-SHA-256 that are kept */

struct login_cache;

/* NULL where there is no memory or no randomness. entries > 0; life_ms: how long one is remembered. */
struct login_cache *login_cache_new(uint32_t entries, int64_t life_ms);
void login_cache_free(struct login_cache *cache); /* NULL is fine */

/* The keyed hash of a user's line and a password. False where it could not be made. */
bool login_cache_digest(
        struct login_cache *cache, const struct login_user *user, const uint8_t *password, size_t n, uint8_t digest[LOGIN_DIGEST]);
bool login_cache_knows(const struct login_cache *cache, const uint8_t digest[LOGIN_DIGEST], int64_t now_ms);
/* Takes the place of one that is over, or else of the one that would be over first among four. */
void login_cache_add(struct login_cache *cache, const uint8_t digest[LOGIN_DIGEST], int64_t now_ms);

#endif
