/* SPDX-License-Identifier: MIT */
/* first_message.h - the first message of an association: its command set and the
 * beginning of its data set, taken out of the P-DATA-TF PDUs and inflated.
 */
#ifndef FACTS_FIRST_MESSAGE_H
#define FACTS_FIRST_MESSAGE_H

#include <stddef.h>

#include "dicom/dimse.h"
#include "dicom/inflate.h"
#include "facts/elements.h"

enum {
	FIRST_MESSAGE_COMMAND = 16 * 1024, /* bytes of a command set; usual are 200 */
	FIRST_MESSAGE_DATA = 256 * 1024,   /* of a data set; more than HAProxy's buffer */
	FIRST_MESSAGE_INFLATED = 512 * 1024 /* of a data set, inflated */
};

struct first_message {
	struct dimse_message is; /* its slices point into the buffers below */
	max_align_t inflate_arena[INFLATE_ARENA / sizeof(max_align_t)];
	uint8_t command[FIRST_MESSAGE_COMMAND];
	uint8_t data[FIRST_MESSAGE_DATA];
	uint8_t inflated[FIRST_MESSAGE_INFLATED];
};

/* Read the message from <stream>, the PDUs behind the A-ASSOCIATE-RQ that have come.
 * m->is says how far it has come, or what is wrong (dimse_gather()).
 */
void first_message_read(struct first_message *m, struct reader stream);

/* Give <elements> the data set, as far as it has come, which they borrow from <m>; it is
 * in <transfer_syntax> (UID).  False if it cannot be inflated (PS3.5 A.5); <elements>
 * then have what comes before the error.
 */
bool first_message_data(struct first_message *m, struct slice transfer_syntax,
			struct facts_elements *elements) MUST_CHECK;

#endif
