"""Who asks, and whether a form is the desk's own: all that the pages need to know of signing in."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.desk.interface import NotNowError, Person
from services.desk.login import csrf
from services.desk.login.seal import Seal
from services.desk.login.session import Session

# Shows a page of one sentence: of a request, with a status and a heading.
Show = Callable[[Request, int, str, str], Response]
# Sends what a person decided and gives back what they hold, before they go.
Leave = Callable[[Person], Awaitable[None]]
Now = Callable[[], datetime]

SIGN_IN = "/sign-in"
SIGNED_IN = "/signed-in"
SIGN_OUT = "/sign-out"
SIGNED_OUT = "/signed-out"
SEE_OTHER = 303
FORBIDDEN = 403
OUT = ("You are signed out", "Close the browser where others use it, too.")


class WayIn(Protocol):
    """How people come in and go out: at a provider, or on this machine by themselves."""

    def session_of(self, request: HTTPConnection) -> Session | None:
        """Return whose session it is, if one."""

    def routes(self, show: Show) -> Sequence[BaseRoute]:
        """Return the routes that let people in."""

    async def sign_out(self, request: Request, show: Show) -> Response:
        """End a session."""


class Login:
    """Who asks, and whether a form is the desk's own.

    Args:
        way: How people come in.
        seal: Signs forms.
    """

    def __init__(self, way: WayIn, seal: Seal) -> None:
        self._way = way
        self._seal = seal

    def person_of(self, request: HTTPConnection) -> Person | None:
        """Return who asks; None where nobody is signed in: `/sign-in?back=PATH` is the way then."""
        session = self._way.session_of(request)
        return session.person if session else None

    def form_token(self, request: HTTPConnection) -> str:
        """Return what each form carries in the field `token`; nothing where nobody is signed in."""
        session = self._way.session_of(request)
        return csrf.form_token(self._seal, session) if session else ""

    def is_own_form(self, request: HTTPConnection, token: str | None) -> bool:
        """Tell whether a form that was sent is one that this person was given."""
        session = self._way.session_of(request)
        return session is not None and csrf.is_own_form(self._seal, session, token)

    def routes(self, show: Show, leave: Leave) -> Sequence[BaseRoute]:
        """Return the routes of signing in and out.

        Args:
            show: Shows a page of one sentence.
            leave: Is called with who signs out, before they are.
        """

        async def sign_out(request: Request) -> Response:
            form = await request.form()
            token = form.get(csrf.FIELD)
            person = self.person_of(request)
            if person is None:
                return RedirectResponse(SIGNED_OUT, SEE_OTHER)
            if not self.is_own_form(request, token if isinstance(token, str) else None):
                return show(request, FORBIDDEN, *csrf.FOREIGN)
            # What was decided is in the log: another replica sends it where this one cannot.
            with suppress(NotNowError):
                await leave(person)
            return await self._way.sign_out(request, show)

        async def signed_out(request: Request) -> Response:
            return show(request, 200, *OUT)

        return [
            *self._way.routes(show),
            Route(SIGN_OUT, sign_out, methods=["POST"]),
            Route(SIGNED_OUT, signed_out),
        ]


def back_to(asked: str | None) -> str:
    """Return where somebody goes who has signed in: a path of the desk, whatever was asked."""
    path = asked or "/"
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return "/"
    return path
