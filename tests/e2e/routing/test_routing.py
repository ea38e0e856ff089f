# SPDX-License-Identifier: MIT
"""Each object is at the archive that the policy names, and nowhere else; the log says why."""

import threading

import pytest

import dcmtk
import objects
import peers
import wire


@pytest.fixture
def two_pools(balancer, raw_archive):
    """send(condition, thing) -> the pool that has it, when the rule with `condition` names the pool `match`"""
    def send(condition, thing, **how):
        match, general = raw_archive(), raw_archive()
        lb = balancer({"match": match, "general": general},
                      policy={"default": {"backend": "general"},
                              "rules": [{"name": "the-rule", "if": condition, "backend": "match"}]})
        assert peers.send_all(lb.port, thing, **how) == [0]
        found = {name: archive.objects() for name, archive in (("match", match), ("general", general))}
        where = [name for name, held in found.items() if held]
        assert len(where) == 1, f"it is in {where}"
        assert found[where[0]] == {thing.uid: thing.data}
        line = lb.log.wait_for("the association", pool=where[0])
        assert line["rule"] == ("the-rule" if where[0] == "match" else "default")
        return where[0]
    return send


@pytest.mark.parametrize("condition,attributes,expected", [
    ({"Modality": "CT"}, {"modality": "CT"}, "match"),
    ({"Modality": "CT"}, {"modality": "MR"}, "general"),
    ({"BodyPartExamined": ["BRAIN", "HEAD*"]}, {"BodyPartExamined": "HEADNECK"}, "match"),
    ({"BodyPartExamined": ["BRAIN", "HEAD*"]}, {"BodyPartExamined": "FOREHEAD"}, "general"),
    ({"InstitutionName": "St. Elsewhere"}, {"InstitutionName": "St. Elsewhere"}, "match"),
    ({"InstitutionName": "St. Elsewhere"}, {"InstitutionName": None}, "general"),
    ({"Modality": "MR", "BodyPartExamined": "BRAIN"}, {"modality": "MR", "BodyPartExamined": "BRAIN"}, "match"),
    ({"Modality": "MR", "BodyPartExamined": "BRAIN"}, {"modality": "MR", "BodyPartExamined": "KNEE"}, "general"),
    ({"PatientID": "P1?"}, {"PatientID": "P17"}, "match"),
    ({"StudyInstanceUID": "1.2.9.*"}, {"StudyInstanceUID": "1.2.9.77"}, "match"),
    ({"(0008,0060)": "US"}, {"modality": "US"}, "match"),
    ({"Rows": 16}, {}, "match"),
    ({"Rows": 17}, {}, "general"),
    ({"SOPClassUID": "MRImageStorage"}, {"sop_class": wire.MR_IMAGE}, "match"),
    ({"SOPClassUID": wire.MR_IMAGE}, {"sop_class": wire.CT_IMAGE}, "general"),
    ({"TransferSyntaxUID": wire.IMPLICIT_LE}, {"syntax": wire.IMPLICIT_LE}, "match"),
    ({"TransferSyntaxUID": wire.IMPLICIT_LE}, {"syntax": wire.EXPLICIT_LE}, "general"),
])
def test_by_what_the_object_is(two_pools, condition, attributes, expected):
    assert two_pools(condition, objects.make(**attributes)) == expected


@pytest.mark.parametrize("condition,expected", [
    ({"CallingAETitle": "CT_ROOM1"}, "match"),
    ({"CallingAETitle": "CT_*"}, "match"),
    ({"CallingAETitle": "MR_*"}, "general"),
    ({"CalledAETitle": "PACS"}, "match"),
    ({"CalledAETitle": ["PACS1", "PACS2"]}, "general"),
    ({"ImplementationClassUID": wire.IMPLEMENTATION_UID}, "match"),
    ({"ImplementationVersionName": "WIRE_*"}, "match"),
    ({"ProposedSOPClassUID": "CTImageStorage"}, "match"),
    ({"ProposedSOPClassUID": "MRImageStorage"}, "general"),
    ({"CallingAETitle": "CT_ROOM1", "Modality": "CT"}, "match"),
    ({"CallingAETitle": "CT_ROOM2", "Modality": "CT"}, "general"),
])
def test_by_the_association(two_pools, condition, expected):
    assert two_pools(condition, objects.make(), calling="CT_ROOM1", called="PACS") == expected


def test_the_first_rule_that_matches_wins(balancer, raw_archive):
    first, second = raw_archive(), raw_archive()
    lb = balancer({"first": first, "general": second},
                  policy={"rules": [{"name": "a", "if": {"Modality": "C*"}, "backend": "first"},
                                    {"name": "b", "if": {"Modality": "CT"}, "backend": "general"}]})
    assert peers.send_all(lb.port, objects.make("CT")) == [0]
    assert (len(first.objects()), len(second.objects())) == (1, 0)


def test_one_association_goes_where_its_first_object_says(balancer, raw_archive):
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "general": general})
    things = [objects.make("CT"), objects.make("MR"), objects.make("CT")]
    assert peers.send_all(lb.port, *things) == [0, 0, 0]
    assert ct.objects() == {t.uid: t.data for t in things}
    assert not general.associations


@pytest.mark.parametrize("reason,codes", [("calling-ae-title-not-recognized", (1, 1, 3)),
                                          ("called-ae-title-not-recognized", (1, 1, 7)),
                                          ("temporary-congestion", (2, 3, 1)),
                                          ("local-limit-exceeded", (2, 3, 2))])
