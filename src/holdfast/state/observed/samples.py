"""Samples of a service's availability, from a table or from what Prometheus answers to a range query."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

from holdfast.model.findings import shown
from holdfast.model.quantities import written
from holdfast.state.observed.files import OpenFile, instant, rows_of
from holdfast.state.observed.manifest import Good
from holdfast.state.observed.rows import Read, Sample, Samples
from holdfast.state.observed.times import read_time

_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?", re.ASCII)


def read_samples(file: OpenFile, read: Read) -> int:
    """Read every sample of a file, and return how many there are."""
    samples = _prometheus(file) if file.source.format == "prometheus" else _sampled_rows(file)
    found: dict[int, Sample] = {}
    number = 0
    for line, sample in samples:
        number += 1
        if sample.at_us in found:
            file.error(
                "HF525", line, "expected one sample for each instant, got two", "Choose one series, or one probe."
            )
        found[sample.at_us] = sample
    _check_every(file, sorted(found))
    read.samples = Samples(file.source, tuple(sorted(found.values(), key=lambda each: each.at_us)), file.written_to_us)
    if not found and not file.findings.has_errors:
        file.error("HF521", 1, "expected samples, got none", "Export the time in which the service was observed.")
    return number


def _check_every(file: OpenFile, times_us: list[int]) -> None:
    """Find samples that usually are much closer than ``every`` says: gaps between them would pass for watched time."""
    apart = sorted(later - earlier for earlier, later in pairwise(times_us))
    usual_us = apart[len(apart) // 2] if apart else file.source.every_us
    if usual_us * 2 < file.source.every_us:
        every, usual = (written(us // 1_000) for us in (file.source.every_us, usual_us))
        message = f"every says {every}, and samples usually are {usual} apart"
        file.findings.error("HF525", file.source.place, message, f"Write every: {usual}, so that gaps are seen.")


def _sampled_rows(file: OpenFile) -> Iterator[tuple[int, Sample]]:
    """Yield the samples of a table; an empty cell is no sample, and so is time that nobody looked at."""
    good = file.source.good
    for row, cell in rows_of(file):
        at_us = instant(file, row, cell("time"), "this sample")
        said = [cell(column) for column in ("state", "value", "latency_ms") if column in file.source.columns]
        if at_us is None or good is None or not any(said):
            continue
        answer = _is_good(good, cell("state"), cell("value"), cell("latency_ms"))
        if answer is None:
            got = " and ".join(shown(cell(name)) for name in ("value", "latency_ms") if name in file.source.columns)
            message = f"expected numbers, and no latency below zero, got {got}"
            file.error("HF522", row.number, message, "Write plain numbers, or leave the cells empty for no sample.")
        else:
            yield row.number, Sample(at_us, answer)


def _is_good(good: Good, state: str, value: str, latency_ms: str) -> bool | None:
    """Return whether a sample is good by every rule that is given; ``None`` when a number is none.

    A latency that is missing beside a state is one that was never measured: there was no answer to time.
    """
    met = [state in good.state] if good.state else []
    for bound, sign in ((good.at_least, 1), (good.at_most, -1)):
        if bound is not None:
            if _NUMBER.fullmatch(value) is None:
                return None
            met.append((Decimal(value) - Decimal(bound)) * sign >= 0)
    if good.latency_ms is not None:
        # Some tools write -1 for an answer that never came: no time is below zero.
        if latency_ms and (_NUMBER.fullmatch(latency_ms) is None or Decimal(latency_ms) < 0):
            return None
        met.append(bool(latency_ms) and Decimal(latency_ms) <= good.latency_ms)
    return all(met)


def _prometheus(file: OpenFile) -> Iterator[tuple[int, Sample]]:
    """Yield the samples of the one series that is chosen from the answer of ``/api/v1/query_range``.

    Prometheus, HTTP API: ``{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {label:
    value}, "values": [[seconds, "value"], ...]}, ...]}}``. A step without a value is absent; NaN says nothing either.
    """
    result = _matrix(file)
    chosen = [each for each in result if file.source.series.items() <= each["metric"].items()]
    if len(chosen) != 1:
        labels = [", ".join(f"{k}={v}" for k, v in sorted(each["metric"].items())) for each in chosen or result]
        message = f"expected one series, got {len(chosen)} of {len(result)}" + (
            f": {shown(labels[0])}" if labels else ""
        )
        file.findings.error("HF521", file.source.place, message, "Choose one by its labels, with series.")
        return
    good = file.source.good
    for number, value in enumerate(chosen[0]["values"], start=1):
        match value:
            case [str() as seconds, str() as text] if (time := read_time(seconds, "unix")) is not None:
                at_us = file.corrected(replace(time, written_to_us=0), 1, f"sample {number:,}")
                answer = _is_good(good, "", text, "") if good and text not in {"NaN", "+Inf", "-Inf"} else None
                if answer is not None:
                    yield 1, Sample(at_us, answer)
                elif text not in {"NaN", "+Inf", "-Inf"}:
                    file.error(
                        "HF522", 1, f"expected a number in sample {number:,}, got {shown(text)}", "Export again."
                    )
            case _:
                file.error(
                    "HF521", 1, f"expected [seconds, value] as sample {number:,}", "Export the range query again."
                )


def _matrix(file: OpenFile) -> list[dict[str, Any]]:
    """Return the series of the answer; none, and a finding, when it is no such answer."""
    remedy = "Save what /api/v1/query_range answers, whole."
    try:
        # Numbers stay the text that they are: a float is not exact.
        whole = json.loads(file.data, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        file.error("HF521", getattr(error, "lineno", 1), f"expected JSON, got text that is none: {error}", remedy)
        return []
    match whole:
        case {"status": "success", "warnings": [str() as warning, *_]}:
            message = f"the server itself says that this answer is not whole: {shown(warning)}"
            file.error("HF521", 1, message, "Ask again when every store answers.")
        case {"status": "success", "data": {"resultType": "matrix", "result": list() as result}}:
            if all(isinstance(each, dict) and _is_series(each) for each in result):
                return result
            file.error("HF521", 1, "expected a metric and values in every series", remedy)
        case {"status": "error", "error": str() as failed}:
            file.error("HF521", 1, f"the query had failed: {shown(failed)}", "Ask again, and save the answer.")
        case {"data": {"resultType": str() as kind}}:
            file.error("HF521", 1, f"expected the resultType matrix, got {shown(kind)}", remedy)
        case _:
            file.error("HF521", 1, "expected the answer to a range query, got other JSON", remedy)
    return []


def _is_series(each: dict[str, Any]) -> bool:
    match each:
        case {"metric": dict() as metric, "values": list()}:
            return all(isinstance(value, str) for value in metric.values())
    return False
