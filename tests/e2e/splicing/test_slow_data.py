# SPDX-License-Identifier: MIT
"""Data sets that come slowly or in an unusual shape: what is asked for, what is waited for, and what ends it.

A relay between HAProxy and the agent shows each question about data: how many bytes of the SCU's stream the agent saw,
and how many it needs (docs/contract.md).
"""

import os
import re
import struct
import time

import pytest
from pydicom.dataset import Dataset

import objects
import peers
import wire
from children import ROOT, wait_until
from relay import Relay
from stack import TWO_POOLS, Stack

KB = 1024
MODALITY, PATIENT_ID = (0x0008, 0x0060), (0x0010, 0x0020)
BY_PATIENT = {"default": {"backend": "general"},
              "rules": [{"name": "p0", "if": {"PatientID": "P0"}, "backend": "ct"}]}


def room():
    """Bytes of the SCU's stream that the agent is shown at most."""
    with open(os.path.join(ROOT, "haproxy", "dicom.spoe.conf"), encoding="ascii") as f:
        return int(re.search(r"bytes\(0,(\d+)\)", f.read())[1])


@pytest.fixture
def line(owned, tmp_path, raw_archive):
    """line(policy) -> balancer, relay, archive `ct`, archive `general`"""
    def make(policy=TWO_POOLS, before_answer=lambda exchange: None, goodbye=(), **how):
        ct, general = raw_archive(), raw_archive()
        lb = Stack(tmp_path, policy, {"ct": {"ct1": ct.port}, "general": {"general1": general.port}}, **how)
        owned.append(lb)
        lb.start_agent()
        relay = Relay(lb.agent.port, before_answer, goodbye)
        owned.append(relay)
        lb.agent.port = relay.port  # where HAProxy is told that the agent is
        lb.start_haproxy()
        return lb, relay, ct, general
    return make


def behind(private, size):
    """A CT of `size` bytes of pixels whose PatientID lies behind `private` bytes of private data."""
    head = Dataset()
    head.private_block(0x0009, "E2E TEST", create=True).add_new(0x01, "OB", objects.noise(private))
    return objects.make("CT", size, before=head)


def p_data(*parts):
    return b"".join(wire.p_data(part) for part in parts)


def command(thing, size=16372):
    return wire.pdvs(1, wire.c_store_rq(thing.sop_class, thing.uid), True, size)


def data(thing, size=16372):
    return wire.pdvs(1, thing.data, False, size)


def value_ends(thing, tag):
    """The bytes of the data set up to the end of a short value of Explicit VR Little Endian."""
    at = thing.data.index(struct.pack("<HH", *tag))
    return at + 8 + struct.unpack("<H", thing.data[at + 6:at + 8])[0]


def stream_bytes(pdus, wanted):
    """How much of the stream of PDUs brings the data set's first `wanted` bytes."""
    at = 0
    while True:
        length, = struct.unpack(">I", pdus[at + 2:at + 6])
        inner, end = at + 6, at + 6 + length
        while inner < end:
            size, _, control = struct.unpack(">IBB", pdus[inner:inner + 6])
            if not control & 1:
                if wanted <= size - 2:
                    return inner + 6 + wanted
                wanted -= size - 2
            inner += 4 + size
        at = end


def associate(scu, thing):
    """With a second context: what the message is of is not known before it comes."""
    scu.associate([*peers.contexts_for(thing), wire.Context(3, wire.MR_IMAGE, (wire.EXPLICIT_LE,))])


def data_at(archive):
    """What has arrived behind the RQ of its only association."""
    return archive.associations[0].p_data() if archive.associations else None


def finish(scu, lb, archive, thing):
    """Everything is sent: it arrives as it is; the log line."""
    assert scu.status() == 0
    scu.release()
    assert archive.objects() == {thing.uid: thing.data}
    return lb.association(scu)


# The deciding attribute far behind ----------------------------------------------------------------

