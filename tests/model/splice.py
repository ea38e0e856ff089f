# SPDX-License-Identifier: MIT
"""A model of association splicing: SCU, HAProxy with its rules and Lua, agent and archive, and all that they can do.

Splice.moves() says what can happen next in a state; Graph goes everywhere. docs/splicing.md tells what is modelled and
which properties hold. tests/e2e/splicing/test_model.py checks them, and does to the product what the model says can be done.
A PDU, or a part of a message, is one word. There is no time: a timer that runs may be over at any moment, so what
comes too late, and what comes just in time, are both among the moves.
"""

import heapq
import itertools
from typing import NamedTuple

LITTLE, HEAD, TAIL = "command", "head", "tail"  # of a C-STORE-RQ: what does not decide, what does, the rest
MESSAGE = {LITTLE, HEAD, TAIL}
LAST_WORDS = {"our-abort", "abort", "rj", "release-rp", "close"}  # after one of them an SCU only closes
BREACHES = ("refuses a context", "leaves out a context", "takes another transfer syntax", "wants shorter PDUs")

SECONDS = {"inspect": 2, "processing": 1, "connect": 9, "answer": 1, "idle": 2, "fin": 2, "linger": 5, "wake": 3,
           "goes down": 1, "dies": 0.5, "comes back": 1, "refuses the connection": 2,
           "releases": 1}  # what a move takes where it is tried out; a release says less than data


class State(NamedTuple):
    phase: str = "request"  # of HAProxy, see TIMERS
    scu_said: tuple = ()
    scu_heard: tuple = ()
    buffer: tuple = ()  # what the SCU said and HAProxy still has
    agent: str = "up"  # up, down, back
    late: bool = False  # it owes an answer that nobody waits for any more
    asked: int = 0  # how much of the buffer was in the last question
    more: bool = False  # its last answer
    behind: bool = False  # more than it was asked about had come by then
    spliced: bool = False  # HAProxy has accepted the association in the archive's place
    archive: str = "none"  # none, up, gone
    archive_said: tuple = ()
    archive_heard: tuple = ()
    error: str = "-"  # in the log
    no_agent: str = "fallback"  # DICOM_NO_AGENT
    fallback: bool = True  # the policy has a pool for what it does not know

    @property
    def scu_gone(self):
        return "close" in self.scu_said

    def but(self, **changes):
        return self._replace(**changes)

    def to_scu(self, *words):
        return self if self.scu_gone else self.but(scu_heard=self.scu_heard + words)

    def to_archive(self, *words):
        return self if self.archive != "up" else self.but(archive_heard=self.archive_heard + words)

    def says(self, word):
        """The archive to HAProxy."""
        return self.but(archive_said=self.archive_said + (word,))


