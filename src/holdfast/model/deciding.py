"""Who decides a mode that a drill puts its service in: the role that the model names for it, or for the one it ends."""

from __future__ import annotations

from holdfast.model.types import ModeChange, Scenario, Service


def decided(scenario: Scenario, service: Service) -> tuple[tuple[ModeChange, str | None], ...]:
    """Return each change of mode with the role that decides it, ``None`` if the model names none.

    A mode that nobody has to decide, as the full one, is decided by whoever decided the mode that it ends.
    """
    roles = {mode.name: mode.decision for mode in service.modes}
    found: list[tuple[ModeChange, str | None]] = []
    by: str | None = None
    for change in scenario.set_mode:
        by = roles.get(change.mode) or by
        found.append((change, by))
    return tuple(found)
