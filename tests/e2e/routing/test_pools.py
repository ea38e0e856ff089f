# SPDX-License-Identifier: MIT
"""What is promised to an SCU is what all pools accept that its study can still go to; and what they did not keep is not
promised again."""

import json
import os
import subprocess
import urllib.request

import pytest

import objects
import peers
import wire
from children import ROOT, command_of, free_port, wait_until

SYNTAXES = (wire.JPEG_2000_LOSSLESS, wire.EXPLICIT_LE, wire.IMPLICIT_LE)  # in the SCU's order
CONTEXTS = [wire.Context(1, wire.CT_IMAGE, SYNTAXES), wire.Context(3, wire.MR_IMAGE, SYNTAXES)]
BOTH = {"accepts": [{"sop_classes": ["@storage"], "transfer_syntaxes": ["JPEG2000Lossless", "ExplicitVRLittleEndian"]}],
        "maximum_length": 0}
PLAIN = {"accepts": [{"sop_classes": ["@storage"], "transfer_syntaxes": ["ImplicitVRLittleEndian",
                                                                       "ExplicitVRLittleEndian"]}],
         "maximum_length": 16384}
CT_ALONE = {"accepts": [{"sop_classes": ["CTImageStorage", "Verification"],
                         "transfer_syntaxes": ["JPEG2000Lossless"]}], "maximum_length": 8192}
RULES = [{"name": "ct", "if": {"CallingAETitle": "CT*", "Modality": "CT"}, "backend": "ct"},
         {"name": "mr", "if": {"CallingAETitle": "MR*", "Modality": "MR"}, "backend": "mr"},
         {"name": "both", "if": {"CallingAETitle": "BOTH", "Modality": "CT"}, "backend": "ct"},
         {"name": "others", "if": {"CallingAETitle": "BOTH"}, "backend": "mr"}]


def promise(lb, calling, contexts=CONTEXTS):
    """{context: transfer syntax or result} and Maximum Length of what an SCU is answered; nothing is sent."""
    with peers.RawScu(lb.port) as scu:
        ac = scu.associate(contexts, calling=calling)
        scu.send(wire.abort(0, 0))
    return {number: c.syntaxes[0] if c.result == 0 else c.result for number, c in ac.contexts.items()}, ac.max_length


def line(balancer, archives, pools, default="reject", **how):
    outcome = {"backend": default} if default != "reject" else {"reject": "no-reason-given"}
    lb = balancer(archives, policy={"rules": RULES, "default": outcome, "pools": pools}, **how)
    lb.wait_for_agent()
    return lb


@pytest.mark.parametrize("calling,expected,length", [
    ("CT1", {1: wire.JPEG_2000_LOSSLESS, 3: wire.JPEG_2000_LOSSLESS}, 131072),
    ("MR1", {1: wire.EXPLICIT_LE, 3: wire.EXPLICIT_LE}, 16384),
    ("BOTH", {1: wire.EXPLICIT_LE, 3: wire.EXPLICIT_LE}, 16384),
])
def test_what_all_pools_that_are_left_accept(balancer, raw_archive, calling, expected, length):
    lb = line(balancer, {"ct": raw_archive(), "mr": raw_archive()}, {"ct": BOTH, "mr": PLAIN})
    assert promise(lb, calling) == (expected, length)


def test_a_class_that_one_of_them_does_not_take(balancer, raw_archive):
    lb = line(balancer, {"ct": raw_archive(), "mr": raw_archive()}, {"ct": CT_ALONE, "mr": BOTH})
    assert promise(lb, "CT1") == ({1: wire.JPEG_2000_LOSSLESS, 3: 3}, 8192)
    assert promise(lb, "BOTH") == ({1: wire.JPEG_2000_LOSSLESS, 3: 3}, 8192)


def test_a_pool_of_which_nothing_is_known_counts_with_the_default(balancer, raw_archive):
    lb = line(balancer, {"ct": raw_archive(), "mr": raw_archive()}, {"ct": BOTH})
    assert promise(lb, "CT1") == ({1: wire.JPEG_2000_LOSSLESS, 3: wire.JPEG_2000_LOSSLESS}, 131072)
    assert promise(lb, "BOTH") == ({1: wire.EXPLICIT_LE, 3: wire.EXPLICIT_LE}, 16378)


def test_pools_without_a_common_syntax_are_not_promised(balancer, raw_archive):
    """Nothing can be promised: the association is passed through to the pool that it falls back to."""
    ct, mr = raw_archive(), raw_archive()
    implicit = {"accepts": [{"sop_classes": ["@storage"], "transfer_syntaxes": ["ImplicitVRLittleEndian"]}]}
    lb = line(balancer, {"ct": ct, "mr": mr}, {"ct": CT_ALONE, "mr": implicit})
    with peers.RawScu(lb.port) as scu:
        scu.associate(CONTEXTS, calling="BOTH")
        scu.release()
    assert mr.only().rq.raw == scu.rq and not ct.associations


