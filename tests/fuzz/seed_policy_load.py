#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_policy_load.py DIRECTORY: the policies of the documentation and of the configuration."""
import glob
import os
import re
import sys

import seeds

ROOT = os.path.join(seeds.HERE, "..", "..")
ALL = """{"rules": [{"name": "a", "if": {"any": [{"Modality": "CT"}, {"(0008,0060)": ["MR", "P?"]}], "not": {"Rows": 512},
"all": [{"PatientID": {"present": false}}]}, "reject": "temporary-congestion"},
{"name": "b", "if": {"SOPClassUID": "CTImageStorage", "CommandField": 1}, "backend": "ct", "called_ae": "X",
"key": "PatientID"}], "default": {"reject": "no-reason-given"}, "negotiate": {"transfer_syntaxes":
["JPEG2000Lossless"], "abstract_syntaxes": ["1.2.3"], "maximum_length": 65536}}"""

with open(os.path.join(ROOT, "docs", "policy.md"), encoding="utf-8") as text:
    SHOWN = re.findall(r"(?:^    .*\n)+", text.read(), re.M)
FILES = {f"shown-{i}": example.encode() for i, example in enumerate(SHOWN)}
FILES["all"] = ALL.encode()
for path in glob.glob(os.path.join(ROOT, "haproxy", "*.json")):
    with open(path, "rb") as file:
        FILES[os.path.basename(path)] = file.read()
seeds.write(sys.argv[1], FILES)
