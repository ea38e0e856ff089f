# SPDX-License-Identifier: MIT
"""DICOM on the wire, written from PS3.7 and PS3.8 and sharing nothing with the agent.

Builds and reads PDUs, presentation contexts and command sets. What is wrong on the wire raises
WireError: a test peer forgives nothing.
"""

import struct
from dataclasses import dataclass, field

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)

IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
RLE = "1.2.840.10008.1.2.5"

VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
IMPLEMENTATION_UID = "1.2.826.0.1.3680043.9.7433.1"
IMPLEMENTATION_NAME = "WIRE_TEST"

C_STORE_RQ, C_STORE_RSP, C_ECHO_RQ, C_ECHO_RSP = 0x0001, 0x8001, 0x0030, 0x8030
NO_DATA_SET = 0x0101


class WireError(Exception):
    """What came is not what the standard says."""


def pdu(kind, body):
    return struct.pack(">BBI", kind, 0, len(body)) + body


def item(kind, value):
    if isinstance(value, str):
        value = value.encode("ascii")
    return struct.pack(">BBH", kind, 0, len(value)) + value


def items(raw):
    """The items (type, value) of an A-ASSOCIATE PDU or of an item in it."""
    while raw:
        if len(raw) < 4:
            raise WireError(f"{len(raw)} bytes left over after the last item")
        kind, length = struct.unpack(">BxH", raw[:4])
        if len(raw) < 4 + length:
            raise WireError(f"item {kind:#x} of {length} bytes is cut")
        yield kind, raw[4:4 + length]
        raw = raw[4 + length:]


def uid_text(raw):
    return raw.rstrip(b"\0 ").decode("ascii")


# Associations (PS3.8 9.3.2 to 9.3.4) --------------------------------------------------------------


@dataclass(frozen=True)
class Context:
    """A presentation context: proposed with all of `syntaxes`, or answered with `result` and one."""
    id: int
    abstract: str
    syntaxes: tuple
    result: int = 0


@dataclass
class Associate:
    """An A-ASSOCIATE-RQ or AC as it was read."""
    kind: int
    raw: bytes
    called: str
    calling: str
    contexts: dict = field(default_factory=dict)
    user: dict = field(default_factory=dict)

    @property
    def max_length(self):
        return struct.unpack(">I", self.user[0x51])[0]

    def accepted(self):
        return {c.id: c.syntaxes[0] for c in self.contexts.values() if c.result == 0}


def ae(title):
    return title.encode("ascii").ljust(16)


def user_information(max_length, extra=b"", implementation=(IMPLEMENTATION_UID, IMPLEMENTATION_NAME)):
    return item(0x50, item(0x51, struct.pack(">I", max_length)) + item(0x52, implementation[0])
                + item(0x55, implementation[1]) + extra)


def associate_rq(contexts, called="LB", calling="SCU", max_length=16384, extra=b"",
                 application=APPLICATION_CONTEXT, version=1, implementation=(IMPLEMENTATION_UID, IMPLEMENTATION_NAME)):
    """`extra`: user-information sub-items behind the usual ones, encoded."""
    body = struct.pack(">HH", version, 0) + ae(called) + ae(calling) + bytes(32)
    body += item(0x10, application)
    for c in contexts:
        value = bytes([c.id, 0, 0, 0]) + item(0x30, c.abstract)
        value += b"".join(item(0x40, s) for s in c.syntaxes)
        body += item(0x20, value)
    return pdu(ASSOCIATE_RQ, body + user_information(max_length, extra, implementation))


def associate_ac(rq, answers, max_length=16384):
    """Answer `rq` (an Associate): answers maps id -> (result, transfer syntax); ids left out are left out."""
    body = rq.raw[6:74] + item(0x10, APPLICATION_CONTEXT)
    for i, (result, syntax) in answers.items():
        body += item(0x21, bytes([i, 0, result, 0]) + item(0x40, syntax))
    return pdu(ASSOCIATE_AC, body + user_information(max_length))


def parse_associate(raw):
    kind, length = struct.unpack(">BxI", raw[:6])
    if kind not in (ASSOCIATE_RQ, ASSOCIATE_AC) or length != len(raw) - 6 or length < 68:
        raise WireError(f"not an A-ASSOCIATE-RQ or AC: {raw[:10].hex()}")
    if struct.unpack(">H", raw[6:8])[0] & 1 != 1:
        raise WireError("protocol version without bit 0")
    it = Associate(kind, raw, raw[10:26].decode("latin-1").strip(), raw[26:42].decode("latin-1").strip())
    for item_kind, value in items(raw[74:]):
        if item_kind in (0x20, 0x21):
            context = parse_context(item_kind, value)
            if context.id in it.contexts:
                raise WireError(f"presentation context {context.id} comes twice")
            it.contexts[context.id] = context
        elif item_kind == 0x50:
            it.user.update(items(value))
        elif item_kind != 0x10:
            raise WireError(f"unknown item {item_kind:#x}")
    return it


def parse_context(kind, value):
    abstract, syntaxes = None, []
    for sub, text in items(value[4:]):
        if sub == 0x30 and kind == 0x20:
            abstract = uid_text(text)
        elif sub == 0x40:
            syntaxes.append(uid_text(text))
        else:
            raise WireError(f"sub-item {sub:#x} in presentation context {value[0]}")
    if value[0] % 2 == 0:
        raise WireError(f"presentation context id {value[0]} is even")
    return Context(value[0], abstract, tuple(syntaxes), value[2])


