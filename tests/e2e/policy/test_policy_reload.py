# SPDX-License-Identifier: MIT
"""The policy is replaced while associations run: each is decided by one policy, whole, the one with which it began."""

import os
import shutil
import threading
import time

import pytest

import objects
import peers
from children import wait_until


def to(pool, name="ct", **outcome):
    """A policy that sends CTs to `pool`."""
    return {"rules": [{"name": name, "if": {"Modality": "CT"}, "backend": pool, **outcome}],
            "default": {"backend": "rest"}}


@pytest.fixture
def line(balancer, raw_archive):
    """line(policy) -> a Stack before the pools a, b and rest, each a raw archive"""
    def make(policy, **how):
        archives = {pool: raw_archive() for pool in ("a", "b", "rest")}
        lb = balancer(archives, policy=policy, **how)
        lb.archives = archives
        lb.wait_for_agent("UP")
        return lb
    return make


def begun(lb, calling="SCU"):
    """An SCU that has its acceptance, which took the policy's first look, and has sent nothing else."""
    scu = peers.RawScu(lb.port)
    scu.thing = objects.make("CT", size=20000)
    scu.associate(peers.contexts_for(scu.thing), calling=calling)
    return scu


def ended(lb, scu):
    """The same SCU when it has stored its object: (pool, rule, id of the policy)."""
    with scu:
        assert scu.store(scu.thing) == 0
        scu.release()
    entry = lb.association(scu)
    assert entry["error"] == "-"
    assert [pool for pool, archive in lb.archives.items() if scu.thing.uid in archive.objects()] == [entry["pool"]]
    return entry["pool"], entry["rule"], entry["policy"]


def decided(lb, calling="SCU"):
    return ended(lb, begun(lb, calling))


# Ways to replace it -------------------------------------------------------------------------------


def test_the_log_names_the_policy(line):
    lb = line(to("a"))
    assert decided(lb) == ("a", "ct", lb.agent.policies()[0])


def test_sighup_reads_the_file_again_even_if_nothing_has_changed(line):
    lb = line(to("a"))
    lb.hang_up()
    assert lb.wait_for_policy(2) == lb.agent.policies()[0]
    assert decided(lb) == ("a", "ct", lb.agent.policies()[0])
    new = lb.reload_policy(to("b", "new"))
    assert len(lb.agent.policies()) == 3 and new != lb.agent.policies()[0]
    assert decided(lb) == ("b", "new", new)


def test_a_file_that_is_renamed_over_the_old_one(line):
    lb = line(to("a"))
    lb.replace_policy(to("b", "new"))
    assert decided(lb)[0] in ("a", "b")
    new = lb.wait_for_policy(2)
    assert decided(lb) == ("b", "new", new)
    lb.replace_policy(to("a"))
    assert lb.wait_for_policy(3) == lb.agent.policies()[0]
    assert decided(lb) == ("a", "ct", lb.agent.policies()[0])


def publish(mount, version, files):
    """A ConfigMap's new version, as the kubelet puts it into the volume (its atomic_writer.go)."""
    (mount / f"..{version}").mkdir(parents=True)
    for name, text in files.items():
        (mount / f"..{version}" / name).write_text(text, encoding="utf-8")
    old = os.path.realpath(mount / "..data")
    os.symlink(f"..{version}", mount / "..data_tmp")
    os.rename(mount / "..data_tmp", mount / "..data")
    for name in files:
        if not os.path.lexists(mount / name):
            os.symlink(f"..data/{name}", mount / name)
    if old != str(mount / "..data"):
        shutil.rmtree(old)


BY_LIST = '{"lists": {"mine": {"file": "mine.txt"}}, "default": {"backend": "rest"}, "rules": [' \
          '{"name": "%s", "if": {"CallingAETitle": {"in": "mine"}, "Modality": "CT"}, "backend": "a"}]}'


