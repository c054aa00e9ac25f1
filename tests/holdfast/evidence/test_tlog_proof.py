"""A proof file: what it says is checked to the last bit, and only with a key from elsewhere."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from holdfast.errors import HoldfastError
from holdfast.evidence.merkle import leaf_hash, root_of
from holdfast.evidence.notes import Checkpoint, Signer
from holdfast.evidence.tlog_proof import Proof, Proven, check, prove, read_proof
from holdfast.evidence.verification import StoredCheckpoint, StoredEntry

SIGNER = Signer.of("bank.example/drills", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
DATA = [f'{{"seq":{seq},"was":"é"}}'.encode() for seq in range(30)]
ENTRIES = [StoredEntry(seq, leaf_hash(data), data) for seq, data in enumerate(DATA)]


def signed(size: int, signer: Signer = SIGNER) -> Checkpoint:
    return Checkpoint(signer.key.name, size, root_of(entry.leaf for entry in ENTRIES[:size]))


CHECKPOINTS = [
    StoredCheckpoint(number, size, SIGNER.sign(signed(size))) for number, size in enumerate((1, 6, 7, 21, 30))
]
OLD = CHECKPOINTS[1].note
PROOF = prove(CHECKPOINTS, ENTRIES, 12, 21, OLD)


def refusal(code: str) -> pytest.RaisesExc[HoldfastError]:
    """Return a block that must raise this code."""
    return pytest.raises(HoldfastError, check=lambda error: error.code == code)


def test_every_entry_in_every_checkpoint() -> None:
    for stored in CHECKPOINTS:
        for index in range(stored.size):
            proof = read_proof(prove(CHECKPOINTS, ENTRIES, index, stored.size).text().encode())
            assert proof.entry.encode() == DATA[index]
            assert check(proof, SIGNER.key) == Proven(signed(stored.size), None)
            for older in CHECKPOINTS:
                if older.size <= stored.size:
                    both = prove(CHECKPOINTS, ENTRIES, index, stored.size, older.note)
                    assert check(both, SIGNER.key) == Proven(signed(stored.size), signed(older.size))


def test_the_latest_checkpoint_is_the_default() -> None:
    assert check(prove(CHECKPOINTS, iter(ENTRIES), 0), SIGNER.key).checkpoint.size == 30


def test_the_file_is_a_tlog_proof() -> None:
    """Line by line, as the specification's example has them."""
    heading, extra, index, *rest = PROOF.text().split("\n")
    assert (heading, index) == ("c2sp.org/tlog-proof@v1", "index 12")
    assert json.loads(base64.b64decode(extra.removeprefix("extra "))) == {
        "entry": DATA[12].decode(),
        "since": {
            "checkpoint": OLD.decode(),
            "hashes": [base64.b64encode(each).decode() for each in PROOF.since.hashes],
        }
        if PROOF.since
        else {},
    }
    blank = rest.index("")
    assert [base64.b64decode(line) for line in rest[:blank]] == list(PROOF.hashes)
    assert "\n".join(rest[blank + 1 :]).encode() == CHECKPOINTS[3].note


def refused(data: bytes) -> bool:
    try:
        check(read_proof(data), SIGNER.key)
    except HoldfastError as error:
        return error.code in {"HF221", "HF236", "HF238"}
    return False


def test_every_changed_bit_of_a_file_is_refused() -> None:
    data = PROOF.text().encode()
    assert not refused(data)
    for place in range(len(data)):
        for bit in range(8):
            assert refused(data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]), (place, bit)


def test_every_lost_or_added_byte_is_refused() -> None:
    data = PROOF.text().encode()
    for place in range(len(data)):
        assert refused(data[:place] + data[place + 1 :])
        assert refused(data[:place] + data[place : place + 1] + data[place:])
        assert refused(data[:place])
    assert refused(data + b"\n")


def test_a_file_that_spells_the_same_otherwise_is_refused() -> None:
    text = PROOF.text()
    extra = text.split("\n")[1]
    loose = json.dumps(json.loads(base64.b64decode(extra.removeprefix("extra "))))
    respelt = text.replace(extra, f"extra {base64.b64encode(loose.encode()).decode()}")
    for other in (respelt, text.replace("\n", "\r\n"), text.replace("index 12", "index 012"), "[" * 100_000):
        with refusal("HF236"):
            read_proof(other.encode())
    for content in (b"[]", b"{}", b'{"entry":1}', b'{"entry":"\\ud800"}', b"[" * 100_000, b"\xff"):
        with refusal("HF236"):
            read_proof(text.replace(extra, f"extra {base64.b64encode(content).decode()}").encode())


def test_another_key_proves_nothing() -> None:
    other = Signer.of(SIGNER.key.name, Ed25519PrivateKey.generate())
    with refusal("HF221"):
        check(PROOF, other.key)
    assert PROOF.since is not None
    forged = Proof(PROOF.index, PROOF.entry, PROOF.hashes, other.sign(signed(21)).decode(), PROOF.since)
    with refusal("HF221"):
        check(forged, SIGNER.key)
    older_forged = Proof(
        PROOF.index, PROOF.entry, PROOF.hashes, PROOF.note, type(PROOF.since)(forged.note, PROOF.since.hashes)
    )
    with refusal("HF221"):
        check(older_forged, SIGNER.key)


def test_what_cannot_be_proven_is_said() -> None:
    for index, size in ((30, None), (-1, None), (21, 21), (0, 20), (0, 31), (0, 0)):
        with refusal("HF237"):
            prove(CHECKPOINTS, ENTRIES, index, size)
    with refusal("HF237"):
        prove([], [], 0)
    with refusal("HF237"):
        prove(CHECKPOINTS, ENTRIES, 0, 6, CHECKPOINTS[2].note)
    stranger = Signer.of("bank.example/other", Ed25519PrivateKey.generate())
    with refusal("HF237"):
        prove(CHECKPOINTS, ENTRIES, 0, since=stranger.sign(signed(6, stranger)))


def test_a_rewritten_log_cannot_prove_that_it_goes_on_from_what_it_was() -> None:
    other_history = SIGNER.sign(Checkpoint(SIGNER.key.name, 6, bytes(32)))
    with refusal("HF231"):
        prove(CHECKPOINTS, ENTRIES, 0, since=other_history)


@pytest.mark.parametrize("seq", [0, 12, 29])
def test_an_altered_log_proves_nothing(seq: int) -> None:
    lie = b'{"lie":true}'
    for row in (StoredEntry(seq, ENTRIES[seq].leaf, lie), StoredEntry(seq, leaf_hash(lie), lie)):
        altered = [*ENTRIES[:seq], row, *ENTRIES[seq + 1 :]]
        with refusal("HF219"):
            prove(CHECKPOINTS, altered, seq)
    for altered in (ENTRIES[:seq] + ENTRIES[seq + 1 :], ENTRIES[:29], ENTRIES[: seq + 1] if seq < 29 else []):
        with refusal("HF219"):
            prove(CHECKPOINTS, altered, seq)
