/* SPDX-License-Identifier: MIT */
/* config.h - the backends in a configuration of HAProxy, as far as a policy needs them.
 *
 * HAProxy itself says whether a configuration is right (haproxy -c).  Conditional blocks
 * (.if) are not decided: all their branches count.  Variables have the values that they
 * have in the environment of this process; setenv in "global" is ignored.
 */
#ifndef HAPROXY_CFG_CONFIG_H
#define HAPROXY_CFG_CONFIG_H

#include "base/bytes.h"

enum haproxy_kind { HAPROXY_DEFAULTS, HAPROXY_FRONTEND, HAPROXY_BACKEND, HAPROXY_LISTEN };

/* By what a pool keeps associations at one server. */
enum haproxy_affinity {
	HAPROXY_SPREADS,     /* by nothing */
	HAPROXY_BY_KEY,      /* the policy's "key": txn.dicom.key */
	HAPROXY_BY_VARIABLE, /* another variable */
	HAPROXY_BY_SCU /* the SCU's address, or what else is known without the agent */
};

/* A section of proxies.  Settings are inherited from the
 * "defaults" in force.  The configuration owns the text.
 */
struct haproxy_section {
	struct haproxy_section *next;
	enum haproxy_kind kind;
	const char *name; /* "" for a nameless "defaults" */
	const char *file;
	unsigned line; /* of its first line, from 1 */
	const char *mode;
	const char *default_backend; /* or NULL */
	const char *check;           /* the last "option ...check"; NULL: none */
	bool disabled;
	bool sends_rq;       /* a "tcp-check send-binary" begins an A-ASSOCIATE-RQ */
	bool checks_servers; /* "default-server" has the word "check" */
	bool has_unchecked;  /* a server that is never checked */
	unsigned servers;    /* those that share the associations: without "backup" */
	const char *hashes;  /* what "balance" makes a hash of; NULL: nothing */
	const char *sticks;  /* what the last "stick" looks for; NULL: nothing */
};

/* Zeroed, it is empty. */
struct haproxy_config {
	struct haproxy_section *first, *last; /* in the order of the files */
	struct haproxy_text *texts;
};

/* Add what is in <path>: a file, or a directory, whose files *.cfg are read in the order
 * of their names (management.txt 3, option -f).  Several can be read one after the other,
 * as HAProxy does with several -f.  False if something cannot be read, a section has no
 * name or inherits from one that does not exist, or there is no memory; <error> then says
 * what, with file and line.  <c> has to be freed in any case.
 */
bool haproxy_config_read(struct haproxy_config *c, const char *path, char *error,
			 size_t size) MUST_CHECK;

/* The backend or listen section of this name, or NULL.  Of several, one that can be a
 * pool.
 */
const struct haproxy_section *haproxy_config_find(const struct haproxy_config *c,
						  const char *name);

/* Why <s> cannot be a pool of archives: "is not in mode tcp"; NULL if it can. */
const char *haproxy_fault(const struct haproxy_section *s);

/* True if all servers of <s> are checked by an association (PS3.8 9.3.2). */
bool haproxy_has_dicom_check(const struct haproxy_section *s);

/* By what the servers of <s> are chosen ("balance hash", "balance source", "stick on").
 */
enum haproxy_affinity haproxy_affinity(const struct haproxy_section *s);

/* True if a frontend sends to the backend <name> by use_backend or default_backend. */
bool haproxy_config_uses(const struct haproxy_config *c, const char *name);

void haproxy_config_free(struct haproxy_config *c);

#endif
