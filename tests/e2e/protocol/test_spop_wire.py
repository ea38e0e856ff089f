# SPDX-License-Identifier: MIT
"""The agent's SPOP, byte by byte, and with a real HAProxy (SPOE.txt section 3).

DICOM_SPOA names the agent (default build/dicom-spoa), DICOM_SPOA_WRAPPER a command
before it (valgrind ...), HAPROXY the HAProxy (default haproxy).
"""
import os
import random
import re
import resource
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time

import pytest

import spop
from spop import ABORT, ACK, AGENT_DISCONNECT, AGENT_HELLO, BIN, BOOL, FIN, INT64, IPV4, IPV6, NULL, STR, UINT32

# What an agent must answer to, whatever it thinks of the bytes.
GARBAGE_RQ = ("rq", (BIN, b"GET / HTTP/1.1\r\n\r\n"))
ASSOCIATE = spop.message("associate", [GARBAGE_RQ, ("src", (IPV4, bytes([10, 0, 0, 1]))), ("dport", (INT64, 104))])
UNKNOWN = spop.message("weather", [("city", (STR, "Brest")), ("nothing", (NULL,)), ("yes", (BOOL, True))])


@pytest.fixture(scope="module")
def agent():
    running = spop.Agent()
    yield running
    running.stop()


@pytest.fixture
def own_agent():
    """Starts agents of a test's own, and stops them."""
    agents = []

    def start(*options, **more):
        agents.append(spop.Agent(*options, **more))
        return agents[-1]

    yield start
    for running in agents:
        running.stop()


def works(agent, index=0):
    with agent.client(index) as c:
        c.greet()
        assert c.ask([ASSOCIATE])


# HELLO

def test_hello_negotiates(agent):
    with agent.client() as c:
        answer = c.greet(size=16380, extra=[("engine-id", (STR, "7f8c-41"))])
        assert answer.items == {"version": "2.0", "max-frame-size": 16380, "capabilities": "pipelining"}
        assert (answer.flags, answer.stream, answer.number) == (FIN, 0, 0)


def test_hello_never_answers_more_than_its_own_frame_size(agent):
    with agent.client() as c:
        assert c.greet(size=2**31).items["max-frame-size"] == 131072


def test_hello_comes_in_one_segment(agent):
    with agent.client() as c:
        c.send(spop.hello())
        data = c.socket.recv(65536)
        assert struct.unpack(">I", data[:4])[0] == len(data) - 4


@pytest.mark.parametrize("versions", ["2.0", " 1.5 , 2.0 ", "2.7", "1.0,2.0,3.0"])
def test_hello_accepts_version(agent, versions):
    with agent.client() as c:
        c.greet(versions=versions)


@pytest.mark.parametrize("status, options", [
    (4, {"stream": 1}),
    (4, {"number": 1}),
    (4, {"extra": [("engine-id", (BIN, b"x"))]}),
    (4, {"extra": [("healthcheck", (STR, "yes"))]}),
    (5, {"versions": None}),
    (6, {"size": None}),
    (7, {"capabilities": None}),
    (8, {"versions": "1.0"}),
    (8, {"versions": "20.0, 2, 2., 2.x, .0"}),
    (8, {"versions": ""}),
    (9, {"size": 255}),
    (9, {"size": 0}),
    (10, {"flags": 0}),
])
def test_hello_is_refused(agent, status, options):
    with agent.client() as c:
        c.send(spop.hello(**options))
        assert c.refused() == status
    works(agent)


def test_unknown_items_of_hello_are_skipped(agent):
    with agent.client() as c:
        c.greet(extra=[("max-frame", (UINT32, 1)), ("", (NULL,)), ("new", (IPV6, bytes(16)))])


def test_first_frame_must_be_hello(agent):
    for first in spop.notify([ASSOCIATE]), spop.frame(77), spop.frame(0):
        with agent.client() as c:
            c.send(first)
            assert c.refused() == 4


