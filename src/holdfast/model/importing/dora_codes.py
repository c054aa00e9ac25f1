"""The closed lists and headings of the register of information: Implementing Regulation (EU) 2024/2956, Annexes I, III.

Codes are those of the EBA's data point model, in which registers are reported; labels are the Annex's. All in small
letters.
"""

from __future__ import annotations

from collections.abc import Mapping

YES, NO, NOT_PERFORMED = "yes", "no", "not-performed"

# The templates that say something of resilience; the others say who belongs to the group, and what things cost.
TEMPLATES: Mapping[str, str] = {
    "B_01.01": "entity maintaining the register",
    "B_02.01": "contractual arrangements, general information",
    "B_02.02": "contractual arrangements, specific information",
    "B_03.02": "providers signing the arrangements",
    "B_05.01": "ICT third-party service providers",
    "B_05.02": "ICT service supply chains",
    "B_06.01": "functions identification",
    "B_07.01": "assessment of the ICT services",
}

CRITICAL: Mapping[str, str] = {
    **dict.fromkeys(("yes", "eba_bt:x28", "true", "1", "ja", "oui", "si"), YES),
    **dict.fromkeys(("no", "eba_bt:x29", "false", "2", "nein", "non", "nee"), NO),
    **dict.fromkeys(("assessment not performed", "eba_bt:x21", "3"), NOT_PERFORMED),
}

# As words of criticality; an assessment that was not performed says nothing.
IMPACTS: Mapping[str, str] = {
    **dict.fromkeys(("high", "eba_zz:x793", "3"), "critical"),
    **dict.fromkeys(("medium", "eba_zz:x792", "2"), "high"),
    **dict.fromkeys(("low", "eba_zz:x791", "1"), "medium"),
}

SUBSTITUTABILITY: Mapping[str, str] = {
    **dict.fromkeys(("not substitutable", "eba_zz:x959", "1"), "not-substitutable"),
    **dict.fromkeys(("highly complex substitutability", "highly complex", "eba_zz:x960", "2"), "highly-complex"),
    **dict.fromkeys(
        ("medium complexity in terms of substitutability", "medium complexity", "eba_zz:x961", "3"), "medium-complexity"
    ),
    **dict.fromkeys(("easily substitutable", "eba_zz:x962", "4"), "easily-substitutable"),
}

REINTEGRATION: Mapping[str, str] = {
    **dict.fromkeys(("easy", "eba_zz:x798", "1"), "easy"),
    **dict.fromkeys(("difficult", "eba_zz:x966", "2"), "difficult"),
    **dict.fromkeys(("highly complex", "highly-complex", "eba_zz:x967", "3"), "highly-complex"),
}

_SERVICES = (
    *("ICT project management", "ICT development", "ICT help desk and first level support"),
    *("ICT security management services", "Provision of data", "Data analysis"),
    *("ICT, facilities and hosting services (excluding cloud services)", "Computation", "Non-cloud data storage"),
    *("Telecom carrier", "Network infrastructure", "Hardware and physical devices"),
    *("Software licensing (excluding SaaS)", "ICT operation management (including maintenance)", "ICT consulting"),
    *("ICT risk management", "Cloud services: IaaS", "Cloud services: PaaS", "Cloud services: SaaS"),
)
SERVICE_TYPES: Mapping[str, str] = {
    code: name
    for number, name in enumerate(_SERVICES, start=1)
    for code in (f"s{number:02}", f"eba_ta:s{number:02}", name.casefold())
}

_REFERENCE = "contractual arrangement reference number"
_CODE = "identification code of the ict third party service provider"
# Headings without anything but letters, as a reader of a spreadsheet may have them.
HEADINGS: Mapping[str, Mapping[str, str]] = {
    "B_01.01": {
        "lei of the entity maintaining the register of information": "0010",
        "name of the entity": "0020",
        "date of the reporting": "0060",
        "date of reporting": "0060",
    },
    "B_02.01": {
        _REFERENCE: "0010",
        "type of contractual arrangement": "0020",
        "overarching contractual arrangement reference number": "0030",
    },
    "B_02.02": {
        _REFERENCE: "0010",
        _CODE: "0030",
        "function identifier": "0050",
        "type of ict services": "0060",
        "start date of the contractual arrangement": "0070",
        "end date of the contractual arrangement": "0080",
        "notice period for the financial entity making use of the ict service s": "0100",
        "notice period for the financial entity": "0100",
        "notice period for the ict third party service provider": "0110",
        "level of reliance on the ict service supporting the critical or important function": "0180",
    },
    "B_03.02": {_REFERENCE: "0010", _CODE: "0020"},
    "B_05.01": {
        _CODE: "0010",
        "identification code of ict third party service provider": "0010",
        "name of the ict third party service provider": "0030",
        "legal name of the ict third party service provider": "0050",
        "name of the ict third party service provider in latin alphabet": "0060",
        "type of person of the ict third party service provider": "0070",
        "identification code of the ict third party service provider s ultimate parent undertaking": "0110",
        "identification code of the provider s ultimate parent undertaking": "0110",
        "type of code to identify the ict third party service provider s ultimate parent undertaking": "0120",
    },
    "B_05.02": {
        _REFERENCE: "0010",
        "type of ict services": "0020",
        _CODE: "0030",
        "rank": "0050",
        "identification code of the recipient of sub contracted ict services": "0060",
    },
    "B_06.01": {
        "function identifier": "0010",
        "licenced activity": "0020",
        "licensed activity": "0020",
        "function name": "0030",
        "criticality or importance assessment": "0050",
        "reasons for criticality or importance": "0060",
        "date of the last assessment of criticality or importance": "0070",
        "recovery time objective of the function": "0080",
        "recovery point objective of the function": "0090",
        "impact of discontinuing the function": "0100",
    },
    "B_07.01": {
        _REFERENCE: "0010",
        _CODE: "0020",
        "type of ict services": "0040",
        "substitutability of the ict third party service provider": "0050",
        "date of the last audit on the ict third party service provider": "0070",
        "existence of an exit plan": "0080",
        "possibility of reintegration of the contracted ict service": "0090",
        "impact of discontinuing the ict services": "0100",
        "are there alternative ict third party service providers identified": "0110",
        "identification of alternative ict tpp": "0120",
        "identification of alternative ict third party service providers": "0120",
    },
}
