# SPDX-License-Identifier: MIT
"""Archives are asked by an association and a C-ECHO, agents by SPOP: what accepts connections is not yet well."""

import html
import os
import re
import signal
import urllib.request

import pytest

import objects
import peers
import wire
from children import ROOT, Child, command_of, free_port, wait_until
from orthanc import Orthanc
from stack import statistics

# the times of the check, where a test cannot wait as long as pools.cfg does
QUICK = ("timeout check 1s", "default-server check inter 1s fastinter 200ms downinter 1s fall 2 rise 1")
SLACK = 10  # seconds, for a machine that does other things as well
ACCEPT, ECHO = "expected an A-ASSOCIATE-AC that accepts Verification", "expected a C-ECHO-RSP with status 0000"


def test_real_archives_are_up_and_absent_ones_down(balancer, storescp, raw_archive):
    lb = balancer({"ct": {"storescp": storescp("STORESCP"), "raw": raw_archive(), "absent": free_port()}}, checked=True)
    lb.wait_for_states(absent="DOWN")
    lb.wait_for_states(storescp="UP", raw="UP")
    checks = lb.stats()
    assert checks["ct/storescp"]["check_status"].startswith("L7OK")
    assert checks["ct/raw"]["check_status"].startswith("L7OK")


def test_the_check_is_a_whole_association_with_an_echo(balancer, raw_archive):
    archive = raw_archive()
    balancer({"ct": archive}, checked=True)
    archive.wait_for(lambda all_: any(a.ended == "release" for a in all_), "released association of the check")
    check = next(a for a in archive.associations if a.ended == "release")
    assert not check.early and not check.error
    assert [c.abstract for c in check.rq.contexts.values()] == [wire.VERIFICATION]
    assert [wire.us(command, 0x0100) for command, _ in check.messages] == [wire.C_ECHO_RQ]


def test_what_only_accepts_connections_is_down(balancer, raw_archive):
    lb = balancer({"ct": {"refuses": raw_archive(answer=lambda rq: wire.associate_rj(1, 1, 3)),
                          "closes": raw_archive(answer="close"), "silent": raw_archive(answer="silent"),
                          "no-dicom": raw_archive(answer=lambda rq: b"HTTP/1.1 400 Bad Request\r\n\r\n"),
                          "no-echo": raw_archive(answer=peers.accept_nothing_of(wire.VERIFICATION)),
                          "well": raw_archive()}}, checked=True)
    lb.wait_for_states(refuses="DOWN", closes="DOWN", silent="DOWN", **{"no-dicom": "DOWN", "no-echo": "DOWN"}, well="UP")
    for _ in range(6):
        peers.check_works(lb.port)


def bounds(lb):
    """(seconds until a failing archive is DOWN, until one that is well again is UP), by the configuration."""
    with open(os.path.join(lb.directory, "pools.cfg"), encoding="utf-8") as f:
        text = f.read()

    def last(name):
        number, unit = re.findall(rf"\b{name} (\d+)(ms|s|)\b", text)[-1]
        return int(number) / (1000 if unit == "ms" else 1)
    inter, fast, down, timeout = (last(name) for name in ("inter", "fastinter", "downinter", "timeout check"))
    return (inter + timeout + (last("fall") - 1) * (fast + timeout),
            timeout + down + (last("rise") - 1) * (fast + timeout))


def reach(lb, status, names, patience):
    """Wait until these servers of pool ct have this status; their rows of the stats page, by name, as they are between
    two checks: while one runs, no result is shown."""
    rows, results = {}, {}

    def reached():
        table = lb.stats()
        rows.update((name, table[f"ct/{name}"]) for name in names)
        results.update((name, row) for name, row in rows.items() if row["status"] == status and row["last_chk"])
        return len(results) == len(names) and all(row["status"] == status for row in rows.values())
    try:
        wait_until(reached, status, patience + SLACK)
    except AssertionError as late:
        raise AssertionError(f"{late}: {[(n, r['status'], r['last_chk']) for n, r in rows.items()]}") from None
    return results


