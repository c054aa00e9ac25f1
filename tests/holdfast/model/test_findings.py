"""One mistake at a time in a declaration that is otherwise whole: its code, its line, and nothing else is found."""

from __future__ import annotations

import pytest

from holdfast.model import findings as held
from holdfast.model.findings import MAX_FINDINGS, Finding, Findings
from tests.holdfast.model.declared import WHOLE, changed, read

FAULT = "{fault: process.kill, target: ledger-a, after: 0s, hold: 10s, box: 60s}"

# What stands in the declaration, what is written instead, and the code that is found in that line.
MISTAKES = [
    # keys and forms
    ("    owner: head-of-payments", "    ownr: head-of-payments", "HF105"),
    ("    owner: head-of-payments", "    <<: {}", "HF103"),
    ("institution: Example Bank", "institution:", "HF107"),
    ("institution: Example Bank", "institution: ~", "HF107"),
    ("institution: Example Bank", "institution: [a, b]", "HF107"),
    ("institution: Example Bank", 'institution: " "', "HF107"),
    ("institution: Example Bank", 'institution: "a\\e[31m"', "HF107"),
    ("institution: Example Bank", "institution: " + "x" * 4001, "HF107"),
    ("    rto: 2h", "    rto: 7200", "HF108"),
    ("    rto: 2h", "    rto: {p50: 1h}", "HF107"),
    ("    rpo: 0s", "    rpo: no", "HF108"),
    ("    load: {rate: 10/s}", "    load: {rate: 1e3}", "HF108"),
    ("    load: {rate: 10/s}", "    load: {}", "HF106"),
    ("    load: {rate: 10/s}", "    load: 10/s", "HF107"),
    ("  dc-b: {environment: test}", "  dc-b: {environment: tset}", "HF109"),
    ("  hq: {}", "  hq:", "HF107"),
    ("  hq: {}", "  hq: {}\n  of: {}", None),
    ("    meets_minimum: false", "    meets_minimum: no", "HF109"),
    ("regimes: [pfmi, dora]", "regimes: [pfmi, dorra]", "HF109"),
    ("regimes: [pfmi, dora]", "regimes: [pfmi, pfmi]", "HF104"),
    ("regimes: [pfmi, dora]", "regimes: {pfmi: true}", "HF107"),
    ("    title: Payments", "    title: Payments\n    title: Again", None),
    # the day and the range
    ("timezone: UTC", "timezone: Europe/Amsterdm", "HF111"),
    ('  cut_off: "17:00"', '  cut_off: "07:00"', "HF123"),
    ('  close_by: "18:00"', '  close_by: "07:00"', "HF123"),
    ("  command: [python, -m, meridian]", "  command: []", "HF107"),
    ("  command: [python, -m, meridian]", '  command: [python, "-m\\0"]', "HF107"),
    ("  command: [python, -m, meridian]", "  command: [python, ~]", "HF107"),
    ("  options: {client: [safe, naive]}", "  options: {client: [safe, naive], x: []}", "HF107"),
    ("  options: {client: [safe, naive]}", '  options: {client: [safe, naive, "\\a"]}', "HF107"),
    ("  options: {client: [safe, naive]}", "  options: {client: [safe, naive], X Y: [a]}", "HF110"),
    ("  options: {client: [safe, naive]}", '  options: {client: [safe, naive], "\\a": ~}', "HF110"),
    # resources and groups
    ("  desk: {kind: people, site: hq}", "  desk: {kind: people, site: hqq}", "HF111"),
    ("  desk: {kind: people, site: hq}", "  desk: {kind: crew}", "HF109"),
    ("  carrier: {kind: third-party}", "  carrier: {kind: third-prty}", "HF109"),
    ("  dba-team:\n    kind: people", "  dba-team:\n    kind: peeple", None),
    ("  db-b: {kind: host, environment: test", "  db-b: {kind: host, environment: tst", "HF109"),
    ("  monitor: {kind: application, environment: range", "  monitor: {kind: application, environment: rnge", "HF109"),
    ("  rtgs: {kind: fmi}", "  rt gs: {kind: fmi}", "HF110"),
    ("  rtgs: {kind: fmi}", "  any: {kind: fmi}", "HF110"),
    ("  desk: {kind: people, site: hq}", "  desk: {kind: people, needs: desk}", "HF120"),
    ("  desk: {kind: people, site: hq}", "  desk: {kind: people, active: 1}", "HF105"),
    ("  desk: {kind: people, site: hq}", "  desk: {kind: people, needs: db-a}", "HF138"),
    ("  desk: {kind: people, site: hq}", "  desk: {kind: people, needs: ledger}", "HF138"),
    ("between: [dc-a, dc-b]", "between: [dc-a]", "HF124"),
    ("between: [dc-a, dc-b]", "between: [dc-a, dc-b], site: dc-a", "HF124"),
    ("between: [dc-a, dc-b]", "between: [dc-a, dc-c]", "HF111"),
    ("line: {kind: network", "line: {kind: facility", "HF105"),
    ("members: [ledger-a, ledger-b]", "members: [ledger-a, ledger-c]", "HF111"),
    ("members: [ledger-a, ledger-b]", "members: [ledger-a, ledger]", "HF111"),
    ("members: [ledger-a, ledger-b]", "members: [ledger-a, ledger-a]", "HF104"),
    ("members: [ledger-a, ledger-b]", "members: []", "HF121"),
    ("    active: 1", "    active: 3", "HF121"),
    ("    quorum: 2", "    quorum: 3", "HF121"),
    ("    active: 1", "    active: 0", "HF108"),
    ("    active: 1", "    site: dc-a", "HF105"),
    # needs
    ("{any: [ledger-a, ledger-b]}", "{any: [ledger-a, ledgr-b]}", "HF111"),
    ("{any: [ledger-a, ledger-b]}", "{any: []}", "HF120"),
    ("{any: [ledger-a, ledger-b]}", "{any: [ledger-a, ledger-a]}", "HF120"),
    ("{any: [ledger-a, ledger-b]}", "{any: [ledger-a], all: [ledger-b]}", "HF120"),
    ("{any: [ledger-a, ledger-b]}", "{at_least: 1}", "HF120"),
    ("{any: [ledger-a, ledger-b]}", "{}", "HF120"),
    ("{any: [ledger-a, ledger-b]}", "dc-a", "HF111"),
    ("at_least: 1, of: [monitor, line]", "at_least: 3, of: [monitor, line]", "HF120"),
    ("at_least: 1, of: [monitor, line]", "at_least: 0, of: [monitor, line]", "HF108"),
    ("needs: gateway", "needs: [[gateway], [~]]", "HF107"),
    # services
    ("needs: [gateway, ledger], meets_minimum: true", "needs: [gateway, ledger], meets_minimum: false", None),
    ("answer: [settled, queued]", "answer: []", "HF122"),
    ("answer: [settled, queued]", "answer: [settled, confirmed]", "HF122"),
    ("answer: [settled, queued]", "answer: [settled, lost]", "HF109"),
    ("within: 2s", "within: 4s", "HF122"),
    ("within: 2s", "within: 0s", "HF122"),
    ("participants: 95%", "participants: 0%", "HF122"),
    ("participants: 95%", "participants: 0.95", "HF108"),
    ("probe: monitor", "probe: monitors", "HF111"),
    # scenarios
    ("    family: hardware", "    family: process failure", "HF109"),
    ("    type: functional", "    type: funktional", "HF109"),
    ("    type: functional", "    type: simulation", "HF139"),
    ("    type: functional", "    type: site", "HF135"),
    ("    type: functional\n    service: payments", "    type: functional\n    service: payment", None),
    ('    time_of_day: "15:30"', '    time_of_day: "17:00"', "HF133"),
    ('    time_of_day: "15:30"', '    time_of_day: "06:59"', "HF133"),
    ("    steady: 1s", "    compression: 2", "HF133"),
    ("    checks: [restored, nothing-lost]", "    checks: [restored, nothing-lots]", "HF111"),
    ("    checks: [restored, nothing-lost]", "    checks: [restored, day-completed]", "HF134"),
    ("    checks: [restored, nothing-lost]", "    checks: []", "HF134"),
    ("    expect: {restored: held}", "    expect: {day-completed: held}", "HF134"),
    ("    expect: {restored: held}", "    expect: {restord: broken}", "HF111"),
    ("    expect: {restored: held}", "    expect: {restored: maybe}", "HF109"),
    ("exercise_longer_than: 3m", "exercise_longer_than: 1m", None),
    ("exercise_longer_than: 3m", "exercise_longer_than: 13s", None),
    ("exercise_longer_than: 10m", "exercise_longer_than: 104s", "HF132"),
    ("    range: {client: naive}", "    range: {client: careless}", "HF109"),
    ("    range: {client: naive}", "    range: {clint: naive}", "HF105"),
    # faults
    (FAULT, "{}", None),
    (FAULT, FAULT.replace("process.kill", "process.kil"), "HF111"),
    (FAULT, FAULT.replace("ledger-a", "ledger-c"), "HF111"),
    (FAULT, FAULT.replace("ledger-a", "ledger"), "HF131"),
    (FAULT, FAULT.replace("ledger-a", "db-a"), "HF131"),
    (FAULT, FAULT.replace("ledger-a", "dc-a"), "HF131"),
    (FAULT, FAULT.replace("box: 60s", "box: 9s"), "HF132"),
    (FAULT, FAULT.replace("after: 0s", "after: 1s"), None),
    (f"    disruption:\n      - {FAULT}\n", "    disruption: []\n", "HF132"),
    (f"    disruption:\n      - {FAULT}\n", f"    disruption: [{', '.join([FAULT] * 17)}]\n", "HF132"),
    ("needs: [gateway, ledger], meets_minimum: true", "needs: [gateway, ledger], meets_minimum: yes", "HF109"),
    (FAULT, FAULT.replace("box: 60s", "box: 60s, tree: true"), "HF105"),
    (FAULT, "{fault: link.slow, target: line, hold: 1s, box: 2s}", "HF106"),
    (FAULT, "{fault: link.slow, target: line, delay: fast, hold: 1s, box: 2s}", "HF108"),
    (FAULT, "{fault: link.slow, target: line, delay: 1s, both: 1, hold: 1s, box: 2s}", "HF109"),
    (FAULT, "{fault: link.slow, target: line, delay: 1s, shape: odd, hold: 1s, box: 2s}", "HF109"),
    ("from: [dc-b, db-b]", "from: []", "HF107"),
    ("from: [dc-b, db-b]", "from: [dc-b, ledger-a]", "HF111"),
    # quantities of the further forms
    ("holidays: [2026-12-25, 2026-01-01]", "holidays: [2026-12-25, 2026-02-29]", "HF108"),
    ("holidays: [2026-12-25, 2026-01-01]", "holidays: [2026-12-25, 2026-12-25]", "HF104"),
    ('cut_offs: {cls: "12:00"', 'cut_offs: {cls: "12.00"', "HF108"),
    ("reestablish: {p50: 2m, p95: 15m}", "reestablish: {p50: 15m, p95: 2m}", "HF114"),
    ("reestablish: {p50: 2m, p95: 15m}", "reestablish: {p50: 2m, max: 15m}", "HF114"),
    ("reestablish: {p50: 2m, p95: 15m}", "reestablish: {p50: 2m}", "HF114"),
    ("reestablish: {p50: 2m, p95: 15m}", "reestablish: {}", "HF114"),
    ("reestablish: {p50: 2m, p95: 15m}", "reestablish: {p50: 0s, p95: 15m}", "HF114"),
    ("reestablish: {p50: 2m, p95: 15m}", "reestablish: {p50: 2m, p95: 15min}", "HF108"),
    ("reestablish: {p50: 2m, p95: 15m}", "reestablish: soon", "HF108"),
    ("reestablish: {p50: 2m, p95: 15m}", "reestablish: [2m, 15m]", "HF107"),
    ("{min: 10m, mode: 30m, max: 2h}", "{min: 10m, mode: 3h, max: 2h}", "HF114"),
    ("      value: 2bn EUR", "      value: 2 bn EUR", "HF108"),
    ("      value: 2bn EUR", "      value: 0.001 EUR", "HF108"),
    ("      value: 2bn EUR", "      value: 2bn euro", "HF108"),
    ("{beta: 0.1}", "{beta: 1.1}", "HF108"),
    ("factor: 250%", "factor: 99%", "HF108"),
    ("port: 5432", "port: 65536", "HF108"),
    ("finding: HF601", "finding: F601", "HF108"),
    ("every: 1y", "every: 11y", "HF108"),
    # why a service is important, what its loss means, what arrives
    ("      15m: minor", "      15m: bad", "HF109"),
    ("      15m: minor", "      quarter: minor", "HF108"),
    ("      15m: minor", "      60m: minor", "HF104"),
    ("      15m: minor", "      15m: systemic", None),
    ("      15m: minor", "      15m:", "HF107"),
    ("      15m: minor", "      15m: {value: 1m EUR}", "HF106"),
    ("      15m: minor", "      15m: [minor]", "HF107"),
    ("harm: [participants, financial-stability]", "harm: []", "HF107"),
    ("harm: [participants, financial-stability]", "harm: [everybody]", "HF109"),
    ('arrivals: {"12:00": 120/s', 'arrivals: {"25:00": 120/s', "HF108"),
    ('arrivals: {"12:00": 120/s', 'arrivals: {"12:00": many', "HF108"),
    ('arrivals: {"12:00": 120/s, "07:30": 2400/min, "16:00": 600/h}', "arrivals: {}", "HF107"),
    ("      capacity: 300/s", "      capacity: 0/s", "HF129"),
    ("      4h: intolerable", "      4h: {severity: intolerable, value: 200m EUR}", "HF129"),
    ("      4h: intolerable", "      4h: {severity: intolerable, participants: 3}", "HF129"),
    ("      4h: intolerable", "      4h: {severity: intolerable, loss: 999k EUR}", "HF129"),
    ("dates: [2026-06-30, 2026-03-31]", "dates: []", "HF107"),
    ("capacity: 100%, needs: [gateway, ledger]", "capacity: 0%, needs: [gateway, ledger]", "HF122"),
    ("        capacity: 12.5%", "        capacity: 100.1%", "HF108"),
    ("capacity: 100%, needs: [gateway, ledger]", "capacity: 12%, needs: [gateway, ledger]", None),
    ("sustain: {max: 3d", "sustain: {max: 0s", "HF122"),
    ("        decision: gold", "        decision: golden", "HF111"),
    ("limited_by: dba-team}", "limited_by: ledger}", "HF111"),
    # what belongs to one kind, or together
    ("  rtgs: {kind: fmi}", "  rtgs: {kind: fmi, headcount: 3}", "HF105"),
    ("  rtgs: {kind: fmi}", "  rtgs: {kind: host, substitutability: highly-complex}", "HF105"),
    ("  rtgs: {kind: fmi}", "  rtgs: {kind: fmi, lag: 1s}", "HF126"),
    ("  rtgs: {kind: fmi}", "  rtgs: {kind: people, minimum: 2}", "HF127"),
    ("    headcount: 4\n    minimum: 2", "    headcount: 4\n    minimum: 5", None),
    ("shifts: 2}", "shifts: 0}", "HF108"),
    ("  p2: {title: Head of operations}", "  p2: {title: Head of operations, teams: [desk, telco]}", "HF111"),
    ("    quorum: 2", "    quorum: 2\n    environment: range", None),
    ("    substitute: carrier", "    substitute: telco", "HF128"),
    ("    substitute: carrier", "    substitute: carriers", "HF111"),
    ("    subcontracts: [carrier]", "    subcontracts: [telco]", "HF128"),
    ("    subcontracts: [carrier]", "    subcontracts: [vault]", "HF111"),
    ("ends: 2027-12-31", "ends: 2023-12-31", "HF128"),
    ("keeps: {every: 5m, for: 30d}", "keeps: {every: 5m, for: 4m}", "HF126"),
    ("keeps: {every: 5m, for: 30d}", "keeps: {every: 0s, for: 4m}", "HF126"),
    # how it comes back
    ("        source: vault", "        source: ledger-a", "HF126"),
    ("        source: vault", "        source: dc-a", "HF111"),
    ("        cures: [failed, untrusted]", "        cures: []", "HF107"),
    ("        needs: [vault, dba-team]", "        needs: [vault, {dba-team: {holds_for: 1h}}]", "HF125"),
    ("        crew: {dba-team: 2}", "        crew: {dba-team: 5}", "HF127"),
    ("        crew: {dba-team: 2}", "        crew: {desk: 1}", "HF127"),
    ("        crew: {dba-team: 2}", "        crew: {vault: 1}", "HF111"),
    ("        crew: {dba-team: 2}", "        crew: {dba-team: some}", "HF108"),
    ("        crew: {dba-team: 2}", "        crew: {}", "HF107"),
    ("        replays: journal", "        replays: book", "HF109"),
    ("      works: {passed: 18, failed: 2}", "      works: {passed: 18}", "HF106"),
    ("    replica_of: ledger-a", "    replica_of: ledger-b", "HF126"),
    ("    replica_of: ledger-a", "    replica_of: ledger", "HF111"),
    ("[{power: {holds_for: 25m}}]", "[{power: {holds: 25m}}]", None),
    ("[{power: {holds_for: 25m}}]", "[{power: 25m}]", "HF107"),
    ("[{power: {holds_for: 25m}}]", "[{powr: {holds_for: 25m}}]", "HF111"),
    ("[{power: {holds_for: 25m}}]", "[{power: {holds_for: 25m}}, power]", "HF120"),
    ("needs: [ledger, {power: {holds_for: 2h}}]", "needs: [ledger, {power: {holds_for: 2h}, desk: {}}]", "HF120"),
    ("    needs: [line]", "    needs: [ledger]", "HF120"),
    # people, network, what is known
    ("  storage-firmware: {beta: 0.1}", "  storage-firmwear: {beta: 0.1}", "HF111"),
    ("spreads: [failed, untrusted]}\npeople", "spreads: []}\npeople", "HF107"),
    ("spreads: [failed, untrusted]}\npeople", "spreads: [failed, untrusted], outlasts: [nap]}\npeople", "HF111"),
    ("teams: [dba-team], site", "teams: [vault], site", "HF111"),
    ("deputies: [p2]", "deputies: [p2, p1]", "HF127"),
    ("deputies: [p2]", "deputies: [p2, p3]", "HF111"),
    ("reached_by: [desk]", "reached_by: [desc]", "HF111"),
    ("max: 60m, needs: [gold, silver]", "max: 60m, needs: [gold, p1]", "HF111"),
    ("    segment: data", "    segment: date", "HF111"),
    ("  applications: {}", "  power: {}", None),
    ("  - {from: gateway, to: ledger-a}", "  - {from: gateway, to: gateway}", "HF142"),
    ("  - {from: gateway, to: ledger-a}", "  - {from: gateway, to: ledger}", "HF111"),
    ("  - {from: gateway, to: ledger-a}", "  - gateway", "HF107"),
    ("{from: payments, to: gateway", "{from: dc-a, to: gateway", "HF111"),
    ("{from: payments, to: gateway", "{from: gateway, to: payments", "HF111"),
    # what is only modelled, what is rehearsed
    ("    slow: {name: line, capacity: 30%, lasts: 2h}", "    steady: 2s", "HF139"),
    ("    slow: {name: line, capacity: 30%, lasts: 2h}", "    compression: 2", "HF139"),
    ("    slow: {name: line, capacity: 30%, lasts: 2h}", "    range: {client: careless}", "HF139"),
    ("    slow: {name: line, capacity: 30%, lasts: 2h}", "    load: {rate: 1/s}", None),
    ("test_plan:\n", "  nothing:\ntest_plan:\n", "HF107"),
    ("third_party_out: {name: telco", "third_party_out: {name: vault", "HF111"),
    ("third_party_out: {name: telco", "third_party_out: {name: [telco, vault]", "HF111"),
    ("third_party_out: {name: telco", "third_party_out: {name: []", "HF107"),
    ("absent: {share: 40%", "absent: {share: 0%", "HF140"),
    ("teams: [dba-team]}\n    compromise", "teams: [desk]}\n    compromise", "HF140"),
    ("slow: {name: line, capacity: 30%", "slow: {name: line, capacity: 100%", "HF140"),
    (
        "storage-firmware: v9, landlord: one}\n    fail_site",
        "storage-firmware: v8, landlord: one}\n    fail_site",
        "HF111",
    ),
    ("storage-firmware: v9, landlord: one}\n    fail_site", "storage: v9, landlord: one}\n    fail_site", "HF111"),
    ("    fail: [ledger, monitor]", "    fail: [ledger, dc-a]", "HF111"),
    ("    fail: [ledger, monitor]", "    fail: []", "HF107"),
    ("when: {peak: quarter-end}", "when: {peak: year-end}", "HF111"),
    ('values: [a day, a month, "90 days"]', "values: []", "HF107"),
    ("untrusted: [ledger, gateway]", "untrusted: []", "HF107"),
    ("{scenario: crash, service", "{scenario: crush, service", "HF111"),
    ("type: functional, every: 90d", "type: functional, every: 0d", "HF143"),
    ("on: [vault, v9]", "on: [vault, v8]", "HF111"),
    ("on: [vault, v9]", "on: []", "HF107"),
    ("May., owner: gold, until: 2026-06", "May., owner: p1, until: 2026-06", "HF111"),
    ("  trading: {title: Client trading", "  payments: {title: Client trading", "HF104"),
    # what must not be broken
    (FAULT, FAULT.replace("process.kill", "host.loss").replace("ledger-a", "mainframe"), None),
    ("from: [dc-b, db-b]", "from: [hq]", "HF130"),
    ("  dc-b: {environment: test}", "  dc-b: {}", None),
]

