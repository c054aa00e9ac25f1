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
calendar:
  timezone: UTC
  open: "07:00"
  cut_off: "17:00"
  close_by: "18:00"
  cut_offs: {cls: "12:00", rtgs: "16:30"}
  extension: {max: 60m, needs: [gold, silver]}
  holidays: [2026-12-25, 2026-01-01]
range:
  command: [python, -m, meridian]
  profile: fast
  options: {client: [safe, naive]}
candidates:
  trading: {title: Client trading, rejected_because: Others take it over within an hour.}
sites:
  dc-a: {title: Data centre A, environment: range, shares: {landlord: one}}
  dc-b: {environment: test}
  hq: {}
services:
  payments:
    title: Payments
    owner: head-of-payments
    why_important: {harm: [participants, financial-stability], basis: 41% of national value.}
    impact:
      1h: {severity: serious, value: 300m EUR, participants: 4, loss: 1m EUR, why: Margin calls are missed.}
      15m: minor
      4h: intolerable
    impact_tolerance:
      duration: 4h
      end_of_day: required
      failed_share: 0.1%
      value: 2bn EUR
      volume: 5000
      participants: 3
    rto: 2h
    rpo: 0s
    indicator: {answer: [settled, queued], within: 2s, participants: 95%, window: 3s, probe: monitor}
    flow:
      arrivals: {"12:00": 120/s, "07:30": 2400/min, "16:00": 600/h}
      shape: steps
      value_per_day: 80bn EUR
      priority_share: 20%
      capacity: 300/s
      while_down: refuse
    peaks:
      quarter-end: {dates: [2026-06-30, 2026-03-31], factor: 250%}
    rides_out: 30s
    reestablish: {p50: 2m, p95: 15m}
    modes:
      full: {capacity: 100%, needs: [gateway, ledger], meets_minimum: true}
      slow:
        capacity: 12.5%
        needs: [ledger, {power: {holds_for: 2h}}]
        meets_minimum: false
        minimum_service: CLS and margin
        decision: gold
        sustain: {max: 3d, limited_by: dba-team}
        priority_answer: [settled]
  reporting:
    impact_tolerance: {duration: 1d}
    rto: 8h
    rpo: 1h
    modes:
      only: {capacity: 100%, needs: [ledger], meets_minimum: true}
resources:
  db-a: {kind: host, environment: range, site: dc-a, needs: [{power: {holds_for: 25m}}]}
  db-b: {kind: host, environment: test, site: dc-b}
  ledger-a:
    kind: database
    environment: range
    site: dc-a
    needs: [db-a]
    owner: head-of-databases
    tier: gold
    segment: data
    shares: {storage-firmware: v9, admin-domain: corp}
    rides_out: 5m
    asset: primary
    recovery:
      restart: {takes: 90s, automatic: true}
      rebuild:
        takes: {p50: 25m, p95: 90m}
        needs: [vault, dba-team]
        source: vault
        cures: [failed, untrusted]
        loses: 5m
        replays: journal
        accept_loss: true
        crew: {dba-team: 2}
        playbook: rebuild-ledger
        after: 10m
        exercised: 2026-05-12
  ledger-b:
    kind: database
    environment: test
    site: dc-b
    needs: [db-b]
    replica_of: ledger-a
    lag: 2s
    shares: {storage-firmware: v9}
  ledger:
    kind: database
    title: The ledger
    members: [ledger-a, ledger-b]
    active: 1
    quorum: 2
    needs: [line]
    owner: head-of-databases
    failover:
      mode: automatic
      takes: {min: 3s, mode: 5s, max: 20s}
      works: {passed: 18, failed: 2}
      loses: 1s
      detects: 10s
      accept_loss: true
      exercised: 2026-04-01
    recovery:
      form-anew: {takes: 1h}
  line: {kind: network, environment: range, between: [dc-a, dc-b]}
  gateway:
    kind: application
    title: Gateway
    environment: range
    site: dc-a
    needs: [{all: [ledger]}, {any: [ledger-a, ledger-b]}, {at_least: 1, of: [monitor, line]}]
  monitor: {kind: application, environment: range, needs: gateway, announces: [gateway, ledger]}
  desk: {kind: people, site: hq}
  power: {kind: facility}
  vault: {kind: information, keeps: {every: 5m, for: 30d}}
  dba-team:
    kind: people
    headcount: 4
    minimum: 2
    on_call: {p50: 10m, p95: 30m}
    rota: {from: "06:00", to: "22:00", shifts: 2}
  telco:
    kind: third-party
    contract:
      reference: T-1
      starts: 2024-01-01
      ends: 2027-12-31
      notice: 90d
      critical: true
      audited: 2026-04-01
      reintegration: difficult
    continuity: {plan_seen: 2026-03-01, tested: 2026-02-01, tested_with_us: 2026-01-15, rto: 4h}
    substitutability: highly-complex
    substitute: carrier
    substitute_takes: {min: 1d, mode: 7d, max: 90d}
    exit: {plan_seen: 2026-03-02, tested: 2025-11-01, takes: 1y}
    subcontracts: [carrier]
  carrier: {kind: third-party}
  rtgs: {kind: fmi}
