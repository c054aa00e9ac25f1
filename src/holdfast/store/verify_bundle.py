"""Verify an exported log offline; all of it is in this one file.

    python3 verify.py VERIFIER_KEY [DIRECTORY]

Needs Python 3.8 or newer and the package ``cryptography``, and nothing of the program that wrote the log.
VERIFIER_KEY is the log's public key, ``name+id+base64``, or a file that holds it: get it from the log's owner by
another way than this bundle. DIRECTORY is the bundle, by default where this file lies. If you do not trust this copy
of the verifier, take one from elsewhere or write your own: the formats are public (RFC 6962; C2SP signed-note,
tlog-checkpoint, tlog-tiles).

Checked: the checkpoint's signature by that key; that the entries lead to the root hash it signs; every hash tile;
every attachment that an entry names. Exits 0 if all of it holds, 1 if not, 2 for a wrong call.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256
HASH = 32
ED25519 = b"\x01"
ATTACHMENT = {"name": str, "sha256": str, "size_bytes": int, "media_type": str}


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(data).digest()


def tree_hash(leaves: list[bytes]) -> bytes:
    """Return the Merkle tree hash over leaf hashes, as RFC 6962 section 2.1 defines it."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:]))


def strict_base64(text: str) -> bytes:
    """Return the bytes; ValueError for any other spelling than the one that encoding gives."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data) != text.encode():
        raise ValueError("not the canonical base64")
    return data


def content_of(path: Path) -> bytes:
    """Return the content of a file; OSError for a pipe, which would be waited for."""
    if not path.is_file():
        raise OSError(str(path) + " is missing, or is no file")
    return path.read_bytes()


def tile_file(level: str, index: int, width: int) -> str:
    """Return where a tile of that level and index lies."""
    digits = str(index).zfill(3 * ((len(str(index)) + 2) // 3))
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return "tile/" + level + "/" + path + ("" if width == WIDTH else ".p/" + str(width))


class Verifier:
    """Goes through one bundle; ``problems`` is every reason why it is not verified."""

    def __init__(self, directory: Path, key: str | None) -> None:
        """Take a bundle and the text of a verifier key; without one the signature stays unverified."""
        self.directory = directory
        self.key = key
        self.problems: list[str] = []
        self.checked: list[str] = []

    def run(self) -> list[str]:
        """Check everything and return the problems; none means that the bundle is what the key's owner signed."""
        try:
            size, root = self.checkpoint()
            entries = self.entries(size)
            self.tree(entries, size, root)
            self.attachments(entries)
        except (OSError, ValueError, IndexError) as error:
            self.problems.append(str(error))
        return self.problems

    def checkpoint(self) -> tuple[int, bytes]:
        """Check the signed note and return the size and root that it signs."""
        note = content_of(self.directory / "checkpoint").decode()
        if any(c < " " and c != "\n" for c in note):
            raise ValueError("checkpoint: holds a control character")
        text, blank, signatures = note.rpartition("\n\n")
        lines = text.split("\n")
        if not blank or len(lines) < 3 or not all(lines) or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):  # noqa: PLR2004 -- origin, size, root
            raise ValueError("checkpoint: is not a signed note with origin, size and root hash")
        size, root = int(lines[1]), strict_base64(lines[2])
        if len(root) != HASH:
            raise ValueError("checkpoint: the root hash is not 32 bytes long")
        if self.key is None:
            self.problems.append("no verifier key was given: NOT verified who signed this log")
        else:
            self.signature(self.key, lines[0], (text + "\n").encode(), signatures)
        return size, root

    def signature(self, key: str, origin: str, text: bytes, signatures: str) -> None:
        """Check that the key signed the text, and that it is the key of this origin."""
        try:
            name, key_id, encoded = key.split("+", 2)
            material = strict_base64(encoded)
        except ValueError:
            name = key_id = ""
            material = b""
        if material[:1] != ED25519 or sha256(name.encode() + b"\n" + material)[:4].hex() != key_id:
            raise ValueError("the verifier key is not an Ed25519 key of the form name+id+base64, or was altered")
        if name != origin:
            self.problems.append("the checkpoint is of the log " + origin + ", the key is of " + name)
        if not signatures.endswith("\n"):
            raise ValueError("checkpoint: the last signature line does not end")
        verified = 0
        for line in signatures[:-1].split("\n"):
            dash, signer, signature = line.split(" ")
            blob = strict_base64(signature)
            if dash != "\N{EM DASH}" or len(blob) <= len(key_id) // 2:
                raise ValueError("checkpoint: a signature line is malformed")
            if (signer, blob[:4].hex()) == (name, key_id):
                try:
                    Ed25519PublicKey.from_public_bytes(material[1:]).verify(blob[4:], text)
                except InvalidSignature:
                    raise ValueError("checkpoint: the signature does not fit the text") from None
                verified += 1
        if not verified:
            raise ValueError("checkpoint: it carries no signature of this key")
        self.checked.append("checkpoint signed by " + name + "+" + key_id)

    def entries(self, size: int) -> list[bytes]:
        """Return the bytes of all entries; ValueError if a bundle of them is not whole."""
        found: list[bytes] = []
        for index in range((size + WIDTH - 1) // WIDTH):
            width = min(WIDTH, size - index * WIDTH)
            file = tile_file("entries", index, width)
            content = content_of(self.directory / file)
            at = 0
            for _ in range(width):
                length = int.from_bytes(content[at : at + 2], "big")
                found.append(content[at + 2 : at + 2 + length])
                at += 2 + length
            if at != len(content):
                raise ValueError(file + ": " + str(width) + " entries end at byte " + str(at) + ", not at its end")
        return found

    def tree(self, entries: list[bytes], size: int, root: bytes) -> None:
        """Check that the entries lead to the root, and every hash tile against them."""
        hashes = [sha256(b"\x00" + entry) for entry in entries]
        if tree_hash(hashes) != root:
            self.problems.append("the entries do not lead to the signed root hash: at least one was altered")
        else:
            self.checked.append(str(size) + " entries lead to the signed root hash")
        level = tiles = 0
        while hashes:
            full = []
            for start in range(0, len(hashes), WIDTH):
                tile = hashes[start : start + WIDTH]
                tiles += 1
                self.tile(tile_file(str(level), start // WIDTH, len(tile)), tile, start if level == 0 else None)
                if len(tile) == WIDTH:
                    full.append(tree_hash(tile))
            hashes, level = full, level + 1
        self.checked.append(str(tiles) + " hash tiles held against the entries")

    def tile(self, file: str, expected: list[bytes], first_entry: int | None) -> None:
        """Check one tile; at level 0 name the entries whose bytes and hash differ."""
        try:
            content = content_of(self.directory / file)
        except OSError as error:
            self.problems.append(str(error))
            return
        if content == b"".join(expected):
            return
        self.problems.append(file + ": differs from the tree over the entries")
        if first_entry is not None:
            for i, leaf in enumerate(expected):
                if content[i * HASH : (i + 1) * HASH] != leaf:
                    self.problems.append("entry " + str(first_entry + i) + ": its bytes and its stored hash differ")

    def attachments(self, entries: list[bytes]) -> None:
        """Check every file that an entry names by its digest."""
        named: set[tuple[str, int]] = set()

        def look(members: dict[str, object]) -> dict[str, object]:
            if set(members) == set(ATTACHMENT) and all(isinstance(members[k], t) for k, t in ATTACHMENT.items()):
                digest, size = str(members["sha256"]), members["size_bytes"]
                if re.fullmatch("[0-9a-f]{64}", digest) and isinstance(size, int):
                    named.add((digest, size))
            return members

        for entry in entries:
            try:
                json.loads(entry.decode(), object_hook=look)
            except (ValueError, RecursionError):
                continue  # what is not JSON was signed like the rest, and names no file
        for digest, size in sorted(named):
            path = self.directory / "attachments" / digest
            if not path.is_file():
                self.problems.append("attachment " + digest + " is missing")
                continue
            data = path.read_bytes()
            if sha256(data).hex() != digest or len(data) != size:
                self.problems.append("attachment " + digest + " was altered")
        self.checked.append(str(len({digest for digest, _ in named})) + " attachments held against their digests")


def verify(directory: Path, key: str | None) -> list[str]:
    """Return every problem of a bundle; none means verified."""
    return Verifier(directory, key).run()


def main(arguments: list[str]) -> int:
    """Verify as the command line says and print what was checked; return the exit status."""
    if not 1 <= len(arguments) <= 2 or arguments[0].startswith("-"):  # noqa: PLR2004 -- key, directory
        sys.stderr.write(str(__doc__) + "\n")
        return 2
    key = arguments[0]
    try:
        if "+" not in key or Path(key).is_file():
            key = Path(key).read_text()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"the key comes first, as text or as a file with it: {key} cannot be read ({error})\n")
        return 2
    directory = Path(arguments[1]) if arguments[1:] else Path(__file__).resolve().parent
    verifier = Verifier(directory, key.strip())
    problems = verifier.run()
    lines = ["checked: " + line for line in verifier.checked] + ["PROBLEM: " + line for line in problems]
    lines.append("NOT VERIFIED" if problems else "VERIFIED: every entry is what the owner of this key signed")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
