/* SPDX-License-Identifier: MIT */
/* config.h - the pools in a configuration of HAProxy.
 *
 * Only what tells of pools is read: sections, their mode, who names them.  HAProxy itself
 * says whether a configuration is right (haproxy -c).  Conditional blocks (.if) are not
 * decided: all their branches count.  Neither is resetenv obeyed.
 */
#ifndef HAPROXY_CFG_CONFIG_H
#define HAPROXY_CFG_CONFIG_H

#include "base/bytes.h"

/* A section that can be a pool by its kind: backend or listen.  The text is the
 * configuration's.
 */
struct haproxy_proxy {
	const char *name;
	const char *file;
	unsigned line;     /* of its first line, from 1 */
	bool pool;         /* can take associations */
	const char *fault; /* why it cannot, "is not in mode tcp"; NULL for a pool */
	bool referenced;   /* use_backend or default_backend name it as it is */
};

struct haproxy_config {
	struct haproxy_proxy *proxies; /* in the order of the files */
	size_t n;
	struct haproxy_parts *parts; /* the room's own */
};

/* Add what is in <path>, a file, or a directory, whose *.cfg are read in the order of
 * their names.  Several can be read one after the other, as HAProxy does with several -f.
 * <c> begins as {0} and has to be freed in any case.  False if something cannot be read,
 * is no line of a configuration, or there is no memory; <error> then says what, with file
 * and line.
 */
bool haproxy_config_read(struct haproxy_config *c, const char *path, char *error,
			 size_t size) MUST_CHECK;

/* The backend or listen section of this name, or NULL.  Of several a pool, if one is. */
const struct haproxy_proxy *haproxy_config_find(const struct haproxy_config *c,
						const char *name);

void haproxy_config_free(struct haproxy_config *c);

#endif
