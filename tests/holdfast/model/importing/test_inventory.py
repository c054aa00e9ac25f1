"""Tables of assets and relations: what is recognised, taken, guessed and left, in the shapes of real exports."""

from __future__ import annotations

import pytest

from holdfast.model.importing.account import Account
from holdfast.model.importing.words import kind_of_class, relation_of_type
from holdfast.model.types import AllOf, On
from tests.holdfast.model.importing.imports import Declaration, example, guessed, left

ASSETS = "id,name,class,location,environment,status\n"
RELATIONS = "parent,child,type\n"


def bring(assets: str, relations: str = "", **more: str) -> tuple[Declaration, Account]:
    """Import two small tables."""
    declaration = Declaration()
    files: dict[str, str | bytes] = {"assets.csv": ASSETS + assets, **more}
    if relations:
        files["relations.csv"] = RELATIONS + relations
    return declaration, declaration.bring("csv", files).account


def test_an_export_of_servicenow() -> None:
    declaration = Declaration()
    result = declaration.bring("csv", example("servicenow"))
    model = declaration.model()
    assert set(model.services) == {"instant-payments", "securities-custody", "client-statements"}
    assert set(model.sites) == {"haarlem-dc1", "lelystad-dc2"}
    assert model.resources["esx-p01"].kind == "host"
    assert model.resources["esx-p01"].site == "haarlem-dc1"
    assert model.groups["esx-payments"].members == ("esx-p01", "esx-p02", "esx-p03")
    assert model.groups["esx-payments"].quorum == 3
    assert model.resources["pay-gateway"].needs == AllOf(
        (On("hsm-pool"), On("lnx-pay-01"), On("pay-router"), On("society-for-interbank-messages"))
    )
    assert model.resources["society-for-interbank-messages"].kind == "third-party"
    assert declaration.section("services")["instant-payments"] == {
        "title": "Instant Payments",
        "owner": "Nadia Verbeek",
        "impact_tolerance": {"duration": "4h"},
        "rto": "2h",
        "rpo": "0s",
        "modes": {"full": {"capacity": "100%", "meets_minimum": "true", "needs": ["payments-engine-prd"]}},
    }
    reasons = dict(result.account.reasons("left"))
    assert reasons["not in production"] == 2
    assert reasons["out of use"] == 1
    assert reasons["a relation to something that was left"] == 2
    assert result.account.standings()["cmdb_rel_ci.csv"] == {"taken": 33, "guessed": 1, "left in part": 0, "left": 7}


def test_every_guess_stands_beside_its_value_and_in_the_account() -> None:
    declaration = Declaration()
    account = declaration.bring("csv", example("servicenow")).account
    text = declaration.texts["imported-csv.yaml"]
    assert "    rto: 2h  # guessed: no objective is given; its criticality is" in text
    things = (row for row in account.rows if row.standing == "guessed" and "[" not in row.what)
    assert text.count("# guessed:") == sum(len(row.why) for row in things)
    whys = guessed(account)["service Instant Payments"]
    assert [why.partition(":")[0] for why in whys] == ["impact_tolerance", "rto", "rpo", "modes"]


def test_a_register_of_ciso_assistant() -> None:
    declaration = Declaration()
    account = declaration.bring("csv", example("ciso-assistant")).account
    model = declaration.model()
    cards = model.services["card-authorisation"]
    assert (cards.rto_ms, cards.rpo_ms, cards.mtpd_ms) == (7_200_000, 0, 21_600_000)
    assert cards.modes[0].needs == AllOf(
        (On("authorisation-switch"), On("card-transaction-data"), On("operations-desk"))
    )
    # Parents need their children: the register's direction is turned round.
    assert model.resources["authorisation-switch"].needs == AllOf(
        (On("card-database-cluster"), On("card-scheme-connection"))
    )
    assert model.resources["loan-system"].site == "data-centre-gouda"
    assert "a relation to something that is not in these files" in left(account)["Operations desk is needed by BF-09"]
    assert guessed(account)["database Card database cluster"] == ("kind: from its name",)


