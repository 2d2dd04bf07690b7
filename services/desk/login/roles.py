"""What a person may do, by what their organisation's login says of them."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.desk.interface import Role
from services.messages.language_tag import language_of

ROLES: Mapping[str, Role] = {
    "reviewer": "reviewer",
    "supervisor": "supervisor",
    "auditor": "auditor",
}
# Who reads another language than the desk's own reviews, too: `reviewer-cy`.
_reads = re.compile(r"reviewer-([a-z]{2,3})").fullmatch


class Granted(NamedTuple):
    """The roles of a person, and the languages besides the desk's own that they read."""

    roles: frozenset[Role]
    languages: frozenset[str]


def granted(names: Iterable[str]) -> Granted:
    """Return what names of roles grant; a name that is not in the table grants nothing."""
    roles: set[Role] = set()
    languages: set[str] = set()
    for name in names:
        if name in ROLES:
            roles.add(ROLES[name])
        if found := _reads(name):
            roles.add("reviewer")
            languages.add(language_of(found[1]))
    return Granted(frozenset(roles), frozenset(languages - {""}))


def named_in(claims: Mapping[str, object], claim: str) -> list[str]:
    """Return the names of roles that a token's claim holds.

    Args:
        claims: What a token says.
        claim: The claim's whole name, or the path to it with dots: `realm_access.roles`.

    Returns:
        Those of a list; the words of a text; none where there is no such claim.
    """
    match _at(claims, claim):
        case str() as text:
            return text.split()
        case list() as names:
            return [name for name in names if isinstance(name, str)]
        case _:
            return []


def _at(claims: Mapping[str, object], claim: str) -> object:
    if claim in claims:
        return claims[claim]
    found: object = claims
    for part in claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
