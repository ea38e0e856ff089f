# SPDX-License-Identifier: MIT
"""What real traffic through HAProxy is counted as, exactly; and that no metric and no log names a patient."""

import collections
import json
import os
import signal
import socket
import time

import pytest

import objects
import peers
import spop
import wire
from children import PATIENCE, free_port, wait_until
from scrape import check_format, request, scrape
from stack import Agent, Stack

POLICY = {"default": {"backend": "general"}, "rules": [
    {"name": "no", "if": {"CallingAETitle": "EVIL"}, "reject": "calling-ae-title-not-recognized"},
    {"name": "queries", "if": {"ProposedSOPClassUID": "@query-retrieve"}, "backend": "query"},
    {"name": "no MR", "if": {"Modality": "MR"}, "reject": "no-reason-given"},
    {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct", "key": "PatientID"}]}
# how many questions a data set takes depends on how its bytes come, and on when
ASKED = ("spop_", 'verdict="more"', "_duration_")


class Counters:
    """The counters of all agents of a balancer together, since the last look."""

    def __init__(self, lb):
        self.lb, self.last = lb, collections.Counter()
        self.grown()

    def all(self):
        sums = collections.Counter()
        for agent in self.lb.agents:
            sums.update({name.removeprefix("dicom_spoa_"): int(value) for name, value in
                         scrape(agent.metrics_port).items()
                         if name.startswith("dicom_spoa_") and name.split("{")[0].endswith(("_total", "_count", "_sum"))})
        return sums

    def grown(self, but=ASKED + ("_sum",)):
        """{name{labels}: by how much}, of those that have grown, without what has these words in it."""
        now = self.all()
        before, self.last = self.last, now
        return {name: value - before[name] for name, value in now.items()
                if value != before[name] and not any(word in name for word in but)}


@pytest.fixture
def line(balancer, raw_archive):
    def make(policy=None, **how):
        lb = balancer({pool: raw_archive() for pool in ("ct", "general", "query")}, policy=policy or POLICY, **how)
        lb.wait_for_agent()
        return lb
    return make


def association(lb, contexts, messages=(), calling="SCU"):
    """One that sends these bytes of P-DATA, each of which is answered; or is refused."""
    with peers.RawScu(lb.port) as scu:
        try:
            scu.associate(contexts, calling=calling)
            for message in messages:
                scu.send(message)
                assert scu.status() == 0
            scu.release()
        except peers.Rejected:
            pass
    lb.association(scu)


def stored(lb, thing, calling="SCU"):
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing), calling=calling)
        try:
            how = scu.store(thing)
            scu.release()
        except peers.Aborted:
            how = "abort"
    lb.association(scu)
    return how


CT_CONTEXT = wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))
ECHO_CONTEXT = wire.Context(3, wire.VERIFICATION, (wire.IMPLICIT_LE,))
ECHO = wire.p_data(wire.pdv(3, wire.c_echo_rq(), True))
ACCEPTED = {'associations_total{calling_ae="SCU"}': 1, 'answers_total{message="associate",verdict="accept"}': 1}
ROUTED = {**ACCEPTED, 'answers_total{message="dataset",verdict="route"}': 1, "data_set_wait_seconds_count": 1}
DATA = {"decision_data_set_bytes_count": 1}
CT_SPLICED = {'sop_classes_total{sop_class="CTImageStorage",transfer_syntax="ExplicitVRLittleEndian"}': 1}


def refused(pdu, reason, kind=None):
    return {f'refusals_total{{pdu="{pdu}",reason="{reason}"}}': 1,
            **({f'parse_errors_total{{kind="{kind}"}}': 1} if kind else {})}


def decided(rule, pool, outcome):
    return {f'decisions_total{{rule="{rule}",pool="{pool}",outcome="{outcome}"}}': 1}


def test_spliced(line):
    lb = line(agents=2)
    counters, thing = Counters(lb), objects.make("CT")
    assert stored(lb, thing) == 0
    assert counters.grown(but=ASKED) == {
        **ROUTED, **DATA, **CT_SPLICED, **decided("ct", "ct", "spliced"),
        "decision_data_set_bytes_sum": len(thing.data)}