@pytest.mark.parametrize(
    ("type_", "taken"),
    [
        ("Depends on::Used by", {"a": ["b"]}),
        ("Used by::Depends on", {"b": ["a"]}),
        ("Runs on::Runs", {"a": ["b"]}),
        ("Runs::Runs on", {"b": ["a"]}),
        ("Hosted on::Hosts", {"a": ["b"]}),
        ("Contains::Contained by", {"a": ["b"]}),
        ("Contained by::Contains", {"b": ["a"]}),
        ("Virtualized by::Virtualizes", {"a": ["b"]}),
        ("Provided by::Provides", {"a": ["b"]}),
        ("Provides::Provided by", {"b": ["a"]}),
        ("Managed by::Manages", {}),
        ("Redundancy provided by::Provides redundancy for", {}),
        ("is hosted on", {"a": ["b"]}),
        ("Frobs::Runs on", {"b": ["a"]}),
    ],
)
def test_which_way_a_relation_points(type_: str, taken: dict[str, list[str]]) -> None:
    declaration, _ = bring("1,a,application,,,\n2,b,application,,,\n", f"a,b,{type_}\n")
    assert {name: declaration.resource(name).get("needs") for name in "ab"} == {
        "a": taken.get("a"),
        "b": taken.get("b"),
    }


def test_what_a_container_is_decides_who_needs_whom() -> None:
    assets = "1,rack,rack,,,\n2,box,server,,,\n3,app,application,,,\n4,part,application,,,\n"
    declaration, _ = bring(assets, "rack,box,Contains::Contained by\napp,part,Contains::Contained by\n")
    assert declaration.resource("box")["needs"] == ["rack"]
    assert "needs" not in declaration.resource("rack")
    assert declaration.resource("app")["needs"] == ["part"]


def test_groups_err_on_the_safe_side() -> None:
    hosts = "".join(f"{number},h{number},server,,,\n" for number in range(1, 6))
    relations = "".join(f"farm,h{number},Cluster of::Cluster\n" for number in range(1, 6))
    relations += "h1,pair,Member of::Members\nh2,pair,Member of::Members\n"
    declaration, account = bring(f"{hosts}6,farm,cluster,,,\n7,pair,cluster,,,\n", relations)
    assert (declaration.resource("farm")["quorum"], declaration.resource("pair")["quorum"]) == ("3", "2")
    assert any("more than half" in why for why in guessed(account)["host farm"])
    assert any("all, for nothing says" in why for why in guessed(account)["host pair"])
    declaration.model()


def test_groups_do_not_nest_and_empty_ones_are_resources() -> None:
    assets = "1,outer,cluster,,,\n2,inner,cluster,,,\n3,h,server,,,\n"
    declaration, account = bring(assets, "outer,inner,Members::Member of\ninner,h,Cluster of::Cluster\n")
    assert declaration.resource("outer") == {"kind": "host", "needs": ["inner"]}
    declaration, account = bring(assets, "outer,inner,Cluster of::Cluster\ninner,h,Cluster of::Cluster\n")
    assert declaration.resource("outer") == {"kind": "host"}
    assert "outer [Cluster of::Cluster] inner" in left(account)
    declaration.model()


def test_data_flows_between_members_and_carries_its_port() -> None:
    assets = "1,web,application,,,\n2,pool,cluster,,,\n3,h1,server,,,\n4,h2,server,,,\n"
    relations = "parent,child,type,port\npool,h1,Cluster of::Cluster,\npool,h2,Cluster of::Cluster,\n"
    relations += "web,pool,Sends data to::Receives data from,8443\nh1,web,Exchanges data with::Exchanges data with,0\n"
    declaration = Declaration()
    declaration.bring("csv", {"assets.csv": ASSETS + assets, "relations.csv": relations})
    flows = {(flow.source, flow.target, flow.port) for flow in declaration.model().flows}
    assert flows == {("web", "h1", 8443), ("web", "h2", 8443), ("h1", "web", None), ("web", "h1", None)}