# Where the finding is not in the changed line, or there are several: what is found instead, as code and first words.
ELSEWHERE = {
    "  hq: {}\n  of: {}": ["HF110 expected a name"],
    "    title: Payments\n    title: Again": ["HF104 expected each key once"],
    "needs: [gateway, ledger], meets_minimum: false": ["HF122 expected a mode that meets the minimum service"],
    "    type: functional\n    service: payment": ['HF111 expected the name of a declared service, got "payment"'],
    "exercise_longer_than: 1m": ["HF132 expected disrupted_longer_than below exercise_longer_than"],
    "exercise_longer_than: 13s": [
        "HF132 expected disrupted_longer_than below exercise_longer_than",
    ],
    "{}": [f'HF106 missing key "{key}"' for key in ("box", "fault", "hold", "target")],
    "{fault: host.loss, target: mainframe, after: 0s, hold: 10s, box: 60s}": [
        'HF111 expected the name of a declared host, got "mainframe"'
    ],
    "  dba-team:\n    kind: peeple": ["HF109 expected people, process, application"],
    FAULT.replace("after: 0s", "after: 1s"): ["HF132 expected a fault with after: 0s"],
    "      15m: systemic": [
        "HF129 expected at least systemic after 1h, as it is before, got serious",
        "HF129 expected at least systemic after 4h, as it is before, got intolerable",
    ],
    "capacity: 12%, needs: [gateway, ledger]": [
        'HF122 expected the modes best first, got 12.5% in mode "slow" of service "payments" after 12% in "full"'
    ],
    "    quorum: 2\n    environment: range": [
        'HF105 key "environment" is for a single resource, and "ledger" is a group: it has members'
    ],
    "    headcount: 4\n    minimum: 5": ["HF127 expected a minimum of at most 4 (the headcount), got 5"],
    "[{power: {holds: 25m}}]": ['HF105 unknown key "holds"', 'HF106 missing key "holds_for"'],
    "  power: {}": [
        'HF104 expected a segment to be named like no resource, got "power"',
        'HF111 expected the name of a declared resource or segment, got "applications"',
    ],
    "    load: {rate: 1/s}": [
        'HF139 missing key "abort_when" in scenario "worst"',
        'HF139 missing key "disruption" in scenario "worst"',
        "HF139 expected type functional or site for a drill, got tabletop",
    ],
    "  dc-b: {}": ['HF130 fault network.partition would hit "dc-b"'],
}


