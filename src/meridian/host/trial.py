"""Whether an account of a host can really run the interpreter: tried once, before anything depends on it.

A first exec proves nothing: the process that does it may still have a capability that lets it through a closed
directory. So the interpreter starts an interpreter, and imports this program on the way. What fails this way fails late
otherwise: a server's helper process dies without a word, and the server waits for it for ever.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from meridian.host.supervisor import surroundings
from meridian.linux import give_up_privileges

TIMEOUT_S = 30.0
_PROGRAM = "import subprocess, sys, meridian; sys.exit(subprocess.call([sys.executable, '-S', '-c', '']))"


def interpreter_fails(uid: int) -> str | None:
    """Return why the account ``uid`` cannot run this interpreter and this program here, None if it can."""
    try:
        done = subprocess.run(
            (sys.executable, "-P", "-c", _PROGRAM),
            env=surroundings(Path("/")),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            preexec_fn=lambda: give_up_privileges(uid),
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"account {uid} cannot run {sys.executable}: {error}"
    if done.returncode == 0:
        return None
    last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return f"account {uid} cannot run {sys.executable} (exit status {done.returncode}): {last}"
