# SPDX-License-Identifier: MIT
"""dicom-spoa check and dicom-spoa explain, as a user calls them."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from pydicom.dataset import Dataset

import examples
import objects
import peers
import wire
from children import ROOT

HAPROXY = os.path.join(ROOT, "haproxy")
POLICY = os.path.join(HAPROXY, "policy.json")
CONFIGURATION = [os.path.join(HAPROXY, name) for name in ("haproxy.cfg", "dicom.cfg", "pools.cfg")]


def options(name, values):
    return [word for value in values for word in (name, value)]


@pytest.fixture
def written(tmp_path):
    """written(name, text or JSON) -> the path of a file"""
    def write(name, content):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
        return str(path)
    return write


@pytest.fixture
def check(tmp_path, written):
    """check(policy, *options) -> (exit status, lines), without the directory's name"""
    def run(policy, *arguments):
        path = policy if isinstance(policy, os.PathLike) else written("policy.json", policy)
        status, output, errors = examples.dicom_spoa("check", path, *arguments)
        assert errors == ""
        return status, output.replace(f"{tmp_path}{os.sep}", "").splitlines()
    return run


def rules(*conditions, default="general"):
    """A policy with one rule for each condition, that begins in the line of its number plus two."""
    text = ",\n".join(f'{{"name": "r{n}", "if": {json.dumps(condition)}, "backend": "p{n}"}}'
                      for n, condition in enumerate(conditions))
    return f'{{"rules": [\n{text}\n], "default": {{"backend": "{default}"}}}}\n'


# check: the pools of HAProxy ----------------------------------------------------------------------


@pytest.mark.parametrize("configuration", [CONFIGURATION, CONFIGURATION[-1:], [HAPROXY]],
                         ids=["files", "pools", "directory"])
def test_what_is_delivered_has_nothing_wrong(configuration):
    assert examples.dicom_spoa("check", POLICY, *options("--haproxy", configuration)) == (0, "", "")


def pools_of(rule):
    pools = rule.get("backend", [])
    return pools if isinstance(pools, list) else [pools]


def test_every_pool_that_is_delivered_is_used(check):
    """So the test above can fail: with an outcome less there is a warning."""
    with open(POLICY, encoding="utf-8") as f:
        policy = json.load(f)
    for pool in ("ct", "mr", "query", "general"):
        less = dict(policy, rules=[rule for rule in policy["rules"] if pool not in pools_of(rule)])
        status, lines = check(less, *options("--haproxy", CONFIGURATION))
        assert status == 0
        if pool == "general":
            # dicom.cfg's own default_backend, "${DICOM_DEFAULT_POOL-general}", names it
            assert not any('"general"' in line for line in lines)
        else:
            line, = lines
            assert re.search(rf'pools\.cfg:\d+:1: warning: no rule sends anything to the pool "{pool}"$', line)


def test_pools_that_haproxy_does_not_have(check):
    status, lines = check(rules({"Modality": "CT"}, {"Modality": "MR"}, default="generl"),
                          *options("--haproxy", CONFIGURATION))
    assert status == 1
    errors = [line for line in lines if "error" in line]
    assert errors == ['policy.json:2:53: error: "p0": HAProxy\'s configuration has no backend of that name',
                      'policy.json:3:53: error: "p1": HAProxy\'s configuration has no backend of that name',
                      'policy.json:4:27: error: "generl": HAProxy\'s configuration has no backend of that name, '
                      'did you mean "general"?']
    assert len([line for line in lines if "no rule sends anything" in line]) == 3  # ct, mr, query
    assert check(rules({"Modality": "CT"}, default="generl")) == (0, []), "without HAProxy nobody knows"


def test_a_backend_that_is_no_pool(check, written):
    config = written("x.cfg", "defaults\n mode http\nbackend web\n server a 127.0.0.1:1\n"
                              "backend p0\n mode tcp\n server a 127.0.0.1:1\n"
                              "backend agents\n mode tcp\n option spop-check\n server a 127.0.0.1:1\n"
                              "backend off\n mode tcp\n disabled\n server a 127.0.0.1:1\n"
                              "listen both\n mode tcp\n bind :1\n server a 127.0.0.1:1\n")
    for pool, fault in (("web", "is not in mode tcp (x.cfg:3)"), ("agents", "is for agents (x.cfg:8)"),
                        ("off", "is disabled (x.cfg:12)")):
        status, lines = check(rules({"Modality": "CT"}, default=pool), "--haproxy", config)
        assert status == 1
        assert f'policy.json:3:27: error: "{pool}": the backend of that name {fault}' in lines
    assert check(rules({"Modality": "CT"}, default="both"), *options("--haproxy", [CONFIGURATION[-1], config]))[0] == 0


