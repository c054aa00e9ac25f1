"""The page of one tabletop, as Jinja2: every value is escaped on its way in, and nothing comes from elsewhere."""

from __future__ import annotations

from holdfast.report.parts import CARDS, MACROS, head

PAGE = (
    MACROS
    + head("{{ title }} · {{ institution }}")
    + """\
<body>
<header class="top"><div>
<b>{{ institution }}</b>
<span>{{ kind }} {{ d.tabletop.id }}</span>
<span class="tag">{{ d.evidence_class }}</span>
<span class="end">{{ began }}, {{ zone }}</span>
</div></header>
<main>

<section class="headline whole">
<h1>{{ title }}</h1>
<div>{{ verdict(d.verdict, true) }}</div>
<p class="story">{{ story }}</p>
<p class="why">{{ why }}</p>
</section>

"""
    + CARDS
    + """\

<section class="whole">
<h2>The scenario's clock</h2>
<p class="lead">As discussed: nobody measured it. A bar is how long a decision took, from when its inject was told;
<i>due</i> is where its time ended.</p>
{{ wide('The clock of the scenario', timeline) }}
</section>

<section>
<h2>Injects, and what came of them</h2>
<ol class="injects">
{% for row in injects %}
<li><div class="clock">{{ row.clock }}</div>
<div><p><b>To {{ row.to }}.</b> {{ row.tell }} {{ notes(row.told) }}</p>
{% if row.expect %}<p class="muted">Expected of {{ row.by }} within {{ row.within }}: {{ row.expect }}
{%- if row.tests %}; tests {{ row.tests }}{% endif %}.</p>{% endif %}
{% for decision in row.decisions %}
<p><b>{{ decision.clock }}</b> {{ decision.text }} <span class="muted">{{ decision.by }}</span>
{{ notes(decision.entries) }}</p>
{% endfor %}
{% if row.why %}<p class="{{ 'late' if row.answer == 'broken' else 'due' }}">{{ row.why }}</p>{% endif %}</div>
<div class="outcome">{% if row.answer %}{{ verdict(row.answer, word=row.outcome) }}
{%- else %}<span class="muted small">{{ row.outcome }}</span>{% endif %}</div></li>
{% endfor %}
</ol>
</section>

<div class="pair">
<section>
<h2>Also decided</h2>
<ul>{% for row in others %}<li><b>{{ row.clock }}</b> {{ row.text }} <span class="muted">{{ row.by }}</span>
{{ notes(row.entries) }}</li>{% else %}<li class="muted">Nothing that nobody had put to them.</li>{% endfor %}</ul>
</section>
<section>
<h2>Who was there</h2>
<p>{{ attended or 'Nobody is on record.' }}</p>
{% if absent %}<p class="due">Not there, though the scenario speaks to them: {{ absent }}.</p>{% endif %}
</section>
</div>

<div class="pair">
<section>
<h2>Observers' notes</h2>
<ul>{% for row in observed %}<li><b>{{ row.clock }}</b> {{ row.text }} <span class="muted">{{ row.by }}</span>
{{ notes(row.entries) }}</li>{% else %}<li class="muted">None is on record.</li>{% endfor %}</ul>
</section>
<section>
<h2>Hot wash</h2>
<ul>{% for row in washed %}<li>{{ row.text }} <span class="muted">{{ row.by }}</span>
{{ notes(row.entries) }}</li>{% else %}<li class="muted">None is on record.</li>{% endfor %}</ul>
</section>
</div>

<section>
<h2>What is left open</h2>
<p class="lead">Every expected decision that was late, otherwise, or not made is a gap of the role that should have
taken it (holdfast gaps says until when it closes); below it, what those at the table agreed.</p>
<table class="stack">
{{ head('What', 'Who', 'Until', 'Entries') }}
<tbody>
{% for row in gaps %}
<tr><td><span class="late">{{ row.outcome }}:</span> {{ row.what }}</td><td data-name="Who:">{{ row.who }}</td>
<td data-name="Until:" class="muted">see the gaps</td><td class="right">{{ notes(row.entries) }}</td></tr>
{% endfor %}
{% for row in actions %}
<tr><td>{{ row.action }}</td><td data-name="Who:">{{ row.owner }}</td>
<td data-name="Until:" class="nowrap">{{ row.due }}</td><td class="right">{{ notes(row.entries) }}</td></tr>
{% endfor %}
{% if not gaps and not actions %}<tr><td colspan="4" class="muted">Nothing.</td></tr>{% endif %}
</tbody>
</table>
</section>

<section class="whole">
<h2>What this does not prove</h2>
<ul><li>That anything comes back, or how soon: nothing was broken, and every time above is what people said.</li>
<li>That those decide so on a bad night: they sat at a table and knew that they were watched.</li>
<li>That those who were not there know their part.</li></ul>
</section>

<section>
<h2>Evidence</h2>
<p class="lead">The judgement was made from these entries alone, and can be made again anywhere.</p>
<dl>
{%- for name, value in identity %}<dt>{{ name }}</dt><dd class="mono">{{ value }}</dd>{% endfor %}</dl>
<table class="stack">
{{ head('Entry', 'Recorded', 'What') }}
<tbody>
{% for row in record %}
<tr id="e{{ row.seq }}"><td class="nowrap">#{{ row.seq }}</td><td class="time">{{ row.at }}</td>
<td>{{ row.what }}</td></tr>
{% endfor %}
</tbody>
</table>
</section>

</main>
<footer>Made by Holdfast {{ version }} from entries of log {{ d.tabletop.log }} alone: the same entries give the same
page.</footer>
</body>
</html>
"""
)