def stats_page(lb, what="/stats"):
    with urllib.request.urlopen(f"http://127.0.0.1:{lb.stats_port}{what}", timeout=20) as page:
        return html.unescape(page.read().decode())


def hangs(archive):
    archive.gate.clear()


def answers(bytes_):
    def fault(archive):
        archive.answer = bytes_ if isinstance(bytes_, str) else lambda rq: bytes_
    return fault


def fails(archive):
    archive.respond = lambda request, status: wire.response_to(request, 0x0122)


def responds(pdu):
    """With this instead of a C-ECHO-RSP."""
    def fault(archive):
        archive._messages = lambda association, sock, ac: (association.stream.read_message(), sock.sendall(pdu),
                                                           archive._drain(association, sock))[2]
    return fault


def refuses_verification(archive):
    archive.answer = peers.accept_nothing_of(wire.VERIFICATION)


def cure(archive):
    archive.answer, archive.respond = peers.accept_all, wire.response_to
    archive.__dict__.pop("_messages", None)
    archive.gate.set()


# what goes wrong: (how, status of the check, what the stats page says, in this order)
FAULTS = {
    "silent": (answers("silent"), "L7TOUT", (ACCEPT,)),
    "hangs": (hangs, "L7TOUT", (ECHO,)),
    "rejects": (answers(wire.associate_rj(1, 1, 7)), "L7RSP", ("A-ASSOCIATE-RJ", "010107", ACCEPT)),
    "gone": (answers(wire.associate_rj(1, 3, 2)), "L7RSP", ("A-ASSOCIATE-RJ", "010302", ACCEPT)),
    "aborts": (answers(wire.abort(2, 1)), "L7RSP", ("A-ABORT", "0201", ACCEPT)),
    "closes": (answers("close"), "L7RSP", (ACCEPT,)),
    "http": (answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "L7RSP", ("no DICOM", "485454502F312E312034", ACCEPT)),
    "no-echo": (refuses_verification, "L7RSP", ("refused", ACCEPT)),
    "fails": (fails, "L7RSP", ("status 0122", ECHO)),
    "aborts-later": (responds(wire.abort(0, 0)), "L7RSP", ("A-ABORT", ECHO)),
}


def test_a_sick_archive_is_down_in_time_and_comes_back(balancer, raw_archive):
    """All faults at once, each at an archive of its own. What has answered is not waited for."""
    archives = {name: raw_archive() for name in [*FAULTS, "well"]}
    lb = balancer({"ct": archives}, checked=True, pool_lines=QUICK)
    till_down, till_up = bounds(lb)
    reach(lb, "UP", archives, till_down)
    for name, (fault, *_) in FAULTS.items():
        fault(archives[name])
    rows = reach(lb, "DOWN", FAULTS, till_down)
    for name, (_, status, said) in FAULTS.items():
        pattern = ".*".join(re.escape(words) for words in said)
        assert rows[name]["check_status"] == status, rows[name]
        assert rows[name]["check_desc"] == {"L7TOUT": "Layer7 timeout", "L7RSP": "Layer7 invalid response"}[status]
        assert re.search(pattern, rows[name]["last_chk"]), rows[name]
        for page in "/stats", "/stats;csv":
            wait_until(lambda p=page, it=f"ct[,/]{name}\\b.*{pattern}": re.search(it, stats_page(lb, p)),
                       f"{page} says of {name}: {said}")
    assert lb.stats()["ct/well"]["status"] == "UP"
    for name in FAULTS:
        cure(archives[name])
    reach(lb, "UP", archives, till_up)


# Busy is not down ---------------------------------------------------------------------------------


def closes_at_once(archive):
    """It does not wait, as PS3.8 9.2 (Sta13) has it, for the other side to close."""
    archive._drain = lambda association, sock: "closed"


