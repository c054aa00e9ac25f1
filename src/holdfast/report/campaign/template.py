"""The page of a campaign, as Jinja2: every value is escaped on its way in, and nothing comes from elsewhere."""

from __future__ import annotations

from holdfast.report.parts import CARDS, MACROS, head

_MACROS = """\
{%- macro state(word, said='') -%}
<span class="verdict {{ word }}">{{ marks[word] }}{{ said or word }}</span>
{%- endmacro -%}
{%- macro entry(log, first, last='') -%}
<span class="notes">#{{ first }}{% if last != '' and last != first %}–{{ last }}{% endif %}
{%- if log != newest %} of {{ log }}{% endif %}</span>
{%- endmacro -%}
"""

_TOP = (
    head("Campaign: {{ badge[1]|lower }} · {{ c.model.institution }}")
    + """\
<body>
<header class="top"><div>
<b>{{ c.model.institution }}</b>
<span>Campaign of {{ exercises }}</span>
{% for each in classes %}<span class="tag">{{ each }}</span>{% endfor %}
<span class="end">as of {{ when }} UTC</span>
</div></header>
<main>

<section class="headline whole">
<h1>What the record shows</h1>
<div><span class="verdict badge {{ badge[0] }}">{{ marks[badge[0]] }}{{ badge[1] }}</span></div>
<p class="story">{{ story }}</p>
<p class="why">{{ success }} A campaign is as bad as the worst of it. Nothing is averaged over services.</p>
</section>

"""
    + CARDS
    + """\

{% if first %}
<section>
<h2>First of all</h2>
<p class="lead">Broken when last tried, unknown, overdue, or known to break.</p>
<ol class="first">
{% for service, line, word, mark, where in first %}
<li><span class="verdict {{ mark }}">{{ marks[mark] }}{{ word }}</span>
<span><b>{{ line.scenario }}</b>, {{ service }}: {{ line.why }}{{ '; overdue' if line.overdue and word != 'overdue' }}
<span class="muted small">{{ where }}</span></span></li>
{% endfor %}
</ol>
</section>
{% endif %}

<section>
<h2>Posture</h2>
<p class="lead">Each service by family of scenarios, as bad as the worst of them; below it how many were tried, and what
came of the last attempt of each class of evidence. Held in an exercise is not yet proven: seconds on a range, a table
and a simulation show no objective of hours.</p>
<div class="wide" tabindex="0" role="group" aria-label="Posture, scrolls sideways on a small screen">
<table class="matrix">
<thead><tr><th scope="col">Service</th>
{% for family in families %}<th scope="col">{{ family }}</th>{% endfor %}</tr></thead>
<tbody>
{% for service, row in matrix %}
<tr><td>{{ service }}</td>
{% for cell in row %}
{% if cell.lines %}
<td class="{{ cell.state }}{{ ' untried' if not cell.by_class }}">{{ state(cell.state) }}
<span class="class">{{ cell.lines|selectattr('last')|list|length }} of {{ cell.lines|length }} tried</span>
{% for each, counting in cell.by_class.items() %}
<span class="class">{{ each }}: {{ outcomes(counting) }}</span>
{% endfor %}
{% if cell.overdue %}<span class="flagged">overdue</span>{% endif %}
{% if cell.breaking_point %}<span class="flagged known">known to break</span>{% endif %}</td>
{% else %}
<td class="nothing">–</td>
{% endif %}
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% if left_out %}<p class="small muted">No scenario is declared of: {{ left_out }}.</p>{% endif %}
</section>
"""
)

