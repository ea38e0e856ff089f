#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_scrape.py DIRECTORY: metrics to start fuzz_scrape from."""
import sys

import seeds

TEXTS = ["# HELP a b\n# TYPE a counter\na 1\n", "a{le=\"1\",message=\"x\",rule=\"r\"} 2 1795650660577\na{le=\"+Inf\"} 3\n",
         "a{le=\"\\\\x7f \\\" \\n\"} NaN\n", "a { le = \"0.5\" , } -1e3\na{} +Inf\n", "a{le=\"\xc2\x9b\x1b[2J\"} 0x1p3\n"]
seeds.write(sys.argv[1], {str(i): text.encode() for i, text in enumerate(TEXTS)})
