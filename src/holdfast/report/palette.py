"""The colours and the typeface of reports and maps: each is named here once, light and dark."""

from __future__ import annotations

# Of the states, `held`, `unknown` and `broken` are for words and small marks: they have at least 4.5 : 1 on any ground
# here (WCAG 2.2, 1.4.3). `good`, `degraded` and `down` are for areas and strong lines.
LIGHT = """
  --ground: #f4f6f8; --panel: #ffffff; --line: #dde3ea; --line-soft: #e9edf2; --text: #17202b; --muted: #5a6878;
  --accent: #1f5fbf; --held: #1c7a55; --broken: #c22f27; --unknown: #8a5a00; --held-soft: #e2f2ea;
  --broken-soft: #fbe6e4; --unknown-soft: #fbf0da; --good: #7fb79c; --degraded: #c98a12; --down: #d33a30;
"""
DARK = """
  --ground: #0f141a; --panel: #151b23; --line: #29333f; --line-soft: #1f2832; --text: #e6ebf1; --muted: #93a1b1;
  --accent: #78aefc; --held: #5fc79a; --broken: #ff7b6f; --unknown: #e6b04e; --held-soft: #15301f;
  --broken-soft: #3a1a19; --unknown-soft: #352810; --good: #3a7d60; --degraded: #dba33a; --down: #e5564b;
"""
FONT = 'Inter, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
