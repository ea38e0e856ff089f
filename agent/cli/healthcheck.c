/* SPDX-License-Identifier: MIT */
/* PS3.7 9.3.5 on an association of PS3.8 9.3, as HAProxy's configuration has it
 * (configuration.txt, "tcp-check"); haproxy/pools.cfg has the same lines.
 */
#include "cli/healthcheck.h"
#include "dicom/dimse.h"
#include "dicom/pdu.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

enum { CONTEXT_ID = 1, MAXIMUM_LENGTH = 16384, PDU_MAX = 512 };

#define IMPLICIT_LE "1.2.840.10008.1.2"

struct healthcheck {
	const char *called_ae, *calling_ae;
};

static void print_usage(FILE *out)
{
	fputs("usage: dicom-spoa healthcheck --calling-ae NAME --called-ae NAME\n"
	      "\n"
	      "Prints a health check for a backend of archives in HAProxy 2.6 or later: "
	      "an\n"
	      "association, a C-ECHO that must succeed, and a release.\n"
	      "\n"
	      "  --calling-ae NAME     AE title of HAProxy\n"
	      "  --called-ae NAME      AE title of the archives\n"
	      "  --help                print this\n"
	      "\n"
	      "Status 2: bad usage.\n",
	      out);
}

/*** what is sent ***/

static struct writer request_of(const struct healthcheck *c, uint8_t *buf)
{
	uint8_t fixed[64] = {0};
	struct writer titles = writer_of(fixed, sizeof(fixed));
	struct writer w = writer_of(buf, PDU_MAX);
	size_t pdu, item;

	pdu_write_ae_title(&titles, c->called_ae);
	pdu_write_ae_title(&titles, c->calling_ae);
	pdu = pdu_begin_associate(&w, PDU_ASSOCIATE_RQ, slice_of(fixed, sizeof(fixed)),
				  slice_str(PDU_APPLICATION_CONTEXT));
	item = pdu_begin_context(&w, PDU_ITEM_PRESENTATION_CONTEXT_RQ, CONTEXT_ID, 0);
	pdu_write_item(&w, PDU_ITEM_ABSTRACT_SYNTAX, slice_str(DIMSE_VERIFICATION));
	pdu_write_item(&w, PDU_ITEM_TRANSFER_SYNTAX, slice_str(IMPLICIT_LE));
	pdu_end_item(&w, item);
	item = pdu_begin_user_information(&w, MAXIMUM_LENGTH);
	pdu_end_item(&w, item);
	pdu_end(&w, pdu);
	return w;
}

/* A P-DATA-TF with the one PDV that a C-ECHO-RQ is (PS3.8 9.3.5, PS3.7 9.3.5.1) */
static struct writer echo_of(uint8_t *buf)
{
	struct writer w = writer_of(buf, PDU_MAX);
	size_t pdu = pdu_begin_p_data(&w);
	size_t pdv = pdu_begin_pdv(&w, CONTEXT_ID, PDV_COMMAND | PDV_LAST);

	dimse_write_echo(&w, 1);
	pdu_end(&w, pdv);
	pdu_end(&w, pdu);
	return w;
}

static struct writer release_of(uint8_t *buf)
{
	struct writer w = writer_of(buf, PDU_MAX);

	pdu_write_release(&w, PDU_RELEASE_RQ);
	return w;
}

static void print_send(struct writer w, const char *comment)
{
	fputs("    tcp-check send-binary ", stdout);
	for (size_t i = 0; i < w.len; i++)
		printf("%02x", w.buf[i]);
	printf(" comment \"%s\"\n", comment);
}

/*** what is expected ***/

/* Bytes are two digits each, of which a pattern must not begin with the second one.
 * Without "min-recv" HAProxy waits for what does not match yet.
 */
static void print_expect(const char *comment, const char *error, const char *pattern)
{
	fputs("    tcp-check expect ", stdout);
	if (error)
		fputs("min-recv 10 ", stdout);
	printf("comment \"%s\" ", comment);
	if (error)
		printf("on-error '%s' ", error);
	printf("%s\n", pattern);
}

