/* SPDX-License-Identifier: MIT */
/* policy.h - compiled rules, and their evaluation over what is known so far.
 *
 * A policy is built once (policy_load.h), never changes, and may be read by any
 * number of threads.
 */
#ifndef POLICY_H
#define POLICY_H

#include "cursor.h"
#include "ul.h"

/* Yes, no, or: that depends on something that is not known yet. */
enum policy_tri { POLICY_NO, POLICY_YES, POLICY_MAYBE };

/* Where an attribute is found. */
enum policy_source {
	POLICY_ASSOCIATION, /* <tag> is an enum policy_association */
	POLICY_COMMAND,     /* group 0000 of the first message's command set */
	POLICY_DATA_SET     /* the first data set, top level */
};

enum policy_association {
	POLICY_CALLING_AE_TITLE,
	POLICY_CALLED_AE_TITLE,
	POLICY_SOP_CLASS_UID,          /* of the first message */
	POLICY_PROPOSED_SOP_CLASS_UID, /* all of the A-ASSOCIATE-RQ */
	POLICY_TRANSFER_SYNTAX_UID,    /* of the first message's presentation context */
	POLICY_IMPLEMENTATION_CLASS_UID,
	POLICY_IMPLEMENTATION_VERSION_NAME
};

struct policy_attribute {
	enum policy_source source;
	uint32_t tag;
	char vr[3];       /* from the dictionary (PS3.5 6.2) */
	const char *name; /* as the policy writes it */
};

enum policy_fact_state {
	POLICY_UNKNOWN,
	POLICY_ABSENT,
	POLICY_PRESENT, /* has all of these values */
	POLICY_ONE_OF   /* will have one of these values */
};

/* What is known of one attribute.  <text> is UTF-8; values are separated by
 * backslashes if the VR allows several; padding may still be there.
 */
struct policy_fact {
	enum policy_fact_state state;
	struct slice text;
};

enum policy_node_kind {
	POLICY_ALL,     /* of the children; true if there are none */
	POLICY_ANY,     /* of the children */
	POLICY_NOT,     /* of the only child */
	POLICY_MATCH,   /* one of the attribute's values matches one of the patterns */
	POLICY_IS_THERE /* the attribute is present */
};

struct policy_node {
	enum policy_node_kind kind;
	size_t attribute;          /* index: MATCH, IS_THERE */
	const char *const *values; /* MATCH: patterns with * and ?, in UTF-8 */
	size_t nvalues;
	const struct policy_node *children;
	size_t nchildren;
};

enum { POLICY_NO_KEY = SIZE_MAX };

struct policy_outcome {
	const char *rule;      /* its name, for the log */
	const char *backend;   /* the pool; NULL: refused with <rejection> */
	const char *called_ae; /* replaces the called AE title; NULL: it stays */
	size_t key;            /* attribute for stickiness, or POLICY_NO_KEY */
	struct ul_rejection rejection;
};

struct policy_rule {
	struct policy_node condition;
	struct policy_outcome outcome;
};

/* What may be promised to an SCU before its archive is known. */
struct policy_negotiation {
	const char *const *transfer_syntaxes; /* UIDs */
	size_t ntransfer_syntaxes;
	const char *const
		*abstract_syntaxes; /* UIDs beside those of the Storage service */
	size_t nabstract_syntaxes;
	uint32_t maximum_length; /* bytes of a P-DATA-TF PDU */
};

struct policy {
	const struct policy_rule *rules;
	size_t nrules;
	struct policy_outcome otherwise;           /* when no rule matches */
	const struct policy_attribute *attributes; /* sorted by source, then tag */
	size_t nattributes;
	size_t command_first;  /* index of the first attribute of the command set */
	size_t data_set_first; /* index of the first attribute of the data set */
	size_t character_set;  /* index of Specific Character Set, always there */
	struct policy_negotiation negotiation;
	void *memory; /* everything above, for policy_free() */
};

/* Why a policy cannot be used. */
struct policy_error {
	char text[512]; /* file, place, what was found, what was expected */
};

/* The facts of one decision: called at most once for each attribute and state of
 * knowledge, and only for attributes that the evaluation reaches.
 */
struct policy_facts {
	const struct policy_fact *(*get)(void *context, size_t attribute);
	void *context;
};

/* Evaluate one condition, three-valued: what is POLICY_UNKNOWN makes a result
 * POLICY_MAYBE unless the rest settles it.
 */
enum policy_tri policy_test(const struct policy *policy, const struct policy_node *node,
			    const struct policy_facts *facts);

/* The outcome of the first rule that matches, or policy->otherwise; NULL if that, or
 * the value of its key, depends on what is unknown.  Never NULL if nothing is unknown.
 */
const struct policy_outcome *policy_decide(const struct policy *policy,
					   const struct policy_facts *facts);

/* True if <pattern>, in which * stands for any characters and ? for one, matches the
 * whole of <text>; both UTF-8.
 */
bool policy_wildcard(const char *pattern, struct slice text);

/* The next value of a fact's text, without padding; several if the VR allows them
 * (PS3.5 6.4).  False if there is none left.
 */
bool policy_next_value(const char *vr, struct slice *text, struct slice *value);

#endif