def told(finding: Finding) -> str:
    return f"{finding.code} {finding.message}"


@pytest.mark.parametrize(("old", "new", "code"), MISTAKES)
def test_one_mistake_is_one_finding_in_its_line(old: str, new: str, code: str | None) -> None:
    text, line = changed(old, new)
    model, findings = read(text)
    assert model is None
    if code is not None:
        assert [(finding.code, finding.place.line) for finding in findings] == [(code, line)]
    else:
        assert len(findings) == len(ELSEWHERE[new])
        for finding, expected in zip(findings, ELSEWHERE[new], strict=True):
            assert told(finding).startswith(expected)
    assert all(finding.remedy for finding in findings)


def test_everything_is_told_at_once() -> None:
    text = WHOLE
    lines = set()
    for old, new, code in MISTAKES:
        # One mistake a line, none that changes where the next ones stand, none that takes sound neighbours to see.
        if code not in {None, "HF132", "HF133"} and text.count(old) == 1 and old.count("\n") == new.count("\n"):
            line = text[: text.index(old)].count("\n") + 1
            if line not in lines:
                text = text.replace(old, new)
                lines.add(line)
    findings = read(text)[1]
    assert len(lines) > 20
    assert lines - {finding.place.line for finding in findings} == set()
    assert list(findings) == sorted(findings, key=lambda finding: finding.place.line)


