# SPDX-License-Identifier: MIT
"""Services beside storage, alone and on one association with it, with real peers where there are any.

The first rule asks for the data set. Storage is spliced whatever is proposed beside it; without storage nothing can be
promised, the rules about the association decide, and the log says that the data set was not asked for.
"""

import struct

import pytest

import dcmtk
import objects
import peers
import wire
from children import Child, free_port, wait_until
from orthanc import Orthanc

QUERIES = ["StudyRootQueryRetrieveInformationModelFIND", "PatientRootQueryRetrieveInformationModelFIND",
           "StudyRootQueryRetrieveInformationModelMOVE", "PatientRootQueryRetrieveInformationModelMOVE",
           "StudyRootQueryRetrieveInformationModelGET", "PatientRootQueryRetrieveInformationModelGET"]
POLICY = {"default": {"backend": "general"}, "rules": [
    {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"},
    {"name": "queries", "if": {"ProposedSOPClassUID": QUERIES}, "backend": "query"},
    {"name": "worklist", "if": {"ProposedSOPClassUID": "ModalityWorklistInformationModelFIND"}, "backend": "query"},
    {"name": "steps", "if": {"ProposedSOPClassUID": ["ModalityPerformedProcedureStep",
                                                     "StorageCommitmentPushModel"]}, "backend": "query"}]}

STUDY_ROOT_GET, PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.1.1"
MPPS, COMMITMENT = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1"
PRINT, UPS_PUSH, AVAILABILITY = "1.2.840.10008.5.1.1.9", "1.2.840.10008.5.1.4.34.6.1", "1.2.840.10008.5.1.4.33"
C_FIND, C_GET, C_MOVE, N_CREATE, N_ACTION = 0x0020, 0x0010, 0x0021, 0x0140, 0x0130


def message(sop_class, command, instance=None, **more):
    """A request with a small data set."""
    of, instance_of = (0x0002, 0x1000) if command != N_ACTION else (0x0003, 0x1001)
    elements = {of: sop_class, 0x0100: command, 0x0110: 7, 0x0800: 1, **more}
    if command in (C_FIND, C_GET, C_MOVE):
        elements[0x0700] = 0
    else:
        elements[instance_of] = instance or objects.new_uid()
    if command == C_MOVE:
        elements[0x0600] = "DESTINATION"
    if command == N_ACTION:
        elements[0x1008] = 1
    return wire.command_set(elements)


def identifier():
    return struct.pack("<HHI", 0x0008, 0x0052, 6) + b"STUDY "


def role(uid, scu, scp):
    return wire.item(0x54, struct.pack(">H", len(uid)) + uid.encode() + bytes([scu, scp]))


# SOP class, command, the rule that must match, user information
SERVICES = {
    "find": (wire.STUDY_ROOT_FIND, C_FIND, "queries", b""),
    "patient-root-find": (PATIENT_ROOT_FIND, C_FIND, "queries", b""),
    "move": (wire.STUDY_ROOT_MOVE, C_MOVE, "queries", b""),
    "get": (STUDY_ROOT_GET, C_GET, "queries", role(wire.CT_IMAGE, 0, 1)),
    "worklist": (wire.MODALITY_WORKLIST_FIND, C_FIND, "worklist", b""),
    "mpps": (MPPS, N_CREATE, "steps", b""),
    "commitment": (COMMITMENT, N_ACTION, "steps", b""),
    "commitment-with-events-on-the-same-association": (COMMITMENT, N_ACTION, "steps", role(COMMITMENT, 1, 1)),
    "print": (PRINT, N_CREATE, "default", b""),
    "unified-procedure-step": (UPS_PUSH, N_CREATE, "default", b""),
    "instance-availability": (AVAILABILITY, N_CREATE, "default", b""),
}


def send_request(scu, sop_class, command):
    sent = wire.p_data(*wire.pdvs(1, message(sop_class, command), True), *wire.pdvs(1, identifier()))
    scu.send(sent)
    assert scu.status() == 0
    return sent


@pytest.mark.parametrize("name", SERVICES)
def test_alone(balancer, raw_archive, name):
    """The archive that the association leads to sees every byte."""
    sop_class, command, rule, extra = SERVICES[name]
    ct, query, general = raw_archive(), raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "query": query, "general": general}, policy=POLICY)
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, sop_class, (wire.IMPLICIT_LE,))], extra=extra)
        sent = send_request(scu, sop_class, command)
        scu.release()
    archive = general if rule == "default" else query
    assert archive.only().received == scu.rq + sent + wire.release_rq()
    assert sum(len(a.associations) for a in (ct, query, general)) == 1
    entry = lb.association(scu)
    assert (entry["verdict"], entry["rule"]) == ("route", rule)
    assert entry["error"].startswith("decided without the data set: ") and entry["error"].endswith("in context 1")


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "get"])
def test_with_storage(balancer, raw_archive, name):
    """The CT is routed by what it is; the other service is refused in its own context, and the archive never sees it."""
    sop_class, _, _, extra = SERVICES[name]
    ct, other = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "query": other, "general": other}, policy=POLICY)
    thing = objects.make("CT", syntax=wire.IMPLICIT_LE)
    with peers.RawScu(lb.port) as scu:
        ac = scu.associate([wire.Context(1, sop_class, (wire.IMPLICIT_LE,)), *peers.contexts_for(thing, first=3)],
                           extra=extra)
        assert {c.id: c.result for c in ac.contexts.values()} == {1: 3, 3: 0}
        assert scu.store(thing) == 0
        scu.release()
    assert ct.objects() == {thing.uid: thing.data} and not other.associations
    assert [c.abstract for c in ct.only().rq.contexts.values()] == [wire.CT_IMAGE]
    entry = lb.association(scu)
    assert (entry["verdict"], entry["rule"], entry["error"]) == ("route", "ct", "-")


