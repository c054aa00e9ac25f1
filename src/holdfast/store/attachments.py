"""Attachments: files that entries commit to by digest, each named by its SHA-256 in hex."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from holdfast.errors import HoldfastError
from holdfast.evidence.events import Attachment
from holdfast.evidence.verification import REMEDY_ALTERED, Measured
from holdfast.store.durable import make_directory, write_file
from holdfast.store.port import ATTACHMENT_LIMIT_BYTES

FILE_MODE = 0o444  # nobody has a reason to change a file that is named by its content
DIRECTORY_MODE = 0o755
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def described(name: str, data: bytes, media_type: str) -> Attachment:
    """Return what an event names this file by; HF212 if it is larger than 256 MiB."""
    if len(data) > ATTACHMENT_LIMIT_BYTES:
        message = f"{name} has {len(data):,} bytes; an attachment has at most {ATTACHMENT_LIMIT_BYTES:,}"
        raise HoldfastError("HF212", message, remedy="split the file, or attach a summary that names it by digest")
    return Attachment(name, hashlib.sha256(data).hexdigest(), len(data), media_type)


def is_digest(text: str) -> bool:
    """Return whether this can be the name of an attachment: a SHA-256 in lower-case hex."""
    return _DIGEST.match(text) is not None


def missing(sha256: str, place: str) -> HoldfastError:
    """Return the error for an attachment that is not there, or that can be no attachment's name."""
    if not is_digest(sha256):
        message = f"{sha256[:80]!r} is not a SHA-256 in lower-case hex"
        return HoldfastError("HF213", message, remedy="name the attachment as its entry does")
    message = f"attachment {sha256} is missing from {place}"
    return HoldfastError("HF213", message, remedy="find it elsewhere by its digest; what rests on it is unknown")


def altered(sha256: str, got: str) -> HoldfastError:
    """Return the error for an attachment whose digest is another than its name."""
    message = f"attachment {sha256} was altered: its SHA-256 is now {got}"
    return HoldfastError("HF214", message, remedy=REMEDY_ALTERED)


class Attachments:
    """A directory of files named by their digest."""

    def __init__(self, directory: Path) -> None:
        """Name the directory; it is made with the first file."""
        self.directory = directory

    def put(self, name: str, data: bytes, media_type: str) -> Attachment:
        """Keep a file, durable when this returns; HF212 if it is larger than 256 MiB."""
        attachment = described(name, data, media_type)
        make_directory(self.directory, DIRECTORY_MODE)
        # Written even if it is there: replacing it by itself is cheaper to get right than trusting what lies there.
        write_file(self.directory / attachment.sha256, data, FILE_MODE)
        return attachment

    def get(self, sha256: str) -> bytes:
        """Return a file's bytes; HF213 if it is missing, HF214 if it is not what its name says."""
        path = self._path(sha256)
        if not path.is_file():
            raise missing(sha256, str(self.directory))
        data = path.read_bytes()
        if (digest := hashlib.sha256(data).hexdigest()) != sha256:
            raise altered(sha256, digest)
        return data

    def measure(self, sha256: str) -> Measured | None:
        """Return digest and size of a file as it lies there, None if there is none."""
        path = self._path(sha256)
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return Measured(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)

    def _path(self, sha256: str) -> Path:
        if not is_digest(sha256):
            raise missing(sha256, str(self.directory))
        return self.directory / sha256
