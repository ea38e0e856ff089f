# SPDX-License-Identifier: MIT
"""An archive, or a whole pool, that is not there: another one takes the association, or the SCU is refused at once, for
the moment, so that it tries again. No SCU is left with a silent close, or accepted for nobody."""

import contextlib
import socket

import pytest

import objects
import peers
import wire
from children import free_port, wait_until

CONGESTION = (2, 3, 1)
QUERY = wire.Context(1, "1.2.840.10008.5.1.4.1.2.2.1", (wire.IMPLICIT_LE,))
CHAIN = {"rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": ["ct", "mr"]},
                   {"name": "queries", "if": {"ProposedSOPClassUID": "@query-retrieve"}, "backend": ["query", "general"]}],
         "default": {"backend": "general"}}


@pytest.fixture
def line(balancer, raw_archive):
    """A balancer with an archive in each pool, and these."""
    def make(policy=CHAIN, **how):
        archives = {pool: raw_archive() for pool in ("ct", "mr", "query", "general")}
        lb = balancer(archives, policy=policy, **how)
        lb.wait_for_agent("UP")
        return lb, archives
    return make


def take_out(lb, *pools, state="maint"):
    for pool in pools:
        lb.admin(f"set server {pool}/{pool}1 state {state}")


def refused(lb, contexts=None, thing=None):
    """The log line of an association that was refused as it should be."""
    with peers.RawScu(lb.port) as scu:
        with pytest.raises(peers.Rejected) as refusal:
            scu.associate(contexts or peers.contexts_for(thing or objects.make("CT")))
        assert refusal.value.codes == CONGESTION
        assert scu.how_it_ends() in ("eof", "reset")
    return lb.association(scu)


def holders(archives, thing):
    return [pool for pool, archive in archives.items() if thing.uid in archive.objects()]


@pytest.mark.parametrize("state", ["maint", "drain"])
def test_the_next_pool_takes_over_and_gives_back(line, state):
    lb, archives = line()
    assert holders(archives, peers.check_works(lb.port)) == ["ct"]
    take_out(lb, "ct", state=state)
    assert holders(archives, peers.check_works(lb.port)) == ["mr"]
    take_out(lb, "ct", state="ready")
    assert holders(archives, peers.check_works(lb.port)) == ["ct"]
    wait_until(lambda: [entry["rule"] for entry in lb.log.associations()] == ["ct"] * 3, "three lines of one rule")


def test_so_do_queries(line):
    lb, archives = line()
    for pool in ("query", "general"):
        with peers.RawScu(lb.port) as scu:
            scu.associate([QUERY])
            scu.release()
        assert len(archives[pool].associations) == 1
        take_out(lb, pool)
    entry = refused(lb, [QUERY])
    assert (entry["rule"], entry["error"]) == ("queries", "no archive is up in the pools query, general")


def test_what_the_check_finds_counts(balancer, raw_archive):
    archives = {"ct": raw_archive(answer="silent"), "mr": raw_archive(), "general": raw_archive()}
    lb = balancer(archives, policy=CHAIN, checked=True,
                  pool_lines=["default-server inter 200ms fastinter 200ms", "timeout check 300ms"])
    lb.wait_for_agent("UP")
    wait_until(lambda: lb.server_states()["ct/ct1"] == "DOWN", "the check has failed")
    assert holders({"mr": archives["mr"]}, peers.check_works(lb.port)) == ["mr"]


def test_none_is_left(line):
    lb, archives = line()
    take_out(lb, "ct", "mr", "general")
    entry = refused(lb)
    assert (entry["rule"], entry["error"]) == ("ct", "no archive is up in the pools ct, mr")
    take_out(lb, "mr", state="ready")
    assert holders(archives, peers.check_works(lb.port)) == ["mr"]


def test_one_that_is_down_keeps_no_scu_out_that_needs_another(line):
    """Only one that does need it is turned away, when its data has told so."""
    lb, archives = line()
    take_out(lb, "general")
    assert holders(archives, peers.check_works(lb.port)) == ["ct"]
    thing = objects.make("MR")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        with pytest.raises(peers.Aborted) as abort:
            scu.store(thing)
        assert (abort.value.source, abort.value.reason) == (2, 0)
    entry = lb.association(scu)
    assert (entry["rule"], entry["error"]) == ("default", "no archive is up in the pool general")
    assert not holders(archives, thing)


def test_but_if_the_policy_says_so_no_scu_is_accepted(line):
    """Also if it would then send something else: nobody can know."""
    lb, _ = line(policy={**CHAIN, "negotiate": {"accept_while_down": False}})
    take_out(lb, "general")
    assert refused(lb)["error"] == "no archive is up in the pool general"


