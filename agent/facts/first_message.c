/* SPDX-License-Identifier: MIT */
#include "facts/first_message.h"
#include "dicom/dict.h"

void first_message_read(struct first_message *m, struct reader stream)
{
	struct writer command = writer_of(m->command, sizeof(m->command));
	struct writer data = writer_of(m->data, sizeof(m->data));

	dimse_gather(stream, &command, &data, &m->is);
}

bool first_message_data(struct first_message *m, struct slice transfer_syntax,
			struct facts_elements *elements)
{
	bool cut = m->is.end == DIMSE_PARTIAL;
	struct slice bytes = m->is.data;
	bool sound = true;

	if (slice_equal(transfer_syntax, slice_str(DICT_DEFLATED_EXPLICIT_VR_LE))) {
		struct writer out = writer_of(m->inflated, sizeof(m->inflated));

		sound = inflate_prefix(bytes, &out, m->inflate_arena, &cut);
		cut |= !sound;
		bytes = writer_slice(&out);
	}
	facts_elements_data_set(elements, bytes, dataset_syntax_encoding(transfer_syntax),
				cut);
	return sound;
}