@pytest.mark.parametrize("roles", [(0, 1), (1, 1)])
def test_an_scu_that_retrieves_on_the_same_association(balancer, raw_archive, roles):
    """For C-GET it takes the SCP role: only the archive can answer that, and the log says so."""
    ct, query = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "query": query, "general": ct}, policy=POLICY)
    thing = objects.make("CT", syntax=wire.IMPLICIT_LE)
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, STUDY_ROOT_GET, (wire.IMPLICIT_LE,)), *peers.contexts_for(thing, first=3)],
                      extra=role(wire.CT_IMAGE, *roles))
        send_request(scu, STUDY_ROOT_GET, C_GET)
        assert scu.store(thing) == 0
        scu.release()
    assert query.objects() == {thing.uid: thing.data} and not ct.associations
    entry = lb.association(scu)
    assert entry["rule"] == "queries"
    assert entry["error"] == ("decided without the data set: the SCP role is proposed beside "
                              "GETStudyRootQueryRetrieveInformationModel in context 1")


def test_scp_role_beside_storage(balancer, raw_archive):
    """Some devices propose both roles for every class: roles are declined, and the CT is routed by what it is."""
    ct, other = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "query": other, "general": other}, policy=POLICY)
    thing = objects.make("CT")
    contexts = [*peers.contexts_for(thing), wire.Context(5, wire.VERIFICATION, (wire.IMPLICIT_LE,))]
    with peers.RawScu(lb.port) as scu:
        scu.associate(contexts, extra=role(wire.CT_IMAGE, 1, 1) + role(wire.VERIFICATION, 1, 1))
        assert b"\x54\x00" not in scu.ac.raw[74:]
        assert scu.store(thing) == 0
        scu.release()
    assert ct.objects() == {thing.uid: thing.data} and not other.associations
    assert lb.association(scu)["error"] == "-"


@pytest.mark.parametrize("beside,result", [("1.2.840.10008.5.1.4.1.1.66.7", 0), ("1.2.840.10008.5.1.4.1.1.9999.1", 0),
                                           ("1.2.840.10008.1.3.10", 3), ("1.2.840.10008.5.1.4.99.1", 3),
                                           ("1.2.840.10008.5.1.4.38.1", 3), ("1.3.46.670589.5.0.3.1", 3)])
