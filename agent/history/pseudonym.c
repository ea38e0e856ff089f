/* SPDX-License-Identifier: MIT */
#include "history/pseudonym.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <sys/stat.h>

static bool is_for_everybody(FILE *file)
{
	struct stat s;

	return fstat(fileno(file), &s) == 0 && (s.st_mode & S_IROTH) != 0;
}

const char *pseudonym_read_key(const char *path, struct pseudonym_key *key)
{
	FILE *file = fopen(path, "re");
	const char *why = NULL;

	if (!file)
		return strerror(errno);
	key->len = fread(key->bytes, 1, sizeof(key->bytes), file);
	if (ferror(file))
		why = strerror(errno);
	else if (!feof(file) && fgetc(file) != EOF)
		why = "is longer than 4096 bytes";
	else if (is_for_everybody(file))
		why = "everybody can read it; chmod o-r";
	fclose(file);
	while (key->len > 0 &&
	       (key->bytes[key->len - 1] == '\n' || key->bytes[key->len - 1] == '\r'))
		key->len--;
	if (!why && key->len < PSEUDONYM_KEY_MIN)
		why = "has less than 16 bytes; openssl rand -hex 32 makes a key";
	return why;
}

bool pseudonym_of(const struct pseudonym_key *key, struct unicode_scratch *scratch,
		  struct slice patient_id, char name[PSEUDONYM_SIZE])
{
	uint8_t text[1024], digest[SHA256_DIGEST_SIZE];
	struct writer w = writer_of(text, sizeof(text));
	struct hmac_sha256_ctx hmac;

	patient_id = slice_trim(patient_id); /* LO, PS3.5 6.2 */
	if (patient_id.len == 0 || !unicode_normalize(scratch, patient_id, &w))
		return false;
	hmac_sha256_set_key(&hmac, key->len, key->bytes);
	hmac_sha256_update(&hmac, w.len, text);
	hmac_sha256_digest(&hmac, sizeof(digest), digest);
	for (size_t i = 0; i < PSEUDONYM_SIZE / 2; i++)
		snprintf(name + 2 * i, 3, "%02x", digest[i]);
	return true;
}
