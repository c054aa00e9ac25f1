"""``holdfast schema``: the JSON Schema of a declaration, for editors."""

from __future__ import annotations

import json

import typer


def schema() -> None:
    """Print the JSON Schema of a declaration, by which an editor completes and checks while you write.

    Keep it beside the model, as holdfast init does, and begin each YAML file with this line:

    `# yaml-language-server: $schema=holdfast.schema.json`
    """
    typer.echo(schema_text(), nl=False)


def schema_text() -> str:
    """Return the schema as it is printed, and kept in a file."""
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.model.schema import schema as made

    return json.dumps(made(vocabulary()), ensure_ascii=False, indent=2) + "\n"
