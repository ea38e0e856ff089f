/* SPDX-License-Identifier: MIT */
/* PS3.8 9.3.3 and PS3.7 D: what is promised, and what the archive is asked for */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "decide/promise.h"
#include "sample.h"

#define FIXED        "0001 0000 'ARCHIVE         ' 'CT_SCANNER_1    ' AB 00*30 CD "
#define CONTEXT_NAME "10 00 ['1.2.840.10008.3.1.1.1']"
#define CT           "30 00 ['1.2.840.10008.5.1.4.1.1.2']"
#define MR           "30 00 ['1.2.840.10008.5.1.4.1.1.4']"
#define ECHO         "30 00 ['1.2.840.10008.1.1']"
#define FIND         "30 00 ['1.2.840.10008.5.1.4.1.2.2.1']"
#define PRIVATE      "30 00 ['1.3.12.2.1107.5.9.1']"
#define EXPLICIT     "40 00 ['1.2.840.10008.1.2.1']"
#define IMPLICIT     "40 00 ['1.2.840.10008.1.2']"
#define JPEG         "40 00 ['1.2.840.10008.1.2.4.50']"
#define CLASS        "52 00 ['1.2.3.4']"
#define LENGTH       "51 00 [00004000]"
#define COMMON       "57 00 [['1.2.840.10008.5.1.4.1.1.2'] ['1.2.840.10008.4.2'] [ ]]"

/* Sorted by UID, as a capability is */
#define ROWS                                                                             \
	{{(const uint8_t *)"1.2.840.10008.1.1", 17}, 3},                                 \
		{{(const uint8_t *)"1.2.840.10008.5.1.4.1.1.2", 25}, 3},                 \
	{                                                                                \
		{(const uint8_t *)"1.2.840.10008.5.1.4.1.1.4", 25}, 3                    \
	}
static const struct slice syntaxes[] = {{(const uint8_t *)"1.2.840.10008.1.2", 17},
					{(const uint8_t *)"1.2.840.10008.1.2.1", 19},
					{(const uint8_t *)"1.2.840.10008.1.2.4.50", 22}};
static const struct capability_row rows[] = {ROWS};
static const struct capability_row more_rows[] = {
	ROWS, {{(const uint8_t *)"1.3.12.2.1107.5.9.1", 19}, 3}};
/* CT in all three, MR in JPEG only */
static const struct capability_row other_rows[] = {
	{{(const uint8_t *)"1.2.840.10008.5.1.4.1.1.2", 25}, 7},
	{{(const uint8_t *)"1.2.840.10008.5.1.4.1.1.4", 25}, 4}};
static const struct capability usual = {rows, 3, syntaxes, 2, 16378, {{0}, 0}};
static const struct capability more = {more_rows, 4, syntaxes, 2, 16378, {{0}, 0}};
static const struct capability other = {other_rows, 2, syntaxes, 3, 0, {{0}, 0}};

static struct pdu_associate rq, again;
static struct promise plan;
static bool promised;
static uint8_t bytes[1 << 18];

/* Plans for pools with these capabilities; <b> may be NULL. */
static enum cause agree(const struct capability *a, const struct capability *b,
			const char *learned)
{
	enum cause cause;

	promise_begin(&rq, &plan);
	promise_consider(&rq, "a", a, slice_str(learned), &plan);
	if (b)
		promise_consider(&rq, "b", b, slice_str(learned), &plan);
	promised = promise_finish(&rq, &plan, &cause);
	return cause;
}

static void parse(const char *body)
{
	assert_int_equal(pdu_parse_associate(reader_of(sample(body), false),
					     PDU_ASSOCIATE_RQ, &rq),
			 READ_OK);
}

static void check_written(const struct writer *w, const char *expected)
{
	struct slice e = sample(expected);

	assert_true(writer_ok(w));
	for (size_t i = 0; i < w->len && i < e.len; i++)
		if (w->buf[i] != e.ptr[i])
			fail_msg("byte %zu is %02X, expected %02X", i, w->buf[i],
				 e.ptr[i]);
	assert_int_equal(w->len, e.len);
}

