"""``python -m meridian``: the reference institution's command line."""

from __future__ import annotations

import sys

from meridian.cli import main

if __name__ == "__main__":
    sys.exit(main())
