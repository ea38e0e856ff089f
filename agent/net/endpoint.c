/* SPDX-License-Identifier: MIT */
#include "net/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Shared by the caller, who waits, and the thread that looks up; the last user frees it.
 */
struct lookup {
	pthread_mutex_t lock;
	pthread_cond_t finished;
	unsigned users;
	bool done;
	int rc; /* of getaddrinfo() */
	struct addrinfo *found;
	struct endpoint endpoint;
};

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 5 && text[digits] == '\0' && atoi(text) <= 65535;
}

bool endpoint_parse(const char *text, struct endpoint *e)
{
	const char *colon = strrchr(text, ':');
	size_t len;

	if (!colon || !is_port(colon + 1))
		return false;
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return false;
	}
	if (len >= sizeof(e->host))
		return false;
	memcpy(e->host, text, len);
	e->host[len] = '\0';
	memcpy(e->port, colon + 1, strlen(colon + 1) + 1);
	return true;
}

static int look_up(const struct endpoint *e, int flags, struct addrinfo **found)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICSERV | flags};

	*found = NULL;
	return getaddrinfo(e->host, e->port, &hints, found);
}

/* Called with the lock held; releases it. */
static void leave(struct lookup *l)
{
	bool last = --l->users == 0;

	pthread_mutex_unlock(&l->lock);
	if (!last)
		return;
	if (l->found)
		freeaddrinfo(l->found);
	pthread_cond_destroy(&l->finished);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static void *run_lookup(void *context)
{
	struct lookup *l = context;
	struct addrinfo *found;
	int rc = look_up(&l->endpoint, 0, &found);

	pthread_mutex_lock(&l->lock);
	l->rc = rc;
	l->found = found;
	l->done = true;
	pthread_cond_signal(&l->finished);
	leave(l);
	return NULL;
}

static struct lookup *start_lookup(const struct endpoint *e)
{
	struct lookup *l = calloc(1, sizeof(*l));
	pthread_condattr_t monotonic;
	pthread_t thread;

	if (!l)
		return NULL;
	l->endpoint = *e;
	l->users = 2;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&l->finished, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&thread, NULL, run_lookup, l) == 0) {
		pthread_detach(thread);
		return l;
	}
	pthread_cond_destroy(&l->finished);
	pthread_mutex_destroy(&l->lock);
	free(l);
	return NULL;
}

/* Called with the lock held. */
static void await(struct lookup *l, const struct deadline *until)
{
	struct timespec at;
	int slice;

	while (!l->done && (slice = deadline_slice(until)) > 0) {
		int64_t ms = clock_monotonic_ms() + slice;

		at = (struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
		pthread_cond_timedwait(&l->finished, &l->lock, &at);
	}
}

struct addrinfo *endpoint_resolve(const struct endpoint *e, const struct deadline *until,
				  const char **why)
{
	struct addrinfo *found;
	struct lookup *l;

	if (look_up(e, AI_NUMERICHOST, &found) == 0)
		return found;
	l = start_lookup(e);
	if (!l) {
		*why = "out of memory";
		return NULL;
	}
	pthread_mutex_lock(&l->lock);
	await(l, until);
	found = l->found;
	l->found = NULL;
	if (!found)
		*why = l->done ? gai_strerror(l->rc) : "the name was not found in time";
	leave(l);
	return found;
}

bool endpoint_wait(int fd, short events, const struct deadline *until)
{
	struct pollfd p = {.fd = fd, .events = events};
	int slice;

	while ((slice = deadline_slice(until)) > 0)
		if (poll(&p, 1, slice) > 0)
			return true;
	return false;
}

/* 0, or the errno of what went wrong. */
static int connect_socket(int fd, const struct addrinfo *ai, const struct deadline *until)
{
	int error = 0;

	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!endpoint_wait(fd, POLLOUT, until))
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof(error)});
	return error;
}

int endpoint_connect(const struct addrinfo *ai, const struct deadline *until)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			ai->ai_protocol);
	int error;

	if (fd < 0)
		return -1;
	error = connect_socket(fd, ai, until);
	if (error == 0)
		return fd;
	close(fd);
	errno = error;
	return -1;
}
