#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_value.py DIRECTORY: values, bounds, spans and networks to start fuzz_value from."""
import sys

import seeds

TEXTS = """-1.5e+3 20200229 2020-02-29 2020.02.29 2020-02 183015.123456 18:30:15.5 018Y 216M 20200101120000.5+0100
2020-0500 2020-01-01T12:30:15+01:00 2020-01-01T12:30Z 20161231235960Z 10.0.0.0/8 10.1.2.3 ::ffff:10.0.0.0/104
2001:db8::/32 fe80::1 ::/0""".split() + ["5 years", "1 month", "2 weeks", "30 days", "12 hours", "10 minutes"]
seeds.write(sys.argv[1], {str(i): text.encode() for i, text in enumerate(TEXTS)})