def test_second_hello_is_refused(agent):
    with agent.client() as c:
        c.greet()
        c.send(spop.hello())
        assert c.refused() == 4


def test_health_check(agent):
    with agent.client() as c:
        answer = c.greet(capabilities="", extra=[("healthcheck", (BOOL, True))])
        assert answer.items["version"] == "2.0"
        assert c.frame() is None
    agent.wait_for('level=debug event=over .*reason="health check"')


def test_health_check_that_ends_in_a_reset_is_no_error(own_agent):
    agent = own_agent(level="info")
    for _ in range(3):
        with agent.client() as c:
            c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.greet(capabilities="", extra=[("healthcheck", (BOOL, True))])
    works(agent)
    assert set(re.findall(r"event=(\S+)", agent.log())) <= {"policy", "listening", "started", "privileges"}


def test_no_hello_in_time(own_agent):
    agent = own_agent("--hello-timeout", "200")
    with agent.client() as c, agent.client() as slow, agent.client() as good:
        good.greet()
        slow.send(spop.hello()[:20])
        assert c.refused() == 2
        assert slow.refused() == 2
        assert not spop.readable(good.socket, 0.3)
        assert good.ask([ASSOCIATE])


# NOTIFY and ACK

def test_answers_a_message(agent):
    with agent.client() as c:
        c.greet()
        assert "verdict" in c.ask([ASSOCIATE])


@pytest.mark.parametrize("stream, number", [(0, 1), (1, 1), (240, 2288), (2**32, 2**64 - 1)])
def test_ack_repeats_the_ids(agent, stream, number):
    with agent.client() as c:
        c.greet()
        c.ask([ASSOCIATE], stream, number)


def test_unknown_message_is_acknowledged_and_never_empty(agent):
    with agent.client() as c:
        c.greet()
        assert c.ask([UNKNOWN]) == {"error": "unknown message"}
        assert c.ask([]) == {"error": "unknown message"}
        assert "verdict" in c.ask([UNKNOWN, ASSOCIATE, UNKNOWN])


def test_one_byte_at_a_time(agent):
    with agent.client() as c:
        c.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in spop.hello() + spop.notify([ASSOCIATE], 3, 1):
            c.send(bytes([byte]))
        assert c.frame().kind == AGENT_HELLO
        answer = c.frame()
        assert (answer.kind, answer.stream) == (ACK, 3)


def test_many_frames_in_one_write(agent):
    count = 3000
    with agent.client() as c:
        c.send(spop.hello() + b"".join(spop.notify([ASSOCIATE], n, 1) for n in range(count)))
        assert c.frame().kind == AGENT_HELLO
        for n in range(count):
            answer = c.frame()
            assert (answer.kind, answer.stream, answer.number) == (ACK, n, 1)
            assert answer.actions > 0


def test_peer_that_does_not_read_is_not_read_from(agent):
    """Back-pressure: nothing is lost once it reads again."""
    # large frames, so that the kernel's buffers fill soon
    one = spop.notify([spop.message("associate", [("rq", (BIN, bytes(60000)))])])
    with agent.client() as c:
        c.greet(size=131072)
        c.socket.setblocking(False)
        stream, sent, pending = 0, 0, b""
        end = time.monotonic() + 2
        while time.monotonic() < end and sent < 4000:
            if not pending:
                stream += 1
                pending = spop.notify([spop.message("unknown" * 9, [("rq", (BIN, bytes(60)))])] * 20, stream, 1)
            try:
                pending = pending[c.socket.send(pending):]
                sent += not pending
            except BlockingIOError:
                break
        c.socket.settimeout(10)
        c.send(pending + one)
        for n in range(1, stream + 1):
            assert c.frame().stream == n
        assert c.frame().variables
    works(agent)


