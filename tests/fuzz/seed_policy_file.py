#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_policy_load.py DIRECTORY: the policies of the documentation and of the configuration."""
import glob
import os
import random
import re
import sys

import seeds

ROOT = os.path.join(seeds.HERE, "..", "..")
ALL = """{"$schema": "x", "lists": {"l": ["CT", "M*", 512], "f": {"file": "list"}},
"rules": [{"name": "a", "if": {"any": [{"Modality": "CT"}, {"(0008,0060)": ["MR", "P?"]}], "not": {"Rows": 512},
"all": [{"PatientID": {"present": false}}, {"PatientName": {"empty": true}}]}, "reject": "temporary-congestion",
"result": "permanent"},
{"name": "b", "if": {"SOPClassUID": ["CTImageStorage", "@storage"], "CommandField": 1, "TransferSyntaxUID": "@lossy",
"RequestAttributesSequence[0].AccessionNumber": {"in": ["l", "f"], "ignore_case": true},
"(0029,ACME,08)": {"regex": "^(a|b)+$", "is": "*x"}}, "backend": "ct", "called_ae": "X", "calling_ae": "Y",
"key": ["PatientID", "StudyInstanceUID"]},
{"name": "c", "if": {"StudyDate": {"from": "2020", "to": "2020-06-30", "older_than": "5 years"}, "Rows": {"to": 256},
"PatientAge": {"from": "18Y"}, "ClientAddress": ["10.0.0.0/8", "2001:db8::/32"], "Command": "C-STORE",
"sample": {"percent": 12.5, "by": ["StudyInstanceUID"]},
"schedule": {"from": "18:00", "to": "07:00", "weekdays": ["Mon-Fri", "Sun"]}}, "backend": "d"}],
"default": {"reject": "no-reason-given"}, "export": {"modality": "Modality", "user": "UserIdentity"},
"negotiate": {"transfer_syntaxes": ["JPEG2000Lossless"], "abstract_syntaxes": ["1.2.3"], "maximum_length": 65536}}"""

with open(os.path.join(ROOT, "docs", "policy.md"), encoding="utf-8") as text:
    SHOWN = re.findall(r"(?:^    .*\n)+", text.read(), re.M)
FILES = {f"shown-{i}": example.encode() for i, example in enumerate(SHOWN)}
FILES["all"] = ALL.encode()
for number in range(30):
    FILES[f"grown-{number}"] = b"\0" + random.Random(number).randbytes(40 + 20 * number)
for path in glob.glob(os.path.join(ROOT, "haproxy", "*.json")):
    with open(path, "rb") as file:
        FILES[os.path.basename(path)] = file.read()
seeds.write(sys.argv[1], FILES)
