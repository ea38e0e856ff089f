# SPDX-License-Identifier: MIT
"""docs/monitoring: Prometheus' configuration, rules and alerts, and the dashboard, against a real Prometheus that asks
a stack with real traffic."""

import glob
import json
import os
import re
import socket
import subprocess

import pytest
import yaml

import objects
import peers
import wire
from children import PATIENCE, ROOT, free_port, wait_until
from prometheus import FILES, Prometheus
from scrape import request, scrape

ALERT_TESTS = sorted(glob.glob(os.path.join(ROOT, "tests", "monitoring", "*_test.yml")))
METRIC = re.compile(r"\b(?:(?:dicom|haproxy|process)_\w+|dicom:[\w:]+|up)\b(?=[\s{\[)*/>=]|$)")


def read_yaml(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return yaml.safe_load(f)


def read_dashboard():
    with open(os.path.join(FILES, "grafana", "dicom.json"), encoding="utf-8") as f:
        return json.load(f)


def rules_of(name):
    return [rule for group in read_yaml(FILES, name)["groups"] for rule in group["rules"]]


# --- without a run

@pytest.mark.parametrize("words", [("check", "config", f"{FILES}/prometheus.yml"),
                                   ("check", "rules", f"{FILES}/recording.yml", f"{FILES}/alerts.yml"),
                                   ("test", "rules", *ALERT_TESTS)], ids=["config", "rules", "alerts"])
def test_promtool(words):
    done = subprocess.run(["promtool", *words], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout and "FAILED" not in done.stdout


def test_every_alert_is_seen_to_fire_and_to_be_silent():
    wanted = {rule["alert"] for rule in rules_of("alerts.yml")}
    seen = {True: set(), False: set()}
    for test in [one for path in ALERT_TESTS for one in read_yaml(path)["tests"]]:
        for case in test["promql_expr_test"]:
            seen[bool(case["exp_samples"])].add(re.search(r'alertname="(\w+)"', case["expr"]).group(1))
    assert seen == {True: wanted, False: wanted}


def test_every_alert_says_what_to_do():
    with open(os.path.join(FILES, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    for rule in rules_of("alerts.yml"):
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "description"}
        assert f"`{rule['alert']}`" in readme


def panels_of(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def test_the_dashboard_is_one():
    dashboard = read_dashboard()
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids) and len(panels_of(dashboard)) > 20
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    text = json.dumps(dashboard)
    assert set(re.findall(r"\$\{?([a-zA-Z]\w*)", text)) <= variables
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells
    for panel in panels_of(dashboard):
        assert panel["datasource"]["uid"] == "${datasource}" and panel["targets"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)
        assert panel["fieldConfig"]["defaults"]["unit"]


def test_docker_compose_finds_the_files():
    """What Prometheus is told in it is what prometheus.yml says, but for the addresses."""
    services = read_yaml(ROOT, "docker-compose.yml")["services"]
    for name in ("prometheus", "grafana"):
        for volume in services[name]["volumes"]:
            source = volume.split(":")[0]
            assert os.path.isdir(os.path.join(ROOT, source)) or source == "prometheus"
    with open(os.path.join(FILES, "prometheus.yml"), encoding="utf-8") as f:
        text = f.read()
    for before, behind in re.findall(r"-e s/(\S+?)/(\S+?)/", services["prometheus"]["entrypoint"][2]):
        text = text.replace(before, behind)
    for target in ("agent:8405", "haproxy:8404", "haproxy:8406"):
        assert f'["{target}"]' in text
        assert target.split(":")[0] in services


# --- with traffic

POLICY = {"default": {"backend": "general"}, "rules": [
    {"name": "no", "if": {"CallingAETitle": "EVIL"}, "reject": "calling-ae-title-not-recognized"},
    {"name": "queries", "if": {"ProposedSOPClassUID": "@query-retrieve"}, "backend": "query"},
    {"name": "mr", "if": {"Modality": "MR"}, "backend": "mr"},
    {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}]}
CT, ECHO = wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,)), wire.Context(3, wire.VERIFICATION, (wire.IMPLICIT_LE,))
ASKED = 'dicom_spoa_answers_total{message="associate"'
FIND = wire.Context(1, wire.STUDY_ROOT_FIND, (wire.IMPLICIT_LE,))


@pytest.fixture
def watched(balancer, raw_archive, owned, tmp_path):
    """watched(pools, ...) -> (Stack, Prometheus)"""
    def make(pools, **how):
        port = free_port()
        settings = {"DICOM_METRICS_BIND": f"127.0.0.1:{port}", "DICOM_WATCH_STUDIES": "yes", "DICOM_MAX_PER_TITLE": "3"}
        lb = balancer(pools, settings=settings, agents=2, checked=True, request_wait=3,
                      pool_lines=["default-server inter 1s fastinter 200ms downinter 200ms"], **how)
        wait_until(lambda: all(state.startswith(("UP", "OPEN")) for state in lb.server_states().values()), "all are up")
        owned.append(Prometheus(str(tmp_path), {"dicom-spoa": [agent.metrics_port for agent in lb.agents],
                                                "haproxy": [lb.stats_port], "dicom-haproxy": [port]}))
        return lb, owned[-1]
    return make


def associate(lb, *contexts, calling="SCU"):
    """How one without data ends."""
    end = None
    with peers.RawScu(lb.port) as scu:
        try:
            scu.associate(contexts, calling=calling)
            scu.release()
        except (peers.Rejected, peers.Aborted) as refusal:
            end = type(refusal)
    lb.association(scu)
    return end


def store(lb, *things, calling="CT1"):
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(*things), calling=calling)
        try:
            statuses = [scu.store(thing) for thing in things]
            scu.release()
        except peers.Aborted:
            statuses = None
    lb.association(scu)
    return statuses


