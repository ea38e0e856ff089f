# SPDX-License-Identifier: MIT
"""HAProxy, agents, policy and servers are replaced while 50 SCUs store without pause: nothing is lost.

SECONDS_OF_LOAD: how long each of the two tests goes on with that; `make endurance` sets it.
"""

import os
import threading
import time

import pytest

import dcmtk
import objects
import wire
from children import wait_until
from load import SETTINGS, Load

SECONDS_OF_LOAD = float(os.environ.get("SECONDS_OF_LOAD", "6"))
SCUS = 50
# calling AE title: its modality, and the pool that the policy has for it. That of GATEWAY is passed through.
SCU = {"CT01": ("CT", wire.CT_IMAGE, "ct"), "MR01": ("MR", wire.MR_IMAGE, "mr"),
       "GATEWAY": ("CT", wire.CT_IMAGE, "gateways")}
# The pool general gets what no agent has seen.
POLICY = {"rules": [{"name": "gateways", "if": {"CallingAETitle": "GATEWAY"}, "backend": "gateways"},
                    {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct", "key": "SOPInstanceUID"},
                    {"name": "mr", "if": {"Modality": "MR"}, "backend": "mr", "key": "SOPInstanceUID"}],
          "default": {"backend": "general"}}
CHECK = "id 3 weight 100 check inter 10s fastinter 1s downinter 2s fall 2 rise 1"  # as in pools.cfg


class Line:
    """A load balancer with real archives, and what can be done to it under load."""

    def __init__(self, balancer, storescp, directory, **how):
        self.pools = {pool: {f"{pool}{n}": storescp(f"{pool}{n}") for n in (1, 2)}
                      for pool in ("ct", "mr", "gateways", "general")}
        self.new = storescp("ct3")
        self.lb = balancer(self.pools, policy=POLICY, checked=True,
                           settings={**SETTINGS, "DICOM_SERVER_STATE": f"{directory}/servers"}, **how)
        for number in range(1, how.get("agents", 1) + 1):
            wait_until(lambda it=number: self.lb.stats()[f"dicom-agents/agent{it}"]["check_status"].startswith("L7OK"),
                       "the agent has been checked")
        self.pools["ct"]["ct3"] = self.new
        self.state_file, self.policies, self.old = f"{directory}/servers", 0, []
        self.load = Load(self.lb.port, [(ae, *SCU[ae][:2]) for ae in SCU], SCUS).start()
        self.files = [objects.make("MR", sop_class=wire.MR_IMAGE) for _ in range(3)]
        self.paths = [objects.write_file(f"{directory}/{thing.uid}.dcm", thing) for thing in self.files]
        self.storescu = threading.Thread(target=self._storescu, daemon=True)
        self.storescu.start()

    def _storescu(self):
        """DCMTK's SCU, with the same three instances again and again."""
        while not self.load.over.is_set():
            status, output = dcmtk.run("storescu", "-aet", "MR01", "127.0.0.1", self.lb.port, *self.paths)
            if status:
                self.load.failures.append(("storescu", f"status {status}: {output[-500:]}"))

    def wait_for(self, server, status):
        wait_until(lambda: self.lb.server_states().get(server, "").startswith(status), f"{server} is {status}")

    def some(self):
        """Until so many associations have come and gone that each SCU has probably had one."""
        before = self.load.associations
        wait_until(lambda: self.load.associations > before + SCUS, "associations run", 40)

    def reload(self):
        with open(self.state_file, "w", encoding="ascii") as file:
            file.write(self.lb.admin("show servers state"))
        self.old.append(self.lb.reload())

    def replace_policy(self):
        self.policies += 1
        rule = {"name": f"new{self.policies}", "if": {"Modality": "US"}, "backend": "general"}
        self.lb.reload_policy({**POLICY, "rules": [*POLICY["rules"], rule]})

    def upgrade_agent(self):
        """A new one beside the old one, on the same port."""
        old = self.lb.agents[0]
        new = self.lb.start_agent(old.port)
        self.some()
        old.stop()
        self.lb.agents = [new]

    def restart_agent(self, number):
        old = self.lb.agents.pop(number)
        old.stop()
        self.some()
        self.lb.agents.insert(number, self.lb.start_agent(old.port))
        self.lb.agents.pop()
        self.wait_for(f"dicom-agents/agent{number + 1}", "UP")

    def change_servers(self):
        """ct3 comes, ct1 is drained for a while, ct3 goes."""
        self.lb.admin(f"add server ct/ct3 127.0.0.1:{self.new.port} {CHECK}; enable health ct/ct3; "
                      "set server ct/ct3 state ready; set server ct/ct1 state drain")
        before = len(os.listdir(self.new.directory))
        wait_until(lambda: len(os.listdir(self.new.directory)) > before, "the new server is used")
        wait_until(lambda: self.lb.stats()["ct/ct1"]["scur"] == "0", "the server is drained")
        drained = set(os.listdir(self.pools["ct"]["ct1"].directory))
        self.some()
        self.reload()
        self.some()
        assert set(os.listdir(self.pools["ct"]["ct1"].directory)) == drained, "a drained server is used"
        self.lb.admin("set server ct/ct1 state ready; set server ct/ct3 state drain")
        wait_until(lambda: "del" in self._remove("ct/ct3"), "ct3 is removed")

    def _remove(self, server):
        """A reload has forgotten it if it came by the runtime API."""
        if server not in self.lb.server_states():
            return "deleted"
        self.lb.admin(f"set server {server} state maint")
        return self.lb.admin(f"del server {server}").lower()

    def result(self):
        """Associations that failed, and the fate of all instances for which an SCU has got Success."""
        self.load.stop()
        self.storescu.join(dcmtk.TIMEOUT)
        stored = {**self.load.stored, **{thing.uid: ("MR01", thing.data) for thing in self.files}}
        for pid in self.old:
            wait_until(lambda it=pid: self.lb.is_gone(it), "the old process ends")
        where = {}
        for pool, archives in self.pools.items():
            for archive in archives.values():
                where.update((uid, (pool, data)) for uid, data in archive.objects().items())
        right = [uid for uid, (calling, data) in stored.items() if where.get(uid) == (SCU[calling][2], data)]
        print(f"{self.load.associations} associations stored {len(right)} of {len(stored)} instances where they belong, "
              f"{len(self.old)} reloads")
        astray = [(uid, stored[uid][0], where.get(uid, ("nowhere",))[0]) for uid in set(stored) - set(right)]
        return self.load.failures, astray


@pytest.fixture
def line(balancer, storescp, tmp_path):
    return lambda **how: Line(balancer, storescp, tmp_path, **how)


def go_round(line, *events):
    end = time.monotonic() + SECONDS_OF_LOAD
    while True:
        for event in events:
            line.some()
            event()
        if time.monotonic() > end:
            break
    line.some()
    assert line.result() == ([], [])


def test_one_agent_and_a_new_process(line):
    """haproxy -sf PID -x SOCKET; and the agent is upgraded beside the old one."""
    it = line()
    go_round(it, it.reload, it.upgrade_agent, it.change_servers)


def test_two_agents_and_a_master(line):
    """haproxy -W and SIGUSR2; and one agent after the other is restarted."""
    it = line(agents=2, master=True)
    go_round(it, it.reload, lambda: it.restart_agent(0), it.replace_policy, lambda: it.restart_agent(1))