@pytest.mark.parametrize("pdv_size", [700, 4000, 16372])
@pytest.mark.parametrize("size", [40 * KB, 90 * KB])
def test_behind_much_private_data(line, size, pdv_size):
    lb, relay, ct, general = line(BY_PATIENT)
    thing = behind(size, 200000)
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        scu.send(scu.store_bytes(thing, pdv_size=pdv_size))
        assert finish(scu, lb, ct, thing)["error"] == "-"
    last = relay.dataset()[-1]
    assert (last.answer["verdict"], last.bytes > size) == ("route", True)
    assert not general.associations


@pytest.mark.parametrize("pdv_size", [700, 4000, 16372])
def test_behind_more_than_can_be_held(line, pdv_size):
    """The fallback, as soon as that is clear."""
    lb, relay, ct, general = line(BY_PATIENT)
    thing = behind(room(), 200000)
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        started = time.monotonic()
        scu.send(scu.store_bytes(thing, pdv_size=pdv_size))
        entry = finish(scu, lb, general, thing)
    assert time.monotonic() - started < 15  # dicom.cfg waits for 30
    assert (entry["rule"], entry["error"]) == ("default", "not decided on the data that came, the fallback is used")
    assert relay.dataset()[-1].answer["need"] > room() and not ct.associations


# Unusual shapes -----------------------------------------------------------------------------------

def shapes(thing):
    """{name: the message in PDUs}; the head of the data set is what comes up to Modality."""
    head, rest = thing.data[:value_ends(thing, MODALITY)], thing.data[value_ends(thing, MODALITY):]
    single = [wire.pdv(1, head[n:n + 1], False, False) for n in range(len(head))]
    rest = wire.pdvs(1, rest)
    third = len(wire.c_store_rq(thing.sop_class, thing.uid)) // 3 + 1
    return {
        "each-byte-in-a-pdu-of-its-own": p_data(*command(thing), *single, *rest),
        "many-pdvs-of-one-byte-in-a-pdu": p_data(*command(thing), b"".join(single), *rest),
        "all-in-one-pdu": wire.p_data(*command(thing), *single, *rest),
        "the-command-too": wire.p_data(*command(thing, 1), *single, *rest),
        "command-in-three-pdvs": p_data(*command(thing, third), *data(thing)),
        "command-in-three-pdvs-of-one-pdu": p_data(b"".join(command(thing, third)), *data(thing)),
        "command-and-data-meet-in-a-pdu": p_data(command(thing, third)[0], b"".join([*command(thing, third)[1:],
                                                                                     *single]), *rest),
        "empty-pdvs-between": p_data(wire.pdv(1, b"", True, False), *command(thing), wire.pdv(1, b"", False, False),
                                     *single[:9], wire.pdv(1, b"", False, False), *single[9:], *rest),
        "an-empty-pdu-first": wire.p_data() + p_data(*command(thing), wire.pdv(1, b"", False, False), *data(thing)),
    }


SHAPES = list(shapes(objects.make("CT")))


@pytest.mark.parametrize("arrival", ["at-once", "byte-by-byte", "in-steps"])
@pytest.mark.parametrize("shape", SHAPES)
def test_unusual_shapes(line, shape, arrival):
    lb, relay, ct, general = line()
    thing = objects.make("CT", size=300)
    pdus = shapes(thing)[shape]
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        if arrival == "in-steps":
            pdus = in_steps(scu, relay, pdus)
        scu.send(pdus, size=1 if arrival == "byte-by-byte" else None)
        entry = finish(scu, lb, ct, thing)
    assert (entry["rule"], entry["error"]) == ("ct", "-") and not general.associations
    needs_were_met(relay)


def needs_were_met(relay):
    """No question came before what the answer before had asked for was there.

    HAProxy 3.0 may begin with the first rule while the agent is asked (haproxy#3496), and then asks again: now and then
    one comes too early, which costs a question and no more.
    """
    need = next(e for e in relay.exchanges if e.name == "associate").answer["need"]
    early = 0
    for exchange in relay.dataset():
        early += exchange.bytes < need
        need = exchange.answer.get("need")
    assert early <= len(relay.dataset()) // 4


