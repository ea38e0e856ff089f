# SPDX-License-Identifier: MIT
"""docs/policy.schema.json and dicom-spoa check are of one opinion: on the documents' policies, and on what becomes of a
policy with all members of the language if one is left out, added, or of the wrong type."""

import copy
import json
import os
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import pytest

import examples
from children import ROOT

with open(os.path.join(ROOT, "docs", "policy.schema.json"), encoding="utf-8") as _f:
    SCHEMA = json.load(_f)
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)

EVERYTHING = {
    "$schema": "policy.schema.json",
    "lists": {"inline": ["A", "B*"], "file": {"file": "list.txt"}, "spare": ["C"]},
    "export": {"modality": "Modality", "accession": "RequestAttributesSequence.AccessionNumber"},
    "negotiate": {"transfer_syntaxes": ["ExplicitVRLittleEndian", "1.2.840.10008.1.2"],
                  "abstract_syntaxes": ["1.2.3.4"], "maximum_length": 16384, "probe_seconds": 60,
                  "accept_while_down": False},
    "pools": {"b": {"accepts": [{"sop_classes": ["CTImageStorage", "@storage", "1.2.3"],
                                 "transfer_syntaxes": ["JPEG2000Lossless"]}], "maximum_length": 0,
                    "archives": [{"address": "127.0.0.1:104", "called_ae": "A", "calling_ae": "B"}],
                    "implementation_class_uid": "1.2", "implementation_version_name": "X", "extended": ["y"]}},
    "default": {"backend": "b", "key": "PatientID", "called_ae": "C", "calling_ae": "D"},
    "rules": [
        {"name": "text", "if": {"Modality": "CT", "StationName": ["A", "B"],
                                "InstitutionName": {"is": ["x"], "in": ["inline"], "regex": "y", "ignore_case": True},
                                "StudyDescription": {"in": "file"}}, "backend": "b"},
        {"name": "there", "if": {"not": {"PatientName": {"present": True}, "(0008,0060)": {"empty": False}}},
         "backend": "b", "key": ["PatientID", "(0029,SIEMENS CSA HEADER,08)"]},
        {"name": "numbers", "if": {"Rows": {"from": 1, "to": 5}, "SeriesNumber": 7}, "backend": "b", "called_ae": "A"},
        {"name": "dates", "if": {"any": [{"StudyDate": {"older_than": "5 years", "newer_than": "9 years"}},
                                         {"StudyDate": {"from": "2020", "to": "2024"}}]}, "reject": "no-reason-given"},
        {"name": "sample", "if": {"all": [{"sample": {"percent": 10, "by": ["PatientID"]}},
                                          {"sample": {"percent": 1.5, "by": "PatientID"}}]},
         "reject": "temporary-congestion", "result": "permanent"},
        {"name": "schedule", "if": {"schedule": {"from": "20:00", "to": "07:00", "weekdays": ["Mon-Fri", "Sun"]},
                                    "ReferencedStudySequence[0].ReferencedSOPInstanceUID": "1.2"}, "backend": "b"},
        {"name": "several", "backend": ["b", "c"]},
    ],
}

WRONG = (None, True, 0, "x", [], {})
# Where only the rest of the document, the dictionary or the attribute's VR can tell.
UNDECIDABLE = [
    lambda path, how: path[-2:-1] == ("lists",) and how == "left out" and path[-1] != "spare",
    lambda path, how: path == ("lists",) and how in ("left out", "{}"),
    lambda path, how: "in" in path and how == '"x"',  # no such list
    lambda path, how: path[-1] == "file" and how == '"x"',  # no such file
    lambda path, how: "StudyDate" in path and path[-1] in ("from", "to") and how in ("0", '"x"'),
    lambda path, how: "Rows" in path and how == '"x"',
    lambda path, how: "SeriesNumber" in path and how == '"x"',
    lambda path, how: path[-1] == "ReferencedStudySequence[0].ReferencedSOPInstanceUID" and how in ("0", '"x"'),
    lambda path, how: "transfer_syntaxes" in path and len(path) == 3 and how == '"x"',
    lambda path, how: "abstract_syntaxes" in path and len(path) == 3 and how == '"x"',
]


