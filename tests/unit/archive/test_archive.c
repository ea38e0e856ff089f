/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "archive/archive.h"
#include "dicom/pdu.h"

static const char *key_of(const char *address, const char *called, const char *calling)
{
	static char keys[2][ARCHIVE_KEY];
	static unsigned turn;
	char *key = keys[turn++ % 2];

	archive_key(&(struct archive){address, called, calling}, key, ARCHIVE_KEY);
	return key;
}

static void test_key(void **state)
{
	assert_string_equal(key_of("pacs:104", "PACS", "LB"), "pacs:104 PACS LB");
	assert_string_equal(key_of("pacs:104", NULL, NULL),
			    "pacs:104 ANY-SCP DICOM_SPOA");
	assert_string_equal(key_of("pacs:104", NULL, "LB"), "pacs:104 ANY-SCP LB");
	/* to name what is usual is the same as to leave it out */
	assert_string_equal(key_of("pacs:104", ARCHIVE_CALLED_AE, ARCHIVE_CALLING_AE),
			    key_of("pacs:104", NULL, NULL));
	assert_string_not_equal(key_of("a:1", "X", "Y"), key_of("a:1", "Y", "X"));
	assert_string_not_equal(key_of("a:1", "X", "Y"), key_of("a:2", "X", "Y"));
	assert_true(pdu_is_ae_title(ARCHIVE_CALLED_AE));
	assert_true(pdu_is_ae_title(ARCHIVE_CALLING_AE));
}

/* The longest host name (RFC 1035 2.3.4) with port and AE titles fits;
 * what does not is cut within the bytes that were given.
 */
static void test_size(void **state)
{
	char address[300], key[ARCHIVE_KEY + 1];

	memset(address, 'h', 253);
	strcpy(address + 253, ":65535");
	key[ARCHIVE_KEY] = '!';
	archive_key(&(struct archive){address, "CALLED_AE_TITLE_", "CALLING_AE_TITLE"},
		    key, ARCHIVE_KEY);
	assert_int_equal(key[ARCHIVE_KEY], '!');
	assert_int_equal(strlen(key), 253 + 6 + 1 + 16 + 1 + 16);
	assert_string_equal(key + 259, " CALLED_AE_TITLE_ CALLING_AE_TITLE");
	memset(key, '!', sizeof(key));
	archive_key(&(struct archive){"pacs:104", "PACS", "LB"}, key, 10);
	assert_string_equal(key, "pacs:104 ");
	assert_int_equal(key[10], '!');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
