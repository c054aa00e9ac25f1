"""The register of information: providers, arrangements, chains, functions and assessments, in every layout in use."""

from __future__ import annotations

import pytest

from holdfast.model.types import AllOf, On
from tests.holdfast.model.importing.imports import Declaration, example, guessed, left


def files(**changed: str) -> dict[str, str | bytes]:
    """Return the example's templates, some of them replaced (``b_05_01`` for ``b_05.01.csv``)."""
    whole: dict[str, str | bytes] = dict(example("dora"))
    return whole | {f"{name[:4]}.{name[5:]}.csv": text for name, text in changed.items()}


def test_a_register_in_the_reporting_format() -> None:
    declaration = Declaration()
    result = declaration.bring("dora", example("dora"))
    model = declaration.model()
    assert model.institution == "Kestrel Bank N.V."
    assert set(model.services) == {"euro-payments", "consumer-lending"}
    payments = model.services["euro-payments"]
    assert payments.modes[0].needs == AllOf((On("CT-100"), On("CT-101"), On("linden-telecom-b.v")))
    assert (payments.rto_ms, payments.rpo_ms) == (7_200_000, 3_600_000)
    cloud = model.resources["CT-100"].supplier
    assert cloud is not None
    assert cloud.contract is not None
    assert (cloud.contract.reference, cloud.contract.starts, cloud.contract.ends) == ("CT-100", "2022-04-01", None)
    assert (cloud.contract.notice_ms, cloud.contract.critical) == (180 * 86_400_000, True)
    assert (cloud.contract.audited, cloud.contract.reintegration) == ("2025-05-20", "highly-complex")
    assert cloud.substitutability == "highly-complex"
    assert cloud.exit is not None
    assert cloud.exit.plan_seen == "2025-12-31"
    assert model.resources["CT-100"].needs == AllOf((On("alto-cloud-services-ltd"),))
    alto = model.resources["alto-cloud-services-ltd"].supplier
    assert alto is not None
    assert alto.subcontracts == ("granite-data-centres-plc",)
    telecom = model.resources["linden-telecom-b.v"].supplier
    assert telecom is not None
    assert telecom.substitute == "granite-data-centres-plc"
    saas = model.resources["CT-101"].supplier
    assert saas is not None
    assert saas.exit is None  # the register says that there is no plan
    assert left(result.account)["function Paper statements"] == ("a function that is not critical or important",)
    assert any("1 hour is reported" in why for why in guessed(result.account)["service Euro payments"])
    assert "    rpo: 1h  # guessed: 1 hour is reported" in declaration.texts["imported-dora.yaml"]
    assert not any("assessment of CT-100" in what for what in left(result.account))
    assert any("assessment was not performed" in why for why in guessed(result.account)["service Consumer lending"])


def test_the_older_layouts_give_the_same() -> None:
    new, old = Declaration(), Declaration()
    new.bring("dora", files())
    providers = "c0010,c0020,c0030,c0040,c0050,c0060,c0070,c0080,c0090\n"
    names = ("Alto Cloud Services Ltd", "Linden Telecom B.V.", "Paper & Post B.V.", "Granite Data Centres plc")
    codes = ("ALTOCLOUD000021", "LINDENTELCO032", "PAPERPOST00443", "GRANITEDC00550")
    providers += "".join(f"529900{code},LEI,{name},,,,,,\n" for code, name in zip(codes, names, strict=True))
    functions = "c0010,c0020,c0030,c0040,c0050,c0060,c0070,c0080,c0090,c0100,c0110\n"
    functions += (
        "F1,x,Euro payments,L,L2,eba_BT:x28,No substitute for clients within a day,2025-09-30,2,1,eba_ZZ:x793\n"
    )
    functions += "F2,x,Consumer lending,L,L2,eba_BT:x21,,9999-12-31,0,0,eba_ZZ:x792\n"
    functions += "F3,x,Paper statements,L,L2,eba_BT:x29,,2025-09-30,120,24,eba_ZZ:x791\n"
    old.bring("dora", files(b_05_01=providers, b_06_01=functions))
    assert old.texts["imported-dora.yaml"] == new.texts["imported-dora.yaml"]


