"""The style sheet of pages on what people recorded: the report's own, and what only these need."""

from __future__ import annotations

import base64
import hashlib

from holdfast.report.style import STYLE as COMMON

STYLE = f"""{COMMON}
.badge.stage {{ background: var(--line-soft); color: var(--text); }}
td.answer {{ white-space: nowrap; font-weight: 600; }}
td.answer.yes {{ color: var(--broken); }} td.answer.no {{ color: var(--muted); }}
td.answer.unknown {{ color: var(--unknown); }}
tr.gone td {{ color: var(--muted); text-decoration: line-through; }}
tr.gone td.keep {{ text-decoration: none; }}
tr.turning td:first-child {{ box-shadow: inset 3px 0 0 var(--unknown); padding-left: 9px; }}
.said {{ font-size: 15.5px; line-height: 1.45; max-width: 88ch; }}
.late {{ color: var(--broken); font-weight: 600; }} .due {{ color: var(--unknown); font-weight: 600; }}
.done {{ color: var(--held); }}
ol.injects {{ list-style: none; margin: 0; padding: 0; }}
ol.injects > li {{ border-top: 1px solid var(--line-soft); padding: 13px 0 12px; display: grid;
  grid-template-columns: 62px 1fr 190px; gap: 4px 16px; margin: 0; }}
ol.injects > li > .clock {{ font-size: 19px; font-weight: 650; font-variant-numeric: tabular-nums; }}
ol.injects > li > .outcome {{ text-align: right; }}
ol.injects p {{ margin: 0 0 6px; }}
@media (max-width: 640px) {{
  ol.injects > li {{ grid-template-columns: 1fr; }}
  ol.injects > li > .outcome {{ text-align: left; }}
}}
"""

STYLE_DIGEST = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
