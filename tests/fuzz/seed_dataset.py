#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_dataset.py DIRECTORY: the samples' data sets (`make samples`), to start fuzz_dataset from."""
import sys

import seeds

NESTED = bytes.fromhex("08004011FFFFFFFF" "FEFF00E0FFFFFFFF" "0800501104000000312E3200" "FEFF0DE000000000"
                       "FEFF00E0080000000800600000000000" "FEFFDDE000000000" "1000200002000000" "4944")
PRIVATE = bytes.fromhex("09001000" "4C4F0400" "41434D45" "09001100" "4C4F0200" "4220" "09001200" "4C4F0400" "41434D45"
                        "09000110" "4C4F0200" "6131" "09000111" "4C4F0200" "6231" "09000212" "554E0000FFFFFFFF"
                        "FEFF00E0FFFFFFFF" "0900100004000000" "41434D45" "0900011002000000" "6132" "FEFF0DE000000000"
                        "FEFF00E000000000" "FEFFDDE000000000" "11001000" "4C4F0400" "41434D45"
                        "11000110" "53510000" "1C000000" "FEFF00E014000000" "09001000" "4C4F0200" "4220" "09000110"
                        "4C4F0200" "6133")
ENCODINGS = {"1.2.840.10008.1.2": 0, "1.2.840.10008.1.2.2": 2}
FILES = {"nested": b"\0\0\x30" + NESTED, "private": b"\1\0\x60" + PRIVATE}
for name, (syntax, data) in seeds.samples().items():
    if syntax != "1.2.840.10008.1.2.1.99":
        FILES[name] = bytes([ENCODINGS.get(syntax, 1)]) + b"\1\0" + data
seeds.write(sys.argv[1], FILES)
