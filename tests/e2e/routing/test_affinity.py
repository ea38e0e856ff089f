# SPDX-License-Identifier: MIT
"""The same patient is always at the same server, and nothing has to be remembered for that."""

import pytest

import objects
import peers
from children import free_port
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
