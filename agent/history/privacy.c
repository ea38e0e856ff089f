/* SPDX-License-Identifier: MIT */
/* PS3.6; what PS3.15 table E.1-1 leaves as it is, or names a device */
#include "history/privacy.h"

static const uint32_t shown[] = {
	0x00000002, /* Affected SOP Class UID */
	0x00000100, /* Command Field */
	0x00000700, /* Priority */
	0x00080005, /* Specific Character Set */
	0x00080008, /* Image Type */
	0x00080016, /* SOP Class UID */
	0x00080052, /* Query/Retrieve Level */
	0x00080060, /* Modality */
	0x00080064, /* Conversion Type */
	0x00080070, /* Manufacturer */
	0x00081010, /* Station Name */
	0x00081090, /* Manufacturer's Model Name */
	0x00180015, /* Body Part Examined */
	0x00280002, /* Samples per Pixel */
	0x00280004, /* Photometric Interpretation */
	0x00280008, /* Number of Frames */
};

bool privacy_allows(const struct policy_attribute *a)
{
	if (a->source == POLICY_ASSOCIATION)
		return true;
	if (a->npath != 1 || a->path[0].creator)
		return false;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (a->path[0].tag == shown[i])
			return true;
	return false;
}