def in_steps(scu, relay, pdus):
    """Send exactly what is needed, again and again, until it is decided; what is left of `pdus`.

    Not so fast that it comes with the answer that asks for it: out of rules HAProxy waits for more (from 3.0 on).
    """
    sent, count = 0, 0
    need = wait_until(lambda: relay.exchanges, "answer about the association")[0].answer["need"]
    while need:
        step = need - len(scu.rq) - sent
        assert 0 < step <= len(pdus) - sent, "more is asked for than will ever come"
        time.sleep(0.02)
        scu.send(pdus[sent:sent + step])
        sent += step
        count += 1
        exchange = relay.wait_for(count)
        assert exchange.bytes == len(scu.rq) + sent
        need = exchange.answer.get("need")
    assert exchange.answer["verdict"] == "route"
    return pdus[sent:]


# No more than can change the outcome --------------------------------------------------------------

def outcome(*rules):
    return {"default": {"backend": "general"}, "rules": [
        {"name": f"rule{n}", "if": condition, "backend": pool} for n, (condition, pool) in enumerate(rules)]}


# policy; where a CT goes; the attribute whose value settles it, None: the command set does
SETTLED = {
    "first-rule-matches": (outcome(({"Modality": "CT"}, "ct"), ({"PatientID": "P0"}, "general")), "ct", MODALITY),
    "first-rule-does-not": (outcome(({"Modality": "MR"}, "general"), ({"PatientID": "P0"}, "ct")), "ct", PATIENT_ID),
    "one-of-two-is-enough": (outcome(({"any": [{"Modality": "CT"}, {"PatientID": "P0"}]}, "ct")), "ct", MODALITY),
    "one-of-two-fails": (outcome(({"all": [{"Modality": "MR"}, {"PatientID": "P0"}]}, "ct")), "general", MODALITY),
    "the-sop-class-fails": (outcome(({"SOPClassUID": "MRImageStorage", "PatientID": "P0"}, "ct")), "general", None),
    "the-sop-class-is-enough": (outcome(({"SOPClassUID": "CTImageStorage"}, "ct"), ({"PatientID": "P0"}, "general")),
                                "ct", None),
}


@pytest.mark.parametrize("pdv_size", [16, 61])
@pytest.mark.parametrize("name", SETTLED)
def test_the_agent_asks_no_more_once_it_is_settled(line, name, pdv_size):
    policy, pool, tag = SETTLED[name]
    lb, relay, ct, general = line(policy)
    thing = objects.make("CT", size=300)
    pdus = p_data(*command(thing), *data(thing, pdv_size))
    settled = len(p_data(*command(thing))) if tag is None else stream_bytes(pdus, value_ends(thing, tag))
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        scu.send(in_steps(scu, relay, pdus))
        finish(scu, lb, {"ct": ct, "general": general}[pool], thing)
        seen = [e.bytes - len(scu.rq) for e in relay.dataset()]
    # at most the rest of the PDU that brings it
    assert settled <= seen[-1] <= settled + pdv_size + 12
    assert all(bytes_ < settled for bytes_ in seen[:-1]), (settled, seen)


def test_an_association_that_the_policy_decides_costs_no_question_about_data(line):
    lb, relay, ct, general = line(outcome(({"Modality": "CT", "CalledAETitle": "OTHER"}, "general"),
                                          ({"CallingAETitle": "SCU"}, "ct")))
    thing = objects.make("CT")
    assert peers.send_all(lb.port, thing) == [0]
    assert [e.name for e in relay.exchanges] == ["associate"]
    assert ct.objects() == {thing.uid: thing.data}


def test_what_comes_at_once_costs_one_question(line):
    lb, relay, ct, _ = line()
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        scu.send(p_data(*command(thing), *data(thing)))
        finish(scu, lb, ct, thing)
    assert [e.name for e in relay.exchanges] == ["associate", "dataset"]


# What does not come -------------------------------------------------------------------------------

