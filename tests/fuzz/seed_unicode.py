#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_unicode.py DIRECTORY: texts to start fuzz_unicode from."""
import sys

import seeds

TEXTS = ["HEAD *?", "Ro\u0308ntgen", "d\u0307\u0323", "\u1112\u1169\u11bc\ud64d", "\u0958\u212b\ufb2a", "Stra\u00dfe\u1e9e",
         "\u03b1\u0345\u0301\u1f88\u0390", "\U0001d15e", "\u0305\u0323" * 20, "\u0130I\u0131\u01f0\u0149"]
seeds.write(sys.argv[1], {str(i): text.encode() for i, text in enumerate(TEXTS)} | {"broken": b"a\xff\xe2\x81\xcc\x88\xed\xa0\x80"})
