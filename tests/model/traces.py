# SPDX-License-Identifier: MIT
"""The ways through the model that the product is led along: one to each end, and as many more as it takes to make
each move in each phase of HAProxy, with an SCU that is there and with one that is gone. They stand in the file
`traces`; after a change of the model

    python3 tests/model/traces.py >tests/model/traces

writes them anew, and the difference shows what became possible.
"""

import os
from typing import NamedTuple

from splice import Graph, Splice, ends_of

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "traces")
STARTS = dict(zip(("fallback", "refuse", "no-pool"), Splice().starts()))


class Trace(NamedTuple):
    name: str
    start: str  # of STARTS
    steps: tuple  # of (who, what)

    def __str__(self):
        return f"{self.name} | {self.start} | " + "; ".join(" ".join(step) for step in self.steps)

    def states(self):
        """The states on the way, the first and the last among them."""
        model, states = Splice(prompt=True), [STARTS[self.start]]
        for step in self.steps:
            after = [after for who, what, after in model.moves(states[-1]) if (who, what) == step]
            assert len(after) == 1, f"{self.name}: {step} cannot happen in {states[-1]}"
            states += after
        assert states[-1].phase == "closed", f"{self.name} is not over"
        return states


def parse(line):
    name, start, steps = line.rstrip("\n").split(" | ")
    return Trace(name, start, tuple(tuple(step.split(" ", 1)) for step in steps.split("; ")))


def read():
    with open(PATH, encoding="ascii") as f:
        return [parse(line) for line in f if not line.startswith("#")]


def name_of(end):
    if end.scu[:1] in (("spliced",), ("passed-through",), ("not-stored",)):
        return f"{end.scu[0]}/{end.error.strip('-') or 'status'}"
    return f"{end.error.strip('-') or 'forwarded'}/scu:{'+'.join(end.scu)}/archive:{'+'.join(end.archive)}"


def trace(name, start, steps):
    return Trace(name, next(key for key, state in STARTS.items() if state == start), tuple(steps))


def visited(it):
    return {kind(s, *step) for s, step in zip(it.states(), it.steps)}


def kind(s, who, what):
    """A move in a phase of HAProxy, with an SCU that is there or gone."""
    return s.phase, s.scu_gone, who, what


def all_traces():
    model = Splice(prompt=True)
    graph = Graph(model)
    traces = [trace(name_of(end), *graph.trace(s)) for end, s in graph.ends().items()]
    done = set().union(*map(visited, traces))
    for s, moves in graph.moves.items():
        for who, what, after in moves:
            if kind(s, who, what) in done:
                continue
            start, steps = graph.trace(s)
            rest = Graph(model, [after])
            last = next(state for state in rest.came if state.phase == "closed")
            steps = [*steps, (who, what), *rest.trace(last)[1]]
            name = f"{s.phase}{'-without-scu' if s.scu_gone else ''}/{who}-{what.replace(' ', '-')}"
            traces.append(trace(name, start, steps))
            done |= visited(traces[-1])
    return traces


def ends_reached(traces):
    return {end for it in traces for end in ends_of(it.states()[-1])}


if __name__ == "__main__":
    print("# SPDX-License-Identifier: MIT")
    for one in sorted(all_traces()):
        print(one)
