# SPDX-License-Identifier: MIT
"""What the policy knows of a connection and its association, and what it makes of them on the wire."""

import json
import ssl
import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

import certificates
import dcmtk
import examples
import objects
import peers
import wire
from children import free_port

CT = wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))


def by(*conditions):
    """A policy with a rule for each condition: r0, r1, ... send to the pool match, everything else is for rest."""
    return {"rules": [{"name": f"r{n}", "if": condition, "backend": "match"} for n, condition in enumerate(conditions)],
            "default": {"backend": "rest"}}


@pytest.fixture
def line(balancer, raw_archive):
    def make(policy, pools=("match", "rest"), **how):
        archives = {pool: raw_archive() for pool in pools}
        lb = balancer(archives, policy=policy, **how)
        lb.archives = archives
        return lb
    return make


def rule_for(lb, port=None, extra=b"", mapped="", **how):
    """The rule for an association that proposes CT, with peers.RawScu's arguments. mapped: before its address."""
    with peers.RawScu(port or lb.port, **how) as scu:
        scu.address = mapped + scu.address
        scu.associate([CT], extra=extra)
        scu.release()
    entry = lb.association(scu)
    assert (entry["verdict"], entry["error"]) == ("route", "-")
    assert entry["pool"] == ("rest" if entry["rule"] == "default" else "match")
    return entry["rule"]


# ClientAddress, DestinationPort -------------------------------------------------------------------


def test_client_address(line):
    v6, both = free_port(), free_port()
    lb = line(by({"ClientAddress": ["127.0.0.2", "127.8.0.0/16"]}, {"ClientAddress": "::1"},
                 {"ClientAddress": "127.16.0.0/12"}),
              binds=[f"::1:{v6}", f":::{both} v4v6"])
    assert rule_for(lb, source="127.0.0.2") == "r0"
    assert rule_for(lb, source="127.0.0.3") == "default"
    assert rule_for(lb, source="127.8.255.255") == "r0"
    assert rule_for(lb, source="127.9.0.0") == "default"
    assert rule_for(lb, source="127.31.255.254") == "r2"
    assert rule_for(lb, source="127.32.0.1") == "default"
    assert rule_for(lb, port=v6, host="::1") == "r1"
    assert rule_for(lb, port=both, host="::1") == "r1"
    # an IPv4 client at a socket for IPv6 (RFC 4291 section 2.5.5.2)
    assert rule_for(lb, port=both, source="127.0.0.2", mapped="::ffff:") == "r0"
    assert rule_for(lb, port=both, source="127.0.0.3", mapped="::ffff:") == "default"


def test_a_client_address_that_is_not_wanted(line):
    lb = line({"rules": [{"name": "strangers", "if": {"not": {"ClientAddress": "127.0.0.2/31"}},
                          "reject": "no-reason-given"}], "default": {"backend": "rest"}})
    assert rule_for(lb, source="127.0.0.2") == rule_for(lb, source="127.0.0.3") == "default"
    with peers.RawScu(lb.port, source="127.0.0.4") as scu, pytest.raises(peers.Rejected):
        scu.associate([CT])
    assert len(lb.archives["rest"].associations) == 2


def test_destination_port(line):
    second, third = free_port(), free_port()
    lb = line(by({"DestinationPort": second}, {"DestinationPort": {"from": third, "to": third}}),
              binds=[f"127.0.0.1:{second},127.0.0.1:{third}"])
    assert [rule_for(lb, port=port) for port in (second, third, lb.port)] == ["r0", "r1", "default"]


def test_connection_and_data_set_together(line):
    """The second question to the agent tells it of the connection again."""
    second = free_port()
    lb = line(by({"ClientAddress": "127.0.0.2", "DestinationPort": second, "Modality": "CT"}),
              binds=[f"127.0.0.1:{second}"])
    for source, port, modality, pool in (("127.0.0.2", second, "CT", "match"), ("127.0.0.2", second, "MR", "rest"),
                                         ("127.0.0.3", second, "CT", "rest"), ("127.0.0.2", lb.port, "CT", "rest")):
        thing = objects.make(modality)
        with peers.RawScu(port, source=source) as scu:
            scu.associate([CT])
            assert scu.store(thing) == 0
            scu.release()
        assert lb.archives[pool].objects()[thing.uid] == thing.data
        assert lb.association(scu)["pool"] == pool


