"""A desk with a login and a page that says who asks, for a browser to open."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.desk.headers import FrontDoor
from services.desk.login.login import Login
from services.desk.login.settings import LoginSettings
from services.desk.login.wiring import create_login
from tests.unit.openid import CLIENT_ID, CLIENT_SECRET

URL = "https://desk.example.org"
SECRET = "0123456789abcdef" * 2
OTHER_SECRET = "fedcba9876543210" * 2


class Clock:
    """A clock of which a test says how far it went since it began."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._began = datetime.now(UTC).timestamp()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._began + self.ahead, UTC)

    def seconds(self) -> float:
        return self.ahead


def login_settings(issuer: str, **changed: object) -> LoginSettings:
    given: dict[str, object] = {
        "url": URL,
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": SecretStr(CLIENT_SECRET),
        "secret": SecretStr(SECRET),
    }
    return LoginSettings.model_validate(given | changed)


class LoginDesk:
    """A desk whose every page says who asks, and takes forms of theirs."""

    def __init__(self, settings: LoginSettings, clock: Clock, host: str = "0.0.0.0") -> None:  # noqa: S104 - it listens nowhere
        self.registry = CollectorRegistry()
        self.login = create_login(
            settings, host, self.registry, clock.now, clock.seconds, languages=["cy"]
        )
        self.app = FrontDoor(
            desk_pages(self.login), Starlette(routes=[_page("/metrics", "figures")]), self.login.url
        )

    def browser(self, url: str = URL) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=url)

    def ends(self) -> dict[str, float]:
        """Return how signing in ended, and how often."""
        name = "triage_desk_sign_ins_total"
        lines = generate_latest(self.registry).decode().splitlines()
        counted = [line.split() for line in lines if line.startswith(name)]
        return {at.split('"')[1]: float(times) for at, times in counted if float(times)}


def desk_pages(login: Login) -> Starlette:
    def show(_request: Request, status: int, why: str) -> Response:
        return PlainTextResponse(why, status)

    async def who(request: Request) -> Response:
        person = login.person_of(request)
        if person is None:
            return PlainTextResponse("nobody", 401)
        roles = ",".join(sorted(person.roles | person.languages))
        token = login.token_of(request)
        return PlainTextResponse(f"{person.pseudonym} {roles} {token}")

    async def send(request: Request) -> Response:
        form = dict(each.split("=") for each in (await request.body()).decode().split("&"))
        own = login.is_own_form(request, form["token"])
        return PlainTextResponse("taken" if own else "foreign", 200 if own else 403)

    async def sign_out(request: Request) -> Response:
        return login.sign_out(request)

    routes = [
        *login.routes(show),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/", who),
        Route("/inquiries/review/3/17", who),
        Route("/send", send, methods=["POST"]),
        _page("/static", "kept", {"cache-control": "public, immutable"}),
    ]
    return Starlette(routes=routes)


def _page(path: str, text: str, headers: dict[str, str] | None = None) -> Route:
    async def page(_request: Request) -> Response:
        return PlainTextResponse(text, headers=headers)

    return Route(path, page)


MakeDesk = Callable[..., LoginDesk]