common_causes:
  storage-firmware: {beta: 0.1}
  admin-domain: {beta: 80%, spreads: [failed, untrusted]}
people:
  p1: {title: Head of databases, teams: [dba-team], site: hq, may_alter: [ledger, vault], custodian_of: [vault]}
  p2: {title: Head of operations}
roles:
  gold: {title: Gold commander, holder: p1, deputies: [p2], decides: [declare, stand down], reached_by: [desk]}
  silver: {title: Silver commander}
segments:
  data: {title: Databases}
  applications: {}
flows:
  - {from: applications, to: data, port: 5432, protocol: udp, states: [normal, recovery]}
  - {from: gateway, to: ledger-a}
edges:
  - {from: payments, to: gateway, seen: observed, on: 2026-05-12, by: netflow}
scenarios:
  crash:
    title: A crash
    family: hardware
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
    family: site
    type: site
    service: payments
    basis: It happened.
    disruption:
      - {fault: network.partition, target: dc-a, hold: 30s, box: 60s, from: [dc-b, db-b]}
      - {fault: site.loss, target: dc-a, after: 4s, hold: 20s, box: 60s}
    load: {rate: 10/s}
    time_of_day: "15:30"
    compression: 100
    days: 2
    declaration: {by: gold, after: 20s}
    fail_back: true
    set_mode:
      - {mode: slow, day: 2, at: "16:00"}
    expect: {nothing-lost: broken}
    abort_when: {exercise_longer_than: 10m}
  worst:
    family: cyber
    type: tabletop
    service: payments
    basis: It happened to others.
    plausibility: extreme-but-plausible
    slow: {name: line, capacity: 30%, lasts: 2h}
    third_party_out: {name: telco, lasts: 2d}
    absent: {share: 40%, lasts: {p50: 3d, p95: 14d}, teams: [dba-team]}
    compromise: {foothold: monitor, dwell: {p50: 20d, p95: 90d}, cause: data, untrusted: [ledger, gateway]}
    fail_shared: {storage-firmware: v9, landlord: one}
    fail_site: [dc-a]
    fail: [ledger, monitor]
    when: {peak: quarter-end}
    severity:
      dwell: {title: How long nobody notices, values: [a day, a month, "90 days"]}
    injects:
      - {at: 5m, to: gold, tell: It is dark., expect: Call everybody, by: gold, within: 10m, tests: [restart]}
      - {at: 20m, to: gold, tell: It is still dark.}
    detection: 15m
    decision: {min: 10m, mode: 30m, max: 2h}
test_plan:
  - {scenario: crash, service: payments, type: functional, every: 90d, valid: 120d, since: 2026-01-05}
  - {scenario: worst, service: payments, type: tabletop, every: 1y, valid: 400d}
risk_acceptances:
  one-vault: {finding: HF601, on: [vault, v9], why: A second one comes in May., owner: gold, until: 2026-06-30}
  late-alarm: {gap: crash/whole-course, on: [payments], why: Probes come in May., owner: gold, until: 2026-09-30}
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
