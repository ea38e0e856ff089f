# SPDX-License-Identifier: MIT
"""From the id of a log line to the agent's reasons: dicom-spoa why, and /decisions."""

import concurrent.futures
import json
import re
import urllib.error
import urllib.request

import pytest

import examples
import objects
import peers
import spop
import wire
from children import PATIENCE, free_port
from stack import Agent

PATIENT = "ZETTERBERG^AGNETA"
POLICY = {
    "rules": [
        {"name": "strangers", "if": {"CallingAETitle": "ROGUE"}, "reject": "calling-ae-title-not-recognized"},
        {"name": "vip", "if": {"PatientName": PATIENT, "PatientBirthDate": {"older_than": "200 years"}},
         "backend": "mr"},
        {"name": "queries", "if": {"ProposedSOPClassUID": "@query-retrieve"}, "backend": "query"},
        {"name": "ct", "if": {"Modality": "CT", "not": {"StationName": "OLD*"}}, "backend": "ct"}],
    "default": {"backend": "general", "key": "PatientID"},
    "export": {"name": "PatientName"}}
FIND = wire.Context(1, "1.2.840.10008.5.1.4.1.2.2.1", (wire.IMPLICIT_LE,))


def why(lb, line, *options, agents=None):
    """Status, output and errors of the command for a log line."""
    ports = [agent.metrics_port for agent in (agents or lb.agents)]
    return examples.dicom_spoa("why", line["id"], *(word for port in ports for word in ("--agent", f"127.0.0.1:{port}")),
                               *options)


def told(lb, line):
    status, output, errors = why(lb, line)
    assert (status, errors) == (0, "")
    return output


def reasons(lb, line):
    status, output, errors = why(lb, line, "--json")
    assert (status, errors) == (0, "")
    entry = json.loads(output)
    assert (entry["id"], entry["policy"]) == (line["id"], line["policy"])
    return entry


def matches(entry):
    return {rule["name"]: rule["matches"] for rule in entry["rules"]}


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        return json.load(answer)


@pytest.fixture
def stack(balancer, raw_archive):
    def make(answer=peers.accept_all, **how):
        pools = {pool: raw_archive(answer=answer) for pool in ("ct", "mr", "query", "general")}
        return balancer(pools, **{"policy": POLICY, **how})
    return make


def send(lb, thing, **how):
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing), **how)
        assert scu.store(thing) == 0
        scu.release()
    return lb.association(scu)


def patient(**more):
    return objects.make("CT", PatientName=PATIENT, PatientID="4711-0815", PatientBirthDate="19340229",
                        AccessionNumber="ACC-77-1", StationName="ROOM2", **more)


def assert_no_patient(*texts):
    for text in texts:
        for value in (PATIENT, "ZETTERBERG", "4711", "19340229", "ACC-77"):
            assert value not in text


def test_spliced(stack):
    lb = stack()
    line = send(lb, patient(), calling="CT01", called="PACS")
    assert re.fullmatch(r"[0-9A-F]{8}-[0-9A-F]+-[0-9A-F]{6}", line["id"])
    entry = reasons(lb, line)
    assert (entry["client"], entry["calling_ae"], entry["called_ae"]) == ("127.0.0.1", "CT01", "PACS")
    assert (entry["verdict"], entry["rule"], entry["backend"]) == ("route", line["rule"], line["pool"])
    assert entry["decision"] == {"rule": "ct", "backend": "ct"}
    assert matches(entry) == {"strangers": "no", "vip": "no", "queries": "no", "ct": "yes"}
    assert (entry["questions"] >= 2, entry["data_set"], entry["bytes"] > 100) == (True, "needed", True)
    assert entry["decision_us"] == int(line["decision_us"])
    vip, station = entry["rules"][1]["because"], entry["rules"][3]["because"][1]["not"][0]
    assert [(test["attribute"], test["test"], test["values"], test["result"]) for test in vip] == [
        ("PatientName", "***", ["***"], "yes"),
        ("PatientBirthDate", {"older_than": "200 years"}, ["***"], "no")]
    assert (station["values"], station["test"], station["result"]) == (["ROOM2"], "OLD*", "no")
    text = told(lb, line)
    for words in ('pool ct by rule "ct"', 'rule "vip" does not match', 'PatientName = "***"; wanted: "***"',
                  'yes     Modality = "CT"; wanted: "CT"'):
        assert words in text
    assert_no_patient(text, json.dumps(entry), json.dumps(get(lb.agent.metrics_port, "/decisions")), *lb.log.lines)


