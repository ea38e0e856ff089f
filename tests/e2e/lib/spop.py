# SPDX-License-Identifier: MIT
"""HAProxy's side of SPOP 2.0 (SPOE.txt section 3), and an agent to talk to."""
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time

HAPROXY_HELLO, HAPROXY_DISCONNECT, NOTIFY = 1, 2, 3
AGENT_HELLO, AGENT_DISCONNECT, ACK = 101, 102, 103
FIN, ABORT = 1, 2
NULL, BOOL, INT32, UINT32, INT64, UINT64, IPV4, IPV6, STR, BIN = range(10)


def varint(value):
    if value < 240:
        return bytes([value])
    out = bytearray([(value & 255) | 240])
    value = (value - 240) >> 4
    while value >= 128:
        out.append((value & 255) | 128)
        value = (value - 128) >> 7
    out.append(value)
    return bytes(out)


def string(value):
    value = value.encode() if isinstance(value, str) else value
    return varint(len(value)) + value


def typed(kind, value=None):
    if kind == NULL:
        return b"\x00"
    if kind == BOOL:
        return bytes([BOOL | (16 if value else 0)])
    if kind in (INT32, UINT32, INT64, UINT64):
        return bytes([kind]) + varint(value & (2**64 - 1))
    if kind in (IPV4, IPV6):
        return bytes([kind]) + value
    return bytes([kind]) + string(value)


def items(pairs):
    return b"".join(string(name) + typed(*value) for name, value in pairs)


def frame(kind, payload=b"", stream=0, number=0, flags=FIN):
    body = struct.pack(">BI", kind, flags) + varint(stream) + varint(number) + payload
    return struct.pack(">I", len(body)) + body


def hello(versions="2.0", size=16380, capabilities="pipelining", extra=(), **frame_options):
    pairs = []
    if versions is not None:
        pairs.append(("supported-versions", (STR, versions)))
    if size is not None:
        pairs.append(("max-frame-size", (UINT32, size)))
    if capabilities is not None:
        pairs.append(("capabilities", (STR, capabilities)))
    return frame(HAPROXY_HELLO, items(pairs + list(extra)), **frame_options)


def message(name, args=()):
    return string(name) + bytes([len(args)]) + items(args)


def notify(messages, stream=1, number=1, flags=FIN):
    return frame(NOTIFY, b"".join(messages), stream, number, flags)


def disconnect(status=0, text="normal", kind=HAPROXY_DISCONNECT):
    return frame(kind, items([("status-code", (UINT32, status)), ("message", (STR, text))]))


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        assert length <= len(self.data) - self.at, "the agent's frame is too short"
        self.at += length
        return self.data[self.at - length:self.at]

    def left(self):
        return len(self.data) - self.at

    def varint(self):
        value = self.take(1)[0]
        if value < 240:
            return value
        shift = 4
        while True:
            byte = self.take(1)[0]
            value += byte << shift
            shift += 7
            if byte < 128:
                assert value < 2**64
                return value

    def string(self):
        return self.take(self.varint())

    def typed(self):
        head = self.take(1)[0]
        kind = head & 15
        if kind == NULL:
            return None
        if kind == BOOL:
            return bool(head & 16)
        if kind in (INT32, UINT32, INT64, UINT64):
            value = self.varint()
            return value - 2**64 if kind in (INT32, INT64) and value >= 2**63 else value
        if kind == IPV4:
            return self.take(4)
        if kind == IPV6:
            return self.take(16)
        value = self.string()
        return value.decode() if kind == STR else value


class Frame:
    """A frame from the agent: kind, flags, stream, number, and what it holds."""

    def __init__(self, body):
        r = Reader(body)
        self.size = len(body)
        self.kind, self.flags = struct.unpack(">BI", r.take(5))
        self.stream, self.number = r.varint(), r.varint()
        self.items, self.variables, self.actions = {}, {}, 0
        while r.left():
            if self.kind != ACK:
                name = r.string().decode()
                self.items[name] = r.typed()
                continue
            assert r.take(3) == b"\x01\x03\x02", "expected set-var, 3 arguments, scope txn"
            name = r.string().decode()
            self.variables[name] = r.typed()
            self.actions += 1

    @property
    def status(self):
        return self.items["status-code"]


class Client:
    """One connection to the agent, as HAProxy's."""

    def __init__(self, address, timeout=10):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def frame(self):
        """The next frame, or None at the end of the stream."""
        while len(self.buffer) < 4 or len(self.buffer) < 4 + struct.unpack(">I", self.buffer[:4])[0]:
            data = self.socket.recv(65536)
            if not data:
                assert not self.buffer, "the agent closed inside a frame"
                return None
            self.buffer += data
        length = struct.unpack(">I", self.buffer[:4])[0]
        assert length > 0
        body, self.buffer = self.buffer[4:4 + length], self.buffer[4 + length:]
        return Frame(body)

    def greet(self, **options):
        self.send(hello(**options))
        answer = self.frame()
        assert answer.kind == AGENT_HELLO
        return answer

    def ask(self, messages, stream=1, number=1):
        self.send(notify(messages, stream, number))
        answer = self.frame()
        assert (answer.kind, answer.stream, answer.number) == (ACK, stream, number)
        return answer.variables

    def refused(self):
        """The status of the AGENT-DISCONNECT that comes next, with the close behind it."""
        answer = self.frame()
        assert answer.kind == AGENT_DISCONNECT
        assert answer.items["message"]
        assert self.frame() is None
        return answer.status


POLICY = {"default": {"backend": "general"}, "rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}]}


class Agent:
    """The real agent on free ports, with its log."""

    def __init__(self, *options, policy=None, listen=("127.0.0.1:0",), level="debug"):
        self.directory = tempfile.TemporaryDirectory(prefix="dicom-spoa-")
        path = os.path.join(self.directory.name, "policy.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(policy or POLICY, out)
        command = os.environ.get("DICOM_SPOA_WRAPPER", "").split() + [
            os.environ.get("DICOM_SPOA", "build/dicom-spoa"), "serve", "--policy", path,
            "--log-level", level, "--workers", "2", "--metrics", "127.0.0.1:0"]
        for address in listen:
            command += ["--listen", address]
        # A temporary file takes a log of any length; a pipe would have to be emptied.
        self.log_path = os.path.join(self.directory.name, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command + list(options), stderr=log)
        self.wait_for("event=started")
        self.addresses = [self.address(a) for a in re.findall(r"event=listening address=(\S+)", self.log())]

    @staticmethod
    def address(text):
        if text.startswith("unix@"):
            return text[len("unix@"):]
        host, port = text.rsplit(":", 1)
        return host.strip("[]"), int(port)

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def wait_for(self, pattern, seconds=30):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.log()):
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, f"no {pattern!r} in:\n{self.log()}"
            time.sleep(0.01)

    def client(self, index=0, **options):
        return Client(self.addresses[index], **options)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        return self.process.wait(seconds)

    def stop(self):
        if self.process.poll() is None:
            self.signal()
        status = self.wait()
        log = self.log()
        self.directory.cleanup()
        assert status == 0, f"exit status {status}:\n{log}"


def readable(sock, seconds):
    return bool(select.select([sock], [], [], seconds)[0])
