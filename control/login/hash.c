/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * yescrypt by libxcrypt, Argon2id by libargon2. Strings are checked in full when a file is read, with limits on their cost: what a device can
 * trigger by a CONNECT must not take gigabytes because of a slip in a file.
 */
#include <argon2.h>
#include <crypt.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

#define HASH_CRYPT_ALPHABET  "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define HASH_BASE64_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define HASH_YESCRYPT_COSTS  11 /* as crypt(5) numbers them; the last one takes 1 GiB */
#define HASH_YESCRYPT_OCTETS 43
#define HASH_ARGON2_KIB_MAX  (1u << 20)
#define HASH_ARGON2_T_MAX    64
#define HASH_ARGON2_P_MAX    16

struct login_scratch {
	struct crypt_data crypt;
};

/* ---- what a string says ------------------------------------------------------------------------------------------------------------ */
/* The parameters between "$y$" and the next "$" are those of a cost that crypt(5) has. */
static bool hash_yescrypt_cost(const char *parameters, size_t n)
{
	static const char zeros[16];
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	for (unsigned long cost = 1; cost <= HASH_YESCRYPT_COSTS; cost++) {
		if (crypt_gensalt_rn("$y$", cost, zeros, sizeof(zeros), setting, sizeof(setting)) == NULL)
			continue;
		if (strncmp(setting + 3, parameters, n) == 0 && setting[3 + n] == '$')
			return true;
	}
	return false;
}

static const char *hash_check_yescrypt(const char *text)
{
	size_t parameters = strcspn(text, "$"), salt;

	if (parameters == 0 || text[parameters] != '$' || !hash_yescrypt_cost(text, parameters))
		return "parameters of yescrypt as crypt(5) makes them for a cost of 1 to 11";
	text += parameters + 1;
	salt = strspn(text, HASH_CRYPT_ALPHABET);
	if (salt == 0 || salt > 86 || text[salt] != '$')
		return "a salt of 1 to 86 characters (./0-9A-Za-z) and then $";
	text += salt + 1;
	if (strlen(text) != HASH_YESCRYPT_OCTETS || strspn(text, HASH_CRYPT_ALPHABET) != HASH_YESCRYPT_OCTETS)
		return "a yescrypt hash of 43 characters (./0-9A-Za-z) at the end";
	return NULL;
}

/* Reads "<name><decimal>"; moves on. False where it is not there or not within the limits. */
static bool hash_number(const char **text, const char *name, unsigned long least, unsigned long most)
{
	size_t n = strlen(name), digits;
	unsigned long value;

	if (strncmp(*text, name, n) != 0)
		return false;
	*text += n;
	digits = strspn(*text, "0123456789");
	if (digits == 0 || digits > 9 || (digits > 1 && **text == '0'))
		return false;
	value = strtoul(*text, NULL, 10);
	*text += digits;
	return value >= least && value <= most;
}

/* Base64 without padding, of 8 to 64 octets, up to `end`; bits that belong to no octet must be 0. Moves behind `end`. */
static bool hash_base64(const char **text, char end, size_t least)
{
	size_t n = strspn(*text, HASH_BASE64_ALPHABET), octets = n * 3 / 4;
	uint32_t last, unused = n % 4 == 2 ? 0xf : n % 4 == 3 ? 0x3 : 0;

	if (n % 4 == 1 || octets < least || octets > 64 || (*text)[n] != end)
		return false;
	last = (uint32_t)(strchr(HASH_BASE64_ALPHABET, (*text)[n - 1]) - HASH_BASE64_ALPHABET);
	*text += n + (end != '\0');
	return (last & unused) == 0;
}

static const char *hash_check_argon2id(const char *text)
{
	const char *costs = text;

	if (strncmp(text, "v=19$", 5) != 0)
		return "v=19 behind $argon2id$";
	text += 5;
	if (!hash_number(&text, "m=", 8, HASH_ARGON2_KIB_MAX) || !hash_number(&text, ",t=", 1, HASH_ARGON2_T_MAX) ||
	        !hash_number(&text, ",p=", 1, HASH_ARGON2_P_MAX) || *text++ != '$')
		return "m=8..1048576,t=1..64,p=1..16 and then $";
	costs += 5;
	if (strtoul(costs + 2, NULL, 10) < 8 * strtoul(strstr(costs, ",p=") + 3, NULL, 10))
		return "m of at least 8 times p";
	if (!hash_base64(&text, '$', 8))
		return "a salt of 8 to 64 octets in base64 without padding, and then $";
	if (!hash_base64(&text, '\0', 16))
		return "a hash of 16 to 64 octets in base64 without padding at the end";
	return NULL;
}

const char *login_hash_check(const char *hash, enum login_method *method)
{
	if (strncmp(hash, "$y$", 3) == 0) {
		*method = LOGIN_YESCRYPT;
		return hash_check_yescrypt(hash + 3);
	}
	if (strncmp(hash, "$argon2id$", 10) == 0) {
		*method = LOGIN_ARGON2ID;
		return hash_check_argon2id(hash + 10);
	}
	return "$y$ (yescrypt) or $argon2id$";
}

/* ---- verifying ----------------------------------------------------------------------------------------------------------------------- */
struct login_scratch *login_scratch_new(void)
{
	return calloc(1, sizeof(struct login_scratch));
}

void login_scratch_free(struct login_scratch *scratch)
{
	if (scratch != NULL)
		explicit_bzero(scratch, sizeof(*scratch));
	free(scratch);
}

static int hash_verify_yescrypt(struct login_scratch *scratch, const char *hash, const char *password, size_t n)
{
	size_t length = strlen(hash);
	const char *made;
	int rc;

	/* A NUL would hide what stands behind it. */
	if (memchr(password, '\0', n) != NULL)
		return 0;
	errno = 0;
	made = crypt_r(password, hash, &scratch->crypt);
	if (made == NULL || made[0] == '*')
		rc = errno == ENOMEM ? -ENOMEM : -EINVAL;
	else
		rc = strlen(made) == length && CRYPTO_memcmp(made, hash, length) == 0;
	explicit_bzero(&scratch->crypt, sizeof(scratch->crypt));
	return rc;
}

static int hash_verify_argon2id(const char *hash, const char *password, size_t n)
{
	switch (argon2id_verify(hash, password, n)) {
	case ARGON2_OK:
		return 1;
	case ARGON2_VERIFY_MISMATCH:
		return 0;
	case ARGON2_MEMORY_ALLOCATION_ERROR:
	case ARGON2_THREAD_FAIL:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

int login_hash_verify(struct login_scratch *scratch, enum login_method method, const char *hash, const char *password, size_t n)
{
	return method == LOGIN_YESCRYPT ? hash_verify_yescrypt(scratch, hash, password, n)
	                                : hash_verify_argon2id(hash, password, n);
}
