# SPDX-License-Identifier: MIT
"""What an A-ASSOCIATE-RQ can hold: the SCU's answer and the archive's request, byte by byte (docs/splicing.md).

Each request is sent twice: to LB, where the data set decides and the association is spliced, and to PACS, which the
association decides.
"""

import os
import re
import struct
from dataclasses import dataclass

import pytest
from pydicom.uid import UID_dictionary

import objects
import peers
import wire
from children import ROOT
from stack import TWO_POOLS, Stack
from wire import EXPLICIT_LE, IMPLICIT_LE, JPEG_2000, item

POLICY = {**TWO_POOLS, "rules": [{"name": "pacs", "if": {"CalledAETitle": "PACS"}, "backend": "pacs"},
                                 *TWO_POOLS["rules"],
                                 {"name": "fallback", "if": {"CalledAETitle": "FALLBACK"}, "backend": "pacs"}]}
PRIVATE_CLASS = "1.2.826.0.1.3680043.9.7433.9.9"
LENGTH_AT, CALLED_AT, CALLING_AT, RESERVED_AT, ITEMS_AT = 2, 10, 26, 42, 74

# The agent's own user information (negotiate.c); 16378 is the policy's default.
AGENT = item(0x50, item(0x51, struct.pack(">I", 16378)) + item(0x52, "2.25.214829360731839281655107236091382754361")
             + item(0x55, "DICOM_SPOA_1"))

APPLICATION = item(0x10, wire.APPLICATION_CONTEXT)
MAX_LENGTH = item(0x51, struct.pack(">I", 16384))
CLASS, VERSION = item(0x52, wire.IMPLEMENTATION_UID), item(0x55, wire.IMPLEMENTATION_NAME)
USUAL = MAX_LENGTH + CLASS + VERSION


def with_uid(kind, uid, rest=b""):
    return item(kind, struct.pack(">H", len(uid)) + uid.encode() + rest)


def identity(kind, response, primary, secondary=b""):
    return item(0x58, bytes([kind, response]) + struct.pack(">H", len(primary)) + primary
                + struct.pack(">H", len(secondary)) + secondary)


ASYNC = item(0x53, bytes([0, 5, 0, 0]))
EXTENDED = with_uid(0x56, wire.CT_IMAGE, b"\2\0\0\0\1\0")
COMMON = with_uid(0x57, wire.CT_IMAGE, struct.pack(">H", 17) + b"1.2.840.10008.4.2" + bytes(2))
UNKNOWN = item(0x7F, b"never heard of")
IDENTITIES = {"user": (1, b"user"), "password": (2, b"user", b"secret"), "kerberos": (3, objects.noise(900)),
              "saml": (4, b"<saml:Assertion/>"), "jwt": (5, b"eyJhbGciOiJub25lIn0.e30.")}


def role(scu, scp, uid=wire.CT_IMAGE):
    return with_uid(0x54, uid, bytes([scu, scp]))


def context(number, abstract, *syntaxes, reserved=bytes(3), sub_items=None):
    sub_items = sub_items or [item(0x30, abstract)] + [item(0x40, s) for s in syntaxes]
    return item(0x20, bytes([number]) + reserved + b"".join(sub_items))


def accepted(number, syntax=EXPLICIT_LE, result=0):
    return item(0x21, bytes([number, 0, result, 0]) + item(0x40, syntax))


CT = context(1, wire.CT_IMAGE, EXPLICIT_LE)


def request(*parts, version=1, called=b"LB", calling=b"SCU", reserved=bytes(32), kind=1):
    return wire.pdu(kind, struct.pack(">HH", version, 0) + called.ljust(16) + calling.ljust(16) + reserved
                    + b"".join(parts))


def plain(user=USUAL, contexts=CT, **how):
    return request(APPLICATION, contexts, item(0x50, user), **how)