def is_busy(lb, *names):
    """Whether the last check of each of these servers of pool ct was refused for the moment, and they are UP."""
    table = lb.stats()
    return all(table[f"ct/{name}"]["last_chk"].startswith("busy: A-ASSOCIATE-RJ") and
               table[f"ct/{name}"]["status"].startswith("UP") for name in names)


def test_an_archive_that_is_busy_is_up(balancer, raw_archive):
    """Whatever the reason, as long as it is for the moment; and whether it was up before or down."""
    answers_ = {f"{source}-{reason}": lambda rq, it=(source, reason): wire.associate_rj(2, *it)
                for source, reason in ((3, 1), (3, 2), (2, 1), (1, 1))}
    archives = {name: raw_archive() for name in [*answers_, "closes"]}
    archives["down"] = raw_archive(lambda rq: wire.associate_rj(1, 3, 2))
    lb = balancer({"ct": {**archives, "well": raw_archive()}}, checked=True,
                  pool_lines=[line.replace("200ms", "1s") for line in QUICK])  # as short as pools.cfg allows
    reach(lb, "DOWN", ["down"], bounds(lb)[0])
    for name, archive in archives.items():
        archive.answer = answers_.get(name, answers_["3-2"])
    closes_at_once(archives["closes"])
    wait_until(lambda: is_busy(lb, *archives), "all are busy, and up")
    downs = lb.stats()["ct/down"]["chkdown"]
    seen = {name: len(archive.associations) for name, archive in archives.items()}
    wait_until(lambda: all(len(archives[name].associations) > count + 5 for name, count in seen.items()), "more checks")
    table = lb.stats()
    assert {name: table[f"ct/{name}"]["chkdown"] for name in archives} == {**dict.fromkeys(archives, "0"), "down": downs}
    assert re.search(r"ct,3-2\b.*busy: A-ASSOCIATE-RJ, result, source and reason 020302", stats_page(lb, "/stats;csv"))
    assert "busy: A-ASSOCIATE-RJ, result, source and reason 020302" in stats_page(lb)
    for archive in archives.values():
        cure(archive)
    reach(lb, "UP", [*archives, "well"], 0)
    archives["down"].answer = lambda rq: wire.abort(2, 1)
    archives["closes"].stop()
    reach(lb, "DOWN", ["down", "closes"], bounds(lb)[0])


def test_an_archive_that_takes_one_association_at_a_time(balancer, dcmqrscp):
    """It stays the patient's archive while it stores: what it refuses is tried again, and nothing goes elsewhere."""
    archives = {f"general{number}": dcmqrscp(f"ONE{number}", associations=1, title="ONE") for number in (1, 2)}
    lb = balancer({"general": archives}, checked=True, settings={"DICOM_CHECK_CALLED": "ONE"},
                  policy={"rules": [], "default": {"backend": "general", "key": "PatientID"}})
    lb.wait_for_agent("UP")
    wait_until(lambda: all(lb.stats()[f"general/{name}"]["check_status"].startswith("L7OK") for name in archives), "checks")

    thing, next_one = (objects.make("CT", PatientID="P7") for _ in range(2))

    def begin(this):
        """An association that stores, and does not end; None if it is refused, since a check runs."""
        scu = peers.RawScu(lb.port)
        try:
            scu.associate(peers.contexts_for(this), called="ONE")
            assert scu.store(this) == 0
            return scu
        except peers.Aborted:
            scu.close()

    def home_of(scu):
        return "general/" + lb.association(scu)["server"]

    with wait_until(lambda: begin(thing), "the first study is stored") as long:
        home, = (name for name, row in lb.stats().items() if name.startswith("general/g") and row["scur"] == "1")
        wait_until(lambda: lb.stats()[home]["last_chk"].startswith("busy"), "the archive is busy", 40)
        failures = int(lb.stats()[home]["chkfail"])
        wait_until(lambda: int(lb.stats()[home]["chkfail"]) > failures + 3, "it stays so", 40)
        assert lb.stats()[home]["chkdown"] == "0"
        with peers.RawScu(lb.port) as scu:
            scu.associate(peers.contexts_for(next_one), called="ONE")
            with pytest.raises(peers.Aborted):
                scu.store(next_one)
        assert home_of(scu) == home and "(2/3/2)" in lb.association(scu)["error"]
        long.release()
    with wait_until(lambda: begin(next_one), "the second study is stored") as scu:
        scu.release()
    assert home_of(scu) == home