_TIMES = """\
<section>
<h2>Recovery times</h2>
<p class="lead">Time in which clients were not served, of every exercise that counts. All on one scale, which is
logarithmic: each step up is many times the one below. The band reaches from the shortest to the longest, the line in
it is the median; no interval is drawn around so few. {{ scaled }}</p>
{% if panels %}
<div class="panels">
{% for series, picture, said in panels %}
<figure><figcaption><b>{{ series.title }}</b>{{ series.scenario }} · {{ series.service }}<br>
<span class="tag">{{ series.evidence_class }}</span> {{ said }}</figcaption>
{{ picture }}</figure>
{% endfor %}
</div>
<p class="legend">{% for shape, word in legend %}{{ swatch(shape, word) }}
{% endfor %}</p>
{% else %}
<p class="muted">No exercise that counts.</p>
{% endif %}
</section>

<section>
<h2>Outage by fault</h2>
<p class="lead">What clients saw of each fault that was shown to have taken effect, the longest first.</p>
<table class="stack">
{{ head('Fault', 'Service', 'Profile', 'Evidence class', 'Outage, median (range)', 'Not back',
'Acknowledged and lost') }}
<tbody>
{% for row in outages %}
<tr><td>{% for each in row.broke %}{{ each }}{% if not loop.last %}, then {% endif %}{% endfor %}</td>
<td data-name="Service:">{{ row.service }}</td><td data-name="Profile:">{{ row.profile or '–' }}</td>
<td data-name="Evidence:"><span class="nowrap">{{ row.evidence_class }}</span></td>
<td data-name="Outage:"><b>{{ spread(row.spread) }}</b></td>
<td data-name="Not back:">{{ row.away or 'none' }} of {{ row.runs|length }}</td>
<td data-name="Lost:">{% if row.lost %}<span class="overdue">{{ '{:,}'.format(row.lost) }}</span>
{%- elif row.lost_unknown < row.runs|length %}none{% endif %}
{%- if row.lost_unknown %} <span class="muted">not known of {{ row.lost_unknown }}</span>{% endif %}</td></tr>
{% else %}
<tr><td colspan="7" class="muted">No fault was shown to have taken effect.</td></tr>
{% endfor %}
</tbody>
</table>
</section>

<section>
<h2>Measures</h2>
<p class="lead">Of every service with each class of evidence; medians, with the range and how many.</p>
<table class="stack">
{{ head('Service', 'Evidence class', 'RTA', 'RTO', 'Noticed after', 'Unnoticed', 'Repaired in', 'Worst RPA',
'Days completed', 'Newest') }}
<tbody>
{% for row in measures %}
<tr><td><b>{{ row.service }}</b></td><td data-name="Evidence:"><span class="nowrap">{{ row.evidence_class }}</span></td>
<td data-name="RTA:">{{ spread(row.recovery) }}{% if row.away %}; {{ row.away }} not back{% endif %}</td>
<td data-name="RTO:" class="nowrap">{{ declared(row.rto_ms) }}</td>
<td data-name="Noticed after:">{{ spread(row.noticed) }}</td>
<td data-name="Unnoticed:">{{ row.undetected }} of {{ row.n }}</td>
<td data-name="Repaired in:">{{ spread(row.repaired) }}</td>
<td data-name="Worst RPA:">{{ '–' if row.worst_rpa_us is none else duration(row.worst_rpa_us) }}
{%- if row.rpa_known < row.n %} (known of {{ row.rpa_known }} of {{ row.n }}){% endif %}</td>
<td data-name="Days completed:">{{ '–' if not row.days else '%d of %d'|format(row.days_completed, row.days) }}</td>
<td data-name="Newest:" class="nowrap">{{ day(row.last_utc_us) }}</td></tr>
{% else %}
<tr><td colspan="10" class="muted">Nothing was measured.</td></tr>
{% endfor %}
</tbody>
</table>
</section>
"""

