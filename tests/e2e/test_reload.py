# SPDX-License-Identifier: MIT
"""haproxy -sf: the associations that the old process still has end as if nothing had happened."""

import pytest

import objects
import peers
import wire
from children import wait_until


@pytest.mark.parametrize("point", ["half-an-rq", "ac-read", "half-a-command", "some-data-sent", "object-stored"])
def test_an_association_that_a_reload_meets(balancer, raw_archive, point):
    ct, general = raw_archive(delay=0.2), raw_archive()
    lb = balancer({"ct": ct, "general": general})
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
    wait_until(lambda: not old.alive(), "the old process ends")
