/* SPDX-License-Identifier: MIT */
/* The language of docs/policy.md as it is compiled, and what happens without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "policy_of.h"
#include "quoted.h"

/* Allocations until one fails; the linker is told to --wrap these. */
static long failing = -1;

static bool fails(void)
{
	return failing >= 0 && failing-- == 0;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, n, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

static void *no_malloc(size_t size)
{
	return NULL;
}

static struct report report;

static const char whole[] =
	"{'$schema': 'policy.schema.json',"
	" 'rules': ["
	"  {'name': 'a', 'if': {'CallingAETitle': ['TEST*', 'Z', 'X'],"
	"    'any': [{'Modality': 'CT'}, {'(0008,0060)': 'MR'}, {'not': {}}],"
	"    'not': {'all': [{'PatientID': {'present': false}}, {'Rows': 512}]},"
	"    'sample': {'percent': 12.5, 'by': ['StudyInstanceUID', 'PatientID']},"
	"    'schedule': {'from': '18:00', 'to': '07:30', 'weekdays': ['Fri-Mon', "
	"'Wed']}},"
	"   'reject': 'calling-ae-title-not-recognized', 'result': 'transient'},"
	"  {'name': 'b', 'if': {'SOPClassUID': ['CTImageStorage', '1.2.*', '@storage'],"
	"    'MoveDestination': 'PACS',"
	"    'InstitutionName': {'is': 'M\u00dcLLER', 'in': ['wards', 'more'], 'regex': "
	"'^x',"
	"                        'ignore_case': true},"
	"    'StudyDate': {'from': '2020', 'to': '2021', 'older_than': '5 years',"
	"                  'newer_than': '1 day'},"
	"    'ClientAddress': ['10.0.0.0/8', '2001:db8::1'],"
	"    'RequestAttributesSequence.ScheduledProcedureStepID': {'empty': false},"
	"    '(0029,\"SIEMENS CSA HEADER\",08)': {'empty': true},"
	"    'ReferencedStudySequence[2].(0008,1155)': {'present': true}},"
	"   'backend': 'ct', 'called_ae': 'NEURO', 'calling_ae': 'LB', 'key': "
	"'PatientID'}],"
	" 'default': {'backend': 'general', 'key': ['StudyInstanceUID', 'Modality']},"
	" 'lists': {'wards': ['W1', 'w*'], 'more': [7]},"
	" 'export': {'modality': 'Modality', 'user': 'UserIdentity'},"
	" 'negotiate': {'transfer_syntaxes': ['JPEG2000Lossless', '1.2.840.10008.1.2'],"
	"  'abstract_syntaxes': ['1.2.3'], 'maximum_length': 65536}}";

/* <whole>, with the quotes around a private creator as JSON wants them */
static const char *all_of_it(void)
{
	static char json[sizeof(whole) + 16];
	char *to = json;

	for (const char *c = whole; *c; c++) {
		if (*c == '"')
			*to++ = '\\';
		*to++ = *c == '\'' ? '"' : *c;
	}
	*to = '\0';
	return json;
}

static bool named(const struct policy_attribute *a, const char *name)
{
	return strcmp(a->name, name) == 0;
}

static void check_attributes(const struct policy *p)
{
	static const uint32_t tags[] = {0x00000600, 0x00080005, 0x00080020, 0x00080060,
					0x00080080, 0x00081110, 0x00100020, 0x0020000D,
					0x00280010, 0x00400275, 0x00290008};
	size_t character_set = p->character_set;

	/* each once, whatever it is called */
	assert_int_equal(p->nattributes, 15);
	for (size_t i = 0; i < p->nattributes; i++) {
		const struct policy_attribute *a = p->attributes[i];

		assert_int_equal(a->index, i);
		if (a->source != POLICY_ASSOCIATION)
			assert_int_equal(p->elements[a->element].tag, a->path[0].tag);
	}
	assert_int_equal(p->ncommand, 1);
	assert_int_equal(p->nplain, 9);
	assert_int_equal(p->nprivate, 1);
	for (size_t i = 0; i < 11; i++)
		assert_int_equal(p->elements[i].tag, tags[i]);
	assert_int_equal(p->elements[character_set].tag, 0x00080005);
	assert_string_equal(p->elements[10].creator, "SIEMENS CSA HEADER");
}

static void check_first_rule(const struct policy_rule *rule)
{
	const struct policy_node *all = rule->condition.children;
	const struct policy_set *titles = all[0].match->is;
	const struct policy_sample *sample = all[3].sample;

	assert_int_equal(rule->condition.nchildren, 5);
	assert_int_equal(titles->nliterals, 2);
	assert_true(slice_equal(titles->literals[0], slice_str("X"))); /* sorted */
	assert_int_equal(titles->npatterns, 1);
	assert_string_equal(titles->patterns[0], "TEST*");
	assert_int_equal(all[1].kind, POLICY_ANY);
	assert_int_equal(all[1].nchildren, 3);
	assert_ptr_equal(all[1].children[0].children[0].attribute,
			 all[1].children[1].children[0].attribute);
	assert_int_equal(all[2].kind, POLICY_NOT);
	assert_int_equal(sample->threshold, UINT32_C(1) << 29);
	assert_int_equal(sample->by.n, 2);
	assert_true(named(sample->by.list[1], "PatientID"));
	assert_int_equal(all[4].schedule->from, 18 * 60);
	assert_int_equal(all[4].schedule->to, 7 * 60 + 30);
	assert_int_equal(all[4].schedule->weekdays, 0x6B); /* Sun Mon Wed Fri Sat */
	assert_null(rule->outcome.pools);
	assert_memory_equal(&rule->outcome.rejection, &((struct rejection){2, 1, 3}),
			    sizeof(struct rejection));
}

static void check_second_rule(const struct policy_rule *rule)
{
	const struct policy_node *all = rule->condition.children;
	const struct policy_match *name = all[2].match;
	const struct policy_range *range = all[3].match->range;

	assert_int_equal(rule->condition.nchildren, 8);
	assert_true(slice_equal(all[0].match->is->literals[0],
				slice_str("1.2.840.10008.5.1.4.1.1.2")));
	assert_string_equal(all[0].match->is->patterns[0], "1.2.*");
	assert_string_equal(all[0].match->is->groups[0], "storage");
	assert_int_equal(all[1].attribute->source, POLICY_COMMAND);
	assert_true(name->is->fold &&
		    slice_equal(name->is->literals[0], slice_str("m\u00fcller")));
	assert_int_equal(name->nin, 2);
	assert_string_equal(name->in[0]->name, "wards");
	assert_true(slice_equal(name->in[0]->literals[0], slice_str("w1")));
	assert_true(slice_equal(name->in[1]->literals[0], slice_str("7")));
	assert_true(name->regex && name->ignore_case);
	assert_int_equal(range->kind, VALUE_DATE);
	assert_true(range->has_from && range->has_to && range->has_older &&
		    range->has_newer);
	assert_int_equal((int)range->to - (int)range->from,
			 730); /* both years, 2020 was leap */
	assert_int_equal(range->older.unit, 'Y');
	assert_int_equal(all[4].match->is->nnetworks, 2);
	assert_int_equal(all[5].kind, POLICY_ALL); /* there, and not empty */
	assert_int_equal(all[5].children[0].kind, POLICY_IS_THERE);
	assert_int_equal(all[5].children[0].attribute->npath, 2);
	assert_int_equal(all[5].children[0].attribute->path[0].item, POLICY_ANY_ITEM);
	assert_int_equal(all[5].children[1].children[0].kind, POLICY_IS_EMPTY);
	assert_int_equal(all[6].kind, POLICY_IS_EMPTY);
	assert_int_equal(all[7].kind, POLICY_IS_THERE);
	assert_int_equal(all[7].attribute->path[0].item, 2);
	assert_string_equal(rule->outcome.called_ae, "NEURO");
	assert_string_equal(rule->outcome.calling_ae, "LB");
	assert_true(rule->outcome.key.n == 1 &&
		    named(rule->outcome.key.list[0], "PatientID"));
}

static void check_whole(const struct policy *p)
{
	assert_int_equal(p->nrules, 2);
	check_attributes(p);
	check_first_rule(&p->rules[0]);
	check_second_rule(&p->rules[1]);
	assert_non_null(p->index);
	assert_string_equal(p->otherwise.pools->list[0].name, "general");
	assert_int_equal(p->otherwise.key.n, 2);
	assert_int_equal(p->nexports, 2);
	assert_string_equal(p->exports[1].variable, "user");
	assert_int_equal(p->exports[1].attribute->tag, POLICY_USER_IDENTITY);
	assert_int_equal(p->usual->nsyntaxes, 2);
	assert_true(
		slice_equal(p->usual->syntaxes[0], slice_str("1.2.840.10008.1.2.4.90")));
	assert_non_null(capability_row(p->usual, slice_str("1.2.3")));
	assert_int_equal(p->usual->maximum_length, 65536);
	assert_ptr_equal(p->rules[1].outcome.pools->list[0].accepts, p->usual);
}

static void test_all_of_the_language(void **state)
{
	struct policy *p = policy_of(all_of_it());

	check_whole(p);
	policy_free(p);
	policy_free(NULL);
}

static void test_defaults(void **state)
{
	struct policy *p = policy_of("{\"rules\": []}");

	assert_int_equal(p->nrules, 0);
	assert_int_equal(p->nattributes, 1);
	assert_null(p->otherwise.pools);
	assert_string_equal(p->otherwise.rule, "default");
	assert_memory_equal(&p->otherwise.rejection, &((struct rejection){1, 1, 1}),
			    sizeof(struct rejection));
	assert_int_equal(p->otherwise.key.n, 0);
	assert_int_equal(p->nexports, 0);
	assert_int_equal(p->usual->nsyntaxes, 2);
	assert_int_equal(p->usual->maximum_length, 16378);
	policy_free(p);
}

/* PS3.8 9.3.4, Table 9-21 */
static void test_reasons(void **state)
{
	static const struct {
		const char *name;
		struct rejection why;
	} reasons[] = {
		{"no-reason-given", {1, 1, 1}},
		{"application-context-name-not-supported", {1, 1, 2}},
		{"calling-ae-title-not-recognized", {1, 1, 3}},
		{"called-ae-title-not-recognized", {1, 1, 7}},
		{"provider-no-reason-given", {1, 2, 1}},
		{"protocol-version-not-supported", {1, 2, 2}},
		{"temporary-congestion", {2, 3, 1}},
		{"local-limit-exceeded", {2, 3, 2}},
	};
	static const char *const results[] = {"", ", 'result': 'permanent'",
					      ", 'result': 'transient'"};
	char json[256];

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		for (uint8_t result = 0; result < 3; result++) {
			struct rejection why = reasons[i].why;
			struct policy *p;

			snprintf(json, sizeof(json),
				 "{'rules': [], 'default': {'reject': '%s'%s}}",
				 reasons[i].name, results[result]);
			p = policy_of(quoted(json));
			why.result = result ? result : why.result;
			assert_memory_equal(&p->otherwise.rejection, &why, sizeof(why));
			policy_free(p);
		}
}

/* The names of attributes: which of them are the same, and where they are */
static void test_attributes(void **state)
{
	static const struct {
		const char *name;
		enum policy_source source;
		const char *vr;
		uint32_t first;
		size_t npath;
	} cases[] = {
		{"Modality", POLICY_DATA_SET, "CS", 0x00080060, 1},
		{"(0008,0060)", POLICY_DATA_SET, "CS", 0x00080060, 1},
		{"(4321,0010)", POLICY_DATA_SET, "LO", 0x43210010,
		 1}, /* nobody knows it */
		{"(4320,1234).PatientID", POLICY_DATA_SET, "LO", 0x43201234, 2},
		{"CommandField", POLICY_COMMAND, "US", 0x00000100, 1},
		{"(0019,SIEMENS CT VA0  COAD,B0)", POLICY_DATA_SET, "DS", 0x001900B0, 1},
		{"(0029,ACME.1[x],01).PatientID", POLICY_DATA_SET, "LO", 0x00290001, 2},
		{"UserIdentity", POLICY_ASSOCIATION, "UT", 0, 0},
		{"ClientAddress", POLICY_ASSOCIATION, "ip", 0, 0},
		{"DestinationPort", POLICY_ASSOCIATION, "US", 0, 0},
		{"Command", POLICY_ASSOCIATION, "CS", 0, 0},
		{"OtherPatientIDs", POLICY_DATA_SET, "LO", 0x00101000, 1}, /* retired */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct policy_attribute *a;
		char json[256], path[32];
		struct policy *p;

		snprintf(json, sizeof(json),
			 "{'rules': [{'name': 'r', 'backend': 'b', 'if': {'%s': "
			 "{'present': true}}}]}",
			 cases[i].name);
		p = policy_from(quoted(json), path, &report);
		report_clear(&report);
		if (!p)
			fail_msg("%s", cases[i].name);
		a = p->rules[0].condition.children[0].attribute;
		assert_string_equal(a->name, cases[i].name);
		assert_int_equal(a->source, cases[i].source);
		assert_int_equal(a->npath, cases[i].npath);
		if (a->npath > 0)
			assert_int_equal(a->path[0].tag, cases[i].first);
		assert_string_equal(a->vr, cases[i].vr);
		policy_free(p);
	}
}

/* The same text has the same id, another one another. */
static void test_id(void **state)
{
	struct policy *a = policy_of("{\"rules\": []}"),
		      *b = policy_of("{\"rules\": []}");
	struct policy *c = policy_of("{\"rules\": [] }");

	assert_int_equal(strlen(a->id), POLICY_ID_SIZE - 1);
	assert_string_equal(a->id, b->id);
	assert_string_not_equal(a->id, c->id);
	policy_free(a);
	policy_free(b);
	policy_free(c);
}

/* Each allocation of <json> fails once: an error, or it was one that is not missed. */
static long fail_each(const char *json, void (*check)(const struct policy *p))
{
	bool done = false;
	char path[32];
	long n;

	for (n = 0; !done && n < 10000; n++) {
		struct policy *p;

		failing = n;
		p = policy_from(json, path, &report);
		done = failing >= 0;
		failing = -1;
		if (p)
			check(p);
		else if (report.errors == 0)
			fail_msg("allocation %ld fails, and nothing is said", n);
		policy_free(p);
		report_clear(&report);
	}
	return n;
}

static void not_taken(const struct policy *p)
{
	fail_msg("what is wrong was taken");
}

static void test_no_memory(void **state)
{
	assert_in_range(fail_each(all_of_it(), check_whole), 100, 9999);
	/* and what is wrong is not taken for right */
	assert_in_range(fail_each(quoted("{'lists': {'l': ['a'], 'f': {'file': "
					 "'/dev/null'}, 'g': {'file': 'none'}},"
					 " 'rules': [{'name': 'r', 'if': {'StationName': "
					 "{'in': ['l', 'f', 'm']},"
					 "  'Rows': {'from': 'x'}, 'Modalty': {'regex': "
					 "'('}}, 'backend': 'b'},"
					 "  {'name': 'r', 'reject': 'x'}], 'export': "
					 "{'verdict': 'a'}}"),
				  not_taken),
			50, 9999);
}

/* jansson's lexer does not survive each of its own; its first is enough */
static void test_no_memory_for_json(void **state)
{
	char path[32];

	json_set_alloc_funcs(no_malloc, free);
	assert_null(policy_from(all_of_it(), path, &report));
	json_set_alloc_funcs(malloc, free);
	assert_int_equal(report.errors, 1);
	assert_non_null(strstr(report.entries[0].text, path));
	report_clear(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_the_language),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_memory_for_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
