#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_charset.py DIRECTORY: names to start fuzz_charset from (PS3.5 annexes H to K)."""
import sys

import seeds

NAMES = {
    "latin": b"ISO_IR 100\nBuc^J\xe9r\xf4me",
    "japanese": b"\\ISO 2022 IR 87\\ISO 2022 IR 159\nYamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$(D0!\x1b(B",
    "katakana": b"ISO 2022 IR 13\\ISO 2022 IR 87\n\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J",
    "korean": b"\\ISO 2022 IR 149\nHong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
    "chinese": b"\\ISO 2022 IR 58\nZhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab",
    "greek": b"ISO 2022 IR 100\\ISO 2022 IR 126\n\xe9\x1b-F\xe9\x1b-T\xa1\x1b-L\xbb",
    "gb18030": b"GB18030\nWang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab",
    "utf8": "ISO_IR 192\n王^小东".encode(),
}
seeds.write(sys.argv[1], NAMES)