@pytest.mark.parametrize(
    ("key", "meant"),
    [("ownr", "owner"), ("impact_tolerence", "impact_tolerance"), ("Title", "title")],
)
def test_the_nearest_key_is_suggested(key: str, meant: str) -> None:
    text, _ = changed("    title: Payments", f"    {key}: Payments")
    assert f'Did you mean "{meant}"?' in " ".join(finding.remedy for finding in read(text)[1])


def test_a_drill_that_misses_its_service_is_a_warning() -> None:
    aside = "  aside: {kind: application, environment: range}\ncommon_causes:\n"
    text = WHOLE.replace("common_causes:\n", aside).replace("target: ledger-a", "target: aside")
    model, findings = read(text)
    assert model is not None
    assert [(finding.code, finding.severity) for finding in findings] == [("HF136", "warning")]


def test_a_mode_that_needs_nothing_is_a_warning() -> None:
    model, findings = read(changed("needs: [gateway, ledger], meets", "needs: [], meets")[0])
    assert model is not None
    found = [(finding.code, finding.severity) for finding in findings]
    assert found == [("HF141", "warning")]


def test_modes_that_need_nothing_are_told_once() -> None:
    """An import of services that no table relates to anything leaves hundreds of them."""
    text, line = changed("needs: [gateway, ledger], meets", "needs: [], meets")
    (finding,) = read(text.replace("only: {capacity: 100%, needs: [ledger]", "only: {capacity: 100%, needs: []"))[1]
    assert finding.place.line == line
    assert finding.message == (
        'mode "full" of service "payments" needs nothing, so it could never fail, and so of 1 other mode'
    )