# TLS ----------------------------------------------------------------------------------------------


class Tls:
    """A balancer with a port for TLS, where the client may show a certificate."""

    def __init__(self, line, directory, policy):
        self.authority = certificates.Authority(directory / "ca")
        self.port = free_port()
        server = self.authority.server_file("lb", "*.cloud.example.org")
        self.lb = line(policy, binds=[f"127.0.0.1:{self.port} ssl crt {server} "
                                      f"ca-file {self.authority.certificate} verify optional"])

    def rule_for(self, client=None, server_name=None):
        return rule_for(self.lb, self.port, tls=self.authority.context(client), server_name=server_name)


def test_tls_server_name(line, tmp_path):
    tls = Tls(line, tmp_path, by({"TLSServerName": "store.cloud.example.org"}, {"TLSServerName": "*.cloud.example.org"},
                                 {"TLSServerName": {"present": True}}))
    assert tls.rule_for(server_name="store.cloud.example.org") == "r0"
    assert tls.rule_for(server_name="other.cloud.example.org") == "r1"
    assert tls.rule_for(server_name="example.org") == "r2"
    assert tls.rule_for() == "default"
    assert rule_for(tls.lb) == "default"


def test_tls_client_name(line, tmp_path):
    tls = Tls(line, tmp_path, by({"TLSClientName": "praxis-*"}, {"TLSClientName": "Röntgen Süd"},
                                 {"TLSClientName": {"present": True}}))
    assert tls.rule_for(tls.authority.certify("one", "praxis-muster")) == "r0"
    assert tls.rule_for(tls.authority.certify("two", "Röntgen Süd")) == "r1"
    assert tls.rule_for(tls.authority.certify("three", "Praxis-Muster")) == "r2"
    assert tls.rule_for() == "default"
    assert rule_for(tls.lb) == "default"


def test_a_certificate_of_somebody_else_opens_nothing(line, tmp_path):
    tls = Tls(line, tmp_path, by({"TLSClientName": "praxis-muster"}))
    forged = certificates.Authority(tmp_path / "stranger").certify("one", "praxis-muster")
    with pytest.raises((ssl.SSLError, wire.Closed)):
        tls.rule_for(forged)
    assert not any(archive.associations for archive in tls.lb.archives.values())


def test_storescu_with_tls(line, tmp_path):
    tls = Tls(line, tmp_path, by({"TLSClientName": "praxis-muster", "Modality": "CT"}))
    certificate, key = tls.authority.certify("one", "praxis-muster")
    thing = objects.make("CT", size=40000)
    status, output = dcmtk.run("storescu", "-v", "+tls", key, certificate, "+cf", tls.authority.certificate,
                               "127.0.0.1", tls.port, objects.write_file(tmp_path / "ct.dcm", thing))
    assert status == 0, output
    assert tls.lb.archives["match"].objects() == {thing.uid: thing.data}
    status, output = dcmtk.run("storescu", "-v", "127.0.0.1", tls.lb.port, tmp_path / "ct.dcm")
    assert status == 0, output
    assert tls.lb.archives["rest"].objects() == {thing.uid: thing.data}


# UserIdentity -------------------------------------------------------------------------------------


def identity(kind, primary, secondary=b"", response=False):
    """PS3.7 D.3.3.7.1"""
    return wire.item(0x58, struct.pack(">BBH", kind, response, len(primary)) + primary
                     + struct.pack(">H", len(secondary)) + secondary)


