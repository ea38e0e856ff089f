# SPDX-License-Identifier: MIT
"""Whatever is sent, and whatever the policy does with it: a patient is at the archives, and in no log, metric or page."""

import glob
import json
import os
import urllib.request

import pydicom
import pytest

import dcmtk
import examples
import objects
import peers
import wire
from children import PATIENCE, ROOT, free_port

SAMPLES = sorted(glob.glob(os.path.join(ROOT, "build", "samples", "*.dcm")))
PERSONAL = ("PatientName", "PatientID", "PatientBirthDate", "OtherPatientIDs", "OtherPatientNames", "PatientAddress",
            "PatientBirthName", "PatientMotherBirthName", "PatientTelephoneNumbers", "AccessionNumber", "StudyDate",
            "ReferringPhysicianName", "PatientComments", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
KEY = "0123456789abcdef0123456789abcdef"


def personal(paths):
    """{what tells of a patient: a file in which it stands}"""
    found = {}
    for path in paths:
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        for element in ds.iterall():
            for value in ([element.value] if element.VM == 1 else element.value or []) \
                    if element.keyword in PERSONAL else []:
                for word in [str(value), *(str(value).split("^") if element.VR == "PN" else [])]:
                    if len(word) > 3:
                        found[word] = path
    return found


def policy(values):
    """All of it is asked for: in vain, in a negation, and by the rules that decide; it is key and export."""
    names = sorted(v for v in values if "^" in v)
    return {"rules": [{"name": "in vain", "if": {"PatientName": [n.upper() + "X" for n in names]}, "backend": "mr"},
                      {"name": "known", "if": {"PatientName": names, "PatientBirthDate": {"older_than": "1 years"},
                                               "not": {"AccessionNumber": "0"}, "Modality": ["CT", "US"]}, "backend": "ct"},
                      {"name": "mr", "if": {"PatientID": "DEMO-*", "Modality": "MR"}, "backend": "mr"}],
            "default": {"backend": "general", "key": ["PatientID", "PatientName"]},
            "export": {"patient": "PatientName", "born": "PatientBirthDate", "study": "StudyInstanceUID"}}


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        return answer.read().decode("utf-8", "replace")


def written_in(texts, value):
    """Where it stands: as it is, or as what is no ASCII is escaped in logs and in JSON."""
    forms = {value, "".join(chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in value.encode()),
             json.dumps(value)[1:-1]}
    return [name for name, text in texts.items() if any(form in text for form in forms)]


def send(lb, thing):
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        scu.send(scu.store_bytes(thing))
        try:
            assert scu.status() == 0
            scu.release()
        except peers.Aborted:  # by the archive that breaks the promise
            assert scu.how_it_ends() in ("eof", "reset")
    lb.association(scu)


@pytest.fixture(scope="module")
def values():
    assert SAMPLES, "make samples"
    return personal(SAMPLES)


def test_a_patient_is_nowhere_but_at_the_archives(balancer, storescp, raw_archive, tmp_path, values):
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(0o600)
    archives = {name: storescp(name) for name in ("CT", "GENERAL")}
    lua_metrics = free_port()
    lb = balancer({"ct": archives["CT"], "mr": raw_archive(answer=peers.accept_nothing_of(wire.MR_IMAGE)),
                   "general": archives["GENERAL"]}, policy=policy(values), agents=2, request_wait=2,
                  agent_options=["--log-level", "debug", "--log-patients", str(key)],
                  settings={"DICOM_METRICS_BIND": f"127.0.0.1:{lua_metrics}", "DICOM_WATCH_STUDIES": "yes"})
    for path in SAMPLES:
        send(lb, objects.from_file(path))
    dcmtk.run("findscu", "-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientName=Muster^Anna", "-k", "PatientID=DEMO-1001",
              "127.0.0.1", lb.port)
    lb.log.wait_for("a query", calling_ae="FINDSCU")
    lines = lb.log.associations()
    assert {line["rule"] for line in lines} >= {"known", "mr", "default"} and any("accepted less" in line["error"]
                                                                                 for line in lines)
    texts = {"HAProxy's log": "\n".join(lb.log.lines), "HAProxy's output": lb.haproxy.log(),
             "the stats page": fetch(lb.stats_port, "/stats"), "HAProxy's metrics": fetch(lb.stats_port, "/metrics"),
             "the Lua's metrics": fetch(lua_metrics, "/")}
    addresses = [word for agent in lb.agents for word in ("--agent", f"127.0.0.1:{agent.metrics_port}")]
    for line in lines:
        for more in ([], ["--json"]):
            status, output, errors = examples.dicom_spoa("why", line["id"], *addresses, *more)
            assert status == 0, errors
            texts[f"why {line['id']}{more}"] = output + errors
    for agent in lb.agents:
        texts[f"the log of {agent.child.name}"] = agent.child.log()
        for path in ("/metrics", "/decisions", "/decisions?n=1000"):
            texts[f"{path} of {agent.child.name}"] = fetch(agent.metrics_port, path)
    # they are not empty: what they are for is there
    assert all(any(line["id"] in texts[f"/decisions of {agent.child.name}"] for agent in lb.agents) for line in lines)
    assert any('PatientName = "***"' in text for text in texts.values())
    assert sum(text.count("event=decision") for text in texts.values()) > len(SAMPLES) / 2

    named = {value: places for value in values if (places := written_in(texts, value))}
    assert not named

    # and the same search finds what is there: in the archives' files, and were it in a log
    files = {path: open(path, "rb").read().decode("latin-1")
             for archive in archives.values() for path in glob.glob(os.path.join(archive.directory, "*"))}
    assert len(files) > len(SAMPLES) / 2
    for value, path in values.items():
        if value.isascii() and not path.endswith(("deflated.dcm",)) and pydicom.dcmread(path).Modality != "MR":
            assert written_in(files, value), value
    texts["a bad log"] = "\n".join(f'x="{value}"' for value in values)
    assert all(written_in(texts, value) == ["a bad log"] for value in values)
