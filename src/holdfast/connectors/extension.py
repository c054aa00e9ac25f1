"""The far end of a *python* activity: calls one function in the interpreter that this file is started with.

It is started by its path in another interpreter, with the call as JSON on its standard input, and prints what the
function returned as the last line: ``{"returned": …}``. An exception ends it with a traceback on standard error and 1.
Nothing of Holdfast is imported here.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys


def main() -> None:
    """Make the call that standard input describes; configuration and secrets are passed where they are taken."""
    call = json.load(sys.stdin)
    function = getattr(importlib.import_module(call["module"]), call["func"])
    taken = inspect.signature(function).parameters
    beside = {name: call[name] for name in ("configuration", "secrets") if name in taken}
    returned = function(**call["arguments"], **beside)
    sys.stdout.write(json.dumps({"returned": returned}, default=str) + "\n")


if __name__ == "__main__":
    main()
