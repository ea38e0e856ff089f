/* SPDX-License-Identifier: MIT */
/* grow.h - a policy that is valid, or nearly so, from any bytes: each chooses how it goes
 * on.
 *
 * Bytes that are changed blindly are rarely JSON, and JSON is rarely a policy.
 */
#ifndef GROW_H
#define GROW_H

#include <stdarg.h>
#include <stdio.h>

#include "check.h"

struct grow {
	struct reader choices; /* behind their end all are 0 */
	char text[64 * 1024];
	size_t len;
};

static inline unsigned grow_choice(struct grow *g, unsigned n)
{
	return reader_u8(&g->choices) % n;
}

__attribute__((format(printf, 2, 3))) static inline void grow_put(struct grow *g,
								  const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	g->len +=
		(size_t)vsnprintf(g->text + g->len, sizeof(g->text) - g->len, format, ap);
	va_end(ap);
	CHECK(g->len < sizeof(g->text));
}

#define GROW_ONE_OF(g, table) (table)[grow_choice(g, sizeof(table) / sizeof((table)[0]))]

/* What an attribute can be compared with: values, and bounds of a range if it has an
 * order */
struct grow_kind {
	const char *values[6], *bounds[2];
};

static const struct grow_kind grow_text = {
	{"\"CT\"", "\"MR\"", "\"*C*\"", "\"M?\"", "\"Müller\"", "512"}, {NULL, NULL}};
static const struct grow_kind grow_name = {
	{"\"A^B\"", "\"C^D\"", "\"A*\"", "\"=\"", "\"\"", "\"CT\""}, {NULL, NULL}};
static const struct grow_kind grow_uid = {{"\"CTImageStorage\"", "\"1.2.*\"", "\"1.2.3\"",
					   "\"1.2.840.10008.1.2\"", "\"\"", "7"},
					  {NULL, NULL}};
static const struct grow_kind grow_address = {{"\"10.0.0.0/8\"", "\"::/0\"",
					       "\"10.1.2.3\"", "\"fe80::/16\"", "\"::1\"",
					       "\"11.0.0.0/8\""},
					      {NULL, NULL}};
static const struct grow_kind grow_number = {
	{"512", "\"512\"", "-1.5e2", "0", "\"5*\"", "\"\""}, {"104", "600"}};
static const struct grow_kind grow_date = {
	{"\"20200229\"", "20200229", "\"2020*\"", "\"\"", "\"CT\"", "\"?\""},
	{"\"2020-02\"", "\"20261231\""}};
static const struct grow_kind grow_time = {
	{"\"105959\"", "\"10*\"", "\"\"", "\"CT\"", "\"1\"", "\"?\""},
	{"\"10:59\"", "\"23\""}};
static const struct grow_kind grow_age = {
	{"\"045Y\"", "\"*Y\"", "\"\"", "\"CT\"", "\"1\"", "\"?\""},
	{"\"018M\"", "\"45Y\""}};
static const struct grow_kind grow_bulk = {{"1", "2", "3", "4", "5", "6"}, {NULL, NULL}};

static const struct {
	const char *name;
	const struct grow_kind *kind;
} grow_attributes[] = {{"CallingAETitle", &grow_text},
		       {"CalledAETitle", &grow_text},
		       {"SOPClassUID", &grow_uid},
		       {"TransferSyntaxUID", &grow_uid},
		       {"ClientAddress", &grow_address},
		       {"DestinationPort", &grow_number},
		       {"UserIdentity", &grow_text},
		       {"Command", &grow_text},
		       {"MoveDestination", &grow_text},
		       {"Modality", &grow_text},
		       {"(0008,0060)", &grow_text},
		       {"ImageType", &grow_text},
		       {"PatientName", &grow_name},
		       {"PatientID", &grow_text},
		       {"Rows", &grow_number},
		       {"StudyDate", &grow_date},
		       {"StudyTime", &grow_time},
		       {"PatientAge", &grow_age},
		       {"AcquisitionDateTime", &grow_date},
		       {"PatientComments", &grow_text},
		       {"(0029,ACME,01)", &grow_text},
		       {"(0029,ACME,02).PatientID", &grow_text},
		       {"RequestAttributesSequence.AccessionNumber", &grow_text},
		       {"RequestAttributesSequence[1].AccessionNumber", &grow_text},
		       {"PixelData", &grow_bulk}};

enum { GROW_ATTRIBUTES = sizeof(grow_attributes) / sizeof(grow_attributes[0]) };

static inline void grow_present(struct grow *g)
{
	grow_put(g, "{\"%s\": %s}", grow_choice(g, 2) ? "present" : "empty",
		 grow_choice(g, 2) ? "true" : "false");
}

static inline void grow_list(struct grow *g, const struct grow_kind *kind)
{
	unsigned n = 1 + grow_choice(g, 4);

	grow_put(g, "[");
	for (unsigned i = 0; i < n; i++)
		grow_put(g, "%s%s", i ? ", " : "", GROW_ONE_OF(g, kind->values));
	grow_put(g, "]");
}

