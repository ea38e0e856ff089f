/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "edge.h"
#include "folder.h"
#include "history/pseudonym.h"
#include "sample.h"

static struct folder folder;
static struct pseudonym_key key;
static struct unicode_scratch scratch;

static int start(void **state)
{
	folder_make(&folder);
	memset(&key, 0, sizeof(key));
	return 0;
}

static int stop(void **state)
{
	folder_remove(&folder);
	return 0;
}

/*** the key ***/

static const char *read_key(const void *bytes, size_t len, mode_t mode)
{
	folder_put(&folder, "key", bytes, len);
	assert_int_equal(chmod(folder_path(&folder, "key"), mode), 0);
	return pseudonym_read_key(folder_path(&folder, "key"), &key);
}

static void test_key(void **state)
{
	static const struct {
		const char *text;
		size_t len; /* of the key; 0: too short */
	} cases[] = {
		{"0123456789abcdef", 16},
		{"0123456789abcdef\n", 16},
		{"0123456789abcdef\r\n", 16},
		{"0123456789abcdef g\n", 18},
		{"0123456789abcdef\n\n", 16},
		{"\n0123456789abcde\n", 16},
		{"0123456789abcde", 0},
		{"0123456789abcde\n", 0},
		{"", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why = read_key(cases[i].text, strlen(cases[i].text), 0640);

		if (!cases[i].len) {
			assert_non_null(why);
			assert_non_null(strstr(why, "16 bytes"));
			continue;
		}
		assert_null(why);
		assert_int_equal(key.len, cases[i].len);
		assert_memory_equal(key.bytes, cases[i].text, key.len);
	}
}

static void test_bytes(void **state)
{
	static const uint8_t binary[20] = {0, '\n', 0, 1, 255, '\r'};

	assert_null(read_key(binary, sizeof(binary), 0600));
	assert_int_equal(key.len, sizeof(binary)); /* NULs are bytes like others */
	assert_memory_equal(key.bytes, binary, sizeof(binary));
}

static void test_long(void **state)
{
	static char text[PSEUDONYM_KEY_MAX + 1];

	memset(text, 'k', sizeof(text));
	assert_null(read_key(text, PSEUDONYM_KEY_MAX, 0600));
	assert_int_equal(key.len, PSEUDONYM_KEY_MAX);
	assert_string_equal(read_key(text, sizeof(text), 0600),
			    "is longer than 4096 bytes");
}

static void test_no_file(void **state)
{
	const char *key_text = "0123456789abcdef";

	assert_string_equal(pseudonym_read_key(folder_path(&folder, "none"), &key),
			    "No such file or directory");
	assert_string_equal(pseudonym_read_key(folder.path, &key), "Is a directory");
	assert_null(read_key(key_text, 16, 0440));
	assert_non_null(strstr(read_key(key_text, 16, 0644), "chmod o-r"));
	assert_non_null(strstr(read_key(key_text, 16, 0604), "chmod o-r"));
}

/*** pseudonyms ***/

static void set_key(const char *text)
{
	key.len = strlen(text);
	memcpy(key.bytes, text, key.len);
}

static const char *name_of(const char *id)
{
	static char names[2][PSEUDONYM_SIZE];
	static unsigned turn;
	char *name = names[turn++ % 2];

	memset(name, '!', PSEUDONYM_SIZE);
	return pseudonym_of(&key, &scratch, edge(slice_str(id)), name) ? name : NULL;
}

/* RFC 4231, test case 2: key "Jefe"; and what `openssl dgst -sha256 -hmac` says */
static void test_vectors(void **state)
{
	set_key("Jefe");
	assert_string_equal(name_of("what do ya want for nothing?"),
			    "5bdcc146bf60754e6a04");
	set_key("0123456789abcdef");
	assert_string_equal(name_of("PAT-1"), "c369cf669bf7da93dc08");
}

static void test_same(void **state)
{
	set_key("0123456789abcdef");
	assert_string_equal(name_of("PAT-1"), name_of("  PAT-1 "));
	assert_string_equal(name_of("M\u00fcller"), name_of("Mu\u0308ller"));
	assert_string_not_equal(name_of("PAT-1"), name_of("PAT-2"));
	assert_string_not_equal(name_of("PAT-1"), name_of("pat-1"));
	assert_string_not_equal(name_of("PAT 1"), name_of("PAT1"));
}

static void test_padding(void **state)
{
	char name[PSEUDONYM_SIZE], other[PSEUDONYM_SIZE];

	set_key("0123456789abcdef");
	assert_null(name_of(""));
	assert_null(name_of("   "));
	assert_false(pseudonym_of(&key, &scratch, edge(sample("' ' 00 00")), name));
	assert_false(pseudonym_of(&key, &scratch, (struct slice){0}, name));
	assert_true(pseudonym_of(&key, &scratch, edge(sample("'PAT-1' 00")), name));
	assert_true(pseudonym_of(&key, &scratch, edge(sample("'PAT-1'")), other));
	assert_string_equal(name, other);
}

/* LO has 64 characters at most (PS3.5 6.2), each of four bytes or a decomposed one. */
static void test_long_id(void **state)
{
	char id[64 * 4 + 1];

	set_key("0123456789abcdef");
	for (size_t i = 0; i < 64; i++)
		memcpy(id + 4 * i, "\U00020000", 4);
	id[64 * 4] = '\0';
	assert_non_null(name_of(id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_key, start, stop),
		cmocka_unit_test_setup_teardown(test_bytes, start, stop),
		cmocka_unit_test_setup_teardown(test_long, start, stop),
		cmocka_unit_test_setup_teardown(test_no_file, start, stop),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_long_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
