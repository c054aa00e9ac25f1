"""How long a declaration takes to read and check, by the number of resources in it."""

from __future__ import annotations

import sys
from functools import partial

from bench.figures import machine, show, timed
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.loader import load

REPEATS = 5
SIZES = (100, 1_000, 10_000)


def declaration(resources: int) -> dict[str, str]:
    """Return a declaration with this many resources in a chain, each on the one before it."""
    lines = ["institution: Bench", "sites: {here: {title: Here, environment: test}}", "resources:"]
    for number in range(resources):
        needs = f"[r{number - 1}]" if number else "[]"
        lines.append(f"  r{number}: {{kind: application, environment: test, site: here, needs: {needs}}}")
    return {"bench.yaml": "\n".join(lines) + "\n"}


def main() -> None:
    """Print the time to load a declaration of each size."""
    sys.stdout.write(f"{machine()}\n")
    words = vocabulary()
    for size in SIZES:
        files = declaration(size)
        model, findings = load(files, "bench.yaml", words)
        if model is None:
            sys.exit(f"the generated declaration is wrong: {findings[0]}")
        show(f"{size:,} resources", [timed(partial(load, files, "bench.yaml", words)) for _ in range(REPEATS)], "s")


if __name__ == "__main__":
    main()
