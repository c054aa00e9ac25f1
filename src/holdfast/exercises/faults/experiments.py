"""The fault that somebody else wrote: an experiment in Chaos Toolkit's format, its activities run out of process.

Its actions are the injection, the probes of its method show the effect, its rollbacks undo it, and its steady state
shows that it is undone. What lacks one of these is refused: it could not be shown, or not be undone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from holdfast.connectors import activities
from holdfast.connectors.activities import Surroundings
from holdfast.connectors.experiment import Activity, Experiment, parse, read_experiment, values
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import Inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, Seen, absent, range_of, request
from holdfast.model.vocabulary import Parameter, ParameterSchema

_FILE, _EXPERIMENT = "file", "experiment"


def _prepare(aim: Aim, inventory: Inventory) -> Prepared:
    try:
        experiment = read_experiment(Path(str(aim.parameters[_FILE])))
        around = _around(aim.target, inventory, experiment)
    except HoldfastError as problem:
        raise absent(aim, problem.message) from problem
    _refuse_what_proves_nothing(aim, experiment)
    try:
        unsteady = _missed(experiment.steady.probes, around)
        shown = _missed(_shows(experiment), around)
    except HoldfastError as problem:
        raise absent(aim, problem.message) from problem
    if unsteady:
        raise absent(aim, f"the experiment's steady state does not hold even now: {unsteady[0]}")
    if not shown:
        raise absent(aim, "every probe of its method is met before anything is done: they would show nothing")
    text = experiment.text()
    identity = {"title": experiment.title, "digest": hashlib.sha256(text.encode()).hexdigest()}
    if experiment.controls:
        identity["not run"] = f"{len(experiment.controls)} controls"
    return Prepared(request(inventory, "rollbacks", **{_EXPERIMENT: text}), identity)


def _refuse_what_proves_nothing(aim: Aim, experiment: Experiment) -> None:
    lacks = [
        what
        for what, has in (
            ("an action in its method", any(each.type == "action" for each in experiment.method)),
            ("a probe with a tolerance in its method, which would show the effect", bool(_shows(experiment))),
            ("rollbacks, which would undo it", bool(experiment.rollbacks)),
            ("probes of its steady state, which would show that it is undone", bool(experiment.steady.probes)),
        )
        if not has
    ]
    if lacks:
        raise absent(aim, f"the experiment lacks {'; '.join(lacks)}")


def _shows(experiment: Experiment) -> list[Activity]:
    return [each for each in experiment.method if each.type == "probe" and each.tolerance is not None]


def _act(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
    keeper.call({"op": "admit", "exercise": intended.exercise})
    experiment = parse(intended.undo[_EXPERIMENT])
    actions = [each for each in experiment.method if each.type == "action"]
    _all(actions, _around(intended.target, inventory, experiment))


def _roll_back(intended: FaultIntended) -> None:
    experiment = parse(intended.undo[_EXPERIMENT])
    _all(experiment.rollbacks, _around(intended.target, range_of(intended), experiment))


def _all(wanted: Iterable[Activity], around: Surroundings) -> None:
    """Run activities one after the other; HF312 for the first that did not do what it should."""
    for activity in wanted:
        output = activities.run(activity, around)
        if not output.ran or (activity.provider.type == "process" and output.status != 0):
            said = [text.strip() for text in output.texts.values() if text.strip()] or ["it said nothing"]
            message = f"{activity.name} ended with {output.status}: {said[-1].splitlines()[-1][:200]}"
            raise HoldfastError("HF312", message, remedy="run the activity by itself")


def _probe(intended: FaultIntended) -> Seen:
    return _met(intended, _shows(parse(intended.undo[_EXPERIMENT])), "shows the effect")


def _verify(intended: FaultIntended, _: Inventory) -> Seen:
    return _met(intended, parse(intended.undo[_EXPERIMENT]).steady.probes, "is steady again")


def _met(intended: FaultIntended, wanted: list[Activity], how: str) -> Seen:
    try:
        experiment = parse(intended.undo[_EXPERIMENT])
        missed = _missed(wanted, _around(intended.target, range_of(intended), experiment))
    except HoldfastError as problem:
        return Seen(so=False, observed=problem.message)
    names = ", ".join(each.name for each in wanted)
    return Seen(not missed, f"not so: {', '.join(missed)}" if missed else f"{how}: {names}")


def _missed(wanted: list[Activity], around: Surroundings) -> list[str]:
    """Return the names of the probes whose tolerance is not met."""
    return [each.name for each in wanted if not activities.tolerated(each, activities.run(each, around))]


def _around(target: str, inventory: Inventory, experiment: Experiment) -> Surroundings:
    state = inventory.processes.get(target)
    host = inventory.hosts.get(state.host if state else target)
    if host is None or not host.powered:
        message = f"{target} is on no host that has power"
        raise HoldfastError("HF401", message, remedy="let the range become whole again")
    secrets: Mapping[str, Mapping[str, str]] = {name: values(given) for name, given in experiment.secrets.items()}
    return Surroundings(target, host.pid, inventory.dir, values(experiment.configuration), secrets)


FAULTS: Mapping[str, FaultKind] = {
    "chaostoolkit.experiment": FaultKind(
        schema=ParameterSchema(
            frozenset({"application", "database", "host"}),
            {
                _FILE: Parameter(
                    "text", required=True, meaning="The experiment, JSON or YAML, from where the drill is started."
                )
            },
        ),
        does="the actions of an experiment in Chaos Toolkit's format are run against {target}, out of process",
        shown_by="the probes of its method are all within their tolerances, which they were not before",
        undone_by="its rollbacks are run, in their order, until its steady state holds again",
        prepare=_prepare,
        inject=_act,
        probe=_probe,
        verify=_verify,
        undo=_roll_back,
        reaches_out=True,
    ),
}
"""The fault that any of Chaos Toolkit's activities can be."""
