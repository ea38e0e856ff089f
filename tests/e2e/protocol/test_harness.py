# SPDX-License-Identifier: MIT
"""The tests' own tools, without the product: the raw peers against DCMTK's, and how tests/run counts."""

import os
import subprocess

import pytest

import dcmtk
import objects
import peers
import wire

SYNTAXES = [wire.IMPLICIT_LE, wire.EXPLICIT_LE, wire.EXPLICIT_BE, wire.DEFLATED, *objects.ENCAPSULATED]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_storescp_takes_and_keeps_what_the_raw_scu_sends(storescp, syntax):
    archive = storescp()
    thing = objects.make(syntax=syntax, size=20000)
    assert peers.send_all(archive.port, thing, pdv_size=1000, one_pdu=True) == [0]
    assert archive.objects() == {thing.uid: thing.data}


def test_storescu_is_served_by_the_raw_scp(raw_archive, tmp_path):
    archive = raw_archive(delay=0.1)
    thing = objects.make(size=50000)
    path = objects.write_file(tmp_path / "ct.dcm", thing)
    status, output = dcmtk.run("storescu", "-v", "-aet", "REAL", "127.0.0.1", archive.port, path)
    assert status == 0, output
    assert archive.only().rq.calling == "REAL"
    assert archive.objects() == {thing.uid: thing.data}


def test_the_raw_scp_aborts_on_data_before_its_ac(raw_archive):
    archive = raw_archive(delay=5)
    with peers.RawScu(archive.port) as scu:
        scu.send(wire.associate_rq([wire.Context(1, wire.VERIFICATION, (wire.IMPLICIT_LE,))]) + b"\4")
        assert scu.how_it_ends() == "abort"
    association = archive.only()
    assert (association.ended, association.early) == ("early data", b"\4")


def test_echo_and_release_with_the_raw_scu(storescp):
    archive = storescp()
    with peers.RawScu(archive.port) as scu:
        scu.associate([wire.Context(1, wire.VERIFICATION, (wire.IMPLICIT_LE,))])
        assert scu.echo() == 0
        scu.release()


def test_a_refusal_is_read_as_one(raw_archive):
    archive = raw_archive(answer=lambda rq: wire.associate_rj(1, 1, 7))
    with peers.RawScu(archive.port) as scu, pytest.raises(peers.Rejected) as refusal:
        scu.associate([wire.Context(1, wire.VERIFICATION, (wire.IMPLICIT_LE,))])
    assert refusal.value.codes == (1, 1, 7)


@pytest.mark.parametrize("how,seen", [("close", "eof"), ("reset", "reset")])
def test_the_raw_scu_sees_how_the_other_side_ends(raw_archive, how, seen):
    with peers.RawScu(raw_archive(answer=how).port) as scu:
        scu.send(wire.associate_rq([wire.Context(1, wire.VERIFICATION, (wire.IMPLICIT_LE,))]))
        assert scu.how_it_ends() == seen


RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "run")


@pytest.mark.parametrize("tap,ends_with,passed,failed", [
    ("ok 1 - a\nok 2 - b", 0, 2, 0),
    ("ok 1 - a\nnot ok 2 - b", 1, 1, 1),
    ("ok 1 - a\nnot ok 2 # SKIP b", 0, 1, 0),  # cmocka 1.1.5
    ("ok 1 - a\nok 2 # SKIP b", 0, 1, 0),  # cmocka 1.1.6 and later
    ("not ok 1 # SKIP a", 1, 0, 1),
    ("ok 1 - a", 99, 1, 1),
    ("1..2", 0, 0, 1),
])
def test_unit_tests_are_counted_from_their_tap(tmp_path, tap, ends_with, passed, failed):
    program = tmp_path / "unit" / "folder" / "test_this"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{tap}'\nexit {ends_with}\n")
    program.chmod(0o755)
    done = subprocess.run([RUN], env=dict(os.environ, BUILD=str(tmp_path), E2E="no", UNIT_WRAPPER=""),
                          capture_output=True, text=True, check=False)
    *programs, total = done.stdout.splitlines()
    counts = {line.split()[0]: " ".join(line.split()[1:]) for line in programs}
    assert counts["folder/test_this"] == f"{passed} passed, {failed} failed"
    assert total.endswith(f" passed, {failed} failed")
    assert done.returncode == (1 if failed else 0)