def test_the_study_arrives_in_the_syntax_that_was_promised(balancer, raw_archive):
    ct, mr = raw_archive(answer=peers.accept_max_length(0)), raw_archive()
    lb = line(balancer, {"ct": ct, "mr": mr}, {"ct": BOTH, "mr": PLAIN})
    thing = objects.make("CT", syntax=wire.JPEG_2000_LOSSLESS)
    with peers.RawScu(lb.port) as scu:
        scu.associate(CONTEXTS, calling="CT1")
        assert scu.store(thing) == 0
        scu.release()
    assert ct.objects() == {thing.uid: thing.data} and not mr.associations
    assert {c.syntaxes for c in ct.only().rq.contexts.values()} == {(wire.JPEG_2000_LOSSLESS,)}


# Archives that are probed --------------------------------------------------------------------------


def accept_only(*syntaxes):
    """An archive's answer: the first proposed syntax of these, else result 4."""
    def answer(rq):
        contexts = {}
        for c in rq.contexts.values():
            found = [s for s in c.syntaxes if s in syntaxes]
            contexts[c.id] = (0, found[0]) if found else (4, c.syntaxes[0])
        return wire.associate_ac(rq, contexts)
    return answer


def answered(lb, count):
    wait_until(lambda: lb.agent.child.log().count("result=answered") >= count, f"{count} probes are answered")
    wait_until(lambda: len(lb.agent.policies()) >= 2, "the answers are in the policy")


def test_archives_are_asked_at_the_start(balancer, raw_archive):
    ct = [raw_archive(answer=accept_only(wire.JPEG_2000_LOSSLESS, wire.EXPLICIT_LE)),
          raw_archive(answer=accept_only(wire.JPEG_2000_LOSSLESS, wire.IMPLICIT_LE))]
    pool = {"archives": [{"address": f"127.0.0.1:{archive.port}", "called_ae": "CT"} for archive in ct]}
    lb = line(balancer, {"ct": {"ct1": ct[0], "ct2": ct[1]}, "mr": raw_archive()}, {"ct": pool, "mr": PLAIN})
    answered(lb, 2)
    wait_until(lambda: promise(lb, "CT1")[0] == {1: wire.JPEG_2000_LOSSLESS, 3: wire.JPEG_2000_LOSSLESS},
               "what both accept is promised")


def test_real_archives_that_differ(balancer, storescp):
    j2k, plain = storescp("J2K", options=("+xv",)), storescp("PLAIN", options=("+x=",))
    pools = {"ct": {"archives": [{"address": f"127.0.0.1:{j2k.port}"}]},
             "mr": {"archives": [{"address": f"127.0.0.1:{plain.port}"}]}}
    lb = line(balancer, {"ct": {"ct1": j2k.port}, "mr": {"mr1": plain.port}}, pools)
    answered(lb, 2)
    wait_until(lambda: promise(lb, "CT1")[0][1] == wire.JPEG_2000_LOSSLESS, "JPEG 2000 is promised for CT")
    assert promise(lb, "MR1")[0][1] == wire.EXPLICIT_LE
    thing = objects.make("CT", syntax=wire.JPEG_2000_LOSSLESS)
    with peers.RawScu(lb.port) as scu:
        scu.associate(CONTEXTS, calling="CT1")
        assert scu.store(thing) == 0
        scu.release()
    assert j2k.wait_for(1) == {thing.uid: thing.data}


def test_an_archive_that_is_down_keeps_its_answer_and_is_asked_again(balancer, raw_archive, owned):
    ct = raw_archive(answer=accept_only(wire.JPEG_2000_LOSSLESS))
    lb = line(balancer, {"ct": ct, "mr": raw_archive()},
              {"ct": {"archives": [{"address": f"127.0.0.1:{ct.port}"}]}, "mr": PLAIN})
    answered(lb, 1)
    ct.stop()
    lb.hang_up()  # probes again, in vain
    wait_until(lambda: "result=failed" in lb.agent.child.log(), "the archive is missed")
    assert promise(lb, "CT1")[0][1] == wire.JPEG_2000_LOSSLESS
    owned.append(peers.RawScp(answer=accept_only(wire.IMPLICIT_LE), port=ct.port))
    loads = len(lb.agent.policies())
    lb.hang_up()
    wait_until(lambda: len(lb.agent.policies()) >= loads + 2, "the new answer is in the policy")
    assert promise(lb, "CT1")[0][1] == wire.IMPLICIT_LE


