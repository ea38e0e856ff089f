/* SPDX-License-Identifier: MIT */
/* text.h - Prometheus' text exposition format 0.0.4:
 * https://prometheus.io/docs/instrumenting/metrics_text_formats/
 *
 * What does not fit into <out> makes it fail, as base/bytes.h says.
 */
#ifndef METRICS_TEXT_H
#define METRICS_TEXT_H

#include "base/bytes.h"

/* The lines in front of a family; <type> is counter, gauge or histogram. */
void metrics_text_head(struct writer *out, const char *name, const char *type,
		       const char *help);

/* Append a label to those that are in <labels>.  Of its value quotes, backslashes and
 * ends of lines are escaped, other control characters become spaces, and bytes that are
 * not UTF-8 become U+FFFD: up to three bytes for each.
 */
void metrics_text_label(struct writer *labels, const char *name, struct slice value);

/* A sample; <suffix> stands behind the family's name, <labels> is as written by
 * metrics_text_label(), or empty.
 */
void metrics_text_sample(struct writer *out, const char *name, const char *suffix,
			 struct slice labels, const char *value);
void metrics_text_number(struct writer *out, const char *name, const char *suffix,
			 struct slice labels, int64_t value);

#endif
