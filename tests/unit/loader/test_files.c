/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "folder.h"
#include "loader/files.h"

static struct folder folder;

static void test_read(void **state)
{
	struct files files = {.hash = HASH_START}, other = {.hash = HASH_START};
	size_t len = 0;
	char *text;

	folder_write(&folder, "empty", "");
	folder_write(&folder, "one", "a\nb");
	text = files_read(&files, folder_path(&folder, "one"), &len);
	assert_int_equal(len, 3);
	assert_string_equal(text, "a\nb");
	free(text);
	text = files_read(&files, folder_path(&folder, "empty"), &len);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(files.n, 2);
	assert_string_equal(files.list[0].path, folder_path(&folder, "one"));

	/* where a file ends is a part of the hash */
	free(files_read(&other, folder_path(&folder, "empty"), &len));
	free(files_read(&other, folder_path(&folder, "one"), &len));
	assert_true(files.hash != other.hash);
	files_forget(&files);
	files_forget(&other);
	assert_int_equal(files.n, 0);
}

static void test_long_files(void **state)
{
	static const size_t sizes[] = {16383, 16384, 16385, 100000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *long_text = calloc(1, sizes[i] + 1), *text;
		struct files files = {0};
		size_t len = 0;

		assert_non_null(long_text);
		memset(long_text, 'x', sizes[i]);
		folder_write(&folder, "long", long_text);
		text = files_read(&files, folder_path(&folder, "long"), &len);
		assert_int_equal(len, sizes[i]);
		assert_string_equal(text, long_text);
		free(text);
		free(long_text);
		files_forget(&files);
	}
}

/* A pipe nobody writes to must not block. */
static void test_what_cannot_be_read(void **state)
{
	struct files files = {0};
	size_t len;

	assert_int_equal(mkfifo(folder_path(&folder, "pipe"), 0600), 0);
	assert_null(files_read(&files, folder_path(&folder, "pipe"), &len));
	assert_int_equal(errno, ENOTSUP);
	assert_null(files_read(&files, folder_path(&folder, "none"), &len));
	assert_int_equal(errno, ENOENT);
	assert_null(files_read(&files, folder.path, &len));
	assert_int_equal(errno, EISDIR);
	assert_int_equal(files.n, 3);
	files_forget(&files);
	unlink(folder_path(&folder, "pipe"));
}

static void test_changes(void **state)
{
	struct files files = {0};
	size_t len;

	folder_write(&folder, "one", "a");
	free(files_read(&files, folder_path(&folder, "one"), &len));
	assert_null(files_read(&files, folder_path(&folder, "later"), &len));
	assert_false(files_changed(&files));
	folder_write(&folder, "one", "ab");
	assert_false(files_changed(&files)); /* it may still be written */
	assert_true(files_changed(&files));
	folder_write(&folder, "later", "x");
	assert_false(files_changed(&files));
	assert_true(files_changed(&files));
	unlink(folder_path(&folder, "one"));
	assert_false(files_changed(&files));
	assert_true(files_changed(&files));
	files_forget(&files);
	assert_false(files_changed(&files));
	unlink(folder_path(&folder, "later"));
}

static int begin(void **state)
{
	folder_make(&folder);
	return 0;
}

static int end(void **state)
{
	folder_remove(&folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_long_files),
		cmocka_unit_test(test_what_cannot_be_read),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