def test_figures_in_two_currencies_are_not_compared() -> None:
    assert read(changed("      4h: intolerable", "      4h: {severity: intolerable, value: 1m USD}")[0])[1] == ()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    rto: 2h", "    rto: 1h30m", "90m, not 1.5h or 1h30m"),
        ("    rto: 2h", "    rto: 20y", "at most ten years"),
        ("      volume: 5000", "      volume: 1000000000", "from 0 to 999999999"),
        ("      value: 2bn EUR", "      value: 12.50 JPY", "whole minor units"),
        ('"07:30": 2400/min', '"07:30": 40 a second', "40/s, 120/min or 600/h"),
    ],
)
def test_a_remedy_says_the_limit_that_was_passed(old: str, new: str, says: str) -> None:
    (finding,) = read(changed(old, new)[0])[1]
    assert finding.code == "HF108"
    assert says in finding.remedy


@pytest.mark.parametrize("rto", ["5h", "2d"])
def test_what_is_weak_is_no_mistake(rto: str) -> None:
    """An objective beyond the tolerance can be understood: it is for the analysis to say how bad it is."""
    assert read(changed("    rto: 2h", f"    rto: {rto}")[0])[1] == ()


def test_a_site_takes_what_is_at_it() -> None:
    text, _ = changed("  monitor: {kind: application, environment: range", "  monitor: {kind: application, site: dc-a")
    hit = [finding.message for finding in read(text)[1] if finding.code == "HF130"]
    assert hit
    assert all('would hit "monitor"' in message for message in hit)


