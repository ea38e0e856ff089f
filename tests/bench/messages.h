/* SPDX-License-Identifier: MIT */
/* messages.h - what HAProxy asks while a CT scanner sends an image. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "ask.h"
#include "form.h"
#include "policy_of.h"
#include "sample.h"
#include "shapes.h"

#define TITLE_HERE     "CALLING AE TITLE"
#define MODALITY_HERE  "MODALITY IS HERE"
#define BODY_PART_HERE "BODY PART IS IT "

/* Two contexts for CT, one for Verification, as a scanner proposes them */
static const char request[] =
	"01 00 {0001 0000 'ARCHIVE         ' '" TITLE_HERE "' 00*32 "
	"10 00 ['1.2.840.10008.3.1.1.1']"
	"20 00 [01 00 00 00 30 00 ['1.2.840.10008.5.1.4.1.1.2'] 40 00 "
	"['1.2.840.10008.1.2.1']"
	" 40 00 ['1.2.840.10008.1.2']]"
	"20 00 [03 00 00 00 30 00 ['1.2.840.10008.5.1.4.1.1.7'] 40 00 "
	"['1.2.840.10008.1.2.1']"
	" 40 00 ['1.2.840.10008.1.2']]"
	"20 00 [05 00 00 00 30 00 ['1.2.840.10008.1.1'] 40 00 ['1.2.840.10008.1.2']]"
	"50 00 [51 00 [00004000] 52 00 ['1.3.12.2.1107.5.1.4'] 55 00 "
	"['SIEMENS_S7VC20']]}";

static const char store[] =
	"04 00 {{01 03 0000 0000 <7E000000> 0000 0200 <'1.2.840.10008.5.1.4.1.1.2' 00>"
	" 0000 0001 <0100> 0000 1001 <0700> 0000 0007 <0000> 0000 0008 <0100>"
	" 0000 0010 <'1.3.12.2.1107.5.1.4.60073.300000060911'>}}";

