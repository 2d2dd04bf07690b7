"""Sessions without a store: a signed cookie says who is signed in, and until when."""

import secrets
from typing import NamedTuple

import msgspec
from starlette.requests import HTTPConnection
from starlette.responses import Response

from services.desk.interface import Person, Role
from services.desk.login.seal import Purpose, Seal


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What the cookie says; `expires` in seconds since 1970.

    Args:
        id: Drawn at each sign-in; forms are bound to it.
    """

    id: str
    pseudonym: str
    roles: list[Role]
    languages: list[str]
    expires: float

    @property
    def person(self) -> Person:
        """Who is signed in."""
        return Person(self.pseudonym, frozenset(self.roles), frozenset(self.languages))


def session_for(person: Person, expires: float) -> Session:
    """Begin a session."""
    return Session(
        id=secrets.token_urlsafe(16),
        pseudonym=person.pseudonym,
        roles=sorted(person.roles),
        languages=sorted(person.languages),
        expires=expires,
    )


class Cookie(NamedTuple):
    """A signed cookie that scripts cannot read and other sites cannot have sent with a form.

    Args:
        purpose: What it is for.
        seal: Signs it.
        secure: Whether it goes over HTTPS alone, for this very host and no other of its domain.
    """

    purpose: Purpose
    seal: Seal
    secure: bool

    @property
    def name(self) -> str:
        """What browsers call it; those with `__Host-` no other host of a domain can set."""
        return f"{'__Host-' if self.secure else ''}desk-{self.purpose}"

    def set(self, response: Response, value: object, seconds: float) -> None:
        """Give a value to the browser, for so long."""
        written = self.seal.write(self.purpose, value)
        response.set_cookie(
            self.name, written, int(seconds), secure=self.secure, httponly=True, samesite="lax"
        )

    def clear(self, response: Response) -> None:
        """Take it from the browser."""
        response.delete_cookie(self.name, secure=self.secure, httponly=True, samesite="lax")

    def written(self, request: HTTPConnection) -> str:
        """Return what a browser sent, which anybody may have written."""
        return request.cookies.get(self.name, "")
