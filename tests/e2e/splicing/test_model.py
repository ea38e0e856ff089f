# SPDX-License-Identifier: MIT
"""The properties of the model in tests/model, over every state that it can reach; and that each of them can fail."""

import functools
import os
from collections import Counter

import pytest

import splice
from splice import MESSAGE, TAIL, Splice


def told(graph, s):
    start, steps = graph.trace(s)
    return f"{start.no_agent} {start.fallback}: " + "; ".join(f"{who} {what}" for who, what in steps) + f"\n{s}"


# The properties: each says what is wrong, and where, or nothing ------------------------------------


def nobody_waits_for_ever(graph):
    """From every state the association ends by what HAProxy does alone, and nothing can go on for ever."""
    for s, moves in graph.moves.items():
        if s.phase != "closed" and not any(who in ("haproxy", "timer") for who, _, _ in moves):
            yield s, "nothing ends it"
    left = Counter(after for moves in graph.moves.values() for _, _, after in set(moves))
    ready = [s for s in graph.moves if not left[s]]
    while ready:
        for _, _, after in set(graph.moves[ready.pop()]):
            left[after] -= 1
            if not left[after]:
                ready.append(after)
    yield from ((s, "it comes back to itself") for s in graph.moves if left[s])


def nothing_is_acknowledged_in_the_archives_name(graph):
    """What only an archive can say it has said; a success only of a message that it got whole."""
    for s in graph.moves:
        for word in {"stored", "not-stored", "release-rp", "abort"} & set(s.scu_heard):
            if word not in s.archive_said:
                yield s, f"the archive has not said {word}"
        if "stored" in s.scu_heard and TAIL not in s.archive_heard:
            yield s, "the archive has not got the whole message"


def no_data_before_the_archive_has_kept_the_promise(graph):
    for s in graph.moves:
        if s.spliced and "ac" not in s.archive_said and not set(s.archive_heard) <= {"rq", "our-abort", "close"}:
            yield s, "this archive has not accepted what was promised"


def nobody_is_left_with_a_silent_close(graph):
    """Until the archive itself has accepted, an association that HAProxy has accepted ends with an A-ABORT, and another
    one is refused."""
    for s in graph.moves:
        answered = "ac" in s.archive_said or not s.spliced and s.archive_said
        if (s.phase == "closed" and "rq" in s.scu_said and not answered and not s.scu_gone
                and "abort" not in s.scu_said
                and s.scu_heard[-2:] != ("our-abort" if s.spliced else "rj", "close")):
            yield s, "closed without an A-ABORT or A-ASSOCIATE-RJ"


def one_answer_for_each_and_nothing_left_open(graph):
    for s in graph.moves:
        said = Counter(s.scu_heard)
        if said["ac"] + said["rj"] > 1 or said["our-abort"] > 1 or s.archive_heard.count("our-abort") > 1:
            yield s, "it was answered twice"
        for words in (s.scu_heard, s.archive_heard):
            if "our-abort" in words and words[words.index("our-abort") + 1:] not in ((), ("close",)):
                yield s, "something came after the A-ABORT"
        if s.phase == "closed" and s.archive == "up" and "close" not in s.archive_heard:
            yield s, "the archive's connection is still open"


PROPERTIES = [nobody_waits_for_ever, nothing_is_acknowledged_in_the_archives_name,
              no_data_before_the_archive_has_kept_the_promise, nobody_is_left_with_a_silent_close,
              one_answer_for_each_and_nothing_left_open]


@functools.cache
def graph_of(prompt):
    return splice.Graph(Splice(prompt))


@pytest.mark.parametrize("wanted", PROPERTIES, ids=lambda it: it.__name__)
def test_it_holds_in_every_state(wanted):
    graph = graph_of(prompt=False)
    for s, why in wanted(graph):
        pytest.fail(f"{why}: {told(graph, s)}")


def test_everything_that_can_happen_is_in_the_model():
    """Each party in each phase in which it can act; the model has not been narrowed to nothing."""
    graph = graph_of(prompt=False)
    assert {s.phase for s in graph.moves} == {*Splice.TIMERS, "closed"}
    acting = {(s.phase, who) for s, moves in graph.moves.items() for who, _, _ in moves}
    assert acting >= {(phase, "scu") for phase in Splice.TIMERS}
    assert acting >= {(phase, "agent") for phase in ("request", "ask", "watch", "ask-data", "connect", "refused")}
    assert acting >= {(phase, "archive") for phase in ("connect", "hold", "open", "through", "closing", "aborted")}


