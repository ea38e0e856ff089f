/* SPDX-License-Identifier: MIT */
#include "cli/probe.h"
#include "net/endpoint.h"
#include "archive/probe.h"
#include "dicom/pdu.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MOST_MS = 60000 };

static void print_usage(FILE *out)
{
	fputs("usage: dicom-spoa probe HOST:PORT [OPTION]...\n"
	      "\n"
	      "Asks an archive which storage SOP classes it accepts with which transfer\n"
	      "syntaxes, and prints that as JSON, a pool of a policy.  It opens up to\n"
	      "a hundred associations, one after another, and sends no message on them.\n"
	      "\n"
	      "  --called-ae NAME      AE title of the archive "
	      "(default " ARCHIVE_CALLED_AE ")\n"
	      "  --calling-ae NAME     AE title to call from (default " ARCHIVE_CALLING_AE
	      ")\n"
	      "  --timeout MS          for each of its answers (default 5000)\n"
	      "  --help                print this\n"
	      "\n"
	      "Status 1: it did not answer, or refused.  Status 2: bad usage.\n",
	      out);
}

static bool usage_error(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "dicom-spoa: %s%s: expected %s\n", option, value, expected);
	return false;
}

static bool read_title(const char *option, const char *value, const char **title)
{
	*title = value;
	return (*value && strlen(value) <= PDU_AE_TITLE) ||
	       usage_error(option, value, "1 to 16 characters");
}

static bool read_timeout(const char *value, unsigned *ms)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (errno != 0 || *value < '0' || *value > '9' || *end != '\0' || number < 1 ||
	    number > TIMEOUT_MOST_MS)
		return usage_error("--timeout ", value, "a number from 1 to 60000");
	*ms = (unsigned)number;
	return true;
}

static bool read_option(struct probe_target *t, int id, const char *value)
{
	switch (id) {
	case 'd':
		return read_title("--called-ae ", value, &t->archive.called_ae);
	case 'g':
		return read_title("--calling-ae ", value, &t->archive.calling_ae);
	case 't':
		return read_timeout(value, &t->timeout_ms);
	default:
		return false;
	}
}

static const struct option options[] = {
	{"called-ae", required_argument, NULL, 'd'},
	{"calling-ae", required_argument, NULL, 'g'},
	{"timeout", required_argument, NULL, 't'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool read_address(int argc, char **argv, struct probe_target *t)
{
	struct endpoint e;

	if (argc - optind != 1)
		return false;
	t->archive.address = argv[optind];
	return (endpoint_parse(t->archive.address, &e) && e.host[0] != '\0') ||
	       usage_error("", t->archive.address, "HOST:PORT or [IPv6]:PORT");
}

static enum exit_status print_answer(const struct probe_target *t)
{
	char error[256];
	json_t *pool = probe_archive(t, error, sizeof(error), NULL);
	bool written = pool && json_dumpf(pool, stdout, JSON_INDENT(2)) == 0 &&
		       putchar('\n') == '\n' && fflush(stdout) == 0;

	if (!written)
		fprintf(stderr, "dicom-spoa: %s: %s\n", t->archive.address,
			pool ? strerror(errno) : error);
	json_decref(pool);
	return written ? EXIT_OK : EXIT_CONFIGURATION;
}

int probe_command(int argc, char **argv)
{
	struct probe_target t = {.timeout_ms = PROBE_TIMEOUT_MS};
	int id;

	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (id == 'h') {
			print_usage(stdout);
			return EXIT_OK;
		}
		if (!read_option(&t, id, optarg)) {
			print_usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (!read_address(argc, argv, &t)) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	return (int)print_answer(&t);
}