def test_largest_frame(agent):
    with agent.client() as c:
        size = c.greet(size=200000).items["max-frame-size"]
        empty = len(spop.notify([spop.message("associate", [("rq", (BIN, bytes(100000)))])])) - 4 - 100000
        data = spop.notify([spop.message("associate", [("rq", (BIN, bytes(size - empty)))])])
        assert len(data) == 4 + size
        c.send(data)
        answer = c.frame()
        assert answer.actions > 0
        assert answer.size <= size


def test_smallest_frame_size(agent):
    with agent.client() as c:
        assert c.greet(size=256).items["max-frame-size"] == 256
        c.send(spop.notify([spop.message("associate", [("rq", (BIN, bytes(200)))])]))
        answer = c.frame()
        assert answer.actions > 0
        assert answer.size <= 256


# frames that are skipped, and frames that are refused

def test_unknown_and_cancelled_frames_are_skipped(agent):
    with agent.client() as c:
        c.greet()
        for kind in (4, 77, 100, 101, 103, 255):
            c.send(spop.frame(kind, b"whatever", 9, 9))
        c.send(spop.notify([ASSOCIATE], 5, 1, FIN | ABORT))
        c.send(spop.frame(0, b"", 5, 1, FIN | ABORT))
        c.send(spop.frame(77, b"", 1, 1, 0))
        c.ask([ASSOCIATE], 7, 1)