def test_user_identity(line):
    lb = line(by({"UserIdentity": "research-*"}, {"UserIdentity": "müller"}, {"UserIdentity": {"empty": True}},
                 {"UserIdentity": {"present": True}}))
    for extra, rule in ((identity(1, b"research-7"), "r0"), (identity(2, b"research-7", b"secret"), "r0"),
                        (identity(2, b"someone", b"research-7"), "r3"), (identity(1, "müller".encode()), "r1"),
                        (identity(3, b"research-7"), "r2"), (identity(4, b"<saml/>"), "r2"),
                        (identity(1, b"research-7", response=True), "r0"), (b"", "default")):
        assert rule_for(lb, extra=extra) == rule, extra
        archive = lb.archives["rest" if rule == "default" else "match"]
        assert archive.associations[-1].rq.raw == wire.associate_rq([CT], extra=extra)


def test_a_user_that_storescu_names(line, tmp_path):
    lb = line(by({"UserIdentity": "research-*", "Modality": "CT"}))
    thing = objects.make("CT", size=40000)
    path = objects.write_file(tmp_path / "ct.dcm", thing)
    for user, pool in (("research-7", "match"), ("clinic-7", "rest")):
        status, output = dcmtk.run("storescu", "-v", "-usr", user, "-pwd", "secret", "127.0.0.1", lb.port, path)
        assert status == 0, output
        assert lb.archives[pool].objects() == {thing.uid: thing.data}
        seen = lb.archives[pool].only().rq.user[0x58]
        assert user.encode() in seen and b"secret" in seen


# AE titles ----------------------------------------------------------------------------------------

TITLES = {"BOTH": {"called_ae": "VNA", "calling_ae": "GATEWAY"}, "CALLED": {"called_ae": "SIXTEEN_CHARS_AE"},
          "CALLING": {"calling_ae": "A B"}, "NEITHER": {}}
EXTRAS = (wire.item(0x53, bytes([0, 5, 0, 5])) + identity(1, b"user") + wire.item(0x7F, b"never heard of")
          + wire.item(0x54, struct.pack(">H", len(wire.CT_IMAGE)) + wire.CT_IMAGE.encode() + b"\1\0"))


def renaming(**condition):
    return {"rules": [{"name": name, "if": {"CalledAETitle": name, **condition}, "backend": "match", **titles}
                      for name, titles in TITLES.items()],
            "default": {"backend": "rest", "called_ae": "FALLBACK"}}


def renamed(rq, called_ae=None, calling_ae=None):
    return (rq[:10] + (wire.ae(called_ae) if called_ae else rq[10:26])
            + (wire.ae(calling_ae) if calling_ae else rq[26:42]) + rq[42:])


def test_ae_titles_of_an_association_that_is_passed_through(line):
    lb = line(renaming())
    contexts = [CT, wire.Context(3, wire.STUDY_ROOT_FIND, (wire.EXPLICIT_LE, wire.IMPLICIT_LE))]
    thing = objects.make("CT", size=40000)
    for name, titles in TITLES.items():
        with peers.RawScu(lb.port) as scu:
            scu.associate(contexts, called=name, calling="MODALITY", extra=EXTRAS)
            assert scu.store(thing) == 0
            scu.release()
        archive = lb.archives["match"]
        archive.wait_for(lambda all_: all_[-1].ended, "end")
        assert archive.associations[-1].received[:len(scu.rq)] == renamed(scu.rq, **titles), name
        assert archive.associations[-1].messages[-1][1] == thing.data
        entry = lb.association(scu)
        assert (entry["rule"], entry["called_ae"], entry["calling_ae"]) == (name, name, "MODALITY")
    assert not lb.archives["rest"].associations


def test_ae_titles_of_a_spliced_association(line):
    lb = line(renaming(Modality="CT"))
    contexts = [CT, wire.Context(3, wire.MR_IMAGE, (wire.JPEG_2000, wire.IMPLICIT_LE))]
    seen = {}
    for name, titles in TITLES.items():
        thing = objects.make("CT", size=40000)
        with peers.RawScu(lb.port) as scu:
            ac = scu.associate(contexts, called=name, calling="MODALITY", extra=EXTRAS)
            assert (ac.called, ac.calling) == (name, "MODALITY")
            assert scu.store(thing) == 0
            scu.release()
        assert lb.association(scu)["rule"] == name
        assert lb.archives["match"].objects()[thing.uid] == thing.data
        seen[name] = lb.archives["match"].associations[-1].rq
    plain = seen.pop("NEITHER")
    assert (plain.called, plain.calling, len(plain.contexts)) == ("NEITHER", "MODALITY", 2)
    for name, rq in seen.items():
        assert rq.raw == renamed(plain.raw, **{"called_ae": name, **TITLES[name]})
    assert not lb.archives["rest"].associations


