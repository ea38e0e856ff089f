# SPDX-License-Identifier: MIT
"""What the documents say of a policy is what dicom-spoa does with it."""

import json
import os

import pytest

import examples
from children import ROOT

DOCUMENTS = (examples.POLICY_MD, examples.COOKBOOK_MD)
CASES = examples.cases(*DOCUMENTS)
POLICIES = [example for document in DOCUMENTS for example in examples.examples(document)]
MISTAKEN = [example for example in POLICIES if example.messages]


def readable(value):
    return value.name if isinstance(value, examples.Example) else " ".join(value.split())


@pytest.mark.parametrize("example,case", CASES, ids=readable)
def test_case(tmp_path, example, case):
    left, right = case.split("->")
    told = examples.outcome(examples.explain(example.write(tmp_path), examples.given(left), tmp_path))
    wanted = examples.expected(right)
    assert {name: told.get(name, "") for name in wanted} == wanted, told


@pytest.mark.parametrize("example", [e for e in POLICIES if not e.messages], ids=readable)
def test_a_policy_without_mistakes(tmp_path, example):
    status, output, errors = examples.dicom_spoa("check", example.write(tmp_path))
    assert (status, "error" in output + errors, "warning" in output + errors) == (0, False, False), output + errors


@pytest.mark.parametrize("example", MISTAKEN, ids=readable)
def test_a_policy_with_mistakes(tmp_path, example):
    status, output, errors = examples.dicom_spoa("check", example.write(tmp_path))
    told = (output + errors).replace(f"{tmp_path}{os.sep}", "")
    assert status == (1 if any("error:" in message for message in example.messages) else 0)
    for message in example.messages:
        assert message in told


def test_the_policy_of_the_readme_has_no_mistakes(tmp_path):
    """And so has the one that is delivered."""
    example, = examples.examples("README.md")
    status, output, errors = examples.dicom_spoa("check", example.write(tmp_path))
    assert status == 0, output + errors
    status, output, errors = examples.dicom_spoa("check", os.path.join(ROOT, "haproxy", "policy.json"), "--haproxy",
                                                 os.path.join(ROOT, "haproxy", "pools.cfg"))
    assert status == 0, output + errors


def test_nothing_is_overlooked():
    """An empty parse would pass everything above."""
    for document, policies, least in ((examples.POLICY_MD, 18, 120), (examples.COOKBOOK_MD, 12, 55)):
        assert len(examples.examples(document)) >= policies
        assert len(examples.cases(document)) >= least
    assert len(MISTAKEN) >= 3
    for example in POLICIES:
        assert example.cases or example.messages, f"{example.name}: what does it decide?"


def test_notation():
    """Cases are read as their notation says."""
    it = examples.given('ImageType=A\\B Rows=2 PatientName="A B^C=東" IssuerOfPatientID= --from 10.1.1.1 '
                        '"(0029,SIEMENS CSA HEADER,08)=X Y" RequestAttributesSequence[1].AccessionNumber=7 '
                        'SOPClassUID=MRImageStorage TransferSyntaxUID=1.2.840.10008.1.2')
    assert list(it.dataset.ImageType) == ["A", "B"]
    assert (it.dataset.Rows, str(it.dataset.PatientName), it.dataset.IssuerOfPatientID) == (2, "A B^C=東", "")
    assert it.dataset[0x00290010].value == "SIEMENS CSA HEADER" and it.dataset[0x00291008].value == "X Y"
    assert [item.get("AccessionNumber") for item in it.dataset.RequestAttributesSequence] == [None, "7"]
    assert (it.options, it.sop_class, it.syntax) == (["--from", "10.1.1.1"], "1.2.840.10008.5.1.4.1.1.4",
                                                     "1.2.840.10008.1.2")
    assert it.dataset.SpecificCharacterSet == "ISO_IR 192"
    assert examples.expected('general key=A\\B data_set="not needed"') == {
        "pool": "general", "key": "A\\B", "data_set": "not needed"}
    assert examples.expected("reject no-reason-given rule=x") == {
        "pool": "reject", "reject": "no-reason-given", "rule": "x"}


# The documents against the schema -----------------------------------------------------------------


def named(schema):
    """The words of the language: members, and values of which there are few."""
    if isinstance(schema, list):
        return set().union(*map(named, schema))
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", ()))
    for values in (schema.get("enum", ()), schema.get("examples", ())):
        found |= {value for value in values if isinstance(value, str)}
    return found.union(*(named(value) for name, value in schema.items() if name not in ("enum", "examples", "not")))


def used(value):
    """All members and strings of a policy."""
    if isinstance(value, dict):
        return set(value).union(*map(used, value.values()))
    if isinstance(value, list):
        return set().union(*map(used, value))
    return {value} if isinstance(value, str) else set()


def in_the_reference():
    return set().union(*(used(json.loads(example.text)) for example in examples.examples(examples.POLICY_MD)
                         if not example.messages))


def test_the_reference_shows_all_of_the_language():
    with open(os.path.join(ROOT, "docs", "policy.schema.json"), encoding="utf-8") as f:
        words = named(json.load(f))
    assert {"rules", "sample", "older_than", "CallingAETitle", "TLSClientName", "@print", "transient",
            "temporary-congestion", "maximum_length"} <= words
    assert not words - in_the_reference() - {"$schema"}


@pytest.mark.parametrize("what,there", [
    ("a tag", lambda word: word.startswith("(0008,")),
    ("a private attribute", lambda word: word.startswith("(0029,SIEMENS")),
    ("a private creator in quotes", lambda word: word.startswith("(0019,\"")),
    ("a path", lambda word: word == "RequestAttributesSequence.AccessionNumber"),
    ("a path by item", lambda word: word.startswith("ReferencedStudySequence[0].")),
    ("a command set", lambda word: word == "Priority"),
    ("a period of dates", lambda word: word == "2024-06"),
    ("an age", lambda word: word == "017Y"),
    ("a wildcard for one character", lambda word: "??" in word),
    ("a network", lambda word: word == "10.1.0.0/16"),
    ("an IPv6 network", lambda word: word.startswith("2001:db8:1:"))])
def test_the_reference_shows_each_kind(what, there):
    assert any(map(there, in_the_reference())), f"no example of {what}"