_WORK = """\
<section>
<h2>Gaps</h2>
<p class="lead">{{ gaps_lead }}</p>
<table class="stack">
{{ head('State', 'Severity', 'What', 'Last seen', 'Owner', 'Due', 'How it ends') }}
<tbody>
{% for row in gaps %}
<tr><td>{{ state(row.mark, row.word) }}</td>
<td data-name="Severity:"><span class="severity {{ row.weight }}">{{ row.severity }}</span></td>
<td><b>{{ row.about }}</b><br>{{ row.service }}<br><span class="muted small">{{ row.why }}</span></td>
<td data-name="Seen:">{{ row.seen }}<br><span class="tag">{{ row.evidence_class }}</span></td>
<td data-name="Owner:">{% if row.owner %}{{ row.owner }}{% elif row.ended %}–{% else %}
<span class="overdue">nobody</span>{% endif %}</td>
<td data-name="Due:" class="nowrap {{ row.word if row.word == 'overdue' }}">{{ '–' if row.ended else row.due }}</td>
<td>{{ row.ends }}</td></tr>
{% else %}
<tr><td colspan="7" class="muted">No exercise left anything open.</td></tr>
{% endfor %}
</tbody>
</table>
</section>

<section>
<h2>Test plan</h2>
<p class="lead">A test is due by the end of the period in which nothing that counts was tried yet. The success rate
counts the first attempt of each period; what is overdue counts as failed.</p>
<table class="stack">
{{ head('Service', 'Held of due', 'At least, with 95 %', 'Overdue', 'Retests', 'Invalid', 'In an older log') }}
<tbody>
{% for service, rate in rates %}
<tr><td><b>{{ service }}</b></td><td data-name="Held of due:">{{ rate.passed }} of {{ rate.due }}</td>
<td data-name="At least:">{% if rate.lower_ppm is none %}not due yet{% else %}{{ rate.lower_ppm // 10000 }} %
{%- endif %}</td>
<td data-name="Overdue:">{{ rate.overdue }}</td><td data-name="Retests:">{{ rate.retests }}</td>
<td data-name="Invalid:">{{ rate.invalid }}</td><td data-name="Older log:">{{ rate.elsewhere }}</td></tr>
{% else %}
<tr><td colspan="7" class="muted">The declaration has no test plan.</td></tr>
{% endfor %}
</tbody>
</table>
{% if plan %}
<table class="stack">
{{ head('Due', 'Test', 'Service', 'As', 'Every', 'Last attempt that counts', 'Evidence class') }}
<tbody>
{% for each in plan %}
<tr><td data-name="Due:" class="nowrap">{% if each.overdue_since_utc_us is none %}{{ day(each.due_utc_us) }}
{%- else %}<span class="overdue">since {{ day(each.overdue_since_utc_us) }}</span>{% endif %}</td>
<td>{{ each.test.scenario }}</td><td data-name="Service:">{{ each.test.service }}</td>
<td data-name="As:">{{ each.test.exercise_type }}</td><td data-name="Every:">{{ declared(each.test.every_ms) }}</td>
<td data-name="Last:">{% if each.last is none %}<span class="muted">never</span>{% else %}
<span class="{{ each.last.verdict }}">{{ each.last.verdict }}</span> {{ day(each.last.at_utc_us) }}
{{ entry(each.last.log, each.last.entry) }}{% endif %}</td>
<td data-name="Evidence:">{{ '–' if each.last is none else each.last.evidence_class }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endif %}
</section>

<section>
<h2>Coverage</h2>
<p class="lead">Something was exercised when a fault was shown to have taken effect on it, or a failover to have run.
Being there is not enough.</p>
<table class="stack">
{{ head('Sort', '', 'Exercised', 'Stale', 'Never', 'Of', 'Evidence classes') }}
<tbody>
{% for row in sorts %}
<tr><td><b>{{ row.sort }}</b></td><td class="share">{{ row.picture }}</td>
<td data-name="Exercised:">{{ row.exercised }}</td><td data-name="Stale:">{{ row.stale }}</td>
<td data-name="Never:">{{ row.never }}</td><td data-name="Of:">{{ row.of }}</td>
<td data-name="Evidence:">{{ row.classes or '–' }}</td></tr>
{% endfor %}
</tbody>
</table>
</section>
<div class="pair">
{% for title, found, nothing in (('What counts, and until when', counting, 'Nothing counts now.'),
('Never exercised, what matters most first', untried, 'Nothing is left.')) %}
<section>
<h3>{{ title }}</h3>
<ul class="plain">
{% for line in found[0] %}
<li><b>{{ line.name }}</b> <span class="muted small">{{ line.sort }}</span><br>{{ line.said }}</li>
{% else %}
<li class="muted">{{ nothing }}</li>
{% endfor %}
{% if found[1] %}<li class="muted">and {{ '{:,}'.format(found[1]) }} more: holdfast coverage --all</li>{% endif %}
</ul>
</section>
{% endfor %}
</div>
"""

