"""The one place that makes a login of its settings."""

import secrets
import ssl
import time
from collections.abc import Callable, Collection, Sequence
from typing import get_args
from urllib.parse import urlsplit

import httpx
from prometheus_client import CollectorRegistry

from services.desk.login.addresses import is_loopback, is_private_address
from services.desk.login.local import LocalWayIn
from services.desk.login.login import Login, Now
from services.desk.login.metrics import SIGN_INS, Outcome
from services.desk.login.oidc import OidcWayIn
from services.desk.login.provider import Client, Provider
from services.desk.login.seal import Seal
from services.desk.login.settings import LoginSettings
from services.errors import ConfigurationError
from services.settings import read_secret

LEAST_CHARACTERS = 32


def create_login(  # noqa: PLR0913, PLR0917 - what a login takes
    settings: LoginSettings,
    http_host: str,
    registry: CollectorRegistry,
    now: Now,
    clock: Callable[[], float] = time.monotonic,
    languages: Collection[str] = (),
) -> Login:
    """Make the login that the settings ask for; nothing is asked of the provider yet.

    Args:
        settings: Those of the login.
        http_host: Where the desk listens.
        registry: Where sign-ins are counted.
        now: Tells the time.
        clock: Seconds that only grow, by which what the provider said grows old.
        languages: Those that have readers of their own: without a login everybody is one.

    Raises:
        ConfigurationError: Something is missing or wrong, or everybody would be let in from
            everywhere.
    """
    counter = SIGN_INS.on(registry)
    for outcome in get_args(Outcome):
        counter.labels(outcome)
    if settings.login == "none":
        if not is_loopback(http_host):
            raise ConfigurationError(
                f"DESK_LOGIN is none, and DESK_HTTP_HOST is {http_host}: that would let everybody "
                "in from everywhere; set DESK_HTTP_HOST to 127.0.0.1, or connect a login "
                "(docs/integrating.md)."
            )
        seal = Seal(_secrets(settings) or [secrets.token_urlsafe(32)])
        return Login(LocalWayIn(languages), seal, None)
    seal, url = Seal(_required_secrets(settings)), address_of(settings)
    way = OidcWayIn(
        Provider(_client(settings), _authorities(settings), clock),
        seal,
        url=url,
        roles_claim=settings.oidc_roles_claim,
        scope=settings.oidc_scope,
        session_seconds=settings.session_hours * 3600,
        count=lambda outcome: counter.labels(outcome).inc(),
        now=now,
    )
    return Login(way, seal, url)


def address_of(settings: LoginSettings) -> str:
    """Return the desk's own origin, such as `https://desk.example.org`.

    Raises:
        ConfigurationError: It is not set, not HTTPS, or has a path.
    """
    url = (settings.url or "").lower().rstrip("/")
    parts = urlsplit(url)
    if not is_private_address(url) or url != f"{parts.scheme}://{parts.netloc}" or "@" in url:
        raise ConfigurationError(
            "DESK_URL has to be the address at which people open the desk, with https and without "
            "a path, such as https://desk.example.org: cookies and the way back from the login "
            "depend on it."
        )
    return url.removesuffix(":443")


def _client(settings: LoginSettings) -> Client:
    issuer, client_id = settings.oidc_issuer, settings.oidc_client_id
    if not issuer or not client_id:
        raise ConfigurationError(
            "DESK_OIDC_ISSUER and DESK_OIDC_CLIENT_ID have to be set: they say where people sign "
            "in (docs/integrating.md), and DESK_LOGIN=none tries the desk out without."
        )
    if not is_private_address(issuer):
        raise ConfigurationError(
            f"DESK_OIDC_ISSUER is {issuer}: it has to begin with https, as its tokens have it."
        )
    secret = read_secret(
        "DESK_OIDC_CLIENT_SECRET", settings.oidc_client_secret, settings.oidc_client_secret_file
    )
    return Client(issuer, client_id, secret)


def _required_secrets(settings: LoginSettings) -> Sequence[str]:
    found = _secrets(settings)
    if not found:
        raise ConfigurationError(
            "DESK_SECRET_FILE has to name a file with a secret that all replicas share, such as "
            "`openssl rand -hex 32` makes: with it sessions are signed."
        )
    return found


def _secrets(settings: LoginSettings) -> Sequence[str]:
    secret = read_secret("DESK_SECRET", settings.secret, settings.secret_file)
    found = secret.get_secret_value().split() if secret else []
    if any(len(each) < LEAST_CHARACTERS for each in found):
        raise ConfigurationError(
            f"DESK_SECRET has to be of {LEAST_CHARACTERS} characters at least, such as `openssl "
            "rand -hex 32` makes: a shorter one could be guessed."
        )
    return found


def _authorities(settings: LoginSettings) -> ssl.SSLContext:
    if settings.oidc_cafile is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=settings.oidc_cafile)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The certificate of DESK_OIDC_CAFILE cannot be read ({error.strerror or error}): give "
            "a PEM file that this user may read."
        ) from None