def associate_rj(result, source, reason):
    return pdu(ASSOCIATE_RJ, bytes([0, result, source, reason]))


def abort(source=0, reason=0):
    return pdu(ABORT, bytes([0, 0, source, reason]))


def release_rq():
    return pdu(RELEASE_RQ, bytes(4))


def release_rp():
    return pdu(RELEASE_RP, bytes(4))


# P-DATA-TF (PS3.8 9.3.5, annex E) -----------------------------------------------------------------


def pdv(context, data, command=False, last=True):
    return struct.pack(">IBB", len(data) + 2, context, command | last << 1) + data


def p_data(*pdvs):
    return pdu(P_DATA, b"".join(pdvs))


def pdvs(context, data, command=False, size=16372):
    """`data` as PDVs that carry at most `size` bytes each."""
    cuts = range(0, max(len(data), 1), size)
    return [pdv(context, data[at:at + size], command, at + size >= len(data)) for at in cuts]


def parse_pdvs(body):
    while body:
        if len(body) < 6:
            raise WireError("a PDV's header is cut")
        length, context, header = struct.unpack(">IBB", body[:6])
        if length < 2 or length + 4 > len(body):
            raise WireError(f"a PDV of {length} bytes does not fit its PDU")
        yield context, bool(header & 1), bool(header & 2), body[6:4 + length]
        body = body[4 + length:]


# Command sets (PS3.7 6.3.1, annex E): Implicit VR Little Endian -----------------------------------


def command_set(elements):
    """elements: {element number of group 0000: value (str: UID or AE; int: US)}"""
    body = b""
    for number, value in sorted(elements.items()):
        if isinstance(value, int):
            value = struct.pack("<H", value)
        elif isinstance(value, str):
            value = value.encode("ascii")
        value += b"\0" * (len(value) % 2)
        body += struct.pack("<HHI", 0, number, len(value)) + value
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def parse_command_set(raw):
    """{element number: raw value}"""
    elements = {}
    while raw:
        group, number, length = struct.unpack("<HHI", raw[:8])
        if group != 0 or len(raw) < 8 + length:
            raise WireError(f"broken command set at element {number:#06x}")
        elements[number] = raw[8:8 + length]
        raw = raw[8 + length:]
    return elements


def us(elements, number):
    return struct.unpack("<H", elements[number])[0]


def c_store_rq(sop_class, sop_instance, message_id=1, more=None):
    return command_set({0x0002: sop_class, 0x0100: C_STORE_RQ, 0x0110: message_id, 0x0700: 0,
                        0x0800: 0x0001, 0x1000: sop_instance, **(more or {})})


def c_echo_rq(message_id=1):
    return command_set({0x0002: VERIFICATION, 0x0100: C_ECHO_RQ, 0x0110: message_id, 0x0800: NO_DATA_SET})


def response_to(request, status=0):
    """The response to a parsed C-STORE-RQ or C-ECHO-RQ."""
    elements = {0x0100: us(request, 0x0100) | 0x8000, 0x0120: us(request, 0x0110),
                0x0800: NO_DATA_SET, 0x0900: status}
    elements.update({n: uid_text(request[n]) for n in (0x0002, 0x1000) if n in request})
    return command_set(elements)


# Streams ------------------------------------------------------------------------------------------


class Closed(Exception):
    """The peer has closed (`how` is "eof") or reset ("reset") the connection."""

    def __init__(self, how, partial=b""):
        super().__init__(f"{how} after {len(partial)} bytes of a PDU")
        self.how, self.partial = how, partial


class Stream:
    """PDUs and messages from a socket; `received` keeps every byte."""

    def __init__(self, sock):
        self.sock = sock
        self.received = bytearray()
        self.pending = []

    def read(self, size):
        got = bytearray()
        while len(got) < size:
            try:
                piece = self.sock.recv(size - len(got))
            except ConnectionError:
                raise Closed("reset", bytes(got)) from None
            if not piece:
                raise Closed("eof", bytes(got))
            got += piece
            self.received += piece
        return bytes(got)

    def read_pdu(self):
        """(type, whole PDU). Raises Closed; socket.timeout (TimeoutError) as the socket says."""
        head = self.read(6)
        return head[0], head + self.read(struct.unpack(">I", head[2:])[0])

    def read_message(self, max_length=0):
        """(type, context, command, data set): P_DATA with a whole message, or another PDU's type and bytes.

        command is parsed, data set None if the message has none. max_length: what was announced for P-DATA-TF
        (PS3.8 D.1.1); 0: no limit.
        """
        context, command, data = None, b"", b""
        parsed = None
        while True:
            if not self.pending:
                kind, raw = self.read_pdu()
                if kind != P_DATA:
                    return kind, None, raw, None
                if 0 < max_length < len(raw) - 6:
                    raise WireError(f"a P-DATA-TF of {len(raw) - 6} bytes; at most {max_length} were announced")
                self.pending.extend(parse_pdvs(raw[6:]))
                continue
            number, is_command, is_last, piece = self.pending.pop(0)
            if context not in (None, number):
                raise WireError(f"context {number} inside a message of context {context}")
            context = number
            if is_command:
                command += piece
                if is_last:
                    parsed = parse_command_set(command)
                    if us(parsed, 0x0800) == NO_DATA_SET:
                        return P_DATA, context, parsed, None
            else:
                if parsed is None:
                    raise WireError("data set before the end of its command")
                data += piece
                if is_last:
                    return P_DATA, context, parsed, data
