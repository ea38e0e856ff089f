# SPDX-License-Identifier: MIT
"""A new HAProxy takes over: the associations that the old process still has end as if nothing had happened."""

import pytest

import objects
import peers
import wire
from children import wait_until


@pytest.mark.parametrize("master", [False, True], ids=["sf", "master-worker"])
@pytest.mark.parametrize("point", ["half-an-rq", "ac-read", "half-a-command", "some-data-sent", "object-stored"])
def test_an_association_that_a_reload_meets(balancer, raw_archive, point, master):
    ct, general = raw_archive(delay=0.2), raw_archive()
    lb = balancer({"ct": ct, "general": general}, master=master)
    lb.wait_for_agent("UP")
    thing = objects.make("CT", size=60000)
    with peers.RawScu(lb.port) as scu:
        scu.rq = wire.associate_rq(peers.contexts_for(thing))
        sent = {"half-an-rq": 50}.get(point, len(scu.rq))
        scu.send(scu.rq[:sent])
        if point != "half-an-rq":
            scu.read_ac()
            data = scu.store_bytes(thing)
            cut = {"ac-read": 0, "half-a-command": 50, "some-data-sent": 170, "object-stored": len(data)}[point]
            scu.send(data[:cut])
        if point == "object-stored":
            assert scu.status() == 0
        old = lb.reload()
        new = peers.check_works(lb.port)
        if point == "half-an-rq":
            scu.send(scu.rq[sent:])
            scu.read_ac()
            data, cut = scu.store_bytes(thing), 0
        if point != "object-stored":
            scu.send(data[cut:])
            assert scu.status() == 0
        scu.release()
    assert ct.objects() == {thing.uid: thing.data, new.uid: new.data}
    assert not general.associations
    entry = lb.association(scu)
    assert (entry["rule"], entry["error"]) == ("ct", "-")
    wait_until(lambda: lb.is_gone(old), "the old process ends")


@pytest.mark.parametrize("master", [False, True], ids=["sf", "master-worker"])
def test_servers_are_what_they_were_before(balancer, raw_archive, tmp_path, master):
    """With the state that was saved; a new process would take the silent one, and the drained one, for UP."""
    servers = {"silent": raw_archive(answer="silent"), "drained": raw_archive(), "well": raw_archive()}
    lb = balancer({"ct": servers}, checked=True, master=master, pool_lines=["timeout check 1s"],
                  settings={"DICOM_SERVER_STATE": str(tmp_path / "servers")})
    lb.wait_for_agent("UP")
    wait_until(lambda: lb.server_states()["ct/silent"] == "DOWN", "the silent archive is DOWN")
    lb.admin("set server ct/drained state drain")
    (tmp_path / "servers").write_text(lb.admin("show servers state"), encoding="ascii")
    lb.reload()
    states = lb.server_states()
    assert (states["ct/silent"], states["ct/drained"]) == ("DOWN", "DRAIN")
    sent = {peers.check_works(lb.port).uid for _ in range(6)}
    assert sent <= set(servers["well"].objects())


def test_a_dead_archive_is_found_soon_after_a_start(balancer, raw_archive):
    """Nobody waits for 10 s, the time between two checks, however many servers there are."""
    silent = {f"silent{n}": raw_archive(answer="close") for n in range(12)}
    lb = balancer({"ct": {**silent, "well": raw_archive()}}, checked=True)
    wait_until(lambda: all(lb.server_states()[f"ct/{name}"] == "DOWN" for name in silent), "all are found DOWN", 7)
