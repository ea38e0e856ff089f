# SPDX-License-Identifier: MIT
"""DICOM files, as far as it takes to say whether two are the same object."""
import csv
import os
import struct


class NotDicom(ValueError):
    """What was read is not a DICOM file (PS3.10 7.1)."""


class Object:
    """One file: its SOP Instance UID, transfer syntax and data set, as bytes."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            content = file.read()
        if content[128:132] != b"DICM":
            raise NotDicom(path)
        meta, self.data_set = split_meta(content, path)
        self.uid = meta.get(0x0003, "")
        self.transfer_syntax = meta.get(0x0010, "")

    def same_as(self, other):
        return (self.uid, self.transfer_syntax, self.data_set) == (
            other.uid, other.transfer_syntax, other.data_set)


def split_meta(content, path):
    """Group 0002 by element number, and the bytes that follow it."""
    meta, at = {}, 132
    while content[at:at + 2] == b"\x02\x00":
        element, vr = struct.unpack_from("<H2s", content, at + 2)
        long_form = vr in (b"OB", b"UN")
        start = at + (12 if long_form else 8)
        length, = struct.unpack_from("<I" if long_form else "<H", content, start - (4 if long_form else 2))
        if start + length > len(content):
            raise NotDicom(path)
        meta[element] = content[start:start + length].decode("ascii", "replace").rstrip("\0 ")
        at = start + length
    return meta, content[at:]


def files_in(directory):
    """What lies there now: path -> what changes when the file is written."""
    files = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            status = os.stat(path)
            files[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return files


def written_since(directory, before):
    """The objects that were not there before and the paths of what is no object."""
    new, strangers = [], []
    for path, stamp in files_in(directory).items():
        if before.get(path) == stamp:
            continue
        try:
            new.append(Object(path))
        except (NotDicom, struct.error):
            strangers.append(path)
    return new, strangers


class Sample:
    """One row of dicom-samples/expected.tsv."""

    def __init__(self, row, directory):
        self.name = row["sample"]
        self.modality = row["modality"]
        self.rule = row["rule"]
        self.pool = row["pool"]
        self.calling_ae = row.get("calling_ae") or "STORESCU"
        self.called_ae = row.get("called_ae") or "ANY-SCP"
        self.object = Object(os.path.join(directory, self.name + ".dcm"))


def samples(table, directory):
    with open(table, encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        return [Sample(row, directory) for row in csv.DictReader(lines, delimiter="\t")]
