"""What the words of other people's inventories mean here: classes of things, types of relations, states, environments.

The tables are plain data to be extended. A class or type that stands in one is a translation; one that does not is
guessed from the words in it, and everything that rests on such a guess says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

from holdfast.model.types import Kind

# What the kind of a row can be: a kind of resource, another section of the declaration, or nothing at all.
RowKind = Kind | Literal["service", "site", "leave"]
ROW_KINDS: tuple[RowKind, ...] = (*get_args(Kind), "service", "site", "leave")

# What the parent of a relation does with its child.
Relation = Literal[
    "needs",
    "needed-by",
    "contains",
    "contained-by",
    "cluster-of",
    "cluster-member",
    "has-member",
    "member-of",
    "at",
    "houses",
    "sends-to",
    "receives-from",
    "exchanges",
    "leave",
]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
INVERSE: Mapping[Relation, Relation] = {
    "needs": "needed-by",
    "contains": "contained-by",
    "cluster-of": "cluster-member",
    "has-member": "member-of",
    "at": "houses",
    "sends-to": "receives-from",
}

# Classes of ServiceNow (tables below cmdb_ci and others, and their labels), without "cmdb ci", and of other CMDBs.
_CLASSES: Mapping[RowKind, str] = {
    "service": (
        "service, service business, business service, service offering, business service offering, "
        "important business service, business capability, critical business service"
    ),
    "application": (
        "appl, application, app server, application server, web server, web site, business app, "
        "business application, service auto, application service, mapped application service, "
        "service discovered, calculated application service, service tags, tag based application service, "
        "service technical, technical service, technology management service, service instance, app server java, "
        "app server tomcat, app server websphere, tomcat, websphere, iis, apache, nginx, software, "
        "software component, api, microservice, web service, endpoint, messaging, mq, message queue, "
        "kubernetes workload, kubernetes deployment, kubernetes service, container, anwendung, applikation, "
        "toepassing, logiciel, docker container, cloud function, batch job, interface, component, website, saas, "
        "middleware"
    ),
    "database": (
        "database, database instance, db instance, db ora instance, oracle instance, db mssql instance, "
        "ms sql instance, mssql instance, sql server, sql server instance, db mysql instance, mysql instance, "
        "db postgresql instance, postgresql instance, db db2 instance, db2 instance, db mongodb instance, "
        "mongodb instance, db catalog, database catalog, db syb instance, data store, cloud database, "
        "db hana instance, sap hana db, db mssql database, ms sql database, db cluster, database cluster, "
        "schema, data warehouse, cassandra, redis"
    ),
    "host": (
        "server, linux server, windows server, win server, unix server, aix server, solaris server, esx server, "
        "vmware esx server, hyper v server, mainframe, mainframe lpar, mainframe hardware, vm, vm instance, "
        "virtual machine, virtual machine instance, vmware virtual machine instance, vmware instance, cluster, "
        "server cluster, vcenter cluster, vmware vcenter cluster, hardware, computer, physical server, "
        "cluster node, kubernetes cluster, kubernetes node, win cluster, cluster vip, storage server, msd, "
        "storage device, san, storage array, storage, nas, lpar, hypervisor, blade, appliance, hsm, "
        "hardware security module, vcenter, vmware vcenter instance, chassis, storage switch, "
        "virtualization server, backup server, tape library, cloud host"
    ),
    "network": (
        "netgear, network gear, ip switch, switch, ip router, router, ip firewall, firewall, lb, load balancer, "
        "lb service, load balancer service, lb pool, load balancer pool, f5 big ip, network, circuit, "
        "wan circuit, wan link, link, vpn, dns, dns name, proxy, wap network, wireless access point, ip network, "
        "subnet, vlan, lan, telecom circuit, internet, network link, network device, san fabric, fc switch, "
        "cloud load balancer, lb bigip, gateway, network service"
    ),
    "facility": (
        "rack, ups, power, pdu, generator, crac, computer room, zone, ups bypass, power eq, facility hardware, "
        "cooling, air conditioning, power supply, hall, room, cabinet, static switch"
    ),
    "site": "datacenter, data center, data centre, location, site, building, campus, office, branch",
    "people": "group, team, support group, people, user group, department, crew, desk",
    "process": "business process, process, procedure, manual process",
    "information": (
        "information object, information, data, dataset, file share, file system, document, certificate, "
        "data set, storage volume, cloud object storage, bucket, configuration file, encryption key"
    ),
    "third-party": (
        "vendor, supplier, third party, provider, company, core company, external service, "
        "cloud service account, cloud provider, outsourcer, service provider, external provider, isp, carrier"
    ),
    "fmi": "fmi, ccp, csd, rtgs, payment system, financial market infrastructure, clearing house",
    "leave": (
        "pc, pc hardware, personal computer, laptop, workstation, printer, monitor, peripheral, mobile, "
        "mobile phone, handheld computing device, ip phone, telephone, network adapter, ip address, "
        "storage volume mapping, disk, memory module, license, spkg, software package, patch, display, scanner, "
        "accessory, keyboard, installed software, dns zone, ip service"
    ),
}
KINDS: Mapping[str, RowKind] = {
    **{kind.replace("-", " "): kind for kind in get_args(Kind)},
    **{name: kind for kind, names in _CLASSES.items() for name in names.split(", ")},
}

# In this order: the first word that is found decides.
_HINTS: tuple[tuple[str, RowKind], ...] = (
    (r"business service|important business", "service"),
    (r"data ?cent(?:er|re)|rechenzentrum|location|building|campus|\bsite\b", "site"),
    (r"database|datenbank|base de données|\bdb\b|sql|oracle|postgres|mongo|\bdb2\b|hana|redis|\bledger\b", "database"),
    (r"cassandra|warehouse", "database"),
    (r"switch|router|firewall|load.?balanc|network|circuit|\bwan\b|\blan\b|\bvpn\b|\bdns\b|proxy|\blink\b", "network"),
    (r"\bups\b|\bpdu\b|power|rack|cooling|generator|facility|\broom\b|\bhall\b", "facility"),
    (r"vendor|supplier|company|third.?party|provider|outsourc|carrier|telco", "third-party"),
    (
        r"application|\bapp\b|appl|software|service|middleware|web|api|gateway|platform|engine|broker|queue",
        "application",
    ),
    (
        r"server|serveur|host|\bvm\b|virtual|cluster|node|storage|mainframe|hypervisor|hardware|lpar|\bsan\b|\bnas\b",
        "host",
    ),
    (r"\bteam\b|\bgroup\b|people|staff|desk|operators?\b", "people"),
    (r"process|procedure", "process"),
    (r"information|data|file|document|key|certificate", "information"),
)

# What the parent does, in its own words; the child's words are the other half of a type such as "Runs on::Runs".
_DESCRIPTORS: Mapping[Relation, str] = {
    "needs": (
        "depends on, runs on, hosted on, uses, consumes, requires, relies on, virtualized by, powered by, "
        "cooled by, provided by, stored on, fed by, use end point to, installed on, deployed on, deployed to, "
        "allocated from, gets resources from, instantiates, is hosted on, needs, dependent on, is dependent on, "
        "depends, supported by, authenticated by, controlled by, realized by, implemented by, enabled by, "
        "provisioned from, is supported by, subscribes to, calls, reads from, connects through, served by, "
        "delivered by"
    ),
    "needed-by": (
        "used by, runs, hosts, consumed by, required by, virtualizes, powers, cools, provides, "
        "provides storage for, feeds, use end point from, allocated to, defines resources for, instantiated by, "
        "supports, enables, serves, is used by, subscribed by, controls, authenticates, realizes, implements, "
        "called by, delivers"
    ),
    "contains": "contains, in rack contains, composed of, has part, includes, consists of, rack contains",
    "contained-by": "contained by, in rack, part of, is part of, belongs to, included in, component of",
    "cluster-of": "cluster of",
    "cluster-member": "cluster, cluster node of",
    "has-member": "members, has member, groups",
    "member-of": "member of, members of, is member of",
    "at": "located in, located at, is located in, located on",
    "houses": "houses, location of",
    "sends-to": (
        "sends data to, connects to, applicative flow to, implement end point to, connects, talks to, sends to, "
        "writes to, publishes to"
    ),
    "receives-from": "receives data from, connected by, applicative flow from, implement end point from, receives from",
    "exchanges": "exchanges data with, ip connection, connected to, peers with, communicates with",
    "leave": (
        "managed by, manages, owns, owned by, monitors, monitored by, backs up, backed up by, protected by, "
        "protects, impacts, impacted by, relates to, related by, related to, documents, redundancy provided by, "
        "provides redundancy for, dr provided by, provides dr for, reference, upgrades, upgraded by, "
        "from template, template for, registered on, has registered, detects, detected by, extends, extended by, "
        "operationalizes, operationalized by, terminated, terminated by, distributed by, distributes, "
        "maintained by, maintains, approved by, audits"
    ),
}
DESCRIPTORS: Mapping[str, Relation] = {
    words: what for what, known in _DESCRIPTORS.items() for words in known.split(", ")
}

# Of words in small letters with single blanks between them, so that "ß" is "ss" and "pre-prod" is "pre prod".
_OUT_OF_USE = re.compile(
    r"retired|commission(?:ed|ing|né)|dispos|absent|stolen|end of life|\beol\b|dropped|cancel|obsolete|deleted|"
    r"pending install|on order|^planned$|^in planning$|geplant|in design|\binactive|\bin active$|not active|archived|"
    r"inaktiv|nicht aktiv|ausser betrieb|stillgelegt|hors service|buiten gebruik"
)
_NOT_PRODUCTION = re.compile(
    r"\bdev(?:\d+|el|test|elopment)?\b|entwickl|ontwikkel|développ|recette|\btest|test\b|\bqa\b|quality|\buat\b|accept|abnahme|sandbox|"
    r"\bstag(?:e|ing)\b|(?:pre|non) ?prod|\blab\b|training|schulung|\bdemo|\bintegration|\bpilot\b|\bpoc\b"
)
_PRODUCTION = re.compile(r"(?<!pre)(?<!pre )(?<!non)(?<!non )prod|\blive\b|\bprd\b|disaster|\bdr\b|recovery")
_SAYS_NOTHING = frozenset(
    {
        *("n/a", "#n/a", "n.a.", "not applicable", "-", "--", "?", "none", "null", "nil", "unknown", "undefined"),
        *("tbd", "tbc", "(empty)", "unbekannt", "keine angabe", "k.a.", "inconnu", "onbekend"),
    }
)


def says_nothing(text: str) -> bool:
    """Return whether a cell is empty, or says so in a word: such cells must never make things alike."""
    return not text or text.casefold() in _SAYS_NOTHING


# Only of a class: a thing is never left because of what it happens to be called.
_LEFT = re.compile(r"laptop|desktop|printer|drucker|\bmonitors?\b|phone|licen[cs]e|workstation")


def normal(text: str) -> str:
    """Return a class, type or heading as the tables have it: small letters, single blanks, no ``cmdb ci``."""
    words = re.sub(r"[^0-9a-zäöüßéèà]+", " ", text.casefold()).strip()
    return words.removeprefix("u ").removeprefix("cmdb ci ").removeprefix("cmdb ").strip()


def kind_of_class(name: str) -> tuple[RowKind, bool]:
    """Return the kind for a class of an inventory and whether that is only a guess."""
    words = normal(name)
    for form in (words, words.removesuffix("s"), words.removesuffix(" instance")):
        if form in KINDS:
            return KINDS[form], False
    return ("leave" if _LEFT.search(words) else kind_of_words(words)), True


def kind_of_words(*texts: str) -> RowKind:
    """Return the kind that words suggest, a name before a description; an application if they suggest none."""
    for text in texts:
        for pattern, kind in _HINTS:
            if re.search(pattern, text, re.IGNORECASE):
                return kind
    return "application"


def relation_of_type(name: str) -> tuple[Relation, bool]:
    """Return what a type of relation means, read from the parent, and whether that is only a guess.

    ``A::B`` are the words of the parent and of the child; where only the child's are known they are turned round.
    """
    parent, _, child = (normal(part) for part in name.partition("::"))
    if parent in DESCRIPTORS:
        return DESCRIPTORS[parent], False
    if child in DESCRIPTORS:
        known = DESCRIPTORS[child]
        both = {**INVERSE, **{other: word for word, other in INVERSE.items()}}
        return both.get(known, known), False
    for descriptor, meaning in DESCRIPTORS.items():
        if parent.startswith(f"{descriptor} "):
            return meaning, True
    return "leave", True


def is_out_of_use(state: str) -> bool:
    """Return whether a state of an asset says that nothing stands on it (any more, or yet)."""
    return _OUT_OF_USE.search(_spaced(state)) is not None


def environment_of(text: str) -> tuple[Literal["production", "leave"], bool]:
    """Return what is done with an inventory's word for an environment, and whether that is only a guess.

    What serves production as well as something else is production.
    """
    words = _spaced(text)
    in_production = _PRODUCTION.search(words) is not None
    if _NOT_PRODUCTION.search(words) is not None:
        return ("production", True) if in_production else ("leave", False)
    return "production", not in_production


def _spaced(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
