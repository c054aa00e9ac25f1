"""One mistake at a time in a declaration that is otherwise whole: its code, its line, and nothing else is found."""

from __future__ import annotations

import pytest

from holdfast.model.findings import MAX_FINDINGS, Finding
from tests.holdfast.model.declared import WHOLE, changed, read

FAULT = "{fault: process.kill, target: ledger-a, after: 0s, hold: 10s, box: 60s}"

# What stands in the declaration, what is written instead, and the code that is found in that line.
MISTAKES = [
    # keys and forms
    ("    owner: head-of-payments", "    ownr: head-of-payments", "HF105"),
    ("    owner: head-of-payments", "    <<: {}", "HF105"),
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
    ("meets_minimum: true", "meets_minimum: yes", "HF109"),
    ("regimes: [pfmi, dora]", "regimes: [pfmi, dorra]", "HF109"),
    ("regimes: [pfmi, dora]", "regimes: [pfmi, pfmi]", "HF104"),
    ("regimes: [pfmi, dora]", "regimes: {pfmi: true}", "HF107"),
    ("    title: Payments", "    title: Payments\n    title: Again", None),
    # the day and the range
    ("timezone: UTC", "timezone: Europe/Amsterdm", "HF111"),
    ('open: "07:00"', 'open: "17:00"', "HF123"),
    ('close_by: "18:00"', 'close_by: "17:00"', "HF123"),
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
    ("  desk: {kind: people, site: hq}", "  des k: {kind: people}", "HF110"),
    ("  desk: {kind: people, site: hq}", "  any: {kind: people}", "HF110"),
    ("  desk: {kind: people, site: hq}", "  desk: {kind: people, needs: desk}", "HF120"),
    ("  desk: {kind: people, site: hq}", "  desk: {kind: people, active: 1}", "HF105"),
    ("  desk: {kind: people, site: hq}", "  desk: {kind: people, needs: db-a}", "HF138"),
    ("  desk: {kind: people, site: hq}", "  desk: {kind: people, needs: ledger}", None),
    ("between: [dc-a, dc-b]", "between: [dc-a]", "HF124"),
    ("between: [dc-a, dc-b]", "between: [dc-a, dc-b], site: dc-a", "HF124"),
    ("between: [dc-a, dc-b]", "between: [dc-a, dc-c]", "HF111"),
    ("line: {kind: network", "line: {kind: facility", "HF124"),
    ("members: [ledger-a, ledger-b]", "members: [ledger-a, ledger-c]", "HF111"),
    ("members: [ledger-a, ledger-b]", "members: [ledger-a, ledger]", "HF111"),
    ("members: [ledger-a, ledger-b]", "members: [ledger-a, ledger-a]", "HF104"),
    ("members: [ledger-a, ledger-b], active: 1, quorum: 2", "members: []", "HF121"),
    ("active: 1, quorum: 2", "active: 3, quorum: 2", "HF121"),
    ("active: 1, quorum: 2", "active: 1, quorum: 3", "HF121"),
    ("active: 1, quorum: 2", "active: 0, quorum: 2", "HF108"),
    ("active: 1, quorum: 2", "quorum: 2, site: dc-a", "HF105"),
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
    ("    rto: 2h", "    rto: 5h", "HF122"),
    ("meets_minimum: true", "meets_minimum: false", None),
    ("answer: [settled, queued]", "answer: []", "HF122"),
    ("answer: [settled, queued]", "answer: [settled, lost]", "HF109"),
    ("within: 2s", "within: 4s", "HF122"),
    ("within: 2s", "within: 0s", "HF122"),
    ("participants: 95%", "participants: 0%", "HF122"),
    ("participants: 95%", "participants: 0.95", "HF108"),
    ("probe: monitor", "probe: monitors", "HF111"),
    # scenarios
    ("    family: process-failure", "    family: process failure", "HF110"),
    ("    type: functional", "    type: tabletop", "HF109"),
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
    ("    expect: {restored: held}", "    expect: {restored: unknown}", "HF109"),
    ("exercise_longer_than: 3m", "exercise_longer_than: 1m", None),
    ("exercise_longer_than: 3m", "exercise_longer_than: 13s", None),
    ("exercise_longer_than: 5m", "exercise_longer_than: 104s", "HF132"),
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
    (FAULT, FAULT.replace("box: 60s", "box: 60s, tree: true"), "HF105"),
    (FAULT, "{fault: link.slow, target: line, hold: 1s, box: 2s}", "HF106"),
    (FAULT, "{fault: link.slow, target: line, delay: fast, hold: 1s, box: 2s}", "HF108"),
    (FAULT, "{fault: link.slow, target: line, delay: 1s, both: 1, hold: 1s, box: 2s}", "HF109"),
    (FAULT, "{fault: link.slow, target: line, delay: 1s, shape: odd, hold: 1s, box: 2s}", "HF109"),
    ("from: [dc-b, db-b]", "from: []", "HF107"),
    ("from: [dc-b, db-b]", "from: [dc-b, ledger-a]", "HF111"),
    # what must not be broken
    (FAULT, FAULT.replace("process.kill", "host.loss").replace("ledger-a", "mainframe"), None),
    ("from: [dc-b, db-b]", "from: [hq]", None),
    ("  dc-b: {environment: test}", "  dc-b: {}", None),
]

# Where the finding is not in the changed line, or there are several: what is found instead, as code and first words.
ELSEWHERE = {
    "  hq: {}\n  of: {}": ["HF110 expected a name"],
    "    title: Payments\n    title: Again": ["HF104 expected each key once"],
    "meets_minimum: false": ["HF122 expected a mode that meets the minimum service"],
    "    type: functional\n    service: payment": ['HF111 expected the name of a declared service, got "payment"'],
    "exercise_longer_than: 1m": ["HF132 expected disrupted_longer_than below exercise_longer_than"],
    "exercise_longer_than: 13s": [
        "HF132 expected disrupted_longer_than below exercise_longer_than",
    ],
    "{}": [f'HF106 missing key "{key}"' for key in ("box", "fault", "hold", "target")],
    "{fault: host.loss, target: mainframe, after: 0s, hold: 10s, box: 60s}": [
        'HF111 expected the name of a declared host, got "mainframe"'
    ],
    "from: [hq]": ['HF130 fault network.partition would hit "desk"', 'HF130 fault network.partition would hit "hq"'],
    "  desk: {kind: people, needs: ledger}": [
        'HF138 "desk" is in production and needs "ledger-a", which is in range',
        'HF138 "desk" is in production and needs "ledger-b", which is in test',
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
        if code not in {None, "HF132"} and text.count(old) == 1 and old.count("\n") == new.count("\n"):
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
    aside = "  aside: {kind: application, environment: range}\nscenarios:\n"
    text = WHOLE.replace("scenarios:\n", aside).replace("target: ledger-a", "target: aside")
    model, findings = read(text)
    assert model is not None
    assert [(finding.code, finding.severity) for finding in findings] == [("HF136", "warning")]


def test_a_service_that_nobody_rehearses_is_a_note() -> None:
    model, findings = read(WHOLE[: WHOLE.index("scenarios:")])
    assert model is not None
    assert [(finding.code, finding.severity) for finding in findings] == [("HF137", "note")]


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


def test_more_findings_than_anybody_reads_are_counted() -> None:
    count = MAX_FINDINGS + 7
    model, findings = read(WHOLE + "unknown:\n" + "".join(f"key-{number}:\n" for number in range(count)))
    assert model is None
    assert len(findings) == MAX_FINDINGS + 1
    assert told(findings[-1]) == "HF100 8 more findings are not listed"
