from typing import Any

import pytest

from services.desk.login.roles import granted, named_in


@pytest.mark.parametrize(
    ("names", "roles", "languages"),
    [
        (["reviewer"], {"reviewer"}, set()),
        (["reviewer-cy"], {"reviewer"}, {"cy"}),
        (["reviewer-cym", "reviewer-pl", "supervisor"], {"reviewer", "supervisor"}, {"cy", "pl"}),
        (["auditor"], {"auditor"}, set()),
        (["reviewer-und"], {"reviewer"}, set()),
        (["Reviewer", "admin", "reviewer-", "reviewer-Cy", "reviewer-cy-x", ""], set(), set()),
        ([], set(), set()),
    ],
)
def test_the_names_of_roles_grant_what_the_table_says(
    names: list[str], roles: set[str], languages: set[str]
) -> None:
    """Each known name grants its role, and one with a language its readers'; others nothing."""
    assert [{*each} for each in granted(names)] == [roles, languages]


@pytest.mark.parametrize(
    ("claims", "claim", "names"),
    [
        ({"roles": ["reviewer", "auditor"]}, "roles", ["reviewer", "auditor"]),
        ({"roles": "reviewer auditor"}, "roles", ["reviewer", "auditor"]),
        ({"realm_access": {"roles": ["auditor"]}}, "realm_access.roles", ["auditor"]),
        ({"https://a.example/roles": ["auditor"]}, "https://a.example/roles", ["auditor"]),
        ({"roles": ["reviewer", 7, None]}, "roles", ["reviewer"]),
        ({"roles": {"reviewer": True}}, "roles", []),
        ({"realm_access": ["auditor"]}, "realm_access.roles", []),
        ({}, "roles", []),
    ],
)
def test_roles_are_read_where_providers_put_them(
    claims: dict[str, Any], claim: str, names: list[str]
) -> None:
    """A list, words, a path with dots and a name that is an address are read; all else is none."""
    assert named_in(claims, claim) == names
