/* SPDX-License-Identifier: MIT */
/* policy.h - compiled rules, and their evaluation over what is known so far.
 *
 * A policy is built once (policy_load.h), never changes, and may be read by any
 * number of threads.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "archive/capability.h"
#include "base/bytes.h"
#include "net/ip.h"
#include "base/regex.h"
#include "dicom/pdu.h"
#include "base/unicode.h"
#include "dicom/value.h"

/* Yes, no, or: that depends on something that is not known yet. */
enum policy_tri { POLICY_NO, POLICY_YES, POLICY_MAYBE };

/*** attributes ***/

/* Where an attribute is found. */
enum policy_source {
	POLICY_ASSOCIATION, /* <tag> is an enum policy_association */
	POLICY_COMMAND,     /* group 0000 of the first message's command set */
	POLICY_DATA_SET     /* the first data set */
};

enum policy_association {
	POLICY_CALLING_AE_TITLE,
	POLICY_CALLED_AE_TITLE,
	POLICY_SOP_CLASS_UID,          /* of the first message */
	POLICY_PROPOSED_SOP_CLASS_UID, /* all of the A-ASSOCIATE-RQ */
	POLICY_TRANSFER_SYNTAX_UID,    /* of the first message's presentation context */
	POLICY_IMPLEMENTATION_CLASS_UID,
	POLICY_IMPLEMENTATION_VERSION_NAME,
	POLICY_USER_IDENTITY, /* user name (PS3.7 D.3.3.7, types 1 and 2) */
	POLICY_CLIENT_ADDRESS,
	POLICY_DESTINATION_PORT,
	POLICY_TLS_SERVER_NAME,
	POLICY_TLS_CLIENT_NAME,
	POLICY_FIRST_COMMAND /* C-STORE, C-FIND ...: of the first message */
};

/* The VR of ClientAddress, which DICOM does not have. */
#define POLICY_VR_ADDRESS "ip"

enum { POLICY_ANY_ITEM = SIZE_MAX };

/* One step into a data set: an element, and which items of it if it is a sequence. */
struct policy_step {
	uint32_t tag;        /* with a creator 0xgggg00ee, as dataset.h wants it */
	const char *creator; /* of a private element (PS3.5 7.8.1), or NULL */
	size_t item;         /* from 0, or POLICY_ANY_ITEM */
};

struct policy_attribute {
	enum policy_source source;
	uint32_t tag;                   /* ASSOCIATION: which one */
	const struct policy_step *path; /* COMMAND, DATA_SET: from the top level */
	size_t npath;
	char vr[3];       /* from the dictionary (PS3.5 6.2) */
	const char *name; /* as the policy writes it */
	size_t element;   /* COMMAND, DATA_SET: of path[0], in policy->elements */
	size_t index;     /* in policy->attributes */
};

/* An element at the top level of command set or data set that some attribute needs. */
struct policy_element {
	uint32_t tag;
	const char *creator;
};

enum policy_fact_state {
	POLICY_UNKNOWN,
	POLICY_ABSENT,
	POLICY_PRESENT, /* has all of these values */
	POLICY_ONE_OF,  /* will have one of these values */
	POLICY_AT_LEAST /* has these values, and perhaps more */
};

/* What is known of one attribute.  <text> is UTF-8; values are separated by
 * policy_separator(); padding may still be there.
 */
struct policy_fact {
	enum policy_fact_state state;
	struct slice text;
};

/*** conditions ***/

/* Values to compare with: one of them is enough. */
struct policy_set {
	const struct slice *literals; /* in policy_slice_order(); folded if <fold> */
	size_t nliterals;
	const char *const *patterns; /* with * and ?; folded if <fold> */
	size_t npatterns;
	const double *numbers; /* sorted; as value.h makes them of the VR */
	size_t nnumbers;
	const struct ip_network *networks;
	size_t nnetworks;
	const char *const *groups; /* of UIDs, as dict_in_group() knows them */
	size_t ngroups;
	bool fold;        /* letters in both cases are the same */
	const char *name; /* of a list; NULL if it stands in the rule */
};

/* From and to, inclusive, as value.h compares them; a span is counted back from now. */
struct policy_range {
	enum value_kind kind;
	bool has_from, has_to, has_older, has_newer;
	double from, to;
	struct value_span older, newer;
};

/* What one value must satisfy, all of it; what is NULL or 0 asks for nothing. */
struct policy_match {
	const struct policy_set *is;
	const struct policy_set *const *in; /* one of these */
	size_t nin;
	const struct regex *regex;
	const char *regex_text;
	bool ignore_case; /* of the regular expression; sets have theirs */
	const struct policy_range *range;
};

struct policy_attributes {
	const struct policy_attribute *const *list;
	size_t n;
};

/* A part of all values that <by> can have: those whose hash is below the threshold. */
struct policy_sample {
	struct policy_attributes by;
	uint64_t threshold; /* of 2^32 */
	double percent;
};

struct policy_schedule {
	unsigned from, to; /* minutes since midnight, local time; equal: all day */
	uint8_t weekdays;  /* bit 0: Sunday */
};

enum policy_node_kind {
	POLICY_ALL,      /* of the children; true if there are none */
	POLICY_ANY,      /* of the children */
	POLICY_NOT,      /* of the only child */
	POLICY_MATCH,    /* one of the attribute's values satisfies <match> */
	POLICY_IS_THERE, /* the attribute is present */
	POLICY_IS_EMPTY, /* it is present, and has no value */
	POLICY_SAMPLE,
	POLICY_SCHEDULE
};

