# SPDX-License-Identifier: MIT
"""An archive that dies at any point of an association: what the SCU has got Success for is whole on its disk.

INSTANCES: how many are stored under random kills; `make endurance` sets it.
"""

import collections
import os
import random
import socket
import time

import pytest

import dcmtk
import objects
import peers
import wire
from load import SETTINGS, Load

INSTANCES = int(os.environ.get("INSTANCES", "2000"))
# calling AE title, modality, SOP class; what GATEWAY sends is passed through
SCUS = [("CT01", "CT", wire.CT_IMAGE), ("MR01", "MR", wire.MR_IMAGE), ("GATEWAY", "CT", wire.CT_IMAGE)]
POLICY = {"rules": [{"name": "gateways", "if": {"CallingAETitle": "GATEWAY"}, "backend": "ct"},
                    {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"},
                    {"name": "mr", "if": {"Modality": "MR"}, "backend": "mr"}],
          "default": {"backend": "general"}}
PROMPTLY = 5  # seconds: HAProxy waits longer for a peer that says nothing


def test_archives_are_killed_at_random(balancer, storescp, raw_archive, tmp_path):
    pools = {pool: {f"{pool}{n}": storescp(f"{pool}{n}") for n in (1, 2)} for pool in ("ct", "mr")}
    general = raw_archive()
    lb = balancer({**pools, "general": general}, policy=POLICY, checked=True, settings=SETTINGS)
    lb.wait_for_agent("UP")
    archives = [archive for pool in pools.values() for archive in pool.values()]
    load = Load(lb.port, SCUS, 24, lengths=(1, 3, 8), pause=0.1).start()
    kills, end = 0, time.monotonic() + 60 + INSTANCES / 20
    try:
        while len(load.stored) < INSTANCES and time.monotonic() < end:
            time.sleep(random.uniform(0.1, 0.6))  # at a random point of everybody's association
            archive = random.choice(archives)
            archive.child.kill()  # with its children
            kills += 1
            time.sleep(random.uniform(0, 0.3))
            archive.start(str(tmp_path))
    finally:
        load.stop()
    cuts = collections.Counter(doing for doing, _ in load.failures)
    print(f"{len(load.stored)} instances stored, {load.associations} associations released, {kills} kills, "
          f"associations cut: {dict(cuts)}", *(text for _, text in load.failures), sep="\n")
    assert len(load.stored) >= INSTANCES
    whole = general.objects()  # should no agent have been asked, on a busy machine
    for archive in archives:
        whole.update(archive.objects(broken=Exception))  # half a file is what a kill may leave
    for uid, (calling, data) in load.stored.items():
        assert whole.get(uid) == data, f"{uid} of {calling} got Success and is not whole"
    assert not [text for _, text in load.failures if "timed out" in text]
    assert cuts["sending"] + cuts["waiting"], "no association was cut in a C-STORE"


class DyingScp(peers.RawScp):
    """Dies once it has sent its A-ASSOCIATE-AC ("accepted"), or got so many bytes of P-DATA, or a whole "message".

    how: "reset", or "close": a FIN, and a reset only if more comes.
    """

    def __init__(self, point, how):
        super().__init__()
        self.point, self.how = point, how
        self.died_at = None

    def _die(self, sock):
        self.died_at = time.monotonic()
        if self.how == "reset":
            peers.reset(sock)
        else:
            sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        return "died"

    def _messages(self, association, sock, ac):
        if self.point == "accepted":
            return self._die(sock)
        if isinstance(self.point, int):
            while len(association.p_data()) < self.point:
                association.stream.received += association.stream.sock.recv(65536)
            return self._die(sock)
        kind, _, command, data = association.stream.read_message(ac.max_length)
        if kind == wire.P_DATA and self.point == "message":
            association.messages.append((command, data))
            return self._die(sock)
        return super()._messages(association, sock, ac)


@pytest.fixture
def dying(owned, balancer, raw_archive):
    """dying(point, how) -> balancer, archive"""
    def make(point, how):
        archive = DyingScp(point, how)
        owned.append(archive)
        lb = balancer({"ct": archive, "mr": raw_archive(), "general": raw_archive()}, policy=POLICY)
        lb.wait_for_agent("UP")
        return lb, archive
    return make


HOW = pytest.mark.parametrize("how", ["reset", "close"])
SPLICED = pytest.mark.parametrize("calling", ["CT01", "GATEWAY"], ids=["spliced", "passed-through"])


def assert_prompt(archive):
    assert time.monotonic() - archive.died_at < PROMPTLY


@HOW
@SPLICED
@pytest.mark.parametrize("point", ["accepted", 30000, "message"])
def test_the_scu_hears_of_it_at_once(dying, point, calling, how):
    """An A-ABORT, or the end of the connection, which PS3.8 9.2 AA-4 makes an A-P-ABORT; and nothing before it."""
    lb, archive = dying(point, how)
    thing = objects.make("CT", size=100000)
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing), calling=calling)
        try:
            scu.send(scu.store_bytes(thing))
        except ConnectionError:
            pass
        assert scu.how_it_ends() in ("abort", "eof", "reset")
        assert_prompt(archive)
    assert lb.association(scu)["server"] == "ct1"


@HOW
@SPLICED
def test_an_scu_that_goes_on_sending_is_stopped(dying, calling, how):
    """It need not read to hear of it: what it sends goes nowhere for no longer than the buffers last."""
    lb, archive = dying(30000, how)
    thing = objects.make("CT", size=20000)
    more = wire.p_data(wire.pdv(1, bytes(16000), last=False))
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing), calling=calling)
        scu.send(wire.p_data(wire.pdv(1, wire.c_store_rq(thing.sop_class, thing.uid), True)))
        scu.send(wire.p_data(wire.pdv(1, thing.data, last=False)))
        with pytest.raises(ConnectionError):
            while not archive.died_at or time.monotonic() < archive.died_at + PROMPTLY:
                scu.send(more)


@HOW
@pytest.mark.parametrize("point", ["accepted", 30000, "message"])
def test_storescu_does_not_take_it_for_success(dying, tmp_path, point, how):
    lb, archive = dying(point, how)
    path = objects.write_file(f"{tmp_path}/ct.dcm", objects.make("CT", size=100000))
    status, output = dcmtk.run("storescu", "-aet", "CT01", "127.0.0.1", lb.port, path)
    assert status != 0, output
    assert_prompt(archive)
