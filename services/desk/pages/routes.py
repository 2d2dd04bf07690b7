"""Which address is answered by what, and who may ask for it: a table to read out."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.clock import utc_now
from services.desk.interface import Desk, NotNowError, Role
from services.desk.pages.door import Door, Handler, Visit
from services.desk.pages.gate import Gate
from services.desk.pages.overview import Overview
from services.desk.pages.render import Renderer
from services.desk.pages.reviewing import Reviewing
from services.desk.pages.static_files import StaticFiles

INQUIRY = "/inquiries/{source}/{partition}/{offset}"


class Pages:
    """The desk's pages, to be served by a Starlette application.

    Args:
        desk: What is shown and done.
        gate: Who may.
        name: What the people here call the service.
        zone: The time zone that times are shown in.
        now: Returns the time.
    """

    def __init__(
        self,
        desk: Desk,
        gate: Gate,
        *,
        name: str,
        zone: tzinfo = UTC,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._desk = desk
        self._gate = gate
        static = StaticFiles()
        self._door = door = Door(gate, Renderer(name, static, now, zone))
        reviewing, overview = Reviewing(desk, door), Overview(desk, door)
        table: list[tuple[str, str, Handler, Role | None]] = [
            ("GET", "/", reviewing.start, None),
            ("POST", "/next", reviewing.next, "reviewer"),
            ("GET", INQUIRY, reviewing.inquiry, "reviewer"),
            ("POST", f"{INQUIRY}/look", reviewing.look, "reviewer"),
            ("POST", f"{INQUIRY}/choose", reviewing.choose, "reviewer"),
            ("POST", f"{INQUIRY}/skip", reviewing.skip, "reviewer"),
            ("GET", f"{INQUIRY}/{{deed}}", reviewing.back, "reviewer"),
            ("POST", "/undo", reviewing.undo, "reviewer"),
            ("GET", "/own", overview.own, "reviewer"),
            ("GET", "/supervision", overview.supervision, "supervisor"),
            ("GET", "/decisions", overview.decisions, "auditor"),
            ("POST", "/sign-out", self._sign_out, None),
        ]
        self.routes = [
            *(
                Route(at, door.open(handler, role), methods=[how])
                for how, at, handler, role in table
            ),
            Route("/signed-out", self._signed_out),
            Route("/static/{version}/{name}", static.serve),
        ]

    @property
    def exception_handlers(self) -> Mapping[Any, Callable[[Request, Any], Any]]:
        """What an application answers where no route does."""
        return {HTTPException: self._no_route}

    def sign_in(self, request: Request, status: int = 401, why: str | None = None) -> Response:
        """Ask a person to sign in; `why` is one sentence that says why they have to, or again."""
        return self._door.page(request, "sign-in", status, why=why, sent=False)

    async def _sign_out(self, visit: Visit) -> Response:
        # What was decided stands in the log already: it is sent without this person.
        with suppress(NotNowError):
            await self._desk.leave(visit.person)
        return self._gate.sign_out(visit.request)

    async def _signed_out(self, request: Request) -> Response:
        return self._door.page(request, "signed-out")

    async def _no_route(self, request: Request, error: HTTPException) -> Response:
        return self._door.message(request, error.status_code)