def test_a_pool_without_a_dicom_check(check, written):
    """Its servers must be checked, and by an association: one line gives it both."""
    config = written("x.cfg", "defaults\nbackend p0\n mode tcp\n option tcp-check\n server a 127.0.0.1:1 check\n"
                              "backend other\n mode tcp\n server a 127.0.0.1:1\n"
                              "frontend f\n default_backend other\n"
                              "listen general from dicom-archives\n bind :1\n server a 127.0.0.1:1 no-check\n")
    status, lines = check(rules({"Modality": "CT"}), *options("--haproxy", [CONFIGURATION[-1], config]))
    assert (status, [line for line in lines if "DICOM check" in line]) == (0, [
        'x.cfg:2:1: warning: the pool "p0" has no DICOM check, so an archive that is down still gets associations; '
        'write: backend p0 from dicom-archives (haproxy/pools.cfg)',
        'x.cfg:11:1: warning: the pool "general" has no DICOM check, so an archive that is down still gets '
        'associations; write: listen general from dicom-archives (haproxy/pools.cfg)'])
    config = written("x.cfg", "backend p0 from dicom-archives\n server a 127.0.0.1:1\n")
    _, lines = check(rules({"Modality": "CT"}), *options("--haproxy", [CONFIGURATION[-1], config]))
    assert not any("p0" in line or "DICOM check" in line for line in lines)


TWO_SERVERS = " server a 127.0.0.1:1\n server b 127.0.0.1:2\n"
HASH, STICK = " balance hash var(txn.dicom.key)\n", " stick-table type string\n stick on var(txn.dicom.key)\n"
NO_EFFECT = ('x.json:2:{}: warning: "ct": the pool "here" (x.cfg:2) neither hashes the key nor sticks to it, so it has no '
             'effect there; write in the pool: balance hash var(txn.dicom.key)')
SPREAD = ('x.json:2:{}: warning: "ct" has no key, so a study can be spread over the {} servers of the pool "here" '
          '(x.cfg:2); write: "key": "PatientID"')


@pytest.mark.parametrize("pool,key,warning", [
    (" balance roundrobin\n" + TWO_SERVERS, "StudyInstanceUID", NO_EFFECT),
    (" balance leastconn\n" + TWO_SERVERS, "PatientID", NO_EFFECT),
    (" balance hash src\n" + TWO_SERVERS, "PatientID", NO_EFFECT),
    (HASH + " balance roundrobin\n" + TWO_SERVERS, ["PatientID", "StudyInstanceUID"], NO_EFFECT),
    (" balance random\n stick store-request var(txn.dicom.key)\n" + TWO_SERVERS, "PatientID", NO_EFFECT),
    (" balance static-rr\n server a 127.0.0.1:1\n", "PatientID", NO_EFFECT),  # until there are two
    (HASH + TWO_SERVERS, "PatientID", None),
    (TWO_SERVERS, "PatientID", None),  # as in dicom-archives
    (' balance hash "var(txn.dicom.key),lower"\n' + TWO_SERVERS, "PatientID", None),
    (" balance leastconn\n" + STICK + TWO_SERVERS, "PatientID", None),
    (" balance leastconn\n stick match var(txn.dicom.digest)\n" + TWO_SERVERS, "PatientID", None),
    (TWO_SERVERS, None, SPREAD),
    (" balance leastconn\n" + TWO_SERVERS, None, SPREAD),
    (HASH + TWO_SERVERS, None, SPREAD),
    (" server-template a 1-3 127.0.0.1:1\n", None, SPREAD.replace("{} servers", "3 servers")),
    (" server-template a 4 127.0.0.1:1\n", None, SPREAD.replace("{} servers", "4 servers")),
    (" server a 127.0.0.1:1\n server b 127.0.0.1:2 backup\n", None, None),
    (" balance source\n" + TWO_SERVERS, None, None),
    (" balance hash var(txn.dicom.institution)\n" + TWO_SERVERS, None, None),
    (" server a 127.0.0.1:1\n", None, None)])
