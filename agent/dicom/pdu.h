/* SPDX-License-Identifier: MIT */
/* pdu.h - PDUs of the DICOM upper layer protocol (PS3.8 section 9.3).
 *
 * Parsing borrows: every slice points into the bytes that were given.
 * Read tolerantly (unknown items are skipped, padding of any kind is removed),
 * write strictly.
 */
#ifndef DICOM_PDU_H
#define DICOM_PDU_H

#include "dicom/rejection.h"

enum {
	PDU_HEADER = 6,         /* type, reserved, length (9.3.1) */
	PDV_HEADER = 6,         /* length, context id, message control header (9.3.5.1) */
	PDU_MAX_CONTEXTS = 128, /* ids are odd, 1 to 255 (9.3.2.2) */
	PDU_AE_TITLE = 16,
	PDU_ABORT_SIZE = 10,     /* a whole A-ABORT or A-ASSOCIATE-RJ PDU */
	PDU_ASSOCIATE_FIXED = 68 /* protocol version to the last reserved byte (9.3.2) */
};

enum pdu_type {
	PDU_ASSOCIATE_RQ = 1,
	PDU_ASSOCIATE_AC = 2,
	PDU_ASSOCIATE_RJ = 3,
	PDU_P_DATA_TF = 4,
	PDU_RELEASE_RQ = 5,
	PDU_RELEASE_RP = 6,
	PDU_ABORT = 7
};

enum pdu_item {
	PDU_ITEM_APPLICATION_CONTEXT = 0x10,
	PDU_ITEM_PRESENTATION_CONTEXT_RQ = 0x20,
	PDU_ITEM_PRESENTATION_CONTEXT_AC = 0x21,
	PDU_ITEM_ABSTRACT_SYNTAX = 0x30,
	PDU_ITEM_TRANSFER_SYNTAX = 0x40,
	PDU_ITEM_USER_INFORMATION = 0x50,
	PDU_ITEM_MAXIMUM_LENGTH = 0x51,
	PDU_ITEM_IMPLEMENTATION_CLASS_UID = 0x52,
	PDU_ITEM_ASYNC_OPERATIONS_WINDOW = 0x53,
	PDU_ITEM_ROLE_SELECTION = 0x54,
	PDU_ITEM_IMPLEMENTATION_VERSION_NAME = 0x55,
	PDU_ITEM_EXTENDED_NEGOTIATION = 0x56,
	PDU_ITEM_COMMON_EXTENDED_NEGOTIATION = 0x57,
	PDU_ITEM_USER_IDENTITY_RQ = 0x58,
	PDU_ITEM_USER_IDENTITY_AC = 0x59
};

/* Message control header of a PDV (annex E.2) */
enum pdv_control { PDV_COMMAND = 1, PDV_LAST = 2 };

/* Result of a presentation context in an AC (9.3.3.2) */
enum pdu_result {
	PDU_ACCEPTANCE = 0,
	PDU_USER_REJECTION = 1,
	PDU_NO_REASON = 2,
	PDU_ABSTRACT_SYNTAX_NOT_SUPPORTED = 3,
	PDU_TRANSFER_SYNTAXES_NOT_SUPPORTED = 4
};

/* Reason of an A-ABORT whose source is the service provider (9.3.8) */
enum pdu_abort_reason {
	PDU_ABORT_NOT_SPECIFIED = 0,
	PDU_ABORT_UNRECOGNIZED_PDU = 1,
	PDU_ABORT_UNEXPECTED_PDU = 2,
	PDU_ABORT_INVALID_PARAMETER = 6
};

/* Implementation identification of the agent (PS3.7 D.3.3.2); DICOM's application context
 * name (PS3.7 A.2.1)
 */
#define PDU_IMPLEMENTATION_CLASS_UID    "2.25.214829360731839281655107236091382754361"
#define PDU_IMPLEMENTATION_VERSION_NAME "DICOM_SPOA_1"
#define PDU_APPLICATION_CONTEXT         "1.2.840.10008.3.1.1.1"

struct pdu {
	uint8_t type;       /* enum pdu_type, or any other byte that came */
	uint32_t length;    /* bytes of the body, as announced */
	struct reader body; /* as much of the body as is there */
};

struct pdu_context {
	uint8_t id;
	uint8_t result;                  /* enum pdu_result; in an AC */
	struct slice abstract_syntax;    /* UID without padding; in an RQ */
	struct reader transfer_syntaxes; /* sub-items, for pdu_next_transfer_syntax() */
};

/* A-ASSOCIATE-RQ (9.3.2) or A-ASSOCIATE-AC (9.3.3) with its user information
 * (PS3.8 annex D, PS3.7 D.3.3).
 */
struct pdu_associate {
	uint16_t protocol_version;
	struct slice fixed;            /* bytes 11 to 74: the AE titles and 32 reserved */
	struct slice called_ae_title;  /* without padding */
	struct slice calling_ae_title; /* without padding */
	struct slice application_context;
	struct pdu_context contexts[PDU_MAX_CONTEXTS];
	unsigned ncontexts;
	struct reader user_items; /* sub-items of the user information */
	bool has_maximum_length;
	uint32_t maximum_length; /* bytes of a P-DATA-TF PDU; 0: no limit */
	struct slice implementation_class_uid;
	struct slice implementation_version_name;
	bool scp_role;               /* a role selection proposes the SCP role */
	bool user_identity;          /* a user identity is given (PS3.7 D.3.3.7) */
	bool user_identity_response; /* and a positive response requested */
	struct slice user_name;      /* UTF-8; empty if the identity is no user name */
	const char *error;           /* why it was refused; static; NULL if it was not */
};

