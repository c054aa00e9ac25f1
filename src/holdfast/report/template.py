"""The page of one exercise, as Jinja2: every value is escaped on its way in, and nothing comes from elsewhere."""

from __future__ import annotations

from holdfast.report.parts import CARDS, MACROS, head

_MACROS = """\
{%- macro unapproved(approval, what='') -%}
{%- if approval.mark %} <span class="tag">{{ what }}{{ approval.mark }}</span>{% endif -%}
{%- endmacro -%}
"""

OBSERVED = """\
<section>
<h2>The timeline</h2>
<p class="lead">{{ observed.timeline_lead }}</p>
<table class="stack">
{{ head('UTC', 'From T', 'Who', 'What', 'Said to be', 'By hand', 'Entries') }}
<tbody>
{% for line in observed.lines %}
<tr>
<td class="time">{{ line.utc }}</td>
<td data-name="From T:" class="time">{{ line.since }}</td>
<td data-name="Who:">{{ line.by }}</td>
<td>{{ line.what }}</td>
<td data-name="Said to be:">{{ line.milestone }}</td>
<td data-name="By hand:">{% if line.workaround %}<span class="tag">{{ line.workaround }}</span>{% endif %}</td>
<td class="right">{{ notes(line.evidence) }}</td>
</tr>
{% else %}
<tr><td colspan="7" class="muted">No timeline is among the records.</td></tr>
{% endfor %}
</tbody>
</table>
</section>

<section>
<h2>Where the records are from</h2>
<p class="lead">{{ observed.sources_lead }}</p>
<table class="stack">
{{ head('Record', 'File', 'Rows', 'Exported, UTC', 'Clock to UTC', 'SHA-256', 'Entries') }}
<tbody>
{% for source in observed.sources %}
<tr>
<td>{{ source.record }}</td>
<td data-name="File:" class="mono">{{ source.file }}</td>
<td data-name="Rows:" class="right">{{ source.rows }}</td>
<td data-name="Exported:">{{ source.exported }}<br><span class="muted small">{{ source.with_ }}</span></td>
<td data-name="Clock to UTC:" class="nowrap">{{ source.clock }}</td>
<td data-name="SHA-256:" class="mono nowrap">{{ source.digest }}…</td>
<td class="right">{{ notes(source.evidence) }}</td>
</tr>
{% endfor %}
</tbody>
</table>
{% if observed.lacking %}
<dl class="absent">{% for what, why in observed.lacking %}<dt>{{ what }}</dt><dd>{{ why }}</dd>{% endfor %}</dl>
{% endif %}
<p class="small muted">{{ observed.agreement }}</p>
{% if observed.contradictions %}
<ul>{% for each in observed.contradictions %}<li>{{ each.what }} {{ notes(each.evidence) }}</li>{% endfor %}</ul>
{% endif %}
</section>
"""
"""What stands in the place of what was broken, where nothing was injected from here."""

