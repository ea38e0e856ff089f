# SPDX-License-Identifier: MIT
"""The agent's own log: text or JSON, to stderr, the journal or syslog; a patient is in it by pseudonym only, if at all."""

import hashlib
import hmac
import json
import os
import re
import shlex
import socket
import subprocess
import threading

import pytest

import examples
import objects
import peers
import spop
from children import PATIENCE, command_of, wait_until

POLICY = {"rules": [{"name": "say x = 1", "if": {"Modality": "CT"}, "backend": "ct"}]}
PROGRAM = command_of("DICOM_SPOA", os.path.join(examples.ROOT, "build", "dicom-spoa"))
KEY = b"0123456789abcdef0123456789abcdef"
GARBAGE = spop.notify([spop.message("weather")], flags=0)


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    return str(path)


def refused(port):
    """Something to be said: what HAProxy never sends."""
    with spop.Client(("127.0.0.1", port)) as client:
        client.greet()
        client.send(GARBAGE)
        client.refused()


def test_json(tmp_path, policy):
    child_log = tmp_path / "agent.log"
    with open(child_log, "wb") as log:
        process = subprocess.Popen([*PROGRAM, "serve", "--policy", policy, "--listen", "127.0.0.1:0", "--metrics", "off",
                                    "--log-format", "json", "--log-level", "debug"], stderr=log)
    try:
        wait_until(lambda: '"started"' in child_log.read_text(), "it has started")
        lines = [json.loads(line) for line in child_log.read_text().splitlines()]
        port = next(int(line["address"].rsplit(":", 1)[1]) for line in lines if line["event"] == "listening")
        refused(port)
        (tmp_path / "policy.json").write_text('{"rules": [{"name": "x", "if": {"Modaltyé": "CT"}, "backend": "b"}]}')
        wait_until(lambda: '"policy_error"' in child_log.read_text(), "the policy is refused")
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
    lines = [json.loads(line) for line in child_log.read_text(encoding="ascii").splitlines()]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines)
    assert {line["level"] for line in lines} >= {"error", "info"}
    loaded = next(line for line in lines if line.get("result") == "loaded")
    assert loaded["rules"] == 1
    assert next(line for line in lines if line["event"] == "refused")["reason"] == "a fragmented frame"
    assert '"Modalty\\xc3\\xa9"' in next(line for line in lines if line["event"] == "policy_error")["reason"]


def test_the_journal_gets_levels(tmp_path, policy):
    """Only if stderr is what systemd says: a service may have sent it elsewhere."""
    for right in (True, False):
        path = tmp_path / f"log{right}"
        with open(path, "wb") as log:
            status = os.fstat(log.fileno())
            stream = f"{status.st_dev}:{status.st_ino + (0 if right else 1)}"
            process = subprocess.Popen([*PROGRAM, "serve", "--policy", policy, "--listen", "127.0.0.1:0", "--metrics", "off"],
                                       stderr=log, env={**os.environ, "JOURNAL_STREAM": stream})
        try:
            wait_until(lambda it=path: "event=started" in it.read_text(), "it has started")
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0
        for line in path.read_text().splitlines():
            assert line.startswith("<6>level=info event=" if right else "time="), line


def test_syslog(tmp_path, policy):
    """A /dev of its own, in which somebody listens to /dev/log."""
    path, lines = tmp_path / "log", []
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(path))

    def read():
        while data := sock.recv(65536):
            lines.append(data.decode("ascii"))
    threading.Thread(target=read, daemon=True).start()
    command = shlex.join([*PROGRAM, "serve", "--policy", policy, "--listen", "127.0.0.1:0", "--metrics", "off", "--log", "syslog"])
    script = f"""mount -t tmpfs tmpfs /dev && : >/dev/log && mount --bind {shlex.quote(str(path))} /dev/log && exec {command}"""
    process = subprocess.Popen(["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", script],
                               stderr=subprocess.PIPE)
    try:
        wait_until(lambda: process.poll() is not None or any("event=started" in line for line in lines), "it has started")
        assert process.poll() is None, process.stderr.read()
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
    wait_until(lambda: any("event=stopped" in line for line in lines), "its last line")
    assert process.stderr.read() == b""
    for line in lines:
        assert re.match(r"<30>\w+ +\d+ [\d:]+ dicom-spoa\[\d+\]: level=info event=", line), line


