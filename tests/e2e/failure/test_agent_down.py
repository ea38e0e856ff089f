# SPDX-License-Identifier: MIT
"""The agent dies, hangs and comes back while associations run: running ones finish, none hangs."""

import os
import signal
import threading
import time

import pytest

import load
import objects
import peers
import wire
from children import wait_until


@pytest.fixture
def line(balancer, raw_archive):
    def make(**how):
        archives = {pool: raw_archive() for pool in ("ct", "general")}
        lb = balancer(archives, **how)
        lb.wait_for_agent("UP", range(1, lb.count + 1))
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


@pytest.mark.parametrize("agents", [1, 3])
@pytest.mark.parametrize("noticed", [True, False], ids=["check-has-failed", "at-once"])
def test_new_associations_go_to_the_default_pool(line, noticed, agents):
    lb, ct, general = line(agents=agents)
    for agent in lb.agents:
        agent.child.kill()
    if noticed:
        lb.wait_for_agent("DOWN", range(1, agents + 1))
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


@pytest.mark.parametrize("agents", [1, 3])
@pytest.mark.parametrize("noticed", [True, False], ids=["check-has-failed", "at-once"])
def test_new_associations_are_refused_if_so_configured(line, noticed, agents):
    lb, ct, general = line(no_agent="refuse", agents=agents)
    for agent in lb.agents:
        agent.child.kill()
    if noticed:
        lb.wait_for_agent("DOWN", range(1, agents + 1))
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


def loaded(lb, scus):
    """SCUs that store CTs without pause."""
    return load.Load(lb.port, [("CT1", "CT", wire.CT_IMAGE)], scus, lengths=(3,), size=20000).start()


def what_was_stored(running):
    return {uid: data for uid, (_, data) in running.stored.items()}


def test_killed_and_restarted_under_load(line):
    lb, ct, general = line(settings=load.SETTINGS)
    running = loaded(lb, 4)

    def more(what):
        wait_until(lambda before=len(running.stored): len(running.stored) > before + 10, what)

    try:
        for _ in range(3):
            more("associations run")
            lb.agents[-1].child.kill()
            more("associations run without the agent")
            lb.start_agent(lb.agent.port)
            lb.wait_for_agent("UP")
    finally:
        running.stop()
    assert not running.failures
    assert {**ct.objects(), **general.objects()} == what_was_stored(running)
    assert ct.objects() and general.objects()
    lb.assert_alive()


# Several agents -----------------------------------------------------------------------------------


def connected(lb):
    """Associations run until HAProxy has asked each of its agents; the connections, one a thread or more, stay open."""
    def all_asked():
        threads = [threading.Thread(target=lambda: [peers.check_works(lb.port) for _ in range(5)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        table = lb.stats()
        return all(int(table[f"dicom-agents/agent{n}"]["stot"]) > 0 for n in range(1, lb.count + 1))
    wait_until(all_asked, "each agent has been asked")


def test_one_agent_dies_and_another_hangs_under_load(line):
    """The third one decides: nobody fails, nobody waits for longer than the check takes, nobody gets the fallback."""
    lb, ct, general = line(agents=3, threads=4, settings=load.SETTINGS)
    connected(lb)
    before = set(ct.objects())
    running = loaded(lb, 6)

    def more(what):
        wait_until(lambda before=len(running.stored): len(running.stored) > before + 100, what)

    try:
        more("associations run")
        lb.agents[0].child.kill()
        more("associations run with two agents")
        os.kill(lb.agents[1].child.pid, signal.SIGSTOP)
        lb.wait_for_agent("DOWN", [2])
        more("associations run with one agent")
        os.kill(lb.agents[1].child.pid, signal.SIGCONT)
        lb.wait_for_agent("UP", [2])
        more("associations run with two agents again")
    finally:
        os.kill(lb.agents[1].child.pid, signal.SIGCONT)
        running.stop()
    assert not running.failures
    assert {uid: data for uid, data in ct.objects().items() if uid not in before} == what_was_stored(running)
    assert not general.associations
    wait_until(lambda: len(lb.log.associations()) == len(ct.associations), "a log line of each association")
    assert {(a["pool"], a["rule"], a["error"]) for a in lb.log.associations()} == {("ct", "ct", "-")}
    lb.assert_alive()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("at", ["associate", "dataset"])
def test_another_agent_answers(line, at, how):
    """Questions about the association, and about data after an A-ASSOCIATE-AC, when one of two agents has just gone."""
    lb, ct, general = line(agents=2, threads=4)
    connected(lb)
    lost = lb.agents[1].child
    statuses, things = [], [objects.make("CT", size=20000) for _ in range(12)]
    scus = [peers.RawScu(lb.port) for _ in things]

    def modality(scu, thing):
        if at == "associate":
            scu.associate(peers.contexts_for(thing))
        statuses.append(scu.store(thing))
        scu.release()

    if at == "dataset":
        for scu, thing in zip(scus, things):
            scu.associate(peers.contexts_for(thing))
    if how == signal.SIGKILL:
        lost.kill()
    else:
        os.kill(lost.pid, signal.SIGSTOP)
    threads = [threading.Thread(target=modality, args=pair) for pair in zip(scus, things)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        if how == signal.SIGSTOP:
            os.kill(lost.pid, signal.SIGCONT)
    assert statuses == [0] * len(things)
    assert {thing.uid for thing in things} <= set(ct.objects()) and not general.associations
    assert {lb.association(scu)["error"] for scu in scus} == {"-"}