def test_what_a_service_needs_of_a_service_is_what_that_one_stands_on() -> None:
    assets = "1,retail,business service,,,\n2,cards,business service,,,\n3,ledger,database,,,\n4,app,application,,,\n"
    relations = "retail,cards,Depends on::Used by\ncards,ledger,Depends on::Used by\napp,cards,Depends on::Used by\n"
    relations += "cards,retail,Depends on::Used by\n"  # and round in a circle
    relations += "ledger,retail,Depends on::Used by\n"  # which stands on the ledger itself
    declaration, account = bring(assets, relations)
    model = declaration.model()
    assert model.services["retail"].modes[0].needs == AllOf((On("ledger"),))
    assert model.resources["app"].needs == AllOf((On("ledger"),))
    assert model.resources["ledger"].needs == AllOf(())
    assert "a service is no resource" in guessed(account)["retail [Depends on::Used by] cards"][0]


def test_what_is_left_and_why() -> None:
    assets = "1,a,server,,Production,Retired\n2,b,server,,UAT,Installed\n3,c,laptop,,,\n4,,server,,,\n5,d,server,,,\n"
    assets += "6,e,server,x,y,z,surplus\n7,twin,server,,,\n8,twin,database,,,\n"
    relations = (
        "d,a,Depends on::Used by\nd,d,Depends on::Used by\nd,nowhere,Depends on::Used by\nd,,Depends on::Used by\n"
    )
    relations += "d,twin,Depends on::Used by\nd,7,Depends on::Used by\n7,d,Frobs::Frobbed by\n"
    declaration, account = bring(assets, relations)
    found = {what: why[0] for what, why in left(account).items()}
    assert found == {
        "host a": "out of use",
        "host b": "not in production",
        "laptop c": "a class that the mapping leaves",
        "row": "no name",
        "row of e": "more cells than headings: probably a delimiter without quotes",
        "d [Depends on::Used by] a": "a relation to something that was left",
        "d [Depends on::Used by] d": "something that needs itself",
        "d [Depends on::Used by] nowhere": "a relation to something that is not in these files",
        "d [Depends on::Used by] nothing": "a relation without both its ends",
        "d [Depends on::Used by] twin": "a relation by a name that several rows have: export the id as well",
        "twin [Frobs::Frobbed by] d": ("a type of relation that nothing here knows: say in the mapping what it means"),
    }
    assert set(declaration.section("resources")) == {"d", "twin", "twin-database"}


def test_test_systems_are_only_taken_when_a_person_says_so_and_never_needed_by_production() -> None:
    assets = "1,a,server,,Production,\n2,b,server,,Test,\n"
    assets += "3,svc,business service,,,\n4,c,application,,Production,\n"
    relations = "a,b,Depends on::Used by\nb,a,Depends on::Used by\n"
    relations += "svc,b,Depends on::Used by\nsvc,a,Depends on::Used by\nc,svc,Depends on::Used by\n"
    declaration, _ = bring(assets, relations)
    assert set(declaration.section("resources")) == {"a", "c"}
    declaration.edit("      Test: leave", "      Test: test", "import/csv.yaml")
    account = declaration.bring("csv", {"assets.csv": ASSETS + assets, "relations.csv": RELATIONS + relations}).account
    assert declaration.resource("b") == {"kind": "host", "environment": "test", "needs": ["a"]}
    assert declaration.resource("a") == {"kind": "host"}
    assert declaration.resource("c")["needs"] == ["a"]
    assert left(account)["a [Depends on::Used by] b"][0] == "production that would need something which may be broken"
    declaration.model()


def test_a_table_of_services_with_limits_in_its_headings() -> None:
    table = (
        "Service;Owner;RTO (hours);RPO minutes;MTPD hours;Impact tolerance\nCards;Ada;2;15;8;6h\nLoans;Bo;0;0;;soon\n"
    )
    declaration = Declaration()
    account = declaration.bring("csv", {"services.csv": table.replace("Service;", "Service name;")}).account
    cards = declaration.model().services["Cards"]
    assert (cards.rto_ms, cards.mtpd_ms) == (7_200_000, 28_800_000)
    assert cards.impact_tolerance.duration_ms == 21_600_000
    loans = declaration.section("services")["Loans"]
    assert isinstance(loans, dict)
    assert (loans["rto"], loans["rpo"]) == ("2h", "0s")  # no recovery time of nothing, but a recovery point of it
    assert any("no duration could be read" in why for why in guessed(account)["service Loans"])
    assert "# guessed: that it is a service; the table seems to hold services" in declaration.texts["imported-csv.yaml"]


