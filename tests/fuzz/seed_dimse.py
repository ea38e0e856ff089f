#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_dimse.py DIRECTORY: messages to start fuzz_dimse from."""
import sys

import seeds
from wire import CT_IMAGE, abort, c_echo_rq, c_store_rq, p_data, pdvs, release_rq

STORE = c_store_rq(CT_IMAGE, "1.2.3")
MESSAGES = {
    "store": p_data(*pdvs(1, STORE, True)) + p_data(*pdvs(1, b"data set")),
    "one-pdu": p_data(*pdvs(1, STORE, True), *pdvs(1, b"data set")),
    "pieces": b"".join(p_data(piece) for piece in pdvs(1, STORE, True, 20) + pdvs(1, b"data set", size=1)),
    "echo": p_data(*pdvs(3, c_echo_rq(), True)),
    "release": p_data(*pdvs(1, STORE, True)) + release_rq(),
    "abort": p_data(*pdvs(1, STORE, True)) + abort(),
}
seeds.write(sys.argv[1], {name: b"\0\x60" + data for name, data in MESSAGES.items()})
