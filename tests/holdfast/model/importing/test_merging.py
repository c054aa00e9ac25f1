"""Importing again: what the source changed arrives, what a person wrote stays, and nothing is lost unsaid."""

from __future__ import annotations

import pytest

from holdfast.model.importing.account import Change
from holdfast.model.importing.imports import Imported
from tests.holdfast.model.importing.imports import Declaration, fates, left

HEAD = "id,name,class,location,owner\n"
ROWS = {
    "web": "1,web,application,Delft,Team A\n",
    "db": "2,db,database,Delft,Team B\n",
    "cache": "3,cache,database,,\n",
}
NEEDS = "parent,child,type\nweb,db,Depends on::Used by\n"


def bring(declaration: Declaration, rows: str, relations: str = NEEDS) -> Imported:
    return declaration.bring("csv", {"assets.csv": HEAD + rows, "relations.csv": relations})


def details(result: Imported, name: str) -> str:
    return "; ".join(next(change for change in result.account.changes if change.name == name).details)


@pytest.fixture
def declaration() -> Declaration:
    """Return a declaration after a first import."""
    fresh = Declaration()
    bring(fresh, "".join(ROWS.values()))
    return fresh


def test_the_same_again_changes_nothing(declaration: Declaration) -> None:
    before = dict(declaration.texts)
    result = bring(declaration, "".join(ROWS.values()))
    assert fates(result.account) == {}
    assert {file: text for file, text in declaration.texts.items() if not file.endswith(".md")} == {
        file: text for file, text in before.items() if not file.endswith(".md")
    }


def test_the_order_of_rows_says_nothing(declaration: Declaration) -> None:
    other = Declaration()
    bring(other, "".join(reversed(ROWS.values())))
    assert other.texts["imported-csv.yaml"] == declaration.texts["imported-csv.yaml"]


def test_untouched_entries_follow_the_source(declaration: Declaration) -> None:
    rows = "1,web,application,Leiden,Team A\n3,cache,database,,\n4,queue,application,,\n"
    result = bring(declaration, rows, "parent,child,type\nweb,queue,Depends on::Used by\n")
    assert fates(result.account) == {
        "web": "updated",
        "db": "removed",
        "queue": "new",
        "Leiden": "new",
        "Delft": "removed",
    }
    assert declaration.resource("web") == {
        "kind": "application",
        "site": "Leiden",
        "owner": "Team A",
        "needs": ["queue"],
    }
    declaration.model()


def test_a_thing_that_the_source_renames_keeps_its_name_here(declaration: Declaration) -> None:
    bring(declaration, "1,storefront,application,Delft,Team A\n2,db,database,Delft,Team B\n3,cache,database,,\n")
    assert declaration.resource("web")["title"] == "storefront"
    assert "storefront" not in declaration.section("resources")


def test_a_comment_makes_an_entry_touched_and_survives(declaration: Declaration) -> None:
    declaration.edit("  db:\n", "  # Patched last in May.\n  db:\n")
    declaration.edit("    owner: Team B\n", "    owner: Team B  # until the move\n")
    rows = "".join(ROWS.values()).replace("2,db,database,Delft,Team B", "2,db,database,Leiden,Team B")
    result = bring(declaration, rows)
    text = declaration.texts["imported-csv.yaml"]
    assert "# Patched last in May.\n" in text
    assert "    owner: Team B  # until the move\n" in text
    assert declaration.resource("db") == {"kind": "database", "site": "Leiden", "owner": "Team B"}
    assert details(result, "db") == "site follows the source"
    declaration.model()


def test_what_a_person_changed_stays_and_a_disagreement_is_said(declaration: Declaration) -> None:
    declaration.edit("    owner: Team B\n", "    owner: Database Operations\n")
    assert fates(bring(declaration, "".join(ROWS.values())).account) == {}
    rows = "".join(ROWS.values()).replace("Team B", "Team C")
    result = bring(declaration, rows)
    assert declaration.resource("db")["owner"] == "Database Operations"
    assert fates(result.account) == {"db": "kept"}
    assert details(result, "db") == "owner: yours is Database Operations, the source now says Team C"
    # It is said once: the source does not disagree anew until it changes again.
    assert fates(bring(declaration, rows).account) == {}


