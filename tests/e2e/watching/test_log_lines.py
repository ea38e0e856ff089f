# SPDX-License-Identifier: MIT
"""HAProxy writes variables into its log as they are: nothing that a peer sends may forge a line, or a part of one."""

import peers
import wire

FORGERY = '1.2.3" error="-"\nclient="192.0.2.1:1" pool="ct"'  # no longer than a UID


def with_titles(rq, called, calling):
    return rq[:10] + called.ljust(16) + calling.ljust(16) + rq[42:]


def assert_printable(lb):
    for line in lb.log.lines:
        assert line.isascii() and line.isprintable(), repr(line)


def test_ae_titles(balancer, raw_archive):
    lb = balancer({"ct": raw_archive(), "general": raw_archive()})
    for called, calling in ((b'A" x="\n\xff\xc3\xa4%q', b'client="1.2.3.4'), (b"A\0B", b"'\\%[src]")):
        with peers.RawScu(lb.port) as scu:
            scu.send(with_titles(wire.associate_rq([wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))]),
                                 called, calling))
            scu.read_ac()
            scu.send(wire.abort())
            scu.how_it_ends()
        entry = lb.association(scu)
        assert entry["verdict"] == "accept" and "x" not in entry
        assert (entry["called_ae"][:2], entry["calling_ae"][0]) == ("A\\", chr(calling[0]))
    assert_printable(lb)


def test_uids_of_the_scu(balancer, raw_archive):
    lb = balancer({"ct": raw_archive(), "general": raw_archive()})
    for abstract in (FORGERY, "9" * 64):
        with peers.RawScu(lb.port) as scu:
            scu.associate([wire.Context(1, abstract, (wire.EXPLICIT_LE,))])
            scu.release()
        entry = lb.association(scu)
        assert (entry["calling_ae"], entry["pool"]) == ("SCU", "general")
        assert entry["error"].startswith("decided without the data set: only other services are proposed: ")
        assert len(entry["sop_class"]) <= 256
    assert len(lb.log.associations()) == 2
    assert_printable(lb)


def test_uids_of_the_archive(balancer, raw_archive):
    lb = balancer({"ct": raw_archive(answer=peers.accept_with(FORGERY)), "general": raw_archive()},
                  policy={"rules": [{"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}]})
    thing = peers.objects.make("CT")
    with peers.RawScu(lb.port) as scu:
        scu.associate(peers.contexts_for(thing))
        scu.send(scu.store_bytes(thing))
        assert scu.how_it_ends() == "abort"
    entry = lb.association(scu)
    assert entry["calling_ae"] == "SCU" and "accepted with 1.2.3??error" in entry["error"]
    assert_printable(lb)