class Splice:
    """The moves (who, what, next state). HAProxy's are named for what dicom.cfg and lua/dicom do."""

    # phase: what ends it if nobody does anything any more. inspect: the inspect-delay of dicom.cfg; processing: of
    # dicom.spoe.conf; connect, idle, fin: of dicom.cfg and pools.cfg; answer: of the filter; linger: of lua/dicom
    TIMERS = {"request": "inspect", "ask": "processing", "watch": "inspect", "ask-data": "processing",
              "connect": "connect", "hold": "answer", "passed": "answer", "open": "idle", "through": "idle",
              "closing": "fin",
              "refused": "linger", "aborted": "linger"}

    def __init__(self, prompt=False):
        """prompt: what HAProxy does at once comes before all else. More than that no test can bring about."""
        self.prompt = prompt

    def starts(self):
        return [State(), State(no_agent="refuse"), State(fallback=False)]

    def moves(self, s):
        if s.phase != "closed":
            for part in (self.haproxy, self.scu, self.agent, self.archive, self.timers):
                for who, what, after in part(s):
                    yield who, what, self.settled(after)
                    if self.prompt and who == "haproxy":
                        return

    def settled(self, s):
        """Without what cannot matter any more."""
        if s.phase not in ("request", "ask", "watch", "ask-data"):
            s = s.but(agent="up", asked=0, more=False, behind=False, no_agent="fallback", fallback=True)
        if s.phase not in ("request", "ask", "watch", "ask-data", "connect", "hold"):
            s = s.but(buffer=())
        return s if s.phase in ("connect", "refused") else s.but(late=False)

    # The SCU

    def scu(self, s):
        if s.scu_gone:
            return
        said = set(s.scu_said)
        if "rq" not in said:
            if "half-rq" not in said:
                yield "scu", "sends half of its RQ", self.hears(s, "half-rq")
            yield "scu", "sends its RQ", self.hears(s, "rq")
        elif not LAST_WORDS & set(s.scu_heard) and not {"abort", "release"} & said:
            if "ac" in s.scu_heard and s.phase != "through":
                yield from self.scu_sends_a_message(s, said)
            yield "scu", "aborts", self.hears(s, "abort")
        yield "scu", "closes", self.hears(s, "close")

    def scu_sends_a_message(self, s, said):
        if not MESSAGE & said:
            yield "scu", "sends a command set", self.hears(s, LITTLE)
            yield "scu", "releases", self.hears(s, "release")
        if HEAD not in said:
            yield "scu", "sends what decides", self.hears(s, HEAD)
        elif TAIL not in said:
            yield "scu", "sends the rest", self.hears(s, TAIL)
        elif {"stored", "not-stored"} & set(s.scu_heard):
            yield "scu", "releases", self.hears(s, "release")

    def hears(self, s, word):
        """HAProxy, from the SCU."""
        s = s.but(scu_said=s.scu_said + (word,))
        if s.phase in ("open", "through", "passed"):
            s = s.to_archive(word)
            return s.but(phase="closing" if word == "close" else "open" if s.spliced else "through")
        if s.phase in ("refused", "aborted", "closing"):
            return s  # read and thrown away
        return s.but(buffer=tuple(w for w in s.buffer if w != "half-rq") + (word,))

    # HAProxy: what it does at once

    def haproxy(self, s):
        if s.phase == "request" and "rq" in s.buffer:
            if s.agent == "down":
                yield "haproxy", "has no agent", self.no_verdict(s)
            else:
                yield "haproxy", "asks about the association", s.but(phase="ask", asked=1)
        elif s.phase == "request" and s.scu_gone:
            yield "haproxy", "sees no RQ come", self.close(s.but(error="closed-before-rq"))
        elif s.phase == "watch":
            yield from self.watch(s)
        elif s.phase == "hold" and s.scu_gone:
            yield "haproxy", "sees the SCU close", self.abandon(s)
        elif s.phase in ("refused", "aborted") and s.scu_gone:
            yield "haproxy", "closes", self.close(s)
        elif s.phase == "closing" and s.scu_gone and s.archive == "gone":
            yield "haproxy", "closes", self.close(s)

    def watch(self, s):
        if s.behind and s.agent != "down":  # it is still in ask-data, whose next rule asks
            yield "haproxy", "asks about the data", s.but(phase="ask-data", asked=len(s.buffer), behind=False)
        elif s.scu_gone:
            yield "haproxy", "sees the SCU close", self.close(s.but(error="closed-before-decided"))
        elif s.buffer[1:2] == ("abort",):
            yield "haproxy", "sees the SCU abort", self.close(s.but(error="aborted-before-data"))
        elif s.buffer[1:2] == ("release",):
            yield "haproxy", "sees the SCU release", self.undecided(s, "-")
        elif len(s.buffer) > s.asked and s.agent == "down":
            yield "haproxy", "has no agent", self.undecided(s, "not-decided" if s.more else "not-asked")
        elif len(s.buffer) > s.asked:
            yield "haproxy", "asks about the data", s.but(phase="ask-data", asked=len(s.buffer))

    def no_verdict(self, s):
        s = s.but(error="no-agent")
        return self.refuse(s, "rj") if s.no_agent == "refuse" else s.but(phase="connect")

    def undecided(self, s, error):
        if s.scu_gone:
            return self.close(s.but(error="closed-before-decided"))
        if not s.fallback:
            return self.refuse(s.but(error="no-pool"), "our-abort")
        return s.but(phase="connect", error=error)

    def refuse(self, s, *pdu):
        return s.to_scu(*pdu).but(phase="refused")

    def abort(self, s, error):
        return s.to_scu("our-abort").to_archive("our-abort").but(phase="aborted", error=error)

    def abandon(self, s):
        """If nothing is held HAProxy has already begun to close the archive's connection: no A-ABORT gets through."""
        return self.abort(s if s.buffer[1:] != ("close",) else self.close(s).but(archive="gone"), "closed-while-held")

    def release(self, s):
        """The archive has kept the promise: what was held goes out."""
        return s.to_archive(*s.buffer[1:]).but(phase="open")

    def close(self, s):
        if "close" not in s.scu_heard:
            s = s.to_scu("close")
        if "close" not in s.archive_heard:
            s = s.to_archive("close")
        return s.but(phase="closed")

    def timers(self, s):
        timer = self.TIMERS.get(s.phase)
        if timer and not (s.phase == "request" and "rq" in s.buffer):
            yield "timer", timer, self.expired(s)
        if s.phase == "watch" and s.agent == "down" and not s.more and len(s.buffer) == 1:
            yield "timer", "wake", self.undecided(s, "not-asked")  # ANSWER_MS of lua/dicom/rules.lua

    def expired(self, s):
        if s.phase == "request":
            return self.close(s.but(error="no-rq-in-time"))
        if s.phase == "ask":
            return self.no_verdict(s.but(late=True))
        if s.phase == "ask-data":
            return self.undecided(s.but(late=True), "no-answer-about-data")
        if s.phase == "watch":
            return self.undecided(s, "not-decided" if s.more else "no-data-in-time")
        if s.phase == "connect":
            return self.no_archive(s)
        if s.phase == "hold":
            return self.abort(s, "no-answer-of-archive")
        if s.phase == "passed":
            return self.refuse(s.but(error="no-answer-of-archive"), "rj")
        return self.close(s)

    def no_archive(self, s):
        if s.spliced:
            return self.abort(s, "connection-failed")
        return self.close(s) if s.buffer[1:] else self.refuse(s.but(error="no-archive"), "rj")

    # The agent

    def agent(self, s):
        if s.phase == "ask":
            yield "agent", "accepts", s.to_scu("ac").but(phase="watch", spliced=True)
            yield "agent", "routes", s.but(phase="connect")
            yield "agent", "rejects", self.refuse(s.but(error="refused"), "rj")
        elif s.phase == "ask-data":
            yield from self.agent_judges(s, s.buffer[:s.asked])
        if s.late:
            yield "agent", "answers late", s.but(late=False)
        elif s.agent == "up" and s.phase in ("ask", "ask-data"):
            dead = s.but(agent="down")
            after = self.no_verdict(dead) if s.phase == "ask" else self.undecided(dead, "no-answer-about-data")
            yield "agent", "dies", after
        elif s.agent == "up" and s.phase in ("request", "watch"):
            yield "agent", "goes down", s.but(agent="down")
        elif s.agent == "down" and s.phase in ("request", "watch"):
            yield "agent", "comes back", s.but(agent="back")

    def agent_judges(self, s, question):
        if HEAD in question:
            yield "agent", "routes", s.but(phase="connect")
            yield "agent", "rejects", self.refuse(s.but(error="refused"), "our-abort")
        elif "abort" in question:
            yield "agent", "sees the SCU abort", self.refuse(s.but(error="aborted-before-data-set"))
        else:
            behind = bool(set(s.buffer[s.asked:]) - {"close"})
            yield "agent", "wants more", s.but(phase="watch", more=True, behind=behind)

    # The archive

    def archive(self, s):
        if s.phase == "connect":
            up = s.but(archive="up", archive_heard=("rq",))
            yield "archive", "is connected", up.but(phase="hold") if s.spliced else self.pass_through(up)
            yield "archive", "refuses the connection", self.no_archive(s)
        elif s.archive != "up":
            return
        elif s.phase == "hold":
            yield from self.archive_answers(s)
        elif s.phase == "aborted" and "ac" not in s.archive_said and s.error == "no-answer-of-archive":
            yield "archive", "accepts late", s.says("ac")
            yield "archive", "closes", s.but(archive="gone")
        elif s.phase == "passed":
            yield from self.archive_answers_itself(s)
        elif s.phase in ("open", "through"):
            yield from self.archive_speaks(s)
        elif s.phase == "closing":
            yield "archive", "closes", s.but(archive="gone")

    def pass_through(self, s):
        s = s.to_archive(*s.buffer[1:])
        return s.but(phase="closing" if s.scu_gone else "through" if s.buffer[1:] else "passed")

    def archive_answers(self, s):
        """While P-DATA is held."""
        yield "archive", "accepts", self.release(s.says("ac"))
        why = "answer-cut" if s.archive_said else "closed-by-archive"
        yield "archive", "closes", self.abort(s.but(archive="gone"), why)
        if s.archive_said:
            return
        yield "archive", "sends half an AC", s.says("half-ac")
        for breach in BREACHES:
            yield "archive", breach, self.judge(s.says("less"), breach)
        yield "archive", "rejects", self.abort(s.says("rj"), "rejected-by-archive")
        yield "archive", "aborts", self.abort(s.says("abort"), "aborted-by-archive")
        yield "archive", "sends garbage", self.abort(s.says("garbage"), "garbage-of-archive")
        yield "archive", "resets", self.abort(s.but(archive="gone"), "connection-failed")

    def archive_answers_itself(self, s):
        """On an association that is not spliced."""
        for what, word in (("accepts", "ac"), ("rejects", "rj"), ("aborts", "abort")):
            yield "archive", what, s.says(word).to_scu(word).but(phase="through")
        yield "archive", "closes", self.refuse(s.but(archive="gone", error="closed-by-archive"), "rj")

    def judge(self, s, breach):
        return self.abort(s, breach.replace(" ", "-"))

    def archive_speaks(self, s):
        """When HAProxy only forwards."""
        said, heard = set(s.archive_said), set(s.archive_heard)
        if LAST_WORDS & (said | heard):
            pass
        elif TAIL in heard and not {"stored", "not-stored"} & said:
            yield "archive", "stores", s.says("stored").to_scu("stored")
            yield "archive", "does not store", s.says("not-stored").to_scu("not-stored")
        elif "release" in heard:
            yield "archive", "releases", s.says("release-rp").to_scu("release-rp")
        if not LAST_WORDS & (said | heard):
            yield "archive", "aborts", s.says("abort").to_scu("abort")
        yield "archive", "closes", s.to_scu("close").but(archive="gone", phase="closing")


