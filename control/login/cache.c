/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of sets of four; the digest chooses the set. Its key is random, so nobody outside can aim at a set. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"

#define CACHE_WAYS 4

struct cache_entry {
	uint8_t digest[LOGIN_DIGEST];
	int64_t until_ms; /* 0: free */
};

struct login_cache {
	EVP_MAC_CTX *mac; /* keyed; started anew for each digest */
	int64_t life_ms;
	uint32_t sets;
	struct cache_entry entries[];
};

static EVP_MAC_CTX *cache_mac(void)
{
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0), OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
	uint8_t key[32];

	EVP_MAC_free(hmac);
	if (mac != NULL && (RAND_priv_bytes(key, sizeof(key)) != 1 || EVP_MAC_init(mac, key, sizeof(key), params) != 1)) {
		EVP_MAC_CTX_free(mac);
		mac = NULL;
	}
	OPENSSL_cleanse(key, sizeof(key));
	return mac;
}

struct login_cache *login_cache_new(uint32_t entries, int64_t life_ms)
{
	uint32_t sets = (entries + CACHE_WAYS - 1) / CACHE_WAYS;
	struct login_cache *cache = calloc(1, sizeof(*cache) + (size_t)sets * CACHE_WAYS * sizeof(struct cache_entry));

	if (cache == NULL)
		return NULL;
	cache->sets = sets;
	cache->life_ms = life_ms;
	cache->mac = cache_mac();
	if (cache->mac == NULL) {
		free(cache);
		return NULL;
	}
	return cache;
}

void login_cache_free(struct login_cache *cache)
{
	if (cache == NULL)
		return;
	EVP_MAC_CTX_free(cache->mac);
	free(cache);
}

bool login_cache_digest(
        struct login_cache *cache, const struct login_user *user, const uint8_t *password, size_t n, uint8_t digest[LOGIN_DIGEST])
{
	uint8_t whole[EVP_MAX_MD_SIZE];
	size_t length = 0;
	bool fine;

	/* With the NULs behind them, so that no two pairs read the same. */
	fine = EVP_MAC_init(cache->mac, NULL, 0, NULL) == 1 &&
	       EVP_MAC_update(cache->mac, (const uint8_t *)user->name, strlen(user->name) + 1) == 1 &&
	       EVP_MAC_update(cache->mac, (const uint8_t *)user->hash, strlen(user->hash) + 1) == 1 &&
	       EVP_MAC_update(cache->mac, password, n) == 1 && EVP_MAC_final(cache->mac, whole, &length, sizeof(whole)) == 1 &&
	       length >= LOGIN_DIGEST;
	if (fine)
		memcpy(digest, whole, LOGIN_DIGEST);
	OPENSSL_cleanse(whole, sizeof(whole));
	return fine;
}

static uint32_t cache_set(const struct login_cache *cache, const uint8_t digest[LOGIN_DIGEST])
{
	uint32_t number;

	memcpy(&number, digest, sizeof(number));
	return number % cache->sets * CACHE_WAYS;
}

bool login_cache_knows(const struct login_cache *cache, const uint8_t digest[LOGIN_DIGEST], int64_t now_ms)
{
	const struct cache_entry *set = &cache->entries[cache_set(cache, digest)];

	for (int i = 0; i < CACHE_WAYS; i++)
		if (set[i].until_ms > now_ms && CRYPTO_memcmp(set[i].digest, digest, LOGIN_DIGEST) == 0)
			return true;
	return false;
}

void login_cache_add(struct login_cache *cache, const uint8_t digest[LOGIN_DIGEST], int64_t now_ms)
{
	struct cache_entry *set = &cache->entries[cache_set(cache, digest)], *place = &set[0];

	for (int i = 0; i < CACHE_WAYS; i++) {
		if (CRYPTO_memcmp(set[i].digest, digest, LOGIN_DIGEST) == 0) {
			place = &set[i];
			break;
		}
		if (set[i].until_ms < place->until_ms)
			place = &set[i];
	}
	memcpy(place->digest, digest, LOGIN_DIGEST);
	place->until_ms = now_ms + cache->life_ms;
}
