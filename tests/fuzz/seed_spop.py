#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_spop.py DIRECTORY: conversations to start fuzz_spop from."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e", "lib"))
# pylint: disable=wrong-import-position
from spop import (ABORT, BIN, BOOL, FIN, INT32, INT64, IPV4, IPV6, NULL, STR, UINT32, UINT64,
                  disconnect, frame, hello, message, notify)

ASSOCIATE = message("associate", [("rq", (BIN, bytes(300))), ("src", (IPV4, b"\x0a\0\0\1")), ("dport", (INT64, 104))])
WEATHER = message("weathers", [("a", (NULL,)), ("b", (BOOL, True)), ("c", (INT32, -5)), ("d", (UINT32, 70000)),
                               ("e", (UINT64, 2**64 - 1)), ("f", (IPV6, bytes(16))), ("g", (STR, "x"))])
SEEDS = {
    "hello": hello(),
    "health-check": hello(extra=[("healthcheck", (BOOL, True)), ("engine-id", (STR, "e"))]),
    "small-frames": hello(size=256) + notify([ASSOCIATE]),
    "pipelined": hello() + notify([ASSOCIATE, WEATHER]) + notify([WEATHER], 3, 1) + disconnect(),
    "skipped": hello() + frame(0, b"", 1, 1, FIN | ABORT) + frame(77) + notify([WEATHER] * 50, 2288, 1) * 5,
}

os.makedirs(sys.argv[1], exist_ok=True)
for number, (name, data) in enumerate(SEEDS.items()):
    with open(os.path.join(sys.argv[1], name), "wb") as out:
        out.write(bytes([number * 60]) + data)