@pytest.mark.parametrize("place", ["rules", "default"])
def test_what_keeps_a_study_at_one_archive(check, written, place, pool, key, warning):
    """A key, and a pool that looks at it; one without the other does nothing."""
    config = written("x.cfg", f"backend us from dicom-archives\nbackend here from dicom-archives\n{pool}")
    outcome = '"backend": ["us", "here"]' + (f', "key": {json.dumps(key)}' if key else "")
    rules_ = '"rules": [{"name": "ct", %s}]' % outcome if place == "rules" else '"rules": [], "default": {%s}' % outcome
    path = written("x.json", "{\n" + rules_ + "}")
    status, lines = check(pathlib.Path(path), *options("--haproxy", [CONFIGURATION[-1], config]))
    assert status == 0
    lines = [line for line in lines if '"here" (x' in line]
    if not warning:
        assert not lines
        return
    text = rules_.split('"key": ' if key else '"backend": ')[0]
    expected = warning.format(len(text) + len('"key": ' if key else '"backend": ') + 1, 2)
    assert lines == [expected if place == "rules" else expected.replace('warning: "ct"', 'warning: "default"')]


def test_the_configuration_of_several_files(check, written, tmp_path):
    """As with HAProxy's -f: in order, directories by their *.cfg, settings of "defaults" go on."""
    (tmp_path / "conf").mkdir()
    shutil.copy(CONFIGURATION[-1], tmp_path / "conf" / "20-pools.cfg")
    written("conf/10-more.cfg", "defaults\n mode http\n")
    written("conf/30-more.cfg", "backend p0\n server a 127.0.0.1:1\n")
    written("conf/30-more.txt", "backend not-read\n")
    last = written("last.cfg", "backend spare from dicom-archives\n server a 127.0.0.1:1\n")
    status, lines = check(rules({"Modality": "CT"}), "--haproxy", tmp_path / "conf", "--haproxy", last)
    assert status == 0
    assert [re.sub(r":\d+:1: warning: no rule sends anything to the pool", "", line) for line in lines
            if "no rule sends" in line] == [
        'conf/20-pools.cfg "ct"', 'conf/20-pools.cfg "mr"', 'conf/20-pools.cfg "query"', 'last.cfg "spare"']


def test_a_configuration_that_cannot_be_read(check, written, tmp_path):
    for argument, message in ((tmp_path / "nothing", "error: nothing: No such file or directory"),
                              (written("x.cfg", "global\nbackend\n"),
                               "error: x.cfg:2: a section of proxies without a name"),
                              (written("y.cfg", "backend a from nobody\n"),
                               'error: y.cfg:1: "from" names no defaults section above')):
        assert check(rules({"Modality": "CT"}), "--haproxy", argument) == (1, [message])


# check: rules and mistakes ------------------------------------------------------------------------


@pytest.mark.parametrize("above,below", [
    ({}, {"Modality": "CT"}),
    ({"Modality": "CT"}, {"Modality": "CT"}),
    ({"Modality": ["CT", "MR"]}, {"Modality": "MR"}),
    ({"Modality": "C*"}, {"Modality": ["CT", "CR"]}),
    ({"Modality": {"regex": "^C"}}, {"Modality": "CT"}),
    ({"Modality": "CT"}, {"Modality": "CT", "BodyPartExamined": "HEAD"}),
    ({"Modality": "CT"}, {"all": [{"BodyPartExamined": "HEAD"}, {"Modality": "CT"}]}),
    ({"any": [{"Modality": "CT"}, {"BodyPartExamined": "HEAD"}]}, {"BodyPartExamined": "HEAD"}),
    ({"Modality": ["CT", "MR"]}, {"any": [{"Modality": "CT"}, {"Modality": "MR"}]}),
    ({"not": {"Modality": "CT"}}, {"not": {"Modality": ["CT", "MR"]}}),
    ({"StationName": {"present": True}}, {"StationName": "X*"}),
    ({"StudyDescription": {"is": "head", "ignore_case": True}}, {"StudyDescription": "HEAD"}),
    ({"SOPClassUID": "@storage"}, {"SOPClassUID": "CTImageStorage"}),
    ({"(0008,0060)": "CT"}, {"Modality": "CT"}),
    ({"sample": {"percent": 5, "by": "PatientID"}}, {"sample": {"percent": 5, "by": "PatientID"}, "Modality": "CT"}),
    ({"schedule": {"from": "20:00"}}, {"schedule": {"from": "20:00"}}),
], ids=lambda value: json.dumps(value))
def test_a_rule_that_is_never_reached(check, above, below):
    assert check(rules({"PatientID": "X"}, above, below)) == (0, [
        'policy.json:4:10: warning: rules[2]: "r2" is never reached: "r1" above it matches all that it matches'])


