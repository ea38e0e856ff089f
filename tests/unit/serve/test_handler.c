/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "serve/handler.h"
#include "talk.h"

#define ASSOCIATE                                                                        \
	"01 00 {0001 0000 'ARCHIVE         ' 'CT_SCANNER_1    ' 00*32"                   \
	" 10 00 ['1.2.840.10008.3.1.1.1']" STORE_CONTEXT                                 \
	" 50 00 [51 00 [00004000] 52 00 ['1.2.3.4']]}"
#define DATA                                                                             \
	"04 00 {{01 03" STORE_RQ "}} 04 00 {{01 02 0800 6000 'CS' 0200 'CT'"             \
	" 1000 2000 'LO' 0400 ' 7 7'}}"

static struct handler_shared shared;
static void *worker;
static struct heard heard;
static uint8_t ac[4096];
static size_t ac_len;
static char logged[1024];

static void begin(const char *json)
{
	shared.policies = policy_store_of(quoted(json));
	worker = handler_new(&shared);
	assert_non_null(worker);
	ac_len = 0;
}

static void end(void)
{
	handler_free(worker);
	policy_store_free(shared.policies);
	journal_free(shared.decisions);
	shared = (struct handler_shared){0};
}

/* What the handler does with a message; stderr goes to <logged>. */
static void message(const char *name, const char *id, const char *sent)
{
	static uint8_t bytes[8192];
	struct writer args = writer_of(bytes, sizeof(bytes)),
		      ack = writer_of(heard.bytes, sizeof(heard.bytes));
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	tell_bytes(&args, "id", slice_str(id), SPOP_DATA_T_STR);
	tell_bytes(&args, "rq", sample(sent), SPOP_DATA_T_BIN);
	tell_bytes(&args, "ac", slice_of(ac, ac_len), SPOP_DATA_T_BIN);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	dup2(fds[1], STDERR_FILENO);
	handler_on_message(worker, slice_str(name),
			   reader_of(edge(writer_slice(&args)), false), 3, &ack);
	dup2(saved, STDERR_FILENO);
	n = read(fds[0], logged, sizeof(logged) - 1);
	logged[n > 0 ? n : 0] = '\0';
	close(saved);
	close(fds[0]);
	close(fds[1]);
	memset(&heard, 0, offsetof(struct heard, bytes));
	assert_true(writer_ok(&ack));
	heard_read(&heard, writer_slice(&ack));
	if (is_text(heard.verdict, "accept")) {
		ac_len = heard.reply.len;
		memcpy(ac, heard.reply.ptr, ac_len);
	}
}

static void test_answers(void **state)
{
	begin(YES_IF("'Modality': 'CT'"));
	message("associate", "A1", ASSOCIATE);
	assert_true(is_text(heard.verdict, "accept"));
	message("dataset", "A1", ASSOCIATE DATA);
	assert_true(is_text(heard.verdict, "route"));
	assert_true(is_text(heard.backend, "yes"));
	assert_string_equal(logged, ""); /* nobody wants to follow patients */
	message("check", "A1", ASSOCIATE);
	assert_int_equal(heard.variables, 0);
	end();
}

static void test_remembers(void **state)
{
	struct journal_entry entry;

	shared.decisions = journal_new(4);
	begin(YES_IF("'Modality': 'CT'"));
	message("associate", "A1", ASSOCIATE);
	assert_true(journal_find(shared.decisions, slice_str("A1"), &entry));
	assert_true(entry.associate);
	message("dataset", "A1", ASSOCIATE DATA);
	assert_true(journal_find(shared.decisions, slice_str("A1"), &entry));
	assert_false(entry.associate);
	assert_int_equal(entry.questions, 2);
	assert_true(entry.needed > 0);
	message("check", "A2", ASSOCIATE);
	assert_false(journal_find(shared.decisions, slice_str("A2"), &entry));
	end();
}

/* One line for each decision, none for what only asks for more */
static void test_log(void **state)
{
	static const struct pseudonym_key key = {16, "0123456789abcdef"};
	char name[PSEUDONYM_SIZE], expected[64];
	static struct unicode_scratch scratch;

	assert_true(pseudonym_of(&key, &scratch, slice_str("7 7"), name));
	snprintf(expected, sizeof(expected), " id=A1 patient=%s ", name);
	shared.patients = &key;
	begin(YES_IF("'Modality': 'CT'"));
	message("associate", "A1", ASSOCIATE);
	assert_string_equal(logged, "");
	message("dataset", "A1", ASSOCIATE DATA);
	assert_non_null(strstr(logged, " event=decision "));
	assert_non_null(strstr(logged, expected));
	assert_non_null(strstr(logged, " verdict=route rule=r backend=yes\n"));
	assert_null(strstr(logged, "7 7"));
	end();
	/* refused, without a data set: nobody is known */
	shared.patients = &key;
	begin("{'rules': [{'name': 'r', 'reject': 'no-reason-given'}]}");
	message("associate", "A2", ASSOCIATE);
	assert_non_null(strstr(logged, " id=A2 verdict=reject rule=r\n"));
	message("associate", "A3", "'GET / HTTP/1.0' 0D0A");
	assert_non_null(strstr(logged, " id=A3 verdict=reject\n"));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_remembers),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
