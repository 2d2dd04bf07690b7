"""Who asks, and whether a form is the desk's own: what the pages need to know of signing in."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.desk.interface import Person
from services.desk.login import csrf
from services.desk.login.seal import Seal
from services.desk.login.session import Session

# Shows the page that asks people to sign in: with a status, and a sentence that says why.
Show = Callable[[Request, int, str], Response]
Now = Callable[[], datetime]

SIGN_IN = "/sign-in"
SIGNED_IN = "/signed-in"
# Where the pages say that somebody is signed out.
SIGNED_OUT = "/signed-out"
SEE_OTHER = 303


class WayIn(Protocol):
    """How people come in and go out: at a provider, or on this machine by themselves."""

    def session_of(self, request: HTTPConnection) -> Session | None:
        """Return whose session it is, if one."""

    def routes(self, show: Show) -> Sequence[BaseRoute]:
        """Return the routes that let people in and out."""

    def sign_out(self, request: HTTPConnection) -> Response:
        """End a session, and say where that leads."""


class Login:
    """Who asks, and whether a form is the desk's own.

    Args:
        way: How people come in.
        seal: Signs forms.
        url: The address at which people open the desk; None where it serves this machine alone.
    """

    def __init__(self, way: WayIn, seal: Seal, url: str | None) -> None:
        self.url = url
        self.routes = way.routes
        self.sign_out = way.sign_out
        self._session_of = way.session_of
        self._seal = seal

    def person_of(self, request: HTTPConnection) -> Person | None:
        """Return who asks; None where nobody is signed in: `/sign-in?back=PATH` is the way then."""
        session = self._session_of(request)
        return session.person if session else None

    def token_of(self, request: HTTPConnection) -> str:
        """Return what each form carries in the field `token`; nothing where nobody is signed in."""
        session = self._session_of(request)
        return csrf.form_token(self._seal, session) if session else ""

    def is_own_form(self, request: HTTPConnection, token: str) -> bool:
        """Tell whether a form that was sent is one that this person was given."""
        session = self._session_of(request)
        return session is not None and csrf.is_own_form(self._seal, session, token)


def back_to(asked: str | None) -> str:
    """Return where somebody goes who has signed in: a path of the desk, whatever was asked."""
    path = asked or "/"
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return "/"
    return path