def test_what_a_file_says_cannot_move_the_cursor() -> None:
    text, _ = changed("    rto: 2h", '    rto: "\\e[2J\\u202e2h"')
    message = read(text)[1][0].message
    assert message.isprintable()
    assert "\\x1b[2J\\u202e2h" in message


def test_suggestions_take_a_bounded_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt word is compared with every known one: a file full of them must not make the reading slow."""
    monkeypatch.setattr(held, "MAX_COMPARED_CHARS", 20_000)
    findings, known = Findings(), {f"name-{number}" for number in range(999)}
    assert findings.did_you_mean("nme-7", known) == 'Did you mean "name-7"? '
    assert findings.did_you_mean("name-7" * 20, known) == ""
    while findings.did_you_mean("nme-7", known):
        pass
    assert findings.did_you_mean("nme-7", known) == ""
    # What takes little is still done.
    assert findings.did_you_mean("ownr", {"owner", "title"}) == 'Did you mean "owner"? '
    assert Findings().did_you_mean("nme-7", {f"name-{number}" for number in range(20_000 // 4)}) == ""


def test_more_findings_than_anybody_reads_are_counted() -> None:
    count = MAX_FINDINGS + 7
    model, findings = read(WHOLE + "unknown:\n" + "".join(f"key-{number}:\n" for number in range(count)))
    assert model is None
    assert len(findings) == MAX_FINDINGS + 1
    assert told(findings[-1]) == "HF100 8 more findings are not listed"
