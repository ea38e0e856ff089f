# SPDX-License-Identifier: MIT
"""C-ECHO, C-STORE, C-FIND, C-MOVE and C-GET, with DCMTK's clients against DCMTK's archive."""

import pytest

import dcmtk
import objects
import peers
import wire

POLICY = {"default": {"backend": "general"},
          "rules": [{"name": "queries", "if": {"ProposedSOPClassUID": [
                        "StudyRootQueryRetrieveInformationModelFIND", "StudyRootQueryRetrieveInformationModelMOVE",
                        "StudyRootQueryRetrieveInformationModelGET"]}, "backend": "query"},
                    {"name": "ct", "if": {"Modality": "CT"}, "backend": "query"}]}


@pytest.fixture
def archive(balancer, dcmqrscp, raw_archive):
    """A balancer before a dcmqrscp that has one CT (stored through the balancer), and where C-MOVE sends to."""
    destination = raw_archive()
    general = raw_archive()
    archive = dcmqrscp("QUERY", peers={"DESTINATION": destination.port})
    lb = balancer({"query": {"query1": archive}, "general": {"general1": general}}, policy=POLICY)
    thing = objects.make("CT", size=5000, PatientID="P4711", StudyInstanceUID="1.2.3.4711", StudyID="1",
                         SeriesNumber=1, InstanceNumber=1, AccessionNumber="A1", StudyDate="20200101",
                         StudyTime="120000", SeriesInstanceUID="1.2.3.4711.1")
    assert peers.send_all(lb.port, thing, called="QUERY") == [0]
    yield lb, thing, destination
    assert not general.associations


def test_find(archive):
    lb, thing, _ = archive
    status, output = dcmtk.run("findscu", "-v", "-S", "-aec", "QUERY", "127.0.0.1", lb.port,
                               "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=P4711", "-k", "StudyInstanceUID")
    assert status == 0, output
    assert "1.2.3.4711" in output
    assert lb.log.wait_for("the query", rule="queries")["pool"] == "query"


def test_move(archive):
    lb, thing, destination = archive
    status, output = dcmtk.run("movescu", "-v", "-S", "-aec", "QUERY", "-aem", "DESTINATION", "127.0.0.1", lb.port,
                               "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3.4711")
    assert status == 0, output
    assert set(destination.objects()) == {thing.uid}
    lb.log.wait_for("the query", rule="queries")


def test_get(archive, tmp_path):
    lb, thing, _ = archive
    (tmp_path / "got").mkdir()
    status, output = dcmtk.run("getscu", "-v", "-S", "-aec", "QUERY", "-od", tmp_path / "got", "127.0.0.1", lb.port,
                               "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3.4711")
    assert status == 0, output
    assert [objects.from_file(path).uid for path in (tmp_path / "got").iterdir()] == [thing.uid]


def test_echo_where_the_association_decides(balancer, storescp):
    lb = balancer({"general": storescp()}, policy={"default": {"backend": "general"}, "rules": []})
    status, output = dcmtk.run("echoscu", "-v", "127.0.0.1", lb.port)
    assert status == 0, output
    assert lb.log.wait_for("the echo", verdict="route")["sop_class"] in ("Verification", "VerificationSOPClass")


def test_echo_where_rules_ask_for_a_data_set_that_never_comes(balancer, storescp):
    """It must not wait for one (Command Data Set Type 0101H)."""
    lb = balancer({"ct": storescp("CT"), "general": storescp()})
    status, output = dcmtk.run("echoscu", "-v", "--repeat", "3", "127.0.0.1", lb.port)
    assert status == 0, output
    line = lb.log.wait_for("the echo", pool="general")
    assert (line["rule"], line["error"]) == ("default", "-")


def test_echo_on_an_association_for_storage(balancer, raw_archive):
    general = raw_archive()
    lb = balancer({"ct": raw_archive(), "general": general})
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate([*peers.contexts_for(thing), wire.Context(5, wire.VERIFICATION, (wire.IMPLICIT_LE,))])
        assert scu.echo() == 0
        assert scu.store(thing) == 0
        assert scu.echo() == 0
        scu.release()
    assert general.objects() == {thing.uid: thing.data}


def test_an_association_that_is_released_at_once(balancer, raw_archive):
    """Some SCUs only want to know what is accepted."""
    general = raw_archive()
    lb = balancer({"ct": raw_archive(), "general": general})
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))])
        scu.release()
    assert general.only().ended == "release"
    assert lb.association(scu)["error"] == "-"
