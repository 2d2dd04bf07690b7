"""The desk's pages on a desk in memory: as an application, and served to a browser."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from services.desk.headers import FrontDoor
from services.desk.interface import Desk, Person
from services.desk.pages.gate import Gate
from services.desk.pages.routes import Pages
from tests.fake_desk import NOW

NAME = "Inquiries to review"
WHO = "who"


def token_for(person: Person) -> str:
    return f"token-of-{person.pseudonym}"


def site(desk: Desk, *persons: Person) -> ASGIApp:
    """Return the pages; the cookie `who` says by a pseudonym who is signed in."""
    known: Mapping[str, Person] = {each.pseudonym: each for each in persons}

    def person_of(request: Request) -> Person | None:
        return known.get(request.cookies.get(WHO, ""))

    def token_of(request: Request) -> str:
        person = person_of(request)
        return token_for(person) if person else ""

    def is_own_form(request: Request, token: str) -> bool:
        return token == token_of(request)

    def sign_out(_request: Request) -> Response:
        response = RedirectResponse("/signed-out", 303)
        response.delete_cookie(WHO)
        return response

    gate = Gate(person_of, token_of, is_own_form, sign_out)
    pages = Pages(desk, gate, name=NAME, now=lambda: NOW)
    people = Starlette(routes=pages.routes, exception_handlers=pages.exception_handlers)
    return FrontDoor(people, people, None)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an application on this machine, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@asynccontextmanager
async def served_here(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application that belongs to the loop that runs, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
