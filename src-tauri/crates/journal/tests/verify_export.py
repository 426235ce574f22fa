#!/usr/bin/env python3
"""Verifies an export of a Countersign journal, knowing only docs/JOURNAL-FORMAT.md.

    python3 verify_export.py FILE

Needs the `cryptography` package. Prints the number of entries and the head, or names the first bad
entry and why, and then exits with 1. Numbers in comments are sections of the format's document.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

FORMAT = "countersign-journal-export-1"
BODY = "application/vnd.countersign.entry.v1+json"
LINK = "application/vnd.countersign.link.v1+json"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
EARLIEST, LATEST = 1577836800000, 7258118400000
MAX_ENVELOPE = 4 * 1024 * 1024
ACTS = {
    "founded", "proposed", "approved", "declined", "lapsed", "enacted", "keygen_started",
    "keygen_aborted", "vault_ready", "planned", "released", "signing_started", "signing_retried",
    "signing_aborted", "signed", "broadcast", "confirmed", "reorged", "dropped", "replaced",
    "frozen", "clock_confirmed",
}


class Bad(Exception):
    """Something is not as the format says."""


def need(condition, why):
    if not condition:
        raise Bad(why)


# -- 1. Conventions ------------------------------------------------------------------------------


def no_duplicates(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "a field occurs twice")
    return dict(pairs)


def no_float(text):
    raise Bad(f"{text} is no integer")


def strict_json(data, fields):
    """Reads an object with exactly these fields, in its one spelling."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=no_duplicates,
            parse_float=no_float,
            parse_constant=no_float,
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Bad(f"not JSON: {error}") from error
    has_fields(value, fields)
    spelled = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    need(spelled.encode("utf-8") == data, "not in its one spelling")
    return value


def has_fields(value, fields):
    need(isinstance(value, dict), "not an object")
    need(list(value) == fields, f"fields {list(value)} where {fields} are expected")


def integer(value):
    need(type(value) is int and 0 <= value < 2**64, "not an integer in range")
    return value


def text(value):
    need(isinstance(value, str), "not a text")
    return value


def items(value):
    need(isinstance(value, list), "not a list")
    return value


def time(value):
    need(EARLIEST <= integer(value) <= LATEST, "not a time between 2020 and 2200")
    return value


def from_hex(value, length=None):
    need(isinstance(value, str) and value == value.lower(), "not lower-case hex")
    try:
        data = bytes.fromhex(value)
    except ValueError as error:
        raise Bad(f"not hex: {error}") from error
    need(data.hex() == value, "not hex in its one spelling")
    need(length is None or len(data) == length, f"not {length} bytes")
    return data


def from_base64(value):
    need(isinstance(value, str), "not base64")
    try:
        data = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise Bad(f"not base64: {error}") from error
    need(base64.b64encode(data).decode() == value, "not standard base64")
    return data


def number(value):
    return integer(value).to_bytes(8, "big")


def field(data):
    return len(data).to_bytes(8, "big") + data


def written(value):
    return field(text(value).encode("utf-8"))


def domain_hash(domain, *encoded):
    return hashlib.sha256(written(domain) + b"".join(encoded)).digest()


class PublicKey:
    def __init__(self, hexadecimal):
        self.compressed = from_hex(hexadecimal, 33)
        self.id = hashlib.sha256(self.compressed).hexdigest()
        try:
            self.key = ec.EllipticCurvePublicKey.from_encoded_point(
                ec.SECP256R1(), self.compressed
            )
        except ValueError as error:
            raise Bad(f"not a P-256 key: {error}") from error

    def verify(self, digest, signature):
        r = int.from_bytes(signature[:32], "big")
        s = int.from_bytes(signature[32:], "big")
        try:
            self.key.verify(
                encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(hashes.SHA256()))
            )
        except InvalidSignature as error:
            raise Bad("a signature does not verify") from error


# -- 3. Envelopes --------------------------------------------------------------------------------