def test_passed_through(line):
    lb = line(agents=2)
    counters = Counters(lb)
    association(lb, [wire.Context(1, wire.STUDY_ROOT_FIND, (wire.IMPLICIT_LE,))], calling="RIS 1")
    assert counters.grown() == {
        'associations_total{calling_ae="RIS 1"}': 1, 'answers_total{message="associate",verdict="route"}': 1,
        'sop_classes_total{sop_class="FINDStudyRootQueryRetrieveInformationModel",transfer_syntax=""}': 1,
        **decided("queries", "query", "passed")}


def test_refused_by_the_policy(line):
    lb = line()
    counters = Counters(lb)
    association(lb, [CT_CONTEXT], calling="EVIL")
    assert counters.grown() == {
        'associations_total{calling_ae="EVIL"}': 1, 'answers_total{message="associate",verdict="reject"}': 1,
        **refused("A-ASSOCIATE-RJ", "calling-ae-title-not-recognized"), **decided("no", "", "rejected")}
    assert stored(lb, objects.make("MR", sop_class=wire.MR_IMAGE)) == "abort"
    assert counters.grown() == {
        **ACCEPTED, **DATA, 'answers_total{message="dataset",verdict="reject"}': 1, "data_set_wait_seconds_count": 1,
        **refused("A-ABORT", "reason-not-specified"), **decided("no MR", "", "rejected")}


def test_no_server_of_the_pool_is_up(line):
    lb = line({**POLICY, "negotiate": {"accept_while_down": False}})
    lb.admin("set server ct/ct1 state maint")
    wait_until(lambda: lb.server_states()["ct/ct1"].startswith("MAINT"), "ct1 is in maintenance")
    counters = Counters(lb)
    association(lb, [CT_CONTEXT])
    assert counters.grown() == {
        'associations_total{calling_ae="SCU"}': 1, 'answers_total{message="associate",verdict="reject"}': 1,
        **refused("A-ASSOCIATE-RJ", "temporary-congestion"), **decided("ct", "", "unreachable")}


def fallback(reason, *families):
    both = {f'fallbacks_total{{calling_ae="SCU",reason="{reason}"}}': 1} if reason else {}
    for family in families:
        both.update(family)
    return both


@pytest.mark.parametrize("contexts, message, expected", [
    ([CT_CONTEXT, ECHO_CONTEXT], ECHO,
     fallback("no_data_set", ROUTED, decided("default", "general", "spliced"), {
         'sop_classes_total{sop_class="Verification",transfer_syntax="ImplicitVRLittleEndian"}': 1})),
    ([ECHO_CONTEXT], ECHO,
     fallback(None, decided("default", "general", "passed"), {
         'associations_total{calling_ae="SCU"}': 1, 'answers_total{message="associate",verdict="route"}': 1,
         'sop_classes_total{sop_class="Verification",transfer_syntax=""}': 1})),
    ([wire.Context(3, wire.MODALITY_WORKLIST_FIND, (wire.IMPLICIT_LE,))], None,
     fallback("other_service", decided("default", "general", "passed"), {
         'associations_total{calling_ae="SCU"}': 1, 'answers_total{message="associate",verdict="route"}': 1,
         'sop_classes_total{sop_class="FINDModalityWorklistInformationModel",transfer_syntax=""}': 1})),
], ids=["an-echo-first", "an-echo-alone", "a-worklist"])
def test_fallbacks(line, contexts, message, expected):
    lb = line()
    counters = Counters(lb)
    association(lb, contexts, [message] if message else [])
    assert counters.grown() == expected