def one_at_a_time():
    """The lines that haproxy/README.md has for such archives."""
    with open(os.path.join(ROOT, "haproxy", "README.md"), encoding="utf-8") as f:
        example = f.read().split("    backend slow from dicom-archives\n")[1].split("\n\n")[0]
    return [line.strip() for line in example.splitlines() if not line.strip().startswith("server ")]


def test_an_archive_that_lets_the_next_association_wait(balancer, storescp):
    """With the lines of haproxy/README.md: neither the check nor the next study of the patient takes it for gone."""
    archives = {f"general{number}": storescp(f"S{number}", fork=False) for number in (1, 2)}
    lb = balancer({"general": archives}, checked=True, pool_lines=[*QUICK, *one_at_a_time(), "timeout queue 3s"],
                  policy={"rules": [], "default": {"backend": "general", "key": "PatientID"}})
    lb.wait_for_agent("UP")
    wait_until(lambda: all(lb.stats()[f"general/{name}"]["check_status"].startswith("L7OK") for name in archives), "checks")
    things = [objects.make("CT", PatientID="P7") for _ in range(3)]

    def stores(thing, **how):
        scu = peers.RawScu(lb.port)
        scu.associate(peers.contexts_for(thing))
        scu.send(scu.store_bytes(thing))
        return scu
    with stores(things[0]) as long:
        assert long.status() == 0
        home, = (name for name, row in lb.stats().items() if name.startswith("general/g") and row["scur"] == "1")
        wait_until(lambda: lb.stats()[home]["check_status"].startswith("* "), "a check waits")
        with stores(things[1]) as too_early, pytest.raises(peers.Aborted):
            wait_until(lambda: lb.stats()[home]["qcur"] == "1", "the next association waits")
            too_early.status()
        assert lb.association(too_early)["state"] == "sQ", "its time in the queue was over"
        assert lb.stats()[home]["status"] == "UP"
        with stores(things[2]) as scu:
            wait_until(lambda: lb.stats()[home]["qcur"] == "1", "the next association waits")
            long.release()
            assert scu.status() == 0
            scu.release()
    assert "general/" + lb.association(scu)["server"] == home
    wait_until(lambda: lb.stats()[home]["check_status"].startswith("L7OK"), "the check is answered")
    assert {(row["chkfail"], row["chkdown"]) for name, row in lb.stats().items() if name.startswith("general/g")} == {
        ("0", "0")}


@pytest.mark.parametrize("then", ["closes", "says nothing", "aborts"])
def test_what_follows_the_response_does_not_matter(balancer, raw_archive, then):
    """An archive that has answered the C-ECHO is well, whatever it makes of an A-RELEASE-RQ."""
    archive = raw_archive()
    send = archive._send

    def release_otherwise(sock, data):
        if data != wire.release_rp():
            send(sock, data)
        elif then == "aborts":
            send(sock, wire.abort(2, 0))
        elif then == "says nothing":
            archive._drain(peers.Association(wire.Stream(sock)), sock)
    archive._send = release_otherwise
    lb = balancer({"ct": {"odd": archive, "absent": free_port()}}, checked=True, pool_lines=QUICK)
    reach(lb, "DOWN", ["absent"], bounds(lb)[0])
    archive.wait_for(lambda all_: sum(a.ended == "release" for a in all_) > 2, "three checks")
    row = reach(lb, "UP", ["odd"], 0)["odd"]
    assert (row["chkfail"], row["chkdown"]) == ("0", "0"), row


