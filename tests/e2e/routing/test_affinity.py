# SPDX-License-Identifier: MIT
"""The same patient is always at the same server, and nothing has to be remembered for that."""

import pathlib

import pytest

import objects
import peers
import wire
from children import ROOT, free_port, wait_until
from peers import settle

POLICY = {"rules": [{"name": "others", "key": "PatientID", "backend": "general"}]}
PATIENTS = [f"PAT{number:04}" for number in range(300)]


@pytest.fixture
def archives(raw_archive):
    return {f"general{number}": raw_archive() for number in (1, 2, 3)}


def test_every_server_gets_its_share(balancer, archives):
    found = list(settle(balancer({"general": archives}, policy=POLICY), archives, PATIENTS).values())
    assert all(found.count(name) > len(PATIENTS) / 8 for name in archives)


def test_the_same_after_a_restart_and_from_another_balancer(balancer, archives):
    patients = PATIENTS[:80]
    first = balancer({"general": archives}, policy=POLICY)
    before = settle(first, archives, patients)
    assert settle(first, archives, patients, modality="MR") == before
    first.haproxy.stop()
    first.agent.stop()
    first.start_agent(first.agent.port)
    first.start_haproxy()
    assert settle(first, archives, patients) == before
    second = balancer({"general": archives}, policy=POLICY)
    assert settle(second, archives, patients) == before


def test_one_more_server_moves_a_quarter(balancer, archives, raw_archive):
    before = settle(balancer({"general": archives}, policy=POLICY), archives, PATIENTS)
    more = {**archives, "general4": raw_archive()}
    after = settle(balancer({"general": more}, policy=POLICY), more, PATIENTS)
    moved = [patient for patient in PATIENTS if before[patient] != after[patient]]
    assert {after[patient] for patient in moved} == {"general4"}
    assert 0.1 < len(moved) / len(PATIENTS) < 0.45


def test_a_server_that_is_down_gives_only_its_own_patients_away(balancer, archives):
    patients = PATIENTS[:80]
    before = settle(balancer({"general": archives}, policy=POLICY), archives, patients)
    lb = balancer({"general": archives}, policy=POLICY)
    lb.admin("set server general/general2 state maint")
    after = settle(lb, archives, patients)
    assert all((before[patient] == after[patient]) == (before[patient] != "general2") for patient in patients)