@pytest.mark.parametrize(
    ("class_", "kind", "guess"),
    [
        ("cmdb_ci_linux_server", "host", False),
        ("Linux Server", "host", False),
        ("cmdb_ci_db_ora_instance", "database", False),
        ("MS SQL Instance", "database", False),
        ("cmdb_ci_service_auto", "application", False),
        ("cmdb_ci_service_business", "service", False),
        ("u_cmdb_ci_payment_firewall", "network", True),
        ("Zauberkasten", "application", True),
    ],
)
def test_classes(class_: str, kind: str, guess: bool) -> None:  # noqa: FBT001
    assert kind_of_class(class_) == (kind, guess)


def test_a_type_that_begins_like_a_known_one_is_a_guess() -> None:
    assert relation_of_type("Depends on strongly::Used strongly by") == ("needs", True)
    assert relation_of_type("DEPENDS ON :: USED BY") == ("needs", False)


def test_columns_of_a_table_that_needs_no_relations() -> None:
    table = 'hostname,type,data center,runs on,cluster,support group\nweb-1,vm,Ghent,"esx-1; esx-2",web,Team W\n'
    table += "web-2,vm,Ghent,esx-1,web,Team W\nesx-1,esx server,Ghent,,,\nesx-2,esx server,Liège,,,\n"
    declaration = Declaration()
    declaration.bring("csv", {"export.csv": table})
    assert declaration.resource("web-1") == {
        "kind": "host",
        "site": "Ghent",
        "owner": "Team W",
        "needs": ["esx-1", "esx-2"],
    }
    assert declaration.resource("web")["members"] == ["web-1", "web-2"]
    assert declaration.section("sites") == {"Ghent": {}, "liege": {"title": "Liège"}}
    declaration.model()


def test_headings_and_classes_as_people_see_them() -> None:
    assets = "Name,Class,Location,Owned by,Environment,Status,Business criticality\n"
    assets += "Payments,Business Service,,Ada,Production,Operational,1 - most critical\n"
    assets += "pay-01,Linux Server,Delft,,Production,Installed,\nPAYDB,MS SQL Instance,Delft,,Production,Installed,\n"
    declaration = Declaration()
    result = declaration.bring(
        "csv",
        {
            "cis.csv": assets,
            "rels.csv": "Parent,Type,Child\nPayments,Depends on::Used by,PAYDB\nPAYDB,Runs on::Runs,pay-01\n",
        },
    )
    model = declaration.model()
    assert model.services["Payments"].modes[0].needs == AllOf((On("PAYDB"),))
    assert model.resources["PAYDB"].needs == AllOf((On("pay-01"),))
    assert result.account.mapping_guesses == 0


def test_relations_by_ids_that_were_not_exported_are_explained() -> None:
    id_ = "0123456789abcdef0123456789abcdef"
    _, account = bring("1,a,server,,,\n", f"{id_},{id_},Depends on::Used by\n")
    assert account.notes == (
        "relations that name things by an id that no table has: 1; export the ids (sys_id) with the assets too",
    )


def test_rows_that_say_the_same_are_one_and_rows_that_share_a_name_are_two() -> None:
    _, account = bring(",a,server,,,\n,a,server,,,\n,a,database,,,\n")
    assert [row.standing for row in account.rows] == ["taken", "left", "taken"]
    assert any("share their id or name" in note for note in account.notes)


def test_namesakes_are_told_apart_whatever_their_order() -> None:
    rows = [",a,server,,,\n", ",a,database,,,\n", ",a,application,,,\n"]
    texts = {bring("".join(order))[0].texts["imported-csv.yaml"] for order in (rows, rows[::-1], rows[1:] + rows[:1])}
    assert len(texts) == 1


