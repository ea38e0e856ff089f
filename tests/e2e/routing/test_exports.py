# SPDX-License-Identifier: MIT
"""HAProxy's own ACLs choose by the variables that a policy exports: the lines of haproxy/README.md do what it says."""

import json

import pytest

import examples
import objects
import peers
import wire

DOCUMENT = "haproxy/README.md"


@pytest.fixture
def stack(balancer, raw_archive):
    """(Stack, {pool: archive}) with the policy and the lines of the document"""
    example, = examples.examples(DOCUMENT)
    lines, = [text for _, (kind, *_), text in examples.blocks(DOCUMENT) if kind == "haproxy" and "use_backend" in text]
    archives = {pool: raw_archive() for pool in ("general", "ct", "mr")}
    return balancer(archives, policy=json.loads(example.text), use_backend=lines), archives


def arrivals(archives):
    return {uid: pool for pool, archive in archives.items() for uid in archive.objects()}


@pytest.mark.parametrize("attributes,pool", [
    ({"modality": "CT"}, "ct"),
    ({"modality": "MR"}, "mr"),
    ({"modality": "US"}, "general"),
    ({"modality": None}, "general"),
    ({"modality": "CT", "InstitutionName": "Praxis Nord"}, "general"),
    ({"modality": "CT", "InstitutionName": "Röntgenpraxis Nord", "SpecificCharacterSet": "ISO_IR 100"}, "general"),
    ({"modality": "CT", "InstitutionName": "Klinik Nord"}, "ct"),
], ids=str)
def test_an_acl_chooses(stack, attributes, pool):
    lb, archives = stack
    thing = objects.make(size=2000, **attributes)
    assert peers.send_all(lb.port, thing) == [0]
    assert arrivals(archives) == {thing.uid: pool}
    assert archives[pool].objects() == {thing.uid: thing.data}
    log = lb.log.wait_for("the association")
    assert (log["verdict"], log["rule"], log["pool"], log["error"]) == ("route", "default", pool, "-")


def test_each_association_has_variables_of_its_own(stack):
    lb, archives = stack
    wanted = {}
    for modality in ("CT", "MR", "US", "CT", "MR"):
        thing = objects.make(modality, size=100)
        assert peers.send_all(lb.port, thing) == [0]
        wanted[thing.uid] = {"CT": "ct", "MR": "mr"}.get(modality, "general")
    assert arrivals(archives) == wanted


def test_without_a_data_set_the_default_pool_is_used(stack):
    lb, archives = stack
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, wire.VERIFICATION, (wire.IMPLICIT_LE,))])
        assert scu.echo() == 0
        scu.release()
    assert archives["general"].only().messages
    assert lb.association(scu)["pool"] == "general"


def test_an_exported_attribute_of_the_association_needs_no_data_set(balancer, raw_archive):
    research, general = raw_archive(), raw_archive()
    lb = balancer({"general": general, "research": research},
                  policy={"rules": [], "default": {"backend": "general"}, "export": {"scu": "CallingAETitle"}},
                  use_backend="    use_backend research if { var(txn.dicom.scu) -m beg LAB }\n")
    for calling, archive in (("LAB7", research), ("CT1", general)):
        thing = objects.make("CT", size=100)
        assert peers.send_all(lb.port, thing, calling=calling) == [0]
        assert archive.only().received.startswith(wire.associate_rq(peers.contexts_for(thing), calling=calling))


def test_every_transfer_syntax_exports_the_same(balancer, raw_archive):
    archives = {pool: raw_archive() for pool in ("general", "mine")}
    syntaxes = [wire.IMPLICIT_LE, wire.EXPLICIT_LE, wire.EXPLICIT_BE, wire.DEFLATED]
    lb = balancer(archives, policy={"rules": [], "default": {"backend": "general"},
                                    "negotiate": {"transfer_syntaxes": syntaxes},
                                    "export": {"who": "InstitutionName", "kind": "ImageType"}},
                  use_backend="    use_backend mine if { var(txn.dicom.who) -m str 東京大学病院 } "
                              "{ var(txn.dicom.kind) -m str ORIGINAL\\\\PRIMARY }\n")
    for syntax in syntaxes:
        thing = objects.make("CT", size=100, syntax=syntax, SpecificCharacterSet=["", "ISO 2022 IR 87"],
                             InstitutionName="東京大学病院", ImageType=["ORIGINAL", "PRIMARY"])
        assert peers.send_all(lb.port, thing) == [0]
        assert arrivals(archives)[thing.uid] == "mine"