@dataclass
class Case:
    """A request; what the SCU gets in answer to its contexts, what contexts and user information the archive gets.

    The CT goes over context 1 with Explicit VR Little Endian.
    """
    rq: bytes
    answers: bytes = accepted(1)
    contexts: bytes = CT
    user: bytes = item(0x50, USUAL)

    def ac(self):
        return wire.pdu(2, b"\0\1\0\0" + self.rq[CALLED_AT:ITEMS_AT] + APPLICATION + self.answers + AGENT)

    def narrowed(self):
        return wire.pdu(1, b"\0\1\0\0" + self.rq[CALLED_AT:ITEMS_AT] + APPLICATION + self.contexts + self.user)


def user_case(extra, kept=b""):
    return Case(plain(USUAL + extra), user=item(0x50, USUAL + kept))


ODD_RESERVED = bytes(range(100, 132))
MANY = [(2 * n + 1, wire.CT_IMAGE if n % 2 else wire.MR_IMAGE) for n in range(1, 128)]

CASES = {
    "plain": Case(plain()),
    # contexts
    "one-class-in-three-contexts": Case(
        plain(contexts=CT + context(3, wire.CT_IMAGE, IMPLICIT_LE) + context(5, wire.CT_IMAGE, JPEG_2000)),
        accepted(1) + accepted(3, IMPLICIT_LE) + accepted(5, JPEG_2000, 4),
        CT + context(3, wire.CT_IMAGE, IMPLICIT_LE)),
    "the-same-context-twice-but-for-its-id": Case(
        plain(contexts=CT + context(3, wire.CT_IMAGE, EXPLICIT_LE)), accepted(1) + accepted(3),
        CT + context(3, wire.CT_IMAGE, EXPLICIT_LE)),
    "the-scus-order-of-syntaxes": Case(
        plain(contexts=CT + context(3, wire.MR_IMAGE, JPEG_2000, IMPLICIT_LE, EXPLICIT_LE)),
        accepted(1) + accepted(3, IMPLICIT_LE), CT + context(3, wire.MR_IMAGE, IMPLICIT_LE)),
    "a-syntax-twice": Case(plain(contexts=context(1, wire.CT_IMAGE, EXPLICIT_LE, EXPLICIT_LE))),
    "a-private-class": Case(plain(contexts=CT + context(3, PRIVATE_CLASS, EXPLICIT_LE)),
                            accepted(1) + accepted(3, EXPLICIT_LE, 3)),
    "no-common-syntax": Case(plain(contexts=CT + context(3, wire.MR_IMAGE, JPEG_2000, wire.RLE)),
                             accepted(1) + accepted(3, JPEG_2000, 4)),
    "no-syntax-at-all": Case(plain(contexts=CT + context(3, wire.MR_IMAGE)), accepted(1) + accepted(3, IMPLICIT_LE, 4)),
    "ids-in-any-order": Case(plain(contexts=context(255, wire.MR_IMAGE, IMPLICIT_LE) + CT),
                             accepted(255, IMPLICIT_LE) + accepted(1), context(255, wire.MR_IMAGE, IMPLICIT_LE) + CT),
    "padded-uids": Case(plain(contexts=context(1, wire.CT_IMAGE + "\0", EXPLICIT_LE + "\0")
                              + context(3, wire.MR_IMAGE + " ", IMPLICIT_LE + " \0")),
                        accepted(1) + accepted(3, IMPLICIT_LE), CT + context(3, wire.MR_IMAGE, IMPLICIT_LE)),
    "syntaxes-before-the-class": Case(plain(contexts=context(1, "", sub_items=[
        item(0x40, EXPLICIT_LE), item(0x30, wire.CT_IMAGE)]))),
    "an-unknown-item-in-a-context": Case(plain(contexts=context(1, "", sub_items=[
        UNKNOWN, item(0x30, wire.CT_IMAGE), UNKNOWN, item(0x40, EXPLICIT_LE)]))),
    "128-contexts": Case(
        plain(contexts=CT + b"".join(context(i, a, JPEG_2000, IMPLICIT_LE) for i, a in MANY)),
        accepted(1) + b"".join(accepted(i, IMPLICIT_LE) for i, _ in MANY),
        CT + b"".join(context(i, a, IMPLICIT_LE) for i, a in MANY)),
    # user information
    "async": user_case(ASYNC),
    "async-1-1": user_case(item(0x53, bytes([0, 1, 0, 1]))),
    "extended": user_case(EXTENDED),
    "common-extended": user_case(COMMON, COMMON),
    "role-none": user_case(role(0, 0)),
    "role-scu": user_case(role(1, 0)),
    "role-of-a-class-that-is-not-proposed": user_case(role(1, 0, wire.MR_IMAGE)),
    "unknown": user_case(UNKNOWN + item(0xFF, b"") + item(0x59, b"\0\0")),
    **{f"identity-{name}": user_case(identity(fields[0], 0, *fields[1:]), identity(fields[0], 0, *fields[1:]))
       for name, fields in IDENTITIES.items()},
    "identity-of-no-known-type": user_case(identity(9, 0, b"?"), identity(9, 0, b"?")),
    "everything": user_case(ASYNC + EXTENDED + role(1, 0) + UNKNOWN + COMMON + identity(1, 0, b"user"),
                            COMMON + identity(1, 0, b"user")),
    "in-another-order": Case(plain(VERSION + ASYNC + CLASS + MAX_LENGTH),
                             user=item(0x50, VERSION + CLASS + MAX_LENGTH)),
    "no-maximum-length": Case(plain(CLASS + VERSION), user=item(0x50, CLASS + VERSION)),
    "no-implementation": Case(plain(MAX_LENGTH), user=item(0x50, MAX_LENGTH)),
    "empty-user-information": Case(plain(b""), user=item(0x50, b"")),
    "no-user-information": Case(request(APPLICATION, CT), user=b""),
    **{f"maximum-length-{size}": Case(plain(item(0x51, struct.pack(">I", size)) + CLASS),
                                      user=item(0x50, item(0x51, struct.pack(">I", size)) + CLASS))
       for size in (0, 1, 4095, 2**32 - 1)},
    # the rest
    "items-in-another-order": Case(request(item(0x50, USUAL), CT, APPLICATION)),
    "an-unknown-item": Case(request(UNKNOWN, APPLICATION, CT, item(0x50, USUAL), UNKNOWN)),
    "a-padded-application-context": Case(request(item(0x10, wire.APPLICATION_CONTEXT + "\0"), CT, item(0x50, USUAL))),
    "an-item-of-an-ac": Case(request(APPLICATION, CT, accepted(3), item(0x50, USUAL))),
    "more-version-bits": Case(plain(version=0xFFFF)),
    "reserved-bytes-of-the-fixed-part": Case(plain(reserved=ODD_RESERVED)),
    "reserved-bytes-everywhere": Case(
        b"\1\xAA" + plain(contexts=b"\x20\xBB" + context(1, wire.CT_IMAGE, EXPLICIT_LE, reserved=b"\xCC\xDD\xEE")[2:],
                          reserved=ODD_RESERVED)[2:8] + b"\xAB\xCD"
        + plain(contexts=b"\x20\xBB" + context(1, wire.CT_IMAGE, EXPLICIT_LE, reserved=b"\xCC\xDD\xEE")[2:],
                reserved=ODD_RESERVED)[10:]),
    "bytes-after-zero-items": Case(request(APPLICATION, CT, item(0x50, USUAL), bytes(8))),
}


