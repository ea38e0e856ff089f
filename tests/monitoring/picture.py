#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""picture.py FILE.svg: what Prometheus sees of a run, with real archives (storescp), HAProxy, two agents and traffic.

An archive is killed and started again, then a policy is loaded. Everything that is drawn comes from Prometheus; when
something was done, and how many objects had no success, from this program.
"""

import collections
import contextlib
import io
import os
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "e2e", "lib")]
os.environ["PATH"] += ":/usr/sbin"

import dcmtk  # noqa: E402
import objects  # noqa: E402
import peers  # noqa: E402
import wire  # noqa: E402
from children import free_port  # noqa: E402
from plot import Plot  # noqa: E402
from prometheus import Prometheus  # noqa: E402
from stack import Stack  # noqa: E402

POLICY = {"default": {"backend": "general", "key": "PatientID"}, "rules": [
    {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"},
    {"name": "mr", "if": {"Modality": "MR"}, "backend": "mr"}]}
NEXT = {**POLICY, "rules": POLICY["rules"][:1]}
POOLS = {"ct": ("ct1", "ct2"), "mr": ("mr1", "mr2"), "general": ("general1", "general2", "general3")}
SENDERS = [("CT", wire.CT_IMAGE, 16), ("MR", wire.MR_IMAGE, 6), ("US", wire.CT_IMAGE, 4)]  # associations per second
KILLED, BACK, LOADED, END = 30, 75, 110, 150  # seconds


class Sender:
    """One modality: so many associations per second, each with one new object."""

    def __init__(self, port, modality, sop_class, rate):
        self.port, self.modality, self.sop_class, self.pause = port, modality, sop_class, 1 / rate
        self.results = collections.Counter()
        self.going = True
        self.thread = threading.Thread(target=self._send)
        self.thread.start()

    def _send(self):
        due = time.monotonic()
        while self.going:
            thing = objects.make(self.modality, 20000, sop_class=self.sop_class,
                                 PatientID=f"P{self.results.total() % 100}")
            try:
                self.results[peers.send_all(self.port, thing, calling=self.modality + "1") == [0]] += 1
            except (peers.Rejected, peers.Aborted, wire.Closed, OSError):
                self.results[False] += 1
            due += self.pause
            time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self.going = False
        self.thread.join()


def run(directory):
    """The run, drawn."""
    owned, port = [], free_port()
    try:
        archives = {}
        for name in sum(POOLS.values(), ()):
            archives[name] = dcmtk.StoreScp(directory, name)
            owned.append(archives[name])
        pools = {pool: {name: archives[name].port for name in names} for pool, names in POOLS.items()}
        lb = Stack(directory, POLICY, pools, agents=2, checked=True,
                   settings={"DICOM_METRICS_BIND": f"127.0.0.1:{port}"})
        owned.append(lb)
        lb.start()
        while not all(state.startswith(("UP", "OPEN")) for state in lb.server_states().values()):
            time.sleep(0.1)
        prometheus = Prometheus(directory, {"dicom-spoa": [agent.metrics_port for agent in lb.agents],
                                            "haproxy": [lb.stats_port], "dicom-haproxy": [port]})
        owned.append(prometheus)
        senders = [Sender(lb.port, *what) for what in SENDERS]
        owned.extend(senders)
        time.sleep(12)  # until rates are rates
        start = time.time()

        def wait(second):
            time.sleep(max(0, start + second - time.time()))
        wait(KILLED)
        archives["ct1"].child.kill()
        wait(BACK)
        archives["ct1"].start(directory)
        wait(LOADED)
        lb.reload_policy(NEXT)
        wait(END)
        for sender in senders:
            sender.stop()
        return draw(prometheus, start, sum((sender.results for sender in senders), collections.Counter()))
    finally:
        for thing in reversed(owned):
            thing.stop()


def draw(prometheus, start, results):
    def lines(expression, label):
        """{label's value: [(at, value)]}"""
        found = {}
        for labels, points in prometheus.range(expression, start, start + END, 1):
            found[labels.get(label, "")] = [(at - start, value) for at, value in points]
        return dict(sorted(found.items()))

    def when(expression):
        """The seconds in which it is true."""
        return [at for points in lines(expression, "x").values() for at, value in points if value > 0]
    down = when('haproxy_server_status{proxy="ct", server="ct1", state="DOWN"} == 1')
    alert = when('ALERTS{alertname="DicomServerDown", alertstate="firing", server="ct1"}')
    plot = Plot("An archive is killed and comes back, then a policy is loaded",
                f"HAProxy, two agents, seven archives (storescp): {results.total()} associations, "
                f"{results[True]} stored, {results[False]} not. Prometheus' data.",
                END, [(KILLED, "ct1 is killed"), (BACK, "ct1 is started"), (LOADED, "policy: MR to general")])
    plot.panel("Associations per second, by the pool that the policy chose",
               lines("sum by (pool) (rate(dicom_spoa_decisions_total[8s]))", "pool"))
    plot.panel("kB per second to each archive of the pool ct",
               lines('rate(haproxy_server_bytes_in_total{proxy="ct"}[8s]) / 1000', "server"),
               bands=[(down[0], down[-1] + 1, "DOWN by C-ECHO check")] if down else ())
    times = {name: next(iter(lines(f"1e6 * histogram_quantile({q}, sum by (le) (rate("
                                   "dicom_spoa_decision_duration_seconds_bucket[15s])))", "x").values()))
             for name, q in (("99 of 100", 0.99), ("half of them", 0.5))}
    plot.panel("An answer of the agents takes at most, µs", times, least=200,
               bands=[(alert[0], alert[-1] + 1, "alert DicomServerDown (for: 1s)")] if alert else ())
    return plot.svg()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    directory = tempfile.mkdtemp(prefix="dicom-picture-")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # the stack's logs
            svg = run(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        f.write(svg)


if __name__ == "__main__":
    main()
