"""The style sheet of the map's page: a frame around the map for every size of screen, and for paper."""

from __future__ import annotations

from holdfast.report.map.style import DARK, LIGHT, MAP_STYLE
from holdfast.report.palette import FONT

PAGE_STYLE = f"""
:root {{ color-scheme: light dark; {LIGHT} --below: var(--accent); --above: #7a3fb0; }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} --above: #c99bff; }} }}
* {{ box-sizing: border-box; }}
[hidden] {{ display: none !important; }}
html {{ -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }}
body {{ margin: 0; background: var(--ground); color: var(--text); font: 14px/1.45 {FONT}; }}
.defined {{ position: absolute; }}
.room {{ display: grid; grid-template: auto auto minmax(0, 1fr) / minmax(0, 1fr); height: 100vh; height: 100dvh; }}
.bar {{
  display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; padding: 9px 16px; background: var(--panel);
  border-bottom: 1px solid var(--line);
}}
.bar h1 {{ font-size: 16px; font-weight: 650; margin: 0; }}
.bar h1 span {{ color: var(--muted); font-weight: 400; font-size: 13px; margin-left: 8px; }}
.bar .tools {{ display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-left: auto; }}
button, select, input {{
  font: inherit; font-size: 13px; color: var(--text); background: var(--box); border: 1px solid var(--box-line);
  border-radius: 6px; padding: 5px 10px; min-height: 31px;
}}
button {{ cursor: pointer; }}
button:hover, select:hover {{ border-color: var(--muted); }}
button:focus-visible, select:focus-visible, input:focus-visible, .stage:focus-visible, .page a:focus-visible {{
  outline: 2px solid var(--accent); outline-offset: 1px;
}}
button.danger {{ border-color: var(--broken); color: var(--broken); font-weight: 600; }}
.zoom {{ display: inline-flex; }}
.zoom button {{ border-radius: 0; margin-left: -1px; min-width: 34px; }}
.zoom button:first-child {{ border-radius: 6px 0 0 6px; margin-left: 0; }}
.zoom button:last-child {{ border-radius: 0 6px 6px 0; }}
.search {{ position: relative; }}
.search input {{ width: 230px; }}
.search ul {{
  position: absolute; z-index: 5; left: 0; top: 100%; margin: 4px 0 0; padding: 4px; width: 340px; max-width: 92vw;
  list-style: none; background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  box-shadow: 0 8px 28px rgba(0, 0, 0, .22);
}}
.search li {{ padding: 5px 9px; border-radius: 5px; cursor: pointer; }}
.search li[aria-selected=true], .search li:hover {{ background: var(--accent-soft); }}
.search li small, .panel small {{ color: var(--muted); font-size: 12px; }}
.status {{
  display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: center; padding: 7px 16px; background: var(--panel);
  border-bottom: 1px solid var(--line); margin: 0;
}}
.status p {{ margin: 0; font-weight: 600; }}
.status.down p.told {{ color: var(--broken); }} .status.degraded p.told {{ color: var(--unknown); }}
.status p.moment[hidden] {{ display: block !important; visibility: hidden; }}
.status p.moment {{ color: var(--muted); font-weight: 400; font-size: 13px; }}
.status .legend {{ margin-left: auto; max-width: 100%; height: 20px; }}
.main {{ position: relative; display: grid; grid-template-columns: minmax(0, 1fr); min-height: 0; }}
.stage {{ overflow: auto; overscroll-behavior: contain; outline-offset: -2px; }}
.stage svg {{ display: block; margin: 0 auto; }}
.stage.held {{ cursor: grabbing; user-select: none; }}
.panel {{
  background: var(--panel); border-top: 1px solid var(--line); padding: 16px; overflow: auto;
  overscroll-behavior: contain;
}}
.panel h2 {{ font-size: 17px; line-height: 1.3; margin: 0 0 2px; overflow-wrap: anywhere; }}
.panel h3 {{ font-size: 12.5px; font-weight: 600; color: var(--muted); margin: 16px 0 4px; }}
.panel p {{ margin: 4px 0 8px; }}
.panel dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 8px 0; font-size: 13px; }}
.panel dt {{ color: var(--muted); }} .panel dd {{ margin: 0; overflow-wrap: anywhere; }}
.panel ul {{ list-style: none; margin: 0; padding: 0; }}
.panel li {{ display: flex; align-items: baseline; gap: 7px; padding: 2px 0; }}
.panel li > span.by:not(.word) {{ color: var(--muted); }}
.panel li > span.by {{ font-size: 12px; margin-left: auto; white-space: nowrap; }}
.panel a, .panel .go {{
  color: inherit; text-decoration: none; background: none; border: 0; padding: 0; min-height: 0; text-align: left;
  font-size: 13.5px; border-radius: 3px;
}}
.panel a:hover, .panel .go:hover {{ text-decoration: underline; }}
.panel .actions {{ display: flex; flex-wrap: wrap; gap: 8px; margin: 10px 0; }}
.panel .close {{ float: right; min-width: 31px; padding: 3px; }}
.keys {{ color: var(--muted); font-size: 13px; }}
kbd {{
  font: 11.5px ui-monospace, "SF Mono", Menlo, Consolas, monospace; border: 1px solid var(--line); border-radius: 4px;
  padding: 0 5px; background: var(--box);
}}
.dot {{ --mark: var(--broken); flex: none; width: 14px; height: 14px; overflow: visible; align-self: center; }}
.word {{ font-weight: 600; white-space: nowrap; }}
.word.up {{ color: var(--held); }} .word.degraded {{ color: var(--unknown); }}
.word.down, .word.failed {{ color: var(--broken); }}
.mono {{ font: 12.5px ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }}
.muted {{ color: var(--muted); }}
.page {{ padding: 24px 16px 40px; max-width: 1600px; margin: 0 auto; }}
.page h2 {{ font-size: 18px; margin: 0 0 2px; }}
.page p {{ color: var(--muted); margin: 0 0 14px; max-width: 100ch; }}
.page a {{ color: var(--accent); text-decoration: none; }} .page a:hover {{ text-decoration: underline; }}
table {{ border-collapse: collapse; width: 100%; font-size: 13px; }}
th {{ text-align: left; font-size: 12px; color: var(--muted); font-weight: 600; padding: 6px 14px 6px 0; }}
td {{ border-top: 1px solid var(--line-soft); padding: 6px 14px 6px 0; vertical-align: top; overflow-wrap: anywhere; }}
td:first-child {{ min-width: 190px; }}
tr:target td {{ background: var(--accent-soft); }}
svg .n, svg .l, svg .head {{ transition: opacity .12s; }}
svg .n.at .ring, svg .head.at .ring {{ stroke: var(--accent); stroke-width: 2.6; stroke-dasharray: none; }}
svg.failing:not(.tracing) .l:not(.down):not(.degraded) {{ opacity: .6; }}
@media screen {{
  svg.tracing .n:not(.lit), svg.tracing .head:not(.lit) {{ opacity: .36; }}
  svg.tracing .l:not(.lit) {{ opacity: .12; }}
  svg.tracing .l.lit {{ stroke-width: 2.2; }}
  svg.tracing .l.lit.below {{ stroke: var(--below); }} svg.tracing .l.lit.above {{ stroke: var(--above); }}
  svg.tracing .l.lit.down {{ stroke: var(--broken); stroke-width: 2.8; }}
  svg.tracing .l.lit.degraded {{ stroke: var(--degraded); }}
  svg.tracing .n.below.up .b {{ stroke: var(--below); }} svg.tracing .n.above.up .b {{ stroke: var(--above); }}
}}
html:not(.script) .room {{ height: auto; }}
html:not(.script) .stage {{ height: 82vh; }}
html:not(.script) .panel ul {{ columns: 3 300px; column-gap: 28px; }}
@media screen and (min-width: 901px) {{
  .script .panel {{
    position: absolute; inset: 0 0 0 auto; width: 350px; border: 0; border-left: 1px solid var(--line);
    box-shadow: -8px 0 28px rgba(0, 0, 0, .14);
  }}
}}
@media screen and (min-width: 1800px) {{
  .main {{ grid-template-columns: minmax(0, 1fr) 370px; }}
  .panel, .script .panel {{
    position: static; width: auto; box-shadow: none; border: 0; border-left: 1px solid var(--line);
  }}
  .script .panel .close {{ display: none; }}
}}
@media screen and (max-width: 900px) {{
  .room {{ height: auto; grid-template-rows: auto auto auto; }}
  .stage {{ height: 62vh; height: 62dvh; }}
  .bar .tools {{ margin-left: 0; width: 100%; }}
  .search, .search input {{ width: 100%; }}
  .bar select {{ flex: 1 1 160px; min-width: 0; }}
  .status .legend {{ display: none; }}
  td, th {{ padding-right: 8px; }}
  table.stack thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
  table.stack, table.stack tbody, table.stack tr, table.stack td {{ display: block; }}
  table.stack tr {{ border-top: 1px solid var(--line); padding: 8px 0; }}
  table.stack td {{ border: 0; padding: 1px 0; }}
  table.stack td[data-name]::before {{ content: attr(data-name) " "; color: var(--muted); font-size: 12px; }}
}}
@media (prefers-reduced-motion: reduce) {{ * {{ transition: none !important; }} }}
@page {{ size: A3 landscape; margin: 10mm; }}
@media print {{
  :root {{ color-scheme: light; {LIGHT} --ground: #ffffff; }}
  body {{ font-size: 10px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }}
  .room {{ display: block; height: auto; break-after: page; }}
  .bar, .status {{ padding: 0 0 4px; border: 0; }}
  .tools, .panel, .keys {{ display: none !important; }}
  .status .legend {{ display: block; }}
  .stage {{ overflow: visible; height: auto; }}
  .stage svg {{ width: 100%; height: auto; max-height: 252mm; }}
  .page {{ padding: 0; max-width: none; }}
  table, .mono, .page p {{ font-size: 8.5px; }} th {{ font-size: 8px; }} .status p.moment {{ font-size: 9px; }}
  td {{ padding-block: 3px; }} tr {{ break-inside: avoid; }}
  .page a {{ color: inherit; }}
}}
{MAP_STYLE}"""
