"""Faults of a line between two sites: down, late, lossy, slow. Shown by echo from inside, to the line's far end.

From a host at either site echo requests go to the address that the line has at the other site's router. That way leads
over this line and no other, whatever route the traffic of the sites takes meanwhile. It is measured before the
injection and after it; so are the other lines of both sites, which must stay as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.netns import Echo
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.echoes import BURST, FEW, Train, Trip, measure
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, Seen, absent, request
from holdfast.exercises.reach import ARROW, vantages
from holdfast.model.vocabulary import Parameter, ParameterSchema, Target

_HOST, _CONTROL = " (host)", "control "
_TOWARD = "toward"
_MILLION = 1_000_000
LEAST_SHARE_PPM = 5_000
LEAST_RATE_KBIT_S, MOST_RATE_KBIT_S = 256, 100_000
LOST_TO_SEE = 10
"""How many requests should be lost for a loss to be seen; half of them are enough, the dice are not ours."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found on the ways over the line that a fault is aimed at, and on those that it must not touch."""

    hit: Mapping[Trip, Echo]
    control: Mapping[Trip, Echo]


# -- measuring --


def _recorded(intended: FaultIntended, places: Mapping[str, Process] | None, train: Train) -> Measured:
    """Measure what was recorded, from the hosts as they were recorded or as they are now."""
    if places is None:
        hosts = {name: text for name, text in intended.identity.items() if name.endswith(_HOST)}
        places = {name.removesuffix(_HOST): Process.parse(text) for name, text in hosts.items()}
    hit = [Trip.parse(name) for name in intended.identity if ARROW in name and not name.startswith(_CONTROL)]
    control = [Trip.parse(name.removeprefix(_CONTROL)) for name in intended.identity if name.startswith(_CONTROL)]
    found = measure([*hit, *control], places, train)
    return Measured(*({way: found[way] for way in part if way in found} for part in (hit, control)))


# -- before the injection --


def _prepare(aim: Aim, inventory: Inventory, train: Train) -> tuple[Prepared, Measured]:
    """Measure both directions of the line and its neighbours, and record what each way was like."""
    line = inventory.links.get(aim.target)
    if line is None or line.addresses is None:
        raise absent(aim, "it is no line of which the range says where its ends are")
    towards = _listed(aim.parameters.get(_TOWARD)) or line.between
    if unknown := set(towards) - set(line.between):
        raise absent(aim, f"it does not lead to {', '.join(sorted(unknown))}")
    places = vantages(inventory)
    hit, control = [], []
    for site, far, address in zip(line.between, reversed(line.between), reversed(line.addresses), strict=True):
        source = next((host for host in inventory.hosts_of(site) if host in places), None)
        if source is None:
            continue
        # A request toward the far end crosses the line for certain; its answer may take another one.
        if far in towards:
            hit.append(Trip(source, address))
        control += [Trip(source, end) for end in _far_ends(inventory, site, beside=aim.target)]
    found = measure([*hit, *control], places, train)
    measured = Measured(
        {way: found[way] for way in hit if way in found and found[way].came_back},
        {way: found[way] for way in control if way in found and found[way].came_back},
    )
    if not measured.hit:
        raise absent(aim, "nothing comes back over it even now, so nothing could be shown to change")
    if not measured.control:
        raise absent(aim, "no other line of its sites answers: no control would show that the probe itself works")
    identity = {f"{name}{_HOST}": str(places[name]) for name in sorted({way.source for way in found})}
    identity |= {str(way): _written(echo) for way, echo in measured.hit.items()}
    identity |= {f"{_CONTROL}{way}": _written(echo) for way, echo in measured.control.items()}
    return Prepared(request(inventory, "restore", id=aim.id), identity), measured


def _far_ends(inventory: Inventory, site: str, *, beside: str) -> list[str]:
    """Return the far ends of a site's other lines."""
    lines = [line for name, line in inventory.links.items() if name != beside and site in line.between and line.up]
    return [line.addresses[1 - line.between.index(site)] for line in lines if line.addresses is not None]


def _written(echo: Echo) -> str:
    """Return what a way was like: its median round trip first, which the probe compares with."""
    return f"{echo.median_us} us, {echo.sent - echo.came_back} of {echo.sent} lost"


