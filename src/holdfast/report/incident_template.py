"""The page of one incident, as Jinja2: every value is escaped on its way in, and nothing comes from elsewhere."""

from __future__ import annotations

from holdfast.report.parts import CARDS, MACROS, head

PAGE = (
    MACROS
    + head("{{ title }} · {{ institution }}")
    + """\
<body>
<header class="top"><div>
<b>{{ institution }}</b>
<span>Incident {{ i.incident.id }}</span>
<span class="tag">recorded by hand</span>
<span class="end">as of {{ now }}, {{ zone }}</span>
</div></header>
<main>

<section class="headline whole">
<h1>{{ title }}</h1>
<div><span class="verdict badge {{ 'broken' if i.is_major else 'unknown' if open else 'stage' }}">{{ badge }}</span><br>
<span class="muted small">{{ i.incident.stage }}</span></div>
<p class="story">{{ story }}</p>
<p class="why">{{ classified }}</p>
</section>

"""
    + CARDS
    + """\

<section class="whole">
<h2>What happened</h2>
<p class="lead">By people's clocks, in {{ zone }}. A
limit of a service stands on its strip, counted from its own disruption.</p>
{{ wide('Timeline', timeline) }}
</section>

<section>
<h2>Services against their limits</h2>
<table class="stack">
{{ head('Service', 'State', 'Disrupted', 'Minimum service', 'Full service', 'Against its limits', 'Entries') }}
<tbody>
{% for row in services %}
<tr>
<td><b>{{ row.name }}</b></td><td data-name="State:" class="{{ row.tone }}">{{ row.state }}</td>
<td data-name="Disrupted:" class="time">{{ row.disrupted }}</td>
<td data-name="Minimum service:" class="time">{{ row.minimum }}</td>
<td data-name="Full service:" class="time">{{ row.full }}</td>
<td data-name="Limits:">{{ row.limits }}</td><td class="right">{{ notes(row.entries) }}</td>
</tr>
{% else %}
<tr><td colspan="7" class="muted">Nobody recorded that a service was disrupted.</td></tr>
{% endfor %}
</tbody>
</table>
</section>

<section>
<h2>Clocks</h2>
<p class="lead">Each says between which instants it ran. They
 are as exact as the clocks of those who told the times.</p>
<table class="stack">
{{ head('Clock', 'From → to', 'Measured', 'Entries') }}
<tbody>
{% for row in clocks %}
<tr><td>{{ row.name }}</td><td data-name="From → to:" class="muted">{{ row.formula }}</td>
<td data-name="Measured:"><b>{{ row.value }}</b>
{%- if row.note %} <span class="muted small">{{ row.note }}</span>{% endif %}</td>
<td class="right">{{ notes(row.entries) }}</td></tr>
{% endfor %}
</tbody>
</table>
{% for oddity in i.oddities %}<p class="small late">{{ oddity }}</p>{% endfor %}
</section>

<div class="pair">
<section>
<h2>Decisions</h2>
<table>
<tbody>
{% for row in decisions %}
<tr><td class="time">{{ row.at }}</td><td class="{{ row.tone }}">{{ row.what }}</td>
<td class="right">{{ notes(row.entries) }}</td></tr>
{% else %}
<tr><td class="muted">None is on record.</td></tr>
{% endfor %}
</tbody>
</table>
</section>
<section>
<h2>Reports to the authority</h2>
{% if reports %}
<table>
<tbody>
{% for row in reports %}
<tr><td><b>{{ row.name }}</b><br><span class="muted small">{{ row.clause }}, {{ row.counted }}</span>
{%- if row.note %}<br><span class="small">{{ row.note }}</span>{% endif %}</td>
<td class="{{ row.tone }}">{{ row.standing }}
{%- if row.at %}<br><span class="nowrap">{{ row.at }}</span>{% endif %}</td>
<td class="right">{{ notes(row.entries) }}</td></tr>
{% endfor %}
</tbody>
</table>
<p class="small muted">Delegated Regulation (EU) 2025/301, article 5. Hours are counted from instant to instant.</p>
{% else %}
<p class="muted">The model does not name DORA among its regimes.</p>
{% endif %}
</section>
</div>

<section>
<h2>Classification</h2>
<p class="lead">Delegated Regulation (EU) 2024/1772, articles 8 and 9. What nobody answered is unknown, never no.
{%- if turning %} A bar at the left marks what could still turn the result.{% endif %}</p>
{% for contradiction in i.classification.contradictions %}<p class="late">{{ contradiction }}.</p>{% endfor %}
<table class="stack">
{{ head('Question', 'Clause', 'Limit', 'Answer', 'Met', 'Source', 'Entry') }}
<tbody>
{% for row in answers %}
<tr{% if row.turning %} class="turning"{% endif %}><td>{{ row.asks }}</td>
<td data-name="Clause:" class="nowrap">{{ row.clause }}</td>
<td data-name="Limit:" class="nowrap muted">{{ row.limit }}</td><td data-name="Answer:">{{ row.shown }}</td>
<td data-name="Met:" class="answer {{ row.met }}">{{ row.met }}</td>
<td data-name="Source:" class="muted">{{ row.source }}</td>
<td class="right">{{ notes(row.entries) }}</td></tr>
{% endfor %}
</tbody>
</table>
</section>

<section>
<h2>The rule, step by step</h2>
<table class="stack">
{{ head('Clause', 'Says', 'From', 'Gives') }}
<tbody>
{% for step in i.classification.steps %}
<tr><td class="nowrap"><b>{{ step.clause }}</b></td><td>{{ step.says }}</td>
<td data-name="From:" class="muted small">
{%- for name, truth in step.inputs %}{{ name }}: {{ truth }}{% if not loop.last %} · {% endif %}{% endfor %}</td>
<td data-name="Gives:" class="answer {{ step.truth }}">{{ step.truth }}</td></tr>
{% endfor %}
</tbody>
</table>
</section>

{% if review %}
<section>
<h2>Review</h2>
<p class="said">{{ review.event.root_cause }} {{ notes((review.seq,)) }}</p>
<div class="pair">
<div><h2>Lessons</h2><ul>{% for lesson in review.event.lessons %}<li>{{ lesson }}</li>
{%- else %}<li class="muted">None is on record.</li>{% endfor %}</ul></div>
<div><h2>Actions</h2><ul>
{%- for row in actions %}<li>{{ row.action }} <span class="muted">{{ row.owner }}, by {{ row.due }}</span>
{{ notes(row.entries) }}</li>{% else %}<li class="muted">None is on record.</li>{% endfor %}</ul></div>
</div>
</section>
{% endif %}

<section>
<h2>The record</h2>
<p class="lead">Every entry, as it was said: when it occurred by people's clocks, and when it was recorded.
What was corrected is struck through and stays.</p>
<table class="stack">
{{ head('Entry', 'Occurred', 'Recorded', 'What', 'By', 'Source') }}
<tbody>
{% for row in record %}
<tr id="e{{ row.seq }}"{% if row.gone %} class="gone"{% endif %}>
<td class="nowrap keep">#{{ row.seq }}</td><td data-name="Occurred:" class="time">{{ row.occurred }}</td>
<td data-name="Recorded:" class="time muted">{{ row.recorded }}</td><td>{{ row.what }}</td>
<td data-name="By:">{{ row.by }}</td><td data-name="Source:" class="muted">{{ row.source }}</td></tr>
{% endfor %}
</tbody>
</table>
<dl class="absent">
{%- for name, value in identity %}<dt>{{ name }}</dt><dd class="mono">{{ value }}</dd>{% endfor %}</dl>
</section>

</main>
<footer>Made by Holdfast {{ version }} from entries of log {{ i.incident.log }} alone:
the same entries and the same moment give the same page.</footer>
</body>
</html>
"""
)