def test_what_cannot_be_read(line):
    lb = line()
    counters = Counters(lb)
    stored(lb, objects.of_bytes(b"\x08\x00\x05\x00CS\xff\xff", wire.EXPLICIT_LE))
    # Modality is not known, and a rule refuses by it
    assert counters.grown() == {**ACCEPTED, **DATA, **decided("no MR", "", "rejected"), "data_set_wait_seconds_count": 1,
                                'answers_total{message="dataset",verdict="reject"}': 1,
                                **refused("A-ABORT", "reason-not-specified", "data_set"), **fallback("unreadable")}
    for data, expected in [
            (wire.p_data(wire.pdv(99, wire.c_echo_rq(), True)),
             refused("A-ABORT", "invalid-pdu-parameter-value", "context_not_accepted")),
            (wire.p_data(wire.pdv(1, b"a data set without a command")),
             refused("A-ABORT", "invalid-pdu-parameter-value", "message")),
            (wire.associate_rq([]), refused("A-ABORT", "unexpected-pdu", "message"))]:
        with peers.RawScu(lb.port) as scu:
            scu.associate([CT_CONTEXT])
            scu.send(data)
            assert scu.how_it_ends() == "abort"
        assert counters.grown() == {**ACCEPTED, 'answers_total{message="dataset",verdict="reject"}': 1, **expected}


EVEN = wire.associate_rq([wire.Context(2, wire.CT_IMAGE, (wire.EXPLICIT_LE,))])


@pytest.mark.parametrize("data, kind, reason", [
    (b"GET / HTTP/1.0\r\n\r\n", "http", "unrecognized-pdu"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "tls", "unrecognized-pdu"),
    (b"SSH-2.0-x\r\n", "ssh", "unrecognized-pdu"),
    (b"PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n", "proxy_protocol", "unrecognized-pdu"),
    (b"\x99" * 64, "not_dicom", "unrecognized-pdu"),
    (wire.release_rq(), "other_pdu", "unexpected-pdu"),
    (EVEN, "request", "invalid-pdu-parameter-value")], ids=lambda it: it if isinstance(it, str) else "")
def test_strangers(shared, data, kind, reason):
    counters = Counters(shared)
    with socket.create_connection(("127.0.0.1", shared.port), PATIENCE) as sock:
        sock.sendall(data)
        while sock.recv(1000):
            pass
    assert counters.grown() == {'answers_total{message="associate",verdict="reject"}': 1,
                                **refused("A-ABORT", reason, kind)}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    lb = Stack(tmp_path_factory.mktemp("strangers"), policy=POLICY, pools={"general": {"general1": free_port()}}).start()
    lb.wait_for_agent()
    yield lb
    lb.stop()


def test_each_round_and_its_time(line):
    lb = line()
    counters, thing = Counters(lb), objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate([CT_CONTEXT])
        data = scu.store_bytes(thing)
        command = 6 + int.from_bytes(data[2:6], "big")
        scu.send(data[:command])
        more = 'dicom_spoa_answers_total{message="dataset",verdict="more"}'
        wait_until(lambda: scrape(lb.agent.metrics_port)[more] == 1, "the agent wants more")
        scu.send(data[command:])
        assert scu.status() == 0
        scu.release()
    lb.association(scu)
    grown = counters.grown(but=("spop_", "decision_duration_seconds_sum"))
    asked = 1 + grown['answers_total{message="dataset",verdict="more"}']
    assert grown['decision_duration_seconds_count{message="associate"}'] == 1
    assert grown['decision_duration_seconds_count{message="dataset"}'] == asked >= 2
    assert grown["data_set_wait_seconds_count"] == 1
    samples = scrape(lb.agent.metrics_port)
    for message in ("associate", "dataset"):
        assert 0 < samples[f'dicom_spoa_decision_duration_seconds_sum{{message="{message}"}}'] < 60
    assert samples['dicom_spoa_data_set_wait_seconds_bucket{le="+Inf"}'] == 1


def test_the_wait_for_an_scu_that_takes_its_time(line):
    """In parts of a second, whenever in a second it began."""
    lb = line()
    with peers.RawScu(lb.port) as scu:
        scu.associate([CT_CONTEXT])
        time.sleep(0.3)
        scu.send(scu.store_bytes(objects.make("CT")))
        assert scu.status() == 0
        scu.release()
    waited = scrape(lb.agent.metrics_port)["dicom_spoa_data_set_wait_seconds_sum"]
    assert 0.3 <= waited < PATIENCE


