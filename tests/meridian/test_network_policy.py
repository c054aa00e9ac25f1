"""What a compiled policy lets each host do, and which documents are no policies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meridian.errors import MeridianError
from meridian.network.policy import STATES, Doors, Flow, doors, parse, text_of
from meridian.topology import HOSTS

GOOD = {"from": "app-a", "to": "db-a", "port": 5432, "protocol": "tcp", "states": ["normal"], "why": ["x"]}


def document(*flows: object, version: object = 1) -> str:
    return json.dumps({"version": version, "flows": flows})


def test_a_policy_is_read() -> None:
    assert parse(document(GOOD), "x") == (Flow("app-a", "db-a", 5432, frozenset({"normal"})),)
    assert parse(document(), "x") == ()


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", document(GOOD, version=2), document("app-a"),
        *(
            document({**GOOD, key: value})
            for key, value in (
                ("from", "nowhere"), ("to", 7), ("port", None), ("port", 0), ("port", 65536), ("port", "22"),
                ("protocol", "udp"), ("states", []), ("states", ["ever"]), ("states", "normal"),
            )
        ),
    ],
)  # fmt: skip
def test_what_the_range_cannot_enforce_is_refused(text: str) -> None:
    with pytest.raises(MeridianError, match="MR117"):
        parse(text, "x")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeridianError, match="MR117"):
        text_of(tmp_path / "none")
    (tmp_path / "policy").write_text(document(GOOD), encoding="utf-8")
    assert text_of(tmp_path / "policy") == document(GOOD)


def test_each_host_has_its_side_of_every_flow_in_the_states_that_are() -> None:
    flows = (
        Flow("app-a", "db-a", 5432, frozenset({"normal"})),
        Flow("app-a", "rebuild", 5432, frozenset({"recovery"})),
        Flow("vault", "app-a", 8080, frozenset({"normal", "recovery"})),
    )
    address = {name: host.address for name, host in HOSTS.items()}
    assert doors(flows, "app-a", STATES[:1]) == Doors(((address["db-a"], 5432),), ((address["vault"], 8080),))
    assert doors(flows, "app-a", ["recovery"]) == Doors(((address["rebuild"], 5432),), ((address["vault"], 8080),))
    assert doors(flows, "rebuild", STATES).inward == ((address["app-a"], 5432),)
    assert doors(flows, "cloud", STATES) == Doors((), ())
