# SPDX-License-Identifier: MIT
"""Idle, slow, broken and strange clients: HAProxy and the agent live on, the next association works, the log says
what came.
"""

import contextlib
import itertools
import random
import socket
import ssl
import struct
import time

import pytest
from pydicom.dataset import Dataset

import objects
import peers
import wire
from children import wait_until

SECONDS_IDLE = 5  # HAProxy's watchdog kills a process that has been spinning for 3


class Conversation:
    """An SCU that can be led to any point of its association, one step after the other."""

    POINTS = ["nothing-sent", "half-an-rq", "rq-sent", "ac-read", "half-a-command", "command-sent", "some-data-sent",
              "data-held", "object-stored", "next-command-sent", "release-sent"]

    def __init__(self, port, point):
        self.scu = peers.RawScu(port)
        self.thing = objects.make("CT", size=100000)
        self.scu.rq = wire.associate_rq(peers.contexts_for(self.thing))
        steps = self.steps()
        for name, step in steps:
            if name == point:
                self.rest = itertools.chain([step], (later for _, later in steps))
                return
            self.take(step)
        raise ValueError(point)

    def steps(self):
        """At each point: what comes next, as bytes to send or something to do."""
        yield "nothing-sent", self.scu.rq[:50]
        yield "half-an-rq", self.scu.rq[50:]
        yield "rq-sent", self.scu.read_ac
        command, *data = self.pdus()
        yield "ac-read", command[:20]
        yield "half-a-command", command[20:]
        yield "command-sent", data[0][:20]
        yield "some-data-sent", data[0][20:] + b"".join(data[1:])
        yield "data-held", self.expect_status
        yield "object-stored", command
        yield "next-command-sent", b"".join(data)
        yield "second-object-sent", self.expect_status
        yield "all-stored", wire.release_rq()
        yield "release-sent", self.expect_release

    def pdus(self):
        raw = self.scu.store_bytes(self.thing)
        while raw:
            length = 6 + struct.unpack(">I", raw[2:6])[0]
            yield raw[:length]
            raw = raw[length:]

    def expect_status(self):
        assert self.scu.status() == 0

    def expect_release(self):
        assert self.scu.read_pdu() == (wire.RELEASE_RP, wire.release_rp())

    def take(self, step):
        if callable(step):
            step()
        else:
            self.scu.send(step)

    def finish(self):
        for step in self.rest:
            self.take(step)


@pytest.fixture
def line(balancer, raw_archive):
    """A balancer, its CT archive (slow to answer: data is held for a moment) and the general one."""
    ct, general = raw_archive(delay=0.3), raw_archive()
    lb = balancer({"ct": ct, "general": general})
    yield lb, ct, general
    lb.assert_alive()


def works(lb, archive):
    lb.assert_alive()
    thing = peers.check_works(lb.port)
    assert archive.objects()[thing.uid] == thing.data


@pytest.mark.parametrize("point", Conversation.POINTS)
def test_an_idle_scu_costs_nothing_and_can_go_on(line, point):
    lb, ct, _ = line
    conversation = Conversation(lb.port, point)
    works(lb, ct)
    before = lb.haproxy.cpu_seconds(), lb.agent.child.cpu_seconds()
    time.sleep(SECONDS_IDLE)  # not a wait for something: the idleness is what is tested
    spent = lb.haproxy.cpu_seconds() - before[0], lb.agent.child.cpu_seconds() - before[1]
    assert max(spent) < SECONDS_IDLE / 4, f"{spent} seconds of CPU for an idle client"
    works(lb, ct)
    conversation.finish()
    conversation.scu.close()
    assert ct.objects()[conversation.thing.uid] == conversation.thing.data
    assert lb.association(conversation.scu)["rule"] == "ct"


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("point", Conversation.POINTS)
def test_an_scu_that_goes_away(line, point, how):
    lb, ct, _ = line
    conversation = Conversation(lb.port, point)
    getattr(conversation.scu, how)()
    works(lb, ct)
    entry = lb.association(conversation.scu)
    if point in ("half-an-rq", "ac-read", "half-a-command", "command-sent"):
        # after a reset HAProxy may not ask the rules any more: its own termination state then tells (C: client)
        assert entry["error"] != "-" or how == "reset" and entry["state"][0] == "C", entry
    ct.wait_for(lambda all_: all(a.ended for a in all_), "end of every association")
    assert all(a.ended in ("release", "eof", "reset", "abort") for a in ct.associations), ct.associations
    assert all(data == conversation.thing.data for a in ct.associations if a.rq and a.rq.calling == "SCU"
               for _, data in a.messages)
    lb.assert_alive()