def test_an_association_is_rejected_with_the_policys_reason(balancer, raw_archive, reason, codes):
    general = raw_archive()
    lb = balancer({"general": general}, policy={
        "default": {"backend": "general"},
        "rules": [{"name": "rogue", "if": {"CallingAETitle": "TEST*"}, "reject": reason}]})
    with peers.RawScu(lb.port) as scu:
        with pytest.raises(peers.Rejected) as rejection:
            scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))], calling="TESTER")
        assert rejection.value.codes == codes
    line = lb.association(scu)
    assert (line["rule"], line["verdict"]) == ("rogue", "reject") and line["error"]
    assert peers.send_all(lb.port, objects.make(), calling="FRIEND") == [0]
    assert len(general.associations) == 1


def test_what_no_rule_wants_is_rejected_if_there_is_no_default(balancer, raw_archive):
    ct = raw_archive()
    lb = balancer({"ct": ct},
                  policy={"rules": [{"name": "ct", "if": {"CalledAETitle": "CT"}, "backend": "ct"}]})
    with peers.RawScu(lb.port) as scu, pytest.raises(peers.Rejected) as rejection:
        scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))], called="OTHER")
    assert rejection.value.codes == (1, 1, 1)
    assert not ct.associations


def test_an_object_that_no_rule_wants_is_aborted_and_reaches_no_archive(balancer, raw_archive):
    ct = raw_archive()
    lb = balancer({"ct": ct},
                  policy={"rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}]})
    with peers.RawScu(lb.port) as scu:
        thing = objects.make("MR")
        scu.associate(peers.contexts_for(thing))
        with pytest.raises(peers.Aborted):
            scu.store(thing)
    assert lb.association(scu)["error"]
    assert not ct.associations


@pytest.mark.parametrize("condition", [{"CalledAETitle": "LB"}, {"Modality": "CT"}], ids=["association", "data-set"])
def test_the_archive_is_called_by_the_name_that_the_policy_gives_it(balancer, raw_archive, condition):
    neuro = raw_archive()
    lb = balancer({"neuro": neuro}, policy={
        "rules": [{"name": "neuro", "if": condition, "backend": "neuro", "called_ae": "NEURO"}]})
    thing = objects.make("CT")
    assert peers.send_all(lb.port, thing, calling="CT_ROOM1", called="LB") == [0]
    association = neuro.only()
    assert (association.rq.called, association.rq.calling) == ("NEURO", "CT_ROOM1")
    assert neuro.objects() == {thing.uid: thing.data}


def test_the_log_says_what_was_decided(balancer, raw_archive):
    ct, general = raw_archive(), raw_archive()
    lb = balancer({"ct": {"ct1": ct}, "general": {"general1": general}})
    with peers.RawScu(lb.port) as scu:
        thing = objects.make("CT")
        scu.associate(peers.contexts_for(thing), calling="CT_ROOM1", called="PACS")
        scu.store(thing)
        scu.release()
    line = lb.association(scu)
    assert {name: line[name] for name in ("calling_ae", "called_ae", "rule", "pool", "server", "sop_class",
                                          "transfer_syntax", "error")} == {
        "calling_ae": "CT_ROOM1", "called_ae": "PACS", "rule": "ct", "pool": "ct", "server": "ct1",
        "sop_class": "CTImageStorage", "transfer_syntax": line["transfer_syntax"], "error": "-"}
    assert line["transfer_syntax"] in ("LittleEndianExplicit", "ExplicitVRLittleEndian", wire.EXPLICIT_LE)
    assert 0 <= int(line["decision_us"]) < 10_000_000


def test_no_log_names_a_patient(balancer, raw_archive):
    general = raw_archive()
    lb = balancer({"general": general}, policy={
        "rules": [{"name": "all", "if": {"PatientID": {"present": True}}, "key": "PatientID", "backend": "general"}]})
    thing = objects.make(PatientID="SECRET4711", PatientName="Secretperson^Erika", PatientBirthDate="19631122")
    assert peers.send_all(lb.port, thing) == [0]
    lb.log.wait_for("the association", rule="all")
    text = "\n".join(lb.log.lines + [child.log() for child in lb.children()])
    assert "all" in text
    for secret in ("SECRET4711", "Secretperson", "19631122"):
        assert secret not in text


def test_many_at_once_do_not_mix(balancer, raw_archive):
    archives = {pool: raw_archive() for pool in ("ct", "mr", "general")}
    lb = balancer(archives)
    sent = {pool: {} for pool in archives}
    failures = []

    def modality(kind, pool):
        try:
            for _ in range(5):
                thing = objects.make(kind, size=30000)
                sent[pool][thing.uid] = thing.data
                assert peers.send_all(lb.port, thing) == [0]
        except Exception as error:  # noqa: BLE001 - any failure of a thread is the test's
            failures.append(repr(error))

    threads = [threading.Thread(target=modality, args=pair)
               for pair in (("CT", "ct"), ("MR", "mr"), ("US", "general"), ("CR", "general")) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert {pool: archive.objects() for pool, archive in archives.items()} == sent


def test_real_scu_and_real_archives(balancer, storescp, tmp_path):
    archives = {pool: storescp(pool.upper()) for pool in ("ct", "mr", "general")}
    lb = balancer(archives, checked=True)
    lb.wait_for_agent()
    sent = {"ct": {}, "mr": {}, "general": {}}
    for number, (kind, pool) in enumerate([("CT", "ct"), ("MR", "mr"), ("US", "general"), ("CT", "ct")]):
        thing = objects.make(kind, size=70000)
        path = objects.write_file(tmp_path / f"{number}.dcm", thing)
        status, output = dcmtk.run("storescu", "-v", "-aec", "LB", "127.0.0.1", lb.port, path)
        assert status == 0, output
        sent[pool][thing.uid] = thing.data
    assert {pool: archive.objects() for pool, archive in archives.items()} == sent
