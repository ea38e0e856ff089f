/* SPDX-License-Identifier: MIT */
/* What the policy's language refuses: each error, its line and column, and what it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy_of.h"
#include "quoted.h"
#include "base/wildcard.h"

static struct report report;

/* All entries, without the file's name and the word "error", a line each. */
static const char *entries(const char *path)
{
	static char text[256 * 1024];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < report.n; i++) {
		const char *entry = report.entries[i].text,
			   *kind = strstr(entry, " error: ");

		if (strncmp(entry, path, strlen(path)) != 0)
			fail_msg("%s", entry);
		entry += strlen(path) + 1;
		if (kind)
			len += (size_t)sprintf(text + len, "%.*s", (int)(kind - entry),
					       entry);
		len += (size_t)sprintf(text + len, "%s%s", kind ? kind + 7 : entry,
				       i + 1 < report.n ? "\n" : "");
	}
	return text;
}

/* Refused, with just these errors, in which * and ? are wildcards. */
static void refused(const char *json, const char *errors)
{
	char path[32];
	const char *found;
	struct policy *p = policy_from(quoted(json), path, &report);

	found = entries(path);
	if (p || !wildcard_matches(quoted(errors), slice_str(found)))
		fail_msg("%s\n%s\nexpected\n%s", json, p ? "is taken" : found, errors);
	report_clear(&report);
}

#define WITH(member)  "{'rules': [], " member "}"
#define RULE(members) "{'rules': [{'name': 'r', " members "}]}"
#define POOL(members) RULE("'backend': 'b', " members)
#define IF(member)    POOL("'if': {" member "}")

