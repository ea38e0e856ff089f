/* SPDX-License-Identifier: MIT */
/* probe.h - asks an archive what it accepts. */
#ifndef ARCHIVE_PROBE_H
#define ARCHIVE_PROBE_H

#include <jansson.h>
#include <stdatomic.h>

#include "archive/archive.h"

enum {
	PROBE_TIMEOUT_MS = 5000, /* the default of <timeout_ms> */
	PROBE_MOST_MS = 600000   /* of a whole probe */
};

struct probe_target {
	struct archive archive;
	unsigned timeout_ms; /* of each step: look-up of the name, connection, answer */
};

/* What the archive accepts, as a pool of a policy (docs/splicing.md): "accepts",
 * "maximum_length", the smallest that it has announced, 0 if there is no limit,
 * "implementation_class_uid", "implementation_version_name" and "extended", what else its
 * A-ASSOCIATE-ACs held; what it did not announce is left out.
 *
 * It opens one association after another and releases each before the next.  NULL with
 * the reason in <error>, which is <size> bytes long, if the archive cannot be asked.
 * Gives up within DEADLINE_SLICE_MS once <stop>, which may be NULL, is true.  The caller
 * owns the answer.
 */
json_t *probe_archive(const struct probe_target *t, char *error, size_t size,
		      const atomic_bool *stop);

#endif