def test_passed_through(stack):
    lb = stack()
    with peers.RawScu(lb.port) as scu:
        scu.associate([FIND])
        scu.release()
    entry = reasons(lb, lb.association(scu))
    assert entry["decision"] == {"rule": "queries", "backend": "query"}
    # that rule decides for "vip", too, is not known of a query without a data set
    assert matches(entry) == {"strangers": "no", "vip": "no", "queries": "yes"} or \
        matches(entry) == {"strangers": "no", "vip": "unknown", "queries": "yes"}


def test_refused_by_the_policy(stack):
    lb = stack()
    with peers.RawScu(lb.port) as scu:
        scu.send(wire.associate_rq([FIND], calling="ROGUE"))
        assert scu.how_it_ends() == "reject"
    line = lb.association(scu)
    entry = reasons(lb, line)
    assert entry["decision"] == {"rule": "strangers", "reject": {"reason": "calling-ae-title-not-recognized",
                                                                "result": "permanent"}}
    assert entry["data_set"] == "not needed"
    assert 'refused by rule "strangers"' in told(lb, line)


def test_no_association(stack):
    lb = stack()
    with peers.RawScu(lb.port) as scu:
        scu.send(b"GET / HTTP/1.0\r\n\r\n")
        scu.how_it_ends()
    text = told(lb, lb.association(scu))
    assert "no rule decided" in text and "HTTP request instead of an association" in text


def test_no_data_in_time(stack):
    lb = stack(request_wait=1)
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(objects.make("CT")))
        scu.release()
    line = lb.association(scu)
    entry = reasons(lb, line)
    assert (line["pool"], entry["decision"]) == ("general", {"rule": "default", "backend": "general"})
    assert matches(entry) == {"strangers": "no", "vip": "no", "queries": "no", "ct": "no"}


def test_data_that_does_not_decide(stack):
    """No attribute of the rules comes within what HAProxy holds."""
    lb = stack(policy={"rules": [{"name": "late", "if": {"PerformedProcedureStepID": "X"}, "backend": "ct"}],
                       "default": {"backend": "general"}})
    line = send(lb, objects.make("CT", size=1000, ImageComments="c" * 130000))
    entry = reasons(lb, line)
    assert (line["pool"], entry["verdict"]) == ("general", "more")
    assert matches(entry) == {"late": "no"}
    assert "the data that came did not decide; this is the fallback:" in told(lb, line)


def test_an_archive_that_breaks_the_promise(stack):
    lb = stack(answer=peers.accept_nothing_of(wire.CT_IMAGE))
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        scu.send(scu.store_bytes(thing))
        assert scu.how_it_ends() == "abort"
    line = lb.association(scu)
    assert "the archive accepted less" in line["error"]
    assert reasons(lb, line)["decision"] == {"rule": "ct", "backend": "ct"}


def test_no_archive_is_up(stack):
    """Refused before it is known whether the rule matches."""
    lb = stack(policy={**POLICY, "negotiate": {"accept_while_down": False}})
    lb.admin("disable server ct/ct1")
    with peers.RawScu(lb.port) as scu:
        scu.send(wire.associate_rq(peers.contexts_for(objects.make("CT"))))
        assert scu.how_it_ends() == "reject"
    entry = reasons(lb, lb.association(scu))
    assert entry["decision"]["reject"] == {"reason": "temporary-congestion", "result": "transient"}
    assert matches(entry)["ct"] == "unknown"


@pytest.mark.parametrize("syntax, how", [(wire.EXPLICIT_LE, {}), (wire.DEFLATED, {}), (wire.IMPLICIT_LE, {"pdv_size": 50})])
def test_large_deflated_and_in_pieces(stack, syntax, how):
    lb = stack(policy={**POLICY, "negotiate": {"transfer_syntaxes": [syntax]}})
    thing = patient(size=300000, syntax=syntax)
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        assert scu.store(thing, **how) == 0
        scu.release()
    assert matches(reasons(lb, lb.association(scu)))["ct"] == "yes"


