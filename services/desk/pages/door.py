"""Every request's way in and out: who may, whose form it is, and what is said if it cannot be."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.desk.interface import AwayError, NotNowError, Person, Role
from services.desk.pages.form_body import read_form
from services.desk.pages.gate import Gate
from services.desk.pages.messages import MESSAGES, OTHER, OTHER_SESSION, Message
from services.desk.pages.render import Renderer
from services.errors import location_of

log = structlog.get_logger()


class Visit(NamedTuple):
    """A request of somebody who may make it, and the fields of the form that came with it."""

    request: Request
    person: Person
    form: Mapping[str, str]

    def __repr__(self) -> str:
        """Show nothing of what was sent."""
        return f"Visit(roles={sorted(self.person.roles)})"


Handler = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Door:
    """Lets requests in to handlers, and answers where they cannot be.

    Args:
        gate: Who it is, and whether a form is ours.
        render: Fills templates.
    """

    def __init__(self, gate: Gate, render: Renderer) -> None:
        self._gate = gate
        self._render = render

    def page(
        self, request: Request, template: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Answer with a page."""
        person = self._gate.person_of(request)
        always = {
            "person": person,
            "roles": person.roles if person else frozenset(),
            "token": self._gate.token_of(request) if person else "",
            "path": request.url.path,
        }
        return HTMLResponse(self._render(template, always | values), status)

    def message(
        self, request: Request, status: int, message: Message | None = None, **values: object
    ) -> HTMLResponse:
        """Answer with a sentence that says what happened and what to do."""
        told = message or MESSAGES.get(status, OTHER)
        return self.page(request, "message", status, message=told, **values)

    def open(self, handler: Handler, role: Role | None = None) -> Endpoint:
        """Return the endpoint that lets those who have a role in to a handler."""

        async def endpoint(request: Request) -> Response:
            try:
                return await self._let_in(request, handler, role)
            except HTTPException as error:
                return self.message(request, error.status_code)
            except AwayError as error:
                return self.message(request, 503, MESSAGES[503].saying(error))
            except NotNowError as error:
                return self.message(request, 409, MESSAGES[409].saying(error))
            except Exception as error:  # noqa: BLE001 - its text could quote what a citizen wrote
                log.error("desk.page_failed", error=location_of(error))  # noqa: TRY400 - likewise
                return self.message(request, 500)

        return endpoint

    async def _let_in(self, request: Request, handler: Handler, role: Role | None) -> Response:
        person = self._gate.person_of(request)
        if person is None:
            return self.page(request, "sign-in", 401, sent=request.method == "POST", why=None)
        if role is not None and role not in person.roles:
            raise HTTPException(403)
        if request.method != "POST":
            return await handler(Visit(request, person, {}))
        form = await read_form(request)
        if not self._gate.is_own_form(request, form.get("token", "")):
            return self.message(request, 403, OTHER_SESSION)
        return await handler(Visit(request, person, form))