def every_kind_of_traffic(lb):
    """So that everything that is counted has been, at least once."""
    assert store(lb, objects.make("CT")) == [0]
    assert store(lb, *(objects.make("CT", StudyInstanceUID=uid) for uid in ("1.2.1", "1.2.2"))) == [0, 0]
    store(lb, objects.make("MR", sop_class=wire.MR_IMAGE))  # that archive keeps no promise; HAProxy trusts it but once
    store(lb, objects.of_bytes(b"\x08\x00\x05\x00CS\xff\xff", wire.EXPLICIT_LE))
    assert associate(lb, CT, calling="EVIL") is peers.Rejected
    assert associate(lb, ECHO) is None  # passed through, without a word about a data set
    for _ in range(4):  # nobody asks for its data set; each agent counts one
        associate(lb, wire.Context(1, wire.MODALITY_WORKLIST_FIND, (wire.IMPLICIT_LE,)))
    assert associate(lb, FIND) is peers.Rejected  # there is such a server, which takes connections and says nothing
    with peers.RawScu(lb.port) as late:  # its data set does not come in time
        late.associate([CT])
        port = int(lb.settings["DICOM_METRICS_BIND"].split(":")[1])
        wait_until(lambda: 'dicom_fallbacks_total{reason="no data"}' in request(port, "/metrics")[2], "the fallback")
    with socket.create_connection(("127.0.0.1", lb.port), PATIENCE) as stranger:
        stranger.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while stranger.recv(1000):
            pass
    many = [peers.RawScu(lb.port) for _ in range(4)]
    for scu in many[:3]:
        scu.associate([CT], calling="MANY")
    with pytest.raises(peers.Rejected):
        many[3].associate([CT], calling="MANY")
    for scu in many:
        scu.close()


def mute(rq):
    """An archive that takes connections, answers a C-ECHO, and nothing else."""
    if any(context.abstract == FIND.abstract for context in rq.contexts.values()):
        raise ConnectionResetError
    return peers.accept_all(rq)