class Tolerant(peers.RawScp):
    """An archive that takes anything for an A-ASSOCIATE-RQ."""

    def _converse(self, association, sock):
        association.raw = association.stream.read_pdu()[1]
        sock.sendall(self.answer(association.raw))
        while association.stream.read_pdu()[0] != wire.RELEASE_RQ:
            pass
        sock.sendall(wire.release_rp())
        return "release"


def answer_of_a_modern_archive(raw):
    """An A-ASSOCIATE-AC with all that one can hold."""
    user = USUAL + item(0x53, bytes([0, 2, 0, 3])) + role(1, 1) + EXTENDED + item(0x59, b"\0\4sure") + UNKNOWN
    return wire.pdu(2, b"\0\1\0\0" + raw[CALLED_AT:ITEMS_AT] + APPLICATION
                    + accepted(1, JPEG_2000) + accepted(3, IMPLICIT_LE, 1) + item(0x50, user) + UNKNOWN)


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """A balancer with a strict archive `ct` behind it, and a tolerant one behind PACS, for all tests here."""
    archives = {"ct": peers.RawScp(), "general": peers.RawScp(), "pacs": Tolerant(answer_of_a_modern_archive)}
    pools = {pool: {pool + "1": archive.port} for pool, archive in archives.items()}
    lb = Stack(tmp_path_factory.mktemp("balancer"), POLICY, pools)
    try:
        yield lb.start(), archives
    finally:
        for archive in archives.values():
            archive.stop()
        lb.stop()