/* Each byte of the AC and of the narrowed RQ, for an RQ with everything */
static void test_bytes(void **state)
{
	struct writer w;

	parse(FIXED CONTEXT_NAME
	      "20 00 [01 00 00 00" CT JPEG EXPLICIT IMPLICIT "]" /* the SCU's order */
	      "20 00 [03 FF FF FF 30 00 ['1.2.840.10008.1.1' 00]" IMPLICIT "]"
	      "20 00 [05 00 00 00" MR JPEG "]" /* no syntax that may be promised */
	      "20 00 [07 00 00 00" PRIVATE EXPLICIT "]"
	      "20 00 [FF 00 00 00" MR "]" /* no syntax at all */
	      "50 00 [" LENGTH CLASS "53 00 [0002 0002]"
	      "54 00 [['1.2.840.10008.5.1.4.1.1.2'] 01 00]"
	      "55 00 ['NAME']"
	      "56 00 [['1.2.840.10008.5.1.4.1.1.2'] 02]" COMMON
	      "58 00 [01 00 ['user'] [ ]] 59 00 [ ] 7F 00 ['private']]"
	      "7E 00 ['unknown']");
	assert_int_equal(agree(&usual, NULL, ""), CAUSE_NONE);
	assert_int_equal(plan.accepted, 2);
	w = writer_of(bytes, sizeof(bytes));
	promise_write_ac(&rq, &plan, &w);
	check_written(&w, "02 00 {" FIXED CONTEXT_NAME "21 00 [01 00 00 00" EXPLICIT "]"
			  "21 00 [03 00 00 00" IMPLICIT "]"
			  "21 00 [05 00 04 00" JPEG "]"
			  "21 00 [07 00 03 00" EXPLICIT "]"
			  "21 00 [FF 00 04 00" IMPLICIT "]"
			  "50 00 [51 00 [00003FFA]"
			  "52 00 ['2.25.214829360731839281655107236091382754361']"
			  "55 00 ['DICOM_SPOA_1']]}");
	w.len = 0;
	promise_write_rq(&rq, &plan, &w);
	check_written(&w,
		      "01 00 {" FIXED CONTEXT_NAME "20 00 [01 00 00 00" CT EXPLICIT "]"
		      "20 00 [03 00 00 00" ECHO IMPLICIT "]"
		      "50 00 [" LENGTH CLASS "55 00 ['NAME']" COMMON
		      "58 00 [01 00 ['user'] [ ]]]}");
	pdu_set_ae_titles(&w, "NEURO", NULL);
	check_written(&w, "01 00 {0001 0000 'NEURO           ' 'CT_SCANNER_1    ' AB "
			  "00*30 CD" CONTEXT_NAME "20 00 [01 00 00 00" CT EXPLICIT "]"
			  "20 00 [03 00 00 00" ECHO IMPLICIT "]"
			  "50 00 [" LENGTH CLASS "55 00 ['NAME']" COMMON
			  "58 00 [01 00 ['user'] [ ]]]}");
}

/* A refused context is answered with what it proposes, unless that is no UID. */
static void test_the_ac_is_short(void **state)
{
	struct writer w = writer_of(bytes, sizeof(bytes));

	parse(FIXED CONTEXT_NAME "20 00 [0100 0000 " CT EXPLICIT "]"
				 "20 00 [0300 0000 " PRIVATE "]");
	assert_int_equal(agree(&usual, NULL, ""), CAUSE_NONE);
	promise_write_ac(&rq, &plan, &w);
	assert_true(writer_ok(&w));
	assert_int_equal(
		pdu_parse_associate(reader_of(slice_of(w.buf + 6, w.len - 6), false),
				    PDU_ASSOCIATE_AC, &again),
		READ_OK);
	assert_int_equal(again.ncontexts, 2);
	assert_int_equal(again.contexts[1].result, PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED);
	assert_int_equal(reader_left(&again.contexts[1].transfer_syntaxes),
			 4 + strlen("1.2.840.10008.1.2"));
}

/* The whole PDU with other AE titles, of any length up to 16 */
static void test_rename(void **state)
{
	static const char *const names[] = {NULL, "A", "NEURO", "SIXTEEN_LETTERS_"};
	static const char *const padded[] = {NULL, "A               ", "NEURO           ",
					     "SIXTEEN_LETTERS_"};
	struct slice pdu = sample("01 00 {" FIXED CONTEXT_NAME "}");

	for (size_t i = 0; i < 16; i++) {
		const char *called = padded[i / 4], *calling = padded[i % 4];
		struct slice copy = edge(pdu);
		struct writer w = writer_of((void *)(uintptr_t)copy.ptr, copy.len);

		w.len = copy.len;
		pdu_set_ae_titles(&w, names[i / 4], names[i % 4]);
		assert_true(writer_ok(&w));
		assert_int_equal(w.len, pdu.len);
		assert_memory_equal(copy.ptr, pdu.ptr, 10);
		assert_memory_equal(copy.ptr + 10,
				    called ? (const uint8_t *)called : pdu.ptr + 10, 16);
		assert_memory_equal(copy.ptr + 26,
				    calling ? (const uint8_t *)calling : pdu.ptr + 26,
				    16);
		assert_memory_equal(copy.ptr + 42, pdu.ptr + 42, pdu.len - 42);
	}
}

