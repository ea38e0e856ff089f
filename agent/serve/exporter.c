/* SPDX-License-Identifier: MIT */
/* GNU libmicrohttpd; RFC 9110 for the statuses */
#include "serve/exporter.h"
#include "base/log.h"
#include "metrics/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	MAX_CONNECTIONS = 64, /* of one address; others wait in the kernel's queue */
	TIMEOUT = 5,          /* s without a byte */
	REQUEST_MAX = 8192,   /* bytes of a request's head, and of the answer's */
	TEXT_START = 16 * 1024,
	TEXT_MAX = 4 * 1024 * 1024, /* bytes of all metrics */
	JOURNAL_SHOWN = 100,        /* if it is not said how many */
	JOURNAL_MOST = 10000
};

static const char text_plain[] = "text/plain; charset=utf-8";
static const char text_json[] = "application/json";
static const char text_metrics[] = "text/plain; version=0.0.4; charset=utf-8";

struct exporter {
	struct listeners listeners;
	struct MHD_Daemon *daemons[LISTENER_MAX]; /* one for each listener */
	atomic_bool ready;
	struct journal *decisions; /* NULL: not remembered */
	struct policy_store *policies;
};

/*** answers ***/

/* <response> is released; without one the connection is closed.  Each answer ends its
 * connection: idle ones would only keep others out.
 */
static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
			      struct MHD_Response *response)
{
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	if (MHD_add_response_header(response, "Content-Type", type) == MHD_YES &&
	    MHD_add_response_header(response, "Connection", "close") == MHD_YES &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
	     MHD_add_response_header(response, "Allow", "GET, HEAD") == MHD_YES))
		result = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return result;
}

/* <words> are a literal. */
static enum MHD_Result answer_words(struct MHD_Connection *c, unsigned status,
				    const char *words)
{
	/* The library asks for a pointer that is not const, and does not write to it. */
	return answer(c, status, text_plain,
		      MHD_create_response_from_buffer(strlen(words),
						      (void *)(uintptr_t)words,
						      MHD_RESPMEM_PERSISTENT));
}

/* All metrics, in malloc'ed memory; NULL if there is none. */
static struct writer render(void)
{
	struct writer out = {0};

	for (size_t cap = TEXT_START; cap <= TEXT_MAX; cap *= 2) {
		void *text = malloc(cap);

		if (!text)
			break;
		out = writer_of(text, cap);
		if (metrics_render(&out))
			return out;
		free(text);
	}
	return (struct writer){0};
}

static enum MHD_Result answer_metrics(struct MHD_Connection *c)
{
	struct writer text = render();
	struct MHD_Response *response;

	if (!text.buf)
		return answer_words(c, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory\n");
	response = MHD_create_response_from_buffer(text.len, text.buf,
						   MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text.buf);
	return answer(c, MHD_HTTP_OK, text_metrics, response);
}

/* <json> is released. */
static enum MHD_Result answer_json(struct MHD_Connection *c, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	struct MHD_Response *response;

	json_decref(json);
	if (!text)
		return answer_words(c, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory\n");
	response = MHD_create_response_from_buffer(strlen(text), text,
						   MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	return answer(c, MHD_HTTP_OK, text_json, response);
}

static enum MHD_Result answer_last(const struct exporter *e, struct MHD_Connection *c)
{
	const char *n = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "n");
	size_t most = n ? strtoul(n, NULL, 10) : JOURNAL_SHOWN;

	return answer_json(
		c, replay_list(e->decisions, most < JOURNAL_MOST ? most : JOURNAL_MOST));
}

static enum MHD_Result answer_decision(const struct exporter *e, struct MHD_Connection *c,
				       const char *id)
{
	json_t *one = replay_one(e->decisions, e->policies, slice_str(id));

	if (!one)
		return answer_words(c, MHD_HTTP_NOT_FOUND, "no such decision is known\n");
	return answer_json(c, one);
}

/*** requests ***/

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(text, *words) != 0)
		words++;
	return *words != NULL;
}

