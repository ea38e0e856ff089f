# SPDX-License-Identifier: MIT
"""The fields `ended` and `by` of the log: how an association came to its end, and whose doing it was."""

import subprocess

import pytest

import objects
import peers
import wire
from children import command_of, free_port

POLICY = {"rules": [{"name": "rogue", "if": {"CallingAETitle": "ROGUE"}, "reject": "no-reason-given"},
                    {"name": "query", "if": {"ProposedSOPClassUID": "@query-retrieve"}, "backend": "query"},
                    {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}],
          "default": {"backend": "general"}}
FIND = wire.Context(1, "1.2.840.10008.5.1.4.1.2.2.1", (wire.IMPLICIT_LE,))


@pytest.fixture(scope="module")
def states():
    """Whether this HAProxy says how a connection has ended to others than its log: from 3.0 on."""
    said = subprocess.run([*command_of("HAPROXY", "haproxy"), "-v"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return not said.split("version ")[1].startswith("2.")


@pytest.fixture
def stack(balancer, raw_archive):
    def make(answer=peers.accept_all, **how):
        archive = raw_archive(answer=answer)
        return balancer({pool: archive for pool in ("ct", "query", "general")}, policy=POLICY, **how)
    return make


def ending(lb, scu):
    line = lb.association(scu)
    assert line["ended"] and line["by"]
    return line["ended"], line["by"]


@pytest.mark.parametrize("listen", ["yes", "no"])
def test_released(stack, states, listen):
    lb, thing = stack(settings={"DICOM_LISTEN": listen}), objects.make("CT")
    for contexts, what in ((peers.contexts_for(thing), thing), ([FIND], None)):
        with peers.RawScu(lb.port) as scu:
            scu.associate(contexts)
            assert what is None or scu.store(what) == 0
            scu.release()
        assert ending(lb, scu) == (("released", "scu") if listen == "yes" else ("closed", "-") if states else ("-", "-"))


@pytest.mark.parametrize("abort", [True, False], ids=["A-ABORT", "nothing"])
@pytest.mark.parametrize("who", ["scu", "archive"])
def test_ended_without_a_release(balancer, raw_archive, who, abort):
    archive, thing = raw_archive(), objects.make("CT")
    lb = balancer({pool: archive for pool in ("ct", "query", "general")}, policy=POLICY)
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        assert scu.store(thing) == 0
        if who == "scu":
            scu.send(wire.abort(0, 0) if abort else b"")
            scu.close()
        else:
            archive.hang_up(wire.abort(2, 0) if abort else b"")
            assert scu.how_it_ends() == ("abort" if abort else "eof")
    ended, by = ending(lb, scu)
    assert ended == ("aborted" if abort and who == "archive" else "closed")
    # at an A-ABORT of the SCU the archive may be the first to close
    assert by == who or (who == "scu" and abort)


def test_connections_that_are_lost(stack, states):
    lb, thing = stack(), objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        assert scu.store(thing) == 0
        scu.reset()
    assert ending(lb, scu) == ("connection lost" if states else "closed", "scu")


def test_who_is_silent(stack, states):
    lb, thing = stack(idle_wait=1), objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        assert scu.store(thing) == 0
        assert scu.how_it_ends() in ("eof", "reset")
    ended, by = ending(lb, scu)
    assert by in ("scu", "archive")
    assert ended == ("silent" if states else "closed")


def refused(lb, contexts, how, **who):
    with peers.RawScu(lb.port) as scu:
        scu.send(wire.associate_rq(contexts, **who))
        assert scu.how_it_ends() == how
    return ending(lb, scu)


def test_refusals(stack):
    assert refused(stack(), [FIND], "reject", calling="ROGUE") == ("refused", "balancer")
    lb = stack(answer=lambda rq: wire.associate_rj(1, 1, 7))
    assert refused(lb, [FIND], "reject") == ("refused", "archive")
    assert broken(lb) == ("refused", "archive")


def broken(lb):
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        scu.send(scu.store_bytes(thing))
        assert scu.how_it_ends() == "abort"
    return ending(lb, scu)


@pytest.mark.parametrize("answer, expected, through", [
    (peers.accept_nothing_of(wire.CT_IMAGE), ("aborted", "balancer"), None),
    (lambda rq: wire.abort(2, 1), ("aborted", "archive"), "abort"),
    ("close", ("closed", "archive"), "reject"), ("silent", ("no answer", "archive"), "reject")],
    ids=["promise", "abort", "close", "silent"])
def test_archives_that_do_not_accept(stack, answer, expected, through):
    lb = stack(answer=answer, answer_wait=1)
    assert broken(lb) == expected
    if through:
        assert refused(lb, [FIND], through) == expected


def test_no_archive(balancer):
    lb = balancer({pool: free_port() for pool in ("ct", "query", "general")}, policy=POLICY)
    assert broken(lb) == ("no connection", "archive")
    assert refused(lb, [FIND], "reject") == ("no connection", "archive")


def test_what_the_scu_ends_early(stack):
    lb = stack(request_wait=2)
    contexts = peers.contexts_for(objects.make("CT"))
    with peers.RawScu(lb.port) as scu:
        scu.associate(contexts)
        scu.send(wire.abort())
        assert scu.how_it_ends() in ("eof", "reset")
    assert ending(lb, scu) == ("aborted", "scu")
    with peers.RawScu(lb.port) as scu:
        scu.associate(contexts)
    assert ending(lb, scu) == ("closed", "scu")
    with peers.RawScu(lb.port) as scu:
        scu.send(wire.associate_rq(contexts)[:50])
        assert scu.how_it_ends() in ("eof", "reset")
    assert ending(lb, scu) == ("no request", "scu")
