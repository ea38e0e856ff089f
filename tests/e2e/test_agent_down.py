# SPDX-License-Identifier: MIT
"""The agent dies, hangs and comes back while associations run: running ones finish, none hangs."""

import os
import signal
import threading
import time

import pytest

import objects
import peers
import wire
from children import wait_until


@pytest.fixture
def line(balancer, raw_archive):
    def make(**how):
        archives = {pool: raw_archive() for pool in ("ct", "general")}
        lb = balancer(archives, **how)
        lb.wait_for_agent("UP")
        return lb, archives["ct"], archives["general"]
    return make


def started(lb, thing):
    """An SCU that has its acceptance and has sent nothing else."""
    scu = peers.RawScu(lb.port)
    scu.associate(peers.contexts_for(thing))
    return scu


def test_a_running_association_finishes_without_the_agent(line):
    lb, ct, _ = line()
    things = [objects.make("CT", size=100000) for _ in range(20)]
    with started(lb, things[0]) as scu:
        assert scu.store(things[0]) == 0
        lb.agent.child.kill()
        assert [scu.store(thing) for thing in things[1:]] == [0] * 19
        scu.release()
    assert ct.objects() == {thing.uid: thing.data for thing in things}


@pytest.mark.parametrize("noticed", [True, False], ids=["check-has-failed", "at-once"])
def test_new_associations_go_to_the_default_pool(line, noticed):
    lb, ct, general = line()
    lb.agent.child.kill()
    if noticed:
        lb.wait_for_agent("DOWN")
    for _ in range(3):
        thing = objects.make("CT", size=20000)
        with peers.RawScu(lb.port) as scu:
            rq = scu.associate(peers.contexts_for(thing)) and scu.rq
            assert scu.store(thing) == 0
            scu.release()
        assert general.objects()[thing.uid] == thing.data
        assert general.associations[-1].rq.raw == rq
        entry = lb.association(scu)
        assert entry["pool"] == "general" and "agent" in entry["error"]
    assert not ct.associations


@pytest.mark.parametrize("noticed", [True, False], ids=["check-has-failed", "at-once"])
def test_new_associations_are_refused_if_so_configured(line, noticed):
    lb, ct, general = line(no_agent="refuse")
    lb.agent.child.kill()
    if noticed:
        lb.wait_for_agent("DOWN")
    for _ in range(3):
        with peers.RawScu(lb.port) as scu:
            with pytest.raises(peers.Rejected) as refusal:
                scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))])
            assert refusal.value.codes == (2, 3, 1)
        assert "agent" in lb.association(scu)["error"]
    assert not ct.associations and not general.associations


@pytest.mark.parametrize("first", [1, 5, 100])
def test_without_an_agent_a_request_may_come_in_pieces(line, first):
    lb, _, general = line()
    lb.agent.child.kill()
    lb.wait_for_agent("DOWN")
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.rq = wire.associate_rq(peers.contexts_for(thing))
        scu.send(scu.rq[:first])
        wait_until(lambda: lb.open_associations() == 1, "HAProxy has the connection")
        time.sleep(0.1)  # and has looked at what came
        scu.send(scu.rq[first:])
        scu.read_ac()
        assert scu.store(thing) == 0
        scu.release()
    assert general.objects() == {thing.uid: thing.data}


def test_without_an_agent_the_log_has_the_titles_of_what_has_some(line):
    lb, _, general = line()
    lb.agent.child.kill()
    lb.wait_for_agent("DOWN")
    with peers.RawScu(lb.port) as scu:
        scu.send(b"\1\0\0\0\0\0")
        assert scu.how_it_ends() in ("reject", "eof", "reset", "abort")
    entry = lb.association(scu)
    assert (entry["pool"], entry["calling_ae"]) == ("general", "-")
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing), calling='CT "1\\', called="PACS_1")
        scu.release()
    entry = lb.association(scu)
    assert (entry["pool"], entry["calling_ae"], entry["called_ae"]) == ("general", "CT ?1?", "PACS_1")
    lb.assert_alive()


