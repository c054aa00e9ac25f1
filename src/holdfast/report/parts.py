"""What the pages say again and again, as Jinja2: the head, the cards, footnotes, verdicts, the heads of tables."""

from __future__ import annotations

MACROS = """\
{%- macro notes(seqs) -%}
{%- if seqs -%}<span class="notes">
{%- for first, last in seqs|ranges %}{% if not loop.first %}, {% endif -%}
<a href="#e{{ first }}">#{{ first }}{% if last != first %}–{{ last }}{% endif %}</a>
{%- endfor %}</span>{% endif -%}
{%- endmacro -%}
{%- macro verdict(answer, badge=false, word='') -%}
<span class="verdict {{ answer }}{{ ' badge' if badge }}">{{ marks[answer] }}{{ word or words[answer] }}</span>
{%- endmacro -%}
{%- macro head() -%}
<thead><tr>{% for name in varargs %}<th scope="col"{{ right if name in ('Entry', 'Entries', 'Bytes') }}>{{ name }}</th>
{%- endfor %}</tr></thead>
{%- endmacro -%}
{%- macro swatch(shape, word) -%}
<span><svg viewBox="0 0 22 11" aria-hidden="true">{{ shape }}</svg>{{ word }}</span>
{%- endmacro -%}
{%- macro wide(label, picture) -%}
<div class="wide" tabindex="0" role="group" aria-label="{{ label }}, scrolls sideways on a small screen">
{{ picture }}
</div>
{%- endmacro -%}
"""
"""They take ``right``, ``marks`` and ``words`` from the page."""

CARDS = """\
<div class="cards">
{% for card in cards %}
<div class="card">
<div class="name">{{ card.name }}</div><div class="value">{{ card.value }}</div><div class="of">{{ card.of }}</div>
</div>
{% endfor %}
</div>
"""
"""The figures that a reader looks for first."""


def head(title: str) -> str:
    """Return a page up to its body; ``title`` is Jinja2, too."""
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{{{ policy }}}}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{{{{ style }}}}</style>
</head>
"""