@pytest.mark.parametrize("option, value", [("--log-format", "xml"), ("--log", "nowhere"), ("--log-level", "loud")])
def test_bad_options(policy, option, value):
    status, _, errors = examples.dicom_spoa("serve", "--policy", policy, "--listen", "127.0.0.1:0", option, value)
    assert status == 2 and f"{option} {value}: expected" in errors


# patients -----------------------------------------------------------------------------------------

@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(KEY + b"\n")
    path.chmod(0o600)
    return str(path)


def pseudonym(text):
    """By another implementation."""
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()[:20]


def test_one_patient_is_followed(balancer, raw_archive, key):
    lb = balancer({"ct": raw_archive(), "general": raw_archive()}, agent_options=["--log-patients", key])
    sent = [objects.make("CT", PatientID="4711"), objects.make("MR", PatientID=" 4711 ", sop_class=peers.wire.CT_IMAGE),
            objects.make("CT", PatientID="Ä1", SpecificCharacterSet="ISO_IR 100"), objects.make("CT", PatientID=None),
            objects.make("CT", PatientID="")]
    ids = []
    for thing in sent:
        with peers.RawScu(lb.port) as scu:
            scu.associate(peers.contexts_for(thing))
            assert scu.store(thing) == 0
            scu.release()
        ids.append(lb.association(scu)["id"])
    events = {event["id"]: event for event in (dict(re.findall(r"(\w+)=(\S+)", line)) for line in
                                               lb.agent.child.log().splitlines() if "event=decision" in line)}
    assert list(events) == ids
    assert [events[i].get("patient") for i in ids] == [pseudonym("4711"), pseudonym("4711"), pseudonym("Ä1"), None, None]
    assert (events[ids[0]]["verdict"], events[ids[0]]["rule"], events[ids[0]]["backend"]) == ("route", "ct", "ct")
    assert not re.search(r"\b4711\b|Ä1", lb.agent.child.log())
    for text in ("4711", " 4711 "):
        assert examples.dicom_spoa("pseudonym", "--key", key, text) == (0, pseudonym("4711") + "\n", "")
    assert examples.dicom_spoa("pseudonym", "--key", key, "Ä1", "4711") == (0, f"{pseudonym('Ä1')}\n{pseudonym('4711')}\n", "")
    # A and a diaeresis of its own: the same letter
    assert examples.dicom_spoa("pseudonym", "--key", key, "A\u03081")[1] == pseudonym("Ä1") + "\n"


def test_without_the_option_no_decision_is_logged(balancer, raw_archive):
    lb = balancer({"ct": raw_archive(), "general": raw_archive()})
    assert peers.send_all(lb.port, objects.make("CT")) == [0]
    assert "event=decision" not in lb.agent.child.log()


@pytest.mark.parametrize("content, mode, words", [
    (None, 0, "No such file"), (b"short\n", 0o600, "less than 16 bytes"), (KEY, 0o644, "everybody can read it"),
    (b"x" * 4097, 0o600, "longer than 4096 bytes")])
def test_keys_that_are_none(tmp_path, policy, content, mode, words):
    path = tmp_path / "key"
    if content:
        path.write_bytes(content)
        path.chmod(mode)
    for command in (["pseudonym", "--key", path, "4711"],
                    ["serve", "--policy", policy, "--listen", "127.0.0.1:0", "--metrics", "off", "--log-patients", path]):
        status, output, errors = examples.dicom_spoa(*command)
        assert (status, output) == (1, "") and words in errors


def test_bad_usage(key):
    assert examples.dicom_spoa("pseudonym", "4711")[0] == 2
    assert examples.dicom_spoa("pseudonym", "--key", key, " ")[0] == 1
    assert examples.dicom_spoa("pseudonym", "--key", key) == (0, "", "")
