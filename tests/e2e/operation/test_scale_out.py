# SPDX-License-Identifier: MIT
"""More than one load balancer, and more than one HAProxy on a host."""

import base64
import hmac
import re
import signal

import pytest

import objects
import peers
from certificates import Authority
from children import PATIENCE, free_port, wait_until
from peers import settle

PATIENTS = [f"PAT{number:04}" for number in range(40)]
STRANGERS = [f"NEW{number:04}" for number in range(30)]
SECRET = bytes(range(32))
# the archives' checks, where a test waits for what they find
QUICK = ["default-server inter 300ms fastinter 100ms downinter 200ms"]


def policy(pool):
    return {"rules": [{"name": "others", "key": "PatientID", "backend": pool}]}


def archives_of(pool, raw_archive):
    return {f"{pool}{number}": raw_archive() for number in (1, 2, 3)}


def wait_for_state(lbs, server, state):
    for lb in lbs:
        wait_until(lambda it=lb: it.server_states()[server].startswith(state), f"{server} is {state}")


def test_two_that_know_nothing_of_each_other_agree(balancer, raw_archive):
    """Also while an archive is down, and when it is back; and it does not matter in which order they name them."""
    archives = archives_of("general", raw_archive)
    how = {"policy": policy("general"), "checked": True, "pool_lines": QUICK}
    order = dict(reversed(archives.items()))
    first = balancer({"general": archives}, **how)
    second = balancer({"general": order}, ids={f"general{number}": number for number in (1, 2, 3)}, **how)
    before = settle(first, archives, PATIENTS)
    assert set(before.values()) == set(archives)
    assert settle(second, archives, PATIENTS) == before

    archives["general2"].stop()
    wait_for_state([first, second], "general/general2", "DOWN")
    meanwhile = settle(second, archives, PATIENTS)
    assert all((before[patient] == meanwhile[patient]) == (before[patient] != "general2") for patient in PATIENTS)
    assert settle(first, archives, PATIENTS) == meanwhile

    archives["general2"] = raw_archive(port=archives["general2"].port)
    wait_for_state([first, second], "general/general2", "UP")
    assert settle(first, archives, PATIENTS) == before
    assert settle(second, archives, PATIENTS) == before


# sticky.cfg ---------------------------------------------------------------------------------------


def entries(lb):
    """{key: server} in the table of the pool `studies`."""
    rows = [dict(word.split("=", 1) for word in line.split() if "=" in word)
            for line in lb.admin("show table studies").splitlines() if "server_key=" in line]
    return {row["key"]: row["server_key"] for row in rows}


def digest(patient):
    """What the table has instead of a key."""
    return hmac.digest(SECRET, patient.encode(), "sha256")[:16].hex().upper()


def wait_for_entries(lb, wanted):
    """Until the table has the patients of `wanted`, {patient: server}, and no others."""
    wanted = {digest(patient): server for patient, server in wanted.items()}
    wait_until(lambda: entries(lb) == wanted, f"the table has {len(wanted)} entries")


def wait_until_taught(lb):
    """Until it has learned what there was when it started, which may take 5 s; before, a reload can lose entries."""
    wait_until(lambda: int(re.search(r" flags=0x(\w+)", lb.admin("show peers")).group(1), 16) & 3 == 3,
               "it has been taught")


@pytest.fixture
def archives(raw_archive):
    return archives_of("studies", raw_archive)


@pytest.fixture
def sticky(balancer, archives):
    """sticky() -> the two load balancers a and b."""
    def make(names="ab", settings=None, **how):
        addresses = {f"DICOM_PEER_{name}": f"127.0.0.1:{free_port()}" for name in "AB"}
        secret = base64.b64encode(SECRET).decode()
        return [balancer({"studies": archives}, policy=policy("studies"), files=["scaling/sticky.cfg"], settings={
            **addresses, "DICOM_STICKY_SECRET": secret, "DICOM_PEER": name, **(settings or {})}, **how)
            for name in names]
    return make