class End(NamedTuple):
    """What is left to see of an association."""
    scu: tuple
    archive: tuple
    error: str


def plain(words):
    """Without the close that is due after the last PDU, and without which parts of a message came."""
    if len(words) > 1 and words[-1] == "close" and words[-2] in LAST_WORDS:
        words = words[:-1]
    part = ("message",) if TAIL in words else ("part",) if MESSAGE & set(words) else ()
    first = min((at for at, word in enumerate(words) if word in MESSAGE), default=len(words))
    return words[:first] + part + tuple(word for word in words[first:] if word not in MESSAGE)


def ends_of(s):
    """Where HAProxy only forwards, what the peers do, and why it chose that archive, which is what `error` tells, are
    two things; so is the status that the archive gives a message."""
    if not forwards(s):
        return [End(plain(s.scu_heard), plain(s.archive_heard), s.error)]
    heard = tuple("stored" if word == "not-stored" else word for word in plain(s.scu_heard))
    ends = [End(heard, plain(s.archive_heard), "-")]
    if s.error != "-":
        ends.append(End(("spliced" if s.spliced else "passed-through",), (), s.error))
    if "not-stored" in s.scu_heard:
        ends.append(End(("not-stored",), (), "-"))
    return ends


def forwards(s):
    if s.spliced:
        return "ac" in s.archive_said and "our-abort" not in s.archive_heard
    return s.archive != "none" and ("rj" not in s.scu_heard or "rj" in s.archive_said)


class Graph:
    """All states that can be reached, each with the cheapest way to it: few steps, and above all little waiting."""

    def __init__(self, model, starts=None):
        self.came = {}  # state: (state before, who, what)
        self.moves = {}
        count = itertools.count()
        todo = [(0, next(count), s, None) for s in starts or model.starts()]
        while todo:
            cost, _, s, way = heapq.heappop(todo)
            if s in self.came:
                continue
            self.came[s] = way
            self.moves[s] = list(model.moves(s))
            for who, what, after in self.moves[s]:
                if after not in self.came:
                    heapq.heappush(todo, (cost + SECONDS.get(what, 0) + 0.1, next(count), after, (s, who, what)))

    def trace(self, s):
        """The start, and the moves from there to `s`."""
        steps = []
        while self.came[s]:
            s, who, what = self.came[s]
            steps.append((who, what))
        return s, steps[::-1]

    def ends(self):
        """{End: the cheapest state with it}"""
        ends = {}
        for s in self.came:
            if s.phase == "closed":
                for end in ends_of(s):
                    ends.setdefault(end, s)
        return ends
