# SPDX-License-Identifier: MIT
# DCMTK's dicom.dic -> rows of struct dict_attribute, to be sorted by keyword.
# Repeating groups, which are ranges of tags, have no tag of their own: left out.
# Needs dict_vr.awk.
/^\(/ && $1 !~ /-/ {
	tag = toupper(substr($1, 2, 4) substr($1, 7, 4))
	if (!seen[$3]++)
		printf "{\"%s\", 0x%s, \"%s\"},\n", $3, tag, standard_vr($2)
}