def test_studies_go_on_where_they_began(sticky, archives, raw_archive):
    """Begun at a, which is then killed; b gets one more archive, with a reload."""
    a, b = sticky()
    before = settle(a, archives, PATIENTS)
    wait_for_entries(b, before)
    wait_until_taught(b)
    a.haproxy.kill()
    more = {**archives, "studies4": raw_archive()}
    for lb in (a, b):
        lb.pools["studies"]["studies4"] = more["studies4"].port
    b.reload()
    wait_for_entries(b, before)  # the old process had it, nobody else
    assert settle(b, more, PATIENTS) == before
    new = settle(b, more, STRANGERS)
    assert "studies4" in new.values()

    a.start_haproxy()
    wait_for_entries(a, {**before, **new})
    assert settle(a, more, PATIENTS) == before


def test_without_the_table_one_more_archive_moves_them(balancer, raw_archive):
    """The same with the hash alone: what the table is for."""
    archives = archives_of("general", raw_archive)
    a, b = (balancer({"general": archives}, policy=policy("general")) for _ in "ab")
    before = settle(a, archives, PATIENTS)
    a.haproxy.kill()
    more = {**archives, "general4": raw_archive()}
    b.pools["general"]["general4"] = more["general4"].port
    b.reload()
    after = settle(b, more, PATIENTS)
    moved = {after[patient] for patient in PATIENTS if after[patient] != before[patient]}
    assert moved == {"general4"}


def test_an_archive_is_added_without_a_moment_of_doubt(sticky, archives, raw_archive):
    """Disabled at first, so that nothing depends on when the new process knows the table."""
    a, b = sticky()
    before = settle(a, archives, PATIENTS)
    more = {**archives, "studies4": raw_archive()}
    for lb in (a, b):
        lb.pools["studies"]["studies4"] = f"127.0.0.1:{more['studies4'].port} disabled"
        lb.reload()
        assert settle(lb, more, PATIENTS) == before
    for lb in (a, b):
        wait_for_entries(lb, before)
        lb.admin("enable server studies/studies4")
    new = settle(a, more, STRANGERS)
    assert "studies4" in new.values()
    assert settle(b, more, PATIENTS + STRANGERS) == {**before, **new}


def test_where_a_study_begins_needs_no_word_between_them(sticky, archives):
    """As if both got their associations before the other's entries: these two know nothing of each other."""
    first, = sticky("a")
    second, = sticky("a")
    assert settle(first, archives, PATIENTS) == settle(second, archives, PATIENTS[::-1])


def test_the_other_one_knows_while_the_first_association_is_open(sticky, archives):
    a, b = sticky()
    thing = objects.make("CT", PatientID="PAT0001")
    with peers.RawScu(a.port) as scu:
        scu.associate(peers.contexts_for(thing))
        assert scu.store(thing) == 0
        wait_until(lambda: list(entries(b)) == [digest("PAT0001")], "b has the entry")
        scu.release()


def test_no_patient_id_is_in_the_table(sticky, archives):
    a, _ = sticky()
    settle(a, archives, PATIENTS)
    table = a.admin("show table studies")
    assert digest("PAT0001") in table
    assert "PAT0001" not in table and "PAT0001".encode().hex() not in table.lower()


def test_without_a_key_nothing_is_remembered(sticky, archives):
    a, _ = sticky()
    for _ in range(6):
        assert peers.send_all(a.port, objects.make("CT", PatientID=None)) == [0]
    assert not entries(a)
    assert len([archive for archive in archives.values() if archive.objects()]) == 1, "the SCU's address decides"


def test_drained_archives_keep_what_they_have_begun(sticky, archives):
    a, b = sticky()
    before = settle(a, archives, PATIENTS)
    assert "studies2" in before.values()
    wait_for_entries(b, before)
    b.admin("set server studies/studies2 state drain")
    assert settle(b, archives, PATIENTS) == before
    assert "studies2" not in settle(b, archives, STRANGERS).values()