PAGE = (
    MACROS
    + _MACROS
    + head("{{ j.case.scenario.title }}: {{ words[j.verdict]|lower }} · {{ j.model.institution }}")
    + """\
<body>
<header class="top"><div>
<b>{{ j.model.institution }}</b>
<span>Exercise {{ j.exercise.id }}</span>
<span class="tag">{{ j.evidence_class }}</span>
<span class="end">{{ when }}</span>
</div></header>
<main>

<section class="headline whole">
<h1>{{ j.case.scenario.title }}</h1>
<div>{{ verdict(j.verdict, true) }}
{%- if j.as_expected and j.verdict != 'held' %}<br><span class="muted small">as expected</span>{% endif %}</div>
<p class="story">{{ story }}</p>
<p class="why">{{ why }}</p>
</section>

"""
    + CARDS
    + """\

<section class="whole">
<h2>What clients saw</h2>
<p class="lead">{{ chart_lead }}</p>
{% if timeline %}
{{ wide('Timeline', timeline) }}
<p class="legend">{% for shape, word in legend %}{{ swatch(shape, word) }}
{% endfor %}</p>
{% endif %}
</section>

{% if scale %}
<section class="whole">
<h2>The outage beside its limits</h2>
<p class="lead">{{ scale_lead }}</p>
{{ wide('Logarithmic scale', scale) }}
</section>
{% endif %}

<section>
<h2>Verdict</h2>
<p class="lead">{{ verdict_lead }}</p>
<table class="stack">
{{ head('Objective', 'Measured', 'Bound', 'Evidence class', 'Verdict', 'Expected') }}
<tbody>
{% for outcome in j.outcomes %}
<tr>
<td><a href="#c-{{ outcome.check }}">{{ outcome.objective }}</a></td>
<td data-name="Measured:">{{ outcome.measured }}</td>
<td data-name="Bound:">{{ outcome.bound }}
{%- if outcome.declared_bound %}{{ unapproved(j.limits_approval) }}{% endif %}</td>
<td data-name="Evidence:"><span class="nowrap">{{ j.evidence_class }}</span></td>
<td>{{ verdict(outcome.answer) }}</td>
<td data-name="Expected:" class="muted">{{ outcome.expected }}
{%- if not outcome.as_expected %}, <b>not as expected</b>
{%- elif outcome.expected == 'broken' %}, as expected{% endif %}</td>
</tr>
{% endfor %}
</tbody>
</table>
</section>

{% if observed %}
"""
    + OBSERVED
    + """\
{% else %}
<section>
<h2>What was broken</h2>
<p class="lead">{{ j.case.scenario.basis }}
{{- unapproved(j.scenario_approval, 'scenario ') }}</p>
<table class="stack">
{{ head('Fault', 'Target', 'Injected', 'Shown by', 'Undone', 'Entries') }}
<tbody>
{% for fault in faults %}
<tr>
<td>{{ fault.name }}{% if fault.parameters %}<br><span class="muted small">{{ fault.parameters }}</span>{% endif %}</td>
<td data-name="Target:">{{ fault.title }}<br><span class="mono muted">{{ fault.target }}</span></td>
<td data-name="Injected:" class="time">{{ fault.injected }}</td>
<td data-name="Shown by:">{{ fault.shown }}</td>
<td data-name="Undone:">{{ fault.undone }}</td>
<td class="right">{{ notes(fault.evidence) }}</td>
</tr>
{% else %}
<tr><td colspan="6" class="muted">Nothing was injected.</td></tr>
{% endfor %}
</tbody>
</table>
</section>
{% endif %}

<section>
<h2>Timestamps</h2>
<p class="lead">{{ stamps_lead }}</p>
<table class="stack">
{{ head('Instant', 'From T', 'UTC', 'Calendar', 'Read from', 'What', 'Entries') if calendar
else head('Instant', 'From T', 'UTC', 'Read from', 'What', 'Entries') }}
<tbody>
{% for stamp in stamps %}
<tr>
<td><b>{{ stamp.label }}</b></td>
<td data-name="From T:" class="time">{{ stamp.since }}</td>
<td data-name="UTC:" class="time">{{ stamp.utc }}</td>
{% if calendar %}
<td data-name="Calendar:" class="time">{{ stamp.calendar }}</td>
{% endif %}
<td data-name="Read from:">{{ stamp.source }}</td>
<td>{{ stamp.note }}</td>
<td class="right">{{ notes(stamp.evidence) }}</td>
</tr>
{% endfor %}
</tbody>
</table>
{% if absent %}
<dl class="absent">{% for stamp in absent %}<dt>{{ stamp.label }}</dt><dd>{{ stamp.note }}</dd>{% endfor %}</dl>
{% endif %}
</section>

<section>
<h2>Clocks</h2>
<p class="lead">Each says between which instants it ran. n is how many observations it rests on.</p>
<table class="stack">
{{ head('Clock', 'Measured', 'Bound', 'n', 'Interval', 'From → to', 'Entries') }}
<tbody>
{% for figure in j.clocks %}
<tr>
<td>{{ figure.label }}</td>
<td data-name="Measured:"><b>{{ figure.shown }}</b>
{%- if figure.note %}<br><span class="muted small">{{ figure.note }}</span>{% endif %}</td>
<td data-name="Bound:" class="nowrap">{{ figure.bound or '–' }}</td>
<td data-name="n:">{{ '{:,}'.format(figure.n) }}</td>
<td data-name="Interval:" class="muted">{% if figure.interval %}{{ figure.interval_shown }}{% else -%}
none: {{ figure.no_interval }}{% endif %}</td>
<td data-name="From → to:" class="muted">{{ figure.formula }}</td>
<td class="right">{{ notes(figure.footnotes) }}</td>
</tr>
{% endfor %}
</tbody>
</table>
<p class="small muted">Evidence class of every figure: {{ j.evidence_class }}.</p>
</section>

<section>
<h2>The checks in words</h2>
<table class="stack">
<tbody>
{% for outcome in j.outcomes %}
<tr id="c-{{ outcome.check }}">
<td>{{ verdict(outcome.answer) }}</td>
<td><b>{{ outcome.objective }}</b><br>{{ outcome.explanation }}</td>
<td class="right">{{ notes(outcome.evidence) }}</td>
</tr>
{% endfor %}
</tbody>
</table>
</section>

<div class="pair">
<section class="whole">
<h2>What was assumed</h2>
<ul>{% for sentence in j.assumptions %}<li>{{ sentence }}</li>{% endfor %}</ul>
</section>
<section class="whole">
<h2>What this does not prove</h2>
<ul>{% for sentence in j.unproven %}<li>{{ sentence }}</li>{% endfor %}</ul>
</section>
</div>

<section>
<h2>Evidence</h2>
<p class="lead">Every verdict above was made from these entries and files alone, and can be made again anywhere.</p>
<dl>
{% for name, value in identity %}<dt>{{ name }}</dt><dd class="mono">{{ value }}</dd>{% endfor %}
</dl>
</section>

<section>
<h2>Files committed by digest</h2>
<table class="stack">
{{ head('Name', 'Bytes', 'SHA-256', 'Entry') }}
<tbody>
{% for file in files %}
<tr>
<td class="mono">{{ file.name }}</td><td data-name="Bytes:" class="right">{{ file.size }}</td>
<td class="mono">{{ file.digest }}</td><td class="right">{{ notes((file.seq,)) }}</td>
</tr>
{% endfor %}
</tbody>
</table>
</section>

<section>
<h2>Entries</h2>
<table class="stack">
{{ head('Entry', 'Recorded, UTC', 'Kind', 'What it says') }}
<tbody>
{% for entry in entries %}
<tr id="e{{ entry.seq }}">
<td class="nowrap">#{{ entry.seq }}</td><td class="time">{{ entry.at }}</td>
<td class="mono nowrap">{{ entry.kind }}</td><td>{{ entry.what }}</td>
</tr>
{% endfor %}
</tbody>
</table>
</section>

</main>
<footer>
Made by Holdfast {{ j.judged_by_version }} from the log alone: the same entries give the same page, byte for byte.
</footer>
</body>
</html>
"""
)
