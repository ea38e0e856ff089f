/* SPDX-License-Identifier: MIT */
/* PS3.10 7.1, PS3.8 9.3, PS3.7 9.3.1 */
#include "cli/scu_bytes.h"
#include "dicom/dataset_scan.h"
#include "dicom/dimse.h"
#include "dicom/pdu.h"

enum {
	PREAMBLE = 128,
	UID_MAX = 64,     /* bytes, PS3.5 9.1 */
	PDU_BODY = 16378, /* of a P-DATA-TF, as dcm4che and others send */
	CONTEXT_ID = 1
};

/* From the File Meta Information (PS3.10 7.1) */
struct file {
	struct slice sop_class, sop_instance, transfer_syntax;
	struct slice data; /* the data set, as far as it was read */
};

static struct slice uid_of(struct slice value)
{
	struct slice uid = pdu_trim(value);

	return uid.len <= UID_MAX ? uid : (struct slice){0};
}

static bool read_header(struct slice bytes, bool whole, struct file *file)
{
	struct dataset meta = {.bytes = reader_of(bytes, !whole),
			       .encoding = DATASET_EXPLICIT_LE};
	struct dataset_element el;

	reader_bytes(&meta.bytes, PREAMBLE + 4);
	while (dataset_peek(&meta) >> 16 == 2 && dataset_next(&meta, &el)) {
		if (el.tag == 0x00020002)
			file->sop_class = uid_of(el.value);
		else if (el.tag == 0x00020003)
			file->sop_instance = uid_of(el.value);
		else if (el.tag == 0x00020010)
			file->transfer_syntax = uid_of(el.value);
	}
	file->data = reader_rest(&meta.bytes);
	return file->sop_class.len > 0 && file->transfer_syntax.len > 0;
}

/*** the association ***/

static void write_user_identity(const char *user, struct writer *w)
{
	size_t item;

	if (!user)
		return;
	item = pdu_begin_item(w, PDU_ITEM_USER_IDENTITY_RQ);
	writer_u8(w, 1); /* a user name */
	writer_u8(w, 0); /* no response wanted */
	writer_be16(w, (uint16_t)strlen(user));
	writer_bytes(w, slice_str(user));
	writer_be16(w, 0);
	pdu_end_item(w, item);
}

static void write_request(const struct file *file, const struct scu_bytes_sender *scu,
			  struct writer *w)
{
	size_t pdu = pdu_begin_request(w, scu->called_ae, scu->calling_ae), item;

	pdu_write_context(w, PDU_ITEM_PRESENTATION_CONTEXT_RQ, CONTEXT_ID, 0,
			  file->sop_class, file->transfer_syntax);
	item = pdu_begin_user_information(w, PDU_BODY);
	write_user_identity(scu->user, w);
	pdu_end_item(w, item);
	pdu_end(w, pdu);
}

/*** the message ***/

/* A P-DATA-TF with one PDV (PS3.8 9.3.5) */
static void write_pdv(struct writer *w, uint8_t control, struct slice data)
{
	size_t pdu = pdu_begin_p_data(w), pdv = pdu_begin_pdv(w, CONTEXT_ID, control);

	writer_bytes(w, data);
	pdu_end(w, pdv);
	pdu_end(w, pdu);
}

static void write_message(const struct file *file, bool whole, struct writer *w)
{
	struct slice data = file->data;
	uint8_t command[512];
	struct writer c = writer_of(command, sizeof(command));

	dimse_write_store(&c, file->sop_class, file->sop_instance);
	write_pdv(w, PDV_COMMAND | PDV_LAST, writer_slice(&c));
	do {
		struct slice part = slice_head(data, PDU_BODY - 6);
		bool last = whole && part.len == data.len;

		write_pdv(w, last ? PDV_LAST : 0, part);
		data = slice_of(data.ptr + part.len, data.len - part.len);
	} while (data.len > 0);
}

/* True if the capture ends within its A-ASSOCIATE-RQ. */
static bool is_cut(struct slice capture)
{
	struct reader stream = reader_of(capture, true);
	struct pdu rq;

	return !pdu_next(&stream, &rq) || rq.body.cut;
}

const char *scu_bytes_write(struct slice file, bool whole,
			    const struct scu_bytes_sender *scu, struct writer *out)
{
	struct file f = {0};

	if (file.len > 0 && file.ptr[0] == PDU_ASSOCIATE_RQ) {
		if (whole && is_cut(file))
			return "it ends before its A-ASSOCIATE-RQ does";
		writer_bytes(out, file);
		pdu_set_ae_titles(out, scu->called_ae, scu->calling_ae);
	} else if (file.len < PREAMBLE + 4 ||
		   memcmp(file.ptr + PREAMBLE, "DICM", 4) != 0) {
		return "neither a DICOM file nor what an SCU has sent: it has no DICM "
		       "behind 128 bytes, and does not begin with an A-ASSOCIATE-RQ (01)";
	} else if (!read_header(file, whole, &f)) {
		return "the header of the file names no SOP class or no transfer syntax";
	} else {
		write_request(&f, scu, out);
	}
	if (f.sop_class.len > 0)
		write_message(&f, whole, out);
	return NULL;
}