def test_moves_have_names_of_their_own():
    for s, moves in graph_of(prompt=False).moves.items():
        assert len({(who, what) for who, what, _ in moves}) == len(moves), s


def test_what_a_race_can_end_in_an_scu_that_was_gone_has_not_heard():
    """No test can make two things happen at once. What ends only so differs from what a test can bring about in
    nothing but an SCU that did not live to hear it."""
    tested = graph_of(prompt=True).ends()
    for end in graph_of(prompt=False).ends():
        assert end in tested or any(
            (end.archive, end.error) == (other.archive, other.error) and other.scu[:len(end.scu)] == end.scu
            for other in tested), end


# What would be wrong -------------------------------------------------------------------------------


class DataRightBehindTheRq(Splice):
    def haproxy(self, s):
        if s.phase == "hold":
            yield "haproxy", "does not wait", self.release(s)
        yield from super().haproxy(s)


class AnyAcIsGoodEnough(Splice):
    def judge(self, s, breach):
        return self.release(s)


class TheArchivesAcIsForwarded(Splice):
    def release(self, s):
        return super().release(s.to_scu("ac"))


class TheScuIsNotTold(Splice):
    def abort(self, s, error):
        return s.to_archive("our-abort").but(phase="aborted", error=error)


class TheArchiveIsForgotten(Splice):
    def close(self, s):
        return s.to_scu("close").but(phase="closed")


class AnArchiveThatClosesIsImitated(Splice):
    def abort(self, s, error):
        return super().close(s.but(error=error)) if s.archive == "gone" else super().abort(s, error)


class WithoutDataTheConnectionIsClosed(Splice):
    def undecided(self, s, error):
        return self.close(s.but(error=error))


class StoredByHaproxy(Splice):
    def hears(self, s, word):
        return super().hears(s, word).to_scu("stored") if word == TAIL else super().hears(s, word)


class TheRestIsLost(Splice):
    """And an archive that takes what came for the whole."""

    def release(self, s):
        return super().release(s.but(buffer=tuple(word for word in s.buffer if word != TAIL)))

    def archive_speaks(self, s):
        if MESSAGE & set(s.archive_heard) and not {"stored", "not-stored"} & set(s.archive_said):
            yield "archive", "stores", s.says("stored").to_scu("stored")
        yield from super().archive_speaks(s)


class AbortedOnceMore(Splice):
    def close(self, s):
        return super().close(s.to_scu("our-abort") if "our-abort" in s.scu_heard else s)


class WithoutAnArchiveTheConnectionIsClosed(Splice):
    def no_archive(self, s):
        return super().no_archive(s) if s.spliced else self.close(s)


class AskedAgainWithNothingNew(Splice):
    def watch(self, s):
        return super().watch(s.but(asked=s.asked - 1) if s.more else s)


def without(timer):
    return type(f"Without_{timer}", (Splice,), {"TIMERS": {phase: name for phase, name in Splice.TIMERS.items()
                                                           if name != timer}})


WRONG = [(DataRightBehindTheRq, no_data_before_the_archive_has_kept_the_promise),
         (AnyAcIsGoodEnough, no_data_before_the_archive_has_kept_the_promise),
         (TheArchivesAcIsForwarded, one_answer_for_each_and_nothing_left_open),
         (TheScuIsNotTold, nobody_is_left_with_a_silent_close),
         (AnArchiveThatClosesIsImitated, nobody_is_left_with_a_silent_close),
         (WithoutDataTheConnectionIsClosed, nobody_is_left_with_a_silent_close),
         (WithoutAnArchiveTheConnectionIsClosed, nobody_is_left_with_a_silent_close),
         (TheArchiveIsForgotten, one_answer_for_each_and_nothing_left_open),
         (AbortedOnceMore, one_answer_for_each_and_nothing_left_open),
         (StoredByHaproxy, nothing_is_acknowledged_in_the_archives_name),
         (TheRestIsLost, nothing_is_acknowledged_in_the_archives_name),
         (AskedAgainWithNothingNew, nobody_waits_for_ever),
         *((without(timer), nobody_waits_for_ever) for timer in sorted(set(Splice.TIMERS.values())))]


@pytest.mark.parametrize("model,violated", WRONG, ids=lambda it: it.__name__)
def test_a_mistake_violates_a_property(model, violated):
    assert next(iter(violated(splice.Graph(model(prompt=True)))), None), "nobody noticed"
