"""Without a login, on this machine alone: whoever is here may everything."""

from collections.abc import Collection, Sequence

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.desk.interface import Person
from services.desk.login.login import SEE_OTHER, SIGN_IN, SIGNED_OUT, Show, back_to
from services.desk.login.roles import ROLES
from services.desk.login.session import Session, session_for


class LocalWayIn:
    """Takes everybody for `local`.

    Args:
        languages: Those that have readers of their own; whoever is here reads all of them.
    """

    def __init__(self, languages: Collection[str]) -> None:
        person = Person("local", frozenset(ROLES.values()), frozenset(languages))
        self._session = session_for(person, float("inf"))

    def session_of(self, request: HTTPConnection) -> Session | None:  # noqa: ARG002 - whoever asks
        """Return the one session there is."""
        return self._session

    def routes(self, show: Show) -> Sequence[BaseRoute]:  # noqa: ARG002 - nothing goes wrong
        """Return the route that lets people in."""

        async def sign_in(request: Request) -> Response:
            return RedirectResponse(back_to(request.query_params.get("back")), SEE_OTHER)

        return [Route(SIGN_IN, sign_in)]

    def sign_out(self, request: HTTPConnection) -> Response:  # noqa: ARG002 - whoever asks
        """Lead to the page that says so; there is nothing to end."""
        return RedirectResponse(SIGNED_OUT, SEE_OTHER)
