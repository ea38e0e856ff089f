# SPDX-License-Identifier: MIT
"""Data sets that are not as PS3.5 7 wants them: read as DCMTK and pydicom read them, or said to be unreadable."""
import json
import os
import struct

import pytest

import objects
import peers
import wire

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "..", "..", "..", "haproxy", "policy.json"), encoding="utf-8") as file:
    DELIVERED = json.load(file)
REFUSING = {"rules": [{"name": "no phantoms", "if": {"PatientID": "PHANTOM*"}, "reject": "no-reason-given"},
                      {"name": "no drafts", "if": {"(0029,ACME,10)": "DRAFT"}, "reject": "no-reason-given"},
                      {"name": "burned", "if": {"BurnedInAnnotation": "YES"}, "reject": "no-reason-given"}],
            "default": {"backend": "general"}}
CT = wire.CT_IMAGE
SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
ITEM_END = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)


def explicit(tag, vr, value):
    value = value.encode() if isinstance(value, str) else value
    value += (b"\0" if vr in ("UI", "OB") else b" ") * (len(value) % 2)
    length = b"\0\0" + struct.pack("<I", len(value)) if vr in ("OB", "OW", "SQ", "UN", "UT") else struct.pack("<H", len(value))
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode("latin-1") + length + value


def implicit(tag, value):
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value.encode()


def odd_vr(vr, value="ACC7"):
    return struct.pack("<HH", 0x0008, 0x0050) + vr + struct.pack("<H", len(value)) + value.encode()


def item(content):
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


SOP = explicit(0x00080016, "UI", CT) + explicit(0x00080018, "UI", "2.25.7")
MODALITY = explicit(0x00080060, "CS", "CT")
PATIENT = explicit(0x00100010, "PN", "Doe^Jane") + explicit(0x00100020, "LO", "P77")
STUDY = explicit(0x0020000D, "UI", "2.25.8")
MATRIX = explicit(0x00280010, "US", b"\x10\0") + explicit(0x00280011, "US", b"\x10\0")
PIXELS = explicit(0x7FE00010, "OW", bytes(300))
SEQUENCE = explicit(0x00081032, "SQ", item(explicit(0x00080100, "SH", "C1")))

DISORDER = "the data set's tags are not in ascending order"
DELIMITER = "the data set has a delimiter where none belongs"
NO_VR = "the data set has an element without a valid VR"
BROKEN = "the data set cannot be read"

# what comes, where it belongs by its modality, and what the log says
FOUND = {
    "as the standard wants it": (SOP + MODALITY + PATIENT + STUDY + MATRIX + PIXELS, "-"),
    "patient first": (PATIENT + SOP + MODALITY + STUDY + MATRIX + PIXELS, DISORDER),
    "modality behind the study": (SOP + PATIENT + STUDY + MODALITY + MATRIX + PIXELS, DISORDER),
    "modality before the pixels": (SOP + PATIENT + STUDY + MATRIX + MODALITY + PIXELS, DISORDER),
    "modality behind the pixels": (SOP + PATIENT + STUDY + MATRIX + PIXELS + MODALITY, DISORDER),
    "backwards": (PIXELS + MATRIX + STUDY + PATIENT + MODALITY + SOP, DISORDER),
    "two modalities": (SOP + MODALITY + PATIENT + explicit(0x00080060, "CS", "MR") + PIXELS, "-"),
    "an end of nothing": (SOP + SEQUENCE_END + MODALITY + PATIENT + PIXELS, DELIMITER),
    "an end behind a sequence": (SOP + explicit(0x00080051, "SQ", item(b"")) + SEQUENCE_END + MODALITY + PIXELS, DELIMITER),
    "two ends behind a sequence": (SOP + explicit(0x00080051, "SQ", b"") + ITEM_END + SEQUENCE_END + MODALITY + PIXELS,
                                   DELIMITER),
    "another tag of that group": (SOP + explicit(0xFFFE0010, "LO", "x") + MODALITY + PIXELS, DISORDER),
    **{f"VR {vr!r}": (SOP + odd_vr(vr) + MODALITY + PATIENT + PIXELS, NO_VR)
       for vr in (b"  ", b"??", b"--", b"\0\0", b"sh", b"S ", b"1A", b"\x7f?")},
    "without VR": (SOP + implicit(0x00080050, "ACC7") + MODALITY + PATIENT + PIXELS, NO_VR),
    "modality without VR": (SOP + implicit(0x00080060, "CT") + PATIENT + PIXELS, NO_VR),
    "modality of two blanks": (SOP + MODALITY.replace(b"CS", b"  ") + PATIENT + PIXELS, NO_VR),
    "all without VR": (implicit(0x00080016, CT + "\0") + implicit(0x00080060, "CT") + implicit(0x00100020, "P77 "), NO_VR),
}
NOT_FOUND = {
    "an item of nothing": SOP + item(b"abcdefgh") + MODALITY + PATIENT + PIXELS,
    "a length that lies": SOP + odd_vr(b"LO")[:-4] + b"\0" * 4 + b"\x08\0\x60\0CS\xff\xff",
    "a sequence without its end": SOP + struct.pack("<HH2sHI", 8, 0x51, b"SQ", 0, 0xFFFFFFFF) + item(b"") + MODALITY,
    "rubbish in a sequence": SOP + struct.pack("<HH2sHI", 8, 0x51, b"SQ", 0, 0xFFFFFFFF) + b"rubbish!" + MODALITY,
}


