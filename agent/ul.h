/* SPDX-License-Identifier: MIT */
/* ul.h - PDUs of the DICOM upper layer protocol (PS3.8 section 9.3).
 *
 * Parsing borrows: every slice points into the bytes that were given.
 * Read tolerantly (unknown items are skipped, padding of any kind is removed),
 * write strictly.
 */
#ifndef UL_H
#define UL_H

#include "cursor.h"

enum {
	UL_PDU_HEADER = 6,     /* type, reserved, length (9.3.1) */
	UL_PDV_HEADER = 6,     /* length, context id, message control header (9.3.5.1) */
	UL_MAX_CONTEXTS = 128, /* ids are odd, 1 to 255 (9.3.2.2) */
	UL_AE_TITLE = 16,
	UL_ABORT_SIZE = 10,     /* a whole A-ABORT or A-ASSOCIATE-RJ PDU */
	UL_ASSOCIATE_FIXED = 68 /* protocol version to the last reserved byte (9.3.2) */
};

enum ul_pdu_type {
	UL_ASSOCIATE_RQ = 1,
	UL_ASSOCIATE_AC = 2,
	UL_ASSOCIATE_RJ = 3,
	UL_P_DATA_TF = 4,
	UL_RELEASE_RQ = 5,
	UL_RELEASE_RP = 6,
	UL_ABORT = 7
};

enum ul_item {
	UL_ITEM_APPLICATION_CONTEXT = 0x10,
	UL_ITEM_PRESENTATION_CONTEXT_RQ = 0x20,
	UL_ITEM_PRESENTATION_CONTEXT_AC = 0x21,
	UL_ITEM_ABSTRACT_SYNTAX = 0x30,
	UL_ITEM_TRANSFER_SYNTAX = 0x40,
	UL_ITEM_USER_INFORMATION = 0x50,
	UL_ITEM_MAXIMUM_LENGTH = 0x51,
	UL_ITEM_IMPLEMENTATION_CLASS_UID = 0x52,
	UL_ITEM_ASYNC_OPERATIONS_WINDOW = 0x53,
	UL_ITEM_ROLE_SELECTION = 0x54,
	UL_ITEM_IMPLEMENTATION_VERSION_NAME = 0x55,
	UL_ITEM_EXTENDED_NEGOTIATION = 0x56,
	UL_ITEM_COMMON_EXTENDED_NEGOTIATION = 0x57,
	UL_ITEM_USER_IDENTITY_RQ = 0x58,
	UL_ITEM_USER_IDENTITY_AC = 0x59
};

/* Message control header of a PDV (annex E.2) */
enum ul_pdv_control { UL_PDV_COMMAND = 1, UL_PDV_LAST = 2 };

/* Result of a presentation context in an AC (9.3.3.2) */
enum ul_result {
	UL_ACCEPTANCE = 0,
	UL_USER_REJECTION = 1,
	UL_NO_REASON = 2,
	UL_ABSTRACT_SYNTAX_NOT_SUPPORTED = 3,
	UL_TRANSFER_SYNTAXES_NOT_SUPPORTED = 4
};

/* Reason of an A-ABORT whose source is the service provider (9.3.8) */
enum ul_abort_reason {
	UL_ABORT_NOT_SPECIFIED = 0,
	UL_ABORT_UNRECOGNIZED_PDU = 1,
	UL_ABORT_UNEXPECTED_PDU = 2,
	UL_ABORT_INVALID_PARAMETER = 6
};

/* Why an association is refused: result, source, reason (9.3.4) */
struct ul_rejection {
	uint8_t result; /* 1 permanent, 2 transient */
	uint8_t source; /* 1 service-user, 2 provider (ACSE), 3 provider (presentation) */
	uint8_t reason;
};

/* What the agent says of itself (PS3.7 D.3.3.2), and of DICOM (PS3.7 A.2.1) */
#define UL_IMPLEMENTATION_CLASS_UID    "2.25.214829360731839281655107236091382754361"
#define UL_IMPLEMENTATION_VERSION_NAME "DICOM_SPOA_1"
#define UL_APPLICATION_CONTEXT         "1.2.840.10008.3.1.1.1"

struct ul_pdu {
	uint8_t type;       /* enum ul_pdu_type, or what else came */
	uint32_t length;    /* bytes of the body, as announced */
	struct reader body; /* what of it is there */
};

struct ul_context {
	uint8_t id;
	uint8_t result;                  /* enum ul_result; in an AC */
	struct slice abstract_syntax;    /* UID without padding; in an RQ */
	struct reader transfer_syntaxes; /* sub-items, for ul_next_transfer_syntax() */
};

