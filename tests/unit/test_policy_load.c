/* SPDX-License-Identifier: MIT */
/* The language of docs/policy.md: what is taken, what is refused and where, no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "policy_of.h"

/* Allocations until one fails; the linker is told to --wrap=calloc. */
static long failing = -1;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	return failing >= 0 && failing-- == 0 ? NULL : __real_calloc(n, size);
}

static void *no_malloc(size_t size)
{
	return NULL;
}

static const char whole[] =
	"{\"rules\": ["
	" {\"name\": \"a\", \"if\": {\"CallingAETitle\": [\"TEST*\", \"X\"],"
	"   \"any\": [{\"Modality\": \"CT\"}, {\"(0008,0060)\": \"MR\"}, {\"not\": {}}],"
	"   \"not\": {\"all\": [{\"PatientID\": {\"present\": false}}, {\"Rows\": 512}]}},"
	"  \"reject\": \"calling-ae-title-not-recognized\"},"
	" {\"name\": \"b\", \"if\": {\"SOPClassUID\": [\"CTImageStorage\", \"1.2.*\"],"
	"   \"MoveDestination\": \"PACS\"},"
	"  \"backend\": \"ct\", \"called_ae\": \"NEURO\", \"key\": \"PatientID\"}],"
	"\"default\": {\"backend\": \"general\", \"key\": \"StudyInstanceUID\"},"
	"\"negotiate\": {\"transfer_syntaxes\": [\"JPEG2000Lossless\", \"1.2.840.10008.1.2\"],"
	"  \"abstract_syntaxes\": [\"1.2.3\"], \"maximum_length\": 65536}}";

static void check_whole(const struct policy *p)
{
	static const char *const names[] = {"CallingAETitle",  "SOPClassUID", "MoveDestination",
					    "SpecificCharacterSet", "Modality", "PatientID",
					    "StudyInstanceUID", "Rows"};
	const struct policy_node *any;

	assert_int_equal(p->nrules, 2);
	assert_int_equal(p->nattributes, 8); /* each once, whatever it is called */
	for (size_t i = 0; i < 8; i++)
		if (i != 4)
			assert_string_equal(p->attributes[i].name, names[i]);
	assert_int_equal(p->attributes[4].tag, 0x00080060);
	assert_int_equal(p->command_first, 2);
	assert_int_equal(p->data_set_first, 3);
	assert_int_equal(p->character_set, 3);
	assert_int_equal(p->rules[0].condition.nchildren, 3);
	any = &p->rules[0].condition.children[1];
	assert_int_equal(any->kind, POLICY_ANY);
	assert_int_equal(any->nchildren, 3);
	assert_int_equal(any->children[0].children[0].attribute, 4);
	assert_int_equal(any->children[1].children[0].attribute, 4);
	assert_null(p->rules[0].outcome.backend);
	assert_int_equal(p->rules[0].outcome.rejection.result, 1);
	assert_int_equal(p->rules[0].outcome.rejection.source, 1);
	assert_int_equal(p->rules[0].outcome.rejection.reason, 3);
	assert_string_equal(p->rules[1].condition.children[0].values[0],
			    "1.2.840.10008.5.1.4.1.1.2");
	assert_string_equal(p->rules[1].condition.children[0].values[1], "1.2.*");
	assert_string_equal(p->rules[1].outcome.called_ae, "NEURO");
	assert_int_equal(p->rules[1].outcome.key, 5);
	assert_string_equal(p->otherwise.backend, "general");
	assert_int_equal(p->otherwise.key, 6);
	assert_int_equal(p->negotiation.ntransfer_syntaxes, 2);
	assert_string_equal(p->negotiation.transfer_syntaxes[0], "1.2.840.10008.1.2.4.90");
	assert_string_equal(p->negotiation.abstract_syntaxes[0], "1.2.3");
	assert_int_equal(p->negotiation.maximum_length, 65536);
}

static void test_all_of_the_language(void **state)
{
	struct policy *p = policy_of(whole);

	check_whole(p);
	policy_free(p);
	policy_free(NULL);
}

static void test_defaults(void **state)
{
	struct policy *p = policy_of("{\"rules\": []}");

	assert_int_equal(p->nrules, 0);
	assert_int_equal(p->nattributes, 1);
	assert_null(p->otherwise.backend);
	assert_string_equal(p->otherwise.rule, "default");
	assert_int_equal(p->otherwise.rejection.result, 1);
	assert_int_equal(p->otherwise.rejection.source, 1);
	assert_int_equal(p->otherwise.rejection.reason, 1);
	assert_int_equal(p->otherwise.key, POLICY_NO_KEY);
	assert_int_equal(p->negotiation.ntransfer_syntaxes, 2);
	assert_int_equal(p->negotiation.maximum_length, 16378);
	policy_free(p);
}

