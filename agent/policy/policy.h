/* SPDX-License-Identifier: MIT */
/* policy.h - compiled rules, and the evaluation of one condition.
 *
 * A policy is built once (loader/policy_file.h), never changes, and may be read by any
 * number of threads without a lock.  Which rule decides: policy/ruling.h.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "archive/capability.h"
#include "base/bytes.h"
#include "base/regex.h"
#include "base/unicode.h"
#include "dicom/pdu.h"
#include "dicom/value.h"
#include "net/ip.h"

/* The truth of a condition; MAYBE: it depends on an attribute that is not known yet. */
enum policy_tri { POLICY_NO, POLICY_YES, POLICY_MAYBE };

/*** attributes ***/

/* Where an attribute comes from. */
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

/* The VR of ClientAddress: IP addresses, for which DICOM has no VR. */
#define POLICY_VR_ADDRESS "ip"

#define POLICY_ANY_ITEM SIZE_MAX

/* One step of a path into a data set: an element, and which items if it is a sequence. */
struct policy_step {
	uint32_t tag;        /* with a creator 0xgggg00ee, as in dataset_scan.h */
	const char *creator; /* of a private element (PS3.5 7.8.1), or NULL */
	size_t item;         /* from 0, or POLICY_ANY_ITEM */
};

struct policy_attribute {
	enum policy_source source;
	uint32_t tag;                   /* ASSOCIATION: enum policy_association */
	const struct policy_step *path; /* COMMAND, DATA_SET: from the top level down */
	size_t npath;
	char vr[3];       /* from the dictionary (PS3.5 6.2) */
	const char *name; /* as the policy writes it */
	size_t element;   /* COMMAND, DATA_SET: index of path[0] in policy->elements */
	size_t index;     /* of this one in policy->attributes */
};

/* An element at the top level of command set or data set that an attribute needs. */
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

/* What is known of one attribute.  <text> has its values, to be read one by one with
 * policy_next_value(): UTF-8, separated by policy_separator(), perhaps with padding.
 */
struct policy_fact {
	enum policy_fact_state state;
	struct slice text;
};

/*** conditions ***/

/* What a value is compared with: it is in the set if any of these fits. */
struct policy_set {
	const struct slice *literals; /* by policy_slice_order(); folded if <fold> */
	size_t nliterals;
	const char *const *patterns; /* with * and ?; folded if <fold> */
	size_t npatterns;
	const double *numbers; /* sorted; of value_number() for the VR */
	size_t nnumbers;
	const struct ip_network *networks;
	size_t nnetworks;
	const char *const *groups; /* of UIDs, as dict_in_group() knows them */
	size_t ngroups;
	bool fold;        /* case does not matter */
	const char *name; /* of the list; NULL: the values stand in the rule */
};

/* <from> and <to> are inclusive, numbers of value_number(); <older> and <newer> are
 * counted back from policy_facts.now.
 */
struct policy_range {
	enum value_kind kind;
	bool has_from, has_to, has_older, has_newer;
	double from, to;
	struct value_span older, newer;
};

/* A test of one value.  All members must hold; NULL and 0 always do. */
struct policy_match {
	const struct policy_set *is;
	const struct policy_set *const *in; /* the value is in one of these */
	size_t nin;
	const struct regex *regex;
	const char *regex_text;
	bool ignore_case; /* of <regex>; a set has <fold> */
	const struct policy_range *range;
};

struct policy_attributes {
	const struct policy_attribute *const *list;
	size_t n;
};

/* True if a 32-bit hash of the first value of each attribute is below <threshold>. */
struct policy_sample {
	struct policy_attributes by;
	uint64_t threshold; /* 0 to 2^32 */
	double percent;
};

struct policy_schedule {
	unsigned from, to; /* minutes since midnight, local time; if equal: all day */
	uint8_t weekdays;  /* bit 0: Sunday */
};

enum policy_node_kind {
	POLICY_ALL,      /* all children hold; true if there are none */
	POLICY_ANY,      /* a child holds */
	POLICY_NOT,      /* the only child does not hold */
	POLICY_MATCH,    /* a value of <attribute> passes <match> */
	POLICY_IS_THERE, /* <attribute> is present, with or without a value */
	POLICY_IS_EMPTY, /* <attribute> is present and has no value */
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
	const char *name; /* of the backend in HAProxy */
	const struct capability *accepts;
};

enum { POLICY_POOLS = 8 }; /* of one outcome, at most */

/* The pools of an outcome: the first one that is up gets the association.  Outcomes that
 * name the same pools in the same order share one list.
 */
struct policy_pools {
	const struct policy_pool *list;
	size_t n;
};

struct policy_outcome {
	const char *rule;                 /* name of the rule, for the log */
	const struct policy_pools *pools; /* NULL: refuse with <rejection> */
	const char *called_ae;            /* for the archive; NULL: as the SCU sent it */
	const char *calling_ae;           /* the same */
	struct policy_attributes key;     /* same values: same server; empty: no key */
	struct rejection rejection;
};