#define ABORT_LAST "! rbinary ^(..)*07..00000004........$"

static void print_expect_accept(void)
{
	const char *c = "expected an A-ASSOCIATE-AC that accepts Verification";

	print_expect(c, "no DICOM: %[res.payload(0,10),hex]", "rbinary ^0[237]");
	print_expect(c,
		     "A-ASSOCIATE-RJ, result, source and reason %[res.payload(7,3),hex]",
		     "! rbinary ^03");
	print_expect(c, "A-ABORT, source and reason %[res.payload(8,2),hex]",
		     "! rbinary ^07");
	print_expect(c, "Verification is refused",
		     "! rbinary ^02(..){73}(..)*21......01..0[1-4]");
	print_expect(c, NULL, "rbinary ^02(..){73}(..)*21......01..00..40");
}

static void print_expect_echo(void)
{
	const char *c = "expected a C-ECHO-RSP with status 0000";

	print_expect(c, "A-ABORT", ABORT_LAST);
	print_expect(c,
		     "status %[res.payload(0,0),hex,"
		     "regsub(\".*0000000902000000(..)(..).*\",\"\\2\\1\")]",
		     "! rbinary "
		     "^(..)*0000000902000000([^0]...|0[^0]..|00[^0].|000[^0])");
	print_expect(c, NULL, "rbinary ^(..)*00000009020000000000");
	print_expect(c, NULL, "rbinary ^(..)*00000001020000003080");
}

static void print_expect_release(void)
{
	const char *c = "expected an A-RELEASE-RP";

	print_expect(c, "A-ABORT", ABORT_LAST);
	print_expect(c, NULL, "rbinary ^(..)*06..00000004........$");
}

static enum exit_status print_check(const struct healthcheck *c)
{
	uint8_t buf[PDU_MAX];

	printf("    # C-ECHO from \"%s\" to \"%s\"; for servers with the word check\n",
	       c->calling_ae, c->called_ae);
	puts("    option tcp-check");
	puts("    tcp-check connect default comment \"TCP connection\"");
	print_send(request_of(c, buf), "A-ASSOCIATE-RQ");
	print_expect_accept();
	print_send(echo_of(buf), "C-ECHO-RQ");
	print_expect_echo();
	print_send(release_of(buf), "A-RELEASE-RQ");
	print_expect_release();
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_OK;
	fprintf(stderr, "dicom-spoa: stdout: %s\n", strerror(errno));
	return EXIT_CONFIGURATION;
}

/*** the command ***/

static const struct option options[] = {
	{"called-ae", required_argument, NULL, 'd'},
	{"calling-ae", required_argument, NULL, 'g'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool read_title(const char *option, const char *value, const char **title)
{
	*title = value;
	if (value && pdu_is_ae_title(value))
		return true;
	fprintf(stderr, "dicom-spoa: %s%s%s: expected an AE title, 1 to 16 characters\n",
		option, value ? " " : "", value ? value : "");
	return false;
}

static bool read_option(struct healthcheck *c, int id, const char *value)
{
	switch (id) {
	case 'd':
		return read_title("--called-ae", value, &c->called_ae);
	case 'g':
		return read_title("--calling-ae", value, &c->calling_ae);
	default:
		return false;
	}
}

int healthcheck_command(int argc, char **argv)
{
	struct healthcheck c = {0};
	bool ok = true;
	int id;

	while (ok && (id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (id == 'h') {
			print_usage(stdout);
			return EXIT_OK;
		}
		ok = read_option(&c, id, optarg);
	}
	ok = ok && argc == optind &&
	     read_title("--calling-ae", c.calling_ae, &c.calling_ae) &&
	     read_title("--called-ae", c.called_ae, &c.called_ae);
	if (!ok) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	return (int)print_check(&c);
}
