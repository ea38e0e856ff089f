#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the DICOM samples from their dumps: build.py OUTPUT-DIRECTORY

A dump is what dump2dcm reads, in UTF-8, with three additions:

  include FILE   the lines of FILE follow; of two elements with the same tag
                 the first wins, so that a dump says what differs above what
                 it includes
  {uid NAME}     a UID below 2.25 that is made of the name (PS3.5 B.2)
  {pixels}       a pattern as large as the dump's own (0028,xxxx) say

The dump is encoded as its Specific Character Set says and written in the
transfer syntax that (0002,0010) names.
"""
import os
import re
import subprocess
import sys
import tempfile
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "dicom-samples.invalid")
CHARACTER_SETS = {
    "": "ascii",
    "ISO_IR 100": "iso8859-1",
    "ISO_IR 192": "utf-8",
    "\\ISO 2022 IR 87": "iso2022_jp",
}


def main(arguments):
    if len(arguments) != 1:
        sys.exit("usage: build.py OUTPUT-DIRECTORY")
    target = arguments[0]
    os.makedirs(target, exist_ok=True)
    dumps = sorted(name for name in os.listdir(HERE) if name.endswith(".dump"))
    with tempfile.TemporaryDirectory() as scratch:
        for dump in dumps:
            name = dump[: -len(".dump")]
            made = os.path.join(scratch, name + ".dcm")
            try:
                build(dump, made, scratch)
            except (OSError, ValueError, subprocess.CalledProcessError) as error:
                sys.exit(f"dicom-samples/{dump}: {error}")
            replace_if_different(made, os.path.join(target, name + ".dcm"))
    remove_orphans(target, dumps)


def build(dump, made, scratch):
    lines = first_of_each(read(dump))
    jpeg = value(lines, "0002,0010").startswith("=JPEG")
    if jpeg:  # the compression is not dump2dcm's but dcmcjpeg's work
        lines = [line for line in lines if not line.startswith("(0002,0010)")]
    pixels = os.path.join(scratch, "pixels.raw")
    text = "\n".join(expand(line, lines, pixels) for line in lines) + "\n"
    source = os.path.join(scratch, "source.dump")
    with open(source, "wb") as file:
        file.write(text.encode(character_set(lines)))
    run("dump2dcm", "-q", source, made)
    if jpeg:  # not pixel for pixel otherwise; a new UID would not be the dump's
        run("dcmcjpeg", "-q", "+e1", "+un", made, made)


def read(name):
    lines = []
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("include "):
                lines += read(line.split()[1])
            elif line and not line.startswith("#"):
                lines.append(line)
    return lines


def first_of_each(lines):
    """Without the elements, sequences with all that is in them, that came before."""
    seen, kept, depth, keep = set(), [], 0, True
    for line in lines:
        tag = line[1:10]
        if depth == 0:
            keep = tag not in seen
            seen.add(tag)
        depth += (line[12:14] == "SQ") - (tag == "fffe,e0dd")
        if keep:
            kept.append(line)
    return kept


def expand(line, lines, pixels):
    line = re.sub(r"\{uid ([^}]*)\}", lambda match: uid(match.group(1)), line)
    if "{pixels}" in line:
        draw(lines, pixels)
        return line.replace("{pixels}", "=" + pixels)
    # a file beside the dump, not a UID's name
    beside = re.fullmatch(r"(.* O[BW] =)(\S+)", line)
    return beside.group(1) + os.path.join(HERE, beside.group(2)) if beside else line


def uid(name):
    return "2.25." + str(uuid.uuid5(NAMESPACE, name).int)


def value(lines, tag):
    """What stands behind the VR in the first line that has the tag."""
    for line in lines:
        if line.startswith(f"({tag})"):
            return line[15:].strip()
    return ""


def character_set(lines):
    name = value(lines, "0008,0005").strip("[]")
    if name not in CHARACTER_SETS:
        raise ValueError(f"no encoding is known here for the character set {name}")
    return CHARACTER_SETS[name]


def draw(lines, path):
    """An ellipse with a gradient in it, brighter from frame to frame."""
    rows, columns, allocated, stored = (
        int(value(lines, tag)) for tag in ("0028,0010", "0028,0011", "0028,0100", "0028,0101"))
    frames = int(value(lines, "0028,0008").strip("[]") or 1)
    size = allocated // 8
    brightest = (1 << min(stored, 12)) - 1
    with open(path, "wb") as file:
        for frame in range(1, frames + 1):
            for row in range(rows):
                file.write(b"".join(
                    (shade(row, column, rows, columns) * brightest * frame // (1024 * frames))
                    .to_bytes(size, "little") for column in range(columns)))


def shade(row, column, rows, columns):
    """0 to 1023; whole numbers only, so that every machine draws the same."""
    y, x = (2 * row - rows) * 1024 // rows, (2 * column - columns) * 1024 // columns
    radius = x * x + y * y * 4 // 3
    return 0 if radius >= 1 << 20 else 200 + (1 << 20) // 2048 + (x + y + 2048) * 311 // 4096


def run(*command):
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False, text=True)
    if done.returncode != 0:
        raise ValueError(f"{command[0]} ended with status {done.returncode}: {done.stderr.strip()}")


def replace_if_different(made, target):
    """An object that has not changed keeps its date, so that make rests."""
    with open(made, "rb") as file:
        content = file.read()
    if os.path.exists(target):
        with open(target, "rb") as file:
            if file.read() == content:
                return
    with open(target, "wb") as file:
        file.write(content)


def remove_orphans(target, dumps):
    names = {dump[: -len(".dump")] + ".dcm" for dump in dumps}
    for name in os.listdir(target):
        if name.endswith(".dcm") and name not in names:
            os.remove(os.path.join(target, name))


if __name__ == "__main__":
    main(sys.argv[1:])