def places(value, path=()):
    """The paths of all members and items below a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in inside:
        yield path + (name,)
        yield from places(child, path + (name,))


def at(document, path):
    for name in path:
        document = document[name]
    return document


def mutations(document):
    """(path, what was done, the document that it has become)"""
    for path in [(), *places(document)]:
        here = at(document, path)
        if isinstance(here, dict):
            changed = copy.deepcopy(document)
            at(changed, path)["unknown member"] = 1
            yield path, "unknown member", changed
        if not path:
            continue
        changed = copy.deepcopy(document)
        del at(changed, path[:-1])[path[-1]]
        yield path, "left out", changed
        for wrong in WRONG:
            if type(wrong) is not type(here) or wrong in ([], {}) and here:
                changed = copy.deepcopy(document)
                at(changed, path[:-1])[path[-1]] = wrong
                yield path, json.dumps(wrong), changed


def decidable(path, how):
    return not any(undecidable(path, how) for undecidable in UNDECIDABLE if path)


def verdict_of_check(directory, text):
    os.makedirs(directory)
    for name, content in (("policy.json", text), ("list.txt", "A\n")):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
            f.write(content)
    status, output, errors = examples.dicom_spoa("check", os.path.join(directory, "policy.json"), wrapped=False)
    assert status in (0, 1), f"status {status}: {errors}"
    return status == 0, output + errors


def test_the_schema_is_one():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("document", [examples.POLICY_MD, examples.COOKBOOK_MD, "README.md"])
def test_the_documents_policies(document):
    for example in examples.examples(document):
        if not example.messages:
            assert not [error.message for error in VALIDATOR.iter_errors(json.loads(example.text))], example.name


def test_the_policy_that_is_delivered():
    with open(os.path.join(ROOT, "haproxy", "policy.json"), encoding="utf-8") as f:
        VALIDATOR.validate(json.load(f))


def test_a_policy_of_everything_is_right(tmp_path):
    VALIDATOR.validate(EVERYTHING)
    good, told = verdict_of_check(tmp_path / "it", json.dumps(EVERYTHING))
    assert good, told


def test_schema_and_check_are_of_one_opinion(tmp_path):
    todo = [(path, how, changed) for path, how, changed in mutations(EVERYTHING) if decidable(path, how)]
    assert len(todo) > 300

    def disagreement(number):
        path, how, changed = todo[number]
        good, told = verdict_of_check(tmp_path / str(number), json.dumps(changed))
        by_schema = VALIDATOR.is_valid(changed)
        if by_schema != good:
            place = ".".join(map(str, path))
            return f"{place}: {how}: the schema says {'yes' if by_schema else 'no'}, check: {told.strip() or 'yes'}"
        return None
    with ThreadPoolExecutor(4) as pool:
        complaints = [complaint for complaint in pool.map(disagreement, range(len(todo))) if complaint]
    assert not complaints, f"{len(complaints)} of {len(todo)}:\n" + "\n".join(complaints)


@pytest.mark.parametrize("pointer,values", [
    (("rules", 0, "name"), ["", "a" * 129, 'a"b', "a\\b", "a\nb", "ä" * 3]),
    (("rules", 0, "backend"), ["", "a b", "a" * 129, "A-b_c.d:1", [], ["a"], ["a", "b"], ["a", "a"], ["a", ""], ["a", 1],
                               [["a"]], list("abcdefgh"), list("abcdefghi")]),
    (("rules", 2, "called_ae"), ["", "  ", "A" * 17, "A\\B", "Ä", " A B "]),
    (("rules", 3, "reject"), ["tired", "protocol-version-not-supported"]),
    (("rules", 4, "result"), ["temporary", "transient"]),
    (("rules", 4, "if", "all", 1, "sample", "percent"), [-1, 100.5, 100, 0.001]),
    (("rules", 5, "if", "schedule", "from"), ["24:00", "7:00", "07:60", "00:00"]),
    (("rules", 5, "if", "schedule", "weekdays"), ["Mon", "Mon-", "mon", "Montag", "Sat-Mon", ["Mon", "Xyz"]]),
    (("rules", 3, "if", "any", 0, "StudyDate", "older_than"),
     ["5", "5 years", "1 year", "years", "5 fortnights", "-1 days"]),
    (("export",), [{"Modality": "Modality"}, {"verdict": "Modality"}, {"limit": "Modality"},
                   {"by": "Modality"}, {"last_by": "Modality"}, {"last": "Modality"}, {"a" * 41: "Modality"}, {"a" * 40: "Modality"},
                   {"1a": "Modality"}, {"a-b": "Modality"}, {"a": "modality"}]),
    (("negotiate", "maximum_length"), [4095, 4096, 4294967295, 4294967296, 16384.5]),
    (("rules", 1, "key"), ["(0010,0020)", "(0010,002)", "(0010,0020", "(0029,X,08)", "(0029,X,8)", "PatientID.",
                           ".PatientID", "RequestAttributesSequence[0].AccessionNumber",
                           "RequestAttributesSequence[x].AccessionNumber"]),
], ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "")
def test_values(tmp_path, pointer, values):
    for number, value in enumerate(values):
        changed = copy.deepcopy(EVERYTHING)
        at(changed, pointer[:-1])[pointer[-1]] = value
        good, told = verdict_of_check(tmp_path / str(number), json.dumps(changed))
        assert good == VALIDATOR.is_valid(changed), f"{json.dumps(value)}: check says: {told.strip() or 'yes'}"