static const struct {
	const char *json, *errors;
} wrong[] = {
	{"", "1:0: ?[? or ?{? expected near end of file"},
	{"{'rules': [}", "1:12: unexpected token near ?}?"},
	{WITH("'rules': []"), "1:21: duplicate object key near ??rules??"},
	{"{'rules': []} x", "1:15: end of file expected near ?x?"},
	{"[]", "1:1: document: expected an object with 'rules', found a list"},
	{"{}", "1:1: document: expected a list 'rules'"},
	{"{'rules': {}}", "1:11: rules: expected a list of rules, found an object"},
	{WITH("'rule': []"), "1:15: rule: unknown member 'rule', did you mean 'rules'? "
			     "Allowed: $schema rules default "
			     "lists export negotiate pools"},
	{WITH("'': []"), "1:15: : unknown member ''; allowed: $schema rules default "
			 "lists export negotiate pools"},
	{WITH("'default negotiate': {}"), "1:15: default negotiate: unknown member "
					  "'default negotiate'; allowed: $schema rules "
					  "default lists export negotiate pools"},
	{"{'rules': [1]}", "1:12: rules[0]: expected an object, a rule, found a number"},
	{"{'rules': [{}]}",
	 "1:12: rules[0]: a rule needs a 'name': the log tells which one has matched\n"
	 "1:12: rules[0]: expected either 'backend' or 'reject'"},
	{"{'rules': [{'name': '', 'backend': 'b'}]}",
	 "1:21: rules[0].name: expected a string that is not empty, found ''"},
	{"{'rules': [{'name': 7, 'backend': 'b'}]}",
	 "1:21: rules[0].name: expected a string that is not empty, found a number"},
	{"{'rules': [{'name': 'r'}]}",
	 "1:12: rules[0]: expected either 'backend' or 'reject'"},
	{"{'rules': [{'name': 'a\\\"b', 'backend': 'b'}]}",
	 "1:21: rules[0].name: a name has at most 128 bytes, and no quote, backslash or "
	 "control "
	 "character"},
	{"{'rules': [{'name': 'a\\nb', 'backend': 'b'}]}",
	 "1:21: rules[0].name: a name has at most 128 bytes, and no quote, backslash or "
	 "control "
	 "character"},
	{"{'rules': [{'name': 'a\\\\b', 'backend': 'b'}]}",
	 "1:21: rules[0].name: a name has at most 128 bytes, and no quote, backslash or "
	 "control "
	 "character"},
	{POOL("'reject': 'no-reason-given'"),
	 "1:12: rules[0]: expected either 'backend' or 'reject'"},
	{RULE("'reject': 'tired'"), "1:36: rules[0].reject: 'tired' is no reason to "
				    "reject; expected one of: no-reason-given, "
				    "application-*exceeded"},
	{RULE("'reject': 'no-reason-gven'"),
	 "1:36: rules[0].reject: 'no-reason-gven' is no reason to reject, did you mean "
	 "'no-reason-given'?; expected one of: no-reason-given, application-*exceeded"},
	{RULE("'reject': 1"),
	 "1:36: rules[0].reject: expected a string that is not empty, found a number"},
	{RULE("'reject': 'no-reason-given', 'result': 'maybe'"),
	 "1:65: rules[0].result: expected 'permanent' or 'transient', found 'maybe'"},
	{RULE("'reject': 'no-reason-given', 'result': 1"),
	 "1:65: rules[0].result: expected a string that is not empty, found a number"},
	{RULE("'reject': 'no-reason-given', 'key': 'Rows', 'called_ae': 'A', "
	      "'calling_ae': 'B'"),
	 "1:55: rules[0].key: 'key' means nothing to what is rejected\n"
	 "1:70: rules[0].called_ae: 'called_ae' means nothing to what is rejected\n"
	 "1:88: rules[0].calling_ae: 'calling_ae' means nothing to what is rejected"},
	{POOL("'result': 'permanent'"),
	 "1:42: rules[0].result: 'result' means nothing without 'reject'"},
	{RULE("'backend': 'a b'"),
	 "1:37: rules[0].backend: 'a b' cannot be the name of a backend of HAProxy"},
	{RULE("'backend': ''"),
	 "1:37: rules[0].backend: expected a string that is not empty, found ''"},
	{RULE("'backend': 7"),
	 "1:37: rules[0].backend: expected a string that is not empty, found a number"},
	{RULE("'backend': []"), "1:37: rules[0].backend: expected 1 to 8 pools, found 0"},
	{RULE("'backend': [1,2,3,4,5,6,7,8,9]"),
	 "1:37: rules[0].backend: expected 1 to 8 pools, found 9"},
	{RULE("'backend': ['b', ['c'], '', 'b', 'd e']"),
	 "1:43: rules[0].backend[1]: expected a string that is not empty, found a list\n"
	 "1:50: rules[0].backend[2]: expected a string that is not empty, found ''\n"
	 "1:54: rules[0].backend[3]: 'b' has been named before\n"
	 "1:59: rules[0].backend[4]: 'd e' cannot be the name of a backend of HAProxy"},
	{POOL("'when': {}"), "1:42: rules[0].when: unknown member 'when'; allowed: name "
			     "if backend reject result key "
			     "called_ae calling_ae"},
	{POOL("'called_ae': 'SEVENTEEN_LETTERS'"),
	 "1:55: rules[0].called_ae: 'SEVENTEEN_LETTERS' is not an AE title: "
	 "expected 1 to 16 characters of ASCII, no backslash or control character, not "
	 "only spaces"},
	{POOL("'called_ae': '  '"),
	 "1:55: rules[0].called_ae: '  ' is not an AE title: expected*"},
	{POOL("'calling_ae': 'A\\\\B'"),
	 "1:56: rules[0].calling_ae: 'A\\B' is not an AE title: expected*"},
	{POOL("'calling_ae': 'Ä'"),
	 "1:56: rules[0].calling_ae: 'Ä' is not an AE title: expected*"},
	{POOL("'calling_ae': 7"), "1:56: rules[0].calling_ae: expected a string that is "
				  "not empty, found a number"},
	{POOL("'key': 'Nothing'"),
	 "1:49: rules[0].key: 'Nothing': not an attribute: expected a keyword*"},
	{POOL("'key': 'any'"),
	 "1:49: rules[0].key: 'any': not an attribute: expected a keyword*"},
	{POOL("'key': 'PixelData'"),
	 "1:49: rules[0].key: an attribute of VR OW has no value to use here"},
	{POOL("'key': ['Modality', 'RequestAttributesSequence']"),
	 "1:62: rules[0].key[1]: an attribute of VR SQ has no value to use here"},
	{POOL("'key': []"), "1:49: rules[0].key: an empty list names no attribute"},
	{POOL("'key': [1]"),
	 "1:50: rules[0].key[0]: expected the name of an attribute, found a number"},
	{POOL("'key': null"),
	 "1:49: rules[0].key: expected the name of an attribute, found null"},
	{RULE("'backend': 'b'}, {'name': 'r', 'backend': 'c'"),
	 "1:52: rules[1].name: two rules have the name 'r'"},
	{POOL("'if': []"),
	 "1:48: rules[0].if: expected an object of conditions, found a list"},
	{IF("'Modalty': 'CT'"), "1:49: rules[0].if.Modalty: 'Modalty': not an attribute, "
				"did you mean 'Modality'?"},
	{IF("'MODALITY': 'CT'"), "1:49: rules[0].if.MODALITY: 'MODALITY': not an "
				 "attribute, did you mean 'Modality'?"},
	{IF("'an': []"),
	 "1:49: rules[0].if.an: 'an': not an attribute, did you mean 'any'?"},
	{IF("'Nonsense': 'CT'"),
	 "1:49: rules[0].if.Nonsense: 'Nonsense': not an attribute: expected a keyword*"},
	{IF("'': 'CT'"), "1:49: rules[0].if.: '': not an attribute: expected a keyword*"},
	{IF("'(0008,0060': 'CT'"),
	 "1:49: rules[0].if.(0008,0060: '(0008,0060': a parenthesis is not closed"},
	{IF("'(0009,ACME,01': '1.2'"),
	 "1:49: rules[0].if.(0009,ACME,01: '(0009,ACME,01': a parenthesis is not closed"},
	{IF("'(0008)': 'CT'"),
	 "1:49: rules[0].if.(0008): '(0008)': expected (gggg,eeee) or (gggg,CREATOR,ee)"},
	{IF("'(0x08,0060)': 'CT'"), "1:49: rules[0].if.(0x08,0060): '(0x08,0060)': "
				    "expected (gggg,eeee) or (gggg,CREATOR,ee)"},
	{IF("'( 008,0060)': 'CT'"), "1:49: rules[0].if.( 008,0060): '( 008,0060)': "
				    "expected (gggg,eeee) or (gggg,CREATOR,ee)"},
	{IF("'(-008,0060)': 'CT'"), "1:49: rules[0].if.(-008,0060): '(-008,0060)': "
				    "expected (gggg,eeee) or (gggg,CREATOR,ee)"},
	{IF("'(0009,A,+1)': 'CT'"), "1:49: rules[0].if.(0009,A,+1): '(0009,A,+1)': "
				    "expected (gggg,eeee) or (gggg,CREATOR,ee)"},
	{IF("'(0008,00600)': 'CT'"), "1:49: rules[0].if.(0008,00600): '(0008,00600)': "
				     "expected (gggg,eeee) or (gggg,CREATOR,ee)"},
	{IF("'(0028,ACME,01)': 'CT'"),
	 "1:49: rules[0].if.(0028,ACME,01): '(0028,ACME,01)': private attributes have "
	 "odd groups"},
	{IF("'(0029,,01)': 'CT'"), "1:49: rules[0].if.(0029,,01): '(0029,,01)': a "
				   "private attribute needs its creator"},
	{IF("'(0029,ACME,001)': 'CT'"),
	 "1:49: rules[0].if.(0029,ACME,001): '(0029,ACME,001)': expected (gggg,eeee) or "
	 "(gggg,CREATOR,ee)"},
	{IF("'(0002,0010)': '1.2'"), "1:49: rules[0].if.(0002,0010): '(0002,0010)': is "
				     "in the header of files, which no "
				     "association carries"},
	{IF("'MediaStorageSOPClassUID': '1.2'"),
	 "1:49: rules[0].if.MediaStorageSOPClassUID: 'MediaStorageSOPClassUID': is in "
	 "the header of "
	 "files, which no association carries"},
	{IF("'Modality.PatientID': '1.2'"),
	 "1:49: rules[0].if.Modality.PatientID: 'Modality.PatientID': only what is in a "
	 "sequence "
	 "(VR SQ) has a path"},
	{IF("'RequestAttributesSequence.': '1.2'"),
	 "1:49: rules[0].if.RequestAttributesSequence.: 'RequestAttributesSequence.': "
	 "not an "
	 "attribute: expected a keyword*"},
	{IF("'RequestAttributesSequence[x].PatientID': '1.2'"),
	 "1:49: rules[0].if.RequestAttributesSequence[x].PatientID: "
	 "'RequestAttributesSequence[x].PatientID': expected the number of an item, from "
	 "0: "
	 "Sequence[0]"},
	{IF("'RequestAttributesSequence[-1].PatientID': '1.2'"),
	 "1:49: rules[0].if.RequestAttributesSequence[-1].PatientID: "
	 "'RequestAttributesSequence[-1].PatientID': expected the number of an item, "
	 "from 0: "
	 "Sequence[0]"},
	{IF("'RequestAttributesSequence[99999].PatientID': '1.2'"),
	 "1:49: rules[0].if.RequestAttributesSequence[99999].PatientID: "
	 "'RequestAttributesSequence[99999].PatientID': expected the number of an item, "
	 "from 0: "
	 "Sequence[0]"},
	{IF("'RequestAttributesSequence[0': '1.2'"),
	 "1:49: rules[0].if.RequestAttributesSequence[0: 'RequestAttributesSequence[0': "
	 "expected "
	 "the number of an item, from 0: Sequence[0]"},
	{IF("'RequestAttributesSequence[0]': {'present': true}"),
	 "1:49: rules[0].if.RequestAttributesSequence[0]: "
	 "'RequestAttributesSequence[0]': an item "
	 "alone is no attribute: expected a dot and an attribute"},
	{IF("'RequestAttributesSequence[0]x': '1.2'"),
	 "1:49: rules[0].if.RequestAttributesSequence[0]x: "
	 "'RequestAttributesSequence[0]x': "
	 "expected a dot and the next attribute"},
	{IF("'RequestAttributesSequence[0].PatientID[0]': '1.2'"),
	 "1:49: rules[0].if.RequestAttributesSequence[0].PatientID[0]: "
	 "'RequestAttributesSequence[0].PatientID[0]': an item alone is no attribute: "
	 "expected a "
	 "dot and an attribute"},
	{IF("'(0008,0060)x': '1.2'"), "1:49: rules[0].if.(0008,0060)x: '(0008,0060)x': "
				      "expected a dot and the next attribute"},
	{IF("'CallingAETitle.PatientID': '1.2'"),
	 "1:49: rules[0].if.CallingAETitle.PatientID: 'CallingAETitle.PatientID': not an "
	 "attribute, "
	 "did you mean 'CallingAETitle'?"},
	{IF("'Modality': true"),
	 "1:61: rules[0].if.Modality: expected a string or a number, found true"},
	{IF("'Modality': 1.5"),
	 "1:61: rules[0].if.Modality: Modality is compared as text: expected a string"},
	{IF("'Modality': null"),
	 "1:61: rules[0].if.Modality: expected a string or a number, found null"},
	{IF("'Modality': []"),
	 "1:61: rules[0].if.Modality: an empty list can match nothing"},
	{IF("'Modality': ['CT', {}]"),
	 "1:68: rules[0].if.Modality[1]: expected a string or a number, found an object"},
	{IF("'Modality': {}"), "1:61: rules[0].if.Modality: expected a test, with one or "
			       "more of: is in regex *"},
	{IF("'Modality': {'si': 'CT'}"), "1:62: rules[0].if.Modality.si: unknown member "
					 "'si', did you mean 'is'? Allowed: is in "
					 "regex *"},
	{IF("'Modality': {'present': 1}"),
	 "1:73: rules[0].if.Modality.present: expected true or false, found a number"},
	{IF("'Modality': {'present': true, 'is': 'CT'}"),
	 "1:61: rules[0].if.Modality: 'present' stands alone"},
	{IF("'Modality': {'empty': 'yes'}"),
	 "1:71: rules[0].if.Modality.empty: expected true or false, found 'yes'"},
	{IF("'Modality': {'empty': true, 'present': true}"),
	 "1:61: rules[0].if.Modality: 'present' stands alone"},
	{IF("'Modality': {'is': {}}"),
	 "1:68: rules[0].if.Modality.is: expected a string or a number, found an object"},
	{IF("'Modality': {'in': 'x'}"),
	 "1:68: rules[0].if.Modality.in: there is no list 'x' in 'lists'"},
	{IF("'Modality': {'in': []}"),
	 "1:68: rules[0].if.Modality.in: an empty list names no list"},
	{IF("'Modality': {'in': [1]}"), "1:69: rules[0].if.Modality.in[0]: expected the "
					"name of a list in 'lists', found a number"},
	{"{'rules': [{'name': 'r', 'backend': 'b', 'if': {'Modality': {'in': "
	 "['lst']}}}], 'lists': {'list': ['a']}}",
	 "1:69: rules[0].if.Modality.in[0]: there is no list 'lst', did you mean "
	 "'list'?"},
	{IF("'Modality': {'regex': 1}"), "1:71: rules[0].if.Modality.regex: expected a "
					 "regular expression (a string), found a number"},
	{IF("'Modality': {'regex': '(a'}"),
	 "1:71: rules[0].if.Modality.regex: not a regular expression: missing closing "
	 "parenthesis "
	 "at character 3"},
	{IF("'Modality': {'ignore_case': true}"),
	 "1:61: rules[0].if.Modality: expected a test, with one or more of: is in regex "
	 "*"},
	{IF("'Modality': {'ignore_case': false}"),
	 "1:61: rules[0].if.Modality: expected a test, with one or more of: is in regex "
	 "*"},
	{IF("'Modality': {'is': 'a', 'ignore_case': 1}"),
	 "1:88: rules[0].if.Modality.ignore_case: expected true or false, found a "
	 "number"},
	{IF("'Modality': {'from': 1}"), "1:62: rules[0].if.Modality.from: 'from' needs "
					"an attribute that is a number, a date, a "
					"time or an age"},
	{IF("'InstitutionName': {'from': 1, 'to': 2}"),
	 "1:69: rules[0].if.InstitutionName.from: 'from' needs an attribute that is a "
	 "number, a "
	 "date, a time or an age\n"
	 "1:80: rules[0].if.InstitutionName.to: 'to' needs an attribute that is a "
	 "number, a date, a "
	 "time or an age"},
	{"{'rules': [{'name': 'default', 'backend': 'b'}]}",
	 "1:21: rules[0].name: 'default' is what the log calls the outcome when no rule "
	 "matches"},
	{IF("'Rows': ['512', '51?', '', '5l2']"),
	 "1:76: rules[0].if.Rows[3]: '5l2' is no number, as Rows has"},
	{IF("'Rows': {'from': 'x'}"),
	 "1:66: rules[0].if.Rows.from: expected a number, found 'x'"},
	{IF("'Rows': {'from': true}"),
	 "1:66: rules[0].if.Rows.from: expected a number, found true"},
	{IF("'Rows': {'from': 2, 'to': 1}"),
	 "1:57: rules[0].if.Rows: 'from' is behind 'to': nothing can match"},
	{IF("'Rows': {'older_than': '1 day'}"),
	 "1:72: rules[0].if.Rows.older_than: only dates (VR DA, DT) have an age"},
	{IF("'Rows': {'from': 1, 'ignore_case': true}"),
	 "1:57: rules[0].if.Rows: 'ignore_case' needs one of: is in regex"},
	{IF("'StudyDate': {'from': '20261301'}"),
	 "1:71: rules[0].if.StudyDate.from: expected a date: YYYYMMDD or YYYY-MM-DD, "
	 "found '20261301'"},
	{IF("'StudyDate': {'from': 20260101}"),
	 "1:71: rules[0].if.StudyDate.from: expected a date: YYYYMMDD or YYYY-MM-DD, "
	 "found a number"},
	{IF("'StudyTime': {'to': '25:00'}"), "1:69: rules[0].if.StudyTime.to: expected a "
					     "time: HHMMSS or HH:MM:SS, found '25:00'"},
	{IF("'AcquisitionDateTime': {'to': 'now'}"),
	 "1:79: rules[0].if.AcquisitionDateTime.to: expected a date and time: "
	 "YYYYMMDDHHMMSS or "
	 "YYYY-MM-DDTHH:MM:SS, found 'now'"},
	{IF("'PatientAge': {'to': '18'}"),
	 "1:70: rules[0].if.PatientAge.to: expected an age: 018M, 45Y, found '18'"},
	{IF("'StudyDate': {'older_than': 'a day'}"),
	 "1:77: rules[0].if.StudyDate.older_than: expected a span of time: '5 years', "
	 "'30 days', "
	 "found 'a day'"},
	{IF("'StudyDate': {'newer_than': 5}"),
	 "1:77: rules[0].if.StudyDate.newer_than: expected a span of time: '5 years', "
	 "'30 days', "
	 "found a number"},
	{IF("'StudyTime': {'newer_than': '5 hours'}"),
	 "1:77: rules[0].if.StudyTime.newer_than: only dates (VR DA, DT) have an age"},
	{IF("'ImageType': 'A\\\\B'"), "1:62: rules[0].if.ImageType: 'A\\B' has a "
				      "backslash, which separates values: each is "
				      "compared by itself"},
	{IF("'PixelData': 'x'"), "1:62: rules[0].if.PixelData: an attribute of VR OW has "
				 "no value to compare; only "
				 "{'present': ...} and {'empty': ...}"},
	{IF("'RequestAttributesSequence': 'x'"),
	 "1:78: rules[0].if.RequestAttributesSequence: an attribute of VR SQ has no "
	 "value to "
	 "compare; only {'present': ...} and {'empty': ...}"},
	{IF("'SOPClassUID': 'CTImagStorage'"),
	 "1:64: rules[0].if.SOPClassUID: 'CTImagStorage' is neither a UID nor the "
	 "keyword of one, "
	 "did you mean 'CTImageStorage'?"},
	{IF("'SOPClassUID': 'Nonsense'"), "1:64: rules[0].if.SOPClassUID: 'Nonsense' is "
					  "neither a UID nor the keyword of one"},
	{IF("'SOPClassUID': '@stuff'"), "1:64: rules[0].if.SOPClassUID: there is no "
					"group '@stuff' for SOPClassUID; expected one "
					"of: @storage @non-patient @verification @query-retrieve "
					"@worklist @mpps @storage-commitment @print"},
	{IF("'SOPClassUID': '@lossy'"), "1:64: rules[0].if.SOPClassUID: there is no "
					"group '@lossy' for SOPClassUID; expected one "
					"of: @storage @non-patient @verification @query-retrieve "
					"@worklist @mpps @storage-commitment @print"},
	{IF("'TransferSyntaxUID': '@storage'"),
	 "1:70: rules[0].if.TransferSyntaxUID: there is no group '@storage' for "
	 "TransferSyntaxUID; "
	 "expected one of: @uncompressed @compressed @lossless @lossy"},
	{IF("'ClientAddress': 'localhost'"),
	 "1:66: rules[0].if.ClientAddress: 'localhost' is no address and no network: "
	 "expected 10.1*"},
	{IF("'ClientAddress': '10.0.0.1/8'"),
	 "1:66: rules[0].if.ClientAddress: '10.0.0.1/8' has bits set behind its prefix; "
	 "the network "
	 "itself was expected"},
	{IF("'ClientAddress': 10"), "1:66: rules[0].if.ClientAddress: '10' is no address "
				    "and no network: expected 10.1*"},
	{IF("'any': {}"), "1:56: rules[0].if.any: expected a list of conditions that is "
			  "not empty, found an object"},
	{IF("'any': []"), "1:56: rules[0].if.any: expected a list of conditions that is "
			  "not empty, found a list"},
	{IF("'all': [{}, {'Nope': 1}]"),
	 "1:62: rules[0].if.all[1].Nope: 'Nope': not an attribute: expected a keyword*"},
	{IF("'not': [{}]"),
	 "1:56: rules[0].if.not: expected an object of conditions, found a list"},
	{IF("'not': {'not': {'any': [{'X': 1}]}}"),
	 "1:74: rules[0].if.not.not.any[0].X: 'X': not an attribute: expected a "
	 "keyword*"},
	{IF("'sample': 10"), "1:59: rules[0].if.sample: expected {'percent': 10, 'by': "
			     "'PatientID'}, found a number"},
	{IF("'sample': {}"), "1:59: rules[0].if.sample.percent: expected a number from 0 "
			     "to 100, found nothing\n"
			     "1:59: rules[0].if.sample.by: expected the attribute whose "
			     "value chooses, or a list, found "
			     "nothing"},
	{IF("'sample': {'percent': 101, 'by': 'PatientID'}"),
	 "1:71: rules[0].if.sample.percent: expected a number from 0 to 100, found a "
	 "number"},
	{IF("'sample': {'percent': -1, 'by': []}"),
	 "1:71: rules[0].if.sample.percent: expected a number from 0 to 100, found a "
	 "number\n"
	 "1:81: rules[0].if.sample.by: an empty list names no attribute"},
	{IF("'sample': {'percent': '5', 'by': 'PatientID'}"),
	 "1:71: rules[0].if.sample.percent: expected a number from 0 to 100, found '5'"},
	{IF("'sample': {'percent': 5, 'by': 'PixelData', 'of': 1}"),
	 "1:80: rules[0].if.sample.by: an attribute of VR OW has no value to use here\n"
	 "1:93: rules[0].if.sample.of: unknown member 'of'; allowed: percent by"},
	{IF("'schedule': {}"), "1:61: rules[0].if.schedule: expected an object with one "
			       "or more of: from to weekdays, "
			       "found an object"},
	{IF("'schedule': '08:00'"), "1:61: rules[0].if.schedule: expected an object with "
				    "one or more of: from to weekdays, "
				    "found '08:00'"},
	{IF("'schedule': {'form': '08:00'}"),
	 "1:62: rules[0].if.schedule.form: unknown member 'form', did you mean 'from'? "
	 "Allowed: "
	 "from to weekdays"},
	{IF("'schedule': {'from': '8:00'}"), "1:70: rules[0].if.schedule.from: expected "
					     "a time of day, 'HH:MM', found '8:00'"},
	{IF("'schedule': {'from': '24:00'}"), "1:70: rules[0].if.schedule.from: expected "
					      "a time of day, 'HH:MM', found '24:00'"},
	{IF("'schedule': {'from': ' 8:00'}"), "1:70: rules[0].if.schedule.from: expected "
					      "a time of day, 'HH:MM', found ' 8:00'"},
	{IF("'schedule': {'from': '+8:+1'}"), "1:70: rules[0].if.schedule.from: expected "
					      "a time of day, 'HH:MM', found '+8:+1'"},
	{IF("'schedule': {'from': '12:60'}"), "1:70: rules[0].if.schedule.from: expected "
					      "a time of day, 'HH:MM', found '12:60'"},
	{IF("'schedule': {'from': '1:2:3'}"), "1:70: rules[0].if.schedule.from: expected "
					      "a time of day, 'HH:MM', found '1:2:3'"},
	{IF("'schedule': {'to': 8}"), "1:68: rules[0].if.schedule.to: expected a time of "
				      "day, 'HH:MM', found a number"},
	{IF("'schedule': {'from': '08:00', 'to': '08:00'}"),
	 "1:61: rules[0].if.schedule: 'from' and 'to' are the same time of day"},
	{IF("'schedule': {'weekdays': 'Monday'}"),
	 "1:74: rules[0].if.schedule.weekdays: expected a day or days of the week: "
	 "'Mon', "
	 "'Mon-Fri', found 'Monday'"},
	{IF("'schedule': {'weekdays': ['Mon', 'Tue-']}"),
	 "1:82: rules[0].if.schedule.weekdays[1]: expected a day or days of the week: "
	 "'Mon', "
	 "'Mon-Fri', found 'Tue-'"},
	{IF("'schedule': {'weekdays': []}"),
	 "1:74: rules[0].if.schedule.weekdays: an empty list has no day"},
	{IF("'schedule': {'weekdays': 1}"), "1:74: rules[0].if.schedule.weekdays: "
					    "expected a day or days of the week: 'Mon', "
					    "'Mon-Fri', found a number"},
	{WITH("'default': {}"), "1:26: default: expected either 'backend' or 'reject'"},
	{WITH("'default': 1"),
	 "1:26: default: expected an object, an outcome, found a number"},
	{WITH("'default': {'backend': 'b', 'name': 'd'}"),
	 "1:43: default.name: unknown member 'name'; allowed: backend reject result key "
	 "called_ae "
	 "calling_ae"},
	{WITH("'pools': {'p': {'archives': [{'address': 'a:1', 'called_ae': "
	      "'A\\\\B'}]}}"),
	 "1:76: pools.p.archives[0].called_ae: 'A\\B' is not an AE title: expected*"},
	{WITH("'pools': {'p': {'archives': [{'address': 'a:1', 'called_ae': "
	      "'Röntgen'}]}}"),
	 "1:76: pools.p.archives[0].called_ae: 'Röntgen' is not an AE title: expected*"},
	{WITH("'pools': {'p': {'archives': [{'address': 'a:1', 'calling_ae': ' '}]}}"),
	 "1:77: pools.p.archives[0].calling_ae: ' ' is not an AE title: expected*"},
	{WITH("'pools': {'p': {'archives': [{'address': 'a:1', 'calling_ae': "
	      "'A\\tB'}]}}"),
	 "1:77: pools.p.archives[0].calling_ae: 'A\tB' is not an AE title: expected*"},
	{WITH("'lists': []"),
	 "1:24: lists: expected an object with a list for each name, found a list"},
	{WITH("'lists': {'l': 'a'}"),
	 "1:30: lists.l: expected a list of values, or {'file': PATH}, found 'a'"},
	{WITH("'lists': {'l': {}}"),
	 "1:30: lists.l: expected a list of values, or {'file': PATH}, found an object"},
	{WITH("'lists': {'l': {'file': 1}}"),
	 "1:39: lists.l.file: expected a string that is not empty, found a number"},
	{WITH("'lists': {'l': {'file': ''}}"),
	 "1:39: lists.l.file: expected a string that is not empty, found ''"},
	{WITH("'lists': {'l': {'file': '/nowhere/list', 'line': 1}}"),
	 "1:39: lists.l.file: /nowhere/list: cannot be read: No such file or directory\n"
	 "1:56: lists.l.line: unknown member 'line', did you mean 'file'? Allowed: file"},
	{"{'rules': [{'name': 'r', 'backend': 'b', 'if': {'Modality': {'in': 'l'}}}], "
	 "'lists': {'l': ['a', true, 'c\\\\d', 1.5]}}",
	 "1:68: rules[0].if.Modality.in: list 'l', value 3: 'c\\d' has a backslash, "
	 "which separates values: each is compared by itself\n"
	 "1:68: rules[0].if.Modality.in: list 'l', value 4: Modality is compared as "
	 "text: expected a string\n"
	 "1:98: lists.l[1]: expected a string or a number, found true"},
	{WITH("'export': []"),
	 "1:25: export: expected an object: {'modality': 'Modality'}, found a list"},
	{WITH("'export': {'Modality': 'Modality'}"),
	 "1:26: export.Modality: 'Modality' cannot be a variable: expected a letter*40 "
	 "at most"},
	{WITH("'export': {'_a': 'Modality'}"),
	 "1:26: export._a: '_a' cannot be a variable: expected a letter*40 at most"},
	{WITH("'export': {'a234567890123456789012345678901234567890x': 'Modality'}"),
	 "1:26: export.a234567890123456789012345678901234567890x: "
	 "'a234567890123456789012345678901234567890x' cannot be a variable: expected a "
	 "letter*40 at "
	 "most"},
	{WITH("'export': {'verdict': 'Modality'}"),
	 "1:26: export.verdict: txn.dicom.verdict means something else already"},
	{WITH("'export': {'close_at': 'Modality'}"),
	 "1:26: export.close_at: txn.dicom.close_at means something else already"},
	{WITH("'export': {'a': 1}"),
	 "1:31: export.a: expected the name of an attribute, found a number"},
	{WITH("'export': {'a': 'Modalty'}"),
	 "1:31: export.a: 'Modalty': not an attribute, did you mean 'Modality'?"},
	{WITH("'export': {'a': 'PixelData'}"),
	 "1:31: export.a: an attribute of VR OW has no value to use here"},
	{IF("'Command': ['C-STORE', 'CSTORE', 'C-*']"),
	 "1:72: rules[0].if.Command[1]: 'CSTORE' is no command, did you mean 'C-STORE'?; "
	 "expected "
	 "C-STORE, C-FIND ..."},
	{IF("'CallingAETitle': 'SEVENTEEN_LETTERS'"),
	 "1:67: rules[0].if.CallingAETitle: 'SEVENTEEN_LETTERS' has more than 16 "
	 "characters, no AE "
	 "title has"},
	{WITH("'negotiate': []"), "1:28: negotiate: expected an object, found a list"},
	{WITH("'negotiate': {'syntaxes': []}"),
	 "1:29: negotiate.syntaxes: unknown member 'syntaxes'; allowed: "
	 "transfer_syntaxes "
	 "abstract_syntaxes maximum_length probe_seconds accept_while_down"},
	{WITH("'negotiate': {'transfer_syntaxes': '1.2'}"),
	 "1:50: negotiate.transfer_syntaxes: expected a list of UIDs or their keywords, "
	 "found '1.2'"},
	{WITH("'negotiate': {'transfer_syntaxes': []}"),
	 "1:50: negotiate.transfer_syntaxes: expected a list of UIDs or their keywords, "
	 "found a list"},
	{WITH("'negotiate': {'transfer_syntaxes': ['JPG']}"),
	 "1:51: negotiate.transfer_syntaxes[0]: 'JPG' is neither a UID nor the keyword "
	 "of one"},
	{WITH("'negotiate': {'transfer_syntaxes': ['CTImageStorage', 7]}"),
	 "1:51: negotiate.transfer_syntaxes[0]: CTImageStorage is no transfer syntax\n"
	 "1:69: negotiate.transfer_syntaxes[1]: expected a UID or its keyword, found a "
	 "number"},
	{WITH("'negotiate': {'abstract_syntaxes': ['JPEG2000Lossless']}"),
	 "1:51: negotiate.abstract_syntaxes[0]: JPEG2000Lossless is a transfer syntax"},
	{WITH("'negotiate': {'maximum_length': 4095}"),
	 "1:47: negotiate.maximum_length: expected a number of bytes from 4096 to "
	 "4294967295"},
	{WITH("'negotiate': {'maximum_length': 4294967296}"),
	 "1:47: negotiate.maximum_length: expected a number of bytes from 4096 to "
	 "4294967295"},
	{WITH("'negotiate': {'maximum_length': '16384'}"),
	 "1:47: negotiate.maximum_length: expected a number of bytes from 4096 to "
	 "4294967295"},
};

