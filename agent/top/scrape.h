/* SPDX-License-Identifier: MIT */
/* scrape.h - Prometheus' text format 0.0.4, as it is read: sample by sample.
 *
 * Slices point into the text.  Nothing is allocated.  The text may be malformed.
 */
#ifndef TOP_SCRAPE_H
#define TOP_SCRAPE_H

#include "base/bytes.h"

struct sample {
	struct slice name;
	struct slice labels; /* between the braces, as they stand; empty without */
	double value;        /* NaN and infinite ones too */
};

/* The next sample; comments, empty lines, and lines that are no sample are left out.
 * False at the end of the text.
 */
bool scrape_next(struct reader *text, struct sample *out) MUST_CHECK;

/* The value of the label <name>, as it stands: with its escapes.  False if it is not
 * there, or if what stands before it is no label.
 */
bool scrape_label(struct slice labels, const char *name, struct slice *value) MUST_CHECK;

/* Append a value without its escapes; what a terminal would take for a command becomes a
 * question mark.  Cut to what fits.
 */
void scrape_show(struct writer *out, struct slice value);

#endif
