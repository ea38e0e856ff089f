#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_dataset.py DIRECTORY: the samples' data sets (`make samples`), to start fuzz_dataset from."""
import sys

import seeds

NESTED = bytes.fromhex("08004011FFFFFFFF" "FEFF00E0FFFFFFFF" "0800501104000000312E3200" "FEFF0DE000000000"
                       "FEFF00E0080000000800600000000000" "FEFFDDE000000000" "1000200002000000" "4944")
ENCODINGS = {"1.2.840.10008.1.2": 0, "1.2.840.10008.1.2.2": 2}
FILES = {"nested": b"\0\0\x30" + NESTED}
for name, (syntax, data) in seeds.samples().items():
    if syntax != "1.2.840.10008.1.2.1.99":
        FILES[name] = bytes([ENCODINGS.get(syntax, 1)]) + b"\1\0" + data
seeds.write(sys.argv[1], FILES)
