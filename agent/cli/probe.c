/* SPDX-License-Identifier: MIT */
#include "cli/probe.h"
#include "net/endpoint.h"
#include "archive/probe.h"
#include "dicom/pdu.h"

#include <stdio.h>

static const char usage[] =
	"usage: dicom-spoa probe HOST:PORT [OPTION]...\n"
	"\n"
	"Asks an archive which storage SOP classes it accepts with which transfer\n"
	"syntaxes, and prints that as JSON, a pool of a policy.  It opens up to\n"
	"a hundred associations, one after another, and sends no message on them.\n"
	"\n"
	"  --called-ae NAME      AE title of the archive (default " ARCHIVE_CALLED_AE
	")\n"
	"  --calling-ae NAME     AE title to call from (default " ARCHIVE_CALLING_AE ")\n"
	"  --timeout MS          for each of its answers (default 5000)\n"
	"  --help                print this\n"
	"\n"
	"Status 1: it did not answer, or refused.  Status 2: bad usage.\n";

static int print_answer(const struct probe_target *t)
{
	char error[256];
	json_t *pool = probe_archive(t, error, sizeof(error), NULL);

	if (!pool) {
		fprintf(stderr, "dicom-spoa: %s: %s\n", t->archive.address, error);
		return EXIT_CONFIGURATION;
	}
	json_dumpf(pool, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(pool);
	return EXIT_OK;
}

int probe_command(int argc, char **argv)
{
	struct probe_target t = {.timeout_ms = PROBE_TIMEOUT_MS};
	const struct command_option options[] = {
		{"called-ae", .text = &t.archive.called_ae, .is = pdu_is_ae_title,
		 .expected = PDU_AE_TITLE_FORM},
		{"calling-ae", .text = &t.archive.calling_ae, .is = pdu_is_ae_title,
		 .expected = PDU_AE_TITLE_FORM},
		{"timeout", .number = &t.timeout_ms, .min = 1, .max = 60000},
		{.name = NULL},
	};
	struct endpoint e;
	int status;
	char **args = command_arguments(argc, argv, usage, options, 1, &status);

	if (!args)
		return status;
	t.archive.address = args[0];
	if (!endpoint_parse(args[0], &e) || e.host[0] == '\0')
		return command_misused(usage, "%s: expected HOST:PORT or [IPv6]:PORT",
				       args[0]);
	return print_answer(&t);
}