def test_a_volume_of_kubernetes(line, tmp_path):
    """policy.json -> ..data/policy.json, ..data -> ..v1: neither of the two names that are opened is ever replaced."""
    mount = tmp_path / "config"
    publish(mount, "v1", {"policy.json": BY_LIST % "one", "mine.txt": "CT1\n"})
    lb = line(mount / "policy.json")
    assert decided(lb, "CT1")[:2] == ("a", "one") and decided(lb, "CT2")[0] == "rest"
    publish(mount, "v2", {"policy.json": BY_LIST % "two", "mine.txt": "CT1\n"})
    new = lb.wait_for_policy(2)
    assert decided(lb, "CT1") == ("a", "two", new)
    publish(mount, "v3", {"policy.json": BY_LIST % "two", "mine.txt": "CT2\n"})
    assert lb.wait_for_policy(3) != new
    assert decided(lb, "CT2")[:2] == ("a", "two") and decided(lb, "CT1")[0] == "rest"


def test_a_list_file_that_changes(line, tmp_path):
    (tmp_path / "mine.txt").write_text("CT1\n", encoding="utf-8")
    (tmp_path / "policy.json").write_text(BY_LIST % "mine", encoding="utf-8")
    lb = line(tmp_path / "policy.json")
    assert (decided(lb, "CT1")[0], decided(lb, "CT2")[0]) == ("a", "rest")
    (tmp_path / "mine.txt").write_text("# as of today\nCT2\n", encoding="utf-8")
    new = lb.wait_for_policy(2)
    assert new != lb.agent.policies()[0]
    assert (decided(lb, "CT1")[0], decided(lb, "CT2")) == ("rest", ("a", "mine", new))


# What cannot be used ------------------------------------------------------------------------------


BAD = """{ "rules": [
  { "name": "ct", "if": { "Modalty": "CT" }, "backend": "a" },
  { "nme": "mr", "if": { "Modality": "MR" }, "backend": "a" },
  { "name": "old", "if": { "StudyDate": { "older_then": "5 years" } }, "backend": "a" },
  { "name": "none" } ],
  "default": { "backnd": "b" } }
"""
MISTAKES = ("policy.json:2:27: error: rules[0].if.Modalty", "policy.json:3:5: error: rules[1].nme",
            "policy.json:4:43: error: rules[2].if.StudyDate.older_then", "policy.json:5:3: error: rules[3]",
            "policy.json:6:16: error: default.backnd")


@pytest.mark.parametrize("asked", [True, False], ids=["sighup", "by-itself"])
def test_a_file_with_mistakes(line, asked):
    """The log has all of them, nobody else notices, and a good file needs no signal."""
    lb = line(to("a"))
    old = lb.agent.policies()[0]
    early = begun(lb)
    lb.replace_policy(BAD)
    if asked:
        lb.hang_up()
    wait_until(lambda: lb.agent.refusals(), "the policy is refused")
    log = lb.agent.child.log()
    for mistake in MISTAKES:
        assert log.count(mistake) >= 1, mistake
    assert f"errors={log.count('event=policy_error')}" in log
    assert decided(lb) == ended(lb, early) == ("a", "ct", old)
    lb.replace_policy(to("b", "good"))
    good = lb.wait_for_policy(2)
    assert decided(lb) == ("b", "good", good)
    assert lb.agent.refusals() == 1, "the same file is refused once"


def test_many_mistakes(line):
    """The log is not flooded, and says how many there are."""
    lb = line(to("a"))
    lb.replace_policy({"rules": [{"name": f"r{n}", "if": {"Modalty": "CT"}, "backend": "a"} for n in range(300)]})
    wait_until(lambda: lb.agent.refusals(), "the policy is refused")
    log = lb.agent.child.log()
    assert log.count("event=policy_error") == 20 and "errors=300" in log
    assert decided(lb)[0] == "a"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\0" * 100, '{"rules": []} x', '{"rules": [], "rules": []}'],
                         ids=["empty", "cut", "list", "nothing", "zeros", "more", "twice"])
def test_a_file_that_is_no_policy(line, text):
    lb = line(to("a"))
    lb.replace_policy(text)
    lb.hang_up()
    wait_until(lambda: lb.agent.refusals(), "the policy is refused")
    assert decided(lb) == ("a", "ct", lb.agent.policies()[0])
    assert len(lb.agent.policies()) == 1


