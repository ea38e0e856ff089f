/* SPDX-License-Identifier: MIT */
#include "decide/cause.h"
#include "base/escape.h"
#include "dicom/dict.h"

#include <stdio.h>

#define CAUSE_ROW(id, name, words, told) {name, words, told},

static const struct {
	const char *name, *words;
	bool told;
} rows[CAUSE_COUNT] = {{"none", "as the policy says", false}, CAUSES(CAUSE_ROW)};

const char *cause_name(enum cause cause)
{
	return rows[cause].name;
}

const char *cause_words(enum cause cause)
{
	return rows[cause].words;
}

bool cause_is_told(enum cause cause)
{
	return rows[cause].told;
}

enum { UID_MAX = 64 }; /* bytes, PS3.5 9.1 */

/* " CTImageStorage in context 1" */
static void write_context(struct writer *w, const struct pdu_context *c)
{
	const struct dict_uid *known = dict_uid(c->abstract_syntax);
	char id[32];

	writer_u8(w, ' ');
	if (known)
		writer_bytes(w, slice_str(known->keyword));
	else
		escape_write(w, ESCAPE_HEX, slice_head(c->abstract_syntax, UID_MAX));
	writer_bytes(w, slice_of(id, (size_t)snprintf(id, sizeof(id), " in context %u",
						      c->id)));
}

void cause_write(struct writer *w, enum cause cause, const struct pdu_context *context)
{
	writer_bytes(w, slice_str("decided without the data set: "));
	writer_bytes(w, slice_str(cause_words(cause)));
	if (context)
		write_context(w, context);
}
