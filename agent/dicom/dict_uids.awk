# SPDX-License-Identifier: MIT
# DCMTK's dcuid.h -> rows of struct dict_uid (by=uid, sorted by UID) or of
# struct dict_uid_name (by=name, sorted by name in lower case).  A UID is known by
# DCMTK's name, by the name in the comment above it, and by its PS3.6 keyword
# where that can be derived.  The name of a retired UID without RETIRED_ is its own only
# if no other UID has it.
function emit(name) {
	if (name != "" && !seen[tolower(name)]++)
		printf "{\"%s\", \"%s\"},\n", tolower(name), uid
}
BEGIN {
	# PS3.6 Table A-1 keywords that neither DCMTK's name nor its comment gives
	keyword["1.2.840.10008.1.2.4.50"] = "JPEGBaseline8Bit"
	keyword["1.2.840.10008.1.2.4.51"] = "JPEGExtended12Bit"
	keyword["1.2.840.10008.1.2.4.57"] = "JPEGLossless"
	keyword["1.2.840.10008.1.2.4.70"] = "JPEGLosslessSV1"
	keyword["1.2.840.10008.1.2.4.81"] = "JPEGLSNearLossless"
	keyword["1.2.840.10008.1.2.4.90"] = "JPEG2000Lossless"
}
/^\/\/\/ / { comment = substr($0, 5); next }
/^#define UID_/ && $3 ~ /^"[0-9.]+[0-9]"/ {
	uid = $3
	gsub(/"/, "", uid)
	name = substr($2, 5)
	kind = "DICT_OTHER"
	if (name ~ /TransferSyntax$/ && name !~ /^LDAP_/)
		kind = "DICT_TRANSFER_SYNTAX"
	else if (name ~ /Storage(For(Presentation|Processing))?$/ && name != "MediaStorageDirectoryStorage")
		kind = "DICT_STORAGE"
	else if (name == "VerificationSOPClass")
		kind = "DICT_VERIFICATION"
	sub(/(TransferSyntax|SOPClass)$/, "", name)
	sub(/ - RETIRED.*|:.*/, "", comment)
	gsub(/[^A-Za-z0-9]/, "", comment)
	if (kind != "DICT_TRANSFER_SYNTAX")
		comment = ""
	best = uid in keyword ? keyword[uid] : (comment ~ /LittleEndian|BigEndian/ ? comment : name)
	if (by == "uid") {
		if (!seen[uid]++)
			printf "{\"%s\", \"%s\", %s},\n", uid, best, kind
	} else {
		emit(best); emit(name); emit(comment)
		plain = name
		sub(/^RETIRED_|^DRAFT_/, "", plain)
		if (plain != name) {
			late[++nlate] = plain
			late_uid[nlate] = uid
		} else
			emit(plain)
		if (match(plain, /^(FIND|MOVE|GET)/)) # FINDx is xFind in PS3.6
			emit(substr(plain, RLENGTH + 1) substr(plain, 1, RLENGTH))
	}
	comment = ""
}
END {
	for (i = 1; i <= nlate; i++) {
		uid = late_uid[i]
		emit(late[i])
		emit(late[i] "Retired") # as PS3.6 calls it beside its successor
	}
}
