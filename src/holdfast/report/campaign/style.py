"""What the page of a campaign adds to the style sheet of reports."""

from __future__ import annotations

import base64
import hashlib

from holdfast.report.style import STYLE

CAMPAIGN_STYLE = (
    STYLE
    + """
.stale, .unproven { color: var(--unknown); } .closed { color: var(--held); } .nothing { color: var(--muted); }
.cards { grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); }
.wide .matrix { table-layout: fixed; min-width: 1030px; }
.matrix th, .matrix td { padding: 7px 9px; border-left: 1px solid var(--line-soft); }
.matrix th:first-child, .matrix td:first-child { border-left: 0; padding-left: 0; width: 17%; font-weight: 600; }
.matrix th { white-space: normal; vertical-align: bottom; text-transform: none; }
.matrix td.broken { background: var(--broken-soft); } .matrix td.held { background: var(--held-soft); }
.matrix td { font-size: 12.5px; line-height: 1.4; color: var(--text); }
.matrix td .verdict { font-size: 12.5px; gap: 5px; }
.matrix td .verdict svg { width: 12px; height: 12px; min-width: 0; display: inline; }
.matrix td .class { display: block; color: var(--muted); font-size: 11.5px; }
.flagged { font-weight: 650; color: var(--broken); display: block; font-size: 11.5px; }
.flagged.known { color: var(--unknown); }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(310px, 1fr)); gap: 14px 22px; }
.panels figure { margin: 0; min-width: 0; border-top: 1px solid var(--line-soft); padding-top: 10px; }
.panels figcaption { font-size: 13px; line-height: 1.4; margin: 0 0 4px; min-height: 5.6em; }
.panels figcaption b { display: block; font-size: 14px; }
svg.panel { display: block; width: 100%; height: auto; }
svg .band { fill: var(--area); opacity: .35; } svg .median { stroke: var(--area-line); stroke-width: 1.5; }
svg .dot { fill: var(--area-line); stroke: var(--panel); stroke-width: 1; }
svg .dot.broken { fill: var(--down); } svg .dot.unknown { fill: var(--degraded); }
svg .dot.open { fill: var(--panel); stroke: var(--area-line); stroke-width: 1.6; }
svg .dot.open.broken { stroke: var(--down); } svg .dot.open.unknown { stroke: var(--degraded); }
svg .gone { stroke: var(--muted); stroke-width: 1.6; fill: none; }
svg text.flag.objective { fill: var(--accent); font-size: 11px; }
.share { width: 220px; min-width: 120px; } .share svg { display: block; width: 100%; height: 10px; margin-top: 6px; }
svg .part.exercised { fill: var(--good); } svg .part.stale { fill: var(--degraded); }
svg .part.never { fill: var(--line); }
table + table { margin-top: 22px; }
.matrix td.untried .verdict { font-weight: 500; color: var(--muted); }
td.number, th.number { text-align: right; white-space: nowrap; }
.severity { font-weight: 650; } .severity.critical, .severity.high { color: var(--broken); }
.severity.medium { color: var(--unknown); } .severity.low { color: var(--muted); }
.overdue { color: var(--broken); font-weight: 650; }
ol.first { margin: 0; padding: 0; list-style: none; }
ol.first li { display: grid; grid-template-columns: 118px 1fr; gap: 4px 14px; padding: 7px 0; margin: 0; }
ol.first li { border-top: 1px solid var(--line-soft); }
ol.first li > * { min-width: 0; overflow-wrap: anywhere; }
ul.plain { list-style: none; padding: 0; max-width: none; } ul.plain li { margin: 0 0 8px; overflow-wrap: anywhere; }
ul.plain { font-size: 14px; line-height: 1.4; }
.pair h3 { font-size: 14px; margin: 0 0 8px; }
@media (max-width: 640px) {
  ol.first li { grid-template-columns: 1fr; }
  .panels { grid-template-columns: 1fr; } .panels figcaption { min-height: 0; }
  td.number { text-align: left; } .share { width: auto; }
}
@media print {
  .wide .matrix { min-width: 0; } .matrix th, .matrix td { padding: 3px 4px; }
  .matrix td, .matrix td .verdict { font-size: 8.5px; } .matrix td .class, .flagged { font-size: 8px; }
  .matrix td .verdict svg { width: 8px; height: 8px; }
  .panels { grid-template-columns: repeat(3, 1fr); gap: 8px 12px; } .panels figure { break-inside: avoid; }
  .panels figcaption { font-size: 9.5px; } .panels figcaption b { font-size: 10px; }
  .share { width: 120px; } .share svg { margin-top: 2px; }
  ul.plain { font-size: 9.5px; } ul.plain li { margin-bottom: 4px; } .pair h3 { font-size: 11px; }
  ol.first li { grid-template-columns: 90px 1fr; padding: 3px 0; }
}
"""
)

DIGEST = "sha256-" + base64.b64encode(hashlib.sha256(CAMPAIGN_STYLE.encode()).digest()).decode()
