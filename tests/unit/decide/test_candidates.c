/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide/candidates.h"
#include "edge.h"
#include "policy/memory.h"
#include "policy_of.h"
#include "quoted.h"
#include "sample.h"

/* CT in both transfer syntaxes, MR in one; the pools differ in what they accept */
#define POOLS                                                                            \
	" 'default': {'backend': 'rest'}, 'negotiate': {'transfer_syntaxes':"            \
	"  ['ImplicitVRLittleEndian', 'ExplicitVRLittleEndian']}, 'pools': {"            \
	" 'both': {'accepts': [{'sop_classes': ['CTImageStorage', 'MRImageStorage'],"    \
	"   'transfer_syntaxes': ['ImplicitVRLittleEndian',"                             \
	"   'ExplicitVRLittleEndian']}]},"                                               \
	" 'implicit': {'accepts': [{'sop_classes': ['CTImageStorage'],"                  \
	"   'transfer_syntaxes': ['ImplicitVRLittleEndian']}]},"                         \
	" 'explicit': {'accepts': [{'sop_classes': ['CTImageStorage'],"                  \
	"   'transfer_syntaxes': ['ExplicitVRLittleEndian']}]},"                         \
	" 'rest': {'accepts': [{'sop_classes': ['CTImageStorage', 'MRImageStorage'],"    \
	"   'transfer_syntaxes': ['ImplicitVRLittleEndian',"                             \
	"   'ExplicitVRLittleEndian']}]}}"

static struct pdu_associate rq;
static struct policy *policy;
static struct facts facts;
static struct failover down;
static struct promise promise;

static int start(void **state)
{
	struct reader body = reader_of(
		sample("0001 0000 'ARCHIVE         ' 'CT1             ' 00*32"
		       " 10 00 ['1.2.840.10008.3.1.1.1']"
		       " 20 00 [01000000 30 00 ['1.2.840.10008.5.1.4.1.1.2']"
		       " 40 00 ['1.2.840.10008.1.2.1'] 40 00 ['1.2.840.10008.1.2']]"
		       " 50 00 [51 00 [00004000]]"),
		false);

	facts.association.rq = &rq;
	return pdu_parse_associate(body, PDU_ASSOCIATE_RQ, &rq) == READ_OK &&
			       facts_init(&facts)
		       ? 0
		       : -1;
}

static int stop(void **state)
{
	facts_clear(&facts);
	policy_free(policy);
	return 0;
}

/* The candidates with these rules; which pools are down, what was learned */
static enum cause cause;

static struct candidates find(const char *rules, const char *names, const char *learned)
{
	char json[4096];
	struct candidates c;

	snprintf(json, sizeof(json), "{'rules': [%s]," POOLS "}", rules);
	policy_free(policy);
	policy = policy_of(quoted(json));
	assert_true(facts_begin(&facts, policy));
	failover_read(&down, slice_str(names));
	c = candidates_find(&facts, &rq, slice_str(learned), &down, &promise);
	(void)!promise_finish(&rq, &promise, &cause);
	return c;
}

/* The transfer syntax that is promised for CT; "" if there is none */
static const char *promised(void)
{
	static char uid[64];
	struct slice syntax = promise_syntax(&rq, &promise, 1);

	snprintf(uid, sizeof(uid), "%.*s", (int)syntax.len, (const char *)syntax.ptr);
	return uid;
}

#define EXPLICIT "1.2.840.10008.1.2.1"
#define IMPLICIT "1.2.840.10008.1.2"

/* A rule that the data set decides, and one that the association has excluded */
#define MAYBE(pool)                                                                      \
	"{'name': 'm" pool "', 'if': {'Modality': 'CT'}, 'backend': '" pool "'}"
#define NEVER(pool)                                                                      \
	"{'name': 'n" pool "', 'if': {'CalledAETitle': 'OTHER'}, 'backend': '" pool "'}"