def test_the_deciding_attribute_is_enough_where_its_pdu_is_not_complete(line):
    """It came with the rest of what was asked for: the archive gets the association, and the data so far."""
    lb, _, ct, general = line()
    thing = objects.make("CT", size=5000)
    pdus = p_data(*command(thing), *data(thing))
    end = stream_bytes(pdus, value_ends(thing, MODALITY))
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        scu.send(pdus[:end])
        wait_until(lambda: data_at(ct) == pdus[:end], "data up to the deciding attribute")
        scu.send(pdus[end:])
        assert finish(scu, lb, ct, thing)["error"] == "-"
    assert not general.associations


@pytest.mark.parametrize("stop", ["inside-the-command", "behind-the-command", "before-the-attribute",
                                  "behind-the-attribute"])
def test_what_is_needed_never_comes(line, stop):
    """The bound ends it: the fallback, with all that comes later.

    A P-DATA-TF that has begun is waited for as a whole, even if the attribute is already there.
    """
    lb, relay, ct, general = line(request_wait=2)
    thing = objects.make("CT", size=5000)
    pdus = p_data(*command(thing), *data(thing))
    first = len(p_data(*command(thing)))
    end = {"inside-the-command": first - 1, "behind-the-command": first,
           "before-the-attribute": stream_bytes(pdus, value_ends(thing, MODALITY) - 1),
           "behind-the-attribute": stream_bytes(pdus, value_ends(thing, MODALITY))}[stop]
    started = time.monotonic()
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        sent = min(first, end)
        scu.send(pdus[:sent])
        relay.wait_for(1)
        if sent < end:
            scu.send(pdus[sent:sent + 10])
            assert relay.wait_for(2).answer["need"] == len(scu.rq) + len(pdus)
            scu.send(pdus[sent + 10:end])
        wait_until(lambda: data_at(general) == pdus[:end], "what came is at the fallback")
        assert 1.5 < time.monotonic() - started < 10
        asked = len(relay.dataset())
        scu.send(pdus[end:])
        entry = finish(scu, lb, general, thing)
    assert (entry["rule"], entry["error"]) == ("default", "not decided on the data that came, the fallback is used")
    assert len(relay.dataset()) == asked and not ct.associations


@pytest.mark.parametrize("pdus", [1, 3])
def test_data_that_keeps_coming_while_the_agent_thinks(line, pdus):
    """What an answer asks for is already there, more often than dicom.cfg has rules to ask again."""
    rest = []

    def before_answer(exchange):
        if exchange.answer["verdict"] == "more":
            scu.send(b"".join(rest[:pdus]))
            del rest[:pdus]

    lb, relay, ct, general = line(BY_PATIENT, before_answer)
    thing = behind(1000, 1000)
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        rest += map(wire.p_data, data(thing, 40))
        scu.send(p_data(*command(thing)))
        while rest and not (ct.associations or general.associations):
            # out of rules HAProxy waits for more, which an SCU sends; 2.6 asks again by itself
            try:
                wait_until(lambda: ct.associations or general.associations, "decision", 0.5)
            except AssertionError:
                scu.send(rest.pop(0))
        assert not general.associations
        scu.send(b"".join(rest))
        assert finish(scu, lb, ct, thing)["error"] == "-"
    assert len(relay.dataset()) > 9
    needs_were_met(relay)


# An agent that ends, with its successor in its place ----------------------------------------------


@pytest.mark.parametrize("goodbye", [(1,), (2,), (3,), (1, 3), (1, 4)], ids=str)
def test_a_question_that_meets_a_goodbye_is_asked_again(line, goodbye):
    """Of the questions 1 is about the A-ASSOCIATE-RQ, and the others are about the data, unless they repeat one."""
    lb, relay, ct, general = line(goodbye=goodbye)
    thing = objects.make("CT", size=20000)
    with peers.RawScu(lb.port) as scu:
        associate(scu, thing)
        pdus = scu.store_bytes(thing)
        scu.send(pdus[:200])
        relay.wait_for(1)
        scu.send(pdus[200:])
        entry = finish(scu, lb, ct, thing)
    assert (entry["rule"], entry["error"]) == ("ct", "-")
    assert not general.associations
    assert relay.asked == len(relay.exchanges) + len(goodbye)