_BOTTOM = """\
<section>
<h2>Exercises</h2>
<p class="lead">Every one, newest first, with what was acknowledged and lost, settled twice, or never sent. Entries are
the numbers of the log.</p>
<table class="stack">
{{ head('When', 'Scenario', 'Verdict', 'Evidence class', 'RTA', 'Acknowledged', 'Lost', 'Duplicated', 'Phantom',
'Entries') }}
<tbody>
{% for run in runs %}
<tr><td class="nowrap">{{ minute(run.at_utc_us) }}</td>
<td><b>{{ run.scenario }}</b><br><span class="muted small">{{ run.service }}
{%- if run.profile %}, profile {{ run.profile }}{% endif %}
{%- if run.limits_mark %}, limits {{ run.limits_mark }}{% endif %}</span></td>
<td>{{ verdict(run.verdict) }}
{%- if run.verdict == 'held' and not run.as_expected %}<br><span class="muted small">not as expected</span>
{%- elif run.verdict != 'held' and run.as_expected %}<br><span class="muted small">as expected</span>{% endif %}</td>
<td data-name="Evidence:"><span class="nowrap">{{ run.evidence_class }}</span></td>
<td data-name="RTA:" class="nowrap">{{ rta(run) }}</td>
<td data-name="Acknowledged:">{{ counted(run.acknowledged) }}</td>
<td data-name="Lost:">{% if run.lost %}<span class="overdue">{{ counted(run.lost) }}</span>
<br><span class="small">{{ money(run.lost_cents or 0) }}</span>{% else %}{{ counted(run.lost) }}{% endif %}</td>
<td data-name="Duplicated:">{{ counted(run.duplicated) }}</td><td data-name="Phantom:">{{ counted(run.phantom) }}</td>
<td class="right">{{ entry(run.log, run.entry, run.last_entry) }}</td></tr>
{% else %}
<tr><td colspan="10" class="muted">None yet.</td></tr>
{% endfor %}
</tbody>
</table>
{% for said in c.refused %}<p class="small"><span class="overdue">Not judged:</span> {{ said }}</p>{% endfor %}
</section>

<section>
<h2>Evidence</h2>
<p class="lead">All of this was made from the declaration and the record alone, and can be made again anywhere.</p>
<dl>
<dt>As of</dt><dd class="mono">{{ moment }} UTC</dd>
<dt>Model digest</dt><dd class="mono">{{ c.model.digest }}</dd>
{% for log in c.logs %}
<dt>{{ 'Log' if log.origin == newest else 'Older log' }}</dt><dd class="mono">{{ log.origin }}</dd>
<dt>Entries read</dt><dd class="mono">{{ '{:,}'.format(log.entries) }}, root {{ log.root or 'not signed' }}</dd>
<dt>Trust</dt><dd>{{ log.trust }}</dd>
{% endfor %}
{% if c.unread %}<dt>Not read</dt><dd class="mono">{{ c.unread }}, which the oldest of these continues</dd>{% endif %}
<dt>Judged by</dt><dd class="mono">Holdfast {{ c.version }}</dd>
</dl>
</section>

</main>
<footer>
Made by Holdfast {{ c.version }}: the same declaration, record and moment give the same page, byte for byte.
</footer>
</body>
</html>
"""

PAGE = MACROS + _MACROS + _TOP + _TIMES + _WORK + _BOTTOM
