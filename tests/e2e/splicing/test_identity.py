# SPDX-License-Identifier: MIT
"""What arrives is what was sent: every byte of every PDU behind the association."""

import dataclasses
import glob
import os

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

import dcmtk
import objects
import peers
import wire

SYNTAXES = [wire.IMPLICIT_LE, wire.EXPLICIT_LE, wire.EXPLICIT_BE, wire.DEFLATED, *objects.ENCAPSULATED]
POLICY = {"negotiate": {"transfer_syntaxes": SYNTAXES}, "default": {"backend": "general"},
          "rules": [{"name": "brain", "if": {"BodyPartExamined": "BRAIN"}, "backend": "brain"}]}


@pytest.fixture
def brain(balancer, raw_archive):
    """A balancer whose pool `brain` is one strict archive, and `general` another."""
    archive, general = raw_archive(), raw_archive()
    lb = balancer({"brain": archive, "general": general}, policy=POLICY)
    yield lb, archive
    assert not general.associations


def send_and_compare(brain, *things, **how):
    lb, archive = brain
    sent = b""
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(*things))
        for thing in things:
            data = scu.store_bytes(thing, **how)
            scu.send(data)
            sent += data
            assert scu.status() == 0
        scu.release()
    association = archive.only()
    assert association.ended == "release" and not association.early
    assert association.p_data() == sent + wire.release_rq()
    assert archive.objects() == {thing.uid: thing.data for thing in things}


@pytest.mark.parametrize("size", [100, 30000])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_in_every_transfer_syntax(brain, syntax, size):
    send_and_compare(brain, objects.make(syntax=syntax, size=size, BodyPartExamined="BRAIN"))


@pytest.mark.parametrize("how", [{"pdv_size": 4084}, {"pdv_size": 16372}, {"pdv_size": 1000, "one_pdu": True},
                                 {"pdv_size": 16000, "one_pdu": True}, {"pdv_size": 77}, {"pdv_size": 11}],
                         ids=lambda how: "-".join(f"{k}-{v}" for k, v in how.items()))
@pytest.mark.parametrize("syntax", [wire.IMPLICIT_LE, wire.EXPLICIT_BE, wire.DEFLATED])
def test_in_every_packing(brain, syntax, how):
    send_and_compare(brain, objects.make(syntax=syntax, size=60000, BodyPartExamined="BRAIN"), **how)


def test_several_pdvs_of_a_data_set_in_one_pdu(brain):
    lb, archive = brain
    thing = objects.make(size=3000, BodyPartExamined="BRAIN")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        command = wire.c_store_rq(thing.sop_class, thing.uid)
        data = wire.p_data(*wire.pdvs(1, command, True, 50), *wire.pdvs(1, thing.data, False, 300))
        scu.send(data)
        assert scu.status() == 0
        scu.release()
    assert archive.only().p_data() == data + wire.release_rq()


def test_500_instances_on_one_association(brain):
    send_and_compare(brain, *[objects.make(size=2000, BodyPartExamined="BRAIN") for _ in range(500)])


def test_500_instances_without_waiting_for_responses(brain):
    """Bytes in flight at any time: the SCU ignores the asynchronous operations window, HAProxy must not care."""
    lb, archive = brain
    things = [objects.make(size=500, BodyPartExamined="BRAIN") for _ in range(500)]
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(*things))
        data = b"".join(scu.store_bytes(thing) for thing in things)
        scu.send(data)
        assert [scu.status() for _ in things] == [0] * 500
        scu.release()
    assert archive.only().p_data() == data + wire.release_rq()


def test_20_megabytes(brain):
    send_and_compare(brain, objects.make(size=20_000_000, BodyPartExamined="BRAIN"))


