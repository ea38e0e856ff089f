/* SPDX-License-Identifier: MIT */
/* PS3.7 section 6.3 and annex E, command sets; PS3.8 annex E, fragments */
#include "dicom/dimse.h"
#include "dicom/dataset_scan.h"
#include "dicom/pdu.h"

enum {
	AFFECTED_SOP_CLASS_UID = 0x00000002,
	REQUESTED_SOP_CLASS_UID = 0x00000003,
	COMMAND_FIELD = 0x00000100,
	MESSAGE_ID = 0x00000110,
	PRIORITY = 0x00000700,
	COMMAND_DATA_SET_TYPE = 0x00000800,
	AFFECTED_SOP_INSTANCE_UID = 0x00001000,
	HAS_DATA_SET = 0x0001,
	NO_DATA_SET = 0x0101,
	WORTH_A_LOOK = 16 * 1024 /* bytes */
};

const char *dimse_request(size_t i, uint16_t *command_field)
{
	static const struct {
		uint16_t field;
		const char *name;
	} requests[] = {
		{0x0001, "C-STORE"},  {0x0010, "C-GET"},    {0x0020, "C-FIND"},
		{0x0021, "C-MOVE"},   {0x0030, "C-ECHO"},   {0x0100, "N-EVENT-REPORT"},
		{0x0110, "N-GET"},    {0x0120, "N-SET"},    {0x0130, "N-ACTION"},
		{0x0140, "N-CREATE"}, {0x0150, "N-DELETE"},
	};

	if (i >= sizeof(requests) / sizeof(requests[0]))
		return NULL;
	*command_field = requests[i].field;
	return requests[i].name;
}

static void write_le(struct writer *w, uint32_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		writer_u8(w, (uint8_t)(value >> 8 * i));
}

static void write_element(struct writer *w, uint32_t tag, struct slice value)
{
	write_le(w, tag >> 16, 2);
	write_le(w, tag & 0xffff, 2);
	write_le(w, (uint32_t)(value.len + value.len % 2), 4);
	writer_bytes(w, value);
	if (value.len % 2)
		writer_u8(w, 0);
}

static void write_us(struct writer *w, uint32_t tag, uint16_t value)
{
	uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

	write_element(w, tag, slice_of(bytes, sizeof(bytes)));
}

void dimse_write_store(struct writer *w, struct slice sop_class,
		       struct slice sop_instance)
{
	uint8_t buf[512];
	struct writer rest = writer_of(buf, sizeof(buf));

	write_element(&rest, AFFECTED_SOP_CLASS_UID, sop_class);
	write_us(&rest, COMMAND_FIELD, DIMSE_C_STORE_RQ);
	write_us(&rest, MESSAGE_ID, 1);
	write_us(&rest, PRIORITY, 0);
	write_us(&rest, COMMAND_DATA_SET_TYPE, HAS_DATA_SET);
	write_element(&rest, AFFECTED_SOP_INSTANCE_UID, sop_instance);
	write_le(w, 0, 4); /* (0000,0000) Command Group Length */
	write_le(w, 4, 4);
	write_le(w, (uint32_t)rest.len, 4);
	writer_bytes(w, writer_slice(&rest));
}

static void fail(struct dimse_message *m, const char *error, enum pdu_abort_reason reason)
{
	m->end = DIMSE_ERROR;
	m->error = error;
	m->abort_reason = (uint8_t)reason;
}

static bool number(const struct dataset_wanted *w, uint16_t *value)
{
	struct reader r = reader_of(w->value, false);

	*value = reader_le16(&r);
	return w->state == DATASET_PRESENT && r.state == READ_OK;
}

