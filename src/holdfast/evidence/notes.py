"""Signed checkpoints: C2SP ``signed-note`` with an Ed25519 signature around a C2SP ``tlog-checkpoint``.

A checkpoint says in three lines which log (*origin*), how many entries, and their root hash. A note is that text, an
empty line, and one signature line for each signer. Verification follows https://c2sp.org/signed-note: signatures of
keys we do not know are ignored, one of ours that fails refuses the whole note, and so does its absence. Base64 is
read strictly: two spellings of the same bytes would let a byte of a note change unseen.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from holdfast.errors import HoldfastError, UsageError
from holdfast.evidence.merkle import HASH_BYTES

ED25519 = b"\x01"  # signature type identifier of signed-note
KEY_ID_BYTES = 4
PUBLIC_KEY_BYTES = 32
ORIGIN_LIMIT_CHARACTERS = 100
NOTE_LIMIT_BYTES = 65_536
# Narrower than signed-note, which forbids spaces and "+" only: this one is also a safe part of a file name once quoted.
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*\Z")
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_SIGNATURE_START = "\N{EM DASH} "


def is_origin(text: str) -> bool:
    """Return whether the text can name a log and its key."""
    return len(text) <= ORIGIN_LIMIT_CHARACTERS and _ORIGIN.match(text) is not None


def check_origin(origin: str) -> str:
    """Return the origin if it can name a log and its key; HF203 otherwise."""
    if is_origin(origin):
        return origin
    message = f"{origin!r} cannot be a log's origin"
    remedy = f"use at most {ORIGIN_LIMIT_CHARACTERS} letters, digits, '.', '_', '-' and '/', like bank.example/drills"
    raise UsageError("HF203", message, remedy=remedy)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key as the readers of a log hold it: whose it is, its short id, and the 32 bytes themselves."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def of(cls, name: str, public: bytes) -> VerifierKey:
        """Return the key of that name; its id is computed as signed-note recommends."""
        return cls(name, sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_ID_BYTES], public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Return the key written as ``name+id+base64``; HF217 if it is not one, or its id is not its own."""
        parts = text.strip().split("+", 2)
        try:
            name, key_id, encoded = parts
            material = _decode_base64(encoded)
            key = cls.of(name, material[1:])
            if material[:1] == ED25519 and len(material) == 1 + PUBLIC_KEY_BYTES and key.key_id.hex() == key_id:
                return key
        except ValueError:
            pass
        shown = text.strip()[:120]
        message = f"{shown!r} is not a verifier key of the form name+id+base64 (Ed25519), or a part of it was altered"
        raise UsageError("HF217", message, remedy="copy the whole line that `holdfast log export` printed")

    def __str__(self) -> str:
        """Return ``name+id+base64``, the form of signed-note."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Return whether this key made the signature over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to at one size: its origin, its number of entries, the root hash over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Signer:
    """The private key of a log, and the verifier key that goes with it."""

    key: VerifierKey
    private: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, private: Ed25519PrivateKey) -> Signer:
        """Return the signer of that name."""
        return cls(VerifierKey.of(name, private.public_key().public_bytes_raw()), private)

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Return the checkpoint as a signed note."""
        text = checkpoint.text()
        signature = base64.b64encode(self.key.key_id + self.private.sign(text.encode())).decode()
        return f"{text}\n{_SIGNATURE_START}{self.key.name} {signature}\n".encode()


def read_checkpoint(note: bytes, key: VerifierKey | None) -> Checkpoint:
    """Return the checkpoint in a signed note; HF221 if it is malformed or not signed by ``key``.

    Without a key nothing is verified: what is returned is only what somebody wrote.
    """
    text, signatures = _split(note)
    checkpoint = _parse(text)
    if key is None:
        return checkpoint
    if checkpoint.origin != key.name:
        raise _malformed(f"it is of the log {checkpoint.origin!r}, the key is of {key.name!r}")
    own = [signature for name, signature in signatures if (name, signature[:KEY_ID_BYTES]) == (key.name, key.key_id)]
    if not own:
        raise _malformed(f"it carries no signature of the key {key.name}+{key.key_id.hex()}")
    if not all(key.verifies(text.encode(), signature[KEY_ID_BYTES:]) for signature in own):
        raise _malformed("its signature does not fit its text")
    return checkpoint


def _split(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the signed text, with its newline, and the signatures by name."""
    try:
        whole = note.decode() if len(note) <= NOTE_LIMIT_BYTES else ""
    except UnicodeDecodeError:
        whole = ""
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or any(c < " " and c != "\n" for c in whole):
        raise _malformed("it is not a signed note")
    signatures = []
    for line in lines[:-1].split("\n"):
        name, space, encoded = line.removeprefix(_SIGNATURE_START).partition(" ")
        try:
            signature = _decode_base64(encoded)
        except ValueError:
            signature = b""
        if not line.startswith(_SIGNATURE_START) or not name or not space or len(signature) <= KEY_ID_BYTES:
            raise _malformed("a signature line is not of the form '— name base64'")
        signatures.append((name, signature))
    return text + "\n", signatures


def _parse(text: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    try:
        origin, size, root = lines[0], lines[1], _decode_base64(lines[2])
    except (IndexError, ValueError):
        raise _malformed("its text is not origin, size and root hash") from None
    if not origin or not all(lines) or not _SIZE.match(size) or len(root) != HASH_BYTES:
        raise _malformed("its text is not origin, size and root hash")
    return Checkpoint(origin, int(size), root)


def _decode_base64(text: str) -> bytes:
    """Return the bytes; ValueError unless the text is exactly how they are encoded."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    if base64.b64encode(data).decode() != text:
        message = "not the canonical base64"
        raise ValueError(message)
    return data


def _malformed(why: str) -> HoldfastError:
    message = f"the checkpoint cannot be trusted: {why}"
    return HoldfastError("HF221", message, remedy="compare with an exported bundle, and find out who could write here")