class Envelope:
    def __init__(self, data, payload_type):
        need(len(data) <= MAX_ENVELOPE, "the envelope is too large")
        wire = strict_json(data, ["payloadType", "payload", "signatures"])
        need(wire["payloadType"] == payload_type, "another payload type")
        self.payload = from_base64(wire["payload"])
        self.signatures = [self.signature(one) for one in items(wire["signatures"])]
        need(1 <= len(self.signatures) <= 32, "no signature, or too many")
        ids = [key_id for key_id, _ in self.signatures]
        need(len(set(ids)) == len(ids), "one key signed twice")
        kind = payload_type.encode()
        encoding = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)
        self.digest = hashlib.sha256(encoding).digest()
        self.id = self.digest.hex()

    @staticmethod
    def signature(wire):
        has_fields(wire, ["keyid", "sig"])
        from_hex(wire["keyid"], 32)
        signature = from_base64(wire["sig"])
        need(len(signature) == 64, "a signature is not 64 bytes")
        r = int.from_bytes(signature[:32], "big")
        s = int.from_bytes(signature[32:], "big")
        need(0 < r < ORDER and 0 < s < ORDER, "a signature is out of range")
        need(s <= ORDER // 2, "a signature has a high s")
        return wire["keyid"], signature

    def signatures_hash(self):
        encoded = [number(len(self.signatures))]
        for key_id, signature in self.signatures:
            encoded += [field(bytes.fromhex(key_id)), field(signature)]
        return domain_hash("countersign/signatures/v1", *encoded).hex()

    def verify(self, keys):
        """Exactly these keys signed, each once."""
        need(
            {key.id for key in keys} == {key_id for key_id, _ in self.signatures}
            and len(keys) == len(self.signatures),
            "not signed by the key that should have signed",
        )
        by_id = {key.id: key for key in keys}
        for key_id, signature in self.signatures:
            by_id[key_id].verify(self.digest, signature)


# -- 6. Who signs --------------------------------------------------------------------------------

OFFICER = [
    "name", "sign", "freeze", "open", "serial", "firmware", "attestation", "waiver", "possession",
]
MACHINE = ["name", "key", "administrators"]
FOUNDING = [
    "name", "class", "networks", "officers", "machines", "attestation_roots", "test_roots", "policy",
    "waiver", "nonce",
]


class Officer:
    def __init__(self, wire):
        has_fields(wire, OFFICER)
        has_fields(wire["attestation"], ["sign", "freeze", "open", "chain"])
        self.sign = PublicKey(wire["sign"])
        self.freeze = PublicKey(wire["freeze"])
        self.wire = wire
        self.id = self.sign.id

    def encoded(self):
        wire, attestation = self.wire, self.wire["attestation"]
        firmware = items(wire["firmware"])
        need(len(firmware) == 3 and all(integer(one) < 256 for one in firmware), "no firmware")
        chain = items(attestation["chain"])
        return [
            number(1),
            written(wire["name"]),
            field(self.sign.compressed),
            field(self.freeze.compressed),
            field(PublicKey(wire["open"]).compressed),
            number(wire["serial"]),
            field(bytes(firmware)),
            written("" if wire["waiver"] is None else wire["waiver"]),
            field(from_hex(attestation["sign"])),
            field(from_hex(attestation["freeze"])),
            field(from_hex(attestation["open"])),
            number(len(chain)),
            *[field(from_hex(certificate)) for certificate in chain],
        ]


class Machine:
    def __init__(self, wire):
        has_fields(wire, MACHINE)
        self.key = PublicKey(wire["key"])
        self.wire = wire
        self.id = self.key.id

    def encoded(self):
        administrators = items(self.wire["administrators"])
        return [
            written(self.wire["name"]),
            field(self.key.compressed),
            number(len(administrators)),
            *[written(name) for name in administrators],
        ]


class Known:
    """Officers and machines known at a place of the journal."""

    def __init__(self):
        self.officers, self.machines, self.proposed = {}, {}, {}

    def machine(self, machine_id):
        known = self.machines.get(machine_id)
        pending = [one[1] for one in self.proposed.values() if one[0] == "machine"]
        for candidate in [known, *pending]:
            if candidate is not None and candidate.id == machine_id:
                return candidate.key
        raise Bad("a machine that no entry introduced")

    def author_keys(self, author, act):
        if author == "founders":
            return [officer.sign for officer in self.officers.values()], None
        need(isinstance(author, dict) and len(author) == 1, "no author")
        kind, name = next(iter(author.items()))
        from_hex(name, 32)
        if kind == "machine":
            return [self.machine(name)], None
        need(kind == "officer", "no author")
        need(name in self.officers, "an officer that no entry introduced")
        officer = self.officers[name]
        return [officer.sign], officer.freeze if act == "frozen" else None

    def found(self, founding):
        has_fields(founding, FOUNDING)
        officers = [Officer(wire) for wire in items(founding["officers"])]
        machines = [Machine(wire) for wire in items(founding["machines"])]
        self.officers = {officer.id: officer for officer in officers}
        need(len(self.officers) == len(officers), "one officer founds twice")
        self.machines = {machine.id: machine for machine in machines}

    def propose(self, treasury, body, proposal):
        """Remembers a proposal that would introduce somebody. Before its signatures are checked: a
        new machine links the entry that proposes it."""
        has_fields(proposal, ["subject", "expires", "nonce"])
        author, subject = body["author"], proposal["subject"]
        need(isinstance(subject, dict) and len(subject) == 1, "no subject")
        kind, what = next(iter(subject.items()))
        if not (isinstance(author, dict) and "officer" in author):
            return
        if kind == "officer":
            need(isinstance(what, dict) and len(what) == 1, "no change of an officer")
            if "add" not in what:
                return
            officer = Officer(what["add"])
            joins, encoded = ("officer", officer), officer.encoded()
        elif kind == "machine":
            has_fields(what, ["machine", "replaces", "head"])
            machine = Machine(what["machine"])
            replaces, head = from_hex(what["replaces"], 32), from_hex(what["head"], 32)
            joins = ("machine", machine, what["replaces"])
            encoded = machine.encoded() + [field(replaces), field(head)]
        else:
            return
        proposal_id = domain_hash(
            "countersign/proposal/v1",
            field(bytes.fromhex(treasury)),
            field(from_hex(author["officer"], 32)),
            number(time(body["time"])),
            number(time(proposal["expires"])),
            field(from_hex(proposal["nonce"])),
            written(kind),
            *encoded,
        ).hex()
        self.proposed[proposal_id] = joins

    def learn(self, act, what):
        if act == "enacted":
            has_fields(what, ["proposal"])
            joins = self.proposed.pop(what["proposal"], None)
            if joins is not None and joins[0] == "officer":
                self.officers[joins[1].id] = joins[1]
            elif joins is not None:
                self.machines.pop(joins[2], None)
                self.machines[joins[1].id] = joins[1]
        elif act in ("declined", "lapsed"):
            need(isinstance(what, dict) and "proposal" in what, "no proposal")
            self.proposed.pop(what["proposal"], None)


# -- 7. Verifying --------------------------------------------------------------------------------


class Journal:
    def __init__(self):
        self.next, self.head, self.treasury = 0, None, None
        self.latest, self.ids, self.known = 0, set(), Known()

    def take(self, line):
        wire = strict_json(line, ["sequence", "body", "link", "first_seen"])
        need(integer(wire["sequence"]) == self.next, "rows are missing, doubled or out of order")
        envelope = Envelope(from_base64(wire["body"]), BODY)
        body = self.read_body(envelope)
        link = Envelope(from_base64(wire["link"]), LINK)
        self.check_link(envelope, link)
        first_seen = time(wire["first_seen"])
        need(first_seen >= self.latest, "first seen before the entry before")
        self.check_signatures(body, envelope, link)
        self.next += 1
        self.head = link.id
        self.ids.add(envelope.id)
        self.latest = max(first_seen, body["time"])

    def read_body(self, envelope):
        body = strict_json(envelope.payload, ["version", "treasury", "time", "author", "act"])
        need(integer(body["version"]) == 1, "an unknown version")
        time(body["time"])
        need(isinstance(body["act"], dict) and len(body["act"]) == 1, "no act")
        need(next(iter(body["act"])) in ACTS, "an unknown act")
        need(envelope.id not in self.ids, "the body occurs twice")
        founding = "founded" in body["act"]
        need(founding == (self.next == 0), "a founding is first, and nothing else is")
        need(founding == (body["author"] == "founders"), "only the founding is by all founders")
        need(body["treasury"] == self.treasury, "another treasury")
        return body

    def check_link(self, body, envelope):
        link = strict_json(
            envelope.payload, ["version", "sequence", "previous", "body", "signatures"]
        )
        need(integer(link["version"]) == 1, "an unknown version")
        need(len(envelope.signatures) == 1, "a link has one signature")
        need(integer(link["sequence"]) == self.next, "a link for another place")
        need(link["previous"] == self.head, "a link that does not follow the one before")
        need(link["body"] == body.id, "a link for another body")
        need(link["signatures"] == body.signatures_hash(), "a link over other signatures")

    def check_signatures(self, body, envelope, link):
        act, what = next(iter(body["act"].items()))
        if act == "founded":
            self.treasury = envelope.id
            self.known.found(what)
        elif act == "proposed":
            self.known.propose(self.treasury, body, what)
        keys, freeze = self.known.author_keys(body["author"], act)
        if freeze is not None and envelope.signatures[0][0] == freeze.id:
            keys = [freeze]
        envelope.verify(keys)
        link.verify([self.known.machine(link.signatures[0][0])])
        self.known.learn(act, what)


def verify(data):
    *lines, rest = data.split(b"\n")
    need(rest == b"" and len(lines) >= 2, "the file is cut off")
    header = strict_json(lines[0], ["format", "treasury", "entries", "head", "exported"])
    need(header["format"] == FORMAT, "another format")
    time(header["exported"])
    journal = Journal()
    for line in lines[1:-1]:
        try:
            journal.take(line)
        except (Bad, KeyError, TypeError, ValueError) as error:
            raise Bad(f"entry {journal.next} is bad: {error}") from error
    need(integer(header["entries"]) == journal.next, f"entry {journal.next} is missing")
    need(header["treasury"] == journal.treasury, "the header names another treasury")
    need(header["head"] == journal.head, "the header names another head")
    trailer = strict_json(lines[-1], ["sha256"])
    whole = data[: len(data) - len(lines[-1]) - 1]
    need(trailer["sha256"] == hashlib.sha256(whole).hexdigest(), "the file's hash is another")
    return journal


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        journal = verify(data)
    except (Bad, ValueError) as error:
        print(f"BAD: {error}")
        sys.exit(1)
    print(f"good: {journal.next} entries, head {journal.head}")


if __name__ == "__main__":
    main()