/* PS3.8 9.3.4, Table 9-21 */
static void test_reasons(void **state)
{
	static const struct {
		const char *name;
		struct ul_rejection why;
	} reasons[] = {
		{"no-reason-given", {1, 1, 1}},
		{"application-context-name-not-supported", {1, 1, 2}},
		{"calling-ae-title-not-recognized", {1, 1, 3}},
		{"called-ae-title-not-recognized", {1, 1, 7}},
		{"protocol-version-not-supported", {1, 2, 2}},
		{"temporary-congestion", {2, 3, 1}},
		{"local-limit-exceeded", {2, 3, 2}},
	};
	char json[256];

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct policy *p;

		snprintf(json, sizeof(json), "{\"rules\": [], \"default\": {\"reject\": \"%s\"}}",
			 reasons[i].name);
		p = policy_of(json);
		assert_memory_equal(&p->otherwise.rejection, &reasons[i].why,
				    sizeof(struct ul_rejection));
		policy_free(p);
	}
}

#define RULE(text) "{\"rules\": [{\"name\": \"r\", \"backend\": \"b\", " text "}]}"
#define IF(text)   RULE("\"if\": {" text "}")

/* Where it is, and one word of what is wrong */
static const struct {
	const char *json, *place, *word;
} wrong[] = {
	{"", ":1:0:", "end of file"},
	{"{\"rules\": [}", ":1:12:", "unexpected"},
	{"{\"rules\": [], \"rules\": []}", ":1:21:", "duplicate"},
	{"[]", "document", "object"},
	{"{}", "document", "rules"},
	{"{\"rules\": {}}", "document", "rules"},
	{"{\"rules\": [], \"rule\": []}", "document", "\"rule\""},
	{"{\"rules\": [], \"\": []}", "document", "\"\""},
	{"{\"rules\": [], \"default negotiate\": {}}", "document", "\"default negotiate\""},
	{"{\"rules\": [1]}", "rules[0]", "object"},
	{"{\"rules\": [{}]}", "rules[0]", "name"},
	{"{\"rules\": [{\"name\": \"\"}]}", "rules[0]", "name"},
	{"{\"rules\": [{\"name\": \"r\"}]}", "rules[0] \"r\"", "backend"},
	{"{\"rules\": [{\"name\": \"a\\\"b\", \"backend\": \"b\"}]}", "rules[0]", "no quote"},
	{"{\"rules\": [{\"name\": \"a\\nb\", \"backend\": \"b\"}]}", "rules[0]", "control"},
	{"{\"rules\": [{\"name\": \"a\\\\b\", \"backend\": \"b\"}]}", "rules[0]", "backslash"},
	{RULE("\"reject\": \"no-reason-given\""), "rules[0] \"r\"", "either"},
	{"{\"rules\": [{\"name\": \"r\", \"reject\": \"tired\"}]}", "rules[0] \"r\"", "\"tired\""},
	{"{\"rules\": [{\"name\": \"r\", \"reject\": \"no-reason-given\", \"key\": \"Rows\"}]}",
	 "rules[0] \"r\"", "key"},
	{"{\"rules\": [{\"name\": \"r\", \"backend\": \"a b\"}]}", "rules[0] \"r\"", "\"a b\""},
	{RULE("\"when\": {}"), "rules[0]", "\"when\""},
	{RULE("\"called_ae\": \"SEVENTEEN_LETTERS\""), "rules[0] \"r\"", "SEVENTEEN"},
	{RULE("\"called_ae\": \"  \""), "rules[0] \"r\"", "AE title"},
	{RULE("\"called_ae\": \"A\\\\B\""), "rules[0] \"r\"", "AE title"},
	{RULE("\"called_ae\": \"\\u00c4\""), "rules[0] \"r\"", "AE title"},
	{RULE("\"key\": \"Nothing\""), "rules[0] \"r\"", "\"Nothing\""},
	{RULE("\"key\": \"PixelData\""), "rules[0] \"r\"", "OW"},
	{RULE("\"key\": \"RequestAttributesSequence\""), "rules[0] \"r\"", "SQ"},
	{RULE("\"if\": []"), "rules[0] \"r\" if", "object"},
	{IF("\"Modalty\": \"CT\""), "rules[0] \"r\" if.Modalty", "\"Modalty\""},
	{IF("\"(0008,0060\": \"CT\""), "if.(0008,0060", "attribute"},
	{IF("\"(0002,0010)\": \"1.2\""), "if.(0002,0010)", "header of files"},
	{IF("\"Modality\": true"), "if.Modality", "string"},
	{IF("\"Modality\": 1.5"), "if.Modality", "whole number"},
	{IF("\"Modality\": null"), "if.Modality", "string"},
	{IF("\"Modality\": []"), "if.Modality", "empty"},
	{IF("\"Modality\": [\"CT\", {}]"), "if.Modality", "string"},
	{IF("\"Modality\": {}"), "if.Modality", "present"},
	{IF("\"Modality\": {\"present\": 1}"), "if.Modality", "present"},
	{IF("\"Modality\": {\"present\": true, \"is\": 1}"), "if.Modality", "\"is\""},
	{IF("\"PixelData\": \"x\""), "if.PixelData", "present"},
	{IF("\"RequestAttributesSequence\": \"x\""), "if.RequestAttributesSequence", "SQ"},
	{IF("\"SOPClassUID\": \"CTImages\""), "if.SOPClassUID", "\"CTImages\""},
	{IF("\"any\": {}"), "if.any", "list"},
	{IF("\"any\": []"), "if.any", "list"},
	{IF("\"all\": [{}, {\"Nope\": 1}]"), "if.all[1].Nope", "\"Nope\""},
	{IF("\"not\": [{}]"), "if.not", "object"},
	{IF("\"not\": {\"not\": {\"any\": [{\"X\": 1}]}}"), "if.not.not.any[0].X", "\"X\""},
	{"{\"rules\": [{\"name\": \"r\", \"backend\": \"b\"}, {\"name\": \"r\", \"backend\": \"c\"}]}",
	 "rules[1]", "\"r\""},
	{"{\"rules\": [], \"default\": {}}", "default", "backend"},
	{"{\"rules\": [], \"default\": 1}", "default", "object"},
	{"{\"rules\": [], \"default\": {\"backend\": \"b\", \"name\": \"d\"}}", "default", "\"name\""},
	{"{\"rules\": [], \"negotiate\": []}", "negotiate", "object"},
	{"{\"rules\": [], \"negotiate\": {\"syntaxes\": []}}", "negotiate", "\"syntaxes\""},
	{"{\"rules\": [], \"negotiate\": {\"transfer_syntaxes\": \"1.2\"}}", "negotiate", "list"},
	{"{\"rules\": [], \"negotiate\": {\"transfer_syntaxes\": [\"JPG\"]}}", "negotiate", "JPG"},
	{"{\"rules\": [], \"negotiate\": {\"maximum_length\": 4095}}", "negotiate", "4096"},
	{"{\"rules\": [], \"negotiate\": {\"maximum_length\": 4294967296}}", "negotiate", "4294967295"},
	{"{\"rules\": [], \"negotiate\": {\"maximum_length\": \"16384\"}}", "negotiate", "number"},
};