@pytest.mark.parametrize("above,below", [
    ({"Modality": "CT"}, {}),
    ({"Modality": "CT"}, {"Modality": ["CT", "MR"]}),
    ({"Modality": "CT", "BodyPartExamined": "HEAD"}, {"Modality": "CT"}),
    ({"Modality": "C*"}, {"Modality": "?T"}),
    ({"Modality": "CT"}, {"any": [{"Modality": "CT"}, {"BodyPartExamined": "HEAD"}]}),
    ({"not": {"Modality": ["CT", "MR"]}}, {"not": {"Modality": "CT"}}),
    ({"not": {"Modality": "CT"}}, {"Modality": "MR"}),  # CT\MR is possible
    ({"StudyDescription": "head"}, {"StudyDescription": {"is": "head", "ignore_case": True}}),
    ({"StudyDate": {"newer_than": "5 years"}}, {"StudyDate": "20200101"}),
    ({"StudyDate": {"older_than": "5 years"}}, {"StudyDate": "20200101"}),
    ({"sample": {"percent": 5, "by": "PatientID"}}, {"sample": {"percent": 6, "by": "PatientID"}}),
    ({"schedule": {"from": "20:00"}}, {"schedule": {"from": "19:00"}}),
    ({"StationName": {"empty": False}}, {"StationName": {"present": True}}),
], ids=lambda value: json.dumps(value))
def test_a_rule_that_is_reached(check, above, below):
    assert check(rules({"PatientID": "X"}, above, below)) == (0, [])


MISTAKES = """{ "rules": [
  { "name": "a", "if": { "Modalty": "CT" }, "backend": "x" },
  { "name": "b", "if": { "Rows": { "from": "many" } }, "backend": "x" },
  { "name": "c", "if": { "Modality": { "in": "scaners" } }, "backend": "x" },
  { "name": "d", "if": { "PatientID": { "regex": "(" } }, "backend": "x" },
  { "name": "e", "if": { "any": [] }, "backend": "x" },
  { "name": "f", "if": { "StudyDate": { "older_than": "5 jears" } }, "backend": "x" },
  { "name": "a", "backend": "x" },
  { "name": "g", "reject": "no-reson-given" },
  { "name": "h", "backend": "x", "called_ae": "LONGER_THAN_SIXTEEN" },
  { "name": "i" }
], "lists": { "scanners": ["CT1"] },
"defualt": { "backend": "x" },
"negotiate": { "maximum_length": 5 } }
"""


def test_many_mistakes_at_once(check):
    """Each in a line of its own: what is wrong in one place hides nothing elsewhere."""
    status, lines = check(MISTAKES, *options("--haproxy", CONFIGURATION))
    assert status == 1
    places = [re.match(r"policy\.json:(\d+):(\d+): error: (.+)$", line) for line in lines]
    assert all(places), lines
    found = {int(place[1]): place[3] for place in places}
    assert len(found) == len(places) == 12
    for line, text in ((2, 'rules[0].if.Modalty: "Modalty": not an attribute, did you mean "Modality"?'),
                       (3, "rules[1].if.Rows.from"), (4, "rules[2].if.Modality.in"), (5, "rules[3].if.PatientID.regex"),
                       (6, "rules[4].if.any"), (7, "rules[5].if.StudyDate.older_than"), (8, "rules[6].name"),
                       (9, "rules[7].reject"), (10, "rules[8].called_ae"), (11, "rules[9]"), (13, "defualt"),
                       (14, "negotiate.maximum_length")):
        assert found[line].startswith(text), found[line]
    in_rules = [int(place[1]) for place in places if place[3].startswith("rules[")]
    assert [line for line in in_rules if line != 8] == [2, 3, 4, 5, 6, 7, 9, 10, 11]
    for line, word in ((4, "scanners"), (9, "no-reason-given"), (13, "default")):
        assert f'did you mean "{word}"?' in found[line]