def _before_us(intended: FaultIntended, way: Trip, *, control: bool = False) -> int:
    return int(intended.identity[f"{_CONTROL if control else ''}{way}"].split()[0])


def _listed(value: object) -> tuple[str, ...]:
    """Return places as they are declared or as they are recorded."""
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, tuple | list) else ()
    return tuple(str(word).strip() for word in words if str(word).strip())


def _number(parameters: Mapping[str, object], name: str) -> int:
    return int(str(parameters.get(name, 0)))


def _impair(intended: FaultIntended, keeper: Hypervisor, **what: object) -> None:
    towards = _listed(intended.parameters.get(_TOWARD))
    one_way = {_TOWARD: towards[0]} if len(towards) == 1 else {}
    asked = {"op": "impair", "id": intended.undo["id"], "link": intended.target, **one_way, **what}
    keeper.call({**asked, "exercise": intended.exercise})


# -- down --


def _prepare_down(aim: Aim, inventory: Inventory) -> Prepared:
    return _prepare(aim, inventory, FEW)[0]


def _down(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    if _is_silent(intended):
        _impair(intended, keeper, loss_ppm=_MILLION)
    else:
        _impair(intended, keeper, down=True)


def _is_silent(intended: FaultIntended) -> bool:
    return intended.parameters.get("silent") == "True"


def _probe_down(intended: FaultIntended) -> Seen:
    found = _recorded(intended, None, FEW)
    still = [str(way) for way, echo in found.hit.items() if echo.came_back]
    if still or not found.hit:
        return Seen(so=False, observed=f"echo still comes back: {', '.join(still) or 'no way could be tried'}")
    told = sum(1 for echo in found.hit.values() if echo.no_way)
    if _is_silent(intended) and told:
        said = f"routers say so on {told} of {len(found.hit)} ways"
        return Seen(so=False, observed=f"nothing comes back over it, but it is not silent: {said}")
    kept = sum(1 for echo in found.control.values() if echo.came_back)
    # A router that knows a detour sends the request there, and whatever becomes of it there is not this line's.
    how = f"and routers say so on {told} of {len(found.hit)} ways" if told else "and no router says why"
    observed = f"no echo comes back over it {how}; {kept} of {len(found.control)} other lines answer"
    return Seen(kept > 0, observed)


def _verify_down(intended: FaultIntended, inventory: Inventory) -> Seen:
    found = _recorded(intended, vantages(inventory), FEW)
    closed = [str(way) for way, echo in found.hit.items() if not echo.came_back]
    if closed or not found.hit:
        return Seen(so=False, observed=f"nothing comes back: {', '.join(closed) or 'no way could be tried'}")
    return Seen(so=True, observed=f"echo comes back over it, tried from {len(found.hit)} sides")


# -- late --


def _prepare_delay(aim: Aim, inventory: Inventory) -> Prepared:
    if not _number(aim.parameters, "delay"):
        raise absent(aim, "a delay of nothing breaks nothing")
    return _prepare(aim, inventory, FEW)[0]


def _delay(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    late_us, jitter_us = (1000 * _number(intended.parameters, name) for name in ("delay", "jitter"))
    _impair(intended, keeper, delay_us=late_us, jitter_us=jitter_us)


def _late_train(intended: FaultIntended) -> Train:
    late_s = (_number(intended.parameters, "delay") + _number(intended.parameters, "jitter")) / 1000
    return replace(FEW, count=20, within_s=FEW.within_s + 2 * late_s)


def _probe_delay(intended: FaultIntended) -> Seen:
    """Compare medians: half of a delay added to each way of the line, and not to any other line, is its effect."""
    found, late_us = _recorded(intended, None, _late_train(intended)), 1000 * _number(intended.parameters, "delay")
    added = {way: echo.median_us - _before_us(intended, way) for way, echo in found.hit.items() if echo.came_back}
    if not added or min(added.values()) < late_us * 8 // 10:
        said = ", ".join(f"{way} {us / 1000:.1f} ms more" for way, us in added.items())
        return Seen(so=False, observed=f"round trips are not that late: {said or 'nothing comes back'}")
    kept = [
        way
        for way, echo in found.control.items()
        if echo.came_back and echo.median_us - _before_us(intended, way, control=True) < late_us // 2
    ]
    trips = ", ".join(
        f"{way} {echo.median_us / 1000:.1f} ms ({echo.low_us / 1000:.1f} to {echo.high_us / 1000:.1f}), "
        f"before {_before_us(intended, way) / 1000:.1f} ms"
        for way, echo in found.hit.items()
    )
    observed = f"round trips: {trips}; {len(kept)} of {len(found.control)} other lines are as fast as before"
    return Seen(bool(kept), observed)


def _verify_delay(intended: FaultIntended, inventory: Inventory) -> Seen:
    late_us = 1000 * _number(intended.parameters, "delay")
    found = _recorded(intended, vantages(inventory), _late_train(intended))
    late = [
        str(way)
        for way, echo in found.hit.items()
        if not echo.came_back or echo.median_us - _before_us(intended, way) > late_us // 2
    ]
    if late or not found.hit:
        return Seen(so=False, observed=f"still late: {', '.join(late) or 'no way could be tried'}")
    trips = ", ".join(f"{way} {echo.median_us / 1000:.1f} ms" for way, echo in found.hit.items())
    return Seen(so=True, observed=f"round trips are short again: {trips}")


# -- lossy --


def _prepare_loss(aim: Aim, inventory: Inventory) -> Prepared:
    share_ppm = _number(aim.parameters, "share")
    if share_ppm < LEAST_SHARE_PPM:
        least = LEAST_SHARE_PPM / _MILLION
        raise absent(aim, f"a loss below {least:.1%} could not be told from chance in a few seconds")
    prepared, measured = _prepare(aim, inventory, _loss_train(share_ppm))
    if lossy := [str(way) for way, echo in measured.hit.items() if echo.lost_ppm > share_ppm // 4]:
        raise absent(aim, f"it loses as much already: {', '.join(lossy)}")
    return prepared


def _loss_train(share_ppm: int) -> Train:
    return Train(max(100, LOST_TO_SEE * _MILLION // share_ppm), every_s=0.001)


def _loss(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    _impair(intended, keeper, loss_ppm=_number(intended.parameters, "share"))


def _probe_loss(intended: FaultIntended) -> Seen:
    share_ppm = _number(intended.parameters, "share")
    found = _recorded(intended, None, _loss_train(share_ppm))
    lost = ", ".join(f"{way} {echo.sent - echo.came_back} of {echo.sent}" for way, echo in found.hit.items())
    if not found.hit or min(echo.lost_ppm for echo in found.hit.values()) < share_ppm // 2:
        return Seen(so=False, observed=f"not that many are lost: {lost or 'no way could be tried'}")
    kept = sum(1 for echo in found.control.values() if echo.lost_ppm < share_ppm // 4)
    return Seen(kept > 0, f"lost: {lost}; {kept} of {len(found.control)} other lines lose nothing like it")


def _verify_loss(intended: FaultIntended, inventory: Inventory) -> Seen:
    share_ppm = _number(intended.parameters, "share")
    found = _recorded(intended, vantages(inventory), _loss_train(share_ppm))
    lost = ", ".join(f"{way} {echo.sent - echo.came_back} of {echo.sent}" for way, echo in found.hit.items())
    if not found.hit or max(echo.lost_ppm for echo in found.hit.values()) > share_ppm // 4:
        return Seen(so=False, observed=f"still lost: {lost or 'no way could be tried'}")
    return Seen(so=True, observed=f"what is sent arrives again: lost {lost}")


# -- slow --


def _prepare_rate(aim: Aim, inventory: Inventory) -> Prepared:
    rate = _number(aim.parameters, "kbit_per_s")
    if not LEAST_RATE_KBIT_S <= rate <= MOST_RATE_KBIT_S:
        raise absent(
            aim, f"a rate from {LEAST_RATE_KBIT_S:,} to {MOST_RATE_KBIT_S:,} kbit/s can be shown, not {rate:,}"
        )
    prepared, measured = _prepare(aim, inventory, BURST)
    if slow := [str(way) for way, echo in measured.hit.items() if (echo.rate_kbit_s or 0) < 2 * rate]:
        raise absent(aim, f"it is hardly faster already: {', '.join(slow)}")
    return prepared


def _rate(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    _impair(intended, keeper, rate_kbit_s=_number(intended.parameters, "kbit_per_s"))


def _probe_rate(intended: FaultIntended) -> Seen:
    """Compare the pace at which a burst comes out at the far end: packets leave a slow line one after the other."""
    rate = _number(intended.parameters, "kbit_per_s")
    found = _recorded(intended, None, BURST)
    paces = ", ".join(f"{way} {echo.rate_kbit_s or 0:,} kbit/s" for way, echo in found.hit.items())
    if not found.hit or not all(0 < (echo.rate_kbit_s or 0) <= rate * 13 // 10 for echo in found.hit.values()):
        return Seen(so=False, observed=f"not that slow: {paces or 'no way could be tried'}")
    kept = sum(1 for echo in found.control.values() if (echo.rate_kbit_s or 0) > rate * 13 // 10)
    return Seen(kept > 0, f"a burst passes at {paces}; faster on {kept} of {len(found.control)} other lines")


def _verify_rate(intended: FaultIntended, inventory: Inventory) -> Seen:
    rate = _number(intended.parameters, "kbit_per_s")
    found = _recorded(intended, vantages(inventory), BURST)
    paces = ", ".join(f"{way} {echo.rate_kbit_s or 0:,} kbit/s" for way, echo in found.hit.items())
    if not found.hit or not all((echo.rate_kbit_s or 0) > rate * 13 // 10 for echo in found.hit.values()):
        return Seen(so=False, observed=f"still slow: {paces or 'no way could be tried'}")
    return Seen(so=True, observed=f"a burst passes quickly again: {paces}")


_LINE = frozenset[Target]({"network"})
_ONE_WAY = {_TOWARD: Parameter("places", meaning="The end toward which it applies; both ways, if it is left out.")}
_UNDONE = "the keeper takes back what it did to {target}, and to nothing else"

FAULTS: Mapping[str, FaultKind] = {
    "link.down": FaultKind(
        schema=ParameterSchema(
            _LINE,
            {"silent": Parameter("flag", meaning="Whether packets vanish unseen by the routers.")},
        ),
        does="the line {target} is down, which its routers see; or, silent, it swallows every packet",
        shown_by="echo from inside to both far ends of {target} does not come back, and over other lines it does",
        undone_by=_UNDONE,
        prepare=_prepare_down,
        inject=_down,
        probe=_probe_down,
        verify=_verify_down,
        needs="network",
    ),
    "link.delay": FaultKind(
        schema=ParameterSchema(
            _LINE,
            {
                "delay": Parameter("duration", required=True, meaning="How much later every packet arrives."),
                "jitter": Parameter("duration", meaning="What is added to it or taken from it at random."),
                **_ONE_WAY,
            },
        ),
        does="every packet over {target} arrives later, in order",
        shown_by="round trips over {target}, measured from inside, are that much longer, and over other lines are not",
        undone_by=_UNDONE,
        prepare=_prepare_delay,
        inject=_delay,
        probe=_probe_delay,
        verify=_verify_delay,
        needs="network",
    ),
    "link.loss": FaultKind(
        schema=ParameterSchema(
            _LINE, {"share": Parameter("share", required=True, meaning="How many of the packets are lost."), **_ONE_WAY}
        ),
        does="{target} loses a share of its packets at random",
        shown_by="about that share of echo over {target}, sent from inside, is lost; over other lines it is not",
        undone_by=_UNDONE,
        prepare=_prepare_loss,
        inject=_loss,
        probe=_probe_loss,
        verify=_verify_loss,
        needs="network",
    ),
    "link.rate": FaultKind(
        schema=ParameterSchema(
            _LINE,
            {
                "kbit_per_s": Parameter("count", required=True, meaning="What it carries at most, in kbit/s."),
                **_ONE_WAY,
            },
        ),
        does="{target} carries no more than so many kbit/s; what would wait longer than 200 ms is lost",
        shown_by="a burst over {target}, sent from inside, comes out at that pace; over other lines faster",
        undone_by=_UNDONE,
        prepare=_prepare_rate,
        inject=_rate,
        probe=_probe_rate,
        verify=_verify_rate,
        needs="network",
    ),
}