static void test_what_is_wrong(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct policy_error error;
		char path[32];
		size_t len;

		if (policy_from(wrong[i].json, path, &error))
			fail_msg("taken: %s", wrong[i].json);
		len = strlen(path);
		if (strncmp(error.text, path, len) != 0 || !strstr(error.text, wrong[i].place) ||
		    !strstr(error.text + len, wrong[i].word))
			fail_msg("%s: \"%s\" lacks \"%s\" or \"%s\"", wrong[i].json, error.text,
				 wrong[i].place, wrong[i].word);
	}
}

static void test_files(void **state)
{
	struct policy_error error;

	assert_null(policy_load("/nowhere/policy.json", &error));
	assert_non_null(strstr(error.text, "/nowhere/policy.json"));
	assert_null(policy_load("/tmp", &error));
	assert_non_null(strstr(error.text, "/tmp"));
}

/* Places and values of any length are cut, not overrun. */
static void test_long_names(void **state)
{
	enum { LONG = 3000 };
	char json[3 * LONG], name[LONG + 1], path[32];
	struct policy_error error;

	memset(name, 'x', LONG);
	name[LONG] = '\0';
	snprintf(json, sizeof(json), IF("\"not\": {\"%s\": {\"%s\": 1}}"), name, name);
	assert_null(policy_from(json, path, &error));
	assert_true(strlen(error.text) < sizeof(error.text));
	assert_non_null(strstr(error.text, "rules[0]"));
	snprintf(json, sizeof(json), "{\"rules\": [{\"name\": \"%s\"}]}", name);
	assert_null(policy_from(json, path, &error));
	assert_non_null(strstr(error.text, "rules[0]"));
}

static void test_deep_nesting(void **state)
{
	static char json[64 * 1024];
	struct policy_error error;
	char path[32];

	for (unsigned depth = 100; depth <= 4000; depth += 1300) {
		struct policy *p;
		size_t len = 0;

		len += (size_t)sprintf(json, "{\"rules\": [{\"name\": \"r\", \"backend\": \"b\", \"if\": {");
		for (unsigned i = 0; i < depth; i++)
			len += (size_t)sprintf(json + len, "\"not\": {");
		for (unsigned i = 0; i < depth + 2; i++)
			json[len++] = '}';
		strcpy(json + len, "]}");
		p = policy_from(json, path, &error);
		assert_true(p || strlen(error.text) > 0);
		policy_free(p);
	}
}

static void test_no_memory(void **state)
{
	struct policy_error error;
	struct policy *p = NULL;
	char path[32];
	long n;

	for (n = 0; !p && n < 10000; n++) {
		failing = n;
		p = policy_from(whole, path, &error);
		if (!p && !strstr(error.text, "out of memory"))
			fail_msg("allocation %ld fails: \"%s\"", n, error.text);
	}
	assert_in_range(n, 50, 9999);
	assert_true(failing >= 0);
	failing = -1;
	check_whole(p);
	policy_free(p);
	/* jansson's lexer does not survive each of its own; its first is enough */
	json_set_alloc_funcs(no_malloc, free);
	assert_null(policy_from(whole, path, &error));
	json_set_alloc_funcs(malloc, free);
	assert_non_null(strstr(error.text, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_the_language),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_what_is_wrong),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
