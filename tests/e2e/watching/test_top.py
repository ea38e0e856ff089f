# SPDX-License-Identifier: MIT
"""dicom-spoa top: what it shows of real traffic, as a table and on a terminal."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

import pytest

import objects
import peers
import wire
from children import PATIENCE, ROOT, command_of, free_port, wait_until

POLICY = {"default": {"backend": "general"}, "rules": [
    {"name": "no", "if": {"CallingAETitle": "EVIL"}, "reject": "calling-ae-title-not-recognized"},
    {"name": "röntgen", "if": {"Modality": "CR"}, "backend": "general"},
    {"name": "ct", "if": {"Modality": "CT"}, "backend": "ct"}]}
CONTEXT = wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))


def command(*words):
    program = command_of("DICOM_SPOA", os.path.join(ROOT, "build", "dicom-spoa"))
    return command_of("AGENT_WRAPPER", "") + program + ["top", *words]


def top(*words):
    done = subprocess.run(command(*words), stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def line(balancer, raw_archive):
    def make(**how):
        lb = balancer({"ct": raw_archive(), "general": raw_archive()}, policy=POLICY, **how)
        lb.wait_for_agent()
        return lb
    return make


def traffic(lb, ct=0, cr=0, refused=0):
    for modality, count in (("CT", ct), ("CR", cr)):
        for _ in range(count):
            assert peers.send_all(lb.port, objects.make(modality)) == [0]
    for _ in range(refused):
        with peers.RawScu(lb.port) as scu:
            with pytest.raises(peers.Rejected):
                scu.associate([CONTEXT], calling="EVIL")


def address(agent):
    return f"127.0.0.1:{agent.metrics_port}"


def row(text, *words):
    """The numbers of the line that begins with these words."""
    found = re.search(r"(?m)^" + r" +".join(map(re.escape, words)) + r" +(.*)$", text)
    assert found, f"no line {words} in:\n{text}"
    return found.group(1).split()


def test_once(line):
    lb = line()
    traffic(lb, ct=3, cr=2, refused=4)
    status, text, errors = top("--once", "--interval", "0.2", "--agent", address(lb.agent))
    assert (status, errors) == (0, "") and "\x1b" not in text
    assert re.match(r"dicom-spoa top: 1 of 1 agents, the last \d+\.\d s\n", text)
    assert row(text, address(lb.agent), lb.agent.policies()[-1])[2:3] == [str(len(POLICY["rules"]))]
    assert row(text, "ct", "ct", "spliced") == ["0.0", "3"]
    assert row(text, "röntgen", "general", "spliced") == ["0.0", "2"]
    assert row(text, "no", "-", "rejected") == ["0.0", "4"]
    assert row(text, "associate") == ["-", "-", "0.0", "9"]
    assert row(text, "A-ASSOCIATE-RJ calling-ae-title-not-recognized") == ["0", "4"]
    assert "unreadable" not in text and "fallback" not in text
    refusals = text[text.index("last refusals"):].splitlines()[1:]
    assert len(refusals) == 4
    for refusal in refusals:
        assert re.fullmatch(r"\d\d:\d\d:\d\d  EVIL at 127\.0\.0\.1: .*\(rule no\)", refusal)


def test_agents_are_added_up(line):
    lb = line(agents=2)
    traffic(lb, ct=6)
    gone = f"127.0.0.1:{free_port()}"
    agents = [word for where in (*map(address, lb.agents), gone) for word in ("--agent", where)]
    status, text, _ = top("--interval", "0.1", *agents)
    assert status == 0 and "2 of 3 agents" in text
    assert row(text, "ct", "ct", "spliced")[1] == "6"
    assert row(text, gone, "does not answer:")


def test_nobody_answers(line):
    assert top("--once", "--agent", f"127.0.0.1:{free_port()}")[0] == 1
    lb = line()
    status, text, _ = top("--once", "--agent", f"127.0.0.1:{lb.stats_port}")  # HAProxy, not an agent
    assert status == 1 and "its answer is not that of an agent" in text
    assert top("--interval", "0")[0] == 2 and top("x")[0] == 2


class Terminal:
    """A pseudo-terminal with a command in it."""

    def __init__(self, words, rows=40, columns=110):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(words, stdin=self.slave, stdout=self.slave, stderr=self.slave)
        self.bytes = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                return
            if not piece:
                return
            self.bytes += piece

    def screen(self):
        """The last one that was drawn to its end, without the terminal's commands."""
        drawn = self.bytes.split(b"\x1b[H")[1:]
        whole = [text for text in drawn if text.endswith(b"\x1b[J") or b"\x1b[J" in text]
        return re.sub(r"\x1b\[\??\d*\w", "", whole[-1].decode()).replace("\r", "") if whole else ""

    def wait_for_row(self, expected, *words):
        def there():
            try:
                return expected(row(self.screen(), *words))
            except AssertionError:
                return False
        wait_until(there, f"{words}; it shows:\n{self.screen()}", 2 * PATIENCE)

    def ended(self):
        """Its status; the terminal is what it was."""
        status = self.process.wait(PATIENCE)
        assert termios.tcgetattr(self.slave) == self.before
        wait_until(lambda: self.bytes.endswith(b"\x1b[?25h\x1b[?1049l"), "the screen before is back")
        return status

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


def test_terminal(line, owned):
    lb = line()
    traffic(lb, ct=2)
    terminal = Terminal(command("--interval", "0.2", "--agent", address(lb.agent)))
    owned.append(terminal)
    terminal.wait_for_row(lambda cells: cells[1] == "2", "ct", "ct", "spliced")
    stop = threading.Event()

    def sending():
        while not stop.is_set():
            traffic(lb, ct=1)
    sender = threading.Thread(target=sending)
    sender.start()
    try:
        terminal.wait_for_row(lambda cells: float(cells[0]) > 0 < int(cells[1]) - 2, "ct", "ct", "spliced")
        terminal.wait_for_row(lambda cells: cells[1] in ("us", "ms"), "associate")
    finally:
        stop.set()
        sender.join()
    traffic(lb, refused=1)
    wait_until(lambda: "EVIL at 127.0.0.1" in terminal.screen(), "the refusal is shown")
    terminal.wait_for_row(lambda cells: cells[1] == "1", "A-ASSOCIATE-RJ calling-ae-title-not-recognized")
    lb.agent.child.kill()
    wait_until(lambda: "does not answer: Connection refused" in terminal.screen(), "the agent is gone")
    os.write(terminal.master, b"q")
    assert terminal.ended() == 0


def test_what_does_not_fit_is_cut(line, owned):
    lb = line()
    traffic(lb, ct=1, cr=1, refused=1)
    terminal = Terminal(command("--agent", address(lb.agent)), rows=12, columns=50)
    owned.append(terminal)
    wait_until(terminal.screen, "something is shown")
    lines = terminal.screen().split("\n")
    assert len(lines) == 12 and all(len(text) <= 50 for text in lines)
    assert any(len(text) == 50 for text in lines)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.ended() == 0
