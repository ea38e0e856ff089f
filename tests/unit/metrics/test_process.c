/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "folder.h"
#include "metrics/process.h"

/* As another process counts them: valgrind has some of its own. */
static int64_t count(void)
{
	struct folder folder;
	char command[128];
	long n = -1;
	FILE *file;

	folder_make(&folder);
	snprintf(command, sizeof(command), "ls /proc/$PPID/fd | wc -l >%s",
		 folder_path(&folder, "n"));
	assert_int_equal(system(command), 0);
	file = fopen(folder_path(&folder, "n"), "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld", &n), 1);
	fclose(file);
	folder_remove(&folder);
	return n;
}

/* Descriptors that somebody opens meanwhile would disturb: nobody does, here. */
static void test_descriptors(void **state)
{
	struct process before, now;
	int fds[3];

	process_read(&before);
	for (int i = 0; i < 3; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	process_read(&now);
	assert_int_equal(now.open_fds, before.open_fds + 3);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	process_read(&now);
	assert_int_equal(now.open_fds, before.open_fds); /* it leaves none open */
	assert_int_equal(now.open_fds, count());
}

static void test_limit(void **state)
{
	struct rlimit before, limit;
	struct process p;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = 123;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	process_read(&p);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(p.max_fds, 123);
}

static void test_memory(void **state)
{
	enum { SIZE = 64 << 20 };
	struct process before, reserved, used;
	void *area;

	process_read(&before);
	assert_true(before.resident_bytes > 0);
	assert_true(before.virtual_bytes > before.resident_bytes);
	area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	assert_ptr_not_equal(area, MAP_FAILED);
	process_read(&reserved);
	memset(area, 1, SIZE);
	process_read(&used);
	assert_true(reserved.virtual_bytes >= before.virtual_bytes + SIZE);
	assert_true(reserved.resident_bytes < before.resident_bytes + SIZE / 2);
	assert_true(used.resident_bytes >= before.resident_bytes + SIZE / 2);
	munmap(area, SIZE);
}

/* CPU time, not time: it does not go on while the process sleeps. */
static void test_cpu(void **state)
{
	struct process before, now;
	volatile unsigned n = 0;

	process_read(&before);
	do {
		for (int i = 0; i < 1000000; i++)
			n++;
		process_read(&now);
	} while (now.cpu_seconds < before.cpu_seconds + 0.02);
	before = now;
	usleep(300000);
	process_read(&now);
	assert_true(now.cpu_seconds >= before.cpu_seconds);
	assert_true(now.cpu_seconds < before.cpu_seconds + 0.2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
