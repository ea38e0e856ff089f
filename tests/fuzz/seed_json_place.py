#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_place.py DIRECTORY: the policy of the configuration, and what JSON allows in a name."""
import glob
import os
import sys

import seeds

FILES = {"names": rb'{"R\u00f6ntgen": [1, -2.5e3, {"\ud83d\ude00\"\\": null}],' + "\n \"é\": {\"\": \"]}\"}}".encode()}
for path in glob.glob(os.path.join(seeds.HERE, "..", "..", "haproxy", "*.json")):
    with open(path, "rb") as file:
        FILES[os.path.basename(path)] = file.read()
seeds.write(sys.argv[1], FILES)