def stored(lb, data, pdv_size=16372):
    """(status or None if it was aborted, log line)"""
    thing = objects.Object(CT, objects.new_uid(), wire.EXPLICIT_LE, data)
    with peers.RawScu(lb.port) as scu:
        scu.associate([wire.Context(1, CT, (wire.EXPLICIT_LE,))])
        try:
            status = scu.store(thing, pdv_size=pdv_size)
            scu.release()
        except (peers.Aborted, EOFError, OSError):
            status = None
    return status, lb.association(scu)


@pytest.fixture
def delivered(balancer, raw_archive):
    lb = balancer({pool: raw_archive() for pool in ("ct", "mr", "general", "query")}, policy=DELIVERED)
    lb.wait_for_agent()
    return lb


@pytest.fixture
def refusing(balancer, raw_archive):
    lb = balancer({"general": raw_archive()}, policy=REFUSING)
    lb.wait_for_agent()
    return lb


def test_what_is_read(delivered):
    for name, (data, error) in FOUND.items():
        status, entry = stored(delivered, data)
        assert (status, entry["pool"], entry["rule"]) == (0, "ct", "ct"), (name, entry)
        assert entry["error"] == error or entry["error"] == "-", (name, entry)


@pytest.mark.parametrize("pdv_size", [20, 100])
def test_in_small_pieces(delivered, pdv_size):
    for name in ("patient first", "modality behind the pixels", "backwards"):
        status, entry = stored(delivered, FOUND[name][0], pdv_size)
        assert (status, entry["pool"]) == (0, "ct"), (name, entry)


def test_what_is_not_read(delivered):
    for name, data in NOT_FOUND.items():
        _, entry = stored(delivered, data)
        assert (entry["pool"], entry["error"]) == ("general", BROKEN), (name, entry)


def test_no_order_of_tags_passes_a_rule_that_refuses(refusing):
    phantom = explicit(0x00100020, "LO", "PHANTOM 3")
    burned = explicit(0x00280301, "CS", "YES")
    creator, draft = explicit(0x00290010, "LO", "ACME"), explicit(0x00291010, "LO", "DRAFT")
    head = SOP + MODALITY
    attempts = [head + STUDY + phantom + PIXELS, phantom + head + PIXELS, head + PIXELS + phantom,
                explicit(0x7FE10010, "LO", "x") + phantom + head, head + MATRIX + PIXELS + burned,
                PIXELS + burned + head, head + STUDY + PATIENT + burned + MATRIX + PIXELS,
                head + draft + creator + PIXELS, draft + head + PIXELS + creator,
                head + SEQUENCE_END + burned, head + ITEM_END + phantom, head + odd_vr(b"??") + phantom,
                head + explicit(0x00091001, "OB", bytes(40000)) + STUDY + phantom + PIXELS,
                SOP + item(b"abcdefgh") + phantom, head + phantom[:-4]]
    for pdv_size in (24, 16372):
        for number, data in enumerate(attempts):
            status, entry = stored(refusing, data, pdv_size)
            assert status is None and entry["verdict"] == "reject", (number, entry)
    status, entry = stored(refusing, head + PATIENT + MATRIX + explicit(0x7FE00010, "OW", bytes(200000)))
    assert (status, entry["error"]) == (0, "-")
