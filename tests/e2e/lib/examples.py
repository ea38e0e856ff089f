# SPDX-License-Identifier: MIT
"""The policies that stand in the documentation, with what they decide or what is wrong with them.

A fenced block ```policy is a policy; ```list FILE before it is a file that it names. ```cases behind it has a case on
each line, GIVEN... -> EXPECTED, words as in a shell, but that a backslash is one and nothing is a comment:

    GIVEN     Keyword=value (a backslash separates values), Sequence[0].Keyword=value, (gggg,eeee)=value,
              (gggg,CREATOR,ee)=value, Command=C-STORE or C-ECHO, and options of dicom-spoa explain
    EXPECTED  POOL, or reject REASON; then result=, rule=, key=, called_ae=, calling_ae=, export.NAME=, data_set=

A block ```policy-error is a policy with mistakes; ```message behind it has pieces of the lines that dicom-spoa check
prints of it.
"""

import json
import os
import re
import shlex
import subprocess
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR, private_dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.uid import UID_dictionary

import objects
import wire
from children import PATIENCE, ROOT, command_of

POLICY_MD, COOKBOOK_MD = "docs/policy.md", "docs/cookbook.md"
UIDS = {keyword: uid for uid, (_, _, _, _, keyword) in UID_dictionary.items()}
NUMBERS = {"US": int, "SS": int, "UL": int, "SL": int, "UV": int, "SV": int, "FL": float, "FD": float}
# local time, without the time-zone database
CLOCK = {"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}


# Documents ----------------------------------------------------------------------------------------


@dataclass
class Example:
    document: str
    line: int  # of the policy's first line
    text: str
    lists: dict = field(default_factory=dict)  # {file name: text}
    cases: list = field(default_factory=list)  # (line, text)
    messages: list = field(default_factory=list)

    @property
    def name(self):
        return f"{os.path.basename(self.document)}:{self.line}"

    def write(self, directory):
        """The policy's path; its list files lie beside it."""
        for name, text in {**self.lists, "policy.json": self.text}.items():
            with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
                f.write(text)
        return os.path.join(directory, "policy.json")


def blocks(document):
    """(line, words of the fence, text) of every fenced block."""
    with open(os.path.join(ROOT, document), encoding="utf-8") as f:
        text = f.read()
    for found in re.finditer(r"(?ms)^```(\w[^\n]*)\n(.*?)^```$", text):
        yield text.count("\n", 0, found.start(2)) + 1, found[1].split(), found[2]


def examples(document):
    """Every policy of a document, mistaken ones among them."""
    found, lists = [], {}
    for line, (kind, *words), text in blocks(document):
        if kind == "list":
            lists[words[0]] = text
        elif kind in ("policy", "policy-error"):
            found.append(Example(document, line, text, lists))
            lists = {}
        elif kind == "cases":
            found[-1].cases = [(line + n, case) for n, case in enumerate(text.splitlines()) if case.strip()]
        elif kind == "message":
            found[-1].messages = text.splitlines()
    return found


def cases(*documents):
    """(Example, case) of every line below a policy."""
    return [(example, case) for document in documents for example in examples(document) for _, case in example.cases]


def words(text):
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    return list(lexer)


# What an SCU sends --------------------------------------------------------------------------------


@dataclass
class Given:
    """The left side of a case."""
    options: list = field(default_factory=list)  # for dicom-spoa explain
    association: dict = field(default_factory=dict)  # what no Part 10 file has
    command: dict = field(default_factory=dict)  # {element of group 0000: value}
    sop_class: str = wire.CT_IMAGE
    syntax: str = wire.EXPLICIT_LE
    dataset: Dataset = field(default_factory=Dataset)


def uid_of(text):
    return text if re.fullmatch(r"[0-9.]+", text) else UIDS[text]


def converted(vr, text):
    values = [NUMBERS[vr](value) for value in text.split("\\") if value] if vr in NUMBERS else text.split("\\")
    return values[0] if len(values) == 1 else values


def element_of(dataset, name):
    """(data set, tag, VR) of an attribute's name; items on the way are made."""
    *steps, last = re.findall(r"(?:\([^)]*\)|[^.(])+", name)
    for step in steps:
        keyword, number = re.fullmatch(r"(.*)\[(\d+)\]", step).groups()
        dataset, tag, _ = element_of(dataset, keyword)
        if tag not in dataset:
            dataset.add_new(tag, "SQ", [])
        items = dataset[tag].value
        while len(items) <= int(number):
            items.append(Dataset())
        dataset = items[int(number)]
    private = re.fullmatch(r"\(([0-9a-fA-F]{4}),(.*),([0-9a-fA-F]{2})\)", last)
    if private:
        group, creator, element = int(private[1], 16), private[2].strip('"'), int(private[3], 16)
        block = dataset.private_block(group, creator, create=True)
        try:
            vr = private_dictionary_VR(block.get_tag(element), creator)
        except KeyError:
            vr = "LO"
        return dataset, block.get_tag(element), vr
    plain = re.fullmatch(r"\(([0-9a-fA-F]{4}),([0-9a-fA-F]{4})\)", last)
    tag = int(plain[1] + plain[2], 16) if plain else tag_for_keyword(last)
    assert tag is not None, f"{last} is no keyword"
    return dataset, tag, dictionary_VR(tag)


def given(text):
    it, rest = Given(), words(text)
    while rest:
        word = rest.pop(0)
        name, sign, value = re.fullmatch(r"((?:\([^)]*\)|[^=(])+)(=?)(.*)", word, re.S).groups()
        tag = tag_for_keyword(name)
        if word.startswith("--"):
            it.options += [word, rest.pop(0)]
        elif not sign:
            raise ValueError(f"{word}: expected NAME=VALUE or an option")
        elif name == "SOPClassUID":
            it.sop_class = uid_of(value)
        elif name == "TransferSyntaxUID":
            it.syntax = uid_of(value)
        elif name in ("Command", "ImplementationClassUID", "ImplementationVersionName"):
            it.association[name] = value
        elif tag is not None and tag < 0x10000:
            it.command[tag] = int(value) if dictionary_VR(tag) == "US" else value
        else:
            dataset, tag, vr = element_of(it.dataset, name)
            dataset.add_new(tag, vr, converted(vr, value))
    it.dataset.SOPClassUID, it.dataset.SOPInstanceUID = it.sop_class, "1.2.826.0.1.3680043.9.7433.2.1"
    if not text.isascii() and "SpecificCharacterSet" not in it.dataset:
        it.dataset.SpecificCharacterSet = "ISO_IR 192"
    return it


def option_of(it, name, default):
    """Its value, which is taken out of the options."""
    if name not in it.options:
        return default
    at = it.options.index(name)
    value = it.options[at + 1]
    del it.options[at:at + 2]
    return value


def raw_bytes(it, thing):
    """What an SCU sends, for what a Part 10 file cannot tell."""
    contexts = [wire.Context(1, thing.sop_class, (thing.syntax,)),
                wire.Context(3, wire.VERIFICATION, (wire.IMPLICIT_LE,))]
    rq = wire.associate_rq(contexts, called=option_of(it, "--called-ae", "LB"),
                           calling=option_of(it, "--calling-ae", "SCU"),
                           implementation=(it.association.get("ImplementationClassUID", wire.IMPLEMENTATION_UID),
                                           it.association.get("ImplementationVersionName", wire.IMPLEMENTATION_NAME)))
    if it.association.get("Command", "C-STORE") == "C-ECHO":
        return rq + wire.p_data(wire.pdv(3, wire.c_echo_rq(), command=True))
    command = wire.c_store_rq(thing.sop_class, thing.uid, more=it.command)
    return rq + b"".join(wire.p_data(pdv) for pdv in wire.pdvs(1, command, True) + wire.pdvs(1, thing.data))


def write_object(it, directory):
    """The path of a Part 10 file, or of the bytes on the wire."""
    thing = objects.Object(it.sop_class, str(it.dataset.SOPInstanceUID), it.syntax,
                           objects.encode(it.dataset, it.syntax))
    path = os.path.join(directory, "object")
    if not it.association and not it.command:
        return objects.write_file(path, thing)
    with open(path, "wb") as f:
        f.write(raw_bytes(it, thing))
    return path


# The program --------------------------------------------------------------------------------------


def dicom_spoa(*arguments, wrapped=True):
    """(exit status, what it wrote to stdout, to stderr); behind AGENT_WRAPPER unless hundreds of runs are wanted"""
    program = command_of("DICOM_SPOA", os.path.join(ROOT, "build", "dicom-spoa"))
    if wrapped:
        program = command_of("AGENT_WRAPPER", "") + program
    done = subprocess.run([*program, *map(str, arguments)], timeout=PATIENCE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env={**os.environ, **CLOCK}, check=False)
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace")


def on_a_full_disk(*arguments):
    """(exit status, what it wrote to stderr) if stdout can take nothing"""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([*command_of("AGENT_WRAPPER", ""),
                               *command_of("DICOM_SPOA", os.path.join(ROOT, "build", "dicom-spoa")), *map(str, arguments)],
                              timeout=PATIENCE, stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stderr.decode("utf-8", "replace")


def explain(policy, it, directory):
    """What dicom-spoa explain --json says of what is given."""
    path = write_object(it, directory)
    status, output, errors = dicom_spoa("explain", policy, path, "--json", *it.options)
    assert status == 0, f"status {status}: {errors}"
    return json.loads(output)


def outcome(answer):
    """An answer of explain in the words of a case: {word: text}."""
    decision = answer["decision"]
    told = {"data_set": answer["data_set"], "pool": decision.get("backend"), "rule": decision["rule"]}
    refusal = decision.get("reject")
    if refusal:
        told.update({"pool": "reject", "reject": refusal["reason"], "result": refusal["result"]})
    for name in ("key", "called_ae", "calling_ae"):
        told[name] = decision.get(name) or ""
    for name, value in (answer.get("export") or {}).items():
        told[f"export.{name}"] = value or ""
    return told


def expected(text):
    """The right side of a case, in the same form."""
    pool, *rest = words(text)
    wanted = {"pool": pool}
    if pool == "reject":
        wanted["reject"] = rest.pop(0)
    for word in rest:
        name, _, value = word.partition("=")
        assert name in ("rule", "key", "called_ae", "calling_ae", "data_set", "result") or \
            name.startswith("export."), f"{word}: what is {name}?"
        wanted[name] = value
    return wanted
