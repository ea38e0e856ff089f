/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/endpoint.h"
#include "edge.h"

/*** HOST:PORT ***/

/* <text> at the guard page, with its NUL */
static bool parse(const char *text, struct endpoint *e)
{
	memset(e, '!', sizeof(*e));
	return endpoint_parse((const char *)edge(slice_of(text, strlen(text) + 1)).ptr,
			      e);
}

static void test_good(void **state)
{
	static const struct {
		const char *text, *host, *port;
	} cases[] = {
		{"pacs:104", "pacs", "104"},
		{"10.0.0.1:11112", "10.0.0.1", "11112"},
		{"[2001:db8::1]:104", "2001:db8::1", "104"},
		{"[::]:0", "::", "0"},
		{"[pacs]:104", "pacs", "104"},
		{"*:8405", "*", "8405"},
		{":8405", "", "8405"},
		{"[]:8405", "", "8405"},
		{"pacs:65535", "pacs", "65535"},
		{"pacs:00104", "pacs", "00104"},
	};
	struct endpoint e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!parse(cases[i].text, &e))
			fail_msg("%s", cases[i].text);
		assert_string_equal(e.host, cases[i].host);
		assert_string_equal(e.port, cases[i].port);
	}
}

static void test_bad(void **state)
{
	static const char *const cases[] = {
		"",           "pacs",         "pacs:",
		"pacs:65536", "pacs:100000",  "pacs:-1",
		"pacs:+1",    "pacs: 104",    "pacs:104 ",
		"pacs:1e2",   "pacs:104.7",   "pacs:0x68",
		"pacs:dicom", "::1:104",      "2001:db8::1",
		"[::1]",      "[::1]104",     "[::1:104",
		"::1]:104",   "pacs:104:105", "pacs:000104",
		":",
	};
	struct endpoint e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (parse(cases[i], &e))
			fail_msg("%s: %s, %s", cases[i], e.host, e.port);
}

/* A host name may have 253 characters (RFC 1035 2.3.4); what is longer is none. */
static void test_long(void **state)
{
	char text[300];
	struct endpoint e;

	for (size_t len = 250; len < 260; len++) {
		memset(text, 'h', len);
		strcpy(text + len, ":104");
		assert_int_equal(parse(text, &e), len <= 255);
		if (len <= 255)
			assert_int_equal(strlen(e.host), len);
	}
}

/*** addresses ***/

/* The linker is told to --wrap getaddrinfo(): a name is looked up as long as the test
 * wants, and is then 192.0.2.1 (RFC 5737), or unknown.
 */
static sem_t asked, answer;
static int result;

int __real_getaddrinfo(const char *node, const char *service,
		       const struct addrinfo *hints, struct addrinfo **found);
int __wrap_getaddrinfo(const char *node, const char *service,
		       const struct addrinfo *hints, struct addrinfo **found);

int __wrap_getaddrinfo(const char *node, const char *service,
		       const struct addrinfo *hints, struct addrinfo **found)
{
	if (hints->ai_flags & AI_NUMERICHOST)
		return __real_getaddrinfo(node, service, hints, found);
	sem_post(&asked);
	sem_wait(&answer);
	if (result != 0)
		return result;
	return __real_getaddrinfo("192.0.2.1", service, hints, found);
}

static int start(void **state)
{
	result = 0;
	return sem_init(&asked, 0, 0) | sem_init(&answer, 0, 0);
}

static struct addrinfo *resolve(const char *text, int64_t ms, const atomic_bool *stop,
				const char **why)
{
	struct deadline until = deadline_in(ms, stop);
	struct endpoint e;

	assert_true(endpoint_parse(text, &e));
	return endpoint_resolve(&e, &until, why);
}

static void check(struct addrinfo *found, const char *address, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	assert_non_null(found);
	assert_null(found->ai_next);
	assert_int_equal(found->ai_socktype, SOCK_STREAM);
	if (found->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)found->ai_addr;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		assert_int_equal(ntohs(in6->sin6_port), port);
	} else {
		const struct sockaddr_in *in = (const void *)found->ai_addr;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		assert_int_equal(ntohs(in->sin_port), port);
	}
	assert_string_equal(text, address);
	freeaddrinfo(found);
}

/* Numbers are not looked up: they need no time, and work while the resolver does not. */
static void test_numbers(void **state)
{
	const char *why = NULL;

	check(resolve("192.0.2.7:104", 0, NULL, &why), "192.0.2.7", 104);
	check(resolve("[2001:db8::1]:65535", 0, NULL, &why), "2001:db8::1", 65535);
	assert_null(why);
	assert_int_equal(sem_trywait(&asked), -1);
}

static void test_name(void **state)
{
	const char *why = NULL;

	sem_post(&answer);
	check(resolve("pacs:104", 60000, NULL, &why), "192.0.2.1", 104);
	assert_null(why);
}

static void test_unknown_name(void **state)
{
	const char *why = NULL;

	result = EAI_NONAME;
	sem_post(&answer);
	assert_null(resolve("pacs:104", 60000, NULL, &why));
	assert_string_equal(why, gai_strerror(EAI_NONAME));
}

/* Until only this thread is left, whose directory has the other links. */
static void wait_for_threads(void)
{
	struct stat tasks;

	while (stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 3)
		usleep(1000);
}

/* Who waits leaves; the look-up ends later, and frees what it has found. */
static void test_too_late(void **state)
{
	const atomic_bool stop = true;
	const char *why = NULL;
	int64_t before = clock_monotonic_ms();

	assert_null(resolve("pacs:104", 120, NULL, &why));
	assert_string_equal(why, "the name was not found in time");
	assert_true(clock_monotonic_ms() >= before + 120);
	why = NULL;
	assert_null(resolve("pacs:104", 60000, &stop, &why));
	assert_string_equal(why, "the name was not found in time");
	assert_true(clock_monotonic_ms() < before + 30000);
	for (int i = 0; i < 2; i++) {
		sem_wait(&asked);
		sem_post(&answer);
	}
	wait_for_threads();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long),
		cmocka_unit_test_setup(test_numbers, start),
		cmocka_unit_test_setup(test_name, start),
		cmocka_unit_test_setup(test_unknown_name, start),
		cmocka_unit_test_setup(test_too_late, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
