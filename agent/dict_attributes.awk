# SPDX-License-Identifier: MIT
# DCMTK's dicom.dic -> rows of struct dict_attribute, to be sorted by keyword.
# Repeating groups, which are ranges of tags, have no tag of their own: left out.
/^\(/ && $1 !~ /-/ {
	tag = substr($1, 2, 4) substr($1, 7, 4)
	vr = $2
	# DCMTK's names for VRs that depend on the context (dcvr.h)
	if (vr == "xs") vr = "US"
	else if (vr == "lt" || vr == "ox" || vr == "px") vr = "OW"
	else if (vr == "up") vr = "UL"
	else if (vr == "na") vr = "UN"
	if (!seen[$3]++)
		printf "{\"%s\", 0x%s, \"%s\"},\n", $3, tag, vr
}