def arrived(archives):
    return {pool: len(archive.associations) for pool, archive in archives.items()}


def newest(archive, before):
    """The one association that has come since, when it has ended."""
    archive.wait_for(lambda all_: len(all_) > before and all_[-1].ended, "another association that has ended")
    assert len(archive.associations) == before + 1
    return archive.associations[-1]


def store(scu, number=1):
    """A CT over the context `number`; the Object."""
    thing = objects.make("CT")
    parts = wire.pdvs(number, wire.c_store_rq(thing.sop_class, thing.uid), True) + wire.pdvs(number, thing.data)
    scu.send(b"".join(map(wire.p_data, parts)))
    assert scu.status() == 0
    return thing


def called(title, rq):
    return rq[:CALLED_AT] + title.ljust(16) + rq[CALLING_AT:]


@pytest.mark.parametrize("name", CASES)
def test_spliced(line, name):
    lb, archives = line
    case, before = CASES[name], arrived(archives)
    with peers.RawScu(lb.port) as scu:
        scu.send(case.rq)
        assert scu.read_pdu()[1].hex() == case.ac().hex()
        thing = store(scu)
        scu.release()
    association = newest(archives["ct"], before["ct"])
    assert association.rq.raw.hex() == case.narrowed().hex()
    assert [data for _, data in association.messages] == [thing.data]
    assert {**arrived(archives), "ct": before["ct"]} == before
    entry = lb.association(scu)
    assert (entry["rule"], entry["error"], entry["sop_class"]) == ("ct", "-", "CTImageStorage")


def passed_through(line, rq):
    """Archive and SCU see each other's own bytes; the log line."""
    lb, archives = line
    before = arrived(archives)
    with peers.RawScu(lb.port) as scu:
        scu.send(rq)
        assert scu.read_pdu()[1].hex() == answer_of_a_modern_archive(rq).hex()
        scu.release()
    assert newest(archives["pacs"], before["pacs"]).received.hex() == (rq + wire.release_rq()).hex()
    assert {**arrived(archives), "pacs": before["pacs"]} == before
    return lb.association(scu)


@pytest.mark.parametrize("name", CASES)
def test_passed_through(line, name):
    entry = passed_through(line, called(b"PACS", CASES[name].rq))
    assert (entry["rule"], entry["error"]) == ("pacs", "-")


ONLY_THE_ARCHIVE = {
    **{f"identity-{name}": plain(USUAL + identity(fields[0], 1, *fields[1:])) for name, fields in IDENTITIES.items()},
    "two-identities-the-first-to-be-confirmed": plain(USUAL + identity(1, 1, b"a") + identity(1, 0, b"b")),
}


@pytest.mark.parametrize("title,rule", [(b"PACS", "pacs"), (b"FALLBACK", "fallback")],
                         ids=["association-decides", "data-set-would-decide"])
