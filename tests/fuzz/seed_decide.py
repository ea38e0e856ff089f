#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_decide.py DIRECTORY: associations with the samples (`make samples`), to start fuzz_decide from."""
import struct
import sys

import seeds
from wire import (CT_IMAGE, DEFLATED, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, STUDY_ROOT_FIND, VERIFICATION, Context,
                  associate_rq, c_echo_rq, c_store_rq, item, p_data, pdvs, release_rq)

HAND_MADE = {EXPLICIT_LE: "0800600043530200 4354 1000200 04C4F0400 49443720 2800100055530200 0002",
             IMPLICIT_LE: "0800600002000000 4354 1000200004000000 49443720 2800100002000000 0002",
             EXPLICIT_BE: "0008006043530002 4354 001000204C4F0004 49443720 0028001055530002 0200"}


def element(tag, vr, value):
    """One in Explicit VR Little Endian; a sequence is a list of items."""
    if isinstance(value, list):
        value = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(part)) + part for part in value)
    long = b"\0\0" + struct.pack("<I", len(value)) if vr in ("SQ", "UN") else struct.pack("<H", len(value))
    return struct.pack("<HH", tag >> 16, tag & 0xffff) + vr.encode() + long + value


def accession(value, *more):
    return b"".join((*more, element(0x00080050, "SH", value)))


RICH = b"".join((
    element(0x00080005, "CS", b"ISO_IR 192"), element(0x00080008, "CS", b"ORIGINAL\\AXIAL"),
    element(0x00080020, "DA", b"20260101"), element(0x00080060, "CS", b"US"),
    element(0x00080080, "LO", "Mu\u0308ller".encode() + b" "), element(0x00100010, "PN", b"A^B=C "),
    element(0x00101010, "AS", b"016Y"), element(0x0020000D, "UI", b"1.2.3\0"),
    element(0x00290010, "LO", b"ACME"), element(0x00291001, "LO", b"k "),
    element(0x00291002, "SQ", [element(0x00290011, "LO", b"ACME") + element(0x00291103, "CS", b"M1")]),
    element(0x00400275, "SQ", [accession(b"ZZ"), b"", accession(b"aBba", element(0x00080005, "CS", b"ISO_IR 100"))]),
))


def conversation(syntax, data, contexts=(), **how):
    rq = associate_rq([Context(1, CT_IMAGE, (syntax,)), *contexts], **how)
    stream = p_data(*pdvs(1, c_store_rq(CT_IMAGE, "1.2.3"), True))
    stream += b"".join(p_data(piece) for piece in pdvs(1, data, size=300))
    return struct.pack(">H", len(rq)) + rq + stream


FILES = {}
for name, (uid, head) in seeds.samples().items():
    if uid in (IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE, DEFLATED):
        FILES[name] = conversation(uid, head)
for number, (uid, text) in enumerate(HAND_MADE.items()):
    FILES[f"made-{number}"] = conversation(uid, bytes.fromhex(text.replace(" ", "")))
ECHO = associate_rq([Context(1, CT_IMAGE, (EXPLICIT_LE,)), Context(3, VERIFICATION, (IMPLICIT_LE,))])
FILES["echo"] = struct.pack(">H", len(ECHO)) + ECHO + p_data(*pdvs(3, c_echo_rq(), True)) + release_rq()
FILES["find"] = conversation(EXPLICIT_LE, b"", [Context(3, STUDY_ROOT_FIND, (IMPLICIT_LE,))])
IDENTITY = item(0x58, b"\1\0\0\4user\0\0")
FILES["rich"] = conversation(EXPLICIT_LE, RICH, extra=IDENTITY)
FILES["old"] = conversation(EXPLICIT_LE, b"", called="OLD")
FILES["http"] = b"\xff\xffGET / HTTP/1.1\r\n\r\n"
seeds.write(sys.argv[1], FILES)
