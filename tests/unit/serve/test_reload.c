/* SPDX-License-Identifier: MIT */
/* A policy's files as they are changed in the field, tick by tick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folder.h"
#include "base/log.h"
#include "policy_of.h"
#include "serve/reload.h"

#define POLICY(rule) "{\"rules\": [{\"name\": \"" rule "\", \"backend\": \"b\"}]}"
#define LISTED(rule)                                                                     \
	"{\"rules\": [{\"name\": \"" rule "\", \"backend\": \"b\","                      \
	" \"if\": {\"StationName\": {\"in\": \"l\"}}}], \"lists\": {\"l\": {\"file\": "  \
	"\"list\"}}}"

static struct folder folder;
static struct report report;
static struct reload *r;
static char logged[16384];

/* Called when a file has been opened, before it is read; the linker is told to --wrap. */
static void (*on_open)(void);

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
	int fd = flags & O_CREAT ? __real_open(path, flags, 0600)
				 : __real_open(path, flags);
	void (*then)(void) = on_open;

	if (flags & O_CREAT) /* the test's own */
		return fd;
	on_open = NULL;
	if (then)
		then();
	return fd;
}

/* Tick, and read what is logged meanwhile. */
static void tick(bool asked)
{
	int saved = dup(STDERR_FILENO);
	int fd = open(folder_path(&folder, "log"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	ssize_t len;

	dup2(fd, STDERR_FILENO);
	reload_tick(r, asked);
	dup2(saved, STDERR_FILENO);
	len = pread(fd, logged, sizeof(logged) - 1, 0);
	logged[len > 0 ? len : 0] = '\0';
	close(saved);
	close(fd);
}

static const struct policy *in_force(void)
{
	const struct policy *p = policy_store_hold(reload_policies(r), (struct slice){0});

	policy_store_release(reload_policies(r), p);
	return p;
}

static void check_rule(const char *name)
{
	assert_string_equal(in_force()->rules[0].outcome.rule, name);
}

/* Two ticks load what has changed: the first sees it, the second that it is quiet. */
static void check_loads(const char *name)
{
	const struct policy *before = in_force();

	tick(false);
	assert_ptr_equal(in_force(), before);
	assert_string_equal(logged, "");
	tick(false);
	check_rule(name);
	assert_non_null(strstr(logged, "event=policy result=loaded"));
	before = in_force();
	tick(false);
	tick(false);
	assert_ptr_equal(in_force(), before);
	assert_string_equal(logged, "");
}

static void load(const char *path)
{
	r = reload_new(path, &report);
	assert_non_null(r);
	assert_int_equal(report.n, 0);
}

static int start(void **state)
{
	folder_make(&folder);
	log_set_level(LOG_LEVEL_ERROR); /* the first load is of no interest */
	return 0;
}

static int stop(void **state)
{
	reload_free(r);
	reload_free(NULL);
	r = NULL;
	report_clear(&report);
	folder_remove(&folder);
	return 0;
}

static const char *start_with(const char *json)
{
	static char path[64];

	folder_write(&folder, "policy.json", json);
	strcpy(path, folder_path(&folder, "policy.json"));
	load(path);
	log_set_level(LOG_LEVEL_INFO);
	return path;
}

static void test_nothing_changes(void **state)
{
	const struct policy *p;

	start_with(POLICY("a"));
	p = in_force();
	for (int i = 0; i < 5; i++)
		tick(false);
	assert_ptr_equal(in_force(), p);
	assert_string_equal(logged, "");
	/* asked for, it is loaded again at once, and is the same */
	tick(true);
	assert_non_null(strstr(logged, "event=policy result=loaded"));
	assert_ptr_equal(in_force(), p);
	check_rule("a");
}

static void test_renamed_over(void **state)
{
	start_with(POLICY("a"));
	folder_replace(&folder, "policy.json", POLICY("b"));
	check_loads("b");
	folder_replace(&folder, "policy.json", POLICY("c"));
	tick(true); /* asked: no tick is waited for */
	check_rule("c");
	tick(false);
	assert_string_equal(logged, "");
}

/* As long as it changes from tick to tick it is not read. */
static void test_written_slowly(void **state)
{
	const char *const parts[] = {
		"{\"rules\": [", "{\"rules\": [{\"name\": \"slow\", ",
		"{\"rules\": [{\"name\": \"slow\", \"backend\": \"b\"}"};

	start_with(POLICY("a"));
	for (size_t i = 0; i < 3; i++) {
		folder_write(&folder, "policy.json", parts[i]);
		tick(false);
		check_rule("a");
		assert_string_equal(logged, "");
	}
	folder_write(&folder, "policy.json", POLICY("slow"));
	check_loads("slow");
}

/* A volume of Kubernetes: names lead to ..data/NAME, and ..data to a directory that is
 * another one after a change.
 */
static void test_symbolic_links(void **state)
{
	char path[64];

	for (int i = 0; i < 2; i++) {
		char name[32];

		snprintf(name, sizeof(name), "..%d", i);
		assert_int_equal(mkdir(folder_path(&folder, name), 0700), 0);
		snprintf(name, sizeof(name), "..%d/policy.json", i);
		folder_write(&folder, name, i ? LISTED("b") : LISTED("a"));
		snprintf(name, sizeof(name), "..%d/list", i);
		folder_write(&folder, name, i ? "B" : "A");
	}
	assert_int_equal(symlink("..0", folder_path(&folder, "..data")), 0);
	assert_int_equal(
		symlink("..data/policy.json", folder_path(&folder, "policy.json")), 0);
	assert_int_equal(symlink("..data/list", folder_path(&folder, "list")), 0);
	strcpy(path, folder_path(&folder, "policy.json"));
	load(path);
	log_set_level(LOG_LEVEL_INFO);
	check_rule("a");
	assert_int_equal(symlink("..1", folder_path(&folder, "..data_tmp")), 0);
	assert_int_equal(rename(folder_path(&folder, "..data_tmp"),
				folder_path(&folder, "..data")),
			 0);
	check_loads("b");
	assert_true(slice_equal(
		in_force()->rules[0].condition.children[0].match->in[0]->literals[0],
		slice_str("B")));
}

static void test_list_changes(void **state)
{
	char id[POLICY_ID_SIZE];

	folder_write(&folder, "list", "A\n");
	start_with(LISTED("a"));
	strcpy(id, in_force()->id);
	folder_write(&folder, "list", "A\nB\n");
	check_loads("a");
	assert_string_not_equal(in_force()->id, id);
	/* one that is named only now is watched too */
	folder_write(&folder, "other", "x\n");
	folder_replace(&folder, "policy.json",
		       "{\"rules\": [{\"name\": \"o\", \"backend\": \"b\", \"if\": "
		       "{\"StationName\":"
		       " {\"in\": \"l\"}}}], \"lists\": {\"l\": {\"file\": \"other\"}}}");
	check_loads("o");
	folder_replace(&folder, "other", "y\n");
	check_loads("o");
	/* and the former one is not */
	folder_write(&folder, "list", "");
	tick(false);
	tick(false);
	assert_string_equal(logged, "");
}

/* What cannot be used changes nothing; it is said once. */
static void test_bad_file(void **state)
{
	const struct policy *p;

	start_with(POLICY("a"));
	p = in_force();
	folder_replace(&folder, "policy.json",
		       "{\"rules\": [{\"name\": 1}, {\"name\": 2}]}");
	tick(false);
	tick(false);
	assert_ptr_equal(in_force(), p);
	assert_non_null(strstr(logged, "policy.json:1:21: error: rules[0].name"));
	assert_non_null(strstr(logged, "event=policy result=refused errors=4"));
	tick(false);
	tick(false);
	assert_string_equal(logged, "");
	/* and again if it is asked for */
	tick(true);
	assert_non_null(strstr(logged, "result=refused"));
	assert_ptr_equal(in_force(), p);
	folder_replace(&folder, "policy.json", POLICY("good"));
	check_loads("good");
}

static void test_missing_files(void **state)
{
	const char *path = start_with(POLICY("a"));

	assert_int_equal(unlink(path), 0);
	tick(false);
	tick(false);
	check_rule("a");
	assert_non_null(strstr(logged, "cannot be read"));
	folder_write(&folder, "policy.json", POLICY("back"));
	check_loads("back");
	/* a list that comes after the policy that names it */
	folder_replace(&folder, "policy.json", LISTED("l"));
	tick(false);
	tick(false);
	check_rule("back");
	assert_non_null(strstr(logged, "list: cannot be read"));
	folder_write(&folder, "list", "A\n");
	check_loads("l");
}

static void swap(void)
{
	folder_replace(&folder, "policy.json", POLICY("late"));
}

/* A file that is replaced while it is read is read again. */
static void test_changed_while_read(void **state)
{
	start_with(POLICY("a"));
	folder_replace(&folder, "policy.json", POLICY("b"));
	tick(false);
	on_open = swap;
	tick(false);
	check_rule("b");
	check_loads("late");
}

static void test_cannot_begin(void **state)
{
	folder_write(&folder, "policy.json", "{\"rules\": 1}");
	assert_null(reload_new(folder_path(&folder, "policy.json"), &report));
	assert_int_equal(report.errors, 1);
	assert_null(reload_new(folder_path(&folder, "none"), &report));
	assert_int_equal(report.errors, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_changes, start, stop),
		cmocka_unit_test_setup_teardown(test_renamed_over, start, stop),
		cmocka_unit_test_setup_teardown(test_written_slowly, start, stop),
		cmocka_unit_test_setup_teardown(test_symbolic_links, start, stop),
		cmocka_unit_test_setup_teardown(test_list_changes, start, stop),
		cmocka_unit_test_setup_teardown(test_bad_file, start, stop),
		cmocka_unit_test_setup_teardown(test_missing_files, start, stop),
		cmocka_unit_test_setup_teardown(test_changed_while_read, start, stop),
		cmocka_unit_test_setup_teardown(test_cannot_begin, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