@pytest.mark.parametrize("noticed", [True, False], ids=["check-has-failed", "at-once"])
def test_an_agent_that_dies_between_acceptance_and_data_set(line, noticed):
    """The SCU has its acceptance: the fallback pool that came with it is used, and the promise still kept."""
    lb, ct, general = line()
    thing = objects.make("CT", size=50000)
    with started(lb, thing) as scu:
        lb.agent.child.kill()
        if noticed:
            lb.wait_for_agent("DOWN")
        assert scu.store(thing) == 0
        scu.release()
    assert general.objects() == {thing.uid: thing.data}
    assert not ct.associations
    entry = lb.association(scu)
    assert entry["pool"] == "general" and "agent" in entry["error"]


def test_an_agent_that_is_restarted_between_acceptance_and_data_set(line):
    """The agent keeps nothing: any agent can answer."""
    lb, ct, general = line()
    thing = objects.make("CT", size=50000)
    with started(lb, thing) as scu:
        lb.agent.child.kill()
        lb.wait_for_agent("DOWN")
        lb.start_agent(lb.agent.port)
        lb.wait_for_agent("UP")
        assert scu.store(thing) == 0
        scu.release()
    assert ct.objects() == {thing.uid: thing.data}
    assert not general.associations


def test_after_a_restart_everything_is_as_before(line):
    lb, ct, general = line()
    lb.agent.child.kill()
    lb.wait_for_agent("DOWN")
    lost = peers.check_works(lb.port)
    lb.start_agent(lb.agent.port)
    lb.wait_for_agent("UP")
    found = peers.check_works(lb.port)
    assert set(general.objects()) == {lost.uid} and set(ct.objects()) == {found.uid}


def test_an_agent_that_hangs_holds_nobody_up(line):
    lb, ct, general = line()
    os.kill(lb.agent.child.pid, signal.SIGSTOP)
    try:
        things = [objects.make("CT", size=20000) for _ in range(3)]
        for thing in things:
            assert peers.send_all(lb.port, thing) == [0]
        assert set(general.objects()) == {thing.uid for thing in things}
        lb.wait_for_agent("DOWN")
    finally:
        os.kill(lb.agent.child.pid, signal.SIGCONT)
    lb.wait_for_agent("UP")
    assert peers.check_works(lb.port).uid in ct.objects()


def test_sigterm_ends_the_agent_without_harm(line):
    """Associations that come while one agent follows the other are served, whatever pool they get."""
    lb, ct, general = line()
    sent = {}
    for _ in range(3):
        lb.agents[-1].child.process.terminate()
        for _ in range(5):
            thing = peers.check_works(lb.port)
            sent[thing.uid] = thing.data
        wait_until(lambda: not lb.agents[-1].child.alive(), "the agent ends")
        assert lb.agents[-1].child.process.returncode == 0
        lb.start_agent(lb.agent.port)
        lb.wait_for_agent("UP")
    assert {**ct.objects(), **general.objects()} == sent


def test_killed_and_restarted_under_load(line):

    lb, ct, general = line()
    sent, failures, over = {}, [], threading.Event()

    def modality():
        while not over.is_set():
            things = [objects.make("CT", size=20000) for _ in range(3)]
            try:
                assert peers.send_all(lb.port, *things) == [0, 0, 0]
                sent.update((thing.uid, thing.data) for thing in things)
            except Exception as error:  # noqa: BLE001
                failures.append(repr(error))

    threads = [threading.Thread(target=modality) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            wait_until(lambda before=len(sent): len(sent) > before + 10, "associations run")
            lb.agents[-1].child.kill()
            wait_until(lambda before=len(sent): len(sent) > before + 10, "associations run without the agent")
            lb.start_agent(lb.agent.port)
            lb.wait_for_agent("UP")
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert {**ct.objects(), **general.objects()} == sent
    assert ct.objects() and general.objects()
    lb.assert_alive()
