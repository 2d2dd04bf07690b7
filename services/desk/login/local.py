"""Without a login, on this machine alone: whoever is here may everything."""

from collections.abc import Sequence

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.desk.interface import Person
from services.desk.login.login import SEE_OTHER, SIGN_IN, SIGNED_OUT, Show, back_to
from services.desk.login.roles import granted
from services.desk.login.session import Session, session_for

ROLES = ("reviewer", "reviewer-cy", "supervisor", "auditor")


class LocalWayIn:
    """Takes everybody for `local`."""

    def __init__(self) -> None:
        self._session = session_for(Person("local", *granted(ROLES)), float("inf"))

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