def test_padding_and_encoding_of_a_patient_id_do_not_matter(balancer, archives):
    lb = balancer({"general": archives}, policy=POLICY)
    for patient in ("ODD", "EVEN", "Z"):
        things = [objects.make("CT", size=10, PatientID=patient + pad, syntax=syntax)
                  for syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1") for pad in ("", " ", "  ")]
        for thing in things:
            assert peers.send_all(lb.port, thing) == [0]
        holders = {name for name, archive in archives.items()
                   for thing in things if thing.uid in archive.objects()}
        assert len(holders) == 1


def test_a_study_stays_together_by_its_uid(balancer, archives):
    lb = balancer({"general": archives}, policy={"rules": [
        {"name": "others", "key": "StudyInstanceUID", "backend": "general"}]})
    studies = {f"1.2.3.{n}": [objects.make("CT", size=10, PatientID=f"P{n}{k}", StudyInstanceUID=f"1.2.3.{n}")
                              for k in range(4)] for n in range(20)}
    for things in studies.values():
        for thing in things:
            assert peers.send_all(lb.port, thing) == [0]
    holders = [{name for name, archive in archives.items() for thing in things if thing.uid in archive.objects()}
               for things in studies.values()]
    assert all(len(names) == 1 for names in holders)
    assert len(set.union(*holders)) == 3


def test_a_stick_table_by_the_key(balancer, archives):
    """With history instead of a hash: whoever is stored first decides where the rest goes."""
    lb = balancer({"general": archives}, policy={"rules": [
        {"name": "others", "key": ["IssuerOfPatientID", "PatientID"], "backend": "general"}]},
                  pool_lines=["balance roundrobin", "stick-table type string len 256 size 10k expire 1h",
                              "stick on var(txn.dicom.key)"])
    patients = [("NORTH" if number % 2 else "SOUTH", f"P{number // 2}") for number in range(24)]
    things = [(who, objects.make("CT", size=10, PatientID=who[1], IssuerOfPatientID=who[0]))
              for _ in range(3) for who in patients]
    for _, thing in things:
        assert peers.send_all(lb.port, thing) == [0]
    holders = {who: {name for name, archive in archives.items() for owner, thing in things
                     if owner == who and thing.uid in archive.objects()} for who in patients}
    assert all(len(names) == 1 for names in holders.values())
    assert len(set.union(*holders.values())) == 3


def test_without_a_key_the_object_still_arrives(balancer, archives):
    lb = balancer({"general": archives}, policy=POLICY)
    thing = objects.make("CT", PatientID=None)
    assert peers.send_all(lb.port, thing) == [0]
    assert sum(thing.uid in archive.objects() for archive in archives.values()) == 1


def test_a_dead_server_does_not_lose_its_patients_objects(balancer, archives):
    """Not checked, so nobody knows that it is dead until the connection fails: redispatched."""
    lb = balancer({"general": {**{name: archive.port for name, archive in archives.items()}, "dead": free_port()}},
                  policy=POLICY)
    assert len(settle(lb, archives, PATIENTS[:40])) == 40


# As delivered -------------------------------------------------------------------------------------

DELIVERED = pathlib.Path(ROOT, "haproxy", "policy.json")
SERVERS = {"ct": 2, "mr": 2, "general": 3, "query": 1}


@pytest.fixture
def delivered(balancer):
    """delivered(archive of a name, ...) -> a balancer with haproxy/policy.json and the pools of haproxy/pools.cfg"""
    def make(archive, **how):
        archives = {pool: {f"{pool}{n}": archive(f"{pool}{n}") for n in range(1, count + 1)}
                    for pool, count in SERVERS.items()}
        lb = balancer(archives, policy=DELIVERED, **how)
        lb.wait_for_agent()
        return lb, {name: server for servers in archives.values() for name, server in servers.items()}
    return make


def holders(archives, things):
    return {name for name, archive in archives.items() for thing in things if thing.uid in archive.objects()}


@pytest.mark.parametrize("pool,modality,part", [("ct", "CT", "CHEST"), ("mr", "MR", "HEAD")])
def test_a_patient_stays_at_one_archive_of_ct_and_mr(delivered, raw_archive, pool, modality, part):
    """Whatever the study, and however many associations it takes."""
    lb, archives = delivered(lambda _: raw_archive())
    patients = [[objects.make(modality, size=10, PatientID=patient, StudyInstanceUID=f"1.2.3.{n}.{k % 2}",
                              BodyPartExamined=part) for k in range(4)] for n, patient in enumerate(PATIENTS[:20])]
    for things in patients:
        for thing in things:
            assert peers.send_all(lb.port, thing) == [0]
    where = [holders(archives, things) for things in patients]
    assert all(len(names) == 1 for names in where)
    assert set.union(*where) == {f"{pool}1", f"{pool}2"}


@pytest.mark.parametrize("patient", [None, ""])
def test_without_a_patient_id_what_one_scu_sends_stays_together(delivered, raw_archive, patient):
    lb, archives = delivered(lambda _: raw_archive())
    where = []
    for source in (f"127.0.0.{n}" for n in range(2, 12)):
        things = [objects.make("CT", size=10, PatientID=patient) for _ in range(3)]
        for thing in things:
            with peers.RawScu(lb.port, source=source) as scu:
                scu.associate(peers.contexts_for(thing))
                assert scu.store(thing) == 0
                scu.release()
        where.append(holders(archives, things))
    assert all(len(names) == 1 for names in where)
    assert set.union(*where) == {"ct1", "ct2"}


def test_the_others_go_on_while_general_is_gone(delivered, storescp):
    """All its archives are killed. What belongs there is turned away for now, and nothing goes elsewhere."""
    lb, archives = delivered(storescp, checked=True)
    general = [name for name in archives if name.startswith("general")]
    for name in general:
        archives[name].child.kill()
    wait_until(lambda: all(lb.server_states()[f"general/{name}"] == "DOWN" for name in general), "general is DOWN", 40)
    ct, mr = objects.make("CT"), objects.make("MR", BodyPartExamined="BRAIN")
    assert peers.send_all(lb.port, ct) == [0] and peers.send_all(lb.port, mr) == [0]
    for thing, pool in ((ct, "ct"), (mr, "mr")):
        name, = holders(archives, [thing])
        assert name.startswith(pool) and archives[name].objects() == {thing.uid: thing.data}
    us = objects.make("US")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(us))
        with pytest.raises(peers.Aborted):
            scu.store(us)
    line = lb.association(scu)
    assert (line["rule"], line["error"]) == ("others", "no archive is up in the pool general")
    assert not holders(archives, [us])


@pytest.mark.parametrize("sop_class", [wire.STUDY_ROOT_FIND, wire.STUDY_ROOT_MOVE, "1.2.840.10008.5.1.4.1.2.2.3",
                                       "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.4.2",
                                       wire.MODALITY_WORKLIST_FIND])
def test_queries_and_worklists_go_to_the_pool_query(delivered, raw_archive, sop_class):
    lb, archives = delivered(lambda _: raw_archive())
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, sop_class, (wire.IMPLICIT_LE,))])
        scu.release()
    assert archives["query1"].only().ended == "release"
    assert (lb.association(scu)["pool"], lb.association(scu)["error"]) == ("query", "-")


def test_behind_another_load_balancer(delivered, raw_archive):
    """With accept-proxy it is the SCU's address that counts, in the log and for what has no key."""
    port = free_port()
    lb, archives = delivered(lambda _: raw_archive(), binds=(f"127.0.0.1:{port} accept-proxy",))
    where = []
    for source in (f"192.0.2.{n}" for n in range(1, 11)):
        things = [objects.make("CT", size=10, PatientID=None) for _ in range(2)]
        for thing in things:
            with peers.RawScu(port) as scu:
                scu.send(f"PROXY TCP4 {source} 192.0.2.254 40000 11112\r\n".encode())
                scu.associate(peers.contexts_for(thing))
                assert scu.store(thing) == 0
                scu.release()
        lb.log.wait_for("the association", client=f"{source}:40000", rule="ct")
        where.append(holders(archives, things))
    assert all(len(names) == 1 for names in where)
    assert set.union(*where) == {"ct1", "ct2"}
