# SPDX-License-Identifier: MIT
"""What conditions mean, shown by where the object ends up."""

import json
import os
import subprocess

import pytest

import objects
import peers
import wire
from children import ROOT, command_of

CT_CHEST = {"modality": "CT", "BodyPartExamined": "CHEST", "InstitutionName": "North", "PatientID": "P1"}


def matches(balancer, raw_archive, condition, attributes, **how):
    match, other = raw_archive(), raw_archive()
    lb = balancer({"match": match, "other": other}, policy={
        "default": {"backend": "other"}, "rules": [{"name": "it", "if": condition, "backend": "match"}]})
    thing = objects.make(**attributes)
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        assert scu.store(thing, **how) == 0
        scu.release()
    assert {**match.objects(), **other.objects()} == {thing.uid: thing.data}
    return bool(match.objects())


@pytest.mark.parametrize("condition,expected", [
    ({}, True),
    ({"Modality": "CT", "BodyPartExamined": "CHEST"}, True),
    ({"Modality": "CT", "BodyPartExamined": "HEAD"}, False),
    ({"not": {"Modality": "MR"}}, True),
    ({"not": {"Modality": "CT"}}, False),
    ({"not": {"Modality": "CT", "BodyPartExamined": "HEAD"}}, True),
    ({"any": [{"Modality": "MR"}, {"BodyPartExamined": "CHEST"}]}, True),
    ({"any": [{"Modality": "MR"}, {"BodyPartExamined": "HEAD"}]}, False),
    ({"all": [{"Modality": "CT"}, {"not": {"BodyPartExamined": "HEAD"}}]}, True),
    ({"all": [{"Modality": "CT"}, {"BodyPartExamined": "HEAD"}]}, False),
    ({"Modality": "CT", "any": [{"PatientID": "P2"}, {"InstitutionName": "North"}]}, True),
    ({"not": {"any": [{"Modality": "MR"}, {"not": {"PatientID": "P1"}}]}}, True),
    ({"InstitutionName": {"present": True}}, True),
    ({"InstitutionName": {"present": False}}, False),
    ({"StationName": {"present": True}}, False),
    ({"StationName": {"present": False}}, True),
    ({"not": {"StationName": {"present": True}}}, True),
    ({"not": {"StationName": "X"}}, True),
    ({"StationName": "*"}, False),
    ({"Modality": "?T"}, True),
    ({"Modality": "*"}, True),
    ({"Modality": "C"}, False),
    ({"Modality": "ct"}, False),
    ({"Modality": ["MR", "US", "CT"]}, True),
    ({"Modality": ["MR", "US"]}, False),
    ({"BodyPartExamined": "*ES*"}, True),
    ({"BodyPartExamined": "C*T"}, True),
    ({"BodyPartExamined": "C*S"}, False),
    ({"BodyPartExamined": "C?EST"}, True),
    ({"PatientID": "P?"}, True),
    ({"PatientID": "P??"}, False),
    ({"Rows": {"present": True}, "Columns": 16}, True),
    ({"ImageType": {"present": False}, "CalledAETitle": "LB"}, True),
], ids=lambda value: json.dumps(value) if isinstance(value, dict) else "")
def test_condition(balancer, raw_archive, condition, expected):
    assert matches(balancer, raw_archive, condition, CT_CHEST) is expected


@pytest.mark.parametrize("condition,expected", [
    ({"ImageType": "AXIAL"}, True), ({"ImageType": "ORIGINAL"}, True), ({"ImageType": "LOCALIZER"}, False),
    ({"ImageType": "AX*"}, True), ({"not": {"ImageType": "AXIAL"}}, False)],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "")
def test_an_attribute_of_many_values_matches_if_one_does(balancer, raw_archive, condition, expected):
    assert matches(balancer, raw_archive, condition,
                   {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}) is expected


@pytest.mark.parametrize("condition,expected", [
    ({"MoveOriginatorApplicationEntityTitle": "MOVER"}, True),
    ({"MoveOriginatorApplicationEntityTitle": "OTHER"}, False),
    ({"(0000,1030)": "MOV*"}, True),
    ({"AffectedSOPClassUID": "CTImageStorage"}, True),
    ({"AffectedSOPInstanceUID": "1.2.826.0.1.3680043.9.7433.*"}, True),
    ({"Priority": 0}, True),
    ({"Priority": 1}, False),
    ({"MessageID": 1}, True),
    ({"MoveOriginatorMessageID": {"present": True}}, False),
], ids=lambda value: json.dumps(value) if isinstance(value, dict) else "")
def test_attributes_of_the_command_set(balancer, raw_archive, condition, expected):
    assert matches(balancer, raw_archive, condition, CT_CHEST, more={0x1030: "MOVER"}) is expected


def test_an_empty_value_is_not_a_match_of_a_word(balancer, raw_archive):
    assert matches(balancer, raw_archive, {"InstitutionName": "North"}, {"InstitutionName": ""}) is False


def test_a_rule_of_the_association_before_one_of_the_data_set_needs_no_splice(balancer, raw_archive):
    """Three-valued: what is unknown decides nothing if the rest settles it."""
    research, general = raw_archive(), raw_archive()
    lb = balancer({"research": research, "general": general}, policy={
        "default": {"backend": "general"},
        "rules": [{"name": "research", "if": {"CallingAETitle": "LAB*"}, "backend": "research"},
                  {"name": "never", "if": {"CallingAETitle": "X", "Modality": "CT"}, "backend": "research"},
                  {"name": "neither", "if": {"all": [{"Modality": "MR"}, {"CalledAETitle": "Y"}]},
                   "backend": "research"}]})
    for calling, archive in (("LAB1", research), ("WARD", general)):
        with peers.RawScu(lb.port) as scu:
            scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE, wire.JPEG_LS))], calling=calling)
            scu.release()
        assert archive.only().received == scu.rq + wire.release_rq()


@pytest.mark.parametrize("policy,words", [
    ("{", ["policy.json"]),
    ('{"rules": [{"name": "a", "iff": {}, "backend": "b"}]}', ["iff"]),
    ('{"rules": [{"name": "a", "if": {"Modalty": "CT"}, "backend": "b"}]}', ["Modalty"]),
    ('{"rules": [{"name": "a", "if": {"Modality": "CT"}}]}', ["backend"]),
    ('{"rules": [{"name": "a", "reject": "because", "if": {}}]}', ["because"]),
    ('{"rules": [{"name": "a", "if": {"any": []}, "backend": "b"}]}', ["any"]),
    ('{"rules": [{"name": "a", "backend": "b"}, {"name": "a", "backend": "b"}]}', ["a"]),
])
def test_a_policy_with_a_mistake_is_refused_in_plain_words(tmp_path, policy, words):
    path = tmp_path / "policy.json"
    path.write_text(policy)
    program = command_of("DICOM_SPOA", os.path.join(ROOT, "build", "dicom-spoa"))
    done = subprocess.run(program + ["serve", "--policy", path, "--listen", "127.0.0.1:0"], timeout=20,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr.decode()
