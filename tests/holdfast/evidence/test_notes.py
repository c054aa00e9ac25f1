"""Signed notes and checkpoints against the examples of their specifications, and against every small change."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from holdfast.errors import HoldfastError
from holdfast.evidence.notes import Checkpoint, Signer, VerifierKey, check_origin, read_checkpoint

# The example of https://c2sp.org/signed-note.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_TEXT = b"This is an example message.\n"
SPEC_SIGNATURE = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
# The example of https://c2sp.org/tlog-checkpoint.
SPEC_CHECKPOINT = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""

SIGNER = Signer.of("bank.example/drills", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CHECKPOINT = Checkpoint("bank.example/drills", 42, bytes(range(32)))
NOTE = SIGNER.sign(CHECKPOINT)


def test_the_example_of_the_note_specification() -> None:
    key = VerifierKey.parse(SPEC_KEY)
    blob = base64.b64decode(SPEC_SIGNATURE)
    assert str(key) == SPEC_KEY
    assert blob[:4] == key.key_id
    assert key.verifies(SPEC_TEXT, blob[4:])
    assert not key.verifies(SPEC_TEXT + b"\n", blob[4:])


def test_the_example_of_the_checkpoint_specification() -> None:
    checkpoint = read_checkpoint(SPEC_CHECKPOINT.encode(), None)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert SPEC_CHECKPOINT.startswith(checkpoint.text())


def test_what_is_signed_is_read_again() -> None:
    assert read_checkpoint(NOTE, SIGNER.key) == CHECKPOINT
    assert read_checkpoint(NOTE, VerifierKey.parse(str(SIGNER.key))) == CHECKPOINT


def test_every_change_of_a_bit_is_found() -> None:
    for position in range(len(NOTE)):
        for bit in range(8):
            altered = bytearray(NOTE)
            altered[position] ^= 1 << bit
            with pytest.raises(HoldfastError) as refused:
                read_checkpoint(bytes(altered), SIGNER.key)
            assert refused.value.code == "HF221"


def test_every_cut_is_found() -> None:
    for length in range(len(NOTE)):
        with pytest.raises(HoldfastError):
            read_checkpoint(NOTE[:length], SIGNER.key)


def test_signatures_of_others_are_ignored() -> None:
    witness = Signer.of("witness.example/w", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    line = witness.sign(CHECKPOINT).rpartition(b"\n\n")[2]
    assert read_checkpoint(NOTE + line, SIGNER.key) == CHECKPOINT
    text = NOTE.rpartition(b"\n\n")[0]
    with pytest.raises(HoldfastError, match="no signature of the key"):
        read_checkpoint(text + b"\n\n" + line, SIGNER.key)


def test_one_good_signature_does_not_heal_a_bad_one() -> None:
    forged = SIGNER.sign(Checkpoint(CHECKPOINT.origin, 43, CHECKPOINT.root)).rpartition(b"\n\n")[2]
    with pytest.raises(HoldfastError, match="does not fit its text"):
        read_checkpoint(NOTE + forged, SIGNER.key)


def test_a_key_of_the_same_name_and_id_still_has_to_verify() -> None:
    collision = VerifierKey(SIGNER.key.name, SIGNER.key.key_id, bytes(31) + b"\1")
    with pytest.raises(HoldfastError, match="does not fit its text"):
        read_checkpoint(NOTE, collision)


def test_a_key_signs_only_for_its_own_log() -> None:
    with pytest.raises(HoldfastError, match="of the log"):
        read_checkpoint(SIGNER.sign(Checkpoint("bank.example/other", 1, bytes(32))), SIGNER.key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        "name+00000000+AQ==",
        SPEC_KEY.replace("530d", "530e"),
        SPEC_KEY[:-1],
        SPEC_KEY + "=",
        SPEC_KEY.upper(),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(HoldfastError, match="verifier key"):
        VerifierKey.parse(text)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "a\u2003b", "../up", "é", "a" * 101, "line\n"])
def test_what_cannot_name_a_log_is_refused(origin: str) -> None:
    with pytest.raises(HoldfastError, match="origin"):
        check_origin(origin)


@pytest.mark.parametrize(
    "text",
    [
        "o\n01\n{root}\n",
        "o\n-1\n{root}\n",
        "o\n1\n\n",
        "o\n1\nAAAA\n",
        "\n1\n{root}\n",
        "o\n1\n",
        "o\n1\n{root}\n\nx\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    body = text.format(root=base64.b64encode(bytes(32)).decode())
    with pytest.raises(HoldfastError, match="checkpoint"):
        read_checkpoint(f"{body}\n— o AAAAAAAA\n".encode(), None)