def test_sequences_private_attributes_and_long_values_on_the_way_to_the_deciding_one(brain):
    """BodyPartExamined (0018,0015) comes behind all of them."""
    nested = Dataset()
    nested.CodeValue, nested.CodeMeaning = "T-A0100", "Brain"
    outer = Dataset()
    outer.PurposeOfReferenceCodeSequence = Sequence([nested, nested])
    head = Dataset()
    head.ReferencedStudySequence = Sequence([outer, Dataset(), outer])
    head.ReferencedStudySequence.is_undefined_length = True
    for item in head.ReferencedStudySequence:
        item.is_undefined_length_sequence_item = True
    private = head.private_block(0x0009, "E2E TEST", create=True)
    private.add_new(0x01, "OB", objects.noise(20000))
    private.add_new(0x02, "SQ", Sequence([outer]))
    private.add_new(0x03, "UN", b"\xfe\xff\x00\xe0" * 10)
    head.PatientComments = "x" * 10000
    for syntax in (wire.IMPLICIT_LE, wire.EXPLICIT_LE, wire.EXPLICIT_BE, wire.DEFLATED):
        thing = objects.make(syntax=syntax, size=1000, before=head, BodyPartExamined="BRAIN")
        lb, archive = brain
        assert peers.send_all(lb.port, thing) == [0]
        assert archive.objects()[thing.uid] == thing.data


def test_statuses_are_the_archives_own(balancer, raw_archive):
    archive = raw_archive(statuses=(0xA700, 0xB007, 0x0122, 0x0000))
    lb = balancer({"ct": archive, "general": archive})
    things = [objects.make() for _ in range(4)]
    assert peers.send_all(lb.port, *things) == [0xA700, 0xB007, 0x0122, 0x0000]


def test_attributes_of_the_command_set_arrive(balancer, raw_archive):
    archive = raw_archive()
    lb = balancer({"ct": archive, "general": archive})
    thing = objects.make()
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        assert scu.store(thing, more={0x1030: "MOVER", 0x1031: 7}) == 0
        scu.release()
    command, _ = archive.only().messages[0]
    assert (command[0x1030], command[0x1031]) == (b"MOVER\0", b"\7\0")


def real_files():
    """Objects of real devices, one of each transfer syntax and SOP class, from the pydicom package."""
    found = {}
    for path in sorted(glob.glob(os.path.join(os.path.dirname(pydicom.__file__), "data", "test_files", "*.dcm"))):
        try:
            thing = objects.from_file(path)
        except Exception:  # noqa: BLE001 - some of them are broken on purpose
            continue
        if len(thing.data) > 2500 and thing.uid:
            found.setdefault((thing.sop_class, thing.syntax), path)
    return sorted(found.values())


@pytest.mark.parametrize("path", real_files(), ids=os.path.basename)
def test_a_real_object_is_the_same_as_without_the_balancer(balancer, storescp, path):
    direct, through = storescp("DIRECT"), storescp("THROUGH")
    lb = balancer({"general": through}, policy={**POLICY, "rules": [
        {"name": "ct", "if": {"Modality": "NEVER"}, "backend": "none"}]})
    thing = objects.from_file(path)
    if len(thing.data) % 2:  # a file may have it, a PDV may not (PS3.5 A.5, PS3.8 9.3.5.1)
        thing = dataclasses.replace(thing, data=thing.data + b"\0")
    for port in (direct.port, lb.port):
        assert peers.send_all(port, thing) == [0]
    assert through.objects() == direct.objects() == {thing.uid: thing.data}


@pytest.mark.parametrize("options", [["--max-send-pdu", 4096], ["--max-send-pdu", 16384], ["-xi"], ["-xb"], ["-xe"],
                                     ["--required", "-xe"]], ids=lambda o: "".join(map(str, o)))
def test_a_real_scu_is_the_same_as_without_the_balancer(balancer, storescp, tmp_path, options):
    direct, through = storescp("DIRECT"), storescp("THROUGH")
    lb = balancer({"general": through}, policy={**POLICY, "rules": [
        {"name": "ct", "if": {"Modality": "NEVER"}, "backend": "none"}]})
    thing = objects.make(size=50000)
    path = objects.write_file(tmp_path / "ct.dcm", thing)
    for port in (direct.port, lb.port):
        status, output = dcmtk.run("storescu", "-v", *options, "127.0.0.1", port, path)
        assert status == 0, output
    assert set(through.objects()) == {thing.uid}
    if "-xi" not in options and "-xb" not in options:
        assert through.objects() == direct.objects() == {thing.uid: thing.data}
