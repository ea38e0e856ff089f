/* SPDX-License-Identifier: MIT */
#include "cli/explain.h"
#include "cli/scu_bytes.h"
#include "cli/explain_text.h"
#include "decide/answer.h"
#include "cli/rehearsal.h"
#include "dicom/pdu.h"
#include "loader/policy_file.h"
#include "history/reasons.h"

#include <errno.h>
#include <stdio.h>

struct explain {
	const char *policy_path, *file_path;
	struct scu_bytes_sender scu;
	bool json;
	struct rehearsal interview;
	uint8_t head[SCU_BYTES_FILE_HEAD]; /* of the file */
	uint8_t stream[SCU_BYTES_SIZE];
};

static const char usage[] =
	"usage: dicom-spoa explain POLICY FILE [OPTION]...\n"
	"\n"
	"Says where the policy sends FILE, and why: a DICOM file, or the bytes that\n"
	"an SCU has sent, from its A-ASSOCIATE-RQ on.  It shows values of the file.\n"
	"\n"
	"  --calling-ae NAME     AE titles; those of a capture if not given\n"
	"  --called-ae NAME\n"
	"  --from ADDRESS        of the SCU, IPv4 or IPv6\n"
	"  --port NUMBER         to which it has connected\n"
	"  --server-name NAME    TLS: the name that it has asked for (SNI)\n"
	"  --client-name NAME    TLS: the common name of its certificate\n"
	"  --user NAME           user identity\n"
	"  --at TIME             when the association began: 2026-11-25T19:30\n"
	"  --down POOLS          of which no archive is up, separated by spaces\n"
	"  --json                for programs\n"
	"  --help                print this\n"
	"\n"
	"Status 1: a file cannot be used.  Status 2: bad usage.\n";

static bool fail(const char *path, const char *why)
{
	fprintf(stderr, "dicom-spoa: %s: %s\n", path, why);
	return false;
}

/*** reporting ***/

static void set_text(json_t *object, const char *name, const char *text)
{
	if (text)
		json_object_set_new(object, name, json_string(text));
}

static json_t *text_of(const struct writer *w)
{
	return json_stringn((const char *)w->buf, w->len);
}

static json_t *report_exports(const struct verdict *v, struct facts *f)
{
	json_t *all = json_object();

	for (size_t i = 0; v->kind > VERDICT_REJECT && i < v->policy->nexports; i++) {
		uint8_t bytes[ANSWER_VALUE];
		struct writer value = writer_of(bytes, sizeof(bytes));

		if (answer_export(v, f, i, &value))
			json_object_set_new(all, v->policy->exports[i].variable,
					    text_of(&value));
	}
	return all;
}

static json_t *report_decision(const struct verdict *v, struct facts *f)
{
	json_t *decided = reasons_decision(v);
	uint8_t bytes[ANSWER_VALUE];
	struct writer key = writer_of(bytes, sizeof(bytes));

	if (v->kind > VERDICT_REJECT && answer_key(v, f, &key))
		json_object_set_new(decided, "key", text_of(&key));
	return decided;
}

/* There is an outcome. */
static json_t *report(const struct explain *e)
{
	struct facts *f = decide_facts(e->interview.decide);
	const struct verdict *v = &e->interview.verdict;
	json_t *all = json_object();

	json_object_set_new(all, "decision", report_decision(v, f));
	set_text(all, "data_set", reasons_data_set(v->cause, e->interview.needed_data));
	json_object_set_new(all, "bytes",
			    json_integer((json_int_t)facts_elements_bytes(&f->elements)));
	json_object_set_new(all, "attributes", reasons_attributes(v, f, REASONS_ALL));
	json_object_set_new(all, "rules", reasons_rules(v, f, REASONS_ALL));
	json_object_set_new(all, "export", report_exports(v, f));
	set_text(all, "error", v->error);
	if (!v->error && !rehearsal_decided(&e->interview))
		set_text(all, "error",
			 "not decided on the data that HAProxy would hold: the fallback");
	return all;
}

