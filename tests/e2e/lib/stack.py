# SPDX-License-Identifier: MIT
"""The product as its user runs it: HAProxy with the repository's own configuration, and the agent.

Environment: DICOM_SPOA the agent's program, AGENT_WRAPPER a command before it (valgrind ...), HAPROXY the
HAProxy to run; both may have arguments.
"""

import csv
import json
import os
import re
import signal
import socket
import threading

import pytest

from children import PATIENCE, ROOT, Child, command_of, free_port, wait_until

REPORTS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|ERROR SUMMARY: [1-9]|(definitely|indirectly) lost: [1-9]")
TWO_POOLS = {"default": {"backend": "general"},
             "rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"},
                       {"name": "mr", "if": {"Modality": "MR"}, "backend": "mr"}]}


def as_text(policy):
    return policy if isinstance(policy, str) else json.dumps(policy, ensure_ascii=False)


def runtime_api(path, command):
    """A command to HAProxy's runtime API (management.txt 9.3)."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(path)
        sock.sendall(command.encode("ascii") + b"\n")
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer.decode("utf-8", "replace")


def statistics(path):
    """{proxy/server: the row of the stats page}"""
    rows = csv.DictReader(runtime_api(path, "show stat").lstrip("# ").strip().splitlines())
    return {f"{row['pxname']}/{row['svname']}": row for row in rows}


class LogSocket:
    """What HAProxy logs, line by line."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.lines = []
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                line = self.sock.recv(65536).decode("utf-8", "replace").rstrip("\n")
            except OSError:
                return
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()

    def associations(self):
        """The lines of associations, as dictionaries."""
        return [dict(re.findall(r'(\w+)="([^"]*)"', line)) for line in list(self.lines) if 'client="' in line]

    def wait_for(self, what, patience=PATIENCE, **wanted):
        """The first association's line whose fields are `wanted`."""
        def find():
            return next((a for a in self.associations() if all(a.get(k) == v for k, v in wanted.items())), None)
        with self.changed:
            if not self.changed.wait_for(find, patience):
                raise AssertionError(f"no log line of {what} {wanted}; there are:\n" + "\n".join(self.lines))
            return find()

    def close(self):
        self.sock.close()


class Agent:
    """One dicom-spoa; its policy is a file that others may share.

    metrics: the address for them; None: the agent's own default.
    """

    def __init__(self, directory, name, policy_path, port=None, workers=2, metrics="127.0.0.1:0", options=(),
                 prefix=()):
        self.port = port or free_port()
        program = command_of("DICOM_SPOA", os.path.join(ROOT, "build", "dicom-spoa"))
        self.child = Child(name, [*prefix] + command_of("AGENT_WRAPPER", "") + program +
                           ["serve", "--policy", policy_path, "--listen", f"127.0.0.1:{self.port}",
                            "--workers", str(workers), *(("--metrics", metrics) if metrics else ()), *options],
                           directory)
        self.child.wait_for_port(self.port)
        wait_until(lambda: "event=started" in self.child.log(), f"{name} has started")

    @property
    def metrics_port(self):
        return int(re.search(r"event=listening what=metrics address=\S+:(\d+)", self.child.log()).group(1))

    def policies(self):
        """The ids of the policies that it has loaded, the newest last."""
        return re.findall(r"event=policy result=loaded id=(\w+)", self.child.log())

    def refusals(self):
        """How many policies it has refused; why, its log says before."""
        return self.child.log().count("event=policy result=refused")

    def stop(self):
        """SIGTERM; the status must be 0 and no checker may have found anything."""
        status = self.child.stop()
        log = self.child.log()
        assert not REPORTS.search(log), f"report of a checker:\n{log[-8000:]}"
        assert status == 0, f"the agent ended with status {status}:\n{log[-3000:]}"


