/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of session tickets. Of three places in a ring one makes tickets, the one behind it made them before and still opens them, and the third is free: there
 * the next key is made before one number says that it is the current one. So threads that make or open tickets need no lock, and a key that has served is wiped
 * as soon as nobody can be reading it any more. Who has a key can read what was said in the sessions of its tickets (TLS 1.2); that is why it may not live for ever.
 *
 * A ticket is what RFC 5077, 4 recommends: name of the key, IV, AES-256-CBC, and HMAC-SHA-256 over it all, which OpenSSL puts together and compares.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"

#define TICKETS_IV 16

/* ---- control ---------------------------------------------------------------------------------------------------------------------- */
static struct tls_tickets_key *tickets_free_place(struct tls_tickets *t)
{
	return &t->keys[(t->current + 1) % TLS_TICKETS_KEYS];
}

void tls_tickets_forget(struct tls_tickets *t)
{
	OPENSSL_cleanse(tickets_free_place(t), sizeof(struct tls_tickets_key));
}

bool tls_tickets_renew(struct tls_tickets *t)
{
	struct tls_tickets_key *key = tickets_free_place(t);

	key->there = RAND_bytes(key->name, sizeof(key->name)) == 1 && RAND_priv_bytes(key->cipher, sizeof(key->cipher)) == 1 &&
	             RAND_priv_bytes(key->mac, sizeof(key->mac)) == 1;
	if (!key->there) {
		tls_tickets_forget(t);
		return false;
	}
	__atomic_store_n(&t->current, (t->current + 1) % TLS_TICKETS_KEYS, __ATOMIC_RELEASE);
	return true;
}

bool tls_tickets_anew(struct tls_tickets *t)
{
	struct tls_tickets made = {.current = 0};

	if (!tls_tickets_renew(&made))
		return false;
	OPENSSL_cleanse(t, sizeof(*t));
	*t = made;
	OPENSSL_cleanse(&made, sizeof(made));
	return true;
}

struct tls_tickets *tls_tickets_new(void)
{
	struct tls_tickets *t = calloc(1, sizeof(*t));

	if (t != NULL && !tls_tickets_renew(t)) {
		free(t);
		return NULL;
	}
	return t;
}

void tls_tickets_free(struct tls_tickets *t)
{
	if (t == NULL)
		return;
	OPENSSL_cleanse(t, sizeof(*t));
	free(t);
}

/* ---- within tls_step() ------------------------------------------------------------------------------------------------------------- */
/* The key that a ticket names, the current one or the one before. *age: 0 or 1. */
static const struct tls_tickets_key *tickets_find(const struct tls_tickets *t, const uint8_t *name, unsigned int *age)
{
	unsigned int current = __atomic_load_n(&t->current, __ATOMIC_ACQUIRE);

	for (*age = 0; *age < TLS_TICKETS_KEYS - 1; ++*age) {
		const struct tls_tickets_key *key = &t->keys[(current + TLS_TICKETS_KEYS - *age) % TLS_TICKETS_KEYS];

		if (key->there && CRYPTO_memcmp(key->name, name, TLS_TICKETS_NAME) == 0)
			return key;
	}
	return NULL;
}

static bool tickets_mac(EVP_MAC_CTX *mac, const struct tls_tickets_key *key)
{
	char digest[] = "SHA256";
	uint8_t secret[sizeof(key->mac)];
	OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret, sizeof(secret)),
	        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
	bool fine;

	memcpy(secret, key->mac, sizeof(secret)); /* OpenSSL wants to be able to write */
	fine = EVP_MAC_CTX_set_params(mac, params) == 1;
	OPENSSL_cleanse(secret, sizeof(secret));
	return fine;
}

/* OpenSSL asks for the key of a ticket that it makes or that came. What it is returned: SSL_CTX_set_tlsext_ticket_key_evp_cb(3). */
static int tickets_on_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int makes)
{
	const struct tls_tickets *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const struct tls_tickets_key *key;
	unsigned int age = 0;

	if (makes) {
		key = &t->keys[__atomic_load_n(&t->current, __ATOMIC_ACQUIRE)];
		memcpy(name, key->name, TLS_TICKETS_NAME);
		if (RAND_bytes(iv, TICKETS_IV) != 1)
			return -1;
	} else {
		key = tickets_find(t, name, &age);
		if (key == NULL)
			return 0;
	}
	if (EVP_CipherInit_ex2(cipher, EVP_aes_256_cbc(), key->cipher, iv, makes, NULL) != 1 || !tickets_mac(mac, key))
		return -1;
	return age == 0 ? 1 : 2;
}

bool tls_tickets_use(SSL_CTX *ssl, const struct tls_tickets *t)
{
	return SSL_CTX_set_app_data(ssl, (void *)(uintptr_t)t) == 1 &&
	       SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, tickets_on_key) == 1;
}
