# SPDX-License-Identifier: MIT
"""Several studies on one association go to the archive of the first; the log and a metric tell of it."""

import time
import urllib.request

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

import objects
import peers
import wire
from children import free_port


WATCH = {"DICOM_WATCH_STUDIES": "yes"}


def stored(lb, things, **how):
    """The log line of one association that stores all of them."""
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(*things))
        for thing in things:
            assert scu.store(thing, **how) == 0
        scu.release()
    return lb.association(scu)


def of_studies(*uids, **how):
    return [objects.make("CT", StudyInstanceUID=uid, **how) for uid in uids]


@pytest.fixture
def line(balancer, raw_archive):
    ct = raw_archive()
    lb = balancer({"ct": ct, "general": raw_archive()}, settings=WATCH)
    lb.wait_for_agent()
    return lb, ct


@pytest.mark.parametrize("syntax", [wire.EXPLICIT_LE, wire.IMPLICIT_LE])
@pytest.mark.parametrize("uids,count", [(["1.2.3"], "1"), (["1.2.3"] * 5, "1"), (["1.2.3", "1.2.4"], "2"),
                                        (["1.2.3", "1.2.4", "1.2.3", "1.2.5.6", "1.2.4"], "3")])
def test_the_log_says_how_many(line, uids, count, syntax):
    lb, ct = line
    things = of_studies(*uids, syntax=syntax, size=50000)
    entry = stored(lb, things)
    assert (entry["studies"], entry["error"], entry["pool"]) == (count, "-", "ct")
    assert ct.objects() == {thing.uid: thing.data for thing in things}


@pytest.mark.parametrize("pdv_size", [16, 100, 1000])
def test_whatever_the_pdvs(line, pdv_size):
    lb, ct = line
    things = of_studies("1.2.3", "1.2.4", "1.2.4", size=3000)
    assert stored(lb, things, pdv_size=pdv_size)["studies"] == "2"
    assert ct.objects() == {thing.uid: thing.data for thing in things}


def nested():
    """An element before the study's own that has another Study Instance UID in it."""
    inner, other = Dataset(), Dataset()
    inner.StudyInstanceUID = "9.9.9"
    other.StudiesContainingOtherReferencedInstancesSequence = Sequence([inner, inner])
    return other


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("syntax", [wire.EXPLICIT_LE, wire.IMPLICIT_LE])
def test_a_study_in_a_sequence_is_not_the_study(line, syntax, undefined):
    lb, _ = line
    before = nested()
    sequence = before["StudiesContainingOtherReferencedInstancesSequence"]
    sequence.is_undefined_length = undefined
    for item in sequence.value:
        item.is_undefined_length_sequence_item = undefined
    assert stored(lb, [*of_studies("1.2.3", syntax=syntax, before=before), *of_studies("1.2.3", syntax=syntax)])["studies"] == "1"
    assert stored(lb, [*of_studies("1.2.4", syntax=syntax, before=before), *of_studies("1.2.3", syntax=syntax)])["studies"] == "2"


def test_an_association_that_is_passed_through(balancer, raw_archive):
    ct = raw_archive()
    lb = balancer({"ct": ct}, policy={"rules": [{"name": "all", "backend": "ct"}]}, settings=WATCH)
    lb.wait_for_agent()
    things = of_studies("1.2.3", "1.2.4", syntax=wire.IMPLICIT_LE)
    entry = stored(lb, things)
    assert entry["studies"] == "2"
    assert ct.only().received.startswith(ct.only().rq.raw)


