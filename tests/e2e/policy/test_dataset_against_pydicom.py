# SPDX-License-Identifier: MIT
"""The agent's reading of real files, and of every beginning of them, against pydicom's."""
import glob
import os
import subprocess
import zlib

import pydicom
import pytest
from pydicom.filereader import read_partial
from pydicom.tag import Tag

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
FILES = sorted(glob.glob(os.path.join(os.path.dirname(pydicom.__file__), "data", "test_files", "*.dcm")))
ENCODINGS = {"1.2.840.10008.1.2": "implicit", "1.2.840.10008.1.2.2": "big", "1.2.840.10008.1.2.1.99": "deflated"}

# These are said to be broken, and must be found so.
BROKEN = {"MR_truncated.dcm": "ends within a value", "rtplan_truncated.dcm": "ends within a value"}
ABSENT = [0x00080005, 0x00080050, 0x00080060, 0x00081030, 0x00100020, 0x00180015, 0x00200010, 0x00280010, 0x00400275]


@pytest.fixture(scope="module")
def reader():
    """The driver, which `make units` builds beside the agent."""
    agent = os.environ.get("DICOM_SPOA", os.path.join(ROOT, "build", "dicom-spoa"))
    return os.path.join(os.path.dirname(agent), "unit", "dicom", "read_attributes")


def data_set(path):
    """(transfer syntax, bytes of the data set) of a file with preamble and header, else None"""
    with open(path, "rb") as file:
        raw = file.read()
    if raw[128:132] != b"DICM":
        return None
    with open(path, "rb") as file:
        meta = read_partial(file, stop_when=lambda tag, vr, length: True).file_meta
    if "FileMetaInformationGroupLength" not in meta or "TransferSyntaxUID" not in meta:
        return None
    return str(meta.TransferSyntaxUID), raw[144 + meta.FileMetaInformationGroupLength:]


def expected(dataset):
    """{tag: raw value, or None where pydicom does not keep it as it was encoded}"""
    values = {}
    for tag in dataset.keys():
        element = dict.get(dataset._dict, tag)  # pylint: disable=protected-access
        raw = getattr(element, "is_raw", False) and element.length != 0xFFFFFFFF
        values[int(tag)] = element.value or b"" if raw else None
    return values


@pytest.mark.parametrize("path", FILES, ids=os.path.basename)
def test_like_pydicom(path, reader, tmp_path):
    found = data_set(path)
    if not found:
        pytest.skip("no header, or none that names the transfer syntax")
    syntax, raw = found
    dataset = pydicom.dcmread(path, force=True)
    values = expected(dataset)
    body = tmp_path / "dataset"
    body.write_bytes(raw)
    length = len(zlib.decompress(raw, -15)) if ENCODINGS.get(syntax) == "deflated" else len(raw)
    tags = sorted(set(values) | set(ABSENT))
    got = subprocess.run([reader, ENCODINGS.get(syntax, "little"), str(1 + length // 3000), str(body)],
                         input="\n".join(f"{tag:08X}" for tag in tags), capture_output=True, text=True, timeout=120)
    if os.path.basename(path) in BROKEN:
        assert got.returncode == 1 and got.stderr.startswith("bad"), got.stderr
        return
    assert got.returncode == 0, got.stderr
    for line in got.stdout.splitlines():
        tag, state, value = line.split(" ")
        tag = int(tag, 16)
        assert state == ("present" if tag in values else "absent"), Tag(tag)
        if values.get(tag) is not None:
            assert bytes.fromhex(value) == values[tag], Tag(tag)
