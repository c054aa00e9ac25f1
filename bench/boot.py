"""How long Meridian takes from nothing to its first acknowledged payment, to armed, and back to nothing.

From the start of the command, on its own range each time; what matters most is how many cores are idle.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import machine, show, timed

REPEATS = 5
UP_TIMEOUT_S = 120
DOWN_TIMEOUT_S = 60

MERIDIAN = (sys.executable, "-m", "meridian")
ACKNOWLEDGED = "first acknowledgement"
ARMED = "armed:"


def boot(directory: Path) -> dict[str, float]:
    """Boot a range, take it down, and return the seconds that each part took; the range says them as it goes."""
    done = subprocess.run(
        [*MERIDIAN, "up", "--dir", str(directory)],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=UP_TIMEOUT_S,
    )
    down = timed(
        lambda: subprocess.run([*MERIDIAN, "down", "--dir", str(directory)], check=True, timeout=DOWN_TIMEOUT_S)
    )
    if done.returncode:
        sys.exit(done.stderr)
    said = {line.split(" s  ", 1)[1]: float(line.split(" s  ", 1)[0]) for line in done.stderr.splitlines()}
    reached = {mark: next(at for line, at in said.items() if line.startswith(mark)) for mark in (ACKNOWLEDGED, ARMED)}
    return reached | {"down": down}


def main() -> None:
    """Print the three durations."""
    sys.stdout.write(f"{machine()}\n")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        samples = [boot(Path(name) / str(number)) for number in range(REPEATS)]
    show("to the first acknowledgement, durable at two sites", [sample[ACKNOWLEDGED] for sample in samples], "s")
    show("to armed", [sample[ARMED] for sample in samples], "s")
    show("down again", [sample["down"] for sample in samples], "s")


if __name__ == "__main__":
    main()
