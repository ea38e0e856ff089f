# SPDX-License-Identifier: MIT
"""What the seed programs share."""
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e", "lib"))


def write(directory, files):
    """files: {name: bytes}"""
    os.makedirs(directory, exist_ok=True)
    for name, data in files.items():
        with open(os.path.join(directory, name), "wb") as out:
            out.write(data)


def samples():
    """{name: (transfer syntax, encoded data set without pixel data)} of build/samples, if they have been made."""
    from pydicom.filebase import DicomBytesIO
    from pydicom.filereader import read_partial
    found = {}
    for path in sorted(glob.glob(os.path.join(HERE, "..", "..", "build", "samples", "*.dcm"))):
        with open(path, "rb") as file:
            raw = file.read()
        meta = read_partial(DicomBytesIO(raw), stop_when=lambda tag, vr, length: True).file_meta
        # preamble, "DICM", group length (12 bytes), and the header's elements
        start = 128 + 4 + 12 + meta.FileMetaInformationGroupLength
        found[os.path.basename(path)] = (str(meta.TransferSyntaxUID), raw[start:start + 2000])
    return found
