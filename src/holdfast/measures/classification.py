"""Whether an incident is *major*: the worksheet of Delegated Regulation (EU) 2024/1772, with its trace.

Articles 8 and 9 of that regulation, which specify articles 18(1) and 19(1) of Regulation (EU) 2022/2554 (DORA):

- article 8(1): an incident is major where it affected critical services (article 6) *and* either (a) the threshold of
  article 9(5), point (b), is met, or (b) two or more of the other thresholds of article 9(1) to (6) are;
- article 8(2): incidents that are not major each are one major incident where they occurred at least twice within six
  months, have the same apparent root cause, and fulfil article 8(1) together. Not for microenterprises, nor for those
  of article 16(1) of DORA;
- article 9: each paragraph is one threshold, met where any of its points is. Every limit is passed only *above* its
  figure. Of article 9(5) point (b) stands alone; point (a) is one of the others.

Article 9(5), point (b), speaks of a successful, malicious and unauthorised access, which is what article 6, point (c),
asks: a yes to the one is taken for a yes to the other.

Three answers: what nobody answered is *unknown* and never *no*. The result is *not yet decidable* as long as answers
that are still open could turn it, and these are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from holdfast.checks.words import declared, duration

Truth = Literal["yes", "no", "unknown"]
Result = Literal["major", "not major", "not yet decidable"]
Unit = Literal["flag", "share", "count", "duration", "euro"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the worksheet: the point of law, what it asks, in which unit, and the limit that must be passed.

    ``limit`` is in per cent for a share, milliseconds for a duration, whole euro, or a count.
    """

    name: str
    clause: str
    asks: str
    unit: Unit = "flag"
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """An answer: yes, no, unknown, or a number (``value``, as a share ``of`` another), where from, and its entry."""

    answer: Literal["yes", "no", "unknown", "value"]
    source: str
    value: int | None = None
    of: int | None = None
    estimated: bool = False
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with what its answer comes to: whether the point is met."""

    question: Question
    given: Given | None
    truth: Truth

    @property
    def shown(self) -> str:
        """The answer in words."""
        if self.given is None:
            return "not answered"
        about = "about " if self.given.estimated else ""
        if self.given.answer != "value" or self.given.value is None:
            return f"{self.given.answer}{', estimated' if self.given.estimated else ''}"
        return f"{about}{number_words(self.question, self.given.value, self.given.of)}"


@dataclass(frozen=True, slots=True)
class Step:
    """One rule as it was applied: its clause, what it says, from what, and what it gives."""

    clause: str
    says: str
    inputs: tuple[tuple[str, Truth], ...]
    truth: Truth


@dataclass(frozen=True, slots=True)
class Classification:
    """The result with its trace: every answer, every rule, which answers could still turn it, what contradicts."""

    result: Result
    answers: tuple[Answered, ...]
    steps: tuple[Step, ...]
    could_turn: tuple[Question, ...]
    contradictions: tuple[str, ...]


CRITERIA: Mapping[str, tuple[str, tuple[Question, ...]]] = {
    "art. 6": (
        "critical services are affected",
        (
            Question(
                "critical-function", "art. 6(a)", "ICT services or systems behind a critical or important function"
            ),
            Question(
                "supervised-service", "art. 6(b)", "a financial service that needs authorisation or is supervised"
            ),
            Question("malicious-access", "art. 6(c)", "a successful, malicious and unauthorised access to our systems"),
        ),
    ),
    "art. 9(1)": (
        "clients, financial counterparts and transactions",
        (
            Question("clients-share", "art. 9(1)(a)", "clients affected, of all that use the service", "share", 10),
            Question("clients", "art. 9(1)(b)", "clients affected", "count", 100_000),
            Question("counterparts", "art. 9(1)(c)", "financial counterparts affected, of all concerned", "share", 30),
            Question("transactions", "art. 9(1)(d)", "transactions affected, of the daily average number", "share", 10),
            Question("amount", "art. 9(1)(e)", "amount affected, of the daily average value", "share", 10),
            Question("relevant-clients", "art. 9(1)(f)", "clients or counterparts identified as relevant are affected"),
        ),
    ),
    "art. 9(2)": (
        "reputational impact",
        (
            Question("media", "art. 2(1)(a)", "it has been in the media"),
            Question("complaints", "art. 2(1)(b)", "repeated complaints of different clients or counterparts"),
            Question("requirements", "art. 2(1)(c)", "regulatory requirements will, or are likely, not to be met"),
            Question(
                "clients-lost", "art. 2(1)(d)", "clients or counterparts lost or likely to be, with weight for us"
            ),
        ),
    ),
    "art. 9(3)": (
        "duration and service downtime",
        (
            Question("duration", "art. 9(3)(a)", "duration of the incident", "duration", 24 * 3_600_000),
            Question("downtime", "art. 9(3)(b)", "downtime behind critical functions", "duration", 2 * 3_600_000),
        ),
    ),
    "art. 9(4)": (
        "geographical spread",
        (Question("member-states", "art. 9(4)", "Member States in which it has an impact", "count", 1),),
    ),
    "art. 9(5)(a)": (
        "data losses",
        (
            Question(
                "data-losses",
                "art. 9(5)(a)",
                "availability, authenticity, integrity or confidentiality of data: harm to our objectives or duties",
            ),
        ),
    ),
    "art. 9(5)(b)": (
        "malicious access that may result in data losses",
        (
            Question(
                "access-data-losses",
                "art. 9(5)(b)",
                "a successful, malicious and unauthorised access, not under (a), that may result in data losses",
            ),
        ),
    ),
    "art. 9(6)": (
        "economic impact",
        (Question("costs", "art. 9(6)", "costs and losses that have come or are likely", "euro", 100_000),),
    ),
}
OTHERS = ("art. 9(1)", "art. 9(2)", "art. 9(3)", "art. 9(4)", "art. 9(5)(a)", "art. 9(6)")
RECURRING: tuple[Question, ...] = (
    Question("recurring", "art. 8(2)(a)", "such incidents occurred at least twice within six months"),
    Question("recurring-cause", "art. 8(2)(b)", "they have the same apparent root cause"),
    Question("recurring-together", "art. 8(2)(c)", "together they fulfil article 8(1)"),
    Question("recurring-exempt", "art. 8(2)", "we are a microenterprise, or named in article 16(1) of DORA"),
)
QUESTIONS: Mapping[str, Question] = {
    question.name: question for question in (*(each for _, limbs in CRITERIA.values() for each in limbs), *RECURRING)
}


def classify(given: Mapping[str, Given]) -> Classification:
    """Return what the answers come to by articles 8 and 9; a question that has no answer is unknown."""
    truths, inferred = _truths(given)
    criteria, recurring = _inputs(truths)
    major = _major(criteria, recurring)
    contradictions = []
    if (truths["malicious-access"], truths["access-data-losses"]) == ("no", "yes"):
        contradictions.append("art. 6(c) is answered no, and art. 9(5)(b), which speaks of such an access, yes")
    return Classification(
        result=_RESULTS[major],
        answers=tuple(
            Answered(question, given.get(name), _truth(question, given.get(name))) for name, question in _all()
        ),
        steps=tuple(_steps(truths, criteria, recurring, inferred=inferred)),
        could_turn=tuple(_could_turn(truths, criteria, recurring)) if major == "unknown" else (),
        contradictions=tuple(contradictions),
    )


def result_of(given: Mapping[str, Given]) -> Result:
    """Return the result alone, without its trace: what the answers up to some moment came to."""
    return _RESULTS[_major(*_inputs(_truths(given)[0]))]


_RESULTS: Mapping[Truth, Result] = {"yes": "major", "no": "not major", "unknown": "not yet decidable"}


def _truths(given: Mapping[str, Given]) -> tuple[dict[str, Truth], bool]:
    """Return whether each point is met, and whether article 6(c) was taken from article 9(5)(b)."""
    truths = {name: _truth(question, given.get(name)) for name, question in _all()}
    inferred = truths["malicious-access"] == "unknown" and truths["access-data-losses"] == "yes"
    if inferred:
        truths["malicious-access"] = "yes"
    return truths, inferred


def _inputs(truths: Mapping[str, Truth]) -> tuple[Mapping[str, Truth], Mapping[str, Truth]]:
    """Return what each paragraph comes to, and the conditions of article 8(2)."""
    criteria = {clause: _any([truths[limb.name] for limb in limbs]) for clause, (_, limbs) in CRITERIA.items()}
    return criteria, {question.name: truths[question.name] for question in RECURRING}


def _all() -> Iterator[tuple[str, Question]]:
    yield from QUESTIONS.items()


def _truth(question: Question, given: Given | None) -> Truth:
    """Return whether a point is met; a limit is passed only above its figure."""
    if given is None or given.answer == "unknown":
        return "unknown"
    if given.answer != "value":
        return given.answer
    if given.value is None or question.unit == "flag":
        return "unknown"
    if question.unit != "share":
        return "yes" if given.value > question.limit else "no"
    if not given.of or given.of < 0:
        return "unknown"
    return "yes" if given.value * 100 > question.limit * given.of else "no"


def _any(truths: Sequence[Truth]) -> Truth:
    if "yes" in truths:
        return "yes"
    return "unknown" if "unknown" in truths else "no"


def _all_of(truths: Sequence[Truth]) -> Truth:
    if "no" in truths:
        return "no"
    return "unknown" if "unknown" in truths else "yes"


def _not(truth: Truth) -> Truth:
    turned: Mapping[Truth, Truth] = {"yes": "no", "no": "yes", "unknown": "unknown"}
    return turned[truth]


def _two(criteria: Mapping[str, Truth]) -> Truth:
    """Article 8(1), point (b)."""
    met = [criteria[clause] for clause in OTHERS]
    if met.count("yes") > 1:
        return "yes"
    return "unknown" if met.count("yes") + met.count("unknown") > 1 else "no"


def _alone(criteria: Mapping[str, Truth]) -> Truth:
    """Article 8(1)."""
    return _all_of([criteria["art. 6"], _any([criteria["art. 9(5)(b)"], _two(criteria)])])


def _recurring(answers: Mapping[str, Truth]) -> Truth:
    """Article 8(2)."""
    conditions = [answers[question.name] for question in RECURRING[:-1]]
    return _all_of([*conditions, _not(answers["recurring-exempt"])])


def _major(criteria: Mapping[str, Truth], recurring: Mapping[str, Truth]) -> Truth:
    return _any([_alone(criteria), _recurring(recurring)])


def _steps(
    truths: Mapping[str, Truth], criteria: Mapping[str, Truth], recurring: Mapping[str, Truth], *, inferred: bool
) -> Iterator[Step]:
    """Yield every rule as it was applied, what stands on others after them."""
    if inferred:
        inputs: tuple[tuple[str, Truth], ...] = (("access-data-losses", "yes"),)
        yield Step("art. 6(c)", "the access of art. 9(5)(b) is one", inputs, "yes")
    for clause, (says, limbs) in CRITERIA.items():
        yield Step(clause, says, tuple((limb.name, truths[limb.name]) for limb in limbs), criteria[clause])
    two = _two(criteria)
    yield Step("art. 8(1)(b)", "two or more of the other thresholds", tuple((c, criteria[c]) for c in OTHERS), two)
    inputs = (("art. 6", criteria["art. 6"]), ("art. 9(5)(b)", criteria["art. 9(5)(b)"]), ("art. 8(1)(b)", two))
    yield Step("art. 8(1)", "critical services, and (a) art. 9(5)(b) or (b) two others", inputs, _alone(criteria))
    yield Step("art. 8(2)", "recurring incidents as one", tuple(recurring.items()), _recurring(recurring))
    last: tuple[tuple[str, Truth], ...] = (("art. 8(1)", _alone(criteria)), ("art. 8(2)", _recurring(recurring)))
    yield Step("art. 19(1) of DORA", "a major incident is reported", last, _major(criteria, recurring))


def _could_turn(
    truths: Mapping[str, Truth], criteria: Mapping[str, Truth], recurring: Mapping[str, Truth]
) -> Iterator[Question]:
    """Yield the questions that are open and of which there is a way to answer the others so that it decides.

    A point that is open decides where its criterion does: whether that is met can hang on this point alone.
    """
    variables = {**criteria, **recurring}
    turning = _turning(variables, access_asked=truths["malicious-access"] == "unknown")
    for clause, (_, limbs) in CRITERIA.items():
        if clause in turning:
            yield from (limb for limb in limbs if truths[limb.name] == "unknown")
    yield from (question for question in RECURRING if question.name in turning)


def _turning(variables: Mapping[str, Truth], *, access_asked: bool) -> frozenset[str]:
    """Return which of the open variables can make the difference, by trying all answers to all of them."""
    unknown = [name for name, truth in variables.items() if truth == "unknown"]
    results: dict[tuple[bool, ...], bool] = {}
    for answers in product((False, True), repeat=len(unknown)):
        told: dict[str, Truth] = {**variables}
        told.update({name: "yes" if yes else "no" for name, yes in zip(unknown, answers, strict=True)})
        if access_asked and told["art. 9(5)(b)"] == "yes":
            told["art. 6"] = "yes"
        results[answers] = _major(told, told) == "yes"
    return frozenset(
        name
        for place, name in enumerate(unknown)
        if any(
            results[answers] != results[(*answers[:place], not answers[place], *answers[place + 1 :])]
            for answers in results
        )
    )


def number_words(question: Question, value: int, of: int | None) -> str:
    """Return a number in the unit of its question."""
    match question.unit:
        case "share" if of:
            return f"{value:,} of {of:,} ({value * 1000 // of / 10:g} %)"
        case "duration":
            return declared(value) if value % 60_000 == 0 else duration(value * 1_000)
        case "euro":
            return f"€ {value:,}"
        case _:
            return f"{value:,}"


def limit_of(question: Question) -> str:
    """Return the limit of a question in words; nothing for one that asks for yes or no."""
    match question.unit:
        case "share":
            return f"above {question.limit} %"
        case "duration":
            return f"above {declared(question.limit)}"
        case "euro":
            return f"above € {question.limit:,}"
        case "count":
            return f"above {question.limit:,}" if question.limit > 1 else "two or more"
        case _:
            return ""