static void test_each(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(wrong[i].json, wrong[i].errors);
}

/* One run tells all that is wrong. */
static void test_several(void **state)
{
	refused("{\n"
		"  'lists': {'wards': ['A', 'B']},\n"
		"  'rules': [\n"
		"    {'name': 'a', 'if': {'Modalty': 'CT', 'Rows': {'from': 'x'}}, "
		"'backend': 'b'},\n"
		"    {'name': 'b', 'if': {'PatientID': {'in': 'ward'}}},\n"
		"\t{'name': 'Rö', 'if': {'any': [{'not': {'X': 1}}, {}]}, 'backend': "
		"'b!',\n"
		"     'key': 'Y'},\n"
		"    {'name': 'a', 'backend': 'b'}\n"
		"  ],\n"
		"  'default': {'backend': 'b', 'reject': 'no-reason-given'},\n"
		"  'export': {'x': 'PatientNme'},\n"
		"  'negotiate': {'maximum_length': 1}\n"
		"}\n",
		"4:26: rules[0].if.Modalty: 'Modalty': not an attribute, did you mean "
		"'Modality'?\n"
		"4:60: rules[0].if.Rows.from: expected a number, found 'x'\n"
		"5:5: rules[1]: expected either 'backend' or 'reject'\n"
		"5:46: rules[1].if.PatientID.in: there is no list 'ward', did you mean "
		"'wards'?\n"
		"6:41: rules[2].if.any[0].not.X: 'X': not an attribute: *\n"
		"6:68: rules[2].backend: 'b!' cannot be *\n"
		"7:13: rules[2].key: 'Y': not an attribute: *\n"
		"8:14: rules[3].name: two rules have the name 'a'\n"
		"10:14: default: expected either 'backend' or 'reject'\n"
		"11:19: export.x: 'PatientNme': not an attribute, did you mean "
		"'PatientName'?\n"
		"12:35: negotiate.maximum_length: expected a number *");
}

