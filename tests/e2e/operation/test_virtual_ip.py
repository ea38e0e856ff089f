# SPDX-License-Identifier: MIT
"""keepalived.conf: two hosts with a HAProxy each, and one address for both. Needs root, for network namespaces."""

import os
import shutil
import subprocess
import time

import pytest

import dcmtk
import objects
from children import ROOT, Child, wait_until

HOSTS = {"a": "192.0.2.11", "b": "192.0.2.12"}  # as in keepalived.conf
ADDRESS, PORT, STATISTICS = "192.0.2.10", 11112, "127.0.0.1:8404"
PLACE = "192.0.2.1"  # where modality and archive are


class Network:
    """The hosts a and b, and a third for modality and archive: namespaces, joined by a bridge in the third."""

    def __init__(self):
        self.names = {name: f"dicom-{os.getpid()}-{name}" for name in ("lan", *HOSTS)}
        try:
            for name in self.names.values():
                self._ip("netns", "add", name)
                self._ip("-n", name, "link", "set", "lo", "up")
            lan = self.names["lan"]
            self._ip("-n", lan, "link", "add", "br0", "type", "bridge")
            self._ip("-n", lan, "address", "add", f"{PLACE}/24", "dev", "br0")
            self._ip("-n", lan, "link", "set", "br0", "up")
            for name, address in HOSTS.items():
                host = self.names[name]
                self._ip("-n", lan, "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", host)
                self._ip("-n", lan, "link", "set", f"to-{name}", "master", "br0", "up")
                self._ip("-n", host, "address", "add", f"{address}/24", "dev", "eth0")
                self._ip("-n", host, "link", "set", "eth0", "up")
        except AssertionError:
            self.stop()
            raise

    @staticmethod
    def _ip(*words):
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"no network namespaces, for which this test must be root: " \
                                     f"ip {' '.join(words)}: {done.stderr}"
        return done.stdout

    def at(self, name):
        """The command before another one, that is to run there."""
        return ["ip", "netns", "exec", self.names[name]]

    def holders(self):
        """The hosts that have the address."""
        return [name for name in HOSTS if f" {ADDRESS}/" in self._ip("-n", self.names[name], "-brief", "address")]

    def stop(self):
        for name in self.names.values():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


@pytest.fixture
def network(owned):
    owned.append(Network())
    return owned[-1]


def keepalived_conf(directory):
    """The file, with the script where this test has it: nobody else may write to it."""
    script = shutil.copy(os.path.join(ROOT, "haproxy", "scaling", "haproxy-answers"), directory)
    with open(os.path.join(ROOT, "haproxy", "scaling", "keepalived.conf"), encoding="utf-8") as f:
        text = f.read()
    installed = "/usr/local/libexec/haproxy-answers"
    assert text.count(installed) == 1
    path = os.path.join(directory, "keepalived.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(installed, script))
    return path


def keepalived(network, name, directory):
    conf = keepalived_conf(directory)
    command = [*network.at(name), "keepalived", "--use-file", conf, "--config-id", name]
    # some versions end their process group if a test of the configuration displeases them
    done = subprocess.run([*command, "--config-test"], capture_output=True, text=True, timeout=20, check=False,
                          start_new_session=True)
    assert (done.returncode, done.stderr) == (0, "")
    files = [word for kind in ("pid", "vrrp_pid") for word in (f"--{kind}", os.path.join(directory, kind))]
    return Child(f"keepalived-{name}", [*command, "--vrrp", "--dont-fork", "--log-console", "--no-syslog", *files],
                 directory)


def test_the_address_moves_to_the_haproxy_that_answers(network, balancer, owned, tmp_path):
    archive = dcmtk.StoreScp(str(tmp_path), prefix=network.at("lan"))
    owned.append(archive)
    lbs, daemons = {}, {}
    for name, state in (("a", "MASTER"), ("b", "BACKUP")):
        settings = {"DICOM_BIND": f"*:{PORT}", "DICOM_STATS_BIND": STATISTICS, "DICOM_LOG": "stdout"}
        lbs[name] = balancer({"ct": f"{PLACE}:{archive.port}"}, port=PORT, prefix=network.at(name), settings=settings)
        daemons[name] = keepalived(network, name, lbs[name].directory)
        owned.append(daemons[name])
        wait_until(lambda it=daemons[name], is_=state: f"Entering {is_} STATE" in it.log(), f"{name} is {state}")
    sent = {}

    def send():
        """The SCU tries until one more object is stored."""
        thing = objects.make("CT", size=3000)
        path = objects.write_file(tmp_path / "ct.dcm", thing)
        command = [*network.at("lan"), "storescu", "-to", 2, ADDRESS, PORT, path]
        wait_until(lambda: dcmtk.run(*command)[0] == 0, "the object is stored")
        sent[thing.uid] = thing.data

    assert network.holders() == ["a"]
    send()
    assert int(lbs["a"].stats()["dicom/FRONTEND"]["stot"]) > 0

    lbs["a"].haproxy.kill()
    send()
    assert network.holders() == ["b"]
    assert int(lbs["b"].stats()["dicom/FRONTEND"]["stot"]) > 0

    # a is well again, and the address stays: longer than an election takes, which are 3.6 s
    faults = daemons["a"].log().count("Entering BACKUP STATE")
    lbs["a"].start_haproxy()
    wait_until(lambda: daemons["a"].log().count("Entering BACKUP STATE") > faults, "a is well again")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        send()
        assert network.holders() == ["b"]
    assert archive.objects() == sent