/* A-ASSOCIATE-RQ (9.3.2) or A-ASSOCIATE-AC (9.3.3) with its user information
 * (PS3.8 annex D, PS3.7 D.3.3).
 */
struct ul_associate {
	uint16_t protocol_version;
	struct slice fixed;            /* bytes 11 to 74: the AE titles and 32 reserved */
	struct slice called_ae_title;  /* without padding */
	struct slice calling_ae_title; /* without padding */
	struct slice application_context;
	struct ul_context contexts[UL_MAX_CONTEXTS];
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

struct ul_pdv {
	uint8_t context_id;
	bool command;      /* a fragment of a command set, else of a data set */
	bool last;         /* the last fragment of it */
	bool whole;        /* all of the fragment is in <data> */
	struct slice data; /* what of the fragment is there */
};

/* The next PDU of a byte stream (9.3.1).  False if the header is not there: the
 * stream's state says why.  A body that reaches past a cut stream is itself cut.
 */
bool ul_next_pdu(struct reader *stream, struct ul_pdu *pdu) MUST_CHECK;

/* The next item: type, reserved byte, 16-bit length (9.3.2.1).  False at the end or
 * if a length lies.
 */
bool ul_next_item(struct reader *items, uint8_t *type, struct reader *body) MUST_CHECK;

/* Parse the body of an A-ASSOCIATE-RQ or -AC.  READ_MORE: the window was cut; what
 * came before the cut is filled in.  READ_BAD: <a>->error says why.  The slices of
 * <a> point into the body.
 */
enum read_state ul_parse_associate(struct reader body, enum ul_pdu_type type,
				   struct ul_associate *a);

/* The next transfer syntax of a presentation context, without padding (9.3.2.2.2). */
bool ul_next_transfer_syntax(struct reader *items, struct slice *uid) MUST_CHECK;

/* The next presentation data value of a P-DATA-TF body (9.3.5).  False at the end or
 * if a length lies (state READ_BAD).
 */
bool ul_next_pdv(struct reader *body, struct ul_pdv *pdv) MUST_CHECK;

/* Write an item header; ul_end_item() patches the length in. <at> is what
 * ul_begin_item() returned.
 */
size_t ul_begin_item(struct writer *w, uint8_t type);
void ul_end_item(struct writer *w, size_t at);
void ul_write_item(struct writer *w, uint8_t type, struct slice body);

/* Begin an A-ASSOCIATE-RQ or -AC (9.3.2, 9.3.3): up to its application context.  <fixed>
 * are the 64 bytes of struct ul_associate.  ul_end_pdu() patches the length in; <at> is
 * what was returned.
 */
size_t ul_begin_associate(struct writer *w, enum ul_pdu_type type, struct slice fixed,
			  struct slice application_context);
void ul_end_pdu(struct writer *w, size_t at);

/* Begin the presentation context of an RQ, <result> being 0, or of an AC; for
 * ul_end_item().
 */
size_t ul_begin_context(struct writer *w, enum ul_item type, uint8_t id, uint8_t result);

/* Begin the user information: maximum length (0: no limit) and implementation class UID;
 * for ul_end_item().
 */
size_t ul_begin_user_information(struct writer *w, uint32_t maximum_length);

/* An AE title in its 16 bytes, padded with spaces; what is longer is cut. */
void ul_write_ae_title(struct writer *w, const char *name);

/* True for an AE title that may be sent (9.3.2, AE of PS3.5 6.2): 1 to 16 printable
 * characters, not all of them spaces, none a backslash.
 */
bool ul_is_ae_title(const char *name);

/* Begin a P-DATA-TF, and a presentation data value in it (9.3.5, annex E.2); <control> is
 * of enum ul_pdv_control.  For ul_end_pdu(), both.
 */
size_t ul_begin_p_data(struct writer *w);
size_t ul_begin_pdv(struct writer *w, uint8_t context_id, uint8_t control);

/* Write a whole A-RELEASE-RQ or -RP (9.3.6, 9.3.7). */
void ul_write_release(struct writer *w, enum ul_pdu_type type);

/* Write a whole A-ASSOCIATE-RJ (9.3.4). */
void ul_write_reject(struct writer *w, struct ul_rejection why);

/* Write a whole A-ABORT from the service provider (9.3.8). */
void ul_write_abort(struct writer *w, enum ul_abort_reason reason);

/* <s> without leading spaces, and without trailing spaces, NULs and control
 * characters: how AE titles are padded in the wild.
 */
struct slice ul_trim(struct slice s);

#endif