def test_what_a_person_added_to_an_entry_and_a_list_stays(declaration: Declaration) -> None:
    declaration.edit("    needs: [db]\n", '    needs: [db, cache]   # measured\n    rides_out: "30s"\n')
    rows = "".join(ROWS.values()) + "4,queue,application,,\n"
    relations = f"{NEEDS}web,queue,Depends on::Used by\n"
    bring(declaration, rows, relations)
    assert declaration.resource("web")["needs"] == ["db", "cache", "queue"]
    bring(declaration, rows, "parent,child,type\nweb,queue,Depends on::Used by\n")
    assert declaration.resource("web")["needs"] == ["cache", "queue"]
    assert '    rides_out: "30s"\n' in declaration.texts["imported-csv.yaml"]
    assert "# measured" in declaration.texts["imported-csv.yaml"]
    declaration.model()


def test_a_need_that_was_turned_into_a_choice_is_not_taken_apart(declaration: Declaration) -> None:
    declaration.edit("    needs: [db]\n", "    needs: [{any: [db, cache]}]\n")
    result = bring(declaration, ROWS["web"] + ROWS["cache"], "parent,child,type\n")
    assert declaration.resource("web")["needs"] == [{"any": ["db", "cache"]}]
    assert "the source no longer has db, your text still does" in details(result, "web")
    # The database is gone from the source, but a person refers to it.
    assert fates(result.account)["db"] == "kept"
    declaration.model()


def test_an_entry_that_was_removed_by_hand_stays_away_with_all_that_would_name_it(declaration: Declaration) -> None:
    text = declaration.texts["imported-csv.yaml"]
    start = text.index("  db:\n")
    declaration.texts["imported-csv.yaml"] = text[:start] + text[text.index("  web:\n") :]
    for _ in range(2):
        result = bring(declaration, "".join(ROWS.values()))
        assert fates(result.account)["db"] == "unwanted"
        assert "db" not in declaration.section("resources")
        assert "needs" not in declaration.resource("web")
        assert left(result.account)["web [Depends on::Used by] db"][0] == (
            "a relation to something that you removed from the declaration"
        )
        declaration.model()


def test_what_is_written_elsewhere_by_hand_is_referred_to_and_not_written_twice(declaration: Declaration) -> None:
    declaration.texts["own.yaml"] = "resources:\n  db: {kind: database, title: The ledger}\n"
    result = bring(declaration, "".join(ROWS.values()))
    assert fates(result.account)["db"] == "removed"
    assert declaration.resource("web")["needs"] == ["db"]
    assert left(result.account)["database db"] == ("declared already", "db in own.yaml:2")
    assert declaration.model().resources["db"].title == "The ledger"


def test_a_group_made_by_hand_is_nobodys_member_and_no_end_of_a_flow(declaration: Declaration) -> None:
    declaration.texts["own.yaml"] = "resources:\n  db: {kind: database, members: [db-a]}\n  db-a: {kind: database}\n"
    relations = "parent,child,type\nweb,db,Sends data to::Receives data from\ncache,db,Cluster of::Cluster\n"
    bring(declaration, "".join(ROWS.values()), relations)
    declaration.model()


def test_an_imported_resource_that_a_person_made_a_group_is_theirs(declaration: Declaration) -> None:
    declaration.edit(
        "  db:\n    kind: database\n", "  db-1: {kind: database}\n  db:\n    kind: database\n    members: [db-1]\n"
    )
    declaration.edit("    site: Delft\n    owner: Team B\n", "    owner: Team B\n")
    relations = f"{NEEDS}web,db,Sends data to::Receives data from\n"
    result = bring(declaration, "".join(ROWS.values()), relations)
    assert fates(result.account)["db"] == "yours"
    assert declaration.model().groups["db"].members == ("db-1",)


def test_a_group_that_loses_members_keeps_a_quorum_it_can_have() -> None:
    declaration = Declaration()
    rows = "9,pool,cluster,,\n" + "".join(f"{number},h{number},server,,\n" for number in range(1, 4))
    relations = "parent,child,type\n" + "".join(f"pool,h{number},Members::Member of\n" for number in range(1, 4))
    bring(declaration, rows, relations)
    declaration.edit("members: [h1, h2, h3]", "members: [h1, h2]")
    declaration.edit("quorum: 3", "quorum: 2")
    bring(declaration, rows.replace("1,h1,server,,\n", ""), relations.replace("pool,h1,Members::Member of\n", ""))
    assert declaration.resource("pool")["members"] == ["h2"]
    assert declaration.resource("pool")["quorum"] == "1"
    declaration.model()