def test_a_table_whose_headings_say_nothing_is_explained_and_can_be_mapped() -> None:
    declaration = Declaration()
    animals = "animal;legs\ncat;4\n"
    result, findings = declaration.attempt("csv", {"animals.csv": animals})
    assert result is not None
    assert [(finding.code, finding.severity) for finding in findings] == [("HF151", "warning")]
    declaration.texts |= result.texts
    declaration.edit("    holds: nothing?", "    holds: assets\n    kind: host", "import/csv.yaml")
    declaration.edit("    # columns: {name: animal, kind: legs}", "    columns: {name: animal}", "import/csv.yaml")
    declaration.bring("csv", {"animals.csv": animals})
    assert declaration.resource("cat") == {"kind": "host"}


def test_headings_in_other_languages() -> None:
    table = "Kennung;Bezeichnung;Klasse;Standort;Verantwortlich;Umgebung;Abhängig von\n"
    table += "A1;Buchung;Anwendung;Köln;Zahlung;Produktion;ORA\nA2;ORA;Datenbank;Köln;DBA;Produktion;\n"
    table += "A3;ORA-T;Datenbank;Köln;DBA;Entwicklung;\n"
    declaration = Declaration()
    account = declaration.bring("csv", {"anlagen.csv": table.encode("cp1252")}).account
    assert declaration.resource("Buchung") == {
        "kind": "application",
        "site": "koln",
        "owner": "Zahlung",
        "needs": ["ORA"],
    }
    assert left(account)["database ORA-T"] == ("not in production", "Entwicklung")


def test_every_column_of_limits_counts_in_its_own_unit() -> None:
    declaration = Declaration()
    rows = "Service Name;Criticality;RTO (h);RPO (min);MTPD (days)\nPay;4 - Critical;4;15;2\n"
    declaration.bring("csv", {"services.csv": rows})
    service = declaration.section("services")["Pay"]
    assert isinstance(service, dict)
    assert (service["rto"], service["rpo"], service["impact"]) == ("4h", "15m", {"2d": "intolerable"})
    assert service["impact_tolerance"] == {"duration": "4h"}


def test_a_unit_that_nothing_names_is_a_guess_wherever_it_counts() -> None:
    declaration = Declaration()
    result = declaration.bring("csv", {"services.csv": "Service Name,RTO\nPay,240.0\nLoan,2h\n"})
    assert "    unit: h?  #" in declaration.texts["import/csv.yaml"]
    assert (
        '    rto: 10d  # guessed: that a bare number counts in h; "240.0", confirm\n'
        in declaration.texts["imported-csv.yaml"]
    )
    assert any("bare number" in why for why in guessed(result.account)["service Pay"])
    assert not any("bare number" in why for why in guessed(result.account)["service Loan"])
    declaration.edit("unit: h?", "unit: m", file="import/csv.yaml")
    declaration.bring("csv", {"services.csv": "Service Name,RTO\nPay,240.0\nLoan,2h\n"})
    assert "    rto: 4h\n" in declaration.texts["imported-csv.yaml"]


def test_a_tag_that_rows_share_identifies_none_of_them() -> None:
    """Else the third row would take the place, and the edits, of the second as soon as a row comes before it."""
    declaration = Declaration()
    rows = "name,asset tag,class,owner\nweb,A-7,server,x\ndb,N/A,database,y\nmq,N/A,server,z\ncc,shared,server,u\n"
    rows += "cd,shared,server,v\nce,shared,server,w\n"
    declaration.bring("csv", {"a.csv": rows})
    assert "      id: " not in declaration.texts["import/csv.yaml"]
    declaration.edit("    owner: z\n", "    owner: mine\n")
    declaration.bring("csv", {"a.csv": rows.replace("db,N/A", "aa,N/A,server,t\ndb,N/A")})
    assert declaration.resource("mq") == {"kind": "host", "owner": "mine"}
    assert declaration.resource("db")["owner"] == "y"


