"""How the map looks: light and dark by preference, on paper, and without colours; no rule fetches anything."""

from __future__ import annotations

from holdfast.report import palette

LIGHT = f"""{palette.LIGHT}
  --accent-soft: #e3edfb; --band: #fbfcfd; --box: #ffffff; --box-line: #b9c5d2; --rail: #e6edf7; --rail-line: #a9bdd8;
  --need: #8492a2; --down-box: #c93d34; --failed: #7d1510; --on-down: #ffffff;
"""
DARK = f"""{palette.DARK}
  --accent-soft: #1b2a40; --band: #131920; --box: #1a222c; --box-line: #3b4857; --rail: #1d2a3b; --rail-line: #3d5475;
  --need: #667485; --down-box: #b8352c; --failed: #6d100c; --on-down: #ffffff;
"""
# Sizes of type in px: nothing on the map is smaller than what can be read at arm's length.
TEXT_PX, SERVICE_PX, SERVICE_STATE_PX, HEAD_PX, LEVEL_PX = 11.0, 15.0, 13.0, 13.0, 12.0
TITLE_PX, WHAT_PX, STORY_PX, LEGEND_PX = 20.0, 14.0, 13.0, 12.0

MAP_STYLE = f"""
.map text {{ font: {TEXT_PX}px {palette.FONT}; fill: var(--text); }}
.map a {{ text-decoration: none; outline: none; cursor: pointer; }}
.map .ground {{ fill: var(--ground); }}
.map .band {{ fill: var(--band); stroke: var(--line); }}
.map text.level {{ font-size: {LEVEL_PX}px; font-weight: 600; fill: var(--muted); }}
.map .head .b {{ fill: var(--rail); stroke: var(--line); }}
.map .head text {{ font-size: {HEAD_PX}px; font-weight: 650; }}
.map .head.failed .b {{ fill: var(--failed); stroke: var(--failed); }}
.map .head.failed text.name {{ fill: var(--on-down); }}
.map .frame {{ fill: var(--rail); fill-opacity: .45; stroke: var(--rail-line); stroke-opacity: .55; }}
.map .l {{ fill: none; stroke: var(--need); stroke-width: 1; stroke-linejoin: round; }}
.map .l.alt {{ stroke-dasharray: 4 3; }}
.map .l.stub {{ stroke: var(--rail-line); stroke-width: 2.4; }}
.map .l.degraded {{ stroke: var(--degraded); stroke-width: 2; }}
.map .l.down {{ stroke: var(--broken); stroke-width: 2.4; }}
.map .l.alt.degraded, .map .l.alt.down {{ stroke-dasharray: none; }}
.map .l.stub.degraded, .map .l.stub.down {{ stroke-width: 3.2; }}
.map .n .b, .map .n .sheet {{ fill: var(--box); stroke: var(--box-line); }}
.map .n.group .b, .map .n.span .b {{ fill: var(--rail); stroke: var(--rail-line); }}
.map .n.group text {{ font-weight: 600; }}
.map .n .note {{ font-weight: 400; fill: var(--muted); }}
.map .n.service .b {{ stroke: var(--rail-line); stroke-width: 1.2; }}
.map .n.service text {{ font-size: {SERVICE_PX}px; font-weight: 600; }}
.map .n.service text.word {{ font-size: {SERVICE_STATE_PX}px; fill: var(--held); }}
.map .n.service text.note {{ font-size: {SERVICE_STATE_PX}px; font-weight: 400; fill: var(--muted); }}
.map .n.degraded .b, .map .n.degraded .sheet {{ fill: var(--unknown-soft); stroke: var(--degraded); }}
.map .n.service.degraded text.word {{ fill: var(--unknown); }}
.map .n.down .b {{ fill: var(--down-box); stroke: var(--down-box); }}
.map .n.failed .b {{ fill: var(--failed); stroke: var(--failed); }}
.map .n.down .sheet {{ fill: var(--down-box); stroke: var(--band); }}
.map .n.failed .sheet {{ fill: var(--failed); stroke: var(--band); }}
.map .n.down .name, .map .n.failed .name, .map .n.service.down text.word, .map .n.down .note,
.map .n.failed .note, .map .n.service.down text.note {{ fill: var(--on-down); }}
.map .ring {{ fill: none; stroke: none; }}
.map .n.failed .ring, .map .head.failed .ring {{ stroke: var(--broken); stroke-width: 2.2; stroke-dasharray: 5 3; }}
.map .n:focus-visible .ring, .map .head:focus-visible .ring {{
  stroke: var(--accent); stroke-width: 2.6; stroke-dasharray: none;
}}
.mark-up {{ fill: var(--held); }}
.mark-degraded {{ fill: var(--unknown); }}
.mark-down {{ fill: none; stroke: var(--mark, var(--on-down)); stroke-width: 1.9; stroke-linecap: round; }}
.mark-failed {{ fill: var(--mark, var(--on-down)); }}
/* What is used by reference is styled where it stands, not by what is around it. */
.pill {{ stroke: var(--band); stroke-width: 1; }}
.pill.degraded {{ fill: var(--unknown); }} .pill.down {{ fill: var(--broken); }}
.pill.failed {{ fill: var(--failed); }}
text.pill-text {{ font: 700 {TEXT_PX}px {palette.FONT}; fill: var(--panel); }}
text.pill-text.failed {{ fill: var(--on-down); }}
.map .badge circle {{ fill: var(--accent); stroke: var(--band); }}
.map .n .badge text {{ font-size: {TEXT_PX}px; font-weight: 700; fill: var(--panel); }}
.map text.title {{ font-size: {TITLE_PX}px; font-weight: 650; }}
.map tspan.what {{ font-size: {WHAT_PX}px; font-weight: 400; fill: var(--muted); }}
.map text.story {{ font-size: {STORY_PX}px; fill: var(--muted); }}
.map text.story.bad {{ fill: var(--broken); font-weight: 600; }}
.map text.legend {{ font-size: {LEGEND_PX}px; fill: var(--muted); }}
.map .swatch {{ fill: var(--box); stroke: var(--box-line); }}
.map .swatch.degraded {{ fill: var(--unknown-soft); stroke: var(--degraded); }}
.map .swatch.down {{ fill: var(--down-box); stroke: var(--down-box); }}
.map .swatch.failed {{ fill: var(--failed); stroke: var(--broken); stroke-width: 2; stroke-dasharray: 4 2; }}
"""

# What an SVG file carries along; in a page the page's own sheet says the same.
SVG_STYLE = f"""
:root {{ color-scheme: light dark; {LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}
@media print {{ :root {{ {LIGHT} --ground: #ffffff; }} }}
{MAP_STYLE}"""