static void parse_command(struct dimse_message *m)
{
	struct dataset_wanted w[] = {{.tag = AFFECTED_SOP_CLASS_UID},
				     {.tag = REQUESTED_SOP_CLASS_UID},
				     {.tag = COMMAND_FIELD},
				     {.tag = COMMAND_DATA_SET_TYPE}};
	struct dataset ds = {.bytes = reader_of(m->command, false),
			     .encoding = DATASET_IMPLICIT_LE};
	uint16_t type;

	m->command_whole = true;
	if (dataset_collect(&ds, w, sizeof(w) / sizeof(w[0])) != READ_OK ||
	    !number(&w[2], &m->command_field) || !number(&w[3], &type)) {
		fail(m, "command set cannot be read", PDU_ABORT_INVALID_PARAMETER);
		return;
	}
	m->has_data_set = type != NO_DATA_SET;
	m->sop_class = pdu_trim(w[0].state == DATASET_PRESENT ? w[0].value : w[1].value);
	if (!m->has_data_set)
		m->end = DIMSE_WHOLE;
}

/* The order of PS3.8 E.1: command fragments, the last marked, then those of the data
 * set, all on one presentation context.
 */
static void take_pdv(struct dimse_message *m, const struct pdv *pdv,
		     struct writer *command, struct writer *data)
{
	struct writer *to = pdv->command ? command : data;

	if (pdv->command == m->command_whole) {
		fail(m,
		     pdv->command ? "command fragment where a data set was due"
				  : "data set fragment before the command set",
		     PDU_ABORT_INVALID_PARAMETER);
		return;
	}
	if (command->len + data->len > 0 && pdv->context_id != m->context_id) {
		fail(m, "one message on two presentation contexts",
		     PDU_ABORT_INVALID_PARAMETER);
		return;
	}
	m->context_id = pdv->context_id;
	writer_bytes(to, slice_head(pdv->data, to->cap - to->len));
	m->command = writer_slice(command);
	m->data = writer_slice(data);
	if (pdv->command && command->len == command->cap)
		fail(m, "command set is too long", PDU_ABORT_INVALID_PARAMETER);
	else if (pdv->last && pdv->whole && pdv->command)
		parse_command(m);
	else if (pdv->last && pdv->whole && data->len < data->cap)
		m->end = DIMSE_WHOLE;
}

static void take_pdvs(struct dimse_message *m, struct reader body, struct writer *command,
		      struct writer *data)
{
	struct pdv pdv;

	while (m->end == DIMSE_PARTIAL && pdu_next_pdv(&body, &pdv))
		take_pdv(m, &pdv, command, data);
	if (m->end == DIMSE_PARTIAL && body.state == READ_BAD)
		fail(m, "length of a presentation data value is wrong",
		     PDU_ABORT_INVALID_PARAMETER);
}

void dimse_gather(struct reader stream, struct writer *command, struct writer *data,
		  struct dimse_message *m)
{
	const uint8_t *start = stream.pos;
	size_t all = reader_left(&stream);
	struct pdu pdu = {0};

	*m = (struct dimse_message){.end = DIMSE_PARTIAL};
	while (m->end == DIMSE_PARTIAL && !pdu.body.cut) {
		size_t at = stream.pos ? (size_t)(stream.pos - start) : 0;

		/* No PDU of a message is shorter than A-RELEASE-RQ, and one that has
		 * begun will be finished by its sender: so that waiting for that much
		 * ends. */
		m->need = at + PDU_ABORT_SIZE;
		if (!pdu_next(&stream, &pdu))
			break;
		/* The beginning of a large one can be enough. */
		if (pdu.body.cut && pdu.length - reader_left(&pdu.body) < WORTH_A_LOOK)
			m->need = at + PDU_HEADER + pdu.length;
		else if (pdu.body.cut)
			m->need = all + WORTH_A_LOOK;
		if (pdu.type == PDU_P_DATA_TF)
			take_pdvs(m, pdu.body, command, data);
		else if (pdu.type == PDU_RELEASE_RQ)
			m->end = DIMSE_RELEASE;
		else if (pdu.type == PDU_ABORT)
			m->end = DIMSE_ABORT;
		else
			fail(m, "unexpected PDU instead of P-DATA-TF",
			     pdu.type >= PDU_ASSOCIATE_RQ && pdu.type <= PDU_RELEASE_RP
				     ? PDU_ABORT_UNEXPECTED_PDU
				     : PDU_ABORT_UNRECOGNIZED_PDU);
	}
}