/* All are counted, the first ones are kept. */
static void test_many(void **state)
{
	enum { RULES = 300 };
	static char json[RULES * 64];
	char path[32];
	size_t len = (size_t)sprintf(json, "{\"rules\": [\n");

	for (int i = 0; i < RULES; i++)
		len += (size_t)sprintf(json + len,
				       "%s{\"name\": \"%d\", \"backend\": 7}\n",
				       i ? "," : "", i);
	strcpy(json + len, "], \"lists\": {\"unused\": []}}");
	assert_null(policy_from(json, path, &report));
	assert_int_equal(report.errors, RULES);
	assert_int_equal(report.n, REPORT_MAX);
	for (unsigned i = 0; i < REPORT_MAX; i++) {
		char start[64];

		snprintf(start, sizeof(start), "%s:%u:", path, i + 2);
		assert_int_equal(strncmp(report.entries[i].text, start, strlen(start)),
				 0);
		assert_false(report.entries[i].warning);
	}
	/* what is wrong is not also warned of */
	assert_int_equal(report.warnings, 0);
	report_clear(&report);
	assert_int_equal(report.n + report.errors + report.warnings, 0);
}

static void test_warnings(void **state)
{
	char path[32];
	struct policy *p = policy_from(
		quoted("{'rules': [], 'lists': {'b': ['x'],\n'a': []}}"), path, &report);

	assert_non_null(p);
	policy_free(p);
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.warnings, 2);
	assert_true(report.entries[0].warning && report.entries[1].warning);
	assert_string_equal(entries(path),
			    "1:25: warning: lists.b: no rule uses this list\n"
			    "2:1: warning: lists.a: no rule uses this list");
	report_clear(&report);
}

