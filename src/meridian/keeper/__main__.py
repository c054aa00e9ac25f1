"""``python -m meridian.keeper DIRECTORY``: hold the range of that directory until told to let go."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from meridian.errors import MeridianError
from meridian.keeper import layout
from meridian.keeper.isolation import isolate
from meridian.keeper.range import Range
from meridian.keeper.server import Server
from meridian.linux import become_subreaper
from meridian.network import offspring
from meridian.network.offspring import Offspring
from meridian.telemetry import sensor


def main(directory: Path) -> int:
    """Boot the range, serve, and return the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _let_go)
    isolate(layout.settings_of(directory).mode)
    become_subreaper()
    held = Range(directory)
    try:
        server = Server(held)
        # Before the first host has power, so that it sees them come.
        looking = offspring.fork(partial(sensor.work, directory))
        try:
            held.boot()
            server.run()
        finally:
            held.down()
            _end(looking)
    finally:
        held.down()
    return 0


def _end(looking: Offspring) -> None:
    """Have the sensor end its records, and end it."""
    with suppress(OSError):
        looking.control.send(b"end")
        looking.control.recv(len(sensor.ENDED))
    looking.end()


def _let_go(*_: object) -> None:
    """End on SIGTERM in the ordinary way, so that every host is switched off first."""
    raise SystemExit(0)


if __name__ == "__main__":
    os.umask(0o022)
    try:
        sys.exit(main(Path(sys.argv[1])))
    except MeridianError as error:
        sys.stderr.write(error.text)
        sys.exit(error.exit_code)
