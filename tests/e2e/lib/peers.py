# SPDX-License-Identifier: MIT
"""Raw DICOM peers: an SCU with full control over every byte, and SCPs that do what real ones seldom do."""

import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

import objects
import wire

PATIENCE = 20  # seconds after which a peer that should have answered is taken for hung


class Rejected(Exception):
    def __init__(self, raw):
        super().__init__(f"A-ASSOCIATE-RJ {raw[7]}/{raw[8]}/{raw[9]}")
        self.codes = tuple(raw[7:10])


class Aborted(Exception):
    def __init__(self, raw):
        super().__init__(f"A-ABORT source {raw[8]} reason {raw[9]}")
        self.source, self.reason = raw[8], raw[9]


def reset(sock):
    """Close with a TCP RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class RawScu:
    """One connection to a DICOM port. Use it as a context manager.

    source: the address to connect from. tls: an ssl.SSLContext; server_name: which server it asks for (SNI).
    """

    def __init__(self, port, host="127.0.0.1", source=None, tls=None, server_name=None):
        self.sock = socket.create_connection((host, port), PATIENCE, source and (source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = "%s:%d" % self.sock.getsockname()[:2]  # as HAProxy logs it
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=server_name)
        self.stream = wire.Stream(self.sock)
        self.ac = None
        self.rq = None
        self.message_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def close(self):
        self.sock.close()

    def reset(self):
        reset(self.sock)

    def send(self, data, size=None, pause=0):
        """Send `data`, in pieces of `size` bytes with `pause` seconds between them if given."""
        for at in range(0, len(data), size or max(len(data), 1)):
            self.sock.sendall(data[at:at + (size or len(data))])
            if pause:
                time.sleep(pause)

    def read_pdu(self):
        return self.stream.read_pdu()

    def read_ac(self):
        kind, raw = self.read_pdu()
        if kind == wire.ASSOCIATE_RJ:
            raise Rejected(raw)
        if kind == wire.ABORT:
            raise Aborted(raw)
        if kind != wire.ASSOCIATE_AC:
            raise wire.WireError(f"PDU {kind} instead of an A-ASSOCIATE-AC")
        self.ac = wire.parse_associate(raw)
        return self.ac

    def associate(self, contexts, **how):
        """Send an A-ASSOCIATE-RQ (wire.associate_rq's arguments) and read the AC."""
        self.rq = wire.associate_rq(contexts, **how)
        self.send(self.rq)
        return self.read_ac()

    def context_for(self, sop_class, syntax):
        asked = wire.parse_associate(self.rq).contexts
        for number, accepted in self.ac.accepted().items():
            if asked[number].abstract == sop_class and accepted == syntax:
                return number
        raise wire.WireError(f"no context accepted for {sop_class} with {syntax}")

    def store_bytes(self, thing, pdv_size=16372, one_pdu=False, more=None):
        """P-DATA that sends `thing` (objects.Object); one_pdu: command and first data PDV in one PDU."""
        self.message_id = self.message_id % 65535 + 1
        context = self.context_for(thing.sop_class, thing.syntax)
        command = wire.c_store_rq(thing.sop_class, thing.uid, self.message_id, more)
        parts = wire.pdvs(context, command, True, pdv_size) + wire.pdvs(context, thing.data, False, pdv_size)
        if one_pdu:
            parts[0:2] = [parts[0] + parts[1]]
        return b"".join(wire.p_data(part) for part in parts)

    def status(self):
        """The status of the next response."""
        kind, _, command, _ = self.stream.read_message()
        if kind == wire.ABORT:
            raise Aborted(command)
        if kind != wire.P_DATA:
            raise wire.WireError(f"PDU {kind} instead of a response")
        return wire.us(command, 0x0900)

    def store(self, thing, **how):
        self.send(self.store_bytes(thing, **how))
        return self.status()

    def echo(self):
        context = self.context_for(wire.VERIFICATION, wire.IMPLICIT_LE)
        self.send(wire.p_data(wire.pdv(context, wire.c_echo_rq(), command=True)))
        return self.status()

    def release(self):
        self.send(wire.release_rq())
        kind, raw = self.read_pdu()
        if kind != wire.RELEASE_RP:
            raise wire.WireError(f"PDU {kind} instead of an A-RELEASE-RP: {raw.hex()}")
        self.sock.close()

    def how_it_ends(self):
        """What the other side does next and last: "eof", "reset", or the PDU that comes before."""
        try:
            kind, raw = self.read_pdu()
        except wire.Closed as closed:
            return closed.how
        return {wire.ABORT: "abort", wire.ASSOCIATE_RJ: "reject"}.get(kind, f"pdu {kind}: {raw[:16].hex()}")


def check_works(port, calling="CHECK"):
    """An association with one C-STORE of a CT; the Object."""
    thing = objects.make("CT", size=2000)
    assert send_all(port, thing, calling=calling) == [0]
    return thing


def contexts_for(*things, first=1):
    """One presentation context for each SOP class and transfer syntax among `things`."""
    pairs = dict.fromkeys((t.sop_class, t.syntax) for t in things)
    return [wire.Context(first + 2 * n, sop, (syntax,)) for n, (sop, syntax) in enumerate(pairs)]


def send_all(port, *things, calling="SCU", called="LB", pdv_size=16372, one_pdu=False):
    """One association that stores all `things` and is released; returns the statuses."""
    with RawScu(port) as scu:
        scu.associate(contexts_for(*things), calling=calling, called=called)
        statuses = [scu.store(thing, pdv_size=pdv_size, one_pdu=one_pdu) for thing in things]
        scu.release()
    return statuses


def settle(lb, archives, patients, modality="CT"):
    """One small object of each patient through `lb`: {patient: name of the archive that has got it}"""
    things = {patient: objects.make(modality, size=10, PatientID=patient) for patient in patients}
    for thing in things.values():
        assert send_all(lb.port, thing) == [0]
    held = {name: archive.objects() for name, archive in archives.items()}
    where = {patient: [name for name in archives if thing.uid in held[name]] for patient, thing in things.items()}
    assert all(len(names) == 1 for names in where.values())
    return {patient: names[0] for patient, names in where.items()}


# SCPs ---------------------------------------------------------------------------------------------


@dataclass
class Association:
    """What a RawScp has seen on one connection."""
    stream: wire.Stream
    rq: wire.Associate = None
    early: bytes = b""  # what came before the AC was sent
    messages: list = field(default_factory=list)  # (command, data set)
    ended: str = ""  # release, abort, eof, reset; "" while it runs
    error: str = ""

    @property
    def received(self):
        return bytes(self.stream.received)

    def p_data(self):
        """What came behind the RQ."""
        return self.received[len(self.rq.raw):] if self.rq else b""


def accept_all(rq):
    """Accept every context with the first transfer syntax that it proposes."""
    return wire.associate_ac(rq, {c.id: (0, c.syntaxes[0]) for c in rq.contexts.values()})


def accept_nothing_of(abstract):
    return lambda rq: wire.associate_ac(rq, {c.id: (3 if c.abstract == abstract else 0, c.syntaxes[0])
                                             for c in rq.contexts.values()})


def accept_with(syntax):
    return lambda rq: wire.associate_ac(rq, {c.id: (0, syntax) for c in rq.contexts.values()})


def accept_max_length(length):
    return lambda rq: wire.associate_ac(rq, {c.id: (0, c.syntaxes[0]) for c in rq.contexts.values()}, length)


def leave_out(abstract):
    return lambda rq: wire.associate_ac(rq, {c.id: (0, c.syntaxes[0]) for c in rq.contexts.values()
                                             if c.abstract != abstract})


class RawScp:
    """An archive on a free port that aborts, as PS3.8 demands in Sta3, on data between RQ and AC.

    delay: seconds between the RQ and the answer.
    answer: function (wire.Associate) -> bytes of the answer; or "close", "reset", "silent".
    piece: send in pieces of so many bytes; pause: seconds between them.
    statuses: C-STORE statuses to answer with, the last one for ever.
    respond: function (request, status) -> command set of the response to a message.
    answer and respond may be replaced while it runs.
    """

    def __init__(self, answer=accept_all, delay=0, port=0, piece=None, statuses=(0,), respond=wire.response_to,
                 pause=0):
        self.answer, self.delay, self.piece, self.statuses = answer, delay, piece, list(statuses)
        self.respond, self.pause = respond, pause
        self.associations = []
        self.changed = threading.Condition()
        self.running = True
        self.gate = threading.Event()  # while it is cleared no response to a message goes out
        self.gate.set()
        self.sockets = set()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hang_up(self, last_words=b""):
        """Say this on each open connection, and close."""
        with self.changed:
            open_sockets = list(self.sockets)
        for sock in open_sockets:
            sock.sendall(last_words)
            sock.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.running = False
        self.gate.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.changed:
            open_sockets = list(self.sockets)
        for sock in open_sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def wait_for(self, predicate, what, patience=PATIENCE):
        """Wait until predicate(self.associations) is true; its value."""
        with self.changed:
            if not self.changed.wait_for(lambda: predicate(self.associations), patience):
                raise AssertionError(f"archive on port {self.port}: no {what} within {patience} s; "
                                     f"saw {[(a.rq and a.rq.calling, len(a.messages), a.ended, a.error) for a in self.associations]}")
            return predicate(self.associations)

    def only(self):
        """The one association that came, when it has ended."""
        self.wait_for(lambda all_: len(all_) >= 1 and all(a.ended for a in all_), "ended association")
        assert len(self.associations) == 1, f"{len(self.associations)} associations came"
        return self.associations[0]

    def objects(self):
        """{SOP Instance UID: data set} of every C-STORE-RQ that came."""
        with self.changed:
            return {wire.uid_text(command[0x1000]): data for a in self.associations
                    for command, data in a.messages if wire.us(command, 0x0100) == wire.C_STORE_RQ}

    def _note(self, association, **what):
        with self.changed:
            for name, value in what.items():
                setattr(association, name, value)
            self.changed.notify_all()

    def _accept(self):
        while self.running:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        association = Association(wire.Stream(sock))
        with self.changed:
            self.sockets.add(sock)
            self.associations.append(association)
            self.changed.notify_all()
        try:
            how = self._converse(association, sock)
        except wire.Closed as closed:
            how = closed.how
        except wire.WireError as error:
            association.error = str(error)
            how = "broken"
        except ConnectionError:
            how = "reset"
        except OSError as error:
            how = f"{type(error).__name__}"
        with self.changed:
            self.sockets.discard(sock)
        try:
            sock.close()
        except OSError:
            pass
        self._note(association, ended=how)

    def _converse(self, association, sock):
        kind, raw = association.stream.read_pdu()
        if kind != wire.ASSOCIATE_RQ:
            raise wire.WireError(f"PDU {kind} instead of an A-ASSOCIATE-RQ")
        self._note(association, rq=wire.parse_associate(raw))
        readable = select.poll()  # select() knows 1024 files
        readable.register(sock, select.POLLIN)
        if readable.poll(self.delay * 1000):
            early = sock.recv(65536)
            if not early:
                return "eof"
            association.stream.received += early
            if len(early) == 10 and early[0] == wire.ABORT:
                return "abort"  # Evt16, which an SCU may cause at any time
            self._note(association, early=early)
            sock.sendall(wire.abort(2, 2))
            return "early data"
        if self.answer == "close":
            return "closed"
        if self.answer == "reset":
            reset(sock)
            return "reset by archive"
        if self.answer == "silent":
            return self._drain(association, sock)
        answer = self.answer(association.rq)
        self._send(sock, answer)
        end = 6 + int.from_bytes(answer[2:6], "big")
        if answer[0] != wire.ASSOCIATE_AC or len(answer) < end:
            return self._drain(association, sock)
        return self._messages(association, sock, wire.parse_associate(answer[:end]))

    def _send(self, sock, data):
        size = self.piece or len(data)
        for at in range(0, len(data), size):
            if at:
                time.sleep(self.pause)
            sock.sendall(data[at:at + size])

    def _drain(self, association, sock):
        while True:
            piece = sock.recv(65536)
            if not piece:
                return "eof"
            association.stream.received += piece

    def _messages(self, association, sock, ac):
        while True:
            kind, context, command, data = association.stream.read_message(ac.max_length)
            if kind == wire.RELEASE_RQ:
                self._send(sock, wire.release_rp())
                return "release"
            if kind == wire.ABORT:
                return "abort"
            if kind != wire.P_DATA:
                raise wire.WireError(f"unexpected PDU {kind}")
            if context not in ac.accepted():
                sock.sendall(wire.abort(2, 6))
                raise wire.WireError(f"message on context {context}, which was not accepted")
            with self.changed:
                association.messages.append((command, data))
                self.changed.notify_all()
            self.gate.wait()
            status = 0
            if wire.us(command, 0x0100) == wire.C_STORE_RQ:
                status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            for part in wire.pdvs(context, self.respond(command, status), True):
                self._send(sock, wire.p_data(part))
