#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_regex.py DIRECTORY: patterns and texts to start fuzz_regex from."""
import sys

import seeds

SEARCHES = ["^CT$\nCT", "(a+)+$\n" + "a" * 100 + "!", "a*+b\n" + "a" * 100, "(.*)\\1z\n" + "ab" * 50, "(?:HEAD|NECK).*\\bwith\nHEAD with",
            "(a(?R)?b)\naaabbb", "(?<!NO )CONTRAST\nNO CONTRAST", "\\p{Lu}\\w{3,}\\d\nR\u00f6ntgen1", "(?(?=a)ab|c{4}+)\ncccc",
            "[\\x{100}-\\x{200}]*?b\n\u0100b", "\\X(*sr:a)\na", "(?<n>a|aa)+\\k<n>{9}\n" + "a" * 60]
seeds.write(sys.argv[1], {str(i): search.encode() for i, search in enumerate(SEARCHES)})