struct policy_rule {
	struct policy_node condition;
	struct policy_outcome outcome;
};

/* A variable that HAProxy gets with each outcome that has pools. */
struct policy_export {
	const char *variable;
	const struct policy_attribute *attribute;
};

struct archive;       /* archive/archive.h */
struct policy_index;  /* policy/index.h */
struct policy_memory; /* policy/memory.h */

enum { POLICY_ID_SIZE = 17 };

struct policy {
	char id[POLICY_ID_SIZE]; /* hash of its files and of the probes' answers */
	const struct policy_rule *rules;
	size_t nrules;
	size_t nvaried;   /* rules from this number on have the outcome of <otherwise> */
	size_t nrefusing; /* and from this number on they do not refuse */
	const struct policy_index *index;
	struct policy_outcome otherwise;                  /* when no rule matches */
	const struct policy_attribute *const *attributes; /* all that it names, once */
	size_t nattributes;
	/* first of the command set, then of the data set, then private; by tag */
	const struct policy_element *elements;
	size_t ncommand, nplain, nprivate;
	size_t character_set; /* index of Specific Character Set in <elements> */
	const struct policy_export *exports;
	size_t nexports;
	const struct capability *usual;          /* of pools that `pools` does not name */
	const struct capability *const *accepts; /* of all pools, each once */
	size_t naccepts;
	const struct policy_pools *const *pools; /* of all outcomes, each once */
	size_t npools;
	bool accepts_while_down; /* accept an SCU that may need a pool that is down, if it
				  * may also need one that is up */
	const struct archive *archives; /* to be probed */
	size_t narchives;
	unsigned probe_seconds; /* between two rounds of probes */
	char *document;         /* text of the file, for history/reasons.h; malloc'ed */
	struct policy_memory *memory; /* owns all that is pointed to above */
};

/*** evaluation ***/

/* Bytes.  Whether a longer value is in a folded set is not known. */
enum { POLICY_FOLDED_SIZE = 64 * 1024 };

/* Working memory for evaluation; one for each thread. */
struct policy_scratch {
	struct regex_scratch *regex;
	struct unicode_scratch unicode;
	uint8_t folded[POLICY_FOLDED_SIZE];
	bool unfolded;  /* set when a value was too long for <folded> */
	bool too_hard;  /* set when a regular expression gave up */
	bool too_large; /* set when something was unknown that is too large to be known */
};

struct policy_facts;

/* The result of the test <node>, which <fact> does not settle, under <assumptions>.
 * <fact> is NULL for POLICY_SAMPLE.
 */
typedef enum policy_tri policy_assume(void *assumptions, const struct policy_node *node,
				      const struct policy_fact *fact,
				      const struct policy_facts *facts);

/* The facts of one decision.  <get> is called only for attributes that the evaluation
 * reaches, never returns NULL, and returns the same each time.
 */
struct policy_facts {
	const struct policy_fact *(*get)(void *context,
					 const struct policy_attribute *attribute);
	void *context;
	int64_t now; /* seconds since the epoch: when the association began */
	struct policy_scratch *scratch;
	policy_assume *assume; /* NULL: a test that is not settled is POLICY_MAYBE */
	void *assumptions;
	bool least; /* Unknown attributes are treated as absent. */
};

/* Owned by the caller; NULL if there is no memory.  policy_scratch_free() takes NULL. */
struct policy_scratch *policy_scratch_new(void);
void policy_scratch_free(struct policy_scratch *scratch);

/* Evaluate a condition in three-valued logic (Kleene): MAYBE if it depends on a fact that
 * is neither POLICY_PRESENT nor POLICY_ABSENT.
 */
enum policy_tri policy_test(const struct policy_node *node,
			    const struct policy_facts *facts);

/* True if each of these attributes is POLICY_PRESENT or POLICY_ABSENT. */
bool policy_known(const struct policy_attributes *attributes,
		  const struct policy_facts *facts);

/* True if <value>, one value of <attribute> without padding, passes <match>. */
bool policy_value_matches(const struct policy_match *match,
			  const struct policy_attribute *attribute, struct slice value,
			  const struct policy_facts *facts);

/* True if <match> is nothing but a comparison with literals, in which case matters. */
bool policy_is_literal(const struct policy_match *match);

/* True for VRs whose values are neither text nor numbers (PS3.5 6.2: OB, SQ, UN ...), so
 * that nothing can be compared with them.
 */
bool policy_is_bulk(const struct policy_attribute *attribute);

/* The byte between the values in a fact's text: a backslash (PS3.5 6.4).  In VRs of which
 * a backslash can be part of the value it is 1EH; only several items of a sequence can
 * give such an attribute several values.
 */
uint8_t policy_separator(const char *vr);

/* Take the next value, without padding, off a fact's text.  False if there is none left.
 * A text of length 0 has one empty value.
 */
bool policy_next_value(const char *vr, struct slice *text, struct slice *value);

/* For qsort() and bsearch(): slices by bytes, a prefix first; doubles by value. */
int policy_slice_order(const void *a, const void *b);
int policy_number_order(const void *a, const void *b);

#endif
