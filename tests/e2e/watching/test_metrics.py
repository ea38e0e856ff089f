# SPDX-License-Identifier: MIT
"""What the agent tells Prometheus, and those who ask whether it is well."""

import concurrent.futures
import json
import os
import random
import re
import signal
import socket
import subprocess
import time

import pytest

from children import PATIENCE, ROOT, command_of, free_port, wait_until
from scrape import check_format, labels_of, request, scrape
from stack import Agent

POLICY = {"default": {"backend": "general"},
          "rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}]}


@pytest.fixture
def agent(owned, tmp_path):
    """agent(options...) -> Agent with a policy file of its own"""
    def make(*options, name="agent", **how):
        path = tmp_path / "policy.json"
        if not path.exists():
            path.write_text(json.dumps(POLICY))
        owned.append(Agent(str(tmp_path), name, str(path), options=options, **how))
        return owned[-1]
    return make


def rewrite(path, text):
    """As editors and deployment do it: the file is whole at any time."""
    aside = path.with_suffix(".new")
    aside.write_text(text)
    os.replace(aside, path)


def test_promtool_finds_nothing_to_say(agent, tmp_path):
    one = agent()
    texts = [request(one.metrics_port, "/metrics")[2]]
    rewrite(tmp_path / "policy.json", '{"rules": [\n{"name": "quo\\"te", "bäckend": 1}]}')
    wait_until(lambda: "result=refused" in one.child.log(), "the policy is refused")
    texts.append(request(one.metrics_port, "/metrics")[2])
    assert "error_info" in texts[1]
    for text in texts:
        check_format(text)


def test_what_every_process_has(agent):
    one = agent()
    first, before = scrape(one.metrics_port), time.time()
    assert first["process_resident_memory_bytes"] > 1e6
    assert first["process_virtual_memory_bytes"] > first["process_resident_memory_bytes"]
    assert 0 < first["process_cpu_seconds_total"] < 1e3
    assert before - 60 < first["process_start_time_seconds"] < before
    assert abs(first["process_open_fds"] - len(os.listdir(f"/proc/{one.child.pid}/fd"))) <= 1
    assert first["process_open_fds"] < first["process_max_fds"]
    assert labels_of(first, "dicom_spoa_build_info")["version"]
    assert scrape(one.metrics_port)["process_start_time_seconds"] == first["process_start_time_seconds"]


def test_a_bad_reload_says_why(agent, tmp_path):
    one = agent()
    first = scrape(one.metrics_port)
    policy = labels_of(first, "dicom_spoa_policy_info")["id"]
    assert first['dicom_spoa_policy_loads_total{result="loaded"}'] == 1
    assert first['dicom_spoa_policy_loads_total{result="refused"}'] == 0
    assert first["dicom_spoa_policy_rules"] == 1
    assert first["dicom_spoa_policy_last_load_successful"] == 1
    assert first["dicom_spoa_policy_last_load_timestamp_seconds"] == \
        first["dicom_spoa_policy_last_success_timestamp_seconds"]
    assert labels_of(first, "dicom_spoa_policy_last_load_error_info") is None

    rewrite(tmp_path / "policy.json",
            '{"rules": [\n{"name": "a",\n "if": {"Modalty": "CT",\n "PatientName": 1},\n "backend": "b"}\n]}')
    wait_until(lambda: scrape(one.metrics_port)["dicom_spoa_policy_last_load_successful"] == 0, "it is refused")
    bad = scrape(one.metrics_port)
    why = labels_of(bad, "dicom_spoa_policy_last_load_error_info")
    assert (why["file"], why["line"]) == (str(tmp_path / "policy.json"), "3")
    assert "Modalty" in why["reason"] and "error:" not in why["reason"]
    assert bad["dicom_spoa_policy_last_load_errors"] == 1
    assert bad['dicom_spoa_policy_loads_total{result="refused"}'] == 1
    assert bad['dicom_spoa_policy_loads_total{result="loaded"}'] == 1
    assert labels_of(bad, "dicom_spoa_policy_info")["id"] == policy
    assert bad["dicom_spoa_policy_last_success_timestamp_seconds"] == \
        first["dicom_spoa_policy_last_success_timestamp_seconds"]
    assert request(one.metrics_port, "/readyz")[0] == 200
    # the log has the same words
    assert why["reason"].replace('\\"', '"') in one.child.log().replace('\\"', '"')

    # asked again: refused again
    os.kill(one.child.pid, signal.SIGHUP)
    wait_until(lambda: scrape(one.metrics_port)['dicom_spoa_policy_loads_total{result="refused"}'] == 2, "SIGHUP")

    (tmp_path / "policy.json").unlink()
    wait_until(lambda: "cannot be read" in str(labels_of(scrape(one.metrics_port),
                                                         "dicom_spoa_policy_last_load_error_info")), "it is gone")
    assert labels_of(scrape(one.metrics_port), "dicom_spoa_policy_last_load_error_info")["line"] == ""

    rewrite(tmp_path / "policy.json", json.dumps({"rules": POLICY["rules"] + [{"name": "b", "backend": "b"}]}))
    wait_until(lambda: scrape(one.metrics_port)["dicom_spoa_policy_last_load_successful"] == 1, "it is loaded")
    good = scrape(one.metrics_port)
    assert labels_of(good, "dicom_spoa_policy_last_load_error_info") is None
    assert labels_of(good, "dicom_spoa_policy_info")["id"] != policy
    assert good["dicom_spoa_policy_rules"] == 2
    assert good["dicom_spoa_policy_last_load_errors"] == 0
    assert good['dicom_spoa_policy_loads_total{result="refused"}'] == 3
    assert good['dicom_spoa_policy_loads_total{result="loaded"}'] == 2


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/metrics", 200), ("HEAD", "/metrics", 200), ("GET", "/metrics?a=b", 200), ("POST", "/metrics", 405),
    ("GET", "/healthz", 200), ("HEAD", "/healthz", 200), ("DELETE", "/healthz", 405), ("GET", "/readyz", 200),
    ("OPTIONS", "/readyz", 405), ("GET", "/", 404), ("POST", "/", 404), ("GET", "/metrics/", 404),
    ("GET", "/metrics/../../etc/passwd", 404), ("GET", "/Metrics", 404), ("GET", "/" + "x" * 3000, 404),
    ("GET", "/%00", 404)])