static inline void grow_range(struct grow *g, const struct grow_kind *kind)
{
	switch (grow_choice(g, kind == &grow_date ? 4 : 2)) {
	case 0:
		grow_put(g, "{\"from\": %s, \"to\": %s}", kind->bounds[0],
			 kind->bounds[1]);
		break;
	case 1:
		grow_put(g, "{\"%s\": %s}", grow_choice(g, 2) ? "from" : "to",
			 GROW_ONE_OF(g, kind->bounds));
		break;
	case 2:
		grow_put(g, "{\"older_than\": \"%u years\"}", grow_choice(g, 20));
		break;
	default:
		grow_put(g, "{\"newer_than\": \"%u months\", \"to\": %s}",
			 grow_choice(g, 100), kind->bounds[1]);
	}
}

static inline void grow_object(struct grow *g, const struct grow_kind *kind)
{
	static const char *const patterns[] = {"(a+)+$", "^C|T$", "^.?$", "x"};

	grow_put(g, "{\"ignore_case\": %s", grow_choice(g, 2) ? "true" : "false");
	if (grow_choice(g, 2))
		grow_put(g, ", \"is\": %s", GROW_ONE_OF(g, kind->values));
	if (grow_choice(g, 2) && kind != &grow_address)
		grow_put(g, ", \"in\": [\"l\", \"f\"]");
	grow_put(g, ", \"regex\": \"%s\"}", GROW_ONE_OF(g, patterns));
}

static inline void grow_test(struct grow *g, const struct grow_kind *kind)
{
	switch (kind == &grow_bulk ? 0 : grow_choice(g, 8)) {
	case 0:
		grow_present(g);
		break;
	case 1:
		grow_list(g, kind);
		break;
	case 2:
		grow_object(g, kind);
		break;
	case 3:
		if (kind->bounds[0]) {
			grow_range(g, kind);
			break;
		}
		/* fallthrough */
	default:
		grow_put(g, "%s", GROW_ONE_OF(g, kind->values));
	}
}

/* For keys and the like: what has a value */
static inline const char *grow_attribute(struct grow *g)
{
	return grow_attributes[grow_choice(g, GROW_ATTRIBUTES - 1)].name;
}

static inline void grow_condition(struct grow *g, int depth);

static inline void grow_word(struct grow *g, int depth)
{
	switch (grow_choice(g, 5)) {
	case 0:
		grow_put(g, "\"not\": ");
		grow_condition(g, depth + 1);
		break;
	case 1:
		grow_put(g, "\"sample\": {\"percent\": %u, \"by\": \"%s\"}",
			 grow_choice(g, 101), grow_attribute(g));
		break;
	case 2:
		grow_put(g,
			 "\"schedule\": {\"from\": \"%02u:30\", \"weekdays\": "
			 "\"Mon-Thu\"}",
			 grow_choice(g, 24));
		break;
	default:
		grow_put(g, "\"%s\": [", grow_choice(g, 2) ? "any" : "all");
		grow_condition(g, depth + 1);
		grow_put(g, ", ");
		grow_condition(g, depth + 1);
		grow_put(g, "]");
	}
}

/* Up to one word and three attributes, none twice */
static inline void grow_condition(struct grow *g, int depth)
{
	unsigned n = grow_choice(g, 4), first = grow_choice(g, GROW_ATTRIBUTES);
	const char *separator = "";

	grow_put(g, "{");
	if (depth < 4 && grow_choice(g, 3) == 1) {
		grow_word(g, depth);
		separator = ", ";
	}
	for (unsigned i = 0; i < n; i++, separator = ", ") {
		unsigned which = (first + 6 * i) % GROW_ATTRIBUTES;

		grow_put(g, "%s\"%s\": ", separator, grow_attributes[which].name);
		grow_test(g, grow_attributes[which].kind);
	}
	grow_put(g, "}");
}

static inline void grow_outcome(struct grow *g)
{
	switch (grow_choice(g, 5)) {
	case 0:
		grow_put(g, "\"reject\": \"no-reason-given\", \"result\": \"transient\"");
		break;
	case 1:
		grow_put(g, "\"backend\": \"b\", \"key\": \"%s\"", grow_attribute(g));
		break;
	case 2:
		grow_put(g, "\"backend\": \"b\", \"called_ae\": \"X\"");
		break;
	default:
		grow_put(g, "\"backend\": \"%c\"", 'a' + (char)grow_choice(g, 3));
	}
}

/* The policy that grows from <bytes>; it lives until the next one. */
static inline struct slice grow_policy(struct slice bytes)
{
	static struct grow g;
	unsigned rules;

	g.choices = reader_of(bytes, true);
	g.len = 0;
	rules = grow_choice(&g, 24);
	grow_put(&g, "{\"lists\": {\"l\": [\"1.2.*\", \"7\"], \"f\": {\"file\": "
		     "\"list\"}}, \"rules\": [");
	for (unsigned i = 0; i < rules; i++) {
		grow_put(&g, "%s\n{\"name\": \"%u\", \"if\": ", i ? "," : "", i);
		grow_condition(&g, 0);
		grow_put(&g, ", ");
		grow_outcome(&g);
		grow_put(&g, "}");
	}
	grow_put(&g, "], \"default\": {");
	grow_outcome(&g);
	grow_put(&g, "}");
	if (grow_choice(&g, 2))
		grow_put(&g, ", \"export\": {\"x_a\": \"%s\"}", grow_attribute(&g));
	grow_put(&g, "}");
	return slice_of(g.text, g.len);
}

#endif