@pytest.mark.parametrize("how", ["gone", "directory"])
def test_no_file_at_all(line, how):
    lb = line(to("a"))
    os.remove(lb.policy_path)
    if how == "directory":
        os.mkdir(lb.policy_path)
    wait_until(lambda: lb.agent.refusals(), "the policy is refused")
    assert decided(lb)[:2] == ("a", "ct")
    if how == "directory":
        os.rmdir(lb.policy_path)
    lb.replace_policy(to("b", "back"))
    lb.wait_for_policy(2)
    assert decided(lb)[:2] == ("b", "back")


def test_a_file_that_is_written_in_two_halves(line):
    lb = line(to("a"))
    text = BY_LIST % "written" + "\n"
    with open(lb.policy_path, "w", encoding="utf-8") as f:
        f.write(text[:len(text) // 2])
        f.flush()
        wait_until(lambda: lb.agent.refusals(), "half a policy is refused")
        assert decided(lb)[:2] == ("a", "ct")
        with open(os.path.join(lb.directory, "mine.txt"), "w", encoding="utf-8") as mine:
            mine.write("SCU\n")
        f.write(text[len(text) // 2:])
    lb.wait_for_policy(2)
    assert decided(lb)[:2] == ("a", "written")


def test_a_file_that_is_being_written_is_left_alone(line):
    lb = line(to("a"))
    head, tail = '{"rules": [{"name": "slow", "backend": "b"', "}]}\n"
    written = [time.monotonic()]
    with open(lb.policy_path, "w", encoding="utf-8", buffering=1) as f:
        f.write(head + "\n")
        while written[-1] < written[0] + 1.6:  # three of the agent's looks
            f.write("\n")
            written.append(time.monotonic())
            time.sleep(0.02)
        f.write(tail)
    if max(after - before for before, after in zip(written, written[1:])) > 0.3:
        pytest.skip("this machine is too busy for a file that grows steadily")
    lb.wait_for_policy(2)
    assert lb.agent.refusals() == 0
    assert decided(lb)[:2] == ("b", "slow")


def test_a_policy_whose_list_comes_later(line):
    lb = line(to("a"))
    lb.replace_policy(BY_LIST % "later")
    wait_until(lambda: lb.agent.refusals(), "the policy is refused")
    assert "mine.txt: cannot be read: No such file" in lb.agent.child.log()
    assert decided(lb)[:2] == ("a", "ct")
    with open(os.path.join(lb.directory, "mine.txt"), "w", encoding="utf-8") as f:
        f.write("SCU\n")
    lb.wait_for_policy(2)
    assert decided(lb)[:2] == ("a", "later") and decided(lb, "OTHER")[0] == "rest"


# Associations that are under way ------------------------------------------------------------------


def test_an_association_ends_under_the_policy_with_which_it_began(line):
    lb = line(to("a", "old"))
    scu = begun(lb)
    new = lb.reload_policy(to("b", "new"))
    assert decided(lb) == ("b", "new", new)
    assert ended(lb, scu) == ("a", "old", lb.agent.policies()[0])


def test_each_of_many_policies_ends_what_began_with_it(line):
    lb = line(to("a", "v0"))
    scus, ids = [begun(lb)], lb.agent.policies()
    for number in range(1, 6):
        ids.append(lb.reload_policy(to("ab"[number % 2], f"v{number}")))
        scus.append(begun(lb))
    assert len(set(ids)) == 6
    for number in (4, 0, 5, 2, 1, 3):
        assert ended(lb, scus[number]) == ("ab"[number % 2], f"v{number}", ids[number])


def test_an_old_policy_is_asked_again_and_again(line):
    """The data set comes in small pieces, and the policy changes between them."""
    lb = line({"rules": [{"name": "old", "if": {"BodyPartExamined": "CHEST"}, "backend": "a"}],
               "default": {"backend": "rest"}})
    scu = begun(lb)
    data = scu.store_bytes(scu.thing, pdv_size=60)
    with scu:
        for number, at in enumerate(range(0, 400, 100)):
            scu.send(data[at:at + 100])
            new = lb.reload_policy(to("b", f"v{number}"))
        scu.send(data[400:])
        assert scu.status() == 0
        scu.release()
    entry = lb.association(scu)
    assert (entry["pool"], entry["rule"], entry["policy"]) == ("a", "old", lb.agent.policies()[0])
    assert decided(lb) == ("b", "v3", new)


@pytest.mark.parametrize("times", [1, 5])
def test_another_agent_ends_it_under_the_same_policy(line, times):
    lb = line(to("a", "v0"), agents=2)
    assert lb.agents[0].policies() == lb.agents[1].policies()
    lb.admin("set server dicom-agents/agent2 state maint")
    scus, ids = [begun(lb)], lb.agent.policies()
    for number in range(1, times + 1):
        ids.append(lb.reload_policy(to("ab"[number % 2], f"v{number}")))
    scus.append(begun(lb))
    lb.admin("set server dicom-agents/agent2 state ready")
    wait_until(lambda: lb.server_states()["dicom-agents/agent2"].startswith("UP"), "agent2 is UP")
    lb.agent.child.kill()
    lb.wait_for_agent("DOWN")
    assert ended(lb, scus[0]) == ("a", "v0", ids[0])
    assert ended(lb, scus[1]) == decided(lb) == ("ab"[times % 2], f"v{times}", ids[times])
    assert lb.agents[1].policies() == ids


# Under load ---------------------------------------------------------------------------------------


def test_thirty_reloads_under_load(line):
    """Policies with an even number send to a, the others to b, and the archive sees which one it was."""
    def policy(number):
        return to("ab"[number % 2], f"v{number}", calling_ae=f"V{number}")

    lb = line(policy(0))
    sent, failures, over = {}, [], threading.Event()

    def modality():
        while not over.is_set():
            things = [objects.make("CT", size=20000) for _ in range(2)]
            try:
                assert peers.send_all(lb.port, *things) == [0, 0]
                sent.update((thing.uid, thing.data) for thing in things)
            except Exception as error:  # noqa: BLE001
                failures.append(repr(error))

    def goes_on():
        wait_until(lambda before=len(sent): len(sent) > before + 10 or failures, "associations run")

    threads = [threading.Thread(target=modality) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        goes_on()
        for number in range(1, 31):
            lb.reload_policy(policy(number))
            goes_on()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures
    ids = lb.agent.policies()
    assert len(set(ids)) == 31 and lb.agent.refusals() == 0
    stored = [uid for archive in lb.archives.values() for uid in archive.objects()]
    assert sorted(stored) == sorted(sent)
    assert {**lb.archives["a"].objects(), **lb.archives["b"].objects()} == sent
    assert not lb.archives.pop("rest").associations
    messages = sum(len(a.messages) for archive in lb.archives.values() for a in archive.associations)
    assert messages == len(sent)
    for pool, archive in lb.archives.items():
        numbers = {int(a.rq.calling[1:]) for a in archive.associations}
        assert numbers and all("ab"[number % 2] == pool for number in numbers)
    whole = {(name, f"v{number}", "ab"[number % 2]) for number, name in enumerate(dict.fromkeys(ids))}
    found = {(entry["policy"], entry["rule"], entry["pool"]) for entry in lb.log.associations()}
    assert found <= whole and len(found) > 20


def resident_kb(child):
    with open(f"/proc/{child.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def test_reloading_needs_no_more_than_the_policies_that_are_kept(line):
    """Those replaced are kept for two minutes; this one takes some 10 KB, and the sanitizers add to it."""
    lb = line(to("a"))
    lb.hang_up()
    for loads in range(2, 21):
        lb.wait_for_policy(loads)
        lb.hang_up()
    before = resident_kb(lb.agent.child)
    for loads in range(21, 201):
        lb.wait_for_policy(loads)
        lb.hang_up()
    lb.wait_for_policy(201)
    assert resident_kb(lb.agent.child) - before < 180 * 256
    assert decided(lb)[:2] == ("a", "ct")