struct policy_node {
	enum policy_node_kind kind;
	const struct policy_attribute *attribute; /* MATCH, IS_THERE, IS_EMPTY */
	union {
		const struct policy_match *match;
		const struct policy_sample *sample;
		const struct policy_schedule *schedule;
	};
	const struct policy_node *children;
	size_t nchildren;
};

/*** rules ***/

struct policy_pool {
	const char *name; /* HAProxy's backend */
	const struct capability *accepts;
};

enum { POLICY_POOLS = 8 }; /* in a list, at most */

/* The pools of an outcome: the first one that is up gets the association.  Outcomes with
 * the same names share them.
 */
struct policy_pools {
	const struct policy_pool *list;
	size_t n;
};

struct policy_outcome {
	const char *rule;                 /* its name, for the log */
	const struct policy_pools *pools; /* NULL: refused with <rejection> */
	const char *called_ae;        /* replaces the called AE title; NULL: it stays */
	const char *calling_ae;       /* the same */
	struct policy_attributes key; /* for stickiness; none: no key */
	struct rejection rejection;
};

struct policy_rule {
	struct policy_node condition;
	struct policy_outcome outcome;
};

/* Set as a variable whenever an association goes to a pool. */
struct policy_export {
	const char *variable;
	const struct policy_attribute *attribute;
};

struct archive;       /* archive/archive.h */
struct policy_index;  /* policy/index.h */
struct policy_memory; /* policy/memory.h */

enum { POLICY_ID_SIZE = 17 };

struct policy {
	char id[POLICY_ID_SIZE]; /* hexadecimal: the same files have the same */
	const struct policy_rule *rules;
	size_t nrules;
	size_t nvaried; /* behind so many rules all have the outcome of <otherwise> */
	const struct policy_index *index;
	struct policy_outcome otherwise;                  /* when no rule matches */
	const struct policy_attribute *const *attributes; /* each once */
	size_t nattributes;
	/* sorted by tag: those of the command set, of the data set, and private ones */
	const struct policy_element *elements;
	size_t ncommand, nplain, nprivate;
	size_t character_set; /* which of them is Specific Character Set */
	const struct policy_export *exports;
	size_t nexports;
	const struct capability *usual; /* of a pool of which nothing else is known */
	const struct capability *const *accepts; /* of all pools, each once */
	size_t naccepts;
	const struct policy_pools *const *pools; /* of all outcomes, each once */
	size_t npools;
	bool accepts_while_down; /* what may need a pool of which no server is up */
	const struct archive *archives; /* to be asked what they accept */
	size_t narchives;
	unsigned probe_seconds; /* between two rounds of asking */
	char *document;         /* the file's text, to be shown with what it has led to */
	struct policy_memory *memory; /* everything else above, for policy_free() */
};

/*** evaluation ***/

enum { POLICY_FOLDED_SIZE = 64 * 1024 }; /* bytes of a value that can be folded */

/* The working memory of one thread. */
struct policy_scratch {
	struct regex_scratch *regex;
	struct unicode_scratch unicode;
	uint8_t folded[POLICY_FOLDED_SIZE];
	bool too_hard; /* set when a regular expression gave up */
};

struct policy_facts;

/* The result of a test of what is not known, if something is assumed about it. */
typedef enum policy_tri policy_assume(void *assumptions, const struct policy_node *node,
				      const struct policy_fact *fact,
				      const struct policy_facts *facts);

/* The facts of one decision: <get> is asked only for attributes that the evaluation
 * reaches, and gives the same answer each time.
 */
struct policy_facts {
	const struct policy_fact *(*get)(void *context,
					 const struct policy_attribute *attribute);
	void *context;
	int64_t now; /* seconds since the epoch: when the association began */
	struct policy_scratch *scratch;
	policy_assume *assume; /* NULL: what is not known is POLICY_MAYBE */
	void *assumptions;
	bool least; /* <assume> is such that what is POLICY_UNKNOWN is absent */
};

/* Owned by the caller; NULL if there is no memory. */
struct policy_scratch *policy_scratch_new(void);
void policy_scratch_free(struct policy_scratch *scratch);

/* Evaluate one condition, three-valued: what is POLICY_UNKNOWN makes a result
 * POLICY_MAYBE unless the rest settles it.
 */
enum policy_tri policy_test(const struct policy_node *node,
			    const struct policy_facts *facts);

/* True if all values of these attributes are known, or known to be absent. */
bool policy_known(const struct policy_attributes *attributes,
		  const struct policy_facts *facts);

/* True if one value of <attribute>, without padding, satisfies <match>. */
bool policy_value_matches(const struct policy_match *match,
			  const struct policy_attribute *attribute, struct slice value,
			  const struct policy_facts *facts);

/* True if <match> compares with literals only: no patterns, nothing but "is". */
bool policy_is_literal(const struct policy_match *match);

/* What stands between the values of a fact's text: a backslash (PS3.5 6.4), or, for VRs
 * in which that is a letter like others, a control character between those of several
 * items.
 */
uint8_t policy_separator(const char *vr);

/* The next value of a fact's text, without padding.  False if there is none left. */
bool policy_next_value(const char *vr, struct slice *text, struct slice *value);

/* Order of bytes, for literals and whoever looks among them; and that of numbers. */
int policy_slice_order(const void *a, const void *b);
int policy_number_order(const void *a, const void *b);

#endif
