/* SPDX-License-Identifier: MIT */
/* exposition.h - Prometheus' text exposition format 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * What does not fit into <out> makes it fail, as cursor.h says.
 */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include "cursor.h"

/* The lines in front of a family; <type> is counter, gauge or histogram. */
void exposition_head(struct writer *out, const char *name, const char *type,
		     const char *help);

/* Append a label to those that are in <labels>.  Of its value quotes, backslashes and
 * ends of lines are escaped, other control characters become spaces, and bytes that are
 * not UTF-8 become U+FFFD: up to three bytes for each.
 */
void exposition_label(struct writer *labels, const char *name, struct slice value);

/* A sample; <suffix> stands behind the family's name, <labels> is as written by
 * exposition_label(), or empty.
 */
void exposition_sample(struct writer *out, const char *name, const char *suffix,
		       struct slice labels, const char *value);
void exposition_number(struct writer *out, const char *name, const char *suffix,
		       struct slice labels, int64_t value);

#endif