def command_set(request, status, more=(), order=sorted):
    """A C-ECHO-RSP with other elements, in an order of its own."""
    elements = {**wire.parse_command_set(wire.response_to(request, status)), **dict(more)}
    elements.pop(0)
    parts = [wire.command_set({n: elements[n]})[12:] for n in order(elements)]
    return wire.command_set({})[:8] + len(b"".join(parts)).to_bytes(4, "little") + b"".join(parts)


def backwards(elements):
    return sorted(elements, reverse=True)


LOOKS_WELL = b"\0\0\0\x09\2\0\0\0\0\0"  # (0000,0900) Status 0000, as the value of another element
WELL = {
    "comment": lambda rq, _: command_set(rq, 0, {0x0902: "fine"}),
    "backwards": lambda rq, _: command_set(rq, 0, {0x0902: "fine"}, backwards),
}
SICK = {
    "comment": ("status A700", lambda rq, _: command_set(rq, 0xA700, {0x0902: "out of everything"})),
    "low-byte": ("status 0001", lambda rq, _: command_set(rq, 1)),
    "high-byte": ("status 1000", lambda rq, _: command_set(rq, 0x1000)),
    "lookalike": ("status ", lambda rq, _: command_set(rq, 0x0110, {0x0901: LOOKS_WELL + b"\0\0"})),
    "lookalike-before": ("status 0110", lambda rq, _: command_set(rq, 0x0110, {0x0120: LOOKS_WELL})),
    "backwards": ("status 0122", lambda rq, _: command_set(rq, 0x0122, {0x0902: "no"}, backwards)),
}


def test_whatever_else_is_in_the_response(balancer, raw_archive):
    """The status counts, wherever it stands, and nothing that only looks like it."""
    archives = {**{f"well-{name}": raw_archive(respond=how) for name, how in WELL.items()},
                **{f"sick-{name}": raw_archive(respond=how) for name, (_, how) in SICK.items()}}
    lb = balancer({"ct": archives}, checked=True, pool_lines=QUICK)
    rows = reach(lb, "DOWN", [f"sick-{name}" for name in SICK], bounds(lb)[0])
    for name, (said, _) in SICK.items():
        assert said in rows[f"sick-{name}"]["last_chk"], rows[f"sick-{name}"]
    for name in WELL:
        archives[f"well-{name}"].wait_for(lambda all_: sum(a.ended == "release" for a in all_) > 1, "released checks")
    rows = reach(lb, "UP", [f"well-{name}" for name in WELL], 0)
    assert {row["chkdown"] for row in rows.values()} == {"0"}


@pytest.mark.parametrize("piece", [1, 7, 10, 100])
def test_answers_in_pieces(balancer, raw_archive, piece):
    archives = {"well": raw_archive(piece=piece, pause=0.001),
                "fails": raw_archive(piece=piece, pause=0.001, respond=lambda rq, _: wire.response_to(rq, 0xA701)),
                "rejects": raw_archive(lambda rq: wire.associate_rj(1, 1, 7), piece=piece, pause=0.001)}
    lb = balancer({"ct": archives}, checked=True,
                  pool_lines=["timeout check 3s", QUICK[1]])
    rows = reach(lb, "DOWN", ["fails", "rejects"], bounds(lb)[0])
    assert "status A701" in rows["fails"]["last_chk"] and "010107" in rows["rejects"]["last_chk"]
    archives["well"].wait_for(lambda all_: sum(a.ended in ("release", "reset") for a in all_) > 1, "released checks")
    row = reach(lb, "UP", ["well"], 0)["well"]
    assert row["chkdown"] == "0" and row["chkfail"] == "0", row


def test_an_archive_that_comes_back_is_used_again(balancer, raw_archive):
    first = raw_archive()
    lb = balancer({"ct": first}, checked=True)
    lb.wait_for_states(ct1="UP")
    first.stop()
    lb.wait_for_states(ct1="DOWN")
    second = raw_archive(port=first.port)
    lb.wait_for_states(ct1="UP")
    thing = peers.check_works(lb.port)
    assert second.objects()[thing.uid] == thing.data