def test_an_id_that_rows_of_several_names_share_takes_their_names_along() -> None:
    declaration = Declaration()
    head = "id,name,class,owner\n"
    declaration.bring("csv", {"a.csv": f"{head}7,db,database,x\n7,mq,server,v\n"})
    declaration.edit("    owner: v\n", "    owner: mine\n")
    declaration.bring("csv", {"a.csv": f"{head}7,aa,server,w\n7,db,database,x\n7,mq,server,v\n"})
    assert declaration.resource("mq") == {"kind": "host", "owner": "mine"}


@pytest.mark.parametrize("spelling", ["delft dc", "DELFT DC", "Delft DC "])
def test_a_place_is_one_place_however_it_is_spelt(spelling: str) -> None:
    declaration, _ = bring(f"1,a,server,Delft DC,,\n2,b,server,{spelling},,\n3,c,server,Delft DC,,\n4,d,server,N/A,,\n")
    assert declaration.section("sites") == {"delft-dc": {"title": "Delft DC"}}
    assert declaration.resource("b")["site"] == "delft-dc"
    assert "site" not in declaration.resource("d")


def test_a_name_with_a_comma_is_not_taken_apart() -> None:
    declaration = Declaration()
    rows = 'name,class,depends on\n"Core, Ledger",database,\nmq,server,\nweb,application,"Core, Ledger"\n'
    result = declaration.bring("csv", {"a.csv": f'{rows}app,application,"mq, web"\n'})
    assert declaration.resource("web")["needs"] == ["core-ledger"]
    assert declaration.resource("app")["needs"] == ["mq", "web"]
    assert not left(result.account)


def test_nothing_is_left_for_what_it_is_called() -> None:
    declaration = Declaration()
    names = ("phone-banking", "licence server", "Monitoring", "desktop gateway")
    result = declaration.bring("csv", {"a.csv": "name,owner\n" + "".join(f"{name},x\n" for name in names)})
    assert not left(result.account)
    assert len(declaration.section("resources")) == len(names)


def test_what_serves_production_too_is_in_production() -> None:
    rows = "1,a,server,,UAT/Production,\n2,b,server,,Available,\n3,c,server,,pre-prod,\n4,d,server,,Integrationstest,\n"
    declaration, account = bring(rows)
    assert declaration.resource("a") == {"kind": "host", "environment": "production"}
    assert guessed(account)["host a"] == ('environment: what this environment is; "UAT/Production"',)
    assert set(left(account)) == {"host c", "host d"}


@pytest.mark.parametrize(
    ("state", "taken"),
    [
        ("In active use", True),
        ("Planned maintenance", True),
        ("Deprecated", True),
        ("Planned", False),
        ("Inactive", False),
        ("Außer Betrieb", False),
        ("AUSSER BETRIEB genommen", False),
    ],
)
def test_what_a_state_says(state: str, taken: bool) -> None:  # noqa: FBT001
    _, account = bring(f"1,a,server,,,{state}\n")
    assert bool(left(account)) != taken


@pytest.mark.parametrize(("heading", "type_"), [("Typ", "Depends on::Used by"), ("Klasse", "strong"), ("Service", "x")])
def test_relations_whose_type_has_another_heading_or_none(heading: str, type_: str) -> None:
    declaration = Declaration()
    relations = f"Parent;{heading};Child\nweb;{type_};db\n"
    declaration.bring("csv", {"a.csv": f"{ASSETS}1,web,application,,,\n2,db,database,,,\n", "rel.csv": relations})
    assert declaration.resource("web")["needs"] == ["db"]


def test_a_table_of_services_may_call_its_names_services() -> None:
    declaration = Declaration()
    declaration.bring("csv", {"important.csv": "Service,RTO\nPay,2h\n"})
    assert set(declaration.model().services) == {"Pay"}


def test_the_account_shows_no_pictures_that_a_cell_brings() -> None:
    declaration, _ = bring('1,"![x](http://elsewhere/p.png) | <b>",server,,,Retired\n')
    assert "host ![x]\\(http://elsewhere/p.png) \\| &lt;b> | left" in declaration.texts["import/csv.md"]