@pytest.mark.parametrize("noticed", [True, False])
def test_a_study_goes_home_when_its_archive_is_back(sticky, archives, raw_archive, noticed):
    """Down and back: noticed by the checks, or by nobody but the associations that come."""
    a, b = sticky(checked=noticed, pool_lines=QUICK)
    before = settle(a, archives, PATIENTS)
    wait_for_entries(b, before)
    archives["studies2"].stop()
    if noticed:
        wait_for_state([a, b], "studies/studies2", "DOWN")
    meanwhile = settle(b, archives, PATIENTS)
    assert all((before[patient] == meanwhile[patient]) == (before[patient] != "studies2") for patient in PATIENTS)
    archives["studies2"] = raw_archive(port=archives["studies2"].port)
    if noticed:
        wait_for_state([a, b], "studies/studies2", "UP")
    assert settle(a, archives, PATIENTS) == before


def test_an_archive_that_is_gone_for_good(sticky, archives):
    """Its entries are cleared, as the documentation says, and its studies have a new home."""
    a, b = sticky()
    before = settle(a, archives, PATIENTS)
    for lb in (a, b):
        wait_for_entries(lb, before)
        wait_until_taught(lb)
        del lb.pools["studies"]["studies2"]
        lb.ids = {"studies1": 1, "studies3": 3}
        lb.reload()
        wait_for_entries(lb, before)
    for lb in (a, b):
        lb.admin("clear table studies data.server_id eq 2")
    wait_for_entries(a, {patient: server for patient, server in before.items() if server != "studies2"})
    after = settle(a, archives, PATIENTS)
    assert all((before[patient] == after[patient]) == (before[patient] != "studies2") for patient in PATIENTS)
    for lb in (a, b):
        wait_for_entries(lb, after)


def greeted(port):
    """What a HAProxy answers to somebody who says, without TLS, that it is a."""
    with peers.RawScu(port) as scu:
        scu.send(b"HAProxyS 2.1\nb\na 1 1\n")
        try:
            return scu.sock.recv(3)
        except ConnectionError:
            return b""


def test_the_peers_over_tls(sticky, archives, tmp_path):
    authority = Authority(tmp_path / "ca")
    _, b = plain = sticky()
    assert greeted(int(b.settings["DICOM_PEER_B"].split(":")[1])) == b"200"
    for lb in plain:
        lb.stop()
    a, b = sticky(settings={"DICOM_PEERS_CERTIFICATE": authority.server_file("peer", "peer"),
                            "DICOM_PEERS_CA": authority.certificate})
    assert greeted(int(b.settings["DICOM_PEER_B"].split(":")[1])) != b"200"
    before = settle(a, archives, PATIENTS)
    wait_for_entries(b, before)
    wait_until_taught(a)
    b.haproxy.kill()
    a.reload()
    wait_for_entries(a, before)


# SO_REUSEPORT -------------------------------------------------------------------------------------


def test_two_processes_share_a_port(balancer, raw_archive):
    """Both get associations; one is stopped softly, and none that is open, or comes then, is lost."""
    archive = raw_archive()
    first = balancer({"ct": archive})
    second = balancer({"ct": archive}, port=first.port)
    things = [objects.make("CT", size=5000) for _ in range(40)]
    scus = []
    for thing in things:
        scus.append(peers.RawScu(first.port))
        scus[-1].associate(peers.contexts_for(thing))
    assert first.open_associations() + second.open_associations() == len(scus)
    assert first.open_associations() and second.open_associations()

    first.haproxy.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: "Proxy dicom stopped" in first.haproxy.log() or "Stopping frontend" in first.haproxy.log(),
               "the first one has stopped accepting")
    new = [peers.check_works(second.port) for _ in range(20)]
    for scu, thing in zip(scus, things):
        assert scu.store(thing) == 0
        scu.release()
    assert archive.objects() == {thing.uid: thing.data for thing in things + new}
    assert first.haproxy.process.wait(PATIENCE) == 0
    first.haproxy.killed = True