class Stack:
    """pools: {pool: {server: port}}; behind a port there may be options: "11121 no-ssl". The agent(s) and HAProxy
    listen on free ports.

    policy: as JSON, or the path of a file that is the test's own.
    checked: archives get their health checks; off by default, since a raw archive counts its associations.
    request_wait, answer_wait: seconds that an SCU has for its request and first data, and an archive for its
    answer, where the test cannot wait as long as dicom.cfg does. idle_wait: seconds that an open association may be
    silent, and a peer may take to close after the other.
    use_backend: lines in place of dicom.cfg's own `use_backend`.
    pool_lines: more lines for each pool. agent_options: more arguments of each agent.
    binds: what else the frontend listens on, with options: "127.0.0.1:11113".
    port: where it listens, if others do so too.
    files: more files of haproxy/ with pools, "scaling/sticky.cfg".
    ids: {server: id}, where they are not in the order of the pool.
    prefix: a command before those of the agents and of HAProxy.
    master: HAProxy runs in master-worker mode.
    """

    def __init__(self, directory, policy=None, pools=None, no_agent="fallback", default_pool=None,
                 agents=1, checked=False, threads=2, request_wait=None, answer_wait=None, settings=None,
                 use_backend=None, pool_lines=(), binds=(), idle_wait=None, port=None, files=(), ids=None, prefix=(),
                 master=False, agent_options=()):
        self.directory = str(directory)
        self.pools, self.checked, self.threads = pools or {}, checked, threads
        self.request_wait, self.answer_wait, self.use_backend = request_wait, answer_wait, use_backend
        self.binds, self.files, self.ids, self.prefix = binds, files, ids or {}, list(prefix)
        default_pool = default_pool or ("general" if "general" in self.pools else next(iter(self.pools), ""))
        self.pool_lines, self.idle_wait = list(pool_lines), idle_wait
        if idle_wait:
            self.pool_lines += [f"timeout server {idle_wait}s", f"timeout server-fin {idle_wait}s"]
        self.log = LogSocket()
        self.port, self.stats_port = port or free_port(), free_port()
        self.count, self.agent_options = agents, agent_options
        if isinstance(policy, os.PathLike):
            self.policy_path = str(policy)
        else:
            self.policy_path = self._write("policy.json", as_text(TWO_POOLS if policy is None else policy))
        self.agents = []
        self.started = 0  # agents, so far
        self.haproxy, self.master = None, master
        self.former = []  # HAProxies that a reload has replaced
        self.settings = {"DICOM_LUA": os.path.join(ROOT, "lua"),
                         "DICOM_SPOE": self._spoe(),
                         "DICOM_BIND": f"127.0.0.1:{self.port}", "DICOM_STATS_BIND": f"127.0.0.1:{self.stats_port}",
                         "DICOM_LOG": self.log.address, "DICOM_NO_AGENT": no_agent,
                         "DICOM_DEFAULT_POOL": default_pool, "DICOM_ADMIN": f"{self.directory}/admin.sock",
                         **(settings or {})}

    def start(self):
        for _ in range(self.count):
            self.start_agent()
        self.start_haproxy()
        return self

    @property
    def agent(self):
        return self.agents[0]

    def _write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def _spoe(self):
        """dicom.spoe.conf. Under valgrind an agent that has just started may need more than a second for its first
        answer. With 3 s HAProxy 2.6 was seen to wait for longer than 20 s for an agent that has died."""
        path = os.path.join(ROOT, "haproxy", "dicom.spoe.conf")
        if not os.environ.get("AGENT_WRAPPER"):
            return path
        with open(path, encoding="utf-8") as f:
            text, count = re.subn(r"timeout processing 1s", "timeout processing 2s", f.read())
        assert count == 1
        return self._write("dicom.spoe.conf", text)

    def start_agent(self, port=None):
        self.started += 1
        agent = Agent(self.directory, f"agent{self.started}", self.policy_path, port, prefix=self.prefix,
                      options=self.agent_options)
        self.agents.append(agent)
        return agent

    def replace_policy(self, policy):
        """A new file by the name of the old one: at no moment there is none, or half of one."""
        os.replace(self._write("policy.json.new", as_text(policy)), self.policy_path)

    def hang_up(self):
        for agent in self.agents:
            os.kill(agent.child.pid, signal.SIGHUP)

    def wait_for_policy(self, loads):
        """Until every agent has loaded so many policies since it started; the newest one's id."""
        for agent in self.agents:
            wait_until(lambda it=agent: len(it.policies()) >= loads, f"{agent.child.name} has loaded {loads} policies")
        return self.agent.policies()[-1]

    def reload_policy(self, policy):
        """Replaced, and loaded by every agent; its id."""
        loads, refusals = len(self.agent.policies()), self.agent.refusals()
        self.replace_policy(policy)
        self.hang_up()
        wait_until(lambda: len(self.agent.policies()) > loads or self.agent.refusals() > refusals,
                   "the agent has read its policy again")
        assert self.agent.refusals() == refusals, self.agent.child.log()[-3000:]
        return self.wait_for_policy(loads + 1)

    def _pools(self):
        """The repository's pools.cfg with the test's servers: its defaults, and for each pool the lines of
        the pool that it has under that name, or else of `general`; `files` likewise."""
        out, lines = [], {}
        for name in ("pools.cfg", *self.files):
            with open(os.path.join(ROOT, "haproxy", name), encoding="utf-8") as f:
                head, *backends = re.split(r"(?m)^(?=backend )", f.read())
            out.append(head)
            for text in backends:
                first, *rest = text.splitlines()
                lines[first.split()[1]] = [first] + [line for line in rest if not re.match(r"\s*server\s", line)]
        for pool, servers in self.pools.items():
            out += [re.sub(r"^backend \S+", f"backend {pool}", lines.get(pool, lines["general"])[0]),
                    *lines.get(pool, lines["general"])[1:]]
            out += [f"    {line}" for line in self.pool_lines]
            out += [f"    server {name} {port if ':' in str(port) else f'127.0.0.1:{port}'} "
                    f"id {self.ids.get(name, number)}{'' if self.checked else ' no-check'}"
                    for number, (name, port) in enumerate(servers.items(), 1)]
        return "\n".join(out) + "\n"

    def _line(self):
        """dicom.cfg, with the waits and the choice of this test."""
        path = os.path.join(ROOT, "haproxy", "dicom.cfg")
        changes = []
        if self.request_wait:
            changes += [(r"inspect-delay \d+s", f"inspect-delay {self.request_wait}s"),
                        (r"lua\.dicom-begin \d+", f"lua.dicom-begin {self.request_wait}"),
                        (r"timeout client-hs \d+s", f"timeout client-hs {self.request_wait}s")]
        if self.answer_wait:
            changes += [(r"filter lua\.dicom-splice \d+", f"filter lua.dicom-splice {self.answer_wait}")]
        if self.idle_wait:
            changes += [(r"timeout client 10m", f"timeout client {self.idle_wait}s"),
                        (r"timeout client-fin 10s", f"timeout client-fin {self.idle_wait}s")]
        if self.use_backend:
            changes += [(r"(?m)^ *use_backend %\[var\(txn\.dicom\.backend\)\].*\n", self.use_backend)]
        if self.binds:
            lines = "".join(f"    bind {bind}\n" for bind in self.binds)
            changes += [(r"(?<=DICOM_BIND-\*:11112}\" name dicom\n)", lines)]
        # the agents are the last thing in the file
        more = [f"    server agent{number} 127.0.0.1:{agent.port}\n"
                for number, agent in enumerate(self.agents[1:self.count], 2)]
        if not changes and not more:
            return path
        with open(path, encoding="utf-8") as f:
            text = f.read() + "".join(more)
        for pattern, replacement in changes:
            text, count = re.subn(pattern, lambda _, it=replacement: it, text)
            assert count == 1, f"dicom.cfg has {count} times {pattern}"
        return self._write("dicom.cfg", text)

    def start_haproxy(self, *options):
        if self.master and "HAPROXY" in os.environ:
            pytest.skip("a master executes itself again, without the loader of tests/versions")
        config = os.path.join(ROOT, "haproxy")
        files = [self._write("test.cfg", f"global\n    nbthread {self.threads}\n"), f"{config}/haproxy.cfg",
                 self._line(), self._write("pools.cfg", self._pools())]
        master = ("-W", "-S", f"{self.directory}/master.sock") if self.master else ()
        self.haproxy = Child("haproxy" + "-again" * len(self.former),
                             [*self.prefix] + command_of("HAPROXY", "haproxy") + ["-db", *master, *options] +
                             [word for path in files for word in ("-f", path)], self.directory,
                             {**self.settings, "DICOM_AGENT": f"127.0.0.1:{self.agent.port}"})
        self.haproxy.wait_for_port(self.port)
        wait_until(self._worker, "HAProxy's runtime API answers")
        self._wait_for_master()

    def reload(self):
        """A new HAProxy that takes over from the one that runs, with the pools as they are now; the process id of the
        old one."""
        old, stops = self._worker(), self._stops()
        if self.master:
            self._write("pools.cfg", self._pools())
            os.kill(self.haproxy.pid, signal.SIGUSR2)
        else:
            self.former.append(self.haproxy)
            self.start_haproxy("-x", f"{self.directory}/admin.sock", "-sf", str(old))
        wait_until(lambda: self._worker() not in (None, old), "a new HAProxy has taken over")
        wait_until(lambda: self._stops() > stops, "the old process has stopped accepting")
        self._wait_for_master()
        return old

    def is_gone(self, pid):
        """Whether a process that reload() has replaced has ended."""
        for child in self.former:
            child.alive()  # else it would stay a zombie
        return not os.path.exists(f"/proc/{pid}")

    def _worker(self):
        """The process id of the HAProxy that the runtime API reaches; None while nobody answers."""
        found = re.search(r"(?m)^Pid: (\d+)", self._ask("show info", "admin.sock"))
        return int(found.group(1)) if found else None

    def _wait_for_master(self):
        """Until it hears signals; its worker may be there before."""
        if self.master:
            wait_until(lambda: self._ask("show proc", "master.sock"), "the master answers")

    def _stops(self):
        """How often a process has said that it accepts nothing any more."""
        return sum(len(re.findall("Proxy dicom stopped|Stopping frontend dicom ", child.log()))
                   for child in [self.haproxy, *self.former])

    def _ask(self, command, name):
        """The socket is there before anybody listens to it."""
        try:
            return self.admin(command, name)
        except OSError:
            return ""

    def admin(self, command, name="admin.sock"):
        """A command to HAProxy's runtime API, or to its master's."""
        return runtime_api(os.path.join(self.directory, name), command)

    def stats(self):
        """{proxy/server: the row of the stats page}"""
        return statistics(os.path.join(self.directory, "admin.sock"))

    def server_states(self):
        return {name: row["status"] for name, row in self.stats().items()}

    def wait_for_states(self, **wanted):
        """Until the servers of pool ct have these states, by the name of the server."""
        def seen():
            return {name: self.server_states()[f"ct/{name}"] for name in wanted}
        try:
            wait_until(lambda: all(seen()[name].startswith(state) for name, state in wanted.items()), "states", 40)
        except AssertionError:
            raise AssertionError(f"expected {wanted}, saw {seen()}") from None

    def open_associations(self):
        return int(self.stats()["dicom/FRONTEND"]["scur"])

    def wait_for_agent(self, status="UP", numbers=(1,)):
        """Until HAProxy's own check says so of these agents, counted from 1."""
        names = [f"dicom-agents/agent{number}" for number in numbers]

        def reached():
            states = self.server_states()
            return all(states[name].startswith(status) for name in names)
        wait_until(reached, f"{names} are {status}")

    def association(self, scu, what="association"):
        """The log line of the connection that a peers.RawScu has, or had."""
        def find():
            self.assert_alive()
            return any(a.get("client") == scu.address for a in self.log.associations())
        wait_until(find, f"log line of the {what} from {scu.address}")
        return self.log.wait_for(what, client=scu.address)

    def children(self):
        return [a.child for a in self.agents] + self.former + ([self.haproxy] if self.haproxy else [])

    def assert_alive(self):
        """HAProxy and the agents are the processes that were started."""
        for child in self.children():
            if child.killed or child in self.former:
                continue
            assert child.alive(), f"{child.name} ended with {child.process.returncode}:\n{child.log()[-3000:]}"

    def stop(self):
        """End everything; complain about whatever ended badly."""
        complaints = []
        for former in self.former:
            former.kill()
        if self.haproxy:
            if not self.haproxy.alive() and not self.haproxy.killed:
                complaints.append(f"HAProxy had ended with {self.haproxy.process.returncode}")
            self.haproxy.kill()
        for agent in self.agents:
            if agent.child.killed:
                continue
            try:
                agent.stop()
            except AssertionError as complaint:
                complaints.append(str(complaint))
        self.log.close()
        print("--- HAProxy's log", *self.log.lines, sep="\n")
        for child in self.children():
            print(f"--- {child.name}", child.log()[-5000:], sep="\n")
        assert not complaints, "\n".join(complaints)
