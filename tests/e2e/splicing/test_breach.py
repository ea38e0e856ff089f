# SPDX-License-Identifier: MIT
"""An archive that does not keep the promise that the SCU was given in its name.

The SCU gets an A-ABORT of the service provider, no data set has left, the log says what and where.
"""

import pytest

import objects
import peers
import wire
from children import free_port

SECOND = wire.Context(3, wire.MR_IMAGE, (wire.EXPLICIT_LE,))


def broken(balancer, archive, **how):
    """Send through a balancer whose only CT archive is `archive`; the log line of the association."""
    lb = balancer({"ct": {"ct-east": archive}, "general": {"general1": free_port()}}, **how)
    with peers.RawScu(lb.port) as scu:
        thing = objects.make("CT", size=50000)
        scu.associate([*peers.contexts_for(thing), SECOND])
        with pytest.raises(peers.Aborted) as abort:
            scu.store(thing)
        assert abort.value.source == 2
        assert scu.how_it_ends() in ("eof", "reset")
    line = lb.association(scu)
    assert (line["pool"], line["server"]) == ("ct", "ct-east")
    lb.assert_alive()
    return line["error"]


@pytest.mark.parametrize("answer,words", [
    (peers.accept_nothing_of(wire.MR_IMAGE), ["context 3", wire.MR_IMAGE, "abstract syntax not supported"]),
    (peers.accept_nothing_of(wire.CT_IMAGE), ["context 1", wire.CT_IMAGE]),
    (peers.leave_out(wire.MR_IMAGE), ["context 3", wire.MR_IMAGE]),
    (peers.accept_with(wire.IMPLICIT_LE), ["context 1", wire.CT_IMAGE, wire.IMPLICIT_LE, wire.EXPLICIT_LE]),
    (peers.accept_max_length(4096), ["4096"]),
], ids=["refuses-another-context", "refuses-the-context-in-use", "leaves-out-a-context", "another-transfer-syntax",
        "smaller-maximum-length"])
def test_an_archive_that_accepts_less_than_was_promised(balancer, raw_archive, answer, words):
    archive = raw_archive(answer=answer)
    error = broken(balancer, archive)
    for word in words:
        assert word in error
    association = archive.only()
    assert association.rq and association.p_data() in (b"", wire.abort(2, 0)) and not association.messages


@pytest.mark.parametrize("codes,words", [((1, 1, 7), "called AE title not recognized"),
                                         ((1, 1, 3), "calling AE title not recognized"),
                                         ((2, 3, 1), "temporary congestion"),
                                         ((2, 3, 2), "local limit exceeded")])
def test_an_archive_that_refuses_the_association(balancer, raw_archive, codes, words):
    archive = raw_archive(answer=lambda rq: wire.associate_rj(*codes))
    error = broken(balancer, archive)
    assert words in error and "%d/%d/%d" % codes in error
    # at an A-ABORT the archive closes without waiting for its ARTIM timer (PS3.8 9.2, Sta13 AA-2)
    assert archive.only().p_data() in (b"", wire.abort(2, 0))


def test_an_archive_that_aborts(balancer, raw_archive):
    archive = raw_archive(answer=lambda rq: wire.abort(2, 1))
    assert "abort" in broken(balancer, archive)
    assert archive.only().p_data() in (b"", wire.abort(2, 0))


@pytest.mark.parametrize("answer", ["close", "reset"])
def test_an_archive_that_goes_away_instead_of_answering(balancer, raw_archive, answer):
    archive = raw_archive(answer=answer)
    assert "archive" in broken(balancer, archive)
    assert all(a.p_data() == b"" for a in archive.associations)


def test_an_archive_that_never_answers(balancer, raw_archive):
    archive = raw_archive(answer="silent")
    assert "in time" in broken(balancer, archive, answer_wait=1)
    assert archive.only().p_data() in (b"", wire.abort(2, 0))


def test_an_archive_that_answers_with_half_an_acceptance(balancer, raw_archive):
    archive = raw_archive(answer=lambda rq: peers.accept_all(rq)[:40])
    assert broken(balancer, archive, answer_wait=1)
    assert archive.only().p_data() in (b"", wire.abort(2, 0))


def test_an_archive_that_answers_nonsense(balancer, raw_archive):
    archive = raw_archive(answer=lambda rq: b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert broken(balancer, archive, answer_wait=1)
    assert archive.only().p_data() in (b"", wire.abort(2, 0))


def test_no_archive_at_all(balancer):
    assert broken(balancer, free_port())


def test_a_dead_archives_associations_go_to_its_neighbour(balancer, raw_archive):
    archive = raw_archive()
    lb = balancer({"ct": {"dead": free_port(), "alive": archive}, "general": {"general1": free_port()}})
    for _ in range(4):
        thing = objects.make("CT")
        assert peers.send_all(lb.port, thing) == [0]
        assert archive.objects()[thing.uid] == thing.data


@pytest.mark.parametrize("length", [0, 16384, 131072])
def test_an_archive_that_offers_more_than_was_promised_is_welcome(balancer, raw_archive, length):
    archive = raw_archive(answer=peers.accept_max_length(length))
    lb = balancer({"ct": archive, "general": archive})
    thing = objects.make("CT", size=50000)
    assert peers.send_all(lb.port, thing) == [0]
    assert archive.objects() == {thing.uid: thing.data}


def test_an_abort_behind_the_acceptance_is_the_archives_own(balancer, raw_archive):
    """AC and A-ABORT in one segment: the first is taken away, the second must arrive."""
    archive = raw_archive(answer=lambda rq: peers.accept_all(rq) + wire.abort(2, 6))
    lb = balancer({"ct": archive, "general": archive})
    with peers.RawScu(lb.port) as scu:
        thing = objects.make("CT")
        scu.associate(peers.contexts_for(thing))
        with pytest.raises(peers.Aborted) as abort:
            scu.store(thing)
        assert (abort.value.source, abort.value.reason) == (2, 6)