static enum MHD_Result on_request(void *exporter, struct MHD_Connection *c,
				  const char *path, const char *method,
				  const char *version, const char *body, size_t *body_len,
				  void **request)
{
	static const char *const paths[] = {"/metrics", "/healthz", "/readyz",
					    "/decisions", NULL};
	static const char decision[] = "/decisions/";
	static const char *const methods[] = {"GET", "HEAD", NULL};
	struct exporter *e = exporter;
	bool one = strncmp(path, decision, strlen(decision)) == 0;

	(void)version;
	(void)body;
	(void)body_len;
	(void)request;
	if (!one && !is_one_of(path, paths))
		return answer_words(
			c, MHD_HTTP_NOT_FOUND,
			"there are /metrics, /healthz, /readyz and /decisions\n");
	if (!is_one_of(method, methods))
		return answer_words(c, MHD_HTTP_METHOD_NOT_ALLOWED,
				    "expected GET or HEAD\n");
	if (strcmp(path, "/metrics") == 0)
		return answer_metrics(c);
	if (strncmp(path, "/decisions", strlen("/decisions")) == 0) {
		if (!e->decisions)
			return answer_words(c, MHD_HTTP_NOT_FOUND,
					    "no decisions are remembered\n");
		return one ? answer_decision(e, c, path + strlen(decision))
			   : answer_last(e, c);
	}
	if (strcmp(path, "/healthz") == 0 || atomic_load(&e->ready))
		return answer_words(c, MHD_HTTP_OK, "ok\n");
	return answer_words(c, MHD_HTTP_SERVICE_UNAVAILABLE, "not ready\n");
}

/*** open, start, stop ***/

struct exporter *exporter_open(const char *address, struct listener_error *error)
{
	struct listener_owner owner = {0, (uid_t)-1, (gid_t)-1};
	struct exporter *e;

	if (strncmp(address, "unix@", 5) == 0) {
		snprintf(error->text, sizeof(error->text),
			 "%.200s: expected HOST:PORT or [IPv6]:PORT", address);
		return NULL;
	}
	e = calloc(1, sizeof(*e));
	if (!e) {
		snprintf(error->text, sizeof(error->text), "%s", strerror(ENOMEM));
		return NULL;
	}
	e->listeners.alone = true;
	if (listener_open(&e->listeners, address, &owner, error))
		return e;
	exporter_stop(e);
	return NULL;
}

void exporter_show(struct exporter *e, struct journal *decisions,
		   struct policy_store *policies)
{
	e->decisions = decisions;
	e->policies = policies;
}

static void report_start(const struct listener *l)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "listening");
	log_text(&line, "what", "metrics");
	log_text(&line, "address", l->name);
	log_end(&line);
}

static bool start_daemon(struct exporter *e, size_t i)
{
	struct listener *l = &e->listeners.items[i];

	e->daemons[i] = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, e,
		MHD_OPTION_LISTEN_SOCKET, l->fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)TIMEOUT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)REQUEST_MAX, MHD_OPTION_END);
	if (!e->daemons[i])
		return false;
	report_start(l);
	return true;
}

bool exporter_start(struct exporter *e)
{
	struct log_line line;
	sigset_t all, before;
	bool ok = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; ok && i < e->listeners.count; i++)
		ok = start_daemon(e, i);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ok)
		return true;
	log_begin(&line, LOG_LEVEL_ERROR, "metrics");
	log_text(&line, "reason", "cannot start the threads");
	log_end(&line);
	return false;
}

void exporter_set_ready(struct exporter *e, bool ready)
{
	atomic_store(&e->ready, ready);
}

void exporter_stop(struct exporter *e)
{
	/* A daemon closes its listener. */
	for (size_t i = 0; i < e->listeners.count; i++)
		if (e->daemons[i])
			MHD_stop_daemon(e->daemons[i]);
		else
			close(e->listeners.items[i].fd);
	free(e);
}
