"""The one place that wires the desk."""

import time
from collections.abc import Callable
from datetime import datetime, tzinfo

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from services.app.contract_routes import contract_routes
from services.app.http_server import serve
from services.app.logs import configure_logs
from services.clock import utc_now
from services.desk.headers import OPERATIONS, FrontDoor
from services.desk.login.settings import LoginSettings
from services.desk.login.wiring import create_login
from services.desk.pages.gate import Gate
from services.desk.pages.routes import Pages
from services.desk.running import Running
from services.desk.settings import DeskSettings, zone_of
from services.desk.wiring import contract_of, create_desk, languages_of
from services.engine.health import Health
from services.errors import ConfigurationError, TriageError
from services.kafka.settings import KafkaSettings
from services.router.table import load_table
from services.settings import read_settings


def main() -> None:
    """Run the desk until it is told to stop.

    Raises:
        TriageError: It cannot start, or had to give up.
    """
    kafka = read_settings(KafkaSettings)
    settings = read_settings(DeskSettings).prefixed(kafka.topic_prefix)
    login = read_settings(LoginSettings)
    configure_logs(settings.log_level, settings.log_format)
    app = create_app(settings, login, kafka, utc_now)
    serve(app, settings)
    if app.failure:
        raise app.failure


def create_app(
    settings: DeskSettings,
    login_settings: LoginSettings,
    kafka: KafkaSettings,
    now: Callable[[], datetime],
) -> "DeskApp":
    """Build the desk.

    Raises:
        ConfigurationError: The routing table, a model's manifest or the settings are wrong.
    """
    table = load_table(settings.routes).prefixed(kafka.topic_prefix)
    registry = CollectorRegistry()
    health = Health(clock=time.monotonic)
    desk, running, metrics = create_desk(settings, table, kafka, now, health, registry)
    readers = languages_of(table, settings.language).named
    login = create_login(login_settings, settings.http_host, registry, now, languages=readers)
    gate = Gate(login.person_of, login.token_of, login.is_own_form, login.sign_out)
    pages = Pages(desk, gate, name=settings.name, zone=_zone_of(settings), now=now)
    people = Starlette(
        routes=[*pages.routes, *login.routes(pages.sign_in)],
        lifespan=running.lifespan,
        exception_handlers=pages.exception_handlers,
    )
    operations = Starlette(
        routes=[
            *[Route(path, each) for path, each in contract_routes(contract_of(settings, kafka))],
            Route("/livez", _says(health.why_not_live)),
            Route("/readyz", _says(health.why_not_ready)),
            Route("/metrics", _scraped(registry)),
        ]
    )
    return DeskApp(Timed(FrontDoor(people, operations, login.url), metrics.page), running)


def _zone_of(settings: DeskSettings) -> tzinfo:
    # Checked where it is set; that of the default may lack on a system without time zones.
    try:
        return zone_of(settings.time_zone)
    except ValueError as error:
        raise ConfigurationError(f"DESK_TIME_ZONE is {settings.time_zone}: {error}.") from None


class DeskApp:
    """The desk as an ASGI application.

    Args:
        app: What answers requests.
        running: What runs beside.
    """

    def __init__(self, app: ASGIApp, running: Running) -> None:
        self._app = app
        self._running = running

    @property
    def failure(self) -> TriageError | None:
        """Why it ended, where nobody asked it to."""
        return self._running.failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._app(scope, receive, send)


class Timed:
    """Measures how long requests take.

    Args:
        app: What answers them.
        took: Called with the method and the seconds of each.
    """

    def __init__(self, app: ASGIApp, took: Callable[[str, float], None]) -> None:
        self._app = app
        self._took = took

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        began = time.perf_counter()
        await self._app(scope, receive, send)
        if scope["type"] == "http" and scope["path"].strip("/") not in OPERATIONS:
            self._took(scope["method"], time.perf_counter() - began)


def _scraped(registry: CollectorRegistry) -> Callable[[Request], Response]:
    # Not as a mounted application, which would answer with a redirect to the path with a slash.
    def answer(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return answer


def _says(problem: Callable[[], str | None]) -> Callable[[Request], Response]:
    def answer(_request: Request) -> Response:
        found = problem()
        return PlainTextResponse(found or "ok", 503 if found else 200)

    return answer
