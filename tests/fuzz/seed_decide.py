#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_decide.py DIRECTORY: associations with the samples (`make samples`), to start fuzz_decide from."""
import struct
import sys

import seeds
from wire import (CT_IMAGE, DEFLATED, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, STUDY_ROOT_FIND, VERIFICATION, Context,
                  associate_rq, c_echo_rq, c_store_rq, p_data, pdvs, release_rq)

HAND_MADE = {EXPLICIT_LE: "0800600043530200 4354 1000200 04C4F0400 49443720 2800100055530200 0002",
             IMPLICIT_LE: "0800600002000000 4354 1000200004000000 49443720 2800100002000000 0002",
             EXPLICIT_BE: "0008006043530002 4354 001000204C4F0004 49443720 0028001055530002 0200"}


def conversation(syntax, data, extra=(), **how):
    rq = associate_rq([Context(1, CT_IMAGE, (syntax,)), *extra], **how)
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
FILES["old"] = conversation(EXPLICIT_LE, b"", called="OLD")
FILES["http"] = b"\xff\xffGET / HTTP/1.1\r\n\r\n"
seeds.write(sys.argv[1], FILES)