def test_a_class_that_the_dictionary_does_not_know(balancer, raw_archive, beside, result):
    """Storage if it is below storage's arc, else refused in its own context; no hanging protocols unless named."""
    ct, other = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "query": other, "general": other}, policy=POLICY)
    thing = objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        ac = scu.associate([*peers.contexts_for(thing), wire.Context(9, beside, (wire.EXPLICIT_LE,))])
        assert [c.result for c in ac.contexts.values() if c.id == 9] == [result]
        assert scu.store(thing) == 0
        scu.release()
    assert ct.objects() == {thing.uid: thing.data} and not other.associations
    entry = lb.association(scu)
    assert (entry["rule"], entry["error"]) == ("ct", "-")


def test_storage_alone_is_spliced(balancer, raw_archive):
    """The same policy, so that the tests above show what the other service changes."""
    ct, other = raw_archive(), raw_archive()
    lb = balancer({"ct": ct, "query": other, "general": other}, policy=POLICY)
    thing = objects.make("CT")
    assert peers.send_all(lb.port, thing) == [0]
    assert ct.objects() == {thing.uid: thing.data} and not other.associations


# Real peers ---------------------------------------------------------------------------------------

def a_ct():
    return objects.make("CT", size=5000, PatientID="P4711", StudyInstanceUID="1.2.3.4711", StudyID="1", SeriesNumber=1,
                        InstanceNumber=1, AccessionNumber="A1", StudyDate="20200101", StudyTime="120000",
                        SeriesInstanceUID="1.2.3.4711.1", SOPClassUID=wire.CT_IMAGE)


@pytest.fixture
def orthanc(owned, tmp_path):
    def make(name="ORTHANC", **modalities):
        owned.append(Orthanc(str(tmp_path), modalities, name))
        return owned[-1]
    return make


@pytest.fixture(params=["orthanc", "dcmqrscp"])
def archive(request, balancer, raw_archive, orthanc, dcmqrscp, tmp_path):
    """A balancer, whose pools `ct` and `query` are one real archive with a CT that storescu has sent; a CT; the
    destination of C-MOVE."""
    destination, general = raw_archive(), raw_archive()
    if request.param == "orthanc":
        real = orthanc("PACS", destination=("DESTINATION", destination.port))
    else:
        real = dcmqrscp("PACS", peers={"DESTINATION": destination.port})
    lb = balancer({"ct": real, "query": real, "general": general}, policy=POLICY)
    thing = a_ct()
    path = objects.write_file(tmp_path / "ct.dcm", thing)
    status, output = dcmtk.run("storescu", "-v", "-aec", "PACS", "127.0.0.1", lb.port, path)
    assert status == 0, output
    assert lb.log.wait_for("the storage", rule="ct")["error"] == "-"
    yield lb, thing, destination
    assert not general.associations


STUDY = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3.4711")


def test_findscu_movescu_getscu(archive, tmp_path):
    lb, thing, destination = archive
    peer = ("-aec", "PACS", "127.0.0.1", lb.port)
    status, output = dcmtk.run("findscu", "-v", "-S", *peer, "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=P4711",
                               "-k", "StudyInstanceUID")
    assert status == 0 and "1.2.3.4711" in output, output
    status, output = dcmtk.run("movescu", "-v", "-S", "-aem", "DESTINATION", *peer, *STUDY)
    assert status == 0, output
    assert set(destination.objects()) == {thing.uid}
    (tmp_path / "got").mkdir()
    status, output = dcmtk.run("getscu", "-v", "-S", "-od", tmp_path / "got", *peer, *STUDY)
    assert status == 0, output
    assert [objects.from_file(path).uid for path in (tmp_path / "got").iterdir()] == [thing.uid]
    wait_until(lambda: len(lb.log.associations()) == 4, "log lines of all four")
    assert [line["rule"] for line in lb.log.associations()] == ["ct"] + ["queries"] * 3