def test_more_mistakes_than_anybody_reads(check):
    status, lines = check(rules(*({"Modalty": "CT"} for _ in range(300))))
    assert (status, len(lines), lines[-1]) == (1, 201, "and 100 more")
    assert [int(line.split(":")[1]) for line in lines[:-1]] == list(range(2, 202))


@pytest.mark.parametrize("text,message", [
    ("", "error: "), ('{"rules": [', "error: "), ("[]", "expected an object"), ("{}", 'expected a list "rules"'),
    ('{"rules": [],\n "rules": []}', "policy.json:2:"), ("\0", "error: "), (b"\xff{}", "error: ")],
    ids=["empty", "cut", "list", "nothing", "twice", "zero", "latin1"])
def test_no_policy(check, text, message):
    status, lines = check(text)
    assert status == 1 and len(lines) == 1 and message in lines[0]


def test_a_policy_that_cannot_be_read(check, tmp_path):
    assert check(tmp_path / "none") == (1, ["none: error: cannot be read: No such file or directory"])
    (tmp_path / "folder").mkdir()
    assert check(tmp_path / "folder") == (1, ["folder: error: cannot be read: Is a directory"])


def test_mistakes_in_a_list_file(check, written):
    written("nets.txt", "# ours\n10.0.0.0/8\nten\n")
    status, lines = check({"lists": {"nets": {"file": "nets.txt"}, "unused": ["x"]},
                           "rules": [{"name": "n", "if": {"ClientAddress": {"in": "nets"}}, "backend": "x"}]})
    assert status == 1
    assert lines[0].startswith("nets.txt:3:1: error: for ClientAddress: ")
    written("nets.txt", "10.0.0.0/8\n")
    status, (line,) = check({"lists": {"nets": {"file": "nets.txt"}, "unused": ["x"]},
                             "rules": [{"name": "n", "if": {"ClientAddress": {"in": "nets"}}, "backend": "x"}]})
    assert status == 0 and 'warning: lists.unused: no rule uses this list' in line


# Usage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [
    [], ["--what"], ["nonsense"], ["check"], ["check", POLICY, POLICY], ["check", "--haproxy"],
    ["check", POLICY, "--haproxi", HAPROXY, "--what"], ["explain"], ["explain", POLICY], ["explain", POLICY, "a", "b"],
    ["explain", POLICY, "a", "--from", "10.1"], ["explain", POLICY, "a", "--from", "host.example.org"],
    ["explain", POLICY, "a", "--port", "65536"], ["explain", POLICY, "a", "--port", "-1"],
    ["explain", POLICY, "a", "--port", "http"], ["explain", POLICY, "a", "--port", "104.7"],
    ["explain", POLICY, "a", "--port", "1e2"], ["explain", POLICY, "a", "--port", ""],
    ["explain", POLICY, "a", "--calling-ae", "A\\B"], ["explain", POLICY, "a", "--called-ae", "R\u00f6ntgen"],
    ["explain", POLICY, "a", "--called-ae", " "], ["explain", POLICY, "a", "--at", "yesterday"],
    ["explain", POLICY, "a", "--at", "2026-02-30T10:00"], ["explain", POLICY, "a", "--calling-ae", ""],
    ["explain", POLICY, "a", "--called-ae", "SEVENTEEN_LETTERS"], ["explain", POLICY, "a", "--user", "x" * 1025],
    ["explain", POLICY, "a", "--json=yes"], ["explain", POLICY, "a", "--colour"]],
    ids=lambda arguments: " ".join(os.path.basename(word)[:12] for word in arguments))
def test_bad_usage(arguments):
    status, output, errors = examples.dicom_spoa(*arguments)
    assert (status, output) == (2, "")
    assert "usage: dicom-spoa" in errors


@pytest.mark.parametrize("command", [[], ["check"], ["explain"], ["serve"]], ids=" ".join)
def test_help(command):
    status, output, errors = examples.dicom_spoa(*command, "--help")
    assert (status, errors) == (0, "")
    assert output.startswith(f"usage: dicom-spoa {' '.join(command)}")


FULL = "dicom-spoa: standard output: No space left on device\n"


@pytest.mark.parametrize("command", ["--help", "--version", "explain --help", "check POLICY", "explain POLICY FILE",
                                     "explain POLICY FILE --json", "pseudonym --key KEY 4711"])