static const struct {
	uint32_t tag;
	const char *vr, *value;
} image[] = {
	{0x00080005, "CS", "ISO_IR 100"},
	{0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SPI "},
	{0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2"},
	{0x00080018, "UI", "1.3.12.2.1107.5.1.4.60073.300000060911"},
	{0x00080020, "DA", "20261125"},
	{0x00080021, "DA", "20261125"},
	{0x00080023, "DA", "20261125"},
	{0x00080030, "TM", "193003.578000 "},
	{0x00080050, "SH", "A4711 "},
	{0x00080060, "CS", MODALITY_HERE},
	{0x00080070, "LO", "SIEMENS "},
	{0x00080080, "LO", "Spital Nord "},
	{0x00080090, "PN", "Wer^Auch^Immer"},
	{0x00081010, "SH", "CT60073 "},
	{0x00081030, "LO", "Thorax^Routine"},
	{0x0008103E, "LO", "Thorax 5.0 B31f "},
	{0x00081090, "LO", "Sensation 64"},
	{0x00100010, "PN", "Muster^Maria"},
	{0x00100020, "LO", "PID4711 "},
	{0x00100030, "DA", "19600201"},
	{0x00100040, "CS", "F "},
	{0x00101010, "AS", "066Y"},
	{0x00180015, "CS", BODY_PART_HERE},
	{0x00180050, "DS", "5 "},
	{0x00180060, "DS", "120 "},
	{0x00181000, "LO", "60073 "},
	{0x00181020, "LO", "syngo CT 2007C"},
	{0x00181030, "LO", "ThoraxRoutine "},
	{0x00181210, "SH", "B31f"},
	{0x00185100, "CS", "HFS "},
	{0x0020000D, "UI", "1.3.12.2.1107.5.1.4.60073.300000060910"},
	{0x0020000E, "UI", "1.3.12.2.1107.5.1.4.60073.300000060912"},
	{0x00200010, "SH", "4711"},
	{0x00200011, "IS", "2 "},
	{0x00200013, "IS", "17"},
	{0x00280002, "US", "\1"},
	{0x00280010, "US", "\2\2"},
	{0x00280011, "US", "\2\2"},
};

/* The first PDU of a CT image: its attributes and a few of its pixels */
static inline void write_image(struct writer *w)
{
	enum { OF_PIXELS = 15 * 1024 };
	const struct form f = {DATASET_EXPLICIT_LE, false};
	size_t pdu, pdv;

	sample_write(w, "04 00 00000000");
	pdu = w->len;
	sample_write(w, "00000000 01 00");
	pdv = w->len - 2;
	for (size_t i = 0; i < sizeof(image) / sizeof(image[0]); i++) {
		char value[80];

		snprintf(value, sizeof(value), "%s%s", image[i].value,
			 strlen(image[i].value) % 2 == 0 ? "" : " ");
		put(w, f, image[i].tag, image[i].vr, value);
	}
	sample_write(w, "E07F 1000 'OW' 0000 00000800");
	for (size_t i = 0; i < OF_PIXELS; i++)
		writer_u8(w, (uint8_t)(i * 37));
	writer_patch_be32(w, pdv - 4);
	writer_patch_be32(w, pdu - 4);
}

/* A message's arguments, with the places where questions differ */
struct message {
	const char *name;
	uint8_t bytes[1 << 16];
	size_t len;
	uint8_t *title, *modality, *body_part; /* NULL: it has none */
};

static struct message associate = {.name = "associate"}, dataset = {.name = "dataset"};

static inline void write_message(struct message *m, struct slice rq,
				 const struct heard *h)
{
	static const uint8_t source[] = {10, 1, 2, 3};
	struct writer w = writer_of(m->bytes, sizeof(m->bytes));

	tell_bytes(&w, "rq", rq, SPOP_DATA_T_BIN);
	tell_bytes(&w, "src", slice_of(source, 4), SPOP_DATA_T_IPV4);
	tell_number(&w, "dport", 104);
	tell_bytes(&w, "server_name", (struct slice){0}, SPOP_DATA_T_STR);
	tell_bytes(&w, "client_name", (struct slice){0}, SPOP_DATA_T_STR);
	tell_bytes(&w, "ac", h->reply, SPOP_DATA_T_BIN);
	tell_bytes(&w, "policy", h->policy, SPOP_DATA_T_STR);
	tell_number(&w, "began", h->began);
	tell_number(&w, "accepted", h->accepted);
	if (!writer_ok(&w))
		abort();
	m->len = w.len;
	m->title = memmem(m->bytes, m->len, TITLE_HERE, WIDTH);
	m->modality = memmem(m->bytes, m->len, MODALITY_HERE, WIDTH);
	m->body_part = memmem(m->bytes, m->len, BODY_PART_HERE, WIDTH);
}

static inline void fill_in(struct message *m, const struct asked *q)
{
	memcpy(m->title, q->title, WIDTH);
	if (!m->modality)
		return;
	memcpy(m->modality, q->modality, WIDTH);
	memcpy(m->body_part, q->body_part, WIDTH);
}

/* Both messages, with the AC that the agent makes of the first one */
static inline void write_messages(void)
{
	static const char json[] =
		"{\"rules\": [{\"name\": \"ct\", \"if\": {\"Modality\": \"CT\"},"
		" \"backend\": \"ct\"}], \"default\": {\"backend\": \"general\"}}";
	static struct heard h;
	static uint8_t bytes[1 << 15];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct policy_store *policies = policy_store_of(json);
	struct decide *d = decide_new(policies);
	const struct heard nothing = {0};

	sample_write(&w, request);
	write_message(&associate, writer_slice(&w), &nothing);
	ask(d, "associate", writer_slice(&w), (struct slice){0}, &h);
	if (!is_text(h.verdict, "accept"))
		abort();
	h.policy = (struct slice){0}; /* another one's */
	sample_write(&w, store);
	write_image(&w);
	write_message(&dataset, writer_slice(&w), &h);
	decide_free(d);
	policy_store_free(policies);
}

#endif