def test_endpoints(shared, method, path, status):
    found, headers, text = request(shared.metrics_port, path, method)
    assert found == status
    assert headers["Content-Type"].startswith("text/plain")
    assert int(headers["Content-Length"]) > 0
    assert (text == "") == (method == "HEAD")
    assert headers.get("Allow") == ("GET, HEAD" if status == 405 else None)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    directory = tmp_path_factory.mktemp("metrics")
    (directory / "policy.json").write_text(json.dumps(POLICY))
    one = Agent(str(directory), "agent", str(directory / "policy.json"))
    yield one
    one.stop()


@pytest.mark.parametrize("data", [
    b"\0\0\0\0", b"GET\r\n\r\n", b"GET /metrics\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n", b"\r\n" * 5000,
    b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 100000 + b"\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", random.Random(1).randbytes(5000)], ids=range(10))
def test_what_is_no_request(shared, data):
    with socket.create_connection(("127.0.0.1", shared.metrics_port), PATIENCE) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        except TimeoutError:
            raise
        except OSError:  # it has been closed already
            pass
    assert request(shared.metrics_port, "/healthz")[0] == 200


def test_many_at_once(shared):
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda _: scrape(shared.metrics_port), range(200)))
    assert all("dicom_spoa_policy_rules" in a for a in answers)
    wait_until(lambda: scrape(shared.metrics_port)["process_open_fds"] < 40, "their connections are closed")