def test_a_full_disk(written, command):
    """What is printed is written, or the status says that it is not."""
    files = {"POLICY": written("policy.json", rules({"PatientID": "X"}, {}, {})), "KEY": written("key", "0123456789abcdef"),
             "FILE": objects.write_file(written("ct.dcm", ""), objects.make("CT"))}
    os.chmod(files["KEY"], 0o600)
    status, errors = examples.on_a_full_disk(*(files.get(word, word) for word in command.split()))
    assert status == 1 and errors.endswith(FULL), errors


# explain ------------------------------------------------------------------------------------------

BY_MODALITY = {"rules": [{"name": "lab", "if": {"CallingAETitle": "LAB*"}, "backend": "lab"},
                         {"name": "ct", "if": {"Modality": "CT", "BodyPartExamined": ["CHEST", "ABDOMEN"]},
                          "backend": "ct", "key": "PatientID"}],
               "default": {"backend": "general"}, "export": {"modality": "Modality"}}
CONTEXTS = [wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,)),
            wire.Context(3, wire.VERIFICATION, (wire.IMPLICIT_LE,))]


def explained(policy, path, *arguments):
    status, output, errors = examples.dicom_spoa("explain", policy, path, "--json", *arguments)
    assert (status, errors) == (0, "")
    return json.loads(output)


def message(thing):
    command = wire.c_store_rq(thing.sop_class, thing.uid)
    return b"".join(wire.p_data(pdv) for pdv in wire.pdvs(1, command, True) + wire.pdvs(1, thing.data))


def late():
    """An object whose BodyPartExamined lies behind all that HAProxy's buffer holds."""
    before = Dataset()
    before.private_block(0x0009, "LARGE", create=True).add_new(1, "OB", bytes(120000))
    return objects.make("CT", size=100, before=before)


def test_explain_as_json(written):
    """Everything that docs/policy.md and programs count on."""
    policy = written("policy.json", BY_MODALITY)
    path = objects.write_file(written("ct.dcm", ""), objects.make("CT", PatientID="P7"))
    answer = explained(policy, path, "--calling-ae", "CT1")
    assert answer["decision"] == {"rule": "ct", "backend": "ct", "key": "P7"}
    assert answer["data_set"] == "needed" and 100 < answer["bytes"] < 600
    assert answer["attributes"] == {"CallingAETitle": ["CT1"], "Modality": ["CT"], "BodyPartExamined": ["CHEST"],
                                    "PatientID": ["P7"]}
    assert answer["export"] == {"modality": "CT"}
    assert [(rule["name"], rule["matches"]) for rule in answer["rules"]] == [("lab", "no"), ("ct", "yes")]
    reasons = answer["rules"][1]["because"]
    assert [(r["attribute"], r["values"], r["state"], r["result"]) for r in reasons] == [
        ("Modality", ["CT"], "present", "yes"), ("BodyPartExamined", ["CHEST"], "present", "yes")]
    assert reasons[1]["test"] == ["CHEST", "ABDOMEN"]
    assert "error" not in answer


def test_explain_as_text(written):
    policy = written("policy.json", BY_MODALITY)
    path = objects.write_file(written("mr.dcm", ""), objects.make("MR"))
    status, output, errors = examples.dicom_spoa("explain", policy, path)
    assert (status, errors) == (0, "")
    lines = output.splitlines()
    assert lines[0] == 'pool general by rule "default"'
    assert 'rule "lab" does not match' in lines and 'rule "ct" does not match' in lines
    assert any(re.match(r'\s+no\s+Modality = "MR"; wanted: "CT"$', line) for line in lines)
    assert '    txn.dicom.modality "MR"' in lines


def test_explain_what_would_move_the_cursor(written):
    """A file's values do nothing to the terminal on which they are shown."""
    policy = written("policy.json", BY_MODALITY | {"default": {"backend": "general", "key": "Modality"}})
    path = objects.write_file(written("mr.dcm", ""), objects.make("\x1b[2J"))
    status, output, _ = examples.dicom_spoa("explain", policy, path)
    assert status == 0
    assert output.count("\\u001B[2J") == 3  # key, export, rule
    assert "\x1b" not in output