@pytest.mark.parametrize("point", ["half-an-rq", "ac-read", "command-sent", "some-data-sent", "data-held"])
def test_many_that_go_away_leave_nothing_behind(line, point):
    lb, ct, _ = line
    for how in ("close", "reset") * 15:
        getattr(Conversation(lb.port, point).scu, how)()
    works(lb, ct)
    wait_until(lambda: lb.open_associations() == 0, "no connection is left", 30)


def test_an_scu_that_never_sends_an_association(balancer, raw_archive):
    archive = raw_archive()
    lb = balancer({"general": archive}, request_wait=2)
    for sent, words in ((b"", "0 bytes"), (wire.associate_rq([])[:30], "30 bytes")):
        with peers.RawScu(lb.port) as scu:
            scu.send(sent)
            assert scu.how_it_ends() in ("eof", "reset", "abort")
        error = lb.association(scu)["error"]
        assert "no complete A-ASSOCIATE-RQ in time" in error and words in error
    assert not archive.associations
    lb.assert_alive()


@pytest.mark.parametrize("point", ["ac-read", "half-a-command", "command-sent"])
def test_an_scu_that_sends_no_data_gets_the_fallback_pool(balancer, raw_archive, point):
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "general": general}, request_wait=2)
    conversation = Conversation(lb.port, point)
    general.wait_for(lambda all_: all_ and all_[0].rq, "association at the fallback pool")
    conversation.finish()
    conversation.scu.close()
    entry = lb.association(conversation.scu)
    assert (entry["pool"], entry["rule"]) == ("general", "default") and "the fallback is used" in entry["error"]
    assert general.objects() == {conversation.thing.uid: conversation.thing.data}
    assert not ct.associations
    lb.assert_alive()


def test_what_must_not_fall_back_is_ended(balancer, raw_archive):
    """The policy refuses whatever is no CT; so it must refuse what never says what it is."""
    ct = raw_archive()
    lb = balancer({"ct": ct}, request_wait=2,
                  policy={"rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}]})
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))])
        assert scu.how_it_ends() == "abort"
    lb.association(scu)
    assert not ct.associations


def test_one_byte_at_a_time(line):
    lb, ct, _ = line
    thing = objects.make("CT", size=300)
    with peers.RawScu(lb.port) as scu:
        scu.rq = wire.associate_rq(peers.contexts_for(thing))
        scu.send(scu.rq, size=1, pause=0.001)
        scu.read_ac()
        scu.send(scu.store_bytes(thing), size=1, pause=0.001)
        assert scu.status() == 0
        scu.send(wire.release_rq(), size=1, pause=0.001)
        assert scu.read_pdu()[0] == wire.RELEASE_RP
    assert ct.only().p_data() == scu_bytes(thing) + wire.release_rq()
    assert lb.association(scu)["rule"] == "ct"


def scu_bytes(thing):
    return b"".join(wire.p_data(part) for part in
                    wire.pdvs(1, wire.c_store_rq(thing.sop_class, thing.uid), True) + wire.pdvs(1, thing.data))


