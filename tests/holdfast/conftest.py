"""What tests of the product share: whose keys they never touch, and a model that is read once for many judgements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast.model import loader
from holdfast.model.findings import Finding
from holdfast.model.types import Model
from holdfast.model.vocabulary import Vocabulary

Read = tuple[Model | None, tuple[Finding, ...]]


@pytest.fixture(scope="session", autouse=True)
def _nobodys_keys() -> Iterator[None]:
    """Keep keys and anchors nowhere unless a test says where: never where this account has its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_STATE", "/dev/null/nowhere")
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_model_is_read_once() -> Iterator[None]:
    """Keep what came of reading an attached model: a pure function of it, and four fifths of a judgement's time."""
    kept: dict[tuple[str | bytes, int], tuple[Read, Vocabulary]] = {}

    def load_attachment(text: str | bytes, vocabulary: Vocabulary) -> Read:
        key = (text, id(vocabulary))
        if key not in kept:
            # The vocabulary is kept with it, so that no other one can get its id.
            kept[key] = (loader.load_attachment(text, vocabulary), vocabulary)
        return kept[key][0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("holdfast.measures.judgement.load_attachment", load_attachment)
        yield