def test_other_sections_and_entries_of_the_file_stay(declaration: Declaration) -> None:
    declaration.texts["imported-csv.yaml"] += (
        "\n# Mine.\nroles:\n  coo: {title: Chief operating officer}  # deputy open\n"
    )
    declaration.edit("  web:\n", "  my-own:  # by hand\n    kind: host\n  web:\n")
    result = bring(declaration, ROWS["web"], "parent,child,type\n")
    text = declaration.texts["imported-csv.yaml"]
    assert "# Mine.\nroles:\n  coo: {title: Chief operating officer}  # deputy open\n" in text
    assert "  my-own:  # by hand\n    kind: host\n" in text
    assert fates(result.account)["my-own"] == "yours"
    declaration.model()


def test_without_the_record_everything_counts_as_written_by_hand(declaration: Declaration) -> None:
    del declaration.texts["import/csv.json"]
    rows = "".join(ROWS.values()).replace("Team B", "Team C") + "4,queue,application,,\n"
    result = bring(declaration, rows)
    assert declaration.resource("db")["owner"] == "Team B"
    assert "counts as written by hand" in result.account.notes[0]
    assert fates(result.account)["queue"] == "new"
    declaration.model()


def test_a_file_that_cannot_be_taken_apart_is_refused_whole(declaration: Declaration) -> None:
    for text, code in (
        ("resources: {web: {kind: host}, db: {kind: host}}\n", "HF155"),
        ("resources: {\n  web: {kind: host}}\n", "HF155"),
        ("resources:\n  web: {kind: host\n", "HF102"),
        ("- web\n", "HF155"),
    ):
        declaration.texts["imported-csv.yaml"] = text
        result, findings = declaration.attempt("csv", {"assets.csv": HEAD + ROWS["web"]})
        assert result is None
        assert code in {finding.code for finding in findings}
    declaration.texts["import/csv.json"] = '{"form": 1, "names": {}, "entries": [{"section": "no"}]}'
    _, findings = declaration.attempt("csv", {"assets.csv": HEAD + ROWS["web"]})
    assert "HF156" in {finding.code for finding in findings}


def test_flows_are_merged_as_a_list() -> None:
    declaration = Declaration()
    relations = (
        "parent,child,type,port\nweb,db,Sends data to::Receives data from,5432\nweb,cache,Sends data to::R,6379\n"
    )
    bring(declaration, "".join(ROWS.values()), relations)
    declaration.edit("  - {from: web, to: cache, port: 6379}\n", "  - {from: cache, to: db, port: 1}  # mine\n")
    result = bring(declaration, "".join(ROWS.values()), relations)
    assert {change.name: change.fate for change in result.account.changes if change.section == "flows"} == {
        "cache -> db 1/tcp": "yours",
        "web -> cache 6379/tcp": "unwanted",
        "web -> db 5432/tcp": "unchanged",
    }
    assert "  - {from: cache, to: db, port: 1}  # mine\n" in declaration.texts["imported-csv.yaml"]
    assert len(declaration.model().flows) == 2


def test_two_imports_live_side_by_side(declaration: Declaration) -> None:
    compose = "services:\n  web: {image: nginx, depends_on: [db]}\n  db: {image: postgres}\n  mail: {image: postfix}\n"
    result = declaration.bring("compose", {"compose.yaml": compose})
    assert left(result.account)["application web"][0] == "declared already"
    assert set(declaration.section("resources", "imported-compose.yaml")) == {"mail"}
    declaration.model()
    assert fates(bring(declaration, "".join(ROWS.values())).account) == {}


def test_a_guess_that_is_confirmed_or_corrected_stays_so() -> None:
    declaration = Declaration()
    rows = "1,pay,business service,,Ada\n"
    bring(declaration, rows, "parent,child,type\n")
    text = declaration.texts["imported-csv.yaml"]
    assert "    rto: 2h  # guessed" in text
    line = next(line for line in text.splitlines() if "rto:" in line)
    declaration.edit(line, "    rto: 45m")
    result = bring(declaration, rows.replace("Ada", "Bo"), "parent,child,type\n")
    assert "    rto: 45m\n" in declaration.texts["imported-csv.yaml"]
    assert declaration.model().services["pay"].owner == "Bo"
    assert Change("services", "pay", "updated", ("owner follows the source",)) in result.account.changes