def test_explain_a_refusal(written):
    policy = written("policy.json", {"rules": [{"name": "no", "if": {"Modality": "CT"},
                                                "reject": "temporary-congestion", "result": "permanent"}]})
    path = objects.write_file(written("ct.dcm", ""), objects.make("CT"))
    assert explained(policy, path)["decision"] == {
        "rule": "no", "reject": {"reason": "temporary-congestion", "result": "permanent"}}
    path = objects.write_file(written("mr.dcm", ""), objects.make("MR"))
    assert explained(policy, path)["decision"] == {
        "rule": "default", "reject": {"reason": "no-reason-given", "result": "permanent"}}


def test_explain_what_an_scu_has_sent(written):
    policy, thing = written("policy.json", BY_MODALITY), objects.make("CT", size=300000)
    path = written("capture", wire.associate_rq(CONTEXTS, calling="CT1") + message(thing))
    assert explained(policy, path)["decision"] == {"rule": "ct", "backend": "ct", "key": "P0"}
    assert explained(policy, path)["attributes"]["CallingAETitle"] == ["CT1"]
    answer = explained(policy, path, "--calling-ae", "LAB1")
    assert answer["decision"] == {"rule": "lab", "backend": "lab"}
    path = written("capture", wire.associate_rq(CONTEXTS, calling="LAB7") + message(thing))
    assert explained(policy, path)["decision"]["rule"] == "lab"


@pytest.mark.parametrize("length", [114689, 118284, 130048])
def test_explain_a_large_request(written, length):
    """HAProxy holds more of an A-ASSOCIATE-RQ than of the data behind it."""
    policy = written("policy.json", BY_MODALITY)
    contexts = [wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))]
    contexts += [wire.Context(i, wire.CT_IMAGE, ("1.2.840.10008.1.2.4.%044d" % i,) * 15) for i in range(3, 255, 2)]
    while len(wire.associate_rq(contexts, calling="LAB1")) + 1000 > length:
        contexts.pop()
    rest = length - len(wire.associate_rq(contexts, calling="LAB1"))
    rq = wire.associate_rq(contexts, calling="LAB1", extra=wire.item(0xfe, bytes(rest - 4)))
    assert len(rq) == length
    assert explained(policy, written("capture", rq))["decision"] == {"rule": "lab", "backend": "lab"}
    assert explained(policy, written("capture", rq), "--calling-ae", "CT1")["decision"]["rule"] == "default"


def test_explain_a_request_beyond_the_buffer(written):
    contexts = [wire.Context(i, wire.CT_IMAGE, ("1.2.840.10008.1.2.4.%044d" % i,) * 20) for i in range(1, 255, 2)]
    rq = wire.associate_rq(contexts, calling="LAB1")
    assert len(rq) > 130048
    status, output, errors = examples.dicom_spoa("explain", written("policy.json", BY_MODALITY), written("capture", rq))
    assert (status, output) == (1, "") and "longer than HAProxy's buffer" in errors


@pytest.fixture
def samples(tmp_path):
    subprocess.run([sys.executable, "-B", os.path.join(ROOT, "dicom-samples", "build.py"), str(tmp_path / "samples")],
                   check=True)
    return tmp_path / "samples"


def test_every_sample_goes_where_it_is_expected(samples):
    with open(os.path.join(ROOT, "dicom-samples", "expected.tsv"), encoding="utf-8") as f:
        head, *rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    assert head == ["sample", "modality", "rule", "pool"]
    # the archive for queries has ct-prior from the start
    assert sorted([f"{row[0]}.dcm" for row in rows] + ["ct-prior.dcm"]) == sorted(os.listdir(samples))
    syntaxes = set()
    for name, modality, rule, pool in rows:
        path = samples / f"{name}.dcm"
        answer = explained(POLICY, path)
        assert (answer["decision"]["rule"], answer["decision"]["backend"]) == (rule, pool), name
        assert answer["attributes"]["Modality"] == [modality] and "error" not in answer
        syntaxes.add(objects.split_file(path)[0])
        status, output, _ = examples.dicom_spoa("explain", POLICY, path, wrapped=False)
        assert status == 0 and output.startswith(f'pool {pool} by rule "{rule}"\n'), name
    assert {wire.DEFLATED, wire.EXPLICIT_BE, wire.IMPLICIT_LE, wire.EXPLICIT_LE} <= syntaxes