def test_long_codes_and_the_headings_of_the_annex() -> None:
    plain = Declaration()
    plain.bring("dora", files())
    whole = {name: data for name, data in files().items() if name != "b_05.02.csv"}
    chain = "b_05.02.0010;b_05.02.0020;b_05.02.0030;b_05.02.0040;b_05.02.0050;b_05.02.0060\n"
    chain += "Contractual arrangement reference number;Type of ICT services;Identification code of the ICT third-party "
    chain += (
        "service provider;Type of code to identify the ICT third-party service provider;Rank;Identification code of "
    )
    chain += (
        "the recipient of sub-contracted ICT services\nAlphanumerical;Closed set of options;Pattern;Pattern;Natural "
    )
    chain += "number;Pattern\nCT-100;eba_TA:S17;529900GRANITEDC00550;LEI;2;529900ALTOCLOUD000021\n"
    coded = Declaration()
    coded.bring("dora", {**whole, "chain.csv": chain})
    assert coded.texts["imported-dora.yaml"] == plain.texts["imported-dora.yaml"]
    headed = Declaration()
    headed.bring("dora", {**whole, "supply chains.csv": chain.partition("\n")[2]})
    assert headed.texts["imported-dora.yaml"] == plain.texts["imported-dora.yaml"]


def test_labels_are_read_as_codes_are_and_the_worse_of_two_assessments_counts() -> None:
    assessments = "c0010,c0020,c0030,c0040,c0050,c0060,c0070,c0080\n"
    assessments += "CT-102,529900LINDENTELCO032,LEI,S10,Easily substitutable,,,Yes\n"
    assessments += "CT-102,529900LINDENTELCO032,LEI,S11,Not substitutable,,9999-12-31,No\n"
    declaration = Declaration()
    declaration.bring("dora", files(b_07_01=assessments))
    telecom = declaration.model().resources["linden-telecom-b.v"].supplier
    assert telecom is not None
    assert telecom.substitutability == "not-substitutable"
    assert telecom.exit is None


def test_an_audit_is_not_taken_for_a_test_of_continuity() -> None:
    declaration = Declaration()
    declaration.bring("dora", files())
    assert all("continuity" not in declaration.resource(name, "imported-dora.yaml") for name in ("CT-100", "CT-101"))


def test_a_provider_that_no_other_template_names_is_there_by_its_code() -> None:
    chain = "c0010,c0020,c0030,c0040,c0050,c0060\nCT-100,S17,NEWCODE,LEI,3,529900GRANITEDC00550\n"
    declaration = Declaration()
    declaration.bring("dora", files(b_05_02=chain))
    granite = declaration.model().resources["granite-data-centres-plc"].supplier
    assert granite is not None
    assert granite.subcontracts == ("NEWCODE",)


@pytest.mark.parametrize("name", ["notes.csv", "b_02.02.csv"])
def test_what_is_no_template_is_refused(name: str) -> None:
    result, findings = Declaration().attempt("dora", {name: "animal,legs\ncat,4\n"})
    assert result is None
    assert [finding.code for finding in findings] == ["HF154"]


def test_a_template_without_resilience_is_left_row_by_row() -> None:
    declaration = Declaration()
    result = declaration.bring("dora", {**files(), "b_04.01.csv": "c0010,c0020\nCT-100,529900KESTRELBANK0018\n"})
    assert left(result.account)["row of B_04.01"] == ("a template that says nothing of resilience",)


def test_the_register_again_changes_nothing() -> None:
    declaration = Declaration()
    declaration.bring("dora", files())
    before = declaration.texts["imported-dora.yaml"]
    assert {change.fate for change in declaration.bring("dora", files()).account.changes} == {"unchanged"}
    assert declaration.texts["imported-dora.yaml"] == before
