# SPDX-License-Identifier: MIT
"""dicom-spoa probe: what it says of an archive is what the archive does."""

import itertools
import json
import os
import subprocess
import time

import pydicom.uid
import pytest

import examples
import peers
import wire
from children import ROOT, command_of, wait_until
from orthanc import Orthanc

PATIENCE = 60  # seconds that a whole probe may take, also under valgrind
SYNTAXES = (wire.IMPLICIT_LE, wire.EXPLICIT_LE, wire.DEFLATED, wire.EXPLICIT_BE, wire.JPEG_BASELINE,
            wire.JPEG_LOSSLESS, wire.JPEG_2000_LOSSLESS, wire.JPEG_2000, wire.RLE)
ULTRASOUND = "1.2.840.10008.5.1.4.1.1.6.1"
PAIRS = [*itertools.product((wire.CT_IMAGE, wire.MR_IMAGE), SYNTAXES), (ULTRASOUND, wire.JPEG_BASELINE),
         (wire.VERIFICATION, wire.IMPLICIT_LE), (wire.VERIFICATION, wire.EXPLICIT_LE),
         (wire.VERIFICATION, wire.JPEG_BASELINE)]


def probe(port, *options):
    """(exit status, stdout, stderr, seconds)"""
    program = command_of("AGENT_WRAPPER", "") + command_of("DICOM_SPOA", os.path.join(ROOT, "build", "dicom-spoa"))
    address = port if isinstance(port, str) else f"127.0.0.1:{port}"
    began = time.monotonic()
    done = subprocess.run([*program, "probe", address, *options], timeout=PATIENCE, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    seconds = time.monotonic() - began
    print(f"{address}: status {done.returncode} after {seconds:.2f} s {done.stderr}")
    return done.returncode, done.stdout, done.stderr, seconds


def answer_of(port, *options):
    status, output, errors, _ = probe(port, *options)
    assert (status, errors) == (0, "")
    return json.loads(output)


def reason_of(port, *options):
    status, output, errors, _ = probe(port, *options)
    assert (status, output) == (1, ""), errors
    assert errors.startswith(f"dicom-spoa: 127.0.0.1:{port}: ") and errors.count("\n") == 1
    return errors.split(": ", 2)[2].strip()


def keyword(uid):
    return pydicom.uid.UID(uid).keyword


def accepted(answer):
    """{(keyword of a SOP class, of a transfer syntax)}"""
    pairs = [pair for entry in answer["accepts"]
             for pair in itertools.product(entry["sop_classes"], entry["transfer_syntaxes"])]
    assert len(pairs) == len(set(pairs)), "something is said twice"
    return set(pairs)


def really_accepted(port, pairs, called="ANY-SCP"):
    """Each pair on an association of its own, as an SCU of the tests finds it."""
    found = set()
    for sop_class, syntax in pairs:
        with peers.RawScu(port) as scu:
            scu.associate([wire.Context(1, sop_class, (syntax,))], called=called)
            if scu.ac.accepted():
                found.add((keyword(sop_class), keyword(syntax)))
            scu.release()
    return found


def check(archive, *options, called="ANY-SCP"):
    """What the probe says agrees with the archive; the answer."""
    answer = answer_of(archive.port, *options)
    asked = {(keyword(c), keyword(s)) for c, s in PAIRS}
    assert accepted(answer) & asked == really_accepted(archive.port, PAIRS, called)
    return answer


# Real archives ------------------------------------------------------------------------------------


@pytest.mark.parametrize("options,length", [(("+xa",), 16384), ((), 16384), (("+xi",), 16384), (("+xe",), 16384),
                                            (("+xv",), 16384), (("+xr", "--max-pdu", "4096"), 4096),
                                            (("+xy", "--max-pdu", "131072"), 131072)])
def test_storescp(storescp, options, length):
    answer = check(storescp(options=options))
    assert answer["maximum_length"] == length
    assert answer["implementation_version_name"].startswith("OFFIS_DCMTK_")
    assert answer["implementation_class_uid"].startswith("1.2.276.0.7230010.3.0.")
    assert answer["extended"] == []


PROFILE = """
[[TransferSyntaxes]]
[Plain]
TransferSyntax1 = LocalEndianExplicit
TransferSyntax2 = LittleEndianImplicit
[Small]
TransferSyntax1 = JPEG2000LosslessOnly
TransferSyntax2 = RLELossless
[[PresentationContexts]]
[Mixed]
PresentationContext1 = CTImageStorage\\Small
PresentationContext2 = MRImageStorage\\Plain
PresentationContext3 = SecondaryCaptureImageStorage\\Plain
[[Profiles]]
[Default]
PresentationContexts = Mixed
"""


def test_classes_with_transfer_syntaxes_of_their_own(storescp, tmp_path):
    path = tmp_path / "profile.cfg"
    path.write_text(PROFILE)
    answer = check(storescp(options=("-xf", str(path), "Default")))
    assert answer["accepts"] == [
        {"sop_classes": ["CTImageStorage"], "transfer_syntaxes": ["JPEG2000Lossless", "RLELossless"]},
        {"sop_classes": ["MRImageStorage", "SecondaryCaptureImageStorage"],
         "transfer_syntaxes": ["ImplicitVRLittleEndian", "ExplicitVRLittleEndian"]}]


def test_dcmqrscp(dcmqrscp):
    archive = dcmqrscp("QUERY")
    answer = check(archive, "--called-ae", "QUERY", called="QUERY")
    assert answer["maximum_length"] == 16384
    assert "called AE title not recognized (1/1/7)" in reason_of(archive.port, "--called-ae", "NOBODY")


@pytest.mark.parametrize("options", [{}, {"JpegTransferSyntaxAccepted": False, "DeflatedTransferSyntaxAccepted": False,
                                          "AcceptedTransferSyntaxes": ["1.2.840.10008.1.2.1"]}])
def test_orthanc(owned, tmp_path, options):
    owned.append(Orthanc(str(tmp_path), **options))
    answer = check(owned[-1])
    assert ("CTImageStorage", "ExplicitVRLittleEndian") in accepted(answer)
    assert (("CTImageStorage", "JPEGBaseline8Bit") in accepted(answer)) == (not options)


def test_orthanc_that_knows_its_name(owned, tmp_path):
    owned.append(Orthanc(str(tmp_path), DicomCheckCalledAet=True))
    assert "called AE title not recognized" in reason_of(owned[-1].port)
    assert check(owned[-1], "--called-ae", "ORTHANC", called="ORTHANC")


# Archives that do as they are told ----------------------------------------------------------------


def only_ct(rq, length=16384, otherwise=3):
    """An AC that accepts CT, Implicit and Explicit, and refuses the rest."""
    answers = {}
    for c in rq.contexts.values():
        syntax = next((s for s in c.syntaxes if s in (wire.IMPLICIT_LE, wire.EXPLICIT_LE)), None)
        fits = c.abstract == wire.CT_IMAGE and syntax
        answers[c.id] = (0 if fits else otherwise, syntax or c.syntaxes[0])
    return wire.associate_ac(rq, answers, length)


ONLY_CT = [{"sop_classes": ["CTImageStorage"],
            "transfer_syntaxes": ["ImplicitVRLittleEndian", "ExplicitVRLittleEndian"]}]


@pytest.fixture(scope="module")
def everything():
    """The pairs of an archive that accepts all."""
    archive = peers.RawScp()
    answer = answer_of(archive.port)
    archive.stop()
    assert len(answer["accepts"]) == 1
    return accepted(answer)


def test_the_whole_dictionary_is_asked_for(everything):
    classes, syntaxes = ({pair[n] for pair in everything} for n in (0, 1))
    assert len(everything) == len(classes) * len(syntaxes)
    assert len(classes) > 150 and len(syntaxes) > 35
    assert {keyword(c) for c, _ in PAIRS} <= classes and {keyword(s) for _, s in PAIRS} <= syntaxes
    assert "StudyRootQueryRetrieveInformationModelFind" not in classes


def test_one_association_after_another(raw_archive):
    """Each is released, before the next begins, and none is larger than an old archive can hold."""
    def answer(rq):
        *earlier, _ = archive.associations
        wait_until(lambda: all(a.ended == "release" for a in earlier), "the release of those before", 5)
        abstracts = [c.abstract for c in rq.contexts.values()]
        assert len(abstracts) == len(set(abstracts)) <= 128 and len(rq.raw) < 65536
        assert (rq.called, rq.calling) == ("ARCHIVE", "PROBE")
        assert set(rq.user) == {0x51, 0x52, 0x55}
        return only_ct(rq)
    archive = raw_archive(answer)
    assert answer_of(archive.port, "--called-ae", "ARCHIVE", "--calling-ae", "PROBE")["accepts"] == ONLY_CT
    archive.wait_for(lambda all_: all(a.ended for a in all_), "end")
    assert {(a.ended, a.error, len(a.messages)) for a in archive.associations} == {("release", "", 0)}
    assert len(archive.associations) < 60


def test_one_byte_at_a_time(raw_archive):
    assert answer_of(raw_archive(only_ct, piece=1).port)["accepts"] == ONLY_CT


def test_room_for_few_contexts(raw_archive, everything):
    """What is over is refused without a reason, or not at all."""
    def refuse(rq):
        return wire.associate_ac(rq, {c.id: (0 if n < 40 else 2, c.syntaxes[0])
                                      for n, c in enumerate(rq.contexts.values())})

    def forget(rq):
        return wire.associate_ac(rq, {c.id: (0, c.syntaxes[0]) for c in list(rq.contexts.values())[:40]})
    assert accepted(answer_of(raw_archive(refuse).port)) == everything
    assert accepted(answer_of(raw_archive(forget).port)) == everything


@pytest.mark.parametrize("refusal", [wire.abort(2, 0), wire.associate_rj(1, 1, 1), wire.associate_rj(1, 3, 2), b""])
def test_an_archive_that_refuses_large_requests(raw_archive, everything, refusal):
    def answer(rq):
        return refusal or wire.abort(0, 0) if len(rq.contexts) > 30 else peers.accept_all(rq)
    assert accepted(answer_of(raw_archive(answer).port)) == everything


def test_refusals_without_a_reason(raw_archive):
    for result in (1, 2, 3, 4, 77):
        assert answer_of(raw_archive(lambda rq, r=result: only_ct(rq, otherwise=r)).port)["accepts"] == ONLY_CT


def test_an_archive_that_is_busy_in_between(raw_archive):
    count = itertools.count()

    def answer(rq):
        return wire.associate_rj(2, 3, 1) if next(count) in (3, 4, 9) else only_ct(rq)
    assert answer_of(raw_archive(answer).port)["accepts"] == ONLY_CT


def test_a_transfer_syntax_that_nobody_proposed(raw_archive):
    """It cannot be promised: the archive would break it again."""
    def answer(rq):
        return wire.associate_ac(rq, {c.id: (0, wire.EXPLICIT_LE) for c in rq.contexts.values()})
    found = accepted(answer_of(raw_archive(answer).port))
    assert {syntax for _, syntax in found} == {"ExplicitVRLittleEndian"}


@pytest.mark.parametrize("lengths,expected", [((0,), 0), ((0, 65536, 16384, 32768), 16384), ((2**32 - 1,), 2**32 - 1)])
def test_maximum_length(raw_archive, lengths, expected):
    turn = itertools.cycle(lengths)
    assert answer_of(raw_archive(lambda rq: only_ct(rq, next(turn))).port)["maximum_length"] == expected


class RudeScp(peers.RawScp):
    """It answers an A-RELEASE-RQ with `release`, or not at all, and closes if that is empty."""
    release = b""

    def _messages(self, association, sock, ac):
        association.stream.read_pdu()
        if self.release is None:
            return self._drain(association, sock)
        sock.sendall(self.release)
        return "release"


def test_what_else_is_announced(owned):
    def answer(rq):
        body = rq.raw[6:74] + wire.item(0x10, wire.APPLICATION_CONTEXT)
        body += b"".join(wire.item(0x21, bytes([i, 0, 3, 0]) + wire.item(0x40, wire.IMPLICIT_LE)) for i in rq.contexts)
        user = wire.item(0x52, "1.2.3.4") + wire.item(0x53, b"\0\1\0\1") + wire.item(0x55, b"ARCHIV\xc4 \0")
        return wire.pdu(wire.ASSOCIATE_AC, body + wire.item(0x50, user + wire.item(0x5a, b"?")))
    owned.append(RudeScp(answer))
    assert answer_of(owned[-1].port) == {
        "accepts": [], "implementation_class_uid": "1.2.3.4", "implementation_version_name": "ARCHIV?",
        "extended": ["asynchronous-operations-window", "5AH"]}


@pytest.mark.parametrize("release", [b"", wire.abort(), wire.release_rq() + wire.release_rp(),
                                     wire.p_data(wire.pdv(1, b"x" * 40000)) * 2 + wire.release_rp()])
def test_releases_of_other_kinds(owned, release):
    owned.append(RudeScp(only_ct))
    owned[-1].release = release
    assert answer_of(owned[-1].port)["accepts"] == ONLY_CT


def test_no_answer_to_the_release(owned):
    owned.append(RudeScp(only_ct))
    owned[-1].release = None
    assert reason_of(owned[-1].port, "--timeout", "300") == "does not answer the A-RELEASE-RQ within 300 ms"


@pytest.mark.parametrize("answer,reason", [
    (wire.associate_rj(1, 1, 3), "rejects the association: calling AE title not recognized (1/1/3)"),
    (wire.associate_rj(2, 3, 1), "rejects the association for now: temporary congestion (2/3/1)"),
    (wire.associate_rj(1, 1, 1), "rejects the association: no reason given (1/1/1)"),
    (wire.associate_rj(1, 9, 9), "rejects the association: a reason that DICOM does not know (1/9/9)"),
    (wire.abort(2, 1), "aborts the association (source 2, reason 1)"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "sends no PDU of DICOM: 48 54 54 50 2f 31"),
    (b"\x02\0\xff\xff\xff\xff", "announces a PDU of 4294967295 bytes"),
    (b"\x02\0\x00\x00\x00\x02\0\1", "sends an A-ASSOCIATE-AC that cannot be read: association PDU is too short"),
    (wire.pdu(2, bytes(68) + b"\x21\0\x40\0"),
     "sends an A-ASSOCIATE-AC that cannot be read: length of an item is wrong"),
    (wire.release_rp(), "answers the A-ASSOCIATE-RQ with a PDU of type 06"),
    (b"\x02\0\0", "does not answer the A-ASSOCIATE-RQ within 1000 ms"),
])
def test_answers_that_say_nothing(raw_archive, answer, reason):
    assert reason_of(raw_archive(lambda rq: answer).port, "--timeout", "1000") == reason


@pytest.mark.parametrize("answer", ["close", "reset"])
def test_an_archive_that_closes(raw_archive, answer):
    archive = raw_archive(answer)
    assert reason_of(archive.port) == "closes the connection instead of answering the A-ASSOCIATE-RQ"
    assert len(archive.associations) < 6


def test_an_archive_that_says_nothing(raw_archive):
    archive = raw_archive("silent")
    assert reason_of(archive.port, "--timeout", "300") == "does not answer the A-ASSOCIATE-RQ within 300 ms"
    assert archive.only().received.endswith(wire.abort(2, 0))


def test_nobody_is_there():
    assert reason_of(1) == "cannot connect: Connection refused"


def test_a_name_that_leads_nowhere():
    status, _, errors, seconds = probe("nowhere.invalid:104", "--timeout", "2000")
    assert status == 1 and errors.startswith("dicom-spoa: nowhere.invalid:104: nowhere.invalid: ")
    assert seconds < PATIENCE / 2


@pytest.mark.parametrize("arguments,said", [
    (("nowhere",), "expected HOST:PORT"), (("127.0.0.1",), "expected HOST:PORT"), (("::1:104",), "expected HOST:PORT"),
    ((":104",), "expected HOST:PORT"), (("host:99999",), "expected HOST:PORT"), (("host:104", "more"), "usage:"),
    (("host:104", "--called-ae", "A" * 17), "1 to 16 characters"), (("host:104", "--timeout", "0"), "a number from 1"),
    (("host:104", "--calling-ae", "A\\B"), "no backslash"), (("host:104", "--timeout", "1e3"), "a number from 1"),
    (("host:104", "--what"), "usage:")])
def test_usage(arguments, said):
    status, output, errors, _ = probe(*arguments)
    assert (status, output) == (2, "") and said in errors


def test_a_full_disk(raw_archive):
    status, errors = examples.on_a_full_disk("probe", f"127.0.0.1:{raw_archive().port}")
    assert (status, errors) == (1, "dicom-spoa: standard output: No space left on device\n")
