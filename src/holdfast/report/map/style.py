"""How the map looks: light and dark by preference, on paper, and without colours; no rule fetches anything."""

from __future__ import annotations

LIGHT = """
  --ground: #f4f6f8; --panel: #ffffff; --line: #dde3ea; --line-soft: #e9edf2; --text: #17202b; --muted: #5a6878;
  --accent: #1f5fbf; --accent-soft: #e3edfb; --band: #fbfcfd; --box: #ffffff; --box-line: #c6d0db; --rail: #e6edf7;
  --rail-line: #a9bdd8; --need: #b3bfcc; --up: #1c7a55; --degraded: #8f5a00; --degraded-soft: #fdf0d4;
  --degraded-line: #d29a2e; --down: #c22f27; --down-soft: #c93d34; --on-down: #ffffff; --failed: #7d1510;
  --halo: #f4c7c3;
"""
DARK = """
  --ground: #0f141a; --panel: #151b23; --line: #29333f; --line-soft: #1f2832; --text: #e6ebf1; --muted: #93a1b1;
  --accent: #78aefc; --accent-soft: #1b2a40; --band: #131920; --box: #1a222c; --box-line: #35414f; --rail: #1d2a3b;
  --rail-line: #3d5475; --need: #3f4c5b; --up: #4fb98c; --degraded: #f0b94d; --degraded-soft: #37290f;
  --degraded-line: #c98f2a; --down: #ff6b5e; --down-soft: #b8352c; --on-down: #ffffff; --failed: #6d100c;
  --halo: #5a1d1a;
"""
FONT = 'Inter, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'

MAP_STYLE = f"""
.map text {{ font: 10.6px {FONT}; fill: var(--text); }}
svg.map {{ font-family: {FONT}; }}
.map a {{ text-decoration: none; outline: none; cursor: pointer; }}
.map .ground {{ fill: var(--ground); }}
.map .band {{ fill: var(--band); stroke: var(--line); }}
.map .across {{ fill: none; stroke: none; }}
.map .rule {{ stroke: var(--line-soft); stroke-width: 1; }}
.map text.level {{ font-size: 11px; font-weight: 600; fill: var(--muted); }}
.map .head .b {{ fill: var(--rail); stroke: var(--line); }}
.map .head text {{ font-size: 12.5px; font-weight: 650; }}
.map .head text.word {{ font-size: 10.5px; font-weight: 600; }}
.map .head.up text.word {{ fill: var(--muted); font-weight: 400; }}
.map .head.degraded text.word {{ fill: var(--degraded); }}
.map .head.failed .b {{ fill: var(--failed); stroke: var(--failed); }}
.map .head.failed text {{ fill: var(--on-down); }}
.map .frame {{ fill: var(--rail); fill-opacity: .45; stroke: var(--rail-line); stroke-opacity: .55; }}
.map .l {{ fill: none; stroke: var(--need); stroke-width: 1.1; stroke-linejoin: round; }}
.map .l.alt {{ stroke-dasharray: 4 3; }}
.map .l.stub {{ stroke: var(--rail-line); stroke-width: 2.4; }}
.map .l.degraded {{ stroke: var(--degraded-line); stroke-width: 2; }}
.map .l.down {{ stroke: var(--down); stroke-width: 2.4; }}
.map .l.stub.degraded, .map .l.stub.down {{ stroke-width: 3.2; }}
.map .n .b {{ fill: var(--box); stroke: var(--box-line); }}
.map .n.group .b, .map .n.span .b {{ fill: var(--rail); stroke: var(--rail-line); }}
.map .n.group text, .map .n.service text {{ font-weight: 600; }}
.map .n.pile .b {{ stroke-width: 1; }}
.map .n .sheet {{ fill: var(--box); stroke: var(--box-line); }}
.map .n .note {{ font-size: 10px; font-weight: 400; fill: var(--muted); }}
.map .n.service .b {{ stroke: var(--rail-line); stroke-width: 1.2; }}
.map .n.service text {{ font-size: 13px; }}
.map .n.service text.word {{ font-size: 11.5px; font-weight: 600; fill: var(--up); }}
.map .n.service text.note {{ font-size: 11px; font-weight: 400; fill: var(--muted); }}
.map .n.degraded .b, .map .n.degraded .sheet {{ fill: var(--degraded-soft); stroke: var(--degraded-line); }}
.map .n.service.degraded text.word {{ fill: var(--degraded); }}
.map .n.down .b, .map .n.down .sheet {{ fill: var(--down-soft); stroke: var(--down-soft); }}
.map .n.failed .b, .map .n.failed .sheet {{ fill: var(--failed); stroke: var(--failed); }}
.map .n.down text, .map .n.failed text, .map .n.service.down text.word, .map .n.down .note,
.map .n.failed .note, .map .n.service.down text.note {{ fill: var(--on-down); }}
.map .n .ring {{ fill: none; stroke: none; }}
.map .n.failed .ring {{ stroke: var(--down); stroke-width: 2.2; stroke-dasharray: 5 3; }}
.map .n:focus-visible .ring, .map .head:focus-visible .ring {{
  stroke: var(--accent); stroke-width: 2.6; stroke-dasharray: none;
}}
.map .head .ring {{ fill: none; stroke: none; }}
.map .port {{ fill: var(--need); }}
.mark-up {{ fill: var(--up); }}
.mark-degraded {{ fill: var(--degraded-line); }}
.mark-down {{ fill: none; stroke: var(--mark, var(--on-down)); stroke-width: 1.9; stroke-linecap: round; }}
.mark-failed {{ fill: var(--mark, var(--on-down)); }}
.pill {{ stroke: var(--band); stroke-width: 1; }}
.pill.degraded {{ fill: var(--degraded); }} .pill.down {{ fill: var(--down); }}
.pill.failed {{ fill: var(--failed); }}
text.pill-text {{ font: 700 8.5px {FONT}; fill: var(--panel); letter-spacing: .02em; stroke: none; }}
text.pill-text.failed {{ fill: var(--on-down); }}
.map .badge circle {{ fill: var(--accent); stroke: var(--band); }}
.map .n .badge text {{ font-size: 8.5px; font-weight: 700; fill: var(--panel); }}
.map text.title {{ font-size: 19px; font-weight: 650; }}
.map tspan.what {{ font-size: 13.5px; font-weight: 400; fill: var(--muted); }}
.map text.story {{ font-size: 12.5px; fill: var(--muted); }}
.map text.story.bad {{ fill: var(--down); font-weight: 600; }}
.map text.legend {{ font-size: 11px; fill: var(--muted); }}
.map .swatch {{ fill: var(--box); stroke: var(--box-line); }}
.map .swatch.degraded {{ fill: var(--degraded-soft); stroke: var(--degraded-line); }}
.map .swatch.down {{ fill: var(--down-soft); stroke: var(--down-soft); }}
.map .swatch.failed {{ fill: var(--failed); stroke: var(--down); stroke-width: 2; stroke-dasharray: 4 2; }}
"""

# What an SVG file carries along; in a page the page's own sheet says the same.
SVG_STYLE = f"""
:root {{ color-scheme: light dark; {LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}
@media print {{ :root {{ {LIGHT} --ground: #ffffff; }} }}
{MAP_STYLE}"""
