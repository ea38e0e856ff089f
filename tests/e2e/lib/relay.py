# SPDX-License-Identifier: MIT
"""A relay between HAProxy and the agent that keeps every question with its answer."""

import socket
import struct
import threading
from dataclasses import dataclass, field

import spop
from children import PATIENCE


@dataclass
class Exchange:
    """A message with its arguments, and the variables of the answer."""
    name: str
    arguments: dict
    answer: dict = field(default_factory=dict)

    @property
    def bytes(self):
        """How much of the SCU's stream the agent saw."""
        return len(self.arguments["rq"])


class Question(spop.Reader):
    """HAProxy sends the SCU's bytes as a string: texts stay bytes."""

    def typed(self):
        if self.data[self.at] & 15 not in (spop.STR, spop.BIN):
            return super().typed()
        self.take(1)
        return self.string()


def questions(payload):
    """The messages of a NOTIFY frame's payload."""
    r = Question(payload)
    while r.left():
        name, count = r.string().decode(), r.take(1)[0]
        yield Exchange(name, {r.string().decode(): r.typed() for _ in range(count)})


class Relay:
    """On a free port; before_answer: function (Exchange), called before an answer is passed on.

    goodbye: the numbers, from 1, of questions that HAProxy gets an AGENT-DISCONNECT for, and no answer.
    """

    def __init__(self, agent_port, before_answer=lambda exchange: None, goodbye=()):
        self.agent_port, self.before_answer = agent_port, before_answer
        self.goodbye, self.asked = goodbye, 0
        self.exchanges = []  # those that have their answer, in the order of the answers
        self.changed = threading.Condition()
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        for sock in [self.listener, *self.sockets]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()

    def dataset(self):
        """What the agent was asked about data."""
        return [e for e in list(self.exchanges) if e.name == "dataset"]

    def wait_for(self, count):
        """Exchange `count`, from 1, about data."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.dataset()) >= count, PATIENCE):
                raise AssertionError(f"the agent was asked {len(self.dataset())} times about data, not {count}")
        return self.dataset()[count - 1]

    def _accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self.agent_port))
            self.sockets += [here, there]
            asked = {}
            threading.Thread(target=self._pump, args=(here, there, self._question, asked), daemon=True).start()
            threading.Thread(target=self._pump, args=(there, here, self._answer, asked), daemon=True).start()

    def _pump(self, source, target, note, asked):
        buffer = b""
        try:
            while piece := source.recv(65536):
                buffer += piece
                while len(buffer) >= 4 and len(buffer) >= 4 + struct.unpack(">I", buffer[:4])[0]:
                    end = 4 + struct.unpack(">I", buffer[:4])[0]
                    note(source, target, buffer[:end], asked)
                    buffer = buffer[end:]
        except OSError:
            pass
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _question(self, haproxy, agent, frame, asked):
        if frame[4] == spop.NOTIFY:
            r = spop.Reader(frame)
            r.take(9)
            key = r.varint(), r.varint()
            asked[key] = list(questions(r.take(r.left())))
            self.asked += 1
            if self.asked in self.goodbye:
                haproxy.sendall(spop.disconnect(kind=spop.AGENT_DISCONNECT))
                haproxy.shutdown(socket.SHUT_WR)
                return
        agent.sendall(frame)

    def _answer(self, _, haproxy, frame, asked):
        answered = []
        if frame[4] == spop.ACK:
            ack = spop.Frame(frame[4:])
            answered = asked.pop((ack.stream, ack.number))
            for exchange in answered:
                exchange.answer = ack.variables
                self.before_answer(exchange)
        haproxy.sendall(frame)
        with self.changed:
            self.exchanges += answered
            self.changed.notify_all()