def test_no_data_in_time_is_counted_where_it_is_decided(line):
    """The agent has accepted, and hears no more of it; HAProxy counts what it did itself."""
    port = free_port()
    lb = line(request_wait=2, settings={"DICOM_METRICS_BIND": f"127.0.0.1:{port}"})
    counters = Counters(lb)
    with peers.RawScu(lb.port) as scu:
        scu.associate([CT_CONTEXT])
        wait_until(lambda: 'dicom_fallbacks_total{reason="no data"} 1\n' in request(port, "/metrics")[2],
                   "HAProxy uses the fallback")
        scu.release()
    assert lb.association(scu)["pool"] == "general"
    assert counters.grown() == ACCEPTED
    check_format(request(port, "/metrics")[2])


def test_counters_outlive_the_policy(line):
    lb = line()
    counters = Counters(lb)
    stored(lb, objects.make("CT"))
    first = counters.grown()
    lb.reload_policy({"rules": [{"name": "other", "if": {"Modality": "US"}, "backend": "general"}, *POLICY["rules"]]})
    assert counters.grown() == {'policy_loads_total{result="loaded"}': 1}
    stored(lb, objects.make("CT"))
    assert counters.grown() == first
    lb.replace_policy('{"rules": 1}')
    wait_until(lambda: lb.agent.refusals() == 1, "the policy is refused")
    assert counters.grown() == {'policy_loads_total{result="refused"}': 1}
    assert counters.last['decisions_total{rule="ct",pool="ct",outcome="spliced"}'] == 2


def test_connections_and_frames_of_haproxy(line):
    lb = line()
    stored(lb, objects.make("CT"))
    samples = scrape(lb.agent.metrics_port)

    def value(name, **labels):
        text = ",".join(f'{key}="{label}"' for key, label in labels.items())
        return samples[f"dicom_spoa_spop_{name}" + (f"{{{text}}}" if text else "")]
    closed = sum(number for name, number in samples.items() if "_closed_total{" in name)
    assert value("connections_total") == value("connections") + closed
    assert value("connections_closed_total", reason="health_check") >= 1
    assert value("connections_closed_total", reason="refused") == 0
    questions = sum(number for name, number in samples.items() if "_answers_total{" in name)
    assert value("frames_total", type="NOTIFY") == value("frames_total", type="ACK") == questions >= 2
    assert value("frames_total", type="HAPROXY-HELLO") == value("frames_total", type="AGENT-HELLO")
    assert value("frames_total", type="other") == 0


def test_how_connections_end(owned, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    agent = Agent(str(tmp_path), "agent", str(path), options=("--hello-timeout", "500"))
    owned.append(agent)
    prefix = "dicom_spoa_spop_connections_closed_total"

    def ended():
        return {name.split('"')[1]: value for name, value in scrape(agent.metrics_port).items()
                if name.startswith(prefix) and value}
    # whoever was there while the agent was started
    wait_until(lambda: scrape(agent.metrics_port)["dicom_spoa_spop_connections"] == 0, "nobody is connected")
    before = ended()
    check = [("healthcheck", (spop.BOOL, True))]
    for reason, frames, waits in [
            ("health_check", spop.hello(extra=check), True), ("disconnected", spop.hello() + spop.disconnect(), True),
            ("disconnected", spop.hello() + spop.disconnect(2), True),
            ("haproxy_error", spop.hello() + spop.disconnect(3), True), ("refused", b"GET / HTTP/1.0\r\n\r\n", True),
            ("refused", spop.hello() + spop.hello(), True), ("closed_by_peer", spop.hello(), False),
            ("no_hello", b"", True)]:
        with socket.create_connection(("127.0.0.1", agent.port), PATIENCE) as sock:
            sock.sendall(frames)
            while waits and sock.recv(1000):
                pass
        before[reason] = before.get(reason, 0) + 1
        wait_until(lambda: ended() == before, f"{reason}: {before}")
    samples = scrape(agent.metrics_port)
    assert samples["dicom_spoa_spop_connections"] == 0
    assert samples["dicom_spoa_spop_connections_total"] == sum(before.values())


def test_probes(owned, raw_archive, tmp_path):
    archive = raw_archive()
    policy = {**POLICY, "pools": {"ct": {"archives": [{"address": f"127.0.0.1:{archive.port}"}]}}}
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy))
    agent = Agent(str(tmp_path), "agent", str(path))
    owned.append(agent)
    name = f'archive="127.0.0.1:{archive.port} ANY-SCP DICOM_SPOA"'
    answered, failed = (f'dicom_spoa_probes_total{{{name},result="{result}"}}' for result in ("answered", "failed"))
    when = f"dicom_spoa_probe_last_success_timestamp_seconds{{{name}}}"
    wait_until(lambda: scrape(agent.metrics_port).get(answered) == 1, "the archive has answered")
    first = scrape(agent.metrics_port)
    assert failed not in first and first[when] >= first["process_start_time_seconds"] - 1
    archive.stop()
    os.kill(agent.child.pid, signal.SIGHUP)
    wait_until(lambda: scrape(agent.metrics_port).get(failed) == 1, "a probe has failed")
    second = scrape(agent.metrics_port)
    assert (second[answered], second[when]) == (1, first[when])
    check_format(request(agent.metrics_port, "/metrics")[2])
    # nobody is to wait for an archive that is not probed any more
    path.write_text(json.dumps(POLICY))
    wait_until(lambda: when not in scrape(agent.metrics_port), "it is forgotten")
    assert scrape(agent.metrics_port)[failed] == 1