def client_hello():
    """What TLS of this machine sends first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="archive.example")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


RQ = wire.associate_rq([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))])
STRANGERS = {
    "http": (b"GET / HTTP/1.1\r\nHost: archive\r\n\r\n", "HTTP"),
    "http-post": (b"POST /studies HTTP/1.1\r\nHost: archive\r\nContent-Length: 9\r\n\r\n", "HTTP"),
    "tls": (client_hello(), "TLS"),
    "ssh": (b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"),
    "zeros": (bytes(1000), "not a DICOM PDU"),
    "p-data-first": (wire.p_data(wire.pdv(1, wire.c_echo_rq(), True)), "instead of an A-ASSOCIATE-RQ"),
    "release-first": (wire.release_rq(), "instead of an A-ASSOCIATE-RQ"),
    "abort-first": (wire.abort(), "instead of an A-ASSOCIATE-RQ"),
    "acceptance-first": (wire.associate_ac(wire.parse_associate(RQ), {1: (0, wire.EXPLICIT_LE)}),
                         "instead of an A-ASSOCIATE-RQ"),
    "an-rq-of-4-gigabytes": (b"\1\0\xff\xff\xff\xff" + RQ[6:], ""),
    "an-rq-longer-than-the-buffer": (wire.pdu(1, RQ[6:] + wire.item(0x7F, bytes(60000)) * 3), ""),
    "an-empty-rq": (b"\1\0\0\0\0\0", ""),
    "a-cut-item": (wire.pdu(1, RQ[6:-3]), ""),
    "no-abstract-syntax": (wire.associate_rq([wire.Context(1, "", (wire.EXPLICIT_LE,))]), ""),
    "an-even-context": (wire.associate_rq([wire.Context(2, wire.CT_IMAGE, (wire.EXPLICIT_LE,))]), ""),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_is_turned_away(line, name):
    lb, ct, general = line
    data, words = STRANGERS[name]
    with peers.RawScu(lb.port) as scu:
        with contextlib.suppress(ConnectionError):
            scu.send(data)
        assert scu.how_it_ends() in ("abort", "reject", "eof", "reset")
    entry = lb.association(scu)
    assert words in entry["error"] and entry["error"] != "-", entry
    assert not ct.associations and not general.associations
    works(lb, ct)


@pytest.mark.parametrize("contexts", [[], [wire.Context(1, wire.CT_IMAGE, ())],
                                      [wire.Context(1, "1.2.3.4", ("1.2.3.4.5",))]],
                         ids=["none", "without-transfer-syntax", "unheard-of"])
def test_a_request_that_nothing_can_be_promised_for_is_the_archives_to_judge(balancer, raw_archive, contexts):
    general = raw_archive(answer=lambda rq: wire.associate_rj(1, 1, 1))
    lb = balancer({"ct": raw_archive(), "general": general})
    with peers.RawScu(lb.port) as scu:
        with pytest.raises(peers.Rejected) as refusal:
            scu.associate(contexts)
        assert refusal.value.codes == (1, 1, 1)
    assert general.only().received == scu.rq


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes(line, seed):
    lb, ct, general = line
    dice = random.Random(seed)
    clients = []
    for _ in range(25):
        data = dice.randbytes(dice.randrange(1, 3000))
        if dice.random() < 0.5:  # something that starts well
            data = RQ[:dice.randrange(1, len(RQ))] + data
        scu = peers.RawScu(lb.port)
        with contextlib.suppress(ConnectionError):
            scu.send(data)
            scu.sock.shutdown(socket.SHUT_WR)
        clients.append(scu)
    for scu in clients:
        with contextlib.suppress(wire.Closed):
            while True:
                scu.read_pdu()
        scu.close()
        entry = lb.association(scu)
        assert entry["error"] != "-" or entry["pool"] != "dicom", entry
    assert not any(a.messages for a in ct.associations + general.associations)
    works(lb, ct)


@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\n\r\n",
    wire.pdu(wire.P_DATA, b"\0\0\0\0\1\3"),
    wire.pdu(wire.P_DATA, b"\xff\xff\xff\xff\1\3abcd"),
    wire.p_data(wire.pdv(99, wire.c_echo_rq(), True)),
    wire.p_data(wire.pdv(1, b"no command set at all, whatever it is", True)),
    wire.p_data(wire.pdv(1, b"a data set without a command", False)),
    b"\4\0\xff\xff\xff\xff" + bytes(100),
    RQ,
    wire.release_rp(),
    b"\x99" * 64,
], ids=["http", "pdv-too-short", "pdv-too-long", "unknown-context", "no-command-set", "data-without-command",
        "pdu-of-4-gigabytes", "a-second-rq", "release-response", "unknown-pdu"])
def test_garbage_after_the_acceptance(balancer, raw_archive, garbage):
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "general": general}, request_wait=3)
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))])
        scu.send(garbage)
        assert scu.how_it_ends() in ("abort", "eof", "reset")
    lb.association(scu)
    assert not any(a.messages for a in ct.associations + general.associations)
    works(lb, ct)


@pytest.mark.parametrize("data", [b"", b"\xff" * 500, b"\x08\x00\x05\x00CS\xff\xff", objects.noise(5000)],
                         ids=["empty", "all-ones", "a-length-beyond-the-end", "noise"])
def test_a_data_set_that_cannot_be_read_goes_to_the_fallback_as_it_is(line, data):
    lb, _, general = line
    thing = objects.of_bytes(data, wire.EXPLICIT_LE)
    assert peers.send_all(lb.port, thing) == [0]
    assert general.objects() == {thing.uid: thing.data}


def test_a_value_that_does_not_fit_any_buffer_before_the_deciding_one(balancer, raw_archive):
    """Nobody can wait for Modality behind 300 KB: the fallback pool it is, complete, and soon."""
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "general": general}, policy={
        "default": {"backend": "general"}, "rules": [{"name": "ct", "if": {"PatientID": "P0"}, "backend": "ct"}]})
    head = Dataset()
    head.private_block(0x0009, "E2E TEST", create=True).add_new(0x01, "OB", objects.noise(300000))
    for syntax in (wire.EXPLICIT_LE, wire.IMPLICIT_LE):
        thing = objects.make("CT", syntax=syntax, before=head)
        assert peers.send_all(lb.port, thing) == [0]
        assert general.objects()[thing.uid] == thing.data
    assert not ct.associations
    lb.assert_alive()


def test_the_abort_of_an_scu_reaches_the_archive(line):
    lb, ct, _ = line
    with peers.RawScu(lb.port) as scu:
        thing = objects.make("CT")
        scu.associate(peers.contexts_for(thing))
        scu.store(thing)
        scu.send(wire.abort(0, 0))
    assert ct.only().ended == "abort"
    assert ct.only().received.endswith(wire.abort(0, 0))


@pytest.mark.parametrize("pdv_size", [500, 4000, 16372])
def test_the_deciding_attribute_behind_sixty_kilobytes(balancer, raw_archive, pdv_size):
    """Whatever the size of the pieces, and however many times the agent wants more."""
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "general": general},
                  policy={"default": {"backend": "general"},
                          "rules": [{"name": "id", "if": {"PatientID": "P0"}, "backend": "ct"}]})
    private = Dataset()
    private.private_block(0x0009, "ACME", create=True).add_new(0x01, "OB", objects.noise(60000))
    things = [objects.make("CT", size=100000, before=private) for _ in range(5)]
    for thing in things:
        assert peers.send_all(lb.port, thing, pdv_size=pdv_size) == [0]
    assert ct.objects() == {thing.uid: thing.data for thing in things} and not general.associations


def test_a_length_that_goes_beyond_the_data_set_is_not_waited_for(balancer, raw_archive):
    """The SCU has sent all that it will: the fallback is used then, not at the end of the inspect-delay."""
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "general": general})
    lie = b"\x08\x00\x08\x00CS\xf0\xf0" + b"A" * 40
    thing = objects.Object(wire.CT_IMAGE, objects.new_uid(), wire.EXPLICIT_LE, lie)
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))])
        messages = scu.store_bytes(thing)
        scu.send(messages[:-20])
        scu.send(messages[-20:])
        assert scu.status() == 0
        scu.release()
    assert lb.association(scu)["error"] == "the data set cannot be read"
    assert general.objects() == {thing.uid: lie} and not ct.associations