@pytest.mark.parametrize("status, data", [
    (3, struct.pack(">I", 16381)),
    (3, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    (3, b"\xff" * 4096),
    (4, struct.pack(">I", 0)),
    (4, struct.pack(">I", 6) + b"\x03\0\0\0\x01\x01"),
    (4, struct.pack(">I", 8) + b"\x03\0\0\0\x01\xf0\x80\x80"),
    (4, struct.pack(">I", 20) + b"\x03\0\0\0\x01\x01" + b"\xff" * 14),
    (4, spop.frame(spop.NOTIFY, spop.string("associate"))),
    (4, spop.frame(spop.NOTIFY, spop.string("associate") + b"\x01")),
    (4, spop.frame(spop.NOTIFY, spop.string("associate") + b"\x00x")),
    (4, spop.frame(spop.NOTIFY, spop.string("associate") + b"\x01\x01a\x0a")),
    (4, spop.frame(spop.NOTIFY, b"\xff" * 11)),
    (4, spop.notify([ASSOCIATE, ASSOCIATE[:-1]])),
    (4, spop.frame(spop.HAPROXY_DISCONNECT, b"\x0bstatus")),
    (10, spop.notify([ASSOCIATE], flags=0)),
    (10, spop.frame(0, b"rest", 1, 1)),
    (10, spop.frame(0, b"rest", 1, 1, 0)),
])
def test_frame_is_refused(agent, status, data):
    with agent.client() as c, agent.client() as good:
        good.greet()
        c.greet()
        c.send(spop.notify([ASSOCIATE], 11, 1) + data)
        # what came before it is answered all the same
        assert c.frame().stream == 11
        assert c.refused() == status
        assert good.ask([ASSOCIATE])
    agent.wait_for(f"level=info event=refused .*status={status} reason=")


def test_refusal_arrives_although_the_peer_goes_on_sending(agent):
    """Closing over unread bytes would reset the connection and lose the refusal."""
    with agent.client() as c:
        c.greet()
        try:
            c.send(struct.pack(">I", 2**31) + bytes(1000000))
        except OSError:
            pass
        assert c.refused() == 3


def test_random_bytes(agent):
    rng = random.Random(1)
    for n in range(100):
        with agent.client() as c:
            if n % 2:
                c.greet()
            try:
                c.send(rng.randbytes(rng.randrange(1, 3000)))
                c.socket.shutdown(socket.SHUT_WR)
                while c.frame():
                    pass
            except OSError:
                pass
    works(agent)


def test_mutated_frames(agent):
    rng = random.Random(2)
    good = spop.hello() + spop.notify([ASSOCIATE], 1, 1) + spop.notify([UNKNOWN, ASSOCIATE], 3, 1) + spop.disconnect()
    for _ in range(200):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with agent.client() as c:
            try:
                c.send(bytes(data))
                c.socket.shutdown(socket.SHUT_WR)
                while c.frame():
                    pass
            except OSError:
                pass
    works(agent)


def test_log_lines_cannot_be_forged(agent):
    with agent.client() as c:
        c.greet()
        c.send(spop.disconnect(99, 'x"\nlevel=error event=forged \\ \x7f'))
        assert c.refused() == 0
    agent.wait_for(r'message="x\\"\\x0alevel=error event=forged \\\\ \\x7f"')
    assert not re.search("^level=error", agent.log(), re.M)


# the end

def test_disconnect_by_haproxy(agent):
    with agent.client() as c:
        c.greet()
        c.send(spop.notify([ASSOCIATE], 1, 1) + spop.disconnect())
        assert c.frame().kind == ACK
        assert c.refused() == 0


def test_disconnect_instead_of_hello(agent):
    with agent.client() as c:
        c.send(spop.disconnect(2, "timeout"))
        assert c.refused() == 0


def test_half_close_still_gets_its_answers(agent):
    with agent.client() as c:
        c.greet()
        c.send(b"".join(spop.notify([ASSOCIATE], n, 1) for n in range(100)))
        c.socket.shutdown(socket.SHUT_WR)
        for n in range(100):
            assert c.frame().stream == n
        assert c.frame() is None


def test_sigterm_drains(own_agent):
    agent = own_agent()
    with agent.client() as idle, agent.client() as busy, agent.client() as partial, agent.client() as fresh:
        for c in (idle, busy, partial):
            c.greet()
        last = spop.notify([ASSOCIATE], 9, 1)
        partial.send(last[:10])
        partial.send(b"")
        busy.send(b"".join(spop.notify([ASSOCIATE], n, 1) for n in range(500)))
        assert busy.frame().stream == 0
        agent.signal()
        agent.wait_for("event=stopping")
        for n in range(1, 500):
            assert busy.frame().stream == n
        for c in (busy, idle, fresh):
            assert c.refused() == 0
        # a frame that has begun to arrive is waited for
        partial.send(last[10:])
        assert partial.frame().stream == 9
        assert partial.refused() == 0
        for c in (idle, busy, partial, fresh):
            c.socket.close()
        assert agent.wait() == 0
    with pytest.raises(OSError):
        agent.client()


def test_sigterm_takes_what_waits_to_be_accepted(own_agent):
    """HAProxy has connected and asked before the agent's end: it hears of that, and is not reset."""
    with tempfile.TemporaryDirectory() as directory:
        agent = own_agent(listen=("127.0.0.1:0", f"unix@{directory}/agent.sock"))
        agent.signal(signal.SIGSTOP)
        clients = [agent.client(n % 2) for n in range(200)]
        agent.signal()
        agent.signal(signal.SIGCONT)
        for c in clients:
            assert c.refused() == 0
            c.socket.close()
        assert agent.wait() == 0


def test_sigterm_ends_although_a_peer_never_closes(own_agent):
    agent = own_agent()
    with agent.client() as stuck, agent.client() as never:
        stuck.greet()
        stuck.send(spop.notify([ASSOCIATE])[:10])
        never.greet()
        begin = time.monotonic()
        agent.signal(signal.SIGINT)
        assert agent.wait(15) == 0
        assert time.monotonic() - begin < 9


def test_second_signal_does_not_cut_the_drain_short(own_agent):
    agent = own_agent()
    with agent.client() as c:
        c.greet()
        c.send(spop.notify([ASSOCIATE])[:10])
        agent.signal()
        agent.wait_for("event=stopping")
        agent.signal()
        agent.signal(signal.SIGINT)
        c.send(spop.notify([ASSOCIATE])[10:])
        assert c.frame().kind == ACK
        assert c.refused() == 0
    assert agent.wait() == 0


def test_sighup_does_no_harm(own_agent):
    agent = own_agent()
    with agent.client() as c:
        c.greet()
        agent.signal(signal.SIGHUP)
        assert c.ask([ASSOCIATE])
    works(agent)


# listeners and limits

def test_unix_socket(own_agent):
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/agent.sock"
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(path)
        stale.close()
        agent = own_agent("--socket-mode", "606", listen=("unix@" + path, "127.0.0.1:0"))
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o606
        works(agent, 0)
        works(agent, 1)
        agent.signal()
        assert agent.wait() == 0
        assert os.listdir(directory) == []


def test_new_agent_takes_the_addresses_over(own_agent):
    """Nobody finds no agent: the old one goes on until it is told to end."""
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/agent.sock"
        old = own_agent(listen=("unix@" + path, "127.0.0.1:0"))
        port = old.addresses[1][1]
        with old.client() as c:
            c.greet()
            new = own_agent(listen=("unix@" + path, f"127.0.0.1:{port}"))
            works(new)
            old.signal()
            assert c.refused() == 0
        assert old.wait() == 0
        works(new, 0)
        works(new, 1)


def test_unix_path_that_is_no_socket_is_left_alone(tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text('{"default": {"backend": "general"}, "rules": []}')
    precious = tmp_path / "precious"
    precious.write_text("precious")
    run = serve("--policy", str(policy), "--listen", f"unix@{precious}")
    assert run.returncode == 1
    assert "is not a socket" in run.stderr
    assert precious.read_text() == "precious"


def test_200_connections(agent):
    clients = [agent.client() for _ in range(200)]
    try:
        for c in clients:
            c.send(spop.hello() + spop.notify([ASSOCIATE], 1, 1) + spop.notify([ASSOCIATE], 3, 1))
        for c in clients:
            assert c.frame().kind == AGENT_HELLO
            assert [c.frame().stream, c.frame().stream] == [1, 3]
    finally:
        for c in clients:
            c.socket.close()


def test_more_connections_than_allowed_wait(own_agent):
    agent = own_agent("--max-connections", "4")
    clients = [agent.client() for _ in range(8)]
    for c in clients:
        c.send(spop.hello())
    agent.wait_for('level=error event=accept reason="too many connections"')
    waiting = [c for c in clients if not spop.readable(c.socket, 0.5)]
    assert len(waiting) == 4
    for c in clients:
        if c not in waiting:
            c.socket.close()
    for c in waiting:
        assert c.frame().kind == AGENT_HELLO
        c.socket.close()
    assert agent.log().count("event=accept ") == 1


def test_no_file_descriptors_left(own_agent):
    """EMFILE neither spins nor ends the agent."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    agent = own_agent()
    used = len(os.listdir(f"/proc/{agent.process.pid}/fd"))
    resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (used + 5, hard))
    clients = [agent.client() for _ in range(20)]
    agent.wait_for("event=accept reason=\"Too many open files\"")
    with open(f"/proc/{agent.process.pid}/stat", encoding="utf-8") as f:
        before = sum(map(int, f.read().rsplit(") ")[1].split()[11:13]))
    time.sleep(0.5)
    with open(f"/proc/{agent.process.pid}/stat", encoding="utf-8") as f:
        after = sum(map(int, f.read().rsplit(") ")[1].split()[11:13]))
    assert after - before < 0.25 * os.sysconf("SC_CLK_TCK")
    for c in clients:
        c.socket.close()
    resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
    works(agent)
    assert agent.log().count("event=accept ") == 1


# the command line

def serve(*options):
    agent = os.environ.get("DICOM_SPOA", "build/dicom-spoa")
    return subprocess.run([agent, "serve", *options], capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("options, words", [
    ((), "--policy and --listen are needed"),
    (("--policy", "x"), "--policy and --listen are needed"),
    (("--colour",), "unrecognized option"),
    (("--policy",), "requires an argument"),
    (("--policy", "x", "--listen", "y", "z"), "z: unexpected"),
    (("--workers", "0"), "a number from 1 to"),
    (("--workers", "-1"), "a number from 1 to"),
    (("--workers", "2x"), "a number from 1 to"),
    (("--max-frame-size", "255"), "a number from 256 to"),
    (("--socket-mode", "668"), "an octal number"),
    (("--log-level", "loud"), "error, info or debug"),
])
def test_bad_usage(options, words):
    run = serve(*options)
    assert run.returncode == 2
    assert words in run.stderr
    assert "usage: dicom-spoa serve" in run.stderr
    assert run.stdout == ""


@pytest.mark.parametrize("options, words", [
    (("--listen", "127.0.0.1:0", "--policy", "/nonexistent"), "/nonexistent"),
    (("--listen", "nowhere"), "expected HOST:PORT"),
    (("--listen", "127.0.0.1:"), "expected HOST:PORT"),
    (("--listen", "::1:9000"), "expected HOST:PORT"),
    (("--listen", "127.0.0.1:port"), "127.0.0.1:port"),
    (("--listen", "192.0.2.1:0"), "cannot listen"),
    (("--listen", "unix@relative"), "absolute path"),
    (("--listen", "unix@/" + "x" * 120), "absolute path"),
    (("--listen", "unix@/nonexistent/x"), "cannot listen"),
    (("--listen", "127.0.0.1:0", "--user", "no such user"), "no such user"),
])
def test_bad_configuration(tmp_path, options, words):
    policy = tmp_path / "policy.json"
    policy.write_text('{"default": {"backend": "general"}, "rules": []}')
    run = serve("--policy", str(policy), *options)
    assert run.returncode == 1
    assert words in run.stderr
    assert run.stdout == ""


def test_help_and_version():
    agent = os.environ.get("DICOM_SPOA", "build/dicom-spoa")
    for options in ("--help",), ("--version",), ("serve", "--help"):
        run = subprocess.run([agent, *options], capture_output=True, text=True, timeout=20, check=False)
        assert run.returncode == 0
        assert run.stdout
        assert run.stderr == ""
    for options in (), ("conquer",):
        run = subprocess.run([agent, *options], capture_output=True, text=True, timeout=20, check=False)
        assert run.returncode == 2
        assert "usage" in run.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root has privileges to drop")
def test_privileges_are_dropped(own_agent):
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        path = directory + "/agent.sock"
        agent = own_agent("--user", "nobody", listen=("unix@" + path, "127.0.0.1:0"))
        with open(f"/proc/{agent.process.pid}/status", encoding="utf-8") as f:
            status = f.read()
        assert re.search(r"^Uid:\t(\d+)\t\1\t\1\t\1$", status, re.M).group(1) != "0"
        assert re.search(r"^Gid:\t(\d+)\t\1\t\1\t\1$", status, re.M).group(1) != "0"
        assert not re.search(r"^Groups:.*\b0\b", status, re.M)
        assert os.stat(path).st_uid != 0
        assert "warning" not in agent.log()
        works(agent, 0)


# a real HAProxy

HAPROXY_CFG = """
global
    stats socket {dir}/haproxy.sock
    tune.bufsize 65536
defaults
    mode tcp
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend dicom
    bind 127.0.0.1:{port}
    filter spoe engine dicom config {dir}/spoe.conf
    tcp-request inspect-delay 3s
    tcp-request content accept if {{ var(txn.dicom.done) -m found }}
    tcp-request content send-spoe-group dicom dicom-associate if {{ req.len gt 0 }}
    tcp-request content set-var(txn.dicom.done) int(1) if {{ req.len gt 0 }}
    log-format "%[var(txn.dicom.verdict)] %[var(txn.dicom.error)] spoe=%[var(txn.dicom.spoe)]"
    log 127.0.0.1:{log} format raw local0
    default_backend nowhere
backend nowhere
    tcp-request content reject
backend agents
    option spop-check
    server a {address} check inter 100ms fastinter 100ms fall 2
"""

SPOE_CONF = """
[dicom]
spoe-agent dicom
    groups dicom-associate
    option var-prefix dicom
    option continue-on-error
    option set-on-error spoe
    no option async
    no option send-frag-payload
    option pipelining
    register-var-names verdict error done
    timeout hello 2s
    timeout idle 2s
    timeout processing 2s
    use-backend agents
spoe-group dicom-associate
    messages associate
spoe-message associate
    args rq=req.payload(0,0) src=src dport=dst_port
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class HAProxy:
    def __init__(self, directory, address):
        self.log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log_socket.bind(("127.0.0.1", 0))
        self.log_socket.settimeout(10)
        self.port, self.path = free_port(), directory + "/haproxy.cfg"
        with open(self.path, "w", encoding="utf-8") as out:
            out.write(HAPROXY_CFG.format(dir=directory, port=self.port, address=address,
                                         log=self.log_socket.getsockname()[1]))
        with open(directory + "/spoe.conf", "w", encoding="utf-8") as out:
            out.write(SPOE_CONF)
        command = os.environ.get("HAPROXY", "haproxy").split()
        text = subprocess.run([*command, "-v"], capture_output=True, text=True, check=True).stdout
        self.version = tuple(map(int, re.search(r"version (\d+)\.(\d+)", text).groups()))
        self.process = subprocess.Popen([*command, "-db", "-f", self.path])
        self.stats = directory + "/haproxy.sock"
        self.wait_for_agent("UP")

    def server_state(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.stats)
            s.sendall(b"show stat agents 4 -1\n")
            text = s.makefile().read()
        line = [row for row in text.splitlines() if row.startswith("agents,a,")][0].split(",")
        return line[17], line[36]  # status, check_status

    def wait_for_agent(self, status):
        end = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < end:
            try:
                found = self.server_state()
            except OSError:
                found = None
            if found and found[0] == status and (status != "UP" or found[1] == "L7OK"):
                return
            time.sleep(0.05)
        raise AssertionError(f"the agent is not {status} for HAProxy")

    def ask(self, data):
        """Send <data> as a client; returns HAProxy's log line."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            s.sendall(data)
            try:
                s.recv(1)
            except OSError:
                pass
        return self.log_socket.recv(4096).decode().strip()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log_socket.close()


@pytest.mark.skipif(not shutil.which(os.environ.get("HAPROXY", "haproxy").split()[0]), reason="no HAProxy here")
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_real_haproxy(own_agent, kind):
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/agent.sock"
        agent = own_agent(listen=("127.0.0.1:0",) if kind == "tcp" else ("unix@" + path,))
        address = f"127.0.0.1:{agent.addresses[0][1]}" if kind == "tcp" else "unix@" + path
        haproxy = HAProxy(directory, address)
        try:
            agent.wait_for('reason="health check"')
            for size in (1, 239, 240, 2288, 16384, 60000):
                line = haproxy.ask(b"\x41" * size)
                assert line.endswith("spoe=-"), line
                assert not line.startswith("- "), line
            # up to 3.0 HAProxy closes what was idle for 2 s, with a DISCONNECT that is answered
            if haproxy.version < (3, 1):
                agent.wait_for("event=over .*reason=\"disconnected by HAProxy\"")
            assert "event=refused" not in agent.log()
            assert "level=error" not in agent.log()
            agent.signal()
            assert agent.wait() == 0
            haproxy.wait_for_agent("DOWN")
            assert haproxy.ask(b"x").endswith("spoe=2" if haproxy.version < (3, 1) else "spoe=257")
        finally:
            haproxy.stop()
