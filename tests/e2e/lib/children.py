# SPDX-License-Identifier: MIT
"""Child processes of a test: started in a group of their own, waited for, and ended by their id."""

import os
import random
import shlex
import signal
import socket
import subprocess
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PATIENCE = 20  # seconds; under valgrind everything takes longer
_ports = random.Random(os.urandom(8))
_taken = []  # a socket of UDP for each port that free_port() has given away


def wait_until(predicate, what, patience=PATIENCE):
    """The first true value of predicate(), asked again and again."""
    end = time.monotonic() + patience
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"in vain for {patience} s: {what}")
        time.sleep(0.01)


def free_port():
    """A port below those that the kernel hands out by itself, so that nobody takes it in between.

    The socket of UDP tells every other test that it is taken, although nobody may listen there yet; HAProxy and the
    agent would share it without a word (SO_REUSEPORT).
    """
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        ceiling = int(f.read().split()[0])
    while True:
        port = _ports.randrange(10000, max(ceiling, 12000))
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                mark.bind(("", port))
                probe.bind(("", port))
            except OSError:
                mark.close()
                continue
        _taken.append(mark)
        return port


def listening(port, pid="self"):
    """Whether anybody does in the network namespace of `pid`. Asks the kernel, not the port: a connection would be
    an event in the life of the listener."""
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/{pid}/net/{table}", encoding="ascii") as f:
                lines = f.readlines()
        except OSError:  # it has ended
            return False
        for fields in map(str.split, lines):
            if fields[3] == "0A" and fields[1].endswith(f":{port:04X}"):
                return True
    return False


class Child:
    """A process whose output goes to a file."""

    def __init__(self, name, command, directory, env=None):
        self.name, self.log_path = name, os.path.join(directory, name + ".log")
        self.killed = False  # by the test, on purpose
        with open(self.log_path, "ab") as log:
            # should this process be killed, the kernel ends its children
            command = ["setpriv", "--pdeathsig", "TERM", *command]
            self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                            start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_for_port(self, port):
        def ready():
            assert self.alive(), f"{self.name} ended with status {self.process.returncode}:\n{self.log()[-3000:]}"
            return listening(port, self.pid)
        wait_until(ready, f"{self.name} listens on port {port}")

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        self.killed = True
        self._signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, patience=PATIENCE):
        """Ask it to end; its exit status."""
        if self.alive():
            self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {patience} s of SIGTERM") from None
        self._signal(signal.SIGKILL)  # children of its own that are left
        return self.process.returncode

    def _signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass


def command_of(variable, default):
    """A command that the environment may replace."""
    return shlex.split(os.environ.get(variable, default))
