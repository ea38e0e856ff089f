# SPDX-License-Identifier: MIT
"""No archive gets a byte of P-DATA before it has sent its A-ASSOCIATE-AC.

PS3.8 9.2, Sta3: an archive aborts on it (Evt10, AA-8). The archives here do, and take their time to answer.
"""

import threading

import pytest

import objects
import peers
import wire
from children import wait_until

KB = 1024


@pytest.mark.parametrize("size", [1 * KB, 14 * KB, 40 * KB, 400 * KB])
@pytest.mark.parametrize("delay", [0.02, 0.5])
def test_a_strict_archive_sees_nothing_before_its_answer(balancer, raw_archive, size, delay):
    archive = raw_archive(delay=delay)
    lb = balancer({"ct": archive, "general": archive}, threads=2)
    things = [objects.make("CT", size=size) for _ in range(12)]
    statuses = {}

    def send(thing):
        try:
            statuses[thing.uid] = peers.send_all(lb.port, thing)
        except Exception as error:  # noqa: BLE001
            statuses[thing.uid] = repr(error)

    threads = [threading.Thread(target=send, args=(thing,)) for thing in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {thing.uid: [0] for thing in things}
    assert [a.early for a in archive.associations] == [b""] * len(things)
    assert archive.objects() == {thing.uid: thing.data for thing in things}
    wait_until(lambda: len(lb.log.associations()) == len(things), "each association is in the log")
    assert {line["verdict"] for line in lb.log.associations()} == {"route"}


def test_data_of_many_messages_is_held(balancer, raw_archive):
    """The SCU sends without waiting for responses: more than any buffer holds."""
    archive = raw_archive(delay=1)
    lb = balancer({"ct": archive, "general": archive})
    things = [objects.make("CT", size=10 * KB) for _ in range(60)]
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(*things))
        data = b"".join(scu.store_bytes(thing) for thing in things)
        scu.send(data)
        assert [scu.status() for _ in things] == [0] * len(things)
        scu.release()
    association = archive.only()
    assert association.early == b"" and association.p_data() == data + wire.release_rq()


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_an_answer_that_comes_in_pieces_is_waited_for(balancer, raw_archive, piece):
    archive = raw_archive(piece=piece)
    lb = balancer({"ct": archive, "general": archive})
    thing = objects.make("CT", size=40 * KB)
    assert peers.send_all(lb.port, thing) == [0]
    assert archive.objects() == {thing.uid: thing.data}


def test_the_archive_is_asked_only_for_what_was_promised(balancer, raw_archive):
    """The narrowed A-ASSOCIATE-RQ: the accepted contexts alone, each with the transfer syntax that was chosen."""
    archive = raw_archive()
    lb = balancer({"ct": archive, "general": archive})
    thing = objects.make("CT", syntax=wire.EXPLICIT_LE)
    with peers.RawScu(lb.port) as scu:
        ac = scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.JPEG_2000, wire.EXPLICIT_LE, wire.IMPLICIT_LE)),
                            wire.Context(3, wire.CT_IMAGE, (wire.JPEG_LS,)),
                            wire.Context(5, wire.MR_IMAGE, (wire.IMPLICIT_LE, wire.EXPLICIT_LE)),
                            wire.Context(7, "1.2.826.0.1.3680043.9.7433.9.9", (wire.IMPLICIT_LE,)),
                            wire.Context(9, wire.VERIFICATION, (wire.IMPLICIT_LE,))], calling="MODALITY", called="PACS")
        assert {c.id: c.result for c in ac.contexts.values()} == {1: 0, 3: 4, 5: 0, 7: 3, 9: 0}
        assert scu.store(thing) == 0
        scu.release()
    rq = archive.only().rq
    assert (rq.calling, rq.called) == ("MODALITY", "PACS")
    assert {c.id: (c.abstract, c.syntaxes) for c in rq.contexts.values()} == {
        1: (wire.CT_IMAGE, (ac.contexts[1].syntaxes[0],)),
        5: (wire.MR_IMAGE, (ac.contexts[5].syntaxes[0],)),
        9: (wire.VERIFICATION, (wire.IMPLICIT_LE,))}


def test_the_answer_to_the_scu_is_what_the_standard_asks_for(balancer, raw_archive):
    """PS3.8 9.3.3: bytes 11 to 74 come back, every context is answered once, one transfer syntax that was proposed."""
    archive = raw_archive()
    lb = balancer({"ct": archive, "general": archive})
    contexts = [wire.Context(1 + 2 * n, sop, (wire.EXPLICIT_LE, wire.IMPLICIT_LE))
                for n, sop in enumerate([wire.CT_IMAGE, wire.MR_IMAGE, wire.SECONDARY_CAPTURE] * 40)]
    async_window = wire.item(0x53, bytes([0, 0, 0, 0]))
    with peers.RawScu(lb.port) as scu:
        ac = scu.associate(contexts, calling="MODALITY", called="PACS", extra=async_window)
        assert ac.raw[10:74] == scu.rq[10:74]
        assert list(ac.contexts) == [c.id for c in contexts]
        assert all(c.result == 0 and c.syntaxes == (wire.EXPLICIT_LE,) for c in ac.contexts.values())
        assert ac.max_length > 0 and ac.user[0x52] and 0x53 not in ac.user
        scu.store(objects.make("CT"))
        scu.release()
    assert 0x53 not in archive.only().rq.user
