"""A small whole declaration to change in one place, and the words that it may use."""

from __future__ import annotations

from holdfast.model.findings import Finding
from holdfast.model.loader import load
from holdfast.model.types import Model
from holdfast.model.vocabulary import Parameter, ParameterSchema, Vocabulary

ROOT = "bank.yaml"

WORDS = Vocabulary(
    faults={
        "process.kill": ParameterSchema(frozenset({"application", "database"})),
        "host.loss": ParameterSchema(frozenset({"host"})),
        "site.loss": ParameterSchema(frozenset({"site"})),
        "network.partition": ParameterSchema(frozenset({"host", "site"}), {"from": Parameter("places")}),
        # No such fault exists: it has a parameter of every other form.
        "link.slow": ParameterSchema(
            frozenset({"network"}),
            {
                "delay": Parameter("duration", required=True),
                "loss": Parameter("share", default=0),
                "burst": Parameter("count"),
                "both": Parameter("flag"),
                "shape": Parameter("text", choices=("normal", "pareto")),
                "why": Parameter("text"),
            },
        ),
    },
    checks=frozenset({"restored", "nothing-lost", "day-completed"}),
    calendar_checks=frozenset({"day-completed"}),
    timezones=frozenset({"UTC", "Europe/Amsterdam"}),
)

WHOLE = """\
institution: Example Bank
regimes: [pfmi, dora]
calendar: {timezone: UTC, open: "07:00", cut_off: "17:00", close_by: "18:00"}
range:
  command: [python, -m, meridian]
  profile: fast
  options: {client: [safe, naive]}
sites:
  dc-a: {title: Data centre A, environment: range}
  dc-b: {environment: test}
  hq: {}
services:
  payments:
    title: Payments
    owner: head-of-payments
    impact_tolerance: {duration: 4h, end_of_day: required}
    rto: 2h
    rpo: 0s
    indicator: {answer: [settled, queued], within: 2s, participants: 95%, window: 3s, probe: monitor}
    modes:
      full: {capacity: 100%, needs: [gateway, ledger], meets_minimum: true}
      slow: {capacity: 12.5%, needs: ledger, meets_minimum: false}
resources:
  db-a: {kind: host, environment: range, site: dc-a}
  db-b: {kind: host, environment: test, site: dc-b}
  ledger-a: {kind: database, environment: range, site: dc-a, needs: [db-a]}
  ledger-b: {kind: database, environment: test, site: dc-b, needs: [db-b]}
  ledger: {kind: database, title: The ledger, members: [ledger-a, ledger-b], active: 1, quorum: 2}
  line: {kind: network, environment: range, between: [dc-a, dc-b]}
  gateway:
    kind: application
    title: Gateway
    environment: range
    site: dc-a
    needs: [{all: [ledger]}, {any: [ledger-a, ledger-b]}, {at_least: 1, of: [monitor, line]}]
  monitor: {kind: application, environment: range, needs: gateway}
  desk: {kind: people, site: hq}
scenarios:
  crash:
    title: A crash
    family: process-failure
    type: functional
    service: payments
    basis: It happens.
    disruption:
      - {fault: process.kill, target: ledger-a, after: 0s, hold: 10s, box: 60s}
    load: {rate: 60/s, seed: 7}
    checks: [restored, nothing-lost]
    expect: {restored: held}
    abort_when: {disrupted_longer_than: 1m, exercise_longer_than: 3m}
    steady: 1s
    after: 2s
    range: {client: naive}
  lost-site:
    family: site-loss
    type: site
    service: payments
    basis: It happened.
    disruption:
      - {fault: network.partition, target: dc-a, hold: 30s, box: 60s, from: [dc-b, db-b]}
      - {fault: site.loss, target: dc-a, after: 4s, hold: 20s, box: 60s}
    load: {rate: 10/s}
    time_of_day: "15:30"
    compression: 100
    expect: {nothing-lost: broken}
    abort_when: {exercise_longer_than: 5m}
"""


def read(text: str, vocabulary: Vocabulary = WORDS) -> tuple[Model | None, tuple[Finding, ...]]:
    """Return what a declaration in one file is read as."""
    return load({ROOT: text.encode()}, ROOT, vocabulary)


def model(text: str = WHOLE) -> Model:
    """Return the model of a declaration that has no findings."""
    found, findings = read(text)
    assert findings == ()
    assert found is not None
    return found


def changed(old: str, new: str) -> tuple[str, int]:
    """Return the whole declaration with one place changed, and the line at which that place begins."""
    assert WHOLE.count(old) == 1, f"{old!r} stands {WHOLE.count(old)} times in the declaration"
    return WHOLE.replace(old, new), WHOLE[: WHOLE.index(old)].count("\n") + 1