/* What has no AE titles, or did not fit, is left alone. */
static void test_nothing_to_rename(void **state)
{
	struct slice copy = edge(sample("00*41"));
	struct writer w = writer_of((void *)(uintptr_t)copy.ptr, copy.len);

	w.len = copy.len;
	pdu_set_ae_titles(&w, "A", "B");
	assert_memory_equal(copy.ptr, sample("00*41").ptr, copy.len);
	w = writer_of(bytes, 4);
	writer_be32(&w, 0);
	writer_u8(&w, 0);
	pdu_set_ae_titles(&w, "A", "B");
	assert_false(writer_ok(&w));
}

#define STORE "20 00 [01 00 00 00" CT EXPLICIT "]"

#define ROLE(class, roles) "50 00 [54 00 [['" class "'] " roles "]]"
#define COMMITMENT         "30 00 ['1.2.840.10008.1.20.1']"
#define NEW_CLASS          "30 00 ['1.2.840.10008.5.1.4.1.1.999.7']"
#define DIRECTORY          "30 00 ['1.2.840.10008.1.3.10']"
#define HANGING            "30 00 ['1.2.840.10008.5.1.4.38.1']"
#define CT_UID             "1.2.840.10008.5.1.4.1.1.2"

static void test_what_is_not_spliced(void **state)
{
	static const struct {
		const char *items;
		enum cause expected;
		bool promised;
		unsigned culprit;
	} cases[] = {
		{STORE, CAUSE_NONE, true, 0},
		{STORE "20 00 [03 00 00 00" ECHO IMPLICIT "]", CAUSE_NONE, true, 0},
		{STORE "20 00 [03 00 00 00" PRIVATE IMPLICIT "]", CAUSE_NONE, true, 0},
		{STORE "20 00 [03 00 00 00" MR JPEG "]", CAUSE_NONE, true, 0},
		{"20 00 [01 00 00 00" CT "40 00 ['1.2.840.10008.1.2.1' 00]]", CAUSE_NONE,
		 true, 0},
		{STORE "50 00 [53 00 [0000 0000]]", CAUSE_NONE, true, 0},
		{STORE "50 00 [58 00 [01 00 ['user'] [ ]]]", CAUSE_NONE, true, 0},
		/* roles are declined, where nothing is retrieved */
		{STORE ROLE(CT_UID, "01 00"), CAUSE_NONE, true, 0},
		{STORE ROLE(CT_UID, "00 00"), CAUSE_NONE, true, 0},
		{STORE ROLE(CT_UID, "01 01"), CAUSE_NONE, true, 0},
		{STORE ROLE(CT_UID, "00 01"), CAUSE_NONE, true, 0},
		{STORE "20 00 [03 00 00 00" COMMITMENT IMPLICIT
		       "]" ROLE("1.2.840.10008.1.20.1", "00 01"),
		 CAUSE_NONE, true, 0},
		{STORE "20 00 [03 00 00 00" FIND IMPLICIT "]" ROLE(CT_UID, "00 01"),
		 CAUSE_SCP_ROLE, false, 1},
		{STORE "20 00 [03 00 00 00" FIND IMPLICIT "]" ROLE(CT_UID, "01 01"),
		 CAUSE_SCP_ROLE, false, 1},
		/* what is beside storage is refused for itself */
		{STORE "20 00 [03 00 00 00" FIND IMPLICIT "]", CAUSE_NONE, true, 0},
		{STORE "20 00 [03 00 00 00" COMMITMENT IMPLICIT "]", CAUSE_NONE, true, 0},
		{STORE "20 00 [03 00 00 00" DIRECTORY IMPLICIT "]", CAUSE_NONE, true, 0},
		{"20 00 [03 00 00 00" COMMITMENT IMPLICIT "]" STORE, CAUSE_NONE, true, 0},
		/* Verification alone: no data set can come, so nothing is missing */
		{"20 00 [01 00 00 00" ECHO IMPLICIT "]", CAUSE_NONE, false, 0},
		{"", CAUSE_NONE, false, 0},
		/* nothing that could be promised */
		{"20 00 [01 00 00 00" CT JPEG "]", CAUSE_NO_CONTEXT, false, 0},
		{"20 00 [01 00 00 00" CT "]", CAUSE_NO_CONTEXT, false, 0},
		{"20 00 [03 00 00 00" ECHO IMPLICIT "] 20 00 [01 00 00 00" CT JPEG "]",
		 CAUSE_NO_CONTEXT, false, 1},
		{"20 00 [03 00 00 00" FIND IMPLICIT "] 20 00 [01 00 00 00" CT JPEG "]",
		 CAUSE_NO_CONTEXT, false, 1},
		{"20 00 [01 00 00 00" PRIVATE EXPLICIT "]", CAUSE_OTHER_SERVICE, false,
		 0},
		{"20 00 [01 00 00 00" FIND EXPLICIT "]", CAUSE_OTHER_SERVICE, false, 0},
		{"20 00 [03 00 00 00" ECHO IMPLICIT
		 "] 20 00 [01 00 00 00" HANGING IMPLICIT "]",
		 CAUSE_OTHER_SERVICE, false, 1},
		/* an identity to be confirmed */
		{STORE "50 00 [58 00 [02 01 ['user'] ['secret']]]", CAUSE_USER_IDENTITY,
		 false, 1},
		{STORE "50 00 [58 00 [01 01 ['user'] [ ]] 58 00 [01 00 ['user'] [ ]]]",
		 CAUSE_USER_IDENTITY, false, 1},
	};
	char body[2048];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(body, sizeof(body), "%s%s%s", FIXED, CONTEXT_NAME,
			 cases[i].items);
		parse(body);
		if (agree(&usual, NULL, "") != cases[i].expected ||
		    promised != cases[i].promised)
			fail_msg("the cause is not %u: %s", cases[i].expected,
				 cases[i].items);
		if (cases[i].expected != CAUSE_NONE && plan.culprit != cases[i].culprit)
			fail_msg("context number %u: %s", plan.culprit, cases[i].items);
	}
	parse(FIXED CONTEXT_NAME "20 00 [01 00 00 00" PRIVATE EXPLICIT "]");
	assert_int_equal(agree(&more, NULL, ""), CAUSE_NONE);
	assert_true(promised);
}