struct pdv {
	uint8_t context_id;
	bool command;      /* a fragment of a command set, else of a data set */
	bool last;         /* the last fragment of it */
	bool whole;        /* all of the fragment is in <data> */
	struct slice data; /* as much of the fragment as is there */
};

/* The next PDU of a byte stream (9.3.1).  False if the header is not there: the
 * stream's state says why.  A body that reaches past a cut stream is itself cut.
 */
bool pdu_next(struct reader *stream, struct pdu *pdu) MUST_CHECK;

/* The next item: type, reserved byte, 16-bit length (9.3.2.1).  False at the end or
 * if a length is wrong (state READ_BAD).
 */
bool pdu_next_item(struct reader *items, uint8_t *type, struct reader *body) MUST_CHECK;

/* Parse the body of an A-ASSOCIATE-RQ or -AC.  READ_MORE: the window was cut; what
 * came before the cut is filled in.  READ_BAD: <a>->error says why.  The slices of
 * <a> point into the body.
 */
enum read_state pdu_parse_associate(struct reader body, enum pdu_type type,
				    struct pdu_associate *a);

/* The next transfer syntax of a presentation context, without padding (9.3.2.2.2). */
bool pdu_next_transfer_syntax(struct reader *items, struct slice *uid) MUST_CHECK;

/* The next presentation data value of a P-DATA-TF body (9.3.5).  False at the end or
 * if a length is wrong (state READ_BAD).
 */
bool pdu_next_pdv(struct reader *body, struct pdv *pdv) MUST_CHECK;

/* Write an item header; pdu_end_item() patches the length in. <at> is what
 * pdu_begin_item() returned.
 */
size_t pdu_begin_item(struct writer *w, uint8_t type);
void pdu_end_item(struct writer *w, size_t at);
void pdu_write_item(struct writer *w, uint8_t type, struct slice body);

/* Begin an A-ASSOCIATE-RQ or -AC (9.3.2, 9.3.3): up to its application context.  <fixed>
 * are the 64 bytes of struct pdu_associate.  pdu_end() patches the length in; <at> is
 * what was returned.
 */
size_t pdu_begin_associate(struct writer *w, enum pdu_type type, struct slice fixed,
			   struct slice application_context);
void pdu_end(struct writer *w, size_t at);

/* Begin an A-ASSOCIATE-RQ of the agent's own, for pdu_end(), with DICOM's application
 * context name.  AE titles are padded with spaces and cut to 16 bytes; NULL: all spaces.
 */
size_t pdu_begin_request(struct writer *w, const char *called_ae, const char *calling_ae);

/* Begin the presentation context of an RQ, <result> being 0, or of an AC; for
 * pdu_end_item().
 */
size_t pdu_begin_context(struct writer *w, enum pdu_item type, uint8_t id,
			 uint8_t result);

/* Write a whole presentation context item with one transfer syntax (9.3.2.2, 9.3.3.2).
 * <result> counts in an AC only, <abstract_syntax> in an RQ only.
 */
void pdu_write_context(struct writer *w, enum pdu_item type, uint8_t id, uint8_t result,
		       struct slice abstract_syntax, struct slice transfer_syntax);

/* Begin the user information: maximum length (0: no limit) and implementation class UID;
 * for pdu_end_item().
 */
size_t pdu_begin_user_information(struct writer *w, uint32_t maximum_length);

/* Write a whole user information item: maximum length (0: no limit), implementation class
 * UID and version name (PS3.8 D.1, PS3.7 D.3.3.2).
 */
void pdu_write_user_information(struct writer *w, uint32_t maximum_length);

/* Put other AE titles into the whole A-ASSOCIATE-RQ that <rq> begins with (bytes 11 to 26
 * and 27 to 42); NULL keeps the one that is there.  Nothing is done to an RQ that is cut
 * before its byte 42.
 */
void pdu_set_ae_titles(struct writer *rq, const char *called_ae, const char *calling_ae);

/* True if <name> is a value of VR AE (PS3.5 6.2), as PS3.8 9.3.2 wants AE titles: what
 * PDU_AE_TITLE_FORM says in words.
 */
#define PDU_AE_TITLE_FORM                                                                \
	"1 to 16 characters of ASCII, no backslash or control character, not only "      \
	"spaces"
bool pdu_is_ae_title(const char *name);

/* Begin a P-DATA-TF, and a presentation data value in it (9.3.5, annex E.2); <control> is
 * of enum pdv_control.  For pdu_end(), both.
 */
size_t pdu_begin_p_data(struct writer *w);
size_t pdu_begin_pdv(struct writer *w, uint8_t context_id, uint8_t control);

/* Write a whole A-RELEASE-RQ or -RP (9.3.6, 9.3.7). */
void pdu_write_release(struct writer *w, enum pdu_type type);

/* Write a whole A-ASSOCIATE-RJ (9.3.4). */
void pdu_write_reject(struct writer *w, struct rejection why);

/* Write a whole A-ABORT from the service provider (9.3.8). */
void pdu_write_abort(struct writer *w, enum pdu_abort_reason reason);

/* <s> without leading spaces, and without trailing spaces, NULs and control
 * characters: how AE titles are padded in the wild.
 */
struct slice pdu_trim(struct slice s);

#endif