def pools(first: str, second: str) -> str:
    return f"parent,child,type\n{first},{second},Members::Member of\n"


@pytest.mark.parametrize("edit", ["  # seen", ""])
def test_groups_and_members_that_trade_places(edit: str) -> None:
    declaration = Declaration()
    rows = "1,a,cluster,,\n2,b,cluster,,\n3,c,server,,\n"
    bring(declaration, rows, pools("a", "b"))
    declaration.edit("    members: [b]\n", f"    members: [b]{edit}\n")
    bring(declaration, rows, pools("b", "c"))
    model = declaration.model()
    assert ("b" in model.groups) == (not edit)
    assert model.resources["a"].kind == "host"


def test_a_group_whose_members_a_person_edited_stays_a_group() -> None:
    declaration = Declaration()
    rows = "1,a,cluster,,\n2,b,server,,\n3,c,server,,\n"
    bring(declaration, rows, pools("a", "b"))
    declaration.edit("    members: [b]\n", "    members: [b, c]\n")
    result = bring(declaration, rows, "parent,child,type\nb,a,Sends data to::Receives data from\n")
    # The source took its member away and the person's stays; a flow to what the source takes for a host is left.
    assert declaration.model().groups["a"].members == ("c",)
    assert "b [Sends data to::Receives data from] a" in left(result.account)


def test_what_stays_because_it_is_referred_to_keeps_its_members() -> None:
    declaration = Declaration()
    bring(declaration, "1,old,cluster,,\n2,b,cluster,,\n3,c,server,,\n", pools("old", "b"))
    declaration.texts["own.yaml"] = "resources:\n  app: {kind: application, needs: [old]}\n"
    result = bring(declaration, "2,b,cluster,,\n3,c,server,,\n", pools("b", "c"))
    model = declaration.model()
    assert model.groups["old"].members == ("b",)
    assert model.resources["b"].kind == "host"
    assert fates(result.account)["old"] == "kept"


def test_an_entry_that_is_edited_in_place_keeps_its_letters(declaration: Declaration) -> None:
    mine = "    tier: +7\n    title: 1e3\n    shares: {a: 0x1F, b: 2026-05-12 10:00:00 +01:00, c: yes}\n"
    declaration.edit("    owner: Team B\n", f"    owner: 'Team B'\n{mine}")
    rows = "".join(ROWS.values()).replace("2,db,database,Delft", "2,db,database,Leiden")
    bring(declaration, rows)
    text = declaration.texts["imported-csv.yaml"]
    assert "    site: Leiden\n" in text
    assert f"    owner: 'Team B'\n{mine}" in text


def test_an_entry_that_a_person_renames_stays_itself(declaration: Declaration) -> None:
    declaration.edit("  db:\n", "  ledger-db:\n")
    for _ in range(2):
        result = bring(declaration, "".join(ROWS.values()))
        assert fates(result.account).keys() <= {"web", "ledger-db"}
        assert declaration.resource("web")["needs"] == ["ledger-db"]
        assert declaration.resource("ledger-db")["title"] == "db"
        declaration.model()
    result = bring(declaration, "".join(ROWS.values()).replace("Team B", "Team C"))
    assert declaration.resource("ledger-db")["owner"] == "Team C"


def test_a_rename_is_told(declaration: Declaration) -> None:
    declaration.edit("  db:\n", "  ledger-db:\n")
    result = bring(declaration, "".join(ROWS.values()))
    assert "db is now ledger-db, as you renamed it" in result.account.notes


@pytest.mark.parametrize("other", ["    kind: database\n    site: Delft\n", "    kind: host\n"])
def test_an_entry_that_says_something_else_or_stands_elsewhere_is_no_rename(
    declaration: Declaration, other: str
) -> None:
    db = "    kind: database\n    site: Delft\n    owner: Team B\n"
    declaration.edit(f"  db:\n{db}", f"  ledger-db:\n{other}")
    assert fates(bring(declaration, "".join(ROWS.values())).account)["db"] == "unwanted"
    again = Declaration()
    bring(again, "".join(ROWS.values()))
    again.edit(f"  db:\n{db}", "")
    again.texts["imported-csv.yaml"] += f"  zz:\n{db}"
    assert fates(bring(again, "".join(ROWS.values())).account)["db"] == "unwanted"