/* A storage class that is newer than the dictionary is storage; one of the standard's
 * that is not is refused, and the CT beside it accepted.
 */
static void test_classes_that_nobody_knows(void **state)
{
	static const struct capability all = {rows, 3,     syntaxes,
					      2,    16378, {.syntaxes = 2}};

	parse(FIXED CONTEXT_NAME "20 00 [01 00 00 00" NEW_CLASS IMPLICIT EXPLICIT "]");
	assert_int_equal(agree(&all, NULL, ""), CAUSE_NONE);
	assert_int_equal(plan.contexts[0].result, PDU_ACCEPTANCE);
	assert_true(is_text(plan.contexts[0].transfer_syntax, "1.2.840.10008.1.2.1"));
	assert_int_equal(agree(&all, &usual, ""), CAUSE_NO_CONTEXT);
	assert_int_equal(plan.contexts[0].result, PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED);
	parse(FIXED CONTEXT_NAME STORE "20 00 [03 00 00 00" DIRECTORY EXPLICIT "]"
				       "20 00 [05 00 00 00" HANGING EXPLICIT "]");
	assert_int_equal(agree(&all, NULL, ""), CAUSE_NONE);
	assert_int_equal(plan.contexts[0].result, PDU_ACCEPTANCE);
	assert_int_equal(plan.contexts[1].result, PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED);
	assert_int_equal(plan.contexts[2].result, PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED);
}