def test_ae_titles_if_no_data_come(line):
    """The fallback has titles of its own."""
    lb = line(renaming(Modality="CT"))
    with peers.RawScu(lb.port) as scu:
        scu.associate([CT], called="BOTH")
        scu.release()
    rq = lb.archives["rest"].only().rq
    assert (rq.called, rq.calling) == ("FALLBACK", "SCU")


# Refusals -----------------------------------------------------------------------------------------

# PS3.8 9.3.4: result, source, reason
REASONS = {"no-reason-given": (1, 1, 1), "application-context-name-not-supported": (1, 1, 2),
           "calling-ae-title-not-recognized": (1, 1, 3), "called-ae-title-not-recognized": (1, 1, 7),
           "provider-no-reason-given": (1, 2, 1), "protocol-version-not-supported": (1, 2, 2),
           "temporary-congestion": (2, 3, 1), "local-limit-exceeded": (2, 3, 2)}
RESULTS = {"": None, "permanent": 1, "transient": 2}


def test_every_refusal(line):
    wanted = {f"AE{n}": (reason, result) for n, (reason, result) in
              enumerate((reason, result) for reason in REASONS for result in RESULTS)}
    lb = line({"rules": [{"name": title, "if": {"CalledAETitle": title}, "reject": reason,
                          **({"result": result} if result else {})} for title, (reason, result) in wanted.items()]})
    for title, (reason, result) in wanted.items():
        code = bytes([RESULTS[result] or REASONS[reason][0], *REASONS[reason][1:]])
        with peers.RawScu(lb.port) as scu:
            scu.send(wire.associate_rq([CT], called=title))
            assert scu.read_pdu() == (wire.ASSOCIATE_RJ, bytes.fromhex("03000000000400") + code), (reason, result)
        entry = lb.association(scu)
        assert (entry["rule"], entry["verdict"], entry["error"]) == (title, "reject", "refused by the policy")
    with peers.RawScu(lb.port) as scu, pytest.raises(peers.Rejected) as refusal:
        scu.associate([CT], called="NOBODY")
    assert refusal.value.codes == (1, 1, 1), "what no rule matches, and there is no default"
    assert not any(archive.associations for archive in lb.archives.values())


def test_a_refusal_that_dcmtk_reads(line, tmp_path):
    lb = line({"rules": [{"name": "no", "reject": "temporary-congestion"}]})
    status, output = dcmtk.run("storescu", "-v", "127.0.0.1", lb.port,
                               objects.write_file(tmp_path / "ct.dcm", objects.make("CT")))
    assert status != 0
    assert "Rejected Transient" in output and "Temporary Congestion" in output


def test_a_default_that_refuses_what_the_data_set_decides(line):
    """The SCU has its A-ASSOCIATE-AC: it gets an A-ABORT, and no archive hears of it."""
    lb = line({"rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": "match"}],
               "default": {"reject": "local-limit-exceeded"}})
    with peers.RawScu(lb.port) as scu:
        scu.associate([CT])
        scu.send(scu.store_bytes(objects.make("US")))
        assert scu.how_it_ends() == "abort"
    entry = lb.association(scu)
    assert (entry["rule"], entry["error"]) == ("default", "refused by the policy")
    assert not any(archive.associations for archive in lb.archives.values())


# Keys, samples, schedules -------------------------------------------------------------------------