@pytest.mark.parametrize("name", ONLY_THE_ARCHIVE)
def test_what_only_the_archive_can_answer(line, name, title, rule):
    """It has its say, and the SCU hears it, though the policy asks for the data set."""
    entry = passed_through(line, called(title, ONLY_THE_ARCHIVE[name]))
    assert entry["rule"] == rule
    assert entry["error"] == ("-" if rule == "pacs" else "decided without the data set: the archive's response to the "
                              "user identity is requested")


# AE titles ----------------------------------------------------------------------------------------

PACS = {"spaces": b"PACS            ", "nul": b"PACS\0\0\0\0\0\0\0\0\0\0\0\0", "nul-then-spaces": b"PACS\0" + b" " * 11,
        "leading-spaces": b"      PACS      ", "control-characters": b"PACS\r\n\t" + b" " * 9}
NOT_PACS = {"lower-case": (b"pacs", "pacs"), "all-spaces": (b"", ""), "all-nul": (bytes(16), ""),
            "longer": (b"PACS_OF_16_BYTES", "PACS_OF_16_BYTES"), "a-space-inside": (b"PA CS", "PA CS"),
            "a-control-character-inside": (b"PA\x01CS", r"PA\x01CS"), "behind-a-nul": (b"PACS\0OLD", r"PACS\x00OLD"),
            "a-quote": (b'PACS"', r"PACS\x22"), "a-leading-nul": (b"\0PACS", r"\x00PACS"),
            "latin-1": (b"K\xd6LN", r"K\xd6LN")}


@pytest.mark.parametrize("name", PACS)
def test_padding_of_an_ae_title_is_none_of_it(line, name):
    title = PACS[name]
    entry = passed_through(line, plain(called=title, calling=title))
    assert (entry["rule"], entry["called_ae"], entry["calling_ae"]) == ("pacs", "PACS", "PACS")


@pytest.mark.parametrize("name", NOT_PACS)
def test_the_archive_gets_the_bytes_of_an_ae_title_as_they_came(line, name):
    """And so does the SCU in its A-ASSOCIATE-AC (PS3.8 9.3.3); nothing of them can break the log."""
    lb, archives = line
    title, logged = NOT_PACS[name]
    case, before = Case(plain(called=title, calling=title)), arrived(archives)
    with peers.RawScu(lb.port) as scu:
        scu.send(case.rq)
        assert scu.read_pdu()[1] == case.ac()
        store(scu)
        scu.release()
    raw = newest(archives["ct"], before["ct"]).rq.raw
    assert raw[CALLED_AT:RESERVED_AT] == title.ljust(16) * 2 and raw == case.narrowed()
    entry = lb.association(scu)
    # HAProxy logs an empty variable as nothing, or as "-"
    assert [entry["called_ae"].strip("-"), entry["calling_ae"].strip("-")] == [logged, logged]


# Refused ------------------------------------------------------------------------------------------

