/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_get.h"

/* A server for one request, which answers <bytes> and closes. */
static struct {
	int fd;
	char address[32];
	const char *bytes;
	size_t len;
	char request[1024];
	pthread_t thread;
} server;

static int start(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);

	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(server.fd, 8), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&sin, &len), 0);
	snprintf(server.address, sizeof(server.address), "127.0.0.1:%u",
		 ntohs(sin.sin_port));
	return 0;
}

static int stop(void **state)
{
	close(server.fd);
	return 0;
}

static void *answer_one(void *context)
{
	int fd = accept(server.fd, NULL, NULL);
	size_t len = 0;

	memset(server.request, 0, sizeof(server.request));
	while (!strstr(server.request, "\r\n\r\n")) {
		ssize_t n = recv(fd, server.request + len,
				 sizeof(server.request) - 1 - len, 0);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	for (size_t at = 0; at < server.len;) {
		ssize_t n = send(fd, server.bytes + at, server.len - at, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	close(fd);
	return NULL;
}

static char why[HTTP_ERROR];

static bool get(const char *bytes, size_t len, struct http_answer *answer)
{
	bool ok;

	server.bytes = bytes;
	server.len = len;
	memset(answer, 0xAA, sizeof(*answer));
	assert_int_equal(pthread_create(&server.thread, NULL, answer_one, NULL), 0);
	ok = http_get(server.address, "/metrics", 30000, answer, why);
	pthread_join(server.thread, NULL);
	return ok;
}

static void test_answers(void **state)
{
	static const struct {
		const char *bytes;
		unsigned status;
		const char *body;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody", 200, "body"},
		{"HTTP/1.0 404 Not Found\r\n\r\n", 404, ""},
		{"HTTP/1.1 503\r\n\r\n\r\n\r\n", 503, "\r\n\r\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_answer answer;
		char expected[128];

		assert_true(get(cases[i].bytes, strlen(cases[i].bytes), &answer));
		assert_int_equal(answer.status, cases[i].status);
		assert_true(slice_equal(answer.body, slice_str(cases[i].body)));
		free(answer.bytes);
		snprintf(expected, sizeof(expected),
			 "GET /metrics HTTP/1.0\r\nHost: %s\r\n\r\n", server.address);
		assert_string_equal(server.request, expected);
	}
}

static void test_no_http(void **state)
{
	static const char *const cases[] = {
		"",
		"HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 200 OK\n\nbody",
		"SSH-2.0-x\r\n\r\n",
		"HTTP/2 200\r\n\r\n",
		"HTTP/1.1 OK\r\n\r\n",
		"\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r",
	};
	struct http_answer answer;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(get(cases[i], strlen(cases[i]), &answer));
		assert_string_equal(why, "the answer is no HTTP");
		assert_null(answer.bytes);
	}
}

/* Larger than what is taken at first, of every length around that */
static void test_large(void **state)
{
	enum { FIRST = 64 * 1024, MOST = 2 * FIRST + 1 };
	static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
	static char bytes[MOST];
	static const size_t lengths[] = {FIRST - 1, FIRST, FIRST + 1, MOST - 1, MOST};

	for (size_t i = 0; i < MOST; i++)
		bytes[i] = (char)(i * 7);
	memcpy(bytes, head, strlen(head));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct http_answer answer;

		assert_true(get(bytes, lengths[i], &answer));
		assert_true(
			slice_equal(answer.body, slice_of(bytes + strlen(head),
							  lengths[i] - strlen(head))));
		free(answer.bytes);
	}
}

/* Nothing is left to be freed, whatever was in <answer>. */
static void test_failures(void **state)
{
	char path[2000];
	struct http_answer answer;
	unsigned ms = 100;

	memset(&answer, 0xAA, sizeof(answer));
	assert_false(http_get("127.0.0.1", "/", ms, &answer, why));
	assert_string_equal(why, "expected HOST:PORT or [IPv6]:PORT");
	assert_false(http_get(":8405", "/", ms, &answer, why));
	assert_string_equal(why, "expected HOST:PORT or [IPv6]:PORT");
	/* it connects, but does not answer */
	assert_false(http_get(server.address, "/", ms, &answer, why));
	assert_string_equal(why, "no answer in time");
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	memset(&answer, 0xAA, sizeof(answer));
	assert_false(http_get(server.address, path, ms, &answer, why));
	assert_string_equal(why, "the request is too long");
	close(server.fd);
	assert_false(http_get(server.address, "/", ms, &answer, why));
	assert_string_equal(why, "Connection refused");
	server.fd = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, start, stop),
		cmocka_unit_test_setup_teardown(test_no_http, start, stop),
		cmocka_unit_test_setup_teardown(test_large, start, stop),
		cmocka_unit_test_setup_teardown(test_failures, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