def test_every_expression(watched, raw_archive):
    """Of rules, alerts and dashboard: Prometheus can evaluate it, knows each metric in it, has something to show."""
    ct = raw_archive()
    policy = {**POLICY, "pools": {"query": {"archives": [{"address": f"127.0.0.1:{ct.port}"}]}}}
    lb, prometheus = watched({"ct": ct, "general": raw_archive(), "query": raw_archive(answer=mute),
                              "mr": raw_archive(answer=peers.accept_nothing_of(wire.MR_IMAGE))}, policy=policy)
    every_kind_of_traffic(lb)
    lb.reload_policy({**policy, "default": {"backend": "general", "key": "PatientID"}})
    lb.replace_policy('{"rules": 1}')
    refused = "sum(dicom_spoa_policy_last_load_error_info)"
    wait_until(lambda: prometheus.query(refused) == [({}, 2)], "both agents refuse it")
    every_kind_of_traffic(lb)  # again, for what is counted only from the first time on
    counted = sum(number for agent in lb.agents for name, number in scrape(agent.metrics_port).items()
                  if name.startswith(ASKED))
    wait_until(lambda: prometheus.query(f"sum({ASKED}}})") == [({}, counted)], "Prometheus has seen all of it")
    wait_until(lambda: prometheus.query("dicom:associations:rate5m")[0][1] > 0, "the rules have been evaluated since")
    rules, names = prometheus.rules(), prometheus.names()
    recorded = {rule["name"]: rule["query"] for rule in rules if rule["type"] == "recording"}
    assert {rule["health"] for rule in rules} == {"ok"}, [rule.get("lastError") for rule in rules]
    assert set(recorded) == {rule["record"] for rule in rules_of("recording.yml")}
    expressions = {f"{panel['title']} {target['refId']}": target["expr"] for panel in panels_of(read_dashboard())
                   for target in panel["targets"]}
    notes = read_dashboard()["annotations"]["list"]
    expressions.update({note["name"]: note["expr"] for note in notes if "expr" in note})
    empty = []
    for where, expression in [*expressions.items(), *((name, name) for name in recorded)]:
        for variable, value in [("$agent", ".*"), ("$balancer", ".*"), ("$__rate_interval", "1m"), ("$__range", "1h")]:
            expression = expression.replace(variable, value)
        if not prometheus.query(expression):
            empty.append(where)
        assert set(METRIC.findall(expression)) <= names, where
    assert not empty
    for rule in rules:
        assert METRIC.findall(rule["query"]) and set(METRIC.findall(rule["query"])) <= names, rule["name"]
    assert all(0 < value < 60 for _, value in prometheus.query("dicom:decision_seconds:p99_5m"))


def test_alerts_fire_and_end(watched, raw_archive):
    """An archive is gone and back; a policy is refused and mended; an archive does not keep a promise."""
    ct = raw_archive()
    mr = raw_archive(answer=peers.accept_nothing_of(wire.MR_IMAGE))
    lb, prometheus = watched({"ct": ct, "general": raw_archive(), "mr": mr}, policy=POLICY)

    def fires(name, **labels):
        wait_until(lambda: any(labels.items() <= one["labels"].items() for one in prometheus.firing(name)),
                   f"{name} fires: {prometheus.ask('alerts')[0]}", 2 * PATIENCE)
        notes = prometheus.firing(name)[0]["annotations"]
        assert not [text for text in notes.values() if "<error" in text or "<no value>" in text or "{{" in text], notes
        return notes["summary"]

    def ends(name):
        wait_until(lambda: not prometheus.firing(name), f"{name} ends", 2 * PATIENCE)

    assert not prometheus.ask("alerts")[0]["alerts"]
    ct.stop()
    assert "pool ct " in fires("DicomPoolWithoutServer", proxy="ct", severity="critical")
    assert "ct/ct1 is down" in fires("DicomServerDown", server="ct1")
    raw_archive(port=ct.port)
    ends("DicomPoolWithoutServer")
    ends("DicomServerDown")

    lb.replace_policy('{"rules": [\n{"name": "a", "bäckend": 1}]}')
    assert "policy.json:2: " in fires("DicomPolicyRefused")
    lb.replace_policy(json.dumps(POLICY))
    ends("DicomPolicyRefused")

    assert store(lb, objects.make("MR", sop_class=wire.MR_IMAGE)) is None
    assert "mr/mr1 has not kept" in fires("DicomSpliceAborted", pool="mr", server="mr1")

    for agent in lb.agents:
        agent.child.kill()
    fires("DicomNoAgent", severity="critical")
    fires("DicomAgentDown")
    assert associate(lb, CT) is None
    assert "no agent" in fires("DicomDecidedWithoutAgent")
