"""Reading a declaration from disk: a directory of YAML files, or one file. The model itself never touches a disk."""

from __future__ import annotations

from pathlib import Path, PurePath

from holdfast.errors import EnvironmentProblem, UsageError
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.documents import MAX_FILE_BYTES
from holdfast.model.findings import Finding
from holdfast.model.loader import load, root_of
from holdfast.model.types import Model

_SUFFIXES = frozenset({".yaml", ".yml"})
_USUAL = (Path("declaration"), Path("examples/meridian"))


def named_or_usual(path: Path | None) -> Path:
    """Return the declaration that was named, or else the first that is where declarations usually are.

    Raises ``UsageError`` HF910 when none was named and there is none.
    """
    for usual in _USUAL if path is None else ():
        if usual.exists():
            return usual
    if path is None:
        message = "no declaration was named, and there is none in declaration"
        remedy = (
            "Name a directory of YAML files. holdfast init DIR writes one to begin with; holdfast import brings one."
        )
        raise UsageError("HF910", message, remedy=remedy)
    return path


def read_files(path: Path) -> tuple[dict[str, bytes], str]:
    """Return the bytes of each file by its name, and the name of the one that names the institution.

    Of a directory, the YAML files directly in it are read; folders below it belong to others. Not more of a file is
    read than shows that it is too long. Raises ``UsageError`` HF910 when there is nothing to read at ``path``, and
    ``EnvironmentProblem`` HF911 when it cannot be read.
    """
    try:
        if path.is_file():
            found = [path]
        elif path.is_dir():
            found = sorted(entry for entry in path.iterdir() if is_declaration(entry))
        else:
            got = "neither" if path.exists() else "nothing there"
            message = f"expected a directory or a file at {path}, got {got}"
            raise UsageError("HF910", message, remedy="Name a directory of YAML files, or one file.")
        files = {entry.name: _read(entry) for entry in found if _is_file(entry)}
    except OSError as error:
        message = f"{error.filename or path} cannot be read: {error.strerror or error}"
        raise EnvironmentProblem("HF911", message, remedy="Make it readable for this account.") from error
    if not files:
        message = f"expected YAML files in {path}, got none"
        raise UsageError("HF910", message, remedy="Name the directory with the *.yaml files of the declaration.")
    return files, root_of(files)


def is_declaration(path: PurePath) -> bool:
    """Return whether a file of this name, directly in a directory, is read as part of its declaration."""
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")


def _is_file(path: Path) -> bool:
    """Return whether there is a file to read, ``False`` for a folder, which belongs to others.

    Raises ``EnvironmentProblem`` HF911 for a link that leads nowhere, or a pipe: a model from which a file is missing
    in silence would look better than it is.
    """
    if path.is_file() or path.is_dir():
        return path.is_file()
    message = f"{path} cannot be read: it is no file, or a link that leads to none"
    raise EnvironmentProblem("HF911", message, remedy="Put the file there, or remove the entry.")


def _read(path: Path) -> bytes:
    """Return the bytes of a file, up to one more than the limit."""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def read_model(path: Path) -> tuple[Model | None, tuple[Finding, ...]]:
    """Return the model that is declared at ``path``, ``None`` if it has errors, and all findings."""
    files, root = read_files(path)
    return load(files, root, vocabulary())


def usable_model(path: Path) -> Model:
    """Return the model that is declared at ``path``; raises ``UsageError`` HF912 when it has errors."""
    model, findings = read_model(path)
    if model is None:
        errors = [finding for finding in findings if finding.severity == "error"]
        message = f"the model in {path} has {len(errors)} error{'s' * (len(errors) != 1)}, the first: {errors[0]}"
        raise UsageError("HF912", message, remedy=f"See all of them with: holdfast check {path}")
    return model
