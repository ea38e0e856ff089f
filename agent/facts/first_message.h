/* SPDX-License-Identifier: MIT */
/* first_message.h - the first message of an association, which decides where it goes: its
 * command set and the beginning of its data set, taken out of the PDUs, and inflated.
 */
#ifndef FACTS_FIRST_MESSAGE_H
#define FACTS_FIRST_MESSAGE_H

#include <stddef.h>

#include "dicom/dimse.h"
#include "facts/elements.h"
#include "dicom/inflate.h"

enum {
	FIRST_MESSAGE_COMMAND =
		16 * 1024, /* of a command set; real ones take some 200 bytes */
	FIRST_MESSAGE_DATA =
		256 * 1024, /* of a data set's beginning; HAProxy holds less */
	FIRST_MESSAGE_INFLATED = 512 * 1024 /* the same, inflated */
};

struct first_message {
	struct dimse_message is; /* its slices lie in the buffers below */
	max_align_t inflate_arena[INFLATE_ARENA / sizeof(max_align_t)];
	uint8_t command[FIRST_MESSAGE_COMMAND];
	uint8_t data[FIRST_MESSAGE_DATA];
	uint8_t inflated[FIRST_MESSAGE_INFLATED];
};

/* Gather it from the PDUs behind the A-ASSOCIATE-RQ, as far as they have come; m->is says
 * how far that is (dimse_gather()).
 */
void first_message_read(struct first_message *m, struct reader stream);

/* Let <elements> have the data set, which is in <transfer_syntax> (UID), as far as it has
 * come; they borrow it from <m>.  False if it cannot be inflated (PS3.5 A.5): they then
 * have what came before the error.
 */
bool first_message_data(struct first_message *m, struct slice transfer_syntax,
			struct facts_elements *elements) MUST_CHECK;

#endif