def test_what_probe_prints_is_a_pool(balancer, raw_archive):
    ct = raw_archive(answer=accept_only(wire.IMPLICIT_LE))
    program = command_of("DICOM_SPOA", os.path.join(ROOT, "build", "dicom-spoa"))
    done = subprocess.run(program + ["probe", f"127.0.0.1:{ct.port}"], stdout=subprocess.PIPE, timeout=60, check=True)
    lb = line(balancer, {"ct": ct, "mr": raw_archive()}, {"ct": json.loads(done.stdout), "mr": PLAIN})
    assert promise(lb, "CT1")[0] == {1: wire.IMPLICIT_LE, 3: wire.IMPLICIT_LE}


# What is learned -----------------------------------------------------------------------------------


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def broken(lb, calling, thing, contexts=CONTEXTS):
    with peers.RawScu(lb.port) as scu:
        scu.associate(contexts, calling=calling)
        scu.send(scu.store_bytes(thing))
        assert scu.how_it_ends() == "abort"
    return lb.association(scu)["error"]


def kept(lb, calling, *things, contexts=CONTEXTS):
    with peers.RawScu(lb.port) as scu:
        scu.associate(contexts, calling=calling)
        for thing in things:
            assert scu.store(thing) == 0
        scu.release()
    return lb.association(scu)["error"]


def test_a_broken_promise_is_not_made_again(balancer, raw_archive):
    """Two agents and two threads: whoever is asked next knows. The metrics tell of it."""
    port = free_port()
    ct = raw_archive(answer=accept_only(wire.EXPLICIT_LE))
    lb = line(balancer, {"ct": ct, "mr": raw_archive()}, {"ct": BOTH, "mr": BOTH}, agents=2,
              settings={"DICOM_METRICS_BIND": f"127.0.0.1:{port}"})
    error = broken(lb, "CT1", objects.make("CT", syntax=wire.JPEG_2000_LOSSLESS))
    assert "context 1" in error and wire.CT_IMAGE in error
    for _ in range(6):
        thing = objects.make("CT", syntax=wire.EXPLICIT_LE)
        assert kept(lb, "CT1", thing) == "-"
        assert ct.objects()[thing.uid] == thing.data
    # of the other pool nothing was learned
    assert promise(lb, "MR1")[0][1] == wire.JPEG_2000_LOSSLESS
    assert 'dicom_splice_aborted_total{pool="ct",server="ct1",reason="promise"} 1\n' in metrics(port)


def test_a_class_that_the_archive_refuses_is_refused_next_time(balancer, raw_archive):
    ct = raw_archive(answer=peers.accept_nothing_of(wire.MR_IMAGE))
    lb = line(balancer, {"ct": ct, "mr": raw_archive()}, {"ct": BOTH})
    contexts = [wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,)), wire.Context(3, wire.MR_IMAGE, (wire.EXPLICIT_LE,))]
    broken(lb, "CT1", objects.make("CT"), contexts)
    assert promise(lb, "CT1", contexts)[0] == {1: wire.EXPLICIT_LE, 3: 4}
    assert kept(lb, "CT1", objects.make("CT"), contexts=contexts) == "-"


def test_a_smaller_maximum_length_is_promised_next_time(balancer, raw_archive):
    ct = raw_archive(answer=peers.accept_max_length(5000))
    lb = line(balancer, {"ct": ct, "mr": raw_archive()}, {"ct": BOTH})
    contexts = [wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))]
    assert promise(lb, "CT1", contexts)[1] == 131072
    broken(lb, "CT1", objects.make("CT"), contexts)
    assert promise(lb, "CT1", contexts)[1] == 5000
    assert kept(lb, "CT1", objects.make("CT"), contexts=contexts) == "-"


def test_a_refusal_teaches_nothing_and_is_counted(balancer, raw_archive):
    port = free_port()
    ct = raw_archive(answer=lambda rq: wire.associate_rj(2, 3, 1))
    lb = line(balancer, {"ct": ct, "mr": raw_archive()}, {"ct": BOTH},
              settings={"DICOM_METRICS_BIND": f"127.0.0.1:{port}"})
    for number in (1, 2):
        assert "2/3/1" in broken(lb, "CT1", objects.make("CT", syntax=wire.JPEG_2000_LOSSLESS))
        assert (f'dicom_splice_aborted_total{{pool="ct",server="ct1",reason="rejected 2/3/1"}} {number}\n'
                in metrics(port))
    assert promise(lb, "CT1")[0][1] == wire.JPEG_2000_LOSSLESS
