# SPDX-License-Identifier: MIT
"""HAProxy's buffer is full, or nearly: an SCU that has closed is told from one that waits for room."""

import time

import pytest
from pydicom.dataset import Dataset

import objects
import peers
import wire
from relay import Relay
from stack import Stack

FULL = 130048  # bytes: tune.bufsize less tune.maxrewrite
NEARLY_FULL = (114688, 120000, FULL - 1)


def associate(scu, thing):
    """With a second context: what the message is of is not known before it comes."""
    scu.associate([*peers.contexts_for(thing), wire.Context(3, wire.MR_IMAGE, (wire.EXPLICIT_LE,))])


@pytest.mark.parametrize("size", NEARLY_FULL)
def test_an_scu_that_closes_while_its_data_is_held_is_noticed(balancer, raw_archive, size):
    ct = raw_archive(delay=5)
    lb = balancer({"ct": ct, "general": raw_archive()})
    with peers.RawScu(lb.port) as scu:
        thing = objects.make("CT", size=200000)
        associate(scu, thing)
        scu.send(scu.store_bytes(thing)[:size])
        ct.wait_for(lambda all_: all_ and all_[0].rq, "the A-ASSOCIATE-RQ at the archive")
        time.sleep(0.2)  # until HAProxy has all of it
    closed = time.monotonic()
    entry = lb.association(scu)
    assert time.monotonic() - closed < 3, "it was noticed only when the archive had answered"
    assert entry["error"] == "closed by the SCU before the archive had answered"
    assert not ct.associations[0].messages
    lb.assert_alive()


@pytest.mark.parametrize("size", [*NEARLY_FULL, FULL, FULL + 1, 400000])
def test_an_scu_that_waits_is_not_taken_for_one_that_has_closed(balancer, raw_archive, size):
    ct = raw_archive(delay=1)
    lb = balancer({"ct": ct, "general": raw_archive()})
    with peers.RawScu(lb.port) as scu:
        thing = objects.make("CT", size=500000)
        associate(scu, thing)
        data = scu.store_bytes(thing)
        scu.send(data[:size])
        time.sleep(0.5)  # the archive has not answered yet
        scu.send(data[size:])
        assert scu.status() == 0
        scu.release()
    assert ct.objects() == {thing.uid: thing.data}
    assert lb.association(scu)["error"] == "-"


def test_an_scu_that_closes_while_the_agent_decides_is_noticed(owned, tmp_path, raw_archive):
    """It has sent all that the agent is shown, and that does not decide."""
    def before_answer(exchange):
        if exchange.bytes == 114688:
            time.sleep(0.3)  # until HAProxy has all that was sent
            scu.close()
            time.sleep(0.3)

    general = raw_archive()
    lb = Stack(tmp_path, {"default": {"backend": "general"},
                          "rules": [{"name": "p0", "if": {"PatientID": "P0"}, "backend": "general"},
                                    {"name": "p1", "if": {"PatientID": "P1"}, "backend": "other"}]},
               {"general": {"general1": general.port}, "other": {"other1": general.port}})
    owned.append(lb)
    lb.start_agent()
    owned.append(Relay(lb.agent.port, before_answer, ()))
    lb.agent.port = owned[-1].port  # where HAProxy is told that the agent is
    lb.start_haproxy()
    head = Dataset()
    head.private_block(0x0009, "E2E TEST", create=True).add_new(0x01, "OB", objects.noise(300000))
    thing = objects.make("CT", before=head)
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        scu.send(scu.store_bytes(thing)[:120000])
        entry = lb.association(scu)
    assert entry["error"] == "closed by the SCU before it was decided where to send it"
    assert not general.associations
    lb.assert_alive()
