# SPDX-License-Identifier: MIT
"""A gate between HAProxy and the agent: it lets an answer through when the test says so, and can be shut."""

import contextlib
import queue
import socket
import struct
import threading

import spop
from peers import PATIENCE


class Gate:
    """Listens where HAProxy expects the agent; HELLOs and health checks pass at once."""

    def __init__(self, agent_port):
        self.agent_port, self.port = agent_port, 0
        self.answers = queue.Queue()  # (connection to HAProxy, the frame)
        self.late = []
        self.connections = set()
        self.open()

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def shut(self):
        """From now on it is as if the agent were dead."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in list(self.connections):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener):
        while True:
            try:
                haproxy, _ = listener.accept()
            except OSError:
                return
            try:
                agent = socket.create_connection(("127.0.0.1", self.agent_port))
            except OSError:  # it has been stopped
                haproxy.close()
                continue
            self.connections |= {haproxy, agent}
            for pump in (self._questions, self._frames):
                threading.Thread(target=pump, args=(haproxy, agent), daemon=True).start()

    def _questions(self, haproxy, agent):
        with contextlib.suppress(OSError):
            while piece := haproxy.recv(65536):
                agent.sendall(piece)
        self._end(agent)

    def _frames(self, haproxy, agent):
        with contextlib.suppress(OSError), agent.makefile("rb") as stream:
            while len(head := stream.read(4)) == 4:
                body = stream.read(struct.unpack(">I", head)[0])
                if body[:1] == bytes([spop.ACK]):
                    self.answers.put((haproxy, head + body))
                else:
                    haproxy.sendall(head + body)
        self._end(haproxy)

    def _end(self, sock):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        self.connections.discard(sock)

    def hold(self):
        """Wait for the agent's answer to a question, and keep it; what it says."""
        haproxy, frame = self.answers.get(timeout=PATIENCE)
        self.late.append((haproxy, frame))
        return spop.Frame(frame[4:]).variables

    def let_go(self):
        """Send the oldest answer that was kept, if there is still somebody to hear it."""
        haproxy, frame = self.late.pop(0)
        with contextlib.suppress(OSError):
            haproxy.sendall(frame)
