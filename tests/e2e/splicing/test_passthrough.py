# SPDX-License-Identifier: MIT
"""An association whose verdict needs no data set is not spliced: both peers see each other's own bytes."""

import struct

import pytest

import objects
import peers
import wire

BY_AE = {"rules": [{"name": "pacs", "if": {"CalledAETitle": "PACS"}, "backend": "general"}]}
CT = wire.Context(1, wire.CT_IMAGE, (wire.JPEG_2000, wire.EXPLICIT_LE, wire.IMPLICIT_LE))

ASYNC = wire.item(0x53, bytes([0, 5, 0, 5]))
ROLE = wire.item(0x54, struct.pack(">H", len(wire.CT_IMAGE)) + wire.CT_IMAGE.encode() + b"\1\1")
EXTENDED = wire.item(0x56, struct.pack(">H", len(wire.CT_IMAGE)) + wire.CT_IMAGE.encode() + b"\2\0\0\0\0\0")
COMMON = wire.item(0x57, struct.pack(">H", len(wire.CT_IMAGE)) + wire.CT_IMAGE.encode()
                   + struct.pack(">H", 17) + b"1.2.840.10008.4.2" + bytes(2))
IDENTITY = wire.item(0x58, b"\1\1" + struct.pack(">H", 4) + b"user" + bytes(2))
UNKNOWN = wire.item(0x7F, b"never heard of")


def seen_by_the_archive(lb, archive, rq):
    """What the archive has read when the SCU has sent `rq` and released; asserts that answers come unchanged."""
    with peers.RawScu(lb.port) as scu:
        scu.send(rq)
        kind, raw = scu.read_pdu()
        assert kind == wire.ASSOCIATE_AC and raw == archive.answer(archive.associations[0].rq)
        scu.release()
    assert lb.association(scu)["verdict"] == "route"
    return archive.only().received


@pytest.mark.parametrize("extra", [b"", ASYNC, ROLE, EXTENDED, COMMON, IDENTITY, UNKNOWN,
                                   ASYNC + ROLE + EXTENDED + COMMON + IDENTITY + UNKNOWN],
                         ids=["plain", "async", "role", "extended", "common-extended", "identity", "unknown", "all"])
def test_the_archive_sees_the_scus_own_request(balancer, raw_archive, extra):
    archive = raw_archive()
    lb = balancer({"general": archive}, policy=BY_AE)
    rq = wire.associate_rq([CT], called="PACS", extra=extra)
    assert seen_by_the_archive(lb, archive, rq) == rq + wire.release_rq()


@pytest.mark.parametrize("syntaxes", [1, 4, 20])
def test_a_request_of_128_contexts(balancer, raw_archive, syntaxes):
    archive = raw_archive()
    lb = balancer({"general": archive}, policy=BY_AE)
    uids = [wire.EXPLICIT_LE] + ["1.2.840.10008.1.2.4.%d" % n for n in range(50, 49 + syntaxes)]
    rq = wire.associate_rq([wire.Context(2 * n + 1, f"1.2.840.10008.5.1.4.1.1.{n}", tuple(uids)) for n in range(128)],
                           called="PACS")
    assert seen_by_the_archive(lb, archive, rq) == rq + wire.release_rq()


@pytest.mark.parametrize("syntaxes", [1, 4, 20])
def test_a_request_of_128_contexts_is_spliced_as_well(balancer, raw_archive, syntaxes):
    archive = raw_archive()
    lb = balancer({"ct": archive, "general": archive})
    uids = [wire.EXPLICIT_LE] + ["1.2.840.10008.1.2.4.%d" % n for n in range(50, 49 + syntaxes)]
    thing = objects.make("CT", size=30000)
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(2 * n + 1, wire.CT_IMAGE, tuple(uids)) for n in range(128)])
        assert len(scu.ac.accepted()) == 128
        assert scu.store(thing) == 0
        scu.release()
    assert lb.association(scu)["rule"] == "ct"
    assert archive.objects() == {thing.uid: thing.data}


def test_what_only_an_archive_can_answer_is_routed_on_the_association_alone(balancer, raw_archive):
    archive = raw_archive()
    lb = balancer({"general": archive})
    rq = wire.associate_rq([CT], called="PACS", extra=IDENTITY)
    assert seen_by_the_archive(lb, archive, rq) == rq + wire.release_rq()


def test_another_service_than_storage_is_routed_on_the_association_alone(balancer, raw_archive):
    archive = raw_archive()
    lb = balancer({"general": archive})
    rq = wire.associate_rq([wire.Context(3, wire.STUDY_ROOT_FIND, (wire.IMPLICIT_LE,))])
    assert seen_by_the_archive(lb, archive, rq) == rq + wire.release_rq()


@pytest.mark.parametrize("codes", [(1, 1, 3), (1, 1, 7), (2, 3, 1)])
def test_the_archives_own_refusal_reaches_the_scu(balancer, raw_archive, codes):
    archive = raw_archive(answer=lambda rq: wire.associate_rj(*codes))
    lb = balancer({"general": archive}, policy=BY_AE)
    with peers.RawScu(lb.port) as scu:
        with pytest.raises(peers.Rejected) as refusal:
            scu.associate([CT], called="PACS")
        assert refusal.value.codes == codes


def test_the_archives_own_choice_of_transfer_syntax_reaches_the_scu(balancer, raw_archive):
    archive = raw_archive(answer=peers.accept_with(wire.IMPLICIT_LE))
    lb = balancer({"general": archive}, policy=BY_AE)
    with peers.RawScu(lb.port) as scu:
        assert scu.associate([CT], called="PACS").accepted() == {1: wire.IMPLICIT_LE}
        thing = objects.make(syntax=wire.IMPLICIT_LE, size=40000)
        assert scu.store(thing) == 0
        scu.release()
    assert archive.objects() == {thing.uid: thing.data}