def test_an_agent_that_hangs_is_down_although_its_port_is_open(balancer, raw_archive):
    lb = balancer({"general": raw_archive()})
    lb.wait_for_agent("UP")
    os.kill(lb.agent.child.pid, signal.SIGSTOP)
    try:
        lb.wait_for_agent("DOWN")
    finally:
        os.kill(lb.agent.child.pid, signal.SIGCONT)
    lb.wait_for_agent("UP")


# A pool in a file of one's own ---------------------------------------------------------------------


class Existing:
    """An HAProxy that knew nothing of DICOM, with pools.cfg, and pools of its own behind it: {server: port}."""

    def __init__(self, directory, servers, titles):
        self.directory = str(directory)
        existing = ["global", f"    stats socket {self.directory}/existing.sock mode 600 level admin", "defaults",
                    "    mode http", "    timeout connect 2s", "    timeout client 10s", "    timeout server 10s"]
        own = []
        for name, port in servers.items():
            own += [f"backend {name}-pool from dicom-archives", *QUICK, f"    server {name} 127.0.0.1:{port}"]
        pools = os.path.join(ROOT, "haproxy", "pools.cfg")
        files = [self.write("existing.cfg", existing), pools, self.write("own.cfg", own)]
        titles = self.write("titles", [f"{name} {title}" for name, title in titles.items()])
        self.child = Child("existing", command_of("HAPROXY", "haproxy") + ["-db", "-f"] + " -f ".join(files).split(),
                           self.directory, env={"DICOM_AE_TITLES": titles})

    def write(self, name, lines):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        return path

    def wait_for(self, **wanted):
        """Until these servers are UP or DOWN, by a check; what it said."""
        def rows():
            assert self.child.alive(), self.child.log()
            try:
                table = statistics(os.path.join(self.directory, "existing.sock"))
            except OSError:  # not there yet
                return {}
            return {name: table[f"{name}-pool/{name}"] for name in wanted}

        def reached():
            return {name: row["last_chk"] for name, row in rows().items()
                    if row["status"] == wanted[name] and row["check_status"].startswith("L")}
        try:
            return wait_until(lambda: len(reached()) == len(wanted) and reached(), wanted, 3 + SLACK)
        except AssertionError:
            raise AssertionError(f"expected {wanted}, saw {rows()}") from None

    def stop(self):
        assert self.child.alive(), self.child.log()
        self.child.kill()


def test_a_pool_of_ones_own(owned, tmp_path, storescp, dcmqrscp):
    """One line gives it the check; among the archives are some that insist on their AE title."""
    store = storescp("STORESCP")
    query = dcmqrscp("QUERY")
    owned.append(Orthanc(str(tmp_path), DicomCheckCalledAet=True))
    orthanc = owned[-1].port
    haproxy = Existing(tmp_path, {"store": store.port, "query": query.port, "orthanc": orthanc, "stranger": query.port,
                                  "nobody": orthanc}, {"query": "QUERY", "orthanc": "ORTHANC"})
    owned.append(haproxy)
    said = haproxy.wait_for(store="UP", query="UP", orthanc="UP", stranger="DOWN", nobody="DOWN")
    assert re.search("A-ASSOCIATE-RJ.*010107.*" + ACCEPT, said["stranger"])
    assert re.search("A-ASSOCIATE-RJ.*010107.*" + ACCEPT, said["nobody"])
    os.kill(store.child.pid, signal.SIGSTOP)
    try:
        assert ACCEPT in haproxy.wait_for(store="DOWN")["store"]
    finally:
        os.kill(store.child.pid, signal.SIGCONT)
    haproxy.wait_for(store="UP")
    store.stop()
    haproxy.wait_for(store="DOWN")