HOSTILE = ['"} 1 A', "\\", "A\nB", "\x7f\xff", "ct # HELP", "{a=\"b\"}"]


def test_hostile_and_many_ae_titles(line):
    lb = line({"rules": [], "default": {"backend": "general"}})
    for title in HOSTILE:
        rq = wire.associate_rq([CT_CONTEXT])
        with peers.RawScu(lb.port) as scu:
            scu.send(rq[:26] + title.encode("latin-1").ljust(16) + rq[42:])
            scu.read_ac()
    samples = scrape(lb.agent.metrics_port)
    found = [name for name in samples if name.startswith("dicom_spoa_associations_total")]
    assert len(found) == len(HOSTILE) and all(samples[name] == 1 for name in found)
    assert r'dicom_spoa_associations_total{calling_ae="\\x7f\\xff"}' in found
    check_format(request(lb.agent.metrics_port, "/metrics")[2])


def test_no_patient_is_named(line):
    """In no metric and no log, whatever the policy does with what identifies a patient."""
    secrets = {"PatientID": "PID4711", "PatientName": "DOE^JANE", "PatientBirthDate": "19600201",
               "AccessionNumber": "ACC0815", "StudyInstanceUID": "1.2.3.998877", "StudyDescription": "Vertigo"}
    port = free_port()
    lb = line({"default": {"backend": "general", "key": "PatientName"}, "export": {"patient": "PatientName"}, "rules": [
        {"name": "one", "if": {"PatientName": "DOE*", "Modality": "CT"}, "backend": "ct",
         "key": ["PatientID", "StudyInstanceUID"]},
        {"name": "two", "if": {"PatientBirthDate": "19600201", "Modality": "MR"}, "reject": "no-reason-given"},
        {"name": "three", "if": {"AccessionNumber": {"regex": "^ACC"}}, "backend": "general"}]},
        settings={"DICOM_METRICS_BIND": f"127.0.0.1:{port}"})
    things = [objects.make(modality, syntax=syntax, **secrets) for modality in ("CT", "MR", "US")
              for syntax in (wire.EXPLICIT_LE, wire.IMPLICIT_LE)]
    for thing in things:
        stored(lb, thing)
    broken = things[0].data[:-1000] + b"\xff" * 500
    stored(lb, objects.of_bytes(broken, wire.EXPLICIT_LE))
    texts = {"metrics": request(lb.agent.metrics_port, "/metrics")[2], "HAProxy's metrics": request(port, "/metrics")[2],
             "agent": lb.agent.child.log(), "HAProxy": "\n".join(lb.log.lines), "stderr": lb.haproxy.log()}
    assert 'decisions_total{rule="one",pool="ct",outcome="spliced"}' in texts["metrics"]
    assert len(lb.log.associations()) == len(things) + 1
    check_format(texts["metrics"])
    for where, text in texts.items():
        for word in [*secrets.values(), "DOE", "JANE", *(thing.uid for thing in things)]:
            assert word not in text, f"{word} in {where}"