/* What is promised is what all pools keep, in the SCU's order. */
static void test_pools_that_differ(void **state)
{
	static const struct {
		const char *learned;
		const struct capability *a, *b;
		const char *ct; /* transfer syntax; NULL: refused */
		uint8_t ct_result, mr_result;
		uint32_t length;
	} cases[] = {
		{"", &usual, NULL, "1.2.840.10008.1.2.1", 0, 0, 16378},
		{"", &other, NULL, "1.2.840.10008.1.2.4.50", 0, 0, 131072},
		{"", &usual, &other, "1.2.840.10008.1.2.1", 0, 4, 16378},
		{"", &other, &usual, "1.2.840.10008.1.2.1", 0, 4, 16378},
		/* learned of one pool is learned for all that it is considered with */
		{"b|1.2.840.10008.5.1.4.1.1.2|1.2.840.10008.1.2.1", &usual, &other,
		 "1.2.840.10008.1.2", 0, 4, 16378},
		{"c|1.2.840.10008.5.1.4.1.1.2|1.2.840.10008.1.2.1", &usual, &other,
		 "1.2.840.10008.1.2.1", 0, 4, 16378},
		{"x a|1.2.840.10008.5.1.4.1.1.2|1.2.840.10008.1.2.1 "
		 "a|1.2.840.10008.5.1.4.1.1.2|1.2.840.10008.1.2",
		 &usual, NULL, NULL, 4, 0, 16378},
		{"a|length|8192", &usual, &other, "1.2.840.10008.1.2.1", 0, 4, 8192},
		{"a|length|99999", &usual, NULL, "1.2.840.10008.1.2.1", 0, 0, 16378},
		{"a|length|99999999999999999999 a|length|x a| | ||", &other, NULL,
		 "1.2.840.10008.1.2.4.50", 0, 0, 131072},
		/* the same capability, but another name */
		{"b|1.2.840.10008.5.1.4.1.1.2|1.2.840.10008.1.2.1", &usual, &usual,
		 "1.2.840.10008.1.2", 0, 0, 16378},
	};

	parse(FIXED CONTEXT_NAME "20 00 [01 00 00 00" CT JPEG EXPLICIT IMPLICIT "]"
				 "20 00 [03 00 00 00" MR JPEG EXPLICIT "]");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(agree(cases[i].a, cases[i].b, cases[i].learned),
				 CAUSE_NONE);
		if (plan.contexts[0].result != cases[i].ct_result ||
		    plan.contexts[1].result != cases[i].mr_result)
			fail_msg("%zu: results %u, %u", i, plan.contexts[0].result,
				 plan.contexts[1].result);
		if (cases[i].ct)
			assert_true(
				is_text(plan.contexts[0].transfer_syntax, cases[i].ct));
		assert_int_equal(plan.maximum_length, cases[i].length);
	}
	/* a class that one of them does not take */
	parse(FIXED CONTEXT_NAME "20 00 [01 00 00 00" CT IMPLICIT "]"
				 "20 00 [03 00 00 00" ECHO IMPLICIT "]");
	assert_int_equal(agree(&usual, &other, ""), CAUSE_NONE);
	assert_int_equal(plan.contexts[0].result, PDU_ACCEPTANCE);
	assert_int_equal(plan.contexts[1].result, PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED);
}

/* PS3.8 9.3.2: bit 0 is version 1, other bits are not tested */
static void test_refusals(void **state)
{
	static const struct {
		const char *version, *name;
		bool refused;
		struct rejection why;
	} cases[] = {
		{"0001", CONTEXT_NAME, false, {0, 0, 0}},
		{"FFFF", CONTEXT_NAME, false, {0, 0, 0}},
		{"0001", "10 00 ['1.2.840.10008.3.1.1.1' 00]", false, {0, 0, 0}},
		{"0000", CONTEXT_NAME, true, {1, 2, 2}},
		{"FFFE", CONTEXT_NAME, true, {1, 2, 2}},
		{"0001", "10 00 ['1.2.840.10008.3.1.1.2']", true, {1, 1, 2}},
		{"0001", "", true, {1, 1, 2}},
	};
	char body[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rejection why = {0, 0, 0};

		snprintf(body, sizeof(body), "%s 0000 20*32 00*32 %s%s", cases[i].version,
			 cases[i].name, STORE);
		parse(body);
		assert_int_equal(promise_refuses(&rq, &why), cases[i].refused);
		assert_memory_equal(&why, &cases[i].why, sizeof(why));
	}
}

/*** any RQ: nothing is longer, everything can be read back, and says the same ***/

static uint32_t seed = 3;

static unsigned choose(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % n;
}