@pytest.mark.parametrize("settings", [WATCH, {}, {"DICOM_LISTEN": "no"}], ids=["watched", "not-watched", "not-listened"])
@pytest.mark.parametrize("what", ["spliced", "passed-through"])
def test_an_association_that_is_silent_for_longer_than_an_archive_may_think(balancer, raw_archive, what, settings):
    """The splice's timer is over, and a filter is still there: HAProxy 2.6 span, from 3.0 on its watchdog ended it."""
    lb = balancer({"ct": raw_archive(), "general": raw_archive()}, settings=settings, answer_wait=1, policy={
        "rules": [{"name": "modality", "if": {"CallingAETitle": "MOD"}, "backend": "ct"},
                  {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}], "default": {"backend": "general"}})
    lb.wait_for_agent()
    things = of_studies("1.2.3", "1.2.4")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(*things), calling="MOD" if what == "passed-through" else "SCU")
        assert scu.store(things[0]) == 0
        before = lb.haproxy.cpu_seconds()
        time.sleep(4)
        lb.assert_alive()
        assert lb.haproxy.cpu_seconds() - before < 0.3
        assert scu.store(things[1]) == 0
        scu.release()
    assert lb.association(scu)["studies"] == ("2" if settings is WATCH else "-")


@pytest.mark.parametrize("what", ["spliced", "passed-through"])
def test_an_scu_that_does_not_close_at_its_refusal(balancer, raw_archive, what):
    """It is closed, and HAProxy neither spins nor is ended by its watchdog."""
    lb = balancer({"ct": raw_archive(answer="close"), "general": raw_archive()}, settings=WATCH, policy={
        "rules": [{"name": "modality", "if": {"CallingAETitle": "MOD"}, "backend": "ct"},
                  {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}], "default": {"backend": "general"}})
    lb.wait_for_agent()
    thing, *_ = of_studies("1.2.3")
    before = lb.haproxy.cpu_seconds()
    with peers.RawScu(lb.port) as scu:
        with pytest.raises((peers.Rejected, peers.Aborted)):
            scu.associate(peers.contexts_for(thing), calling="MOD" if what == "passed-through" else "SCU")
            scu.store(thing)
        assert "closed the connection" in lb.association(scu)["error"]
        assert scu.how_it_ends() in ("eof", "reset")
    assert lb.haproxy.cpu_seconds() - before < 0.3
    lb.assert_alive()


def test_what_cannot_be_read_says_nothing(line):
    lb, _ = line
    broken = [objects.of_bytes(b"\x08\x00\x16\x00UI\xff\xff" + bytes(3000), wire.EXPLICIT_LE),
              *of_studies("1.2.3", "1.2.3")]
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(*broken))
        for thing in broken:
            assert scu.store(thing) == 0
        scu.release()
    assert lb.association(scu)["studies"] == "1"


def test_nobody_looks_unless_asked_to(balancer, raw_archive):
    lb = balancer({"ct": raw_archive(), "general": raw_archive()})
    assert stored(lb, of_studies("1.2.3", "1.2.4"))["studies"] == "-"


def test_the_metric(balancer, raw_archive):
    port = free_port()
    lb = balancer({"ct": raw_archive(), "general": raw_archive()}, settings={**WATCH, "DICOM_METRICS_BIND": f"127.0.0.1:{port}"})
    lb.wait_for_agent()
    for uids in (["1.2"], ["1.2", "1.3", "1.4"], ["1.2", "1.2"], ["1.3", "1.2"]):
        stored(lb, of_studies(*uids))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert 'dicom_mixed_studies_total{pool="ct",server="ct1"} 2\n' in text
    assert "1.2" not in text.replace("0.0.4", "")


def test_a_rule_sends_such_an_scu_elsewhere_or_refuses_it(balancer, raw_archive):
    ct, mixed = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "mixed": mixed}, policy={"rules": [
        {"name": "gateways", "if": {"CallingAETitle": "GATEWAY*"}, "backend": "mixed"},
        {"name": "forbidden", "if": {"CallingAETitle": "ROBOT"}, "reject": "calling-ae-title-not-recognized"},
        {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}]})
    lb.wait_for_agent()
    things = of_studies("1.2.3", "1.2.4")
    assert peers.send_all(lb.port, *things, calling="GATEWAY1") == [0, 0]
    assert mixed.objects() == {thing.uid: thing.data for thing in things} and not ct.associations
    with peers.RawScu(lb.port) as scu:
        scu.send(wire.associate_rq(peers.contexts_for(*things), calling="ROBOT"))
        kind, raw = scu.read_pdu()
        assert (kind, raw) == (wire.ASSOCIATE_RJ, wire.associate_rj(1, 1, 3))