def test_echoscu(balancer, orthanc, dcmqrscp, raw_archive):
    """Verification alone is never spliced, so it asks the archive that the rules for no data set lead to."""
    other = raw_archive()
    for real in (orthanc("PACS"), dcmqrscp("QR")):
        lb = balancer({"general": real, "ct": other, "query": other}, policy=POLICY)
        status, output = dcmtk.run("echoscu", "-v", "-aec", real.name, "127.0.0.1", lb.port)
        assert status == 0, output
        assert lb.log.wait_for("the echo", rule="default", pool="general")["error"] == "-"


def test_orthanc_as_scu(balancer, orthanc, dcmqrscp, raw_archive):
    """It stores through the balancer, finds what it has stored, and has it moved back to itself, all by its own."""
    general = raw_archive()
    sender = orthanc("SENDER")
    real = dcmqrscp("PACS", peers={"SENDER": sender.port})
    lb = balancer({"ct": real, "query": real, "general": general}, policy=POLICY)
    sender.know("lb", "PACS", lb.port)
    thing = a_ct()
    assert peers.send_all(sender.port, thing, called="SENDER") == [0]
    sender.wait_for(thing)
    assert sender.ask("/modalities/lb/store", sender.ask("/instances"))["FailedInstancesCount"] == 0
    assert lb.log.wait_for("C-STORE", rule="ct", pool="ct", calling_ae="SENDER")["error"] == "-"

    query = sender.ask("/modalities/lb/query", {"Level": "Study", "Query": {"PatientID": "P4711"}})["ID"]
    assert sender.ask(f"/queries/{query}/answers/0/content?simplify")["StudyInstanceUID"] == "1.2.3.4711"
    for instance in sender.ask("/instances"):
        sender.delete(f"/instances/{instance}")
    sender.ask(f"/queries/{query}/retrieve", {"TargetAet": "SENDER", "Synchronous": True})
    sender.wait_for(thing)
    wait_until(lambda: len(lb.log.associations()) == 3, "log lines of C-STORE, C-FIND and C-MOVE")
    assert sorted(line["rule"] for line in lb.log.associations()) == ["ct", "queries", "queries"]
    assert not general.associations


WORKLIST = """
(0008,0005) CS [ISO_IR 100]
(0008,0050) SH [ACC1]
(0010,0010) PN [Worklist^Person]
(0010,0020) LO [WL4711]
(0020,000d) UI [1.2.3.4.5.6]
(0032,1060) LO [Head]
(0040,1001) SH [RP1]
(0040,0100) SQ
(fffe,e000) -
(0008,0060) CS [CT]
(0040,0001) AE [CT1]
(0040,0002) DA [20200101]
(0040,0003) TM [120000]
(0040,0009) SH [SPS1]
(fffe,e00d) -
(fffe,e0dd) -
"""


@pytest.fixture
def wlmscpfs(owned, tmp_path):
    """DCMTK's worklist server, with one scheduled procedure step."""
    folder = tmp_path / "worklists" / "WLM"
    folder.mkdir(parents=True)
    (tmp_path / "step.dump").write_text(WORKLIST, encoding="ascii")
    status, output = dcmtk.run("dump2dcm", "+te", tmp_path / "step.dump", folder / "step.wl")
    assert status == 0, output
    (folder / "lockfile").touch()
    port = free_port()
    owned.append(Child("wlmscpfs", ["wlmscpfs", "-v", "-dfr", "-dfp", str(folder.parent), str(port)], str(tmp_path),
                       dcmtk.ENVIRONMENT))
    owned[-1].wait_for_port(port)
    return port


def test_a_worklist(balancer, raw_archive, wlmscpfs):
    """Its Modality is a key of the query, in the data set of an association that is not spliced: nobody looks."""
    other = raw_archive()
    lb = balancer({"query": {"wlm": wlmscpfs}, "ct": other, "general": other}, policy=POLICY)
    status, output = dcmtk.run("findscu", "-v", "-W", "-aec", "WLM", "127.0.0.1", lb.port, "-k", "PatientID",
                               "-k", "ScheduledProcedureStepSequence[0].Modality=CT")
    assert status == 0 and "WL4711" in output, output
    assert "only other services are proposed" in lb.log.wait_for("the worklist query", rule="worklist")["error"]
    assert not other.associations
