# SPDX-License-Identifier: MIT
"""Synthetic DICOM objects, as exact bytes of a data set in any transfer syntax."""

import itertools
import os
import struct
import zlib
from dataclasses import dataclass

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_preamble, _read_file_meta_info
from pydicom.filewriter import write_dataset

import wire

ENCAPSULATED = (wire.JPEG_BASELINE, wire.JPEG_EXTENDED, wire.JPEG_LOSSLESS, wire.JPEG_LS,
                wire.JPEG_2000_LOSSLESS, wire.JPEG_2000, wire.RLE)

_numbers = itertools.count(1)
_process = int.from_bytes(os.urandom(5), "big")


def new_uid():
    """Unique over all processes of a test run."""
    return f"1.2.826.0.1.3680043.9.7433.2.{_process}.{next(_numbers)}"


@dataclass(frozen=True)
class Object:
    sop_class: str
    uid: str
    syntax: str
    data: bytes  # the data set as it goes over the wire


def encode(dataset, syntax):
    """The data set's bytes in `syntax`; Pixel Data must be encapsulated already where that is asked."""
    out = DicomBytesIO()
    out.is_implicit_VR = syntax == wire.IMPLICIT_LE
    out.is_little_endian = syntax != wire.EXPLICIT_BE
    write_dataset(out, dataset, convert_encodings(dataset.get("SpecificCharacterSet")))
    data = out.getvalue()
    if syntax == wire.DEFLATED:
        deflate = zlib.compressobj(wbits=-15)
        data = deflate.compress(data) + deflate.flush()
        data += b"\0" * (len(data) % 2)
    return data


def noise(size):
    """Bytes that do not compress, the same in every run."""
    out, state = bytearray(), 12345
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out += struct.pack("<Q", state)
    return bytes(out[:size])


def make(modality="CT", size=1000, syntax=wire.EXPLICIT_LE, sop_class=wire.CT_IMAGE, before=None, **attributes):
    """An object with about `size` bytes of pixel data. attributes: keyword=value, None leaves it out.

    before: a Dataset whose elements are added (private ones, sequences).
    """
    ds = Dataset(before or {})
    defaults = {"SOPClassUID": sop_class, "SOPInstanceUID": new_uid(), "Modality": modality,
                "PatientID": "P0", "PatientName": "Test^Nobody", "StudyInstanceUID": "1.2.3.4",
                "SeriesInstanceUID": "1.2.3.4.5", "BodyPartExamined": "CHEST", "Rows": 16, "Columns": 16,
                "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0,
                "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"}
    for keyword, value in {**defaults, **attributes}.items():
        if value is not None:
            setattr(ds, keyword, value)
    pixels = noise(size + size % 2)
    if syntax in ENCAPSULATED:
        ds.PixelData = encapsulate([pixels[:len(pixels) // 4 * 2], pixels[len(pixels) // 4 * 2:]])
        ds["PixelData"].is_undefined_length = True
        ds["PixelData"].VR = "OB"
    else:
        ds.PixelData = pixels
        ds["PixelData"].VR = "OW"
    return Object(sop_class, ds.SOPInstanceUID, syntax, encode(ds, syntax))


def of_bytes(data, syntax, sop_class=wire.CT_IMAGE):
    """An object of which only the raw data set counts."""
    return Object(sop_class, new_uid(), syntax, data)


def split_file(path):
    """(transfer syntax, data-set bytes) of a Part 10 file, not decoded."""
    with open(path, "rb") as f:
        read_preamble(f, False)
        meta = _read_file_meta_info(f)
        return str(meta.TransferSyntaxUID), f.read()


def write_file(path, thing):
    """A Part 10 file of an Object, for DCMTK's tools."""
    meta = Dataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = thing.sop_class
    meta.MediaStorageSOPInstanceUID = thing.uid
    meta.TransferSyntaxUID = thing.syntax
    meta.ImplementationClassUID = wire.IMPLEMENTATION_UID
    body = encode(meta, wire.EXPLICIT_LE)
    length = Dataset()
    length.FileMetaInformationGroupLength = len(body)
    with open(path, "wb") as f:
        f.write(bytes(128) + b"DICM" + encode(length, wire.EXPLICIT_LE) + body + thing.data)
    return path


def from_file(path):
    """An Object with the exact bytes of a Part 10 file."""
    with open(path, "rb") as f:
        read_preamble(f, False)
        meta = _read_file_meta_info(f)
        return Object(str(meta.MediaStorageSOPClassUID), str(meta.MediaStorageSOPInstanceUID),
                      str(meta.TransferSyntaxUID), f.read())


def like(model):
    """A copy of an Object with an instance UID of its own, of the same length: quicker than make()."""
    uid = new_uid()
    uid += "." + "1" * (len(model.uid) - len(uid) - 1)
    assert model.data.count(model.uid.encode("ascii")) == 1 and len(uid) == len(model.uid)
    return Object(model.sop_class, uid, model.syntax, model.data.replace(model.uid.encode("ascii"), uid.encode("ascii")))
