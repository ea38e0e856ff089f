/* SPDX-License-Identifier: MIT */
#include "cli/explain.h"
#include "cli/scu_bytes.h"
#include "cli/explain_text.h"
#include "decide/answer.h"
#include "cli/rehearsal.h"
#include "loader/policy_file.h"
#include "history/reasons.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

struct explain {
	const char *policy_path, *file_path;
	struct scu_bytes_sender scu;
	bool json;
	struct rehearsal interview;
	uint8_t head[SCU_BYTES_FILE_HEAD]; /* of the file */
	uint8_t stream[SCU_BYTES_SIZE];
};

static void print_usage(FILE *out)
{
	fputs("usage: dicom-spoa explain POLICY FILE [OPTION]...\n"
	      "\n"
	      "Says where the policy sends FILE, and why: a DICOM file, or the bytes "
	      "that\n"
	      "an SCU has sent, from its A-ASSOCIATE-RQ on.  It shows values of the "
	      "file.\n"
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
	      "Status 1: a file cannot be used.  Status 2: bad usage.\n",
	      out);
}

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
	set_text(all, "data_set", e->interview.needed_data ? "needed" : "not needed");
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
	struct lists_files files = {0};
	struct policy *policy = policy_file_load(e->policy_path, &problems, &files, NULL);
	struct policy_store *policies = policy ? policy_store_new(policy) : NULL;
	bool ok = policies && read_file(e) && explain_with(e, policies);

	for (size_t i = 0; i < problems.n; i++)
		fprintf(stderr, "dicom-spoa: %s\n", problems.entries[i].text);
	report_clear(&problems);
	lists_forget(&files);
	policy_store_free(policies);
	return ok;
}

static bool usage_error(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "dicom-spoa: --%s %s: expected %s\n", option, value, expected);
	return false;
}

static bool is_ae_title(const char *text)
{
	return *text && strlen(text) <= PDU_AE_TITLE;
}

enum option_id {
	OPTION_CALLING = 256,
	OPTION_CALLED,
	OPTION_FROM,
	OPTION_PORT,
	OPTION_SERVER_NAME,
	OPTION_CLIENT_NAME,
	OPTION_USER,
	OPTION_AT,
	OPTION_DOWN,
	OPTION_JSON,
	OPTION_HELP
};

static const struct option options[] = {
	{"calling-ae", required_argument, NULL, OPTION_CALLING},
	{"called-ae", required_argument, NULL, OPTION_CALLED},
	{"from", required_argument, NULL, OPTION_FROM},
	{"port", required_argument, NULL, OPTION_PORT},
	{"server-name", required_argument, NULL, OPTION_SERVER_NAME},
	{"client-name", required_argument, NULL, OPTION_CLIENT_NAME},
	{"user", required_argument, NULL, OPTION_USER},
	{"at", required_argument, NULL, OPTION_AT},
	{"down", required_argument, NULL, OPTION_DOWN},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static bool read_number(struct explain *e, int id, const char *value)
{
	struct rehearsal *iv = &e->interview;
	double number = -1;

	switch (id) {
	case OPTION_FROM:
		iv->has_from = ip_parse(slice_str(value), &iv->from);
		return iv->has_from || usage_error("from", value, "an IP address");
	case OPTION_PORT:
		if (!value_number(VALUE_NUMBER, slice_str(value), &number) ||
		    number < 0 || number > UINT16_MAX)
			return usage_error("port", value, "a number up to 65535");
		iv->port = (int64_t)number;
		return true;
	default:
		if (!value_bound(VALUE_DATE_TIME, value, false, &number) || number < 1)
			return usage_error("at", value, "YYYY-MM-DDTHH:MM");
		iv->began = (int64_t)number;
		return true;
	}
}

static bool read_option(struct explain *e, int id, const char *value)
{
	switch (id) {
	case OPTION_CALLING:
		e->scu.calling_ae = value;
		return is_ae_title(value) ||
		       usage_error("calling-ae", value, "1 to 16 characters");
	case OPTION_CALLED:
		e->scu.called_ae = value;
		return is_ae_title(value) ||
		       usage_error("called-ae", value, "1 to 16 characters");
	case OPTION_SERVER_NAME:
		e->interview.server_name = value;
		return true;
	case OPTION_CLIENT_NAME:
		e->interview.client_name = value;
		return true;
	case OPTION_USER:
		e->scu.user = value;
		return strlen(value) <= 1024 ||
		       usage_error("user", value, "up to 1024 characters");
	case OPTION_DOWN:
		e->interview.down = value;
		return true;
	case OPTION_JSON:
		return e->json = true;
	default:
		return read_number(e, id, value);
	}
}

int explain_command(int argc, char **argv)
{
	static struct explain e = {.interview = {.port = -1}};
	int id;

	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (id == OPTION_HELP) {
			print_usage(stdout);
			return EXIT_OK;
		}
		if (id == '?' || !read_option(&e, id, optarg)) {
			print_usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (argc - optind != 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	e.policy_path = argv[optind];
	e.file_path = argv[optind + 1];
	return explain(&e) ? EXIT_OK : EXIT_CONFIGURATION;
}