static size_t write_random_rq(struct writer *w)
{
	static const char *const classes[] = {CT, MR, ECHO, PRIVATE,
					      "30 00 ['1.2.840.10008.1.1' 00]"};
	static const char *const transfers[] = {EXPLICIT, IMPLICIT, JPEG,
						"40 00 ['1.2.840.10008.1.2' 00]"};
	static const char *const users[] = {LENGTH,
					    CLASS,
					    "55 00 ['N']",
					    "53 00 [0001 0001]",
					    "58 00 [01 00 ['u'] [ ]]",
					    "59 00 [ ]",
					    "7A 00 [01]",
					    "56 00 [['1.2'] 01]"};
	unsigned contexts = 1 + choose(6);
	size_t item;

	sample_write(w, "01 00 00000000" FIXED CONTEXT_NAME);
	for (unsigned i = 0; i < contexts; i++) {
		item = pdu_begin_item(w, PDU_ITEM_PRESENTATION_CONTEXT_RQ);
		writer_u8(w, (uint8_t)(2 * i + 1));
		sample_write(w, "00*3");
		sample_write(w, classes[choose(5)]);
		for (unsigned k = choose(4); k > 0; k--)
			sample_write(w, transfers[choose(4)]);
		pdu_end_item(w, item);
	}
	if (choose(4) > 0) {
		item = pdu_begin_item(w, PDU_ITEM_USER_INFORMATION);
		for (unsigned k = choose(5); k > 0; k--)
			sample_write(w, users[choose(8)]);
		pdu_end_item(w, item);
	}
	writer_patch_be32(w, 2);
	return w->len;
}

static void parse_pdu(const struct writer *w, size_t from, enum pdu_type type,
		      struct pdu_associate *a)
{
	struct reader stream =
		reader_of(edge(slice_of(w->buf + from, w->len - from)), false);
	struct pdu pdu;

	assert_true(writer_ok(w));
	assert_true(pdu_next(&stream, &pdu) && reader_done(&stream));
	assert_int_equal(pdu.type, type);
	assert_int_equal(pdu_parse_associate(pdu.body, type, a), READ_OK);
}

static void check_narrowed(void)
{
	unsigned k = 0;

	assert_int_equal(again.ncontexts, plan.accepted);
	for (unsigned i = 0; i < rq.ncontexts; i++) {
		struct reader list = again.contexts[k].transfer_syntaxes;
		struct slice uid;

		if (plan.contexts[i].result != PDU_ACCEPTANCE)
			continue;
		assert_int_equal(again.contexts[k].id, rq.contexts[i].id);
		assert_true(slice_equal(again.contexts[k].abstract_syntax,
					rq.contexts[i].abstract_syntax));
		assert_true(pdu_next_transfer_syntax(&list, &uid));
		assert_true(slice_equal(uid, plan.contexts[i].transfer_syntax));
		assert_false(pdu_next_transfer_syntax(&list, &uid));
		k++;
	}
}

static void test_random_requests(void **state)
{
	static uint8_t original[8192];
	static struct pdu_associate ac;
	static struct promise told;
	unsigned spliced = 0;

	for (unsigned round = 0; round < 20000; round++) {
		struct writer in = writer_of(original, sizeof(original));
		struct writer w = writer_of(bytes, sizeof(bytes));
		size_t len = write_random_rq(&in), aclen;
		struct reader body = reader_of(slice_of(original + 6, len - 6), false);

		assert_int_equal(pdu_parse_associate(body, PDU_ASSOCIATE_RQ, &rq),
				 READ_OK);
		if (agree(&usual, NULL, ""))
			continue;
		spliced++;
		promise_write_ac(&rq, &plan, &w);
		aclen = w.len;
		parse_pdu(&w, 0, PDU_ASSOCIATE_AC, &ac);
		assert_int_equal(ac.ncontexts, rq.ncontexts); /* each is answered */
		promise_recall(&rq, &ac, &told);
		assert_int_equal(told.accepted, plan.accepted);
		for (unsigned i = 0; i < rq.ncontexts; i++) {
			assert_int_equal(told.contexts[i].result,
					 plan.contexts[i].result);
			if (plan.contexts[i].result == PDU_ACCEPTANCE)
				assert_true(
					slice_equal(told.contexts[i].transfer_syntax,
						    plan.contexts[i].transfer_syntax));
		}
		promise_write_rq(&rq, &plan, &w);
		if (w.len - aclen > len)
			fail_msg("round %u: %zu bytes instead of %zu", round,
				 w.len - aclen, len);
		parse_pdu(&w, aclen, PDU_ASSOCIATE_RQ, &again);
		check_narrowed();
	}
	assert_in_range(spliced, 5000, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_the_ac_is_short),
		cmocka_unit_test(test_rename),
		cmocka_unit_test(test_nothing_to_rename),
		cmocka_unit_test(test_what_is_not_spliced),
		cmocka_unit_test(test_classes_that_nobody_knows),
		cmocka_unit_test(test_pools_that_differ),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_random_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