def test_an_entry_moved_to_another_file_is_not_said_to_be_removed(declaration: Declaration) -> None:
    db = "  db:\n    kind: database\n    site: Delft\n    owner: Team B\n"
    declaration.edit(db, "")
    declaration.texts["own.yaml"] = f"resources:\n{db}"
    result = bring(declaration, "".join(ROWS.values()))
    assert fates(result.account) == {"db": "yours"}
    assert details(result, "db") == "you declare it in another file"
    assert declaration.resource("web")["needs"] == ["db"]


def test_comments_stay_with_the_items_of_a_list(declaration: Declaration) -> None:
    declaration.edit("    needs: [db]\n", "    needs:\n      - db  # why\n      - cache  # also\n")
    rows = "".join(ROWS.values()) + "4,queue,application,,\n"
    bring(declaration, rows, f"{NEEDS}web,queue,Depends on::Used by\n")
    assert "      - db  # why\n      - cache  # also\n      - queue\n" in declaration.texts["imported-csv.yaml"]
    bring(declaration, rows, "parent,child,type\nweb,queue,Depends on::Used by\n")
    text = declaration.texts["imported-csv.yaml"]
    assert "    needs:\n      - cache  # also\n      - queue\n" in text
    assert "why" not in text


def test_a_guess_is_confirmed_by_taking_its_comment_away() -> None:
    declaration = Declaration()
    head, low, critical = "id,name,class,criticality\n", "1,pay,business service,low\n", "1,pay,business service,high\n"
    declaration.bring("csv", {"a.csv": head + low})
    rto = next(line for line in declaration.texts["imported-csv.yaml"].splitlines() if "rto:" in line)
    declaration.edit(rto, "    rto: 1d")
    result = declaration.bring("csv", {"a.csv": head + critical})
    service = declaration.section("services")["pay"]
    assert isinstance(service, dict)
    # The confirmed one stays, the guess beside it follows the source.
    assert (service["rto"], service["rpo"]) == ("1d", "15m")
    assert "rto: yours is confirmed, what would be guessed now is 4h" in details(result, "pay")


def test_other_line_endings_touch_nothing(declaration: Declaration) -> None:
    declaration.texts["imported-csv.yaml"] = declaration.texts["imported-csv.yaml"].replace("\n", "\r\n")
    result = bring(declaration, "".join(ROWS.values()).replace("Team B", "Team C"))
    assert fates(result.account) == {"db": "updated"}
    assert "\r" not in declaration.texts["imported-csv.yaml"]


def test_another_source_under_the_same_name_is_refused(declaration: Declaration) -> None:
    result, findings = declaration.attempt("compose", {"c.yaml": "services: {a: {image: x}}"}, name="csv")
    assert result is None
    assert [finding.code for finding in findings] == ["HF158"]


def test_a_table_that_is_missing_takes_nothing_away(declaration: Declaration) -> None:
    result, findings = declaration.attempt("csv", {"more.csv": "id,name,class\n7,x,server\n"})
    assert result is None
    assert {finding.message.split()[1] for finding in findings} == {"assets.csv", "relations.csv"}


def test_the_mapping_of_last_month_is_that_of_this_month() -> None:
    declaration = Declaration()
    rows = "id,name,class\n1,web,widget\n"
    declaration.bring("csv", {"ci 2026-05.csv": rows})
    declaration.edit("widget: application?", "widget: network", file="import/csv.yaml")
    mapping = declaration.texts["import/csv.yaml"]
    result = declaration.bring("csv", {"ci 2026-06.csv": f"{rows}2,db,database\n"})
    assert result.read == ("ci 2026-06.csv: 2 rows, utf-8, commas, as assets, by the mapping of ci 2026-05.csv",)
    assert declaration.resource("web") == {"kind": "network"}
    assert fates(result.account) == {"db": "new", "web": "updated"}
    assert declaration.texts["import/csv.yaml"] == mapping


def test_files_that_are_gone_are_said() -> None:
    declaration = Declaration()
    text = "services: {{{}: {{image: x}}}}"
    declaration.bring("compose", {"a.yaml": text.format("a"), "b.yaml": text.format("b")})
    result = declaration.bring("compose", {"a.yaml": text.format("a")})
    assert fates(result.account) == {"b": "removed"}
    assert any(note.endswith("is gone: b.yaml") for note in result.account.notes)