def test_a_pool_goes_down_between_acceptance_and_data(line):
    lb, archives = line()
    thing = objects.make("CT", size=50000)
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        take_out(lb, "ct")
        assert scu.store(thing) == 0
        scu.release()
    assert holders(archives, thing) == ["mr"]


def test_all_of_them_go_down_between_acceptance_and_data(line):
    lb, archives = line()
    thing = objects.make("CT", size=50000)
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        take_out(lb, "ct", "mr")
        with pytest.raises(peers.Aborted) as abort:
            scu.store(thing)
        assert (abort.value.source, abort.value.reason) == (2, 0)
    assert lb.association(scu)["error"] == "no archive is up in the pools ct, mr"
    assert not holders(archives, thing)


def test_without_agent_and_default_pool(line):
    lb, _ = line()
    lb.agent.child.kill()
    lb.wait_for_agent("DOWN")
    take_out(lb, "general")
    assert refused(lb)["pool"] == "general"


# Archives of one pool: nobody has found out yet that one is gone ------------------------------------


@contextlib.contextmanager
def deaf():
    """A port at which connections are neither accepted nor refused: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        while True:
            sock = stack.enter_context(socket.socket())
            sock.settimeout(0.3)
            try:
                sock.connect(listener.getsockname())
            except TimeoutError:
                break
        yield listener.getsockname()[1]


@pytest.mark.parametrize("how", ["refuses", "times-out"])
@pytest.mark.parametrize("what", ["spliced", "passed-through"])
def test_the_scu_does_not_notice(balancer, raw_archive, how, what):
    well = raw_archive()
    with deaf() if how == "times-out" else contextlib.nullcontext(free_port()) as port:
        lb = balancer({"ct": {"gone": port, "well": well}, "general": raw_archive()},
                      policy={"rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"},
                                        {"name": "modality", "if": {"CallingAETitle": "MOD"}, "backend": "ct"}],
                              "default": {"backend": "general"}},
                      pool_lines=["timeout connect 1s", "balance roundrobin"])
        things = [objects.make("CT", size=20000) for _ in range(4)]
        for thing in things:
            assert peers.send_all(lb.port, thing, calling="MOD" if what == "passed-through" else "SCU") == [0]
        lines = lb.log.associations
        wait_until(lambda: len(lines()) == 4, "four lines")
    assert set(well.objects()) == {thing.uid for thing in things}
    assert {line["server"] for line in lines()} == {"well"}


@pytest.mark.parametrize("how", ["absent", "closes", "resets", "silent"])
def test_no_answer_of_the_only_archive(balancer, raw_archive, how):
    answer = {"closes": "close", "resets": "reset", "silent": "silent"}
    lb = balancer({"general": raw_archive(answer=answer[how]) if how in answer else free_port()},
                  answer_wait=1 if how == "silent" else 15)
    lb.wait_for_agent("UP")
    entry = refused(lb, [QUERY])
    assert {"absent": "no connection to an archive", "closes": "closed the connection", "resets": "archive",
            "silent": "in time"}[how] in entry["error"]
    lb.assert_alive()


def test_an_scu_that_is_gone_or_aborts_gets_nothing(balancer, raw_archive):
    archive = raw_archive(delay=1, answer="close")
    lb = balancer({"general": archive})
    lb.wait_for_agent("UP")
    with peers.RawScu(lb.port) as scu:
        scu.send(wire.associate_rq([QUERY]))
        archive.wait_for(lambda all_: all_ and all_[0].rq, "A-ASSOCIATE-RQ")
        scu.send(wire.abort(0, 0))
        assert scu.how_it_ends() in ("eof", "reset")
    assert lb.association(scu)["error"].startswith("decided without the data set: ")
    assert archive.only().ended == "abort"


def test_a_queue_that_does_not_move(balancer, raw_archive):
    """The only archive has as many associations as it takes."""
    lb = balancer({"general": raw_archive()}, pool_lines=["default-server maxconn 1", "timeout queue 1s"])
    lb.wait_for_agent("UP")
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as first:
        first.associate([QUERY])
        assert refused(lb, [QUERY])["error"] == "no connection to an archive of the pool"
        with peers.RawScu(lb.port) as scu:
            scu.associate(peers.contexts_for(thing), calling="SPLICED")
            with pytest.raises((peers.Aborted, peers.Rejected)):
                scu.store(thing)
        first.release()
    assert peers.check_works(lb.port)