def test_who_sends_nothing_holds_nobody(agent):
    """Neither the others nor the end; and is sent away."""
    one = agent()
    idle = [socket.create_connection(("127.0.0.1", one.metrics_port), PATIENCE) for _ in range(20)]
    idle[0].sendall(b"GET /metr")
    start = time.monotonic()
    assert scrape(one.metrics_port)
    assert time.monotonic() - start < 3
    while idle[0].recv(1000):  # an error in words, perhaps
        pass
    last = socket.create_connection(("127.0.0.1", one.metrics_port), PATIENCE)
    start = time.monotonic()
    one.stop()
    assert time.monotonic() - start < 4
    for sock in idle + [last]:
        sock.close()


def test_more_idle_clients_than_connections(agent):
    """The others wait until the first are sent away."""
    one = agent()
    idle = [socket.create_connection(("127.0.0.1", one.metrics_port), PATIENCE) for _ in range(100)]
    assert scrape(one.metrics_port)
    for sock in idle:
        sock.close()


def test_not_ready_while_it_drains(agent):
    """HAProxy's answers come first: until then it is alive, and takes no new work."""
    one = agent()
    with socket.create_connection(("127.0.0.1", one.port), PATIENCE) as sock:
        sock.sendall(b"\0\0\0\x40\1")  # a frame that has begun to come is waited for
        wait_until(lambda: scrape(one.metrics_port)["dicom_spoa_spop_connections"] == 1, "the connection is open")
        time.sleep(0.2)
        assert request(one.metrics_port, "/readyz")[0] == 200
        os.kill(one.child.pid, signal.SIGTERM)
        wait_until(lambda: request(one.metrics_port, "/readyz")[0] == 503, "it is not ready")
        assert request(one.metrics_port, "/healthz")[0] == 200
    wait_until(lambda: not one.child.alive(), "it has ended")


def serve(tmp_path, *options):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    program = command_of("AGENT_WRAPPER", "") + command_of("DICOM_SPOA", os.path.join(ROOT, "build", "dicom-spoa"))
    return subprocess.run([*program, "serve", "--policy", str(path), "--listen", "127.0.0.1:0", *options],
                          timeout=PATIENCE, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("address, words", [
    ("nowhere", "expected HOST:PORT"), ("8405", "expected HOST:PORT"), ("unix@/tmp/x", "expected HOST:PORT"),
    ("", "expected HOST:PORT"), ("192.0.2.1:0", "cannot listen"), ("127.0.0.1:99999", "127.0.0.1:99999")])
def test_a_bad_address(tmp_path, address, words):
    done = serve(tmp_path, "--metrics", address)
    assert done.returncode == 1
    assert words in done.stderr


def test_an_address_that_is_taken(agent, tmp_path):
    one = agent()
    done = serve(tmp_path, "--metrics", f"127.0.0.1:{one.metrics_port}")
    assert done.returncode == 1
    assert f"127.0.0.1:{one.metrics_port}: cannot listen" in done.stderr
    assert "event=started" not in done.stderr
    assert scrape(one.metrics_port)


def test_two_agents_with_the_default(agent):
    """Somebody else on this machine may have it as well."""
    agents = [agent(name=f"agent{n}", metrics=None) for n in range(2)]
    logs = [a.child.log() for a in agents]
    assert sum("what=metrics address=127.0.0.1:8405" in log for log in logs) <= 1
    assert sum(bool(re.search("level=error event=metrics reason=.*8405.*in use.*consequence=", log))
               for log in logs) >= 1


def test_off(agent):
    log = agent(metrics="off").child.log()
    assert "metrics" not in log


def test_ipv6_and_several_addresses(agent):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert scrape(agent(metrics="[::1]:0").metrics_port, "::1")
    port = free_port()
    agent(name="everywhere", metrics=f"*:{port}")
    assert scrape(port, "::1") and scrape(port)


@pytest.mark.skipif(os.getuid() != 0, reason="only root has privileges to drop")
def test_without_privileges(agent, tmp_path):
    one = agent("--user", "nobody")
    assert scrape(one.metrics_port)["process_open_fds"] > 5