/*** the command ***/

static bool read_file(struct explain *e)
{
	struct writer out = writer_of(e->stream, sizeof(e->stream));
	FILE *file = fopen(e->file_path, "rb");
	const char *why;
	size_t len;
	bool whole;

	if (!file)
		return fail(e->file_path, strerror(errno));
	len = fread(e->head, 1, sizeof(e->head), file);
	if (ferror(file)) {
		fclose(file);
		return fail(e->file_path, strerror(errno));
	}
	whole = feof(file);
	fclose(file);
	why = scu_bytes_write(slice_of(e->head, len), whole, &e->scu, &out);
	if (why)
		return fail(e->file_path, why);
	e->interview.sent = writer_slice(&out);
	return true;
}

static bool explain_with(struct explain *e, struct policy_store *policies)
{
	struct rehearsal *r = &e->interview;
	json_t *all = NULL;

	r->decide = decide_new(policies);
	if (!r->decide)
		return fail(e->policy_path, "out of memory");
	rehearsal_run(r);
	if (r->verdict.outcome)
		all = report(e);
	if (!all)
		fail(e->file_path, r->verdict.error);
	else if (e->json && json_dumpf(all, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	else
		explain_text_print(all);
	json_decref(all);
	decide_free(r->decide);
	return all;
}

static bool explain(struct explain *e)
{
	static struct report problems;
	struct files files = {0};
	struct policy *policy = policy_file_load(e->policy_path, &problems, &files, NULL);
	struct policy_store *policies = policy ? policy_store_new(policy) : NULL;
	bool ok = policies && read_file(e) && explain_with(e, policies);

	for (size_t i = 0; i < problems.n; i++)
		fprintf(stderr, "dicom-spoa: %s\n", problems.entries[i].text);
	report_clear(&problems);
	files_forget(&files);
	policy_store_free(policies);
	return ok;
}

static bool read_from(const char *value, void *to)
{
	struct rehearsal *iv = to;

	return iv->has_from = ip_parse(slice_str(value), &iv->from);
}

static bool read_time(const char *value, void *to)
{
	int64_t *began = to;
	double seconds;

	if (!value_bound(VALUE_DATE_TIME, value, false, &seconds) || seconds < 1)
		return false;
	*began = (int64_t)seconds;
	return true;
}

static bool is_user(const char *value)
{
	return strlen(value) <= 1024;
}

int explain_command(int argc, char **argv)
{
	static struct explain e;
	const unsigned none = UINT16_MAX + 1;
	unsigned port = none;
	const struct command_option options[] = {
		{"calling-ae", .text = &e.scu.calling_ae, .is = pdu_is_ae_title,
		 .expected = PDU_AE_TITLE_FORM},
		{"called-ae", .text = &e.scu.called_ae, .is = pdu_is_ae_title,
		 .expected = PDU_AE_TITLE_FORM},
		{"from", .read = read_from, .to = &e.interview,
		 .expected = "an IP address"},
		{"port", .number = &port, .max = UINT16_MAX},
		{"server-name", .text = &e.interview.server_name},
		{"client-name", .text = &e.interview.client_name},
		{"user", .text = &e.scu.user, .is = is_user,
		 .expected = "up to 1024 characters"},
		{"at", .read = read_time, .to = &e.interview.began,
		 .expected = "YYYY-MM-DDTHH:MM"},
		{"down", .text = &e.interview.down},
		{"json", .flag = &e.json},
		{.name = NULL},
	};
	int status;
	char **args = command_arguments(argc, argv, usage, options, 2, &status);

	if (!args)
		return status;
	e.interview.port = port == none ? -1 : (int64_t)port;
	e.policy_path = args[0];
	e.file_path = args[1];
	return explain(&e) ? EXIT_OK : EXIT_CONFIGURATION;
}
