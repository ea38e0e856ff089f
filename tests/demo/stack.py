# SPDX-License-Identifier: MIT
"""Real archives, the agent and HAProxy as children of this process."""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import send

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STORAGE = ("ct1", "ct2", "mr1", "mr2", "general1", "general2", "general3")
QUERY = "query1"
READY_S = 20


class Trouble(Exception):
    """Something that a person can put right; the text says how."""


def check_port(host, port, what, variable):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            other = port + 1000 if 1024 <= port < 64000 else 20000 + port % 1000
            raise Trouble(f"Port {port} ({what}) cannot be used: {error.strerror}. "
                          f"To take another one: make demo {variable}={other}") from error


def free_ports(count, base):
    """Ports for archives and agent: from base upwards, or any that are free."""
    if base:
        for port in range(base, base + count):
            check_port("", port, "an archive or the agent", "ARCHIVE_PORT")
        return list(range(base, base + count))
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Stack:
    """Use it in a with statement: nothing is left when that ends."""

    def __init__(self, host, dicom_port, stats_port, archive_port, policy):
        self.host, self.dicom_port, self.stats_port = host, dicom_port, stats_port
        self.reach = "127.0.0.1" if host == "0.0.0.0" else host
        self.policy = policy
        check_port(host, dicom_port, "DICOM", "DICOM_PORT")
        check_port("127.0.0.1", stats_port, "the stats page", "STATS_PORT")
        names = STORAGE + (QUERY, "agent")
        self.ports = dict(zip(names, free_ports(len(names), archive_port)))
        self.children = []
        self.directory = None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="dicom-demo-")
        self.archives = os.path.join(self.directory, "archives")
        self.log = os.path.join(self.directory, "haproxy.log")
        return self

    def __exit__(self, *_):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for name, child in self.children:
                signal_group(child, sign)
            for name, child in self.children:
                wait(child, 3)
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, prior):
        for name in STORAGE:
            self.start_archive(name)
        self.start_query(prior)
        self.spawn("agent", [os.path.join(ROOT, "build", "dicom-spoa"), "serve", "--policy", self.policy,
                             "--listen", self.address("agent"), "--workers", "1"])
        for name in STORAGE + (QUERY,):
            self.until(f"the archive {name} answers a C-ECHO", name, lambda: self.echo(name))
        self.until("the agent listens", "agent", lambda: connects(self.ports["agent"]))
        self.start_haproxy()
        self.until("HAProxy finds agent and archives healthy", "haproxy", self.all_up)

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"

    def start_archive(self, name):
        """What it stores is what came over the wire (+B), in any transfer syntax (+xa)."""
        directory = os.path.join(self.archives, name)
        os.makedirs(directory)
        self.spawn(name, ["storescp", "--fork", "-aet", name.upper(), "+B", "+xa", "-dhl",
                          "-od", directory, str(self.ports[name])])

    def start_query(self, prior):
        """An archive that can be asked, with an earlier examination in it."""
        directory = os.path.join(self.archives, QUERY)
        os.makedirs(directory)
        copy = shutil.copy(prior, directory)
        subprocess.run(["dcmqridx", directory, copy], check=True)
        config = os.path.join(self.directory, "dcmqrscp.cfg")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"NetworkTCPPort = {self.ports[QUERY]}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
                       "HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
                       f"AETable BEGIN\nQUERY {directory} RW (9, 1024mb) ANY\nAETable END\n")
        self.spawn(QUERY, ["dcmqrscp", "-c", config])

    def start_haproxy(self):
        servers = {f"DICOM_{name.upper()}": self.address(name) for name in STORAGE + (QUERY,)}
        self.spawn("haproxy", [haproxy_program(), "-db"] + [word for name in ("haproxy", "dicom", "pools")
                                                            for word in ("-f", f"haproxy/{name}.cfg")],
                   DICOM_BIND=f"{self.host}:{self.dicom_port}",
                   DICOM_STATS_BIND=f"127.0.0.1:{self.stats_port}",
                   DICOM_AGENT=self.address("agent"), **servers)

    def spawn(self, name, command, **environment):
        """In a process group of its own: Ctrl-C is for this program alone to
        handle, and an archive's forked children end with it. If this program
        is killed, the kernel ends the child."""
        with open(self.log_of(name), "wb") as log:
            child = subprocess.Popen(["setpriv", "--pdeathsig", "TERM"] + command, cwd=ROOT,
                                     env=dict(send.dcmtk_environment(), **environment), start_new_session=True,
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.children.append((name, child))

    def log_of(self, name):
        return os.path.join(self.directory, name + ".log")

    def until(self, what, name, test):
        end = time.monotonic() + READY_S
        while not test():
            self.check_children()
            if time.monotonic() > end:
                raise Trouble(f"In vain for {READY_S} s: {what}. {self.last_words(name)}")
            time.sleep(0.05)

    def check_children(self):
        for name, child in self.children:
            if child.poll() is not None:
                raise Trouble(f"{name} ended with status {child.returncode}. {self.last_words(name)}")

    def last_words(self, name):
        with open(self.log_of(name), encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()[-12:]
        return "Its last words:\n  " + "\n  ".join(lines) if lines else "It said nothing."

    def echo(self, name):
        called = "QUERY" if name == QUERY else name.upper()
        return subprocess.run(["echoscu", "-q", "-to", "1", "-ta", "2", "-aec", called, "127.0.0.1",
                               str(self.ports[name])], check=False, env=send.dcmtk_environment()).returncode == 0

    def all_up(self):
        """Each server's own check, from the metrics, which need no password."""
        scheme, how = "http", {}
        if "DICOM_STATS_CERTIFICATE" in os.environ:
            scheme, how = "https", {"context": ssl._create_unverified_context()}
        try:
            with urllib.request.urlopen(f"{scheme}://127.0.0.1:{self.stats_port}/metrics", timeout=2, **how) as page:
                lines = page.read().decode().splitlines()
        except (urllib.error.URLError, OSError):
            return False
        checks = [line for line in lines if line.startswith("haproxy_server_check_status{") and 'state="L7OK"' in line]
        return len(checks) == len(self.ports) and all(line.endswith(" 1") for line in checks)


def haproxy_program():
    return shutil.which("haproxy") or "/usr/sbin/haproxy"


def connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def signal_group(child, sign):
    try:
        os.killpg(child.pid, sign)
    except ProcessLookupError:
        pass


def wait(child, seconds):
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