static void test_promise(void **state)
{
	/* the SCU's order, if all candidates accept it */
	(void)find(MAYBE("both"), "", "");
	assert_string_equal(promised(), EXPLICIT);
	(void)find(MAYBE("implicit"), "", "");
	assert_string_equal(promised(), IMPLICIT);
	(void)find(MAYBE("both") "," MAYBE("explicit"), "", "");
	assert_string_equal(promised(), EXPLICIT);
	/* one that refuses limits nothing */
	assert_null(find("{'name': 'r', 'if': {'Modality': 'MR'}, 'reject':"
			 " 'no-reason-given'}," MAYBE("both"),
			 "", "")
			    .stranded);
	assert_string_equal(promised(), EXPLICIT);
	/* who is no candidate does not limit it */
	(void)find(NEVER("implicit") "," MAYBE("both"), "", "");
	assert_string_equal(promised(), EXPLICIT);
	/* no syntax that all accept */
	(void)find("{'name': 'r', 'if': {'Modality': 'CT'}, 'backend': 'implicit'},"
		   "{'name': 's', 'if': {'Modality': 'MR'}, 'backend': 'explicit'}",
		   "", "");
	assert_string_equal(promised(), "");
}

/* All absent: rules that ask for an attribute do not match, those that ask for none do.
 */
static void test_fallback(void **state)
{
	struct candidates c = find(MAYBE("both"), "", "");

	assert_ptr_equal(c.fallback, &policy->otherwise);
	assert_ptr_equal(candidates_fallback(&facts, FACTS_UNSURE, &c.when), c.fallback);
	c = find(MAYBE("both") ",{'name': 'x', 'if': {'PatientID': {'present': false}},"
			       " 'backend': 'implicit'}",
		 "", "");
	assert_string_equal(c.fallback->rule, "x");
	assert_string_equal(promised(), IMPLICIT); /* it is a candidate, too */
	assert_null(c.stranded);
}

/* The first pool of a list that is up counts. */
static void test_down(void **state)
{
	static const char rule[] = "{'name': 'r', 'if': {'Modality': 'CT'}, 'backend': "
				   "['implicit', 'both']}";
	struct candidates c = find(rule, "", "");

	assert_string_equal(promised(), IMPLICIT);
	assert_null(c.stranded);
	c = find(rule, "implicit", "");
	assert_string_equal(promised(), EXPLICIT);
	assert_null(c.stranded);
	c = find(rule, "both implicit", "");
	assert_non_null(c.stranded);
	assert_string_equal(c.stranded->rule, "r");
	assert_string_equal(promised(), IMPLICIT); /* it may be up again by then */
	c = find(rule, "rest", "");
	assert_ptr_equal(c.stranded, &policy->otherwise);
	/* that does not concern whom the association cannot reach */
	c = find(NEVER("explicit") "," MAYBE("both"), "explicit", "");
	assert_null(c.stranded);
	assert_string_equal(promised(), EXPLICIT);
}

static void test_learned(void **state)
{
	static const char of_both[] = "both|1.2.840.10008.5.1.4.1.1.2|" EXPLICIT;

	(void)find(MAYBE("both"), "", of_both);
	assert_string_equal(promised(), IMPLICIT);
	(void)find(MAYBE("rest"), "", of_both); /* another pool's */
	assert_string_equal(promised(), EXPLICIT);
	(void)find(NEVER("both") "," MAYBE("rest"), "", of_both);
	assert_string_equal(promised(), EXPLICIT);
}

/* More rules than are tried: then every pool of the policy counts. */
static void test_too_many(void **state)
{
	static char json[128 * 1024];
	size_t len = (size_t)sprintf(json, "{'rules': [" NEVER("implicit"));

	for (int i = 0; i < 2000; i++)
		len += (size_t)sprintf(json + len,
				       ",{'name': '%d', 'if': {'PatientID': '%d*'},"
				       " 'backend': '%s'}",
				       i, i, i % 2 ? "both" : "rest");
	sprintf(json + len, "]," POOLS "}");
	policy_free(policy);
	policy = policy_of(quoted(json));
	assert_true(facts_begin(&facts, policy));
	failover_read(&down, (struct slice){0});
	(void)candidates_find(&facts, &rq, (struct slice){0}, &down, &promise);
	(void)!promise_finish(&rq, &promise, &cause);
	assert_string_equal(promised(), IMPLICIT);
	failover_read(&down, slice_str("implicit"));
	assert_string_equal(
		candidates_find(&facts, &rq, (struct slice){0}, &down, &promise)
			.stranded->rule,
		"nimplicit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_promise),  cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_down),     cmocka_unit_test(test_learned),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