REFUSED = {
    "no-version-1": (plain(version=2), (1, 2, 2), "no common protocol version"),
    "no-version-at-all": (plain(version=0), (1, 2, 2), "no common protocol version"),
    "another-application-context": (request(item(0x10, "1.2.840.10008.3.1.1.2"), CT, item(0x50, USUAL)), (1, 1, 2),
                                    "unknown application context"),
    "no-application-context": (request(CT, item(0x50, USUAL)), (1, 1, 2), "unknown application context"),
    "both": (request(item(0x10, "1.2.3"), CT, item(0x50, USUAL), version=0), (1, 2, 2), "no common protocol version"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_the_archives_place(line, name):
    lb, archives = line
    rq, codes, words = REFUSED[name]
    before = arrived(archives)
    with peers.RawScu(lb.port) as scu:
        scu.send(rq)
        assert scu.read_pdu()[1] == wire.associate_rj(*codes)
    assert lb.association(scu)["error"] == words
    assert arrived(archives) == before


@pytest.mark.parametrize("name", REFUSED)
def test_the_archives_to_judge_where_the_association_decides(line, name):
    assert passed_through(line, called(b"PACS", REFUSED[name][0]))["rule"] == "pacs"


def cut(rq, by):
    return wire.pdu(1, rq[6:-by])


MALFORMED = {
    **{f"{n}-bytes-left-over": (request(APPLICATION, CT, item(0x50, USUAL), bytes(n)), "length of an item is wrong")
       for n in (1, 2, 3)},
    "an-item-that-is-cut": (cut(plain(), 1), "length of an item is wrong"),
    "a-sub-item-that-is-cut": (plain(USUAL + item(0x7F, b"abc")[:-1]),
                               "length of a user information sub-item is wrong"),
    "a-context-that-is-cut": (plain(contexts=item(0x20, b"\1\0\0\0" + item(0x30, wire.CT_IMAGE)[:-1])),
                              "length of a presentation context's sub-item is wrong"),
    "a-context-of-three-bytes": (plain(contexts=CT + item(0x20, b"\3\0\0")), "presentation context item is too short"),
    "a-maximum-length-of-two-bytes": (plain(item(0x51, b"\x40\0") + CLASS), "maximum length item is too short"),
    "a-role-that-is-cut": (plain(USUAL + role(1, 0)[:2] + b"\0\3" + b"\0\x09\1"), "role selection item is too short"),
    "an-identity-of-one-byte": (plain(USUAL + item(0x58, b"\1")), "user identity item is too short"),
    "an-even-id": (plain(contexts=context(2, wire.CT_IMAGE, EXPLICIT_LE)), "presentation context id is even"),
    "an-id-twice": (plain(contexts=CT + CT), "presentation context id is used twice"),
    "129-contexts": (plain(contexts=b"".join(context(2 * n % 256 + 1, wire.CT_IMAGE, EXPLICIT_LE) for n in range(129))),
                     "more than 128 presentation contexts"),
    "no-abstract-syntax": (plain(contexts=context(1, "", sub_items=[item(0x40, EXPLICIT_LE)])),
                           "presentation context has no abstract syntax"),
    "73-bytes": (wire.pdu(1, plain()[6:73]), "association PDU is too short"),
}


@pytest.mark.parametrize("title", [b"LB", b"PACS"], ids=["spliced", "passed-through"])
@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(line, name, title):
    """Aborted whoever is called: an archive may read it in another way than the policy does."""
    lb, archives = line
    rq, words = MALFORMED[name]
    before = arrived(archives)
    with peers.RawScu(lb.port) as scu:
        scu.send(called(title, rq))
        assert scu.read_pdu()[1] == wire.abort(2, 6)
    assert lb.association(scu)["error"] == words
    assert arrived(archives) == before


# Size ---------------------------------------------------------------------------------------------

SYNTAXES = sorted(uid for uid, (_, kind, _, _, _) in UID_dictionary.items() if kind == "Transfer Syntax")


def of_size(syntaxes):
    """128 contexts of so many transfer syntaxes, the one that is accepted last."""
    others = [s for s in SYNTAXES if s not in (EXPLICIT_LE, IMPLICIT_LE)][:syntaxes - 1]
    assert len(others) == syntaxes - 1
    return plain(contexts=b"".join(context(2 * n + 1, wire.CT_IMAGE, *others, EXPLICIT_LE) for n in range(128)))


@pytest.mark.parametrize("syntaxes,size", [(20, 64 * 1024), (30, 100 * 1024)])
def test_128_contexts_of_many_transfer_syntaxes(line, syntaxes, size):
    lb, archives = line
    before = arrived(archives)
    every = [2 * n + 1 for n in range(128)]
    case = Case(of_size(syntaxes), b"".join(accepted(n) for n in every),
                b"".join(context(n, wire.CT_IMAGE, EXPLICIT_LE) for n in every))
    assert len(case.rq) > size
    with peers.RawScu(lb.port) as scu:
        scu.send(case.rq)
        assert scu.read_pdu()[1] == case.ac()
        thing = store(scu, 255)
        scu.release()
    association = newest(archives["ct"], before["ct"])
    assert association.rq.raw == case.narrowed() and association.messages[0][1] == thing.data
    assert passed_through(line, called(b"PACS", case.rq))["error"] == "-"


def limit(before):
    """The number that stands there in dicom.cfg."""
    with open(os.path.join(ROOT, "haproxy", "dicom.cfg"), encoding="ascii") as f:
        return int(re.search(rf"(?m)^ *{before} (\d+)\b", f.read())[1])


def of_length(length):
    """A request of so many bytes, most of them in items that nobody knows."""
    rest = length - len(plain())
    sizes = [min(60000, rest - at) for at in range(0, rest, 60000)]
    assert sizes[-1] >= 4
    return request(APPLICATION, CT, item(0x50, USUAL), *(item(0x7F, bytes(size - 4)) for size in sizes))


@pytest.mark.parametrize("past,pool", [(-2000, "ct"), (1, "general")], ids=["with-room-for-data", "without"])
def test_the_longest_request_whose_data_is_looked_at(line, past, pool):
    """Behind a longer one there is no room for data: the fallback, and the log says so."""
    lb, archives = line
    before, rq = arrived(archives), of_length(limit(r"tcp-request content lua.dicom-begin \d+") + past)
    with peers.RawScu(lb.port) as scu:
        scu.send(rq)
        scu.read_ac()
        store(scu)
        scu.release()
    association = newest(archives[pool], before[pool])
    assert association.rq.raw == Case(rq).narrowed()
    error = lb.association(scu)["error"]
    assert error == ("-" if pool == "ct" else "the agent could not be asked about the data, the fallback is used")


@pytest.mark.parametrize("title", [b"LB", b"PACS"], ids=["spliced", "passed-through"])
def test_the_longest_request(line, title):
    """One byte more does not fit HAProxy's buffer: it is refused for the moment, "local limit exceeded"."""
    lb, archives = line
    before, rq = arrived(archives), called(title, of_length(limit("acl oversized .* gt")))
    if title == b"PACS":
        passed_through(line, rq)
    else:
        with peers.RawScu(lb.port) as scu:
            scu.send(rq)
            assert scu.read_pdu()[1] == Case(rq).ac()
            store(scu)
            scu.release()
    assert sum(arrived(archives).values()) == sum(before.values()) + 1
    with peers.RawScu(lb.port) as scu:
        scu.send(called(title, of_length(limit("acl oversized .* gt") + 1)))
        assert scu.read_pdu()[1] == wire.associate_rj(2, 3, 2)
    assert "tune.bufsize" in lb.association(scu)["error"]
    assert sum(arrived(archives).values()) == sum(before.values()) + 1


# Breach -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("result,words", [(1, "user rejection"), (2, "no reason given"),
                                          (3, "abstract syntax not supported"), (4, "transfer syntaxes not supported"),
                                          (5, "result 5"), (255, "result 255")])
def test_an_archive_that_refuses_a_context_which_was_promised(balancer, raw_archive, result, words):
    archive = raw_archive(answer=lambda rq: wire.associate_ac(rq, {1: (0, EXPLICIT_LE), 3: (result, EXPLICIT_LE)}))
    lb = balancer({"ct": {"ct-east": archive}, "general": {"general1": archive}})
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, wire.CT_IMAGE, (EXPLICIT_LE,)), wire.Context(3, wire.MR_IMAGE, (EXPLICIT_LE,))])
        scu.send(scu.store_bytes(objects.make("CT")))
        assert scu.read_pdu()[1] == wire.abort(2, 0)
    entry = lb.association(scu)
    assert entry["error"] == (f"the archive accepted less than was promised: context 3 ({wire.MR_IMAGE}) "
                              f"refused: {words}")
    assert entry["server"] == "ct-east"
    assert archive.only().p_data() in (b"", wire.abort(2, 0))
