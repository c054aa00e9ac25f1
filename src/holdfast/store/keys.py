"""The signing key of a log: an Ed25519 private key in a file that only its owner can read, outside the log.

Beside it lies the verifier key as one line of text, to be handed to whoever shall verify.
"""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from holdfast.errors import EnvironmentProblem
from holdfast.evidence.notes import Signer, VerifierKey
from holdfast.store.durable import make_directory, write_file
from holdfast.store.places import file_name

PRIVATE_MODE = 0o600
PUBLIC_MODE = 0o644
DIRECTORY_MODE = 0o700
PRIVATE_SUFFIX = ".key"
VERIFIER_SUFFIX = ".vkey"
VERIFIER_FILE_LIMIT_BYTES = 1024


def load_or_create_key(directory: Path, origin: str) -> Signer:
    """Return the key of a log that is about to begin, new unless an interrupted beginning left one; then durable."""
    path = directory / file_name(origin, PRIVATE_SUFFIX)
    make_directory(directory, DIRECTORY_MODE)
    if not path.exists():
        private = Ed25519PrivateKey.generate()
        write_file(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), PRIVATE_MODE)
    signer = load_key(directory, origin)
    write_file(verifier_path(directory, origin), f"{signer.key}\n".encode(), PUBLIC_MODE)
    return signer


def load_key(directory: Path, origin: str) -> Signer:
    """Return the key of a log; HF204 if it is missing, unreadable, or readable by others."""
    path = directory / file_name(origin, PRIVATE_SUFFIX)
    try:
        mode = path.stat().st_mode
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        message = f"no signing key of {origin} can be read from {path} ({error}): this log can be read, not written"
        remedy = "write where the key is, or point HOLDFAST_STATE to it; keys are never copied into a log or bundle"
        raise EnvironmentProblem("HF204", message, remedy=remedy) from error
    if stat.S_IMODE(mode) & 0o077:
        message = f"the signing key {path} can be read by others (mode {stat.S_IMODE(mode):04o})"
        raise EnvironmentProblem("HF204", message, remedy=f"chmod 600 {path}, and think about who may have read it")
    if not isinstance(private, Ed25519PrivateKey):
        message = f"the key in {path} is not an Ed25519 key"
        raise EnvironmentProblem("HF204", message, remedy="put the log's own key back")
    return Signer.of(origin, private)


def load_verifier(directory: Path, origin: str) -> VerifierKey | None:
    """Return the verifier key of one of our own logs, None if it is not kept here."""
    path = verifier_path(directory, origin)
    return VerifierKey.parse(path.read_text()) if path.is_file() else None


def verifier_path(directory: Path, origin: str) -> Path:
    """Return the file that holds a log's verifier key."""
    return directory / file_name(origin, VERIFIER_SUFFIX)


def read_verifier(text: str) -> VerifierKey:
    """Return the verifier key that is given as itself or as the name of a file with it; HF217 if it is neither."""
    path = Path(text)
    try:
        if path.is_file() and path.stat().st_size <= VERIFIER_FILE_LIMIT_BYTES:
            text = path.read_text()
    except (OSError, ValueError):
        # Not a name that the file system takes: then it can only be the key itself.
        pass
    return VerifierKey.parse(text)
