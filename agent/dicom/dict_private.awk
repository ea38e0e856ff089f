# SPDX-License-Identifier: MIT
# DCMTK's private.dic -> rows of struct dict_private, to be sorted: creator, group, element.
# (gggg,"CREATOR",ee) and a range (gggg-o-gggg,"CREATOR",ee) of odd groups.  An element of
# four digits has a fixed place: it is taken if that is the first block that a creator can
# reserve, 10xx, and left out otherwise, since the same creator has other elements with the
# same last digits there.  Needs dict_vr.awk.
BEGIN { FS = "\t" }
/^\(/ && split($1, part, "\"") == 3 && part[2] !~ /\\/ {
	group = tolower(substr(part[1], 2, length(part[1]) - 2))
	element = tolower(substr(part[3], 2, length(part[3]) - 2))
	if (length(element) == 4 && element ~ /^10/)
		element = substr(element, 3)
	if (length(group) == 4)
		group = group "-o-" group
	first = substr(group, 1, 4)
	last = substr(group, 8)
	if (substr(group, 5, 3) != "-o-" || length(last) != 4 || length(element) != 2)
		next
	if (first last element !~ /[^0-9a-f]/ && !seen[part[2], first, element]++)
		printf "{\"%s\", 0x%s, 0x%s, 0x%s, \"%s\"},\n", part[2], first, last, element, standard_vr($2)
}
