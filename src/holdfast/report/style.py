"""The report's style sheet: light and dark by preference, a print sheet, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import hashlib

from holdfast.report.palette import DARK, FONT, LIGHT

_LIGHT = f"""{LIGHT}
  --area: #9db9e6; --area-line: #3f6fbe; --offered: #65758a; --outage: rgba(211, 58, 48, .13); --fault: #5b6675;
"""
_DARK = f"""{DARK}
  --area: #2b4a7d; --area-line: #6ea3f5; --offered: #93a1b1; --outage: rgba(229, 86, 75, .18); --fault: #7b8796;
"""

STYLE = f"""
:root {{ color-scheme: light dark; {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
* {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }}
body {{
  margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.5 {FONT};
}}
header.top {{ background: var(--panel); border-bottom: 1px solid var(--line); }}
header.top > div, main, footer {{ max-width: 1200px; margin: 0 auto; padding: 0 24px; }}
header.top > div {{ display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; padding-block: 12px; }}
header.top b {{ font-size: 16px; letter-spacing: .01em; }}
header.top span {{ color: var(--muted); font-size: 13px; }}
header.top span.end {{ margin-left: auto; }}
main {{ padding-block: 26px 10px; }}
h1 {{ font-size: 15px; font-weight: 600; color: var(--muted); margin: 0 0 8px; }}
h2 {{ font-size: 17px; font-weight: 650; margin: 0 0 4px; }}
h2 + p.lead {{ margin: 0 0 14px; color: var(--muted); }}
p {{ margin: 0 0 10px; max-width: 104ch; }}
a {{ color: var(--accent); text-decoration: none; }}
a:hover {{ text-decoration: underline; }}
a:focus-visible, .wide:focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }}
section {{
  background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 20px 22px; margin: 0 0 16px;
  overflow-x: auto;
}}
.headline {{ display: grid; grid-template-columns: auto 1fr; gap: 6px 20px; padding: 24px 24px 22px; }}
.headline h1 {{ grid-column: 1 / -1; margin: 0; }}
.headline > div {{ grid-row: span 2; text-align: center; padding-top: 5px; }}
.headline p.story {{
  font-size: 21px; line-height: 1.42; font-weight: 500; margin: 0; max-width: 74ch; text-wrap: pretty;
}}
.headline p.why {{ color: var(--muted); margin: 4px 0 0; }}
.verdict {{ display: inline-flex; align-items: center; gap: 7px; white-space: nowrap; font-weight: 650; }}
.verdict svg {{ width: 15px; height: 15px; flex: none; }}
.verdict.badge {{ padding: 7px 14px 7px 11px; border-radius: 999px; font-size: 16px; }}
.verdict.badge svg {{ width: 18px; height: 18px; }}
.held {{ color: var(--held); }}
.broken {{ color: var(--broken); }}
.unknown, .invalid, .not-runnable {{ color: var(--unknown); }}
.badge.held {{ background: var(--held-soft); }} .badge.broken {{ background: var(--broken-soft); }}
.badge.unknown, .badge.invalid, .badge.not-runnable {{ background: var(--unknown-soft); }}
.cards {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 12px; margin: 0 0 16px; }}
.card {{ background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 13px 16px 12px; }}
.card .name {{ color: var(--muted); font-size: 13px; }}
.card .value {{ font-size: 27px; font-weight: 650; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }}
.card .of {{ color: var(--muted); font-size: 13px; }}
.wide {{ overflow-x: auto; margin: 0 -6px; padding: 0 6px; }}
.wide svg {{ display: block; width: 100%; min-width: 760px; height: auto; }}
table {{ border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }}
th {{
  text-align: left; font-weight: 600; font-size: 12.5px; color: var(--muted); padding: 6px 14px 6px 0;
  white-space: nowrap;
}}
td {{
  padding: 8px 14px 8px 0; border-top: 1px solid var(--line-soft); vertical-align: top; overflow-wrap: break-word;
}}
td:last-child, th:last-child {{ padding-right: 0; }}
td.time {{ white-space: nowrap; }}
td.right, th.right {{ text-align: right; }}
.mono {{
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: 12.5px;
  overflow-wrap: anywhere;
}}
.muted {{ color: var(--muted); }}
.small {{ font-size: 13px; }}
.nowrap {{ white-space: nowrap; }}
.tag {{
  display: inline-block; font-size: 12px; line-height: 1.5; color: var(--muted); border: 1px solid var(--line);
  border-radius: 4px; padding: 0 6px; white-space: nowrap;
}}
.notes {{ white-space: nowrap; font-size: 12px; }}
ul {{ margin: 0; padding: 0 0 0 18px; max-width: 88ch; }}
li {{ margin: 0 0 6px; }}
.pair {{ display: grid; grid-template-columns: 1fr 1fr; gap: 16px; }}
.pair section {{ min-width: 0; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 5px 18px; margin: 0; font-size: 14px; }}
dt {{ color: var(--muted); }} dd {{ margin: 0; min-width: 0; overflow-wrap: anywhere; }}
dl.absent {{
  margin-top: 12px; padding-top: 10px; border-top: 1px solid var(--line); color: var(--muted); font-size: 13px;
}}
.legend {{ display: flex; flex-wrap: wrap; gap: 4px 20px; color: var(--muted); font-size: 13px; margin: 10px 0 0; }}
.legend svg {{ width: 22px; height: 11px; vertical-align: -1px; margin-right: 6px; }}
footer {{ color: var(--muted); font-size: 13px; padding-block: 4px 40px; }}
svg text {{
  font: 11.5px {FONT}; fill: var(--text);
}}
svg text.axis {{ fill: var(--muted); font-size: 11px; }}
svg .halo {{ paint-order: stroke; stroke: var(--panel); stroke-width: 3px; }}
svg .strong {{ font-weight: 600; }}
svg .frame {{ stroke: var(--muted); stroke-width: 1; opacity: .7; }}
svg .grid {{ stroke: var(--line); stroke-width: 1; }}
svg .grid.calendar {{ stroke-dasharray: 2 4; }}
svg .acknowledged {{ fill: var(--area); stroke: var(--area-line); stroke-width: 1; stroke-linejoin: round; }}
svg .offered {{ fill: none; stroke: var(--offered); stroke-width: 1; stroke-dasharray: 3 2; opacity: .8; }}
svg .outage {{ fill: var(--outage); }}
svg text.outage-time {{ font-size: 22px; font-weight: 700; fill: var(--broken); }}
svg text.outage-word {{ font-size: 12.5px; font-weight: 600; fill: var(--broken); }}
svg .state.unobserved {{ fill: var(--line); }}
svg .state.available {{ fill: var(--good); }} svg .state.degraded {{ fill: var(--degraded); }}
svg .state.disrupted {{ fill: var(--down); }} svg .state.fault {{ fill: var(--fault); }}
svg text.on-fault {{ font-size: 10px; font-weight: 600; fill: var(--panel); }}
svg .stem {{ stroke: var(--muted); stroke-width: 1; opacity: .55; }}
svg .head {{ fill: var(--muted); }}
svg .stem.fault, svg .stem.outage {{ stroke: var(--broken); opacity: .9; }}
svg .head.fault, svg .head.outage {{ fill: var(--broken); }}
svg .stem.outage {{ stroke-width: 1.5; }}
svg .stem.alarm {{ stroke: var(--unknown); opacity: .9; }} svg .head.alarm {{ fill: var(--unknown); }}
svg .stem.restored {{ stroke: var(--held); opacity: .9; }} svg .head.restored {{ fill: var(--held); }}
svg .stem.day, svg .stem.objective {{ stroke: var(--accent); opacity: .8; }}
svg .head.day, svg .head.objective {{ fill: var(--accent); }}
svg .stem.deadline, svg .stem.limit {{ stroke: var(--broken); stroke-dasharray: 4 3; }}
svg .head.deadline, svg .head.limit {{ fill: var(--panel); stroke: var(--broken); stroke-width: 1.5; }}
svg .flag {{ font-weight: 600; paint-order: stroke; stroke: var(--panel); stroke-width: 3px; }}
svg text.flag.outage {{ font-size: 13px; font-weight: 700; fill: var(--broken); }}
.mark path, .mark circle, .mark rect {{
  fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round;
}}
@media (max-width: 860px) {{
  .pair {{ grid-template-columns: 1fr; gap: 0; }}
}}
@media (max-width: 640px) {{
  body {{ font-size: 14.5px; }}
  header.top > div, main, footer {{ padding-inline: 12px; }}
  header.top span.end {{ margin-left: 0; }}
  main {{ padding-block: 14px 6px; }}
  section {{ padding: 16px 14px; }}
  .headline {{ grid-template-columns: 1fr; padding: 16px 14px; }}
  .headline > div {{ justify-self: start; text-align: left; }}
  .headline p.story {{ font-size: 18px; }}
  .cards {{ grid-template-columns: 1fr 1fr; gap: 8px; }}
  .card {{ padding: 10px 12px; }}
  .card .value {{ font-size: 22px; }}
  table.stack thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
  table.stack, table.stack tbody, table.stack tr, table.stack td {{ display: block; }}
  table.stack tr {{ border-top: 1px solid var(--line); padding: 9px 0; }}
  table.stack td {{ border: 0; padding: 1px 0; text-align: left; white-space: normal; }}
  table.stack td[data-name]::before {{ content: attr(data-name) " "; color: var(--muted); font-size: 12.5px; }}
  dl {{ grid-template-columns: 1fr; gap: 0; }}
  dd {{ margin-bottom: 7px; }}
}}
@page {{ size: A4; margin: 14mm 12mm; }}
@media print {{
  :root {{ color-scheme: light; {_LIGHT} --ground: #ffffff; }}
  body {{ font-size: 10.5px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }}
  header.top > div, main, footer {{ max-width: none; padding-inline: 0; }}
  main {{ padding-block: 10px 0; }}
  section, .card {{ border-radius: 4px; padding: 10px 12px; margin-bottom: 9px; }}
  section {{ break-inside: auto; overflow: visible; }}
  section.whole, .card, tr, li {{ break-inside: avoid; }}
  h2 {{ font-size: 13px; break-after: avoid; }}
  h2 + p.lead {{ break-after: avoid; margin-bottom: 6px; }}
  .headline p.story {{ font-size: 15px; }}
  .cards {{ grid-template-columns: repeat(4, 1fr); gap: 8px; margin-bottom: 9px; }}
  .card .value {{ font-size: 18px; }}
  .card .name, .card .of, .small, table, footer {{ font-size: 10px; }}
  th {{ font-size: 9.5px; }}
  td {{ padding-block: 4px; }}
  .mono {{ font-size: 9px; }}
  .notes, .tag, .legend, dl.absent, dl {{ font-size: 9.5px; }}
  .verdict svg {{ width: 11px; height: 11px; }}
  .verdict.badge {{ font-size: 13px; padding: 4px 10px 4px 8px; }}
  svg text.axis {{ font-size: 13px; }}
  li {{ margin-bottom: 3px; }}
  .pair {{ grid-template-columns: 1fr 1fr; gap: 9px; }}
  .wide {{ overflow: visible; }}
  .wide svg {{ min-width: 0; }}
  a {{ color: inherit; }}
}}
"""

# The page allows itself this style sheet, by its digest, and nothing else at all.
STYLE_DIGEST = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
