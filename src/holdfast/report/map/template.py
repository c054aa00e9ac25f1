"""The page of the map, as Jinja2: every value is escaped on its way in, and nothing comes from elsewhere."""

from __future__ import annotations

from holdfast.report.parts import head

PAGE = (
    head("Dependency map · {{ institution }}")
    + """\
<body>
<svg width="0" height="0" aria-hidden="true" class="map defined">{{ definitions }}</svg>
<div class="room">
<header class="bar">
<h1>{{ institution }}<span>Dependency map</span></h1>
<div class="tools" id="tools" hidden>
<div class="search" role="search">
<input id="search" type="search" placeholder="Search  ( / )" autocomplete="off" spellcheck="false" role="combobox"
 aria-label="Search services, resources, groups and sites" aria-expanded="false" aria-controls="found">
<ul id="found" role="listbox" aria-label="Found" hidden></ul>
</div>
<select id="view" aria-label="What is shown">
{% for group, options in views %}
<optgroup label="{{ group }}">
{% for value, label, chosen in options %}
<option value="{{ value }}"{{ selected if chosen }}>{{ label }}</option>
{% endfor %}
</optgroup>
{% endfor %}
</select>
<span class="zoom" role="group" aria-label="Size">
<button type="button" id="smaller" aria-label="Smaller">−</button>
<button type="button" id="fit">Fit</button>
<button type="button" id="larger" aria-label="Larger">+</button>
</span>
<button type="button" id="details" aria-expanded="false" aria-controls="panel">Details</button>
<button type="button" id="reset">Reset</button>
</div>
</header>
<section class="status {{ worst }}" id="state" aria-label="What is failed">
<p class="told" id="told" role="status">{{ story }}</p>
<p class="moment" id="moment"{{ hidden if calm }}>{{ moment }}</p>
{{ legend }}
</section>
<main class="main" id="main">
<div class="stage" id="stage" tabindex="0" role="region" aria-label="Dependency map">
{{ map }}
</div>
<aside class="panel" id="panel" aria-label="Details">
<div id="first">
<h2>What breaks if this breaks?</h2>
<p>What stands higher needs what stands lower. A bar over several boxes is a redundancy group: so many of its members
must function. Broken lines lead to one of several that suffice.</p>
<p class="keys" id="keys" hidden>Click anything to fail it, and again to bring it back; a site's heading fails all that
stands there. <kbd>Tab</kbd> moves, <kbd>Enter</kbd> fails, <kbd>Esc</kbd> closes, then brings all back,
<kbd>/</kbd> searches, <kbd>+</kbd> <kbd>−</kbd> <kbd>0</kbd> change the size.</p>
<h3>Important business services</h3>
<ul id="services">
{% for row in services %}
<li data-n="{{ row.number }}">{{ row.mark }}<a href="#{{ row.id }}">{{ row.title }}</a>
<span class="by word {{ row.condition }}">{{ words[row.condition] }}</span></li>
{% endfor %}
</ul>
</div>
<div id="about" hidden></div>
</aside>
</main>
</div>
<section class="page" id="table" aria-label="What stands on what">
<h2>What stands on what</h2>
<p>{{ lead }}</p>
<table class="stack">
<thead><tr>
<th scope="col">Name</th><th scope="col">What, where, whose</th><th scope="col">State</th>
<th scope="col">Stands on</th><th scope="col">Stands on it</th><th scope="col">Alone it takes down</th>
</tr></thead>
<tbody>
{% for row in rows %}
<tr id="{{ row.id }}">
<td><b>{{ row.title }}</b>
{%- if row.name != row.title %}<br><span class="mono muted">{{ row.name }}</span>{% endif %}</td>
<td class="muted">{{ row.what }}{% for sentence in row.weak %}<br><small>{{ sentence }}</small>{% endfor %}</td>
<td><span class="word {{ row.condition }}">{{ words[row.condition] }}</span></td>
<td data-name="Stands on:">{{ row.below or '–' }}</td>
<td data-name="Stands on it:">{{ row.above or '–' }}</td>
<td{% if row.alone %} data-name="Alone it takes down:"{% endif %}>{{ row.alone }}</td>
</tr>
{% endfor %}
</tbody>
</table>
</section>
{% for value, picture in others %}
<template data-view="{{ value }}">{{ picture }}</template>
{% endfor %}
<script type="application/json" id="model">{{ model }}</script>
<script>{{ script }}</script>
</body>
</html>
"""
)
