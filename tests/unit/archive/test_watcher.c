/* SPDX-License-Identifier: MIT */
/* A prober, and an archive in a thread of its own that changes its mind */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "archive/watcher.h"
#include "dicom/pdu.h"

#define IMPLICIT "1.2.840.10008.1.2"
#define EXPLICIT "1.2.840.10008.1.2.1"

enum mood { ACCEPTS_IMPLICIT, ACCEPTS_EXPLICIT, REJECTS, SAYS_NOTHING };

static struct fake_archive {
	pthread_t thread;
	int listener;
	char address[32];
	atomic_int mood, associations;
} archive;

/*** the archive ***/

/* The next PDU into <bytes>; false at the end. */
static bool read_pdu(int fd, uint8_t *bytes, size_t size, struct pdu *pdu)
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		struct reader r = reader_of(slice_of(bytes, len), true);

		if (pdu_next(&r, pdu) && !pdu->body.cut)
			return true;
		n = recv(fd, bytes + len, size - len, 0);
		if (n <= 0)
			return false;
		len += (size_t)n;
	}
}

static bool proposes(const struct pdu_context *c, const char *wanted)
{
	struct reader list = c->transfer_syntaxes;
	struct slice uid;

	while (pdu_next_transfer_syntax(&list, &uid))
		if (slice_equal(uid, slice_str(wanted)))
			return true;
	return false;
}

static void write_ac(const struct pdu_associate *rq, const char *syntax, struct writer *w)
{
	size_t pdu = pdu_begin_associate(w, PDU_ASSOCIATE_AC, rq->fixed,
					 rq->application_context),
	       item;

	for (unsigned i = 0; i < rq->ncontexts; i++) {
		item = pdu_begin_context(w, PDU_ITEM_PRESENTATION_CONTEXT_AC,
					 rq->contexts[i].id,
					 proposes(&rq->contexts[i], syntax) ? 0 : 4);
		pdu_write_item(w, PDU_ITEM_TRANSFER_SYNTAX, slice_str(syntax));
		pdu_end_item(w, item);
	}
	pdu_end_item(w, pdu_begin_user_information(w, 16384));
	pdu_end(w, pdu);
}

static void send_slice(int fd, struct slice s)
{
	if (send(fd, s.ptr, s.len, MSG_NOSIGNAL) < 0)
		return; /* the prober has left */
}

static void converse(int fd)
{
	static uint8_t in[1 << 17], out[1 << 15];
	static struct pdu_associate rq;
	struct writer w = writer_of(out, sizeof(out));
	struct pdu pdu;
	int mood = atomic_load(&archive.mood);

	if (!read_pdu(fd, in, sizeof(in), &pdu))
		return;
	assert_int_equal(pdu_parse_associate(pdu.body, PDU_ASSOCIATE_RQ, &rq), READ_OK);
	atomic_fetch_add(&archive.associations, 1);
	if (mood == SAYS_NOTHING)
		read_pdu(fd, in, sizeof(in), &pdu);
	else if (mood == REJECTS)
		pdu_write_reject(&w, (struct rejection){1, 1, 7});
	else
		write_ac(&rq, mood == ACCEPTS_IMPLICIT ? IMPLICIT : EXPLICIT, &w);
	send_slice(fd, writer_slice(&w));
	if (mood > ACCEPTS_EXPLICIT || !read_pdu(fd, in, sizeof(in), &pdu))
		return;
	w.len = 0;
	pdu_write_release(&w, PDU_RELEASE_RP);
	send_slice(fd, writer_slice(&w));
	while (recv(fd, in, sizeof(in), 0) > 0)
		;
}

static void *run_archive(void *context)
{
	int fd;

	(void)context;
	while ((fd = accept(archive.listener, NULL, NULL)) >= 0) {
		converse(fd);
		close(fd);
	}
	return NULL;
}

static int open_archive(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	archive.listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(archive.listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(archive.listener, 8) != 0 ||
	    getsockname(archive.listener, (struct sockaddr *)&at, &len) != 0)
		return -1;
	snprintf(archive.address, sizeof(archive.address), "127.0.0.1:%u",
		 ntohs(at.sin_port));
	atomic_store(&archive.mood, ACCEPTS_IMPLICIT);
	atomic_store(&archive.associations, 0);
	return pthread_create(&archive.thread, NULL, run_archive, NULL);
}

static int close_archive(void **state)
{
	shutdown(archive.listener, SHUT_RDWR);
	pthread_join(archive.thread, NULL);
	close(archive.listener);
	return 0;
}

/*** waiting ***/

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static json_t *wait_for_changes(struct watcher *p)
{
	int64_t end = clock_monotonic_ms() + 60000;
	json_t *all;

	while (!(all = watcher_changes(p)) && clock_monotonic_ms() < end)
		pause_ms(5);
	assert_non_null(all);
	return all;
}

/* Until the archive has seen more than <seen> associations, and then no more for a while.
 */
static int wait_for_more(int seen)
{
	int64_t end = clock_monotonic_ms() + 60000;
	int now;

	while ((now = atomic_load(&archive.associations)) <= seen &&
	       clock_monotonic_ms() < end)
		pause_ms(5);
	assert_true(now > seen);
	do {
		seen = now;
		pause_ms(300);
		now = atomic_load(&archive.associations);
	} while (now != seen);
	return seen;
}

