/* SPDX-License-Identifier: MIT */
/* dimse.h - the first DIMSE message of an association (PS3.7 section 6.3, PS3.8 annex E).
 */
#ifndef DICOM_DIMSE_H
#define DICOM_DIMSE_H

#include "base/bytes.h"

/* Command Field (PS3.7 E.1) of the requests */
enum dimse_command {
	DIMSE_C_STORE_RQ = 0x0001,
	DIMSE_C_GET_RQ = 0x0010,
	DIMSE_C_FIND_RQ = 0x0020,
	DIMSE_C_MOVE_RQ = 0x0021,
	DIMSE_C_ECHO_RQ = 0x0030
};

#define DIMSE_VERIFICATION "1.2.840.10008.1.1" /* the SOP class of C-ECHO (PS3.4 A.4) */

enum dimse_end {
	DIMSE_PARTIAL, /* more bytes of the message are to come */
	DIMSE_WHOLE,   /* the command set, and the data set if there is one, are here */
	DIMSE_RELEASE, /* A-RELEASE-RQ instead of a message */
	DIMSE_ABORT,   /* A-ABORT instead of (the rest of) a message */
	DIMSE_ERROR    /* the peer broke the protocol: <error> and <abort_reason> */
};

struct dimse_message {
	enum dimse_end end;
	uint8_t context_id;
	bool command_whole;     /* the command set is complete */
	uint16_t command_field; /* valid if command_whole, as are the next two */
	bool has_data_set;      /* Command Data Set Type is not 0101H (E.1) */
	struct slice sop_class; /* Affected or Requested SOP Class UID, no padding */
	struct slice command;   /* the command set, Implicit VR LE */
	struct slice data;      /* what of the data set has arrived */
	size_t need;       /* PARTIAL: call again when the stream has this many bytes */
	const char *error; /* static */
	uint8_t abort_reason; /* enum pdu_abort_reason */
};

/* The name of a request as the standard writes it (PS3.7 9.1, 10.1), and its Command
 * Field: i = 0, 1, ...; NULL behind the last.
 */
const char *dimse_request(size_t i, uint16_t *command_field);

/* Write the command set of a C-STORE-RQ (PS3.7 9.3.1.1), Implicit VR LE: message ID 1,
 * priority MEDIUM.
 */
void dimse_write_store(struct writer *w, struct slice sop_class,
		       struct slice sop_instance);

/* Read the first message from <stream>, the PDUs that follow the A-ASSOCIATE-RQ, however
 * its fragments are split into PDVs and PDUs (PS3.8 annex E).  Fragments are copied to
 * <command> and <data>, into which the message's slices point.
 */
void dimse_gather(struct reader stream, struct writer *command, struct writer *data,
		  struct dimse_message *m);

#endif
