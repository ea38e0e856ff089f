/* SPDX-License-Identifier: MIT */
/* A stream of PDUs, and the same cut short where the first two bytes say. */
#include "check.h"
#include "dicom/dimse.h"
#include "dicom/pdu.h"

enum { COMMAND = 1024, DATA = 4096 };

struct gathered {
	uint8_t command[COMMAND], data[DATA];
	struct dimse_message m;
};

static void gather(struct slice in, struct gathered *g)
{
	struct writer command = writer_of(g->command, COMMAND);
	struct writer data = writer_of(g->data, DATA);
	const struct dimse_message *m = &g->m;

	dimse_gather(reader_of(in, true), &command, &data, &g->m);
	check_inside(m->command, slice_of(g->command, command.len));
	check_inside(m->data, slice_of(g->data, data.len));
	check_inside(m->sop_class, slice_of(g->command, command.len));
	CHECK(m->command.len + m->data.len <= in.len);
	CHECK((m->end == DIMSE_ERROR) == (m->error != NULL));
	CHECK(m->end != DIMSE_PARTIAL || m->need > in.len);
	CHECK(m->end != DIMSE_WHOLE || m->command_whole);
	CHECK(m->command_whole || m->data.len == 0);
}

/* True if no PDU is longer than what is there. */
static bool is_whole(struct slice in)
{
	struct reader stream = reader_of(in, false);
	struct pdu pdu;

	while (reader_left(&stream) > 0)
		if (!pdu_next(&stream, &pdu))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gathered whole, part;
	struct slice in;
	size_t cut;

	if (size < 2)
		return 0;
	in = slice_of(data + 2, size - 2);
	cut = (size_t)(data[0] << 8 | data[1]) % (in.len + 1);
	gather(in, &whole);
	gather(slice_of(in.ptr, cut), &part);
	/* What was there early is the beginning of what comes. */
	if (whole.m.end == DIMSE_ERROR)
		return 0;
	CHECK(part.m.end == DIMSE_PARTIAL || part.m.end == whole.m.end);
	CHECK(part.m.data.len <= whole.m.data.len);
	CHECK(slice_equal(part.m.data, slice_head(whole.m.data, part.m.data.len)));
	CHECK(!part.m.command_whole || (part.m.command_field == whole.m.command_field &&
					slice_equal(part.m.command, whole.m.command)));
	/* Waiting for <need> bytes does not wait for what never comes. */
	CHECK(part.m.end != DIMSE_PARTIAL || whole.m.end != DIMSE_WHOLE ||
	      !is_whole(in) || part.m.need <= in.len);
	return 0;
}
