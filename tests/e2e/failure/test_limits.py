# SPDX-License-Identifier: MIT
"""What is as large as it can be must not lead around the policy, nor to another pool."""

import struct

import pytest

import objects
import peers
import wire

ONLY_CT = {"rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": "ct", "key": "PatientID"}]}


def user_identity(size):
    return wire.item(0x58, b"\2\0" + struct.pack(">H", size) + bytes(size) + b"\0\0")


@pytest.mark.parametrize("size", [100, 50000, 59000, 59900])
def test_a_request_whose_answer_is_long(balancer, raw_archive, size):
    """Accepted or not, an answer that would not fit is none, and the default pool would be used."""
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "general": general}, policy=ONLY_CT)
    contexts = [wire.Context(2 * n + 1, wire.CT_IMAGE, (wire.EXPLICIT_LE,)) for n in range(127)]
    contexts.append(wire.Context(255, "1.2.3.4", ("9" * 64,) * 880))
    with peers.RawScu(lb.port) as scu:
        scu.associate(contexts, extra=user_identity(size))
        scu.send(scu.store_bytes(objects.make("US")))
        assert scu.how_it_ends() == "abort"
    assert lb.association(scu)["error"].startswith("refused by the policy")
    assert not ct.associations and not general.associations


def test_a_long_key(balancer, raw_archive):
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "general": general}, policy=ONLY_CT)
    thing = objects.make("CT", syntax=wire.IMPLICIT_LE, PatientID="7" * 60000)
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.IMPLICIT_LE,))], extra=user_identity(50000))
        assert scu.store(thing) == 0
        scu.release()
    assert ct.objects() == {thing.uid: thing.data}
    assert not general.associations


def test_a_request_that_leaves_no_room_for_data(balancer, raw_archive):
    """The fallback pool, and the log says why."""
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "general": general})
    contexts = [wire.Context(2 * n + 1, wire.CT_IMAGE, (wire.EXPLICIT_LE, *(wire.JPEG_2000,) * 20)) for n in range(100)]
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate(contexts, extra=user_identity(60000))
        assert len(scu.rq) > 114688
        assert scu.store(thing) == 0
        scu.release()
    assert general.objects() == {thing.uid: thing.data}
    assert "could not be asked about the data" in lb.association(scu)["error"]