def test_two_agents(stack):
    """Whichever has answered last knows; the other one may know the beginning, or nothing."""
    lb = stack(agents=2)
    lines = [send(lb, objects.make("CT")) for _ in range(8)]
    assert all(reasons(lb, line)["decision"]["rule"] == "ct" for line in lines)
    dead = free_port()
    status, output, errors = why(lb, lines[0], "--agent", f"127.0.0.1:{dead}")
    assert status == 0 and 'pool ct by rule "ct"' in output and f"127.0.0.1:{dead}: Connection refused" in errors


def test_what_is_not_known(stack):
    lb = stack()
    line = {"id": "6B0770D2-0000-5D6623"}
    status, output, errors = why(lb, line)
    assert (status, output) == (1, "")
    assert "6B0770D2-0000-5D6623: no agent that was asked knows this association" in errors
    status, output, errors = examples.dicom_spoa("why", line["id"], "--agent", f"127.0.0.1:{lb.agent.port}")
    assert (status, output) == (1, "") and f"127.0.0.1:{lb.agent.port}: " in errors  # SPOP is spoken there
    lb.agent.child.kill()
    status, output, errors = why(lb, line)
    assert (status, output) == (1, "") and "Connection refused" in errors
    for arguments in ([], ["a", "b"], [""], ["../metrics"], ["x", "--agent"]):
        assert examples.dicom_spoa("why", *arguments)[0] == 2
    assert examples.dicom_spoa("why", "x", "--agent", "nowhere")[0] == 1


def test_a_policy_that_has_been_replaced(stack):
    """Known while associations may still go by it: two minutes. The agent that starts anew knows nothing."""
    lb = stack()
    line = send(lb, objects.make("CT"))
    lb.reload_policy({**POLICY, "rules": []})
    assert matches(reasons(lb, line))["ct"] == "yes"
    assert reasons(lb, send(lb, objects.make("CT")))["decision"]["rule"] == "default"


def ask(port, number):
    """What HAProxy asks first, of an association with this number."""
    rq = wire.associate_rq([FIND], calling=f"AE{number}")
    with spop.Client(("127.0.0.1", port)) as haproxy:
        haproxy.greet()
        assert haproxy.ask([spop.message("associate", [("id", (spop.STR, f"id-{number}")), ("rq", (spop.BIN, rq))])])


def test_the_ring(tmp_path, owned):
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))
    owned.append(Agent(str(tmp_path), "agent", str(tmp_path / "policy.json"), options=["--decisions", "10"], workers=4))
    one = owned[-1]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: ask(one.port, n), range(40)))
    for number in range(100, 107):
        ask(one.port, number)
    ask(one.port, 102)
    listed = get(one.metrics_port, "/decisions")["decisions"]
    assert len(listed) == 10 and [d["id"] for d in listed[:7]] == [f"id-{n}" for n in range(106, 99, -1)]
    assert all(d["calling_ae"] == d["id"].replace("id-", "AE") for d in listed)
    assert [d["questions"] for d in listed[:7]] == [1, 1, 1, 1, 2, 1, 1]
    assert [d["id"] for d in get(one.metrics_port, "/decisions?n=2")["decisions"]] == ["id-106", "id-105"]
    assert get(one.metrics_port, "/decisions/id-104")["decision"] == {"rule": "queries", "backend": "query"}
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(one.metrics_port, "/decisions/id-0x")


def test_none_are_remembered(tmp_path, owned):
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))
    owned.append(Agent(str(tmp_path), "agent", str(tmp_path / "policy.json"), options=["--decisions", "0"]))
    ask(owned[-1].port, 1)
    status, output, errors = examples.dicom_spoa("why", "id-1", "--agent", f"127.0.0.1:{owned[-1].metrics_port}")
    assert (status, output) == (1, "") and "it remembers no decisions" in errors


def test_a_full_disk(stack):
    lb = stack()
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        assert scu.store(thing) == 0
        scu.release()
    agent = f"127.0.0.1:{lb.agent.metrics_port}"
    for words in (("why", lb.association(scu)["id"]), ("why", lb.association(scu)["id"], "--json"), ("top", "--once")):
        assert examples.on_a_full_disk(*words, "--agent", agent) == (
            1, "dicom-spoa: standard output: No space left on device\n")
