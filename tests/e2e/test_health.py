# SPDX-License-Identifier: MIT
"""Archives are asked by an association and a C-ECHO, agents by SPOP: what accepts connections is not yet well."""

import os
import signal
import urllib.request

import peers
import wire
from children import free_port, wait_until


def states(lb, **wanted):
    """Wait until the servers of pool ct have these states, by the name of the server."""
    def seen():
        table = lb.server_states()
        return {name: table[f"ct/{name}"] for name in wanted}
    try:
        wait_until(lambda: all(seen()[name].startswith(state) for name, state in wanted.items()), "states", 40)
    except AssertionError:
        raise AssertionError(f"expected {wanted}, saw {seen()}") from None


def test_real_archives_are_up_and_absent_ones_down(balancer, storescp, raw_archive):
    lb = balancer({"ct": {"storescp": storescp("STORESCP"), "raw": raw_archive(), "absent": free_port()}}, checked=True)
    states(lb, absent="DOWN")
    states(lb, storescp="UP", raw="UP")
    checks = lb.stats()
    assert checks["ct/storescp"]["check_status"].startswith("L7OK")
    assert checks["ct/raw"]["check_status"].startswith("L7OK")


def test_the_check_is_a_whole_association_with_an_echo(balancer, raw_archive):
    archive = raw_archive()
    balancer({"ct": archive}, checked=True)
    archive.wait_for(lambda all_: any(a.ended == "release" for a in all_), "released association of the check")
    check = next(a for a in archive.associations if a.ended == "release")
    assert not check.early and not check.error
    assert [c.abstract for c in check.rq.contexts.values()] == [wire.VERIFICATION]
    assert [wire.us(command, 0x0100) for command, _ in check.messages] == [wire.C_ECHO_RQ]


def test_what_only_accepts_connections_is_down(balancer, raw_archive):
    lb = balancer({"ct": {"refuses": raw_archive(answer=lambda rq: wire.associate_rj(1, 1, 3)),
                          "closes": raw_archive(answer="close"), "silent": raw_archive(answer="silent"),
                          "no-dicom": raw_archive(answer=lambda rq: b"HTTP/1.1 400 Bad Request\r\n\r\n"),
                          "no-echo": raw_archive(answer=peers.accept_nothing_of(wire.VERIFICATION)),
                          "well": raw_archive()}}, checked=True)
    states(lb, refuses="DOWN", closes="DOWN", silent="DOWN", **{"no-dicom": "DOWN", "no-echo": "DOWN"}, well="UP")
    for _ in range(6):
        peers.check_works(lb.port)


def test_an_archive_that_comes_back_is_used_again(balancer, raw_archive):
    first = raw_archive()
    lb = balancer({"ct": first}, checked=True)
    states(lb, ct1="UP")
    first.stop()
    states(lb, ct1="DOWN")
    second = raw_archive(port=first.port)
    states(lb, ct1="UP")
    thing = peers.check_works(lb.port)
    assert second.objects()[thing.uid] == thing.data


def test_an_agent_that_hangs_is_down_although_its_port_is_open(balancer, raw_archive):
    lb = balancer({"general": raw_archive()})
    lb.wait_for_agent("UP")
    os.kill(lb.agent.child.pid, signal.SIGSTOP)
    try:
        lb.wait_for_agent("DOWN")
    finally:
        os.kill(lb.agent.child.pid, signal.SIGCONT)
    lb.wait_for_agent("UP")


def test_the_stats_page_is_there(balancer, raw_archive):

    lb = balancer({"ct": raw_archive()}, checked=True)
    with urllib.request.urlopen(f"http://127.0.0.1:{lb.stats_port}/stats", timeout=20) as page:
        text = page.read().decode()
    assert "DICOM" in text and "ct1" in text
