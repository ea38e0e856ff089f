#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_ul.py DIRECTORY: associations to start fuzz_ul from."""
import struct
import sys

import seeds
from wire import (CT_IMAGE, EXPLICIT_LE, IMPLICIT_LE, STUDY_ROOT_FIND, VERIFICATION, Context, associate_ac, associate_rq,
                  item, parse_associate)

EXTRA = (item(0x53, b"\0\1\0\1") + item(0x54, struct.pack(">H", len(CT_IMAGE)) + CT_IMAGE.encode() + b"\1\0")
         + item(0x56, struct.pack(">H", len(CT_IMAGE)) + CT_IMAGE.encode() + b"\2\1\0")
         + item(0x58, b"\1\0" + struct.pack(">H", 4) + b"user" + bytes(2)))
RQ = associate_rq([Context(1, CT_IMAGE, (EXPLICIT_LE, IMPLICIT_LE)), Context(3, VERIFICATION, (IMPLICIT_LE,))], extra=EXTRA)
MANY = associate_rq([Context(i, STUDY_ROOT_FIND, (IMPLICIT_LE,)) for i in range(1, 256, 2)])
AC = associate_ac(parse_associate(RQ), {1: (0, EXPLICIT_LE), 3: (4, IMPLICIT_LE)})

seeds.write(sys.argv[1], {"rq": b"\1" + RQ[6:], "many": b"\1" + MANY[6:], "ac": b"\0" + AC[6:]})