def test_explain_a_file_that_is_larger_than_any_buffer(written):
    policy = written("policy.json", BY_MODALITY)
    path = objects.write_file(written("big.dcm", ""), objects.make("CT", size=5000000))
    assert explained(policy, path)["decision"]["rule"] == "ct"
    path = objects.write_file(written("late.dcm", ""), late())
    answer = explained(policy, path)
    assert answer["decision"] == {"rule": "default", "backend": "general"}
    assert answer["bytes"] > 100000 and "not decided" in answer["error"]
    status, output, _ = examples.dicom_spoa("explain", policy, path)
    assert status == 0 and answer["error"] in output


def test_explain_says_what_haproxy_does(balancer, raw_archive, written):
    """The same bytes, in both."""
    archives = {pool: raw_archive() for pool in ("lab", "ct", "general")}
    lb = balancer(archives, policy=BY_MODALITY)
    rq = wire.associate_rq(CONTEXTS)
    ct, mr = objects.make("CT", size=30000), objects.make("MR", size=30000)
    for name, sent in (("ct", rq + message(ct)), ("mr", rq + message(mr)), ("late", rq + message(late())),
                       ("lab", wire.associate_rq(CONTEXTS, calling="LAB1") + message(mr)),
                       ("released", rq + wire.release_rq()),
                       ("echo", rq + wire.p_data(wire.pdv(3, wire.c_echo_rq(), command=True)))):
        decision = explained(lb.policy_path, written(name, sent))["decision"]
        with peers.RawScu(lb.port) as scu:
            end = 6 + int.from_bytes(sent[2:6], "big")
            scu.send(sent[:end])
            scu.read_ac()
            scu.send(sent[end:])
            if name == "released":
                assert scu.read_pdu()[0] == wire.RELEASE_RP
            else:
                assert scu.status() == 0
                scu.release()
        entry = lb.association(scu)
        assert (entry["rule"], entry["pool"]) == (decision["rule"], decision["backend"]), name
        assert ("not decided" in entry["error"]) == (name == "late")


@pytest.mark.parametrize("content,why", [
    (b"", "neither a DICOM file nor"), (b"hello", "neither a DICOM file nor"),
    (objects.noise(200000), "neither a DICOM file nor"),
    (b"\0" * 200000, "neither a DICOM file nor"), (b"\0" * 128 + b"DICM", "names no SOP class or no transfer syntax"),
    (b"\0" * 128 + b"DICM" + objects.noise(5000), "names no SOP class or no transfer syntax"),
    (b"\1", "it ends before its A-ASSOCIATE-RQ does"), (wire.associate_rq(CONTEXTS)[:-1], "it ends before its"),
    (wire.pdu(1, objects.noise(500)), "capture: "),
    (b"\1\0\xff\xff\xff\xff" + bytes(200000), "longer than HAProxy's buffer"),
    (wire.associate_rq(CONTEXTS) + objects.noise(3000), "unexpected PDU"),
    (wire.associate_rq(CONTEXTS) + wire.abort(), "the SCU has aborted"),
    (wire.associate_rq(CONTEXTS) + wire.p_data(objects.noise(100)), "capture: ")],
    ids=["empty", "text", "noise", "zeros", "no-header", "noisy-header", "one-byte", "cut", "noisy-rq", "endless",
         "noise-behind", "aborted", "noisy-data"])
def test_explain_what_is_no_dicom(written, content, why):
    path = written("capture", content)
    status, output, errors = examples.dicom_spoa("explain", written("policy.json", BY_MODALITY), path)
    assert (status, output) == (1, "")
    assert errors.startswith(f"dicom-spoa: {path}: ") and why in errors and errors.count("\n") == 1


def test_explain_what_cannot_be_read(written, tmp_path):
    policy = written("policy.json", BY_MODALITY)
    for path, why in ((tmp_path / "none", "No such file or directory"), (tmp_path, "Is a directory")):
        assert examples.dicom_spoa("explain", policy, path) == (1, "", f"dicom-spoa: {path}: {why}\n")


def test_explain_with_what_is_no_policy(written):
    path = objects.write_file(written("ct.dcm", ""), objects.make("CT"))
    for text in ("", "{}", MISTAKES):
        status, output, errors = examples.dicom_spoa("explain", written("policy.json", text), path, "--json")
        assert (status, output) == (1, "") and "policy.json" in errors and "error: " in errors
    assert errors.count("\n") == 12, "all that check would say"