/* The one transfer syntax that <all> names for the archive with this AE title. */
static const char *syntax_of(const json_t *all, const char *called_ae)
{
	const struct archive a = {archive.address, called_ae, NULL};
	const char *syntax = "nothing";
	char key[ARCHIVE_KEY];

	archive_key(&a, key, sizeof(key));
	json_unpack(json_object_get(all, key), "{s:[{s:[s]}]}", "accepts",
		    "transfer_syntaxes", &syntax);
	return syntax;
}

static unsigned threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned n = 0;

	while (readdir(tasks))
		n++;
	closedir(tasks);
	return n;
}

/*** tests ***/

static void test_key(void **state)
{
	char key[ARCHIVE_KEY];

	archive_key(&(struct archive){"[::1]:104", NULL, NULL}, key, sizeof(key));
	assert_string_equal(key, "[::1]:104 ANY-SCP DICOM_SPOA");
	archive_key(&(struct archive){"pacs:104", "PACS", "LB"}, key, sizeof(key));
	assert_string_equal(key, "pacs:104 PACS LB");
}

static void test_nothing_to_probe(void **state)
{
	unsigned before = threads();
	struct watcher *p = watcher_new();

	assert_true(watcher_watch(p, NULL, 0, 60));
	watcher_ask(p);
	assert_null(watcher_changes(p));
	assert_int_equal(threads(), before);
	watcher_free(p);
	watcher_free(NULL);
}

static void test_answers(void **state)
{
	const struct archive list[] = {{archive.address, NULL, NULL},
				       {archive.address, "ANY-SCP", NULL},
				       {archive.address, "OTHER", NULL}};
	struct watcher *p = watcher_new();
	json_t *all;
	int seen;

	assert_true(watcher_watch(p, list, 2, 3600));
	all = wait_for_changes(p);
	assert_int_equal(json_object_size(all), 1);
	assert_string_equal(syntax_of(all, NULL), "ImplicitVRLittleEndian");
	json_decref(all);
	seen = wait_for_more(0);
	assert_null(watcher_changes(p)); /* and nobody has asked twice */

	assert_true(watcher_watch(p, list, 3, 3600));
	all = wait_for_changes(p);
	assert_int_equal(json_object_size(all), 2);
	assert_string_equal(syntax_of(all, "OTHER"), "ImplicitVRLittleEndian");
	json_decref(all);
	assert_int_equal(wait_for_more(seen), 2 * seen);

	assert_true(watcher_watch(p, list + 2, 1, 3600));
	atomic_store(&archive.mood, ACCEPTS_EXPLICIT);
	watcher_ask(p);
	all = wait_for_changes(p);
	assert_int_equal(json_object_size(all), 1);
	assert_string_equal(syntax_of(all, "OTHER"), "ExplicitVRLittleEndian");
	json_decref(all);
	watcher_free(p);
}

static void test_an_archive_that_is_down_keeps_its_answer(void **state)
{
	const struct archive list[] = {{archive.address, NULL, NULL}};
	struct watcher *p = watcher_new();
	json_t *all;
	int seen;

	assert_true(watcher_watch(p, list, 1, 3600));
	all = wait_for_changes(p);
	json_decref(all);
	seen = wait_for_more(0);
	atomic_store(&archive.mood, REJECTS);
	watcher_ask(p);
	seen = wait_for_more(seen);
	assert_null(watcher_changes(p));
	atomic_store(&archive.mood, ACCEPTS_IMPLICIT);
	watcher_ask(p);
	seen = wait_for_more(seen);
	assert_null(watcher_changes(p)); /* it is the same */
	atomic_store(&archive.mood, ACCEPTS_EXPLICIT);
	watcher_ask(p);
	all = wait_for_changes(p);
	assert_string_equal(syntax_of(all, NULL), "ExplicitVRLittleEndian");
	json_decref(all);
	watcher_free(p);
}

static void test_intervals(void **state)
{
	const struct archive list[] = {{archive.address, NULL, NULL}};
	struct watcher *p = watcher_new();
	json_t *all;

	assert_true(watcher_watch(p, list, 1, 1));
	all = wait_for_changes(p);
	json_decref(all);
	atomic_store(&archive.mood, ACCEPTS_EXPLICIT);
	all = wait_for_changes(p); /* nobody had to ask */
	json_decref(all);
	watcher_free(p);
}

static void test_ends_in_the_middle(void **state)
{
	const struct archive list[] = {{archive.address, NULL, NULL}};
	struct watcher *p = watcher_new();
	int64_t before;

	atomic_store(&archive.mood, SAYS_NOTHING);
	assert_true(watcher_watch(p, list, 1, 3600));
	wait_for_more(0);
	before = clock_monotonic_ms();
	watcher_free(p);
	assert_true(clock_monotonic_ms() - before < 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_nothing_to_probe),
		cmocka_unit_test_setup_teardown(test_answers, open_archive,
						close_archive),
		cmocka_unit_test_setup_teardown(
			test_an_archive_that_is_down_keeps_its_answer, open_archive,
			close_archive),
		cmocka_unit_test_setup_teardown(test_intervals, open_archive,
						close_archive),
		cmocka_unit_test_setup_teardown(test_ends_in_the_middle, open_archive,
						close_archive),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
