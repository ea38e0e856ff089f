# SPDX-License-Identifier: MIT
"""Fixtures: factories whose products end with the test."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(os.path.dirname(HERE), "model")]

os.environ.setdefault("DICOM_SPOA_WRAPPER", os.environ.get("AGENT_WRAPPER", ""))
# where Debian keeps HAProxy, and where an ordinary user's PATH does not lead
os.environ["PATH"] += ":/usr/sbin"

import dcmtk  # noqa: E402
import peers  # noqa: E402
from stack import Stack  # noqa: E402


@pytest.fixture
def owned():
    """Things with stop(), stopped last first; all of them, whatever happens."""
    things, complaints = [], []
    yield things
    for thing in reversed(things):
        try:
            thing.stop()
        except AssertionError as complaint:
            complaints.append(str(complaint))
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def raw_archive(owned):
    """raw_archive(answer=..., delay=...) -> peers.RawScp"""
    def make(*args, **how):
        owned.append(peers.RawScp(*args, **how))
        return owned[-1]
    return make


@pytest.fixture
def storescp(owned, tmp_path):
    def make(name="ARCHIVE", **how):
        owned.append(dcmtk.StoreScp(str(tmp_path), name, **how))
        return owned[-1]
    return make


@pytest.fixture
def dcmqrscp(owned, tmp_path):
    def make(name="QUERY", **how):
        owned.append(dcmtk.QueryScp(str(tmp_path), name, **how))
        return owned[-1]
    return make


@pytest.fixture
def balancer(owned, tmp_path):
    """balancer(policy=..., pools={...}) -> Stack; pools: {pool: {server: port or archive}} or {pool: archive}"""
    count = []

    def make(pools, **how):
        ports = {}
        for pool, servers in pools.items():
            if not isinstance(servers, dict):
                servers = {pool + "1": servers}
            ports[pool] = {name: getattr(server, "port", server) for name, server in servers.items()}
        directory = tmp_path / f"balancer{len(count)}"
        directory.mkdir()
        count.append(directory)
        owned.append(Stack(directory, pools=ports, **how))
        return owned[-1].start()
    return make