def test_a_key_of_two_attributes(balancer, raw_archive):
    archives = {f"general{number}": raw_archive() for number in (1, 2, 3)}
    lb = balancer({"general": archives}, policy={"rules": [], "default": {
        "backend": "general", "key": ["IssuerOfPatientID", "PatientID"]}})
    pairs = [(issuer, f"P{number}") for issuer in ("NORTH", "SOUTH") for number in range(20)]

    def server_of(issuer, patient):
        thing = objects.make("CT", size=10, IssuerOfPatientID=issuer, PatientID=patient)
        assert peers.send_all(lb.port, thing) == [0]
        name, = [name for name, archive in archives.items() if thing.uid in archive.objects()]
        return name

    first = {pair: server_of(*pair) for pair in pairs}
    assert {pair: server_of(*pair) for pair in reversed(pairs)} == first
    for issuer in ("NORTH", "SOUTH"):
        assert len({first[issuer, f"P{number}"] for number in range(20)}) == 3, "the patient counts"
    assert any(first["NORTH", f"P{number}"] != first["SOUTH", f"P{number}"] for number in range(20)), \
        "the issuer counts"
    # what would be the same if the two were only written one behind the other
    assert len({server_of("X" * n, "X" * (12 - n)) for n in range(12)}) > 1


def sampled(percent):
    return {"rules": [{"name": "new", "if": {"sample": {"percent": percent, "by": "StudyInstanceUID"}},
                       "backend": "new"}], "default": {"backend": "old"}}


def test_a_sample(line, tmp_path):
    lb = line(sampled(30), pools=("new", "old"))
    studies = [objects.make("CT", size=10, StudyInstanceUID=f"1.2.3.{n}") for n in range(200)]

    def sent(things):
        for thing in things:
            assert peers.send_all(lb.port, thing) == [0]
        new, old = (lb.archives[pool].objects() for pool in ("new", "old"))
        return [uid for uid in new if uid not in old]

    def explained(thing):
        path = objects.write_file(tmp_path / f"{thing.uid}.dcm", thing)
        status, output, errors = examples.dicom_spoa("explain", lb.policy_path, path, "--json", wrapped=False)
        assert status == 0, errors
        return json.loads(output)["decision"]["backend"]

    new = sent(studies)
    assert 40 < len(new) < 80
    with ThreadPoolExecutor(4) as pool:
        told = dict(zip((thing.uid for thing in studies), pool.map(explained, studies)))
    assert [uid for uid, backend in told.items() if backend == "new"] == new
    # more percent: nobody comes back
    lb.archives["old"].associations.clear()
    lb.reload_policy(sampled(60))
    assert set(sent([thing for thing in studies if thing.uid in new])) == set(new)


def at(hours, zone=None):
    return (datetime.now(zone) + timedelta(hours=hours)).strftime("%H:%M")


def test_a_schedule(line):
    now = datetime.now()
    days = {(now + timedelta(days=d)).strftime("%a") for d in (-1, 0, 1)}
    others = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} - days
    lb = line({"rules": [], "default": {"backend": "rest"}})
    for schedule, rule in (({"from": at(-2), "to": at(2)}, "r0"), ({"from": at(2), "to": at(-2)}, "default"),
                           ({"weekdays": sorted(days)}, "r0"), ({"weekdays": sorted(others)}, "default"),
                           ({"from": at(-2), "to": at(2), "weekdays": sorted(others)}, "default"),
                           ({"from": "00:00", "weekdays": sorted(days)}, "r0"), ({"to": "00:00"}, "r0")):
        lb.reload_policy(by({"schedule": schedule}))
        assert rule_for(lb) == rule, schedule


def test_a_schedule_is_in_the_agents_time_zone(line, monkeypatch):
    """Eleven hours east of Greenwich, wherever this machine thinks that it is."""
    zone = timezone(timedelta(hours=11))
    monkeypatch.setenv("TZ", "TEST-11")
    lb = line(by({"schedule": {"from": at(3, zone), "to": at(-3, zone)}},
                 {"schedule": {"from": at(-2, zone), "to": at(2, zone)}}))
    assert rule_for(lb) == "r1"