static void test_files(void **state)
{
	static const struct {
		const char *path, *error;
	} cases[] = {
		{"/nowhere/policy.json", "/nowhere/policy.json: error: cannot be read: "
					 "No such file or directory"},
		{"/tmp", "/tmp: error: cannot be read: Is a directory"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct files files = {0};

		assert_null(policy_file_load(cases[i].path, &report, &files, NULL));
		assert_int_equal(report.n, 1);
		assert_string_equal(report.entries[0].text, cases[i].error);
		/* it is watched all the same: it may come */
		assert_int_equal(files.n, 1);
		assert_string_equal(files.list[0].path, cases[i].path);
		report_clear(&report);
		files_forget(&files);
	}
}

/* Places and values of any length are cut, not overrun. */
static void test_long_names(void **state)
{
	enum { LONG = 3000 };
	static char json[3 * LONG], name[LONG + 1];

	memset(name, 'x', LONG);
	name[LONG] = '\0';
	snprintf(json, sizeof(json), IF("'not': {'%s': {'%s': 1}}"), name, name);
	refused(json, "1:57: rules[0].if.not.xxx*x: 'xxx*");
	snprintf(json, sizeof(json), IF("'Modality': {'%s': 1}"), name);
	refused(json, "1:62: rules[0].if.Modality.xxx*x: unknown member 'xxx*");
	snprintf(json, sizeof(json), IF("'SOPClassUID': '%s'"), name);
	refused(json, "1:64: rules[0].if.SOPClassUID: 'xxx*x' is neither a UID *");
	snprintf(json, sizeof(json), RULE("'backend': '%s'"), name);
	refused(json, "1:37: rules[0].backend: 'xxx*");
	snprintf(json, sizeof(json), "{'rules': [{'name': '%s', 'backend': 'b'}]}", name);
	refused(json, "1:21: rules[0].name: a name has at most 128 bytes*");
}

static const char *nested(unsigned depth)
{
	static char json[64 * 1024];
	size_t len =
		(size_t)sprintf(json, "{'rules': [{'name': 'r', 'backend': 'b', 'if': {");

	for (unsigned i = 0; i < depth; i++)
		len += (size_t)sprintf(json + len, i % 2 ? "'any': [{" : "'not': {");
	for (unsigned i = depth; i > 0; i--)
		len += (size_t)sprintf(json + len, i % 2 ? "}" : "}]");
	strcpy(json + len, "}}]}");
	return json;
}

static void test_deep_nesting(void **state)
{
	char path[32];
	struct policy *p = policy_from(quoted(nested(32)), path, &report);

	assert_non_null(p);
	policy_free(p);
	refused(nested(33), "1:328: rules[0].if.not.any[0].*.not: conditions are nested "
			    "more than 32 deep");
	refused(nested(600),
		"1:328: rules[0].*: conditions are nested more than 32 deep");
	/* deeper than JSON is read */
	refused(nested(4000), "*maximum parsing depth reached*");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),         cmocka_unit_test(test_several),
		cmocka_unit_test(test_many),         cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_files),        cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_deep_nesting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
