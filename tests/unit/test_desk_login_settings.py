from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.clock import utc_now
from services.desk.login.login import Login
from services.desk.login.settings import LoginSettings
from services.desk.login.wiring import create_login
from services.errors import ConfigurationError
from tests.unit.desk_login import SECRET, login_settings

ISSUER = "https://login.example.org"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - where a service listens by default


def made(settings: LoginSettings, host: str = EVERYWHERE) -> Login:
    return create_login(settings, host, CollectorRegistry(), utc_now)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "desk.example.org", ""])  # noqa: S104
def test_without_a_login_the_desk_is_for_this_machine_alone(host: str) -> None:
    """Where others can reach it, a desk that lets everybody in does not start."""
    with pytest.raises(ConfigurationError, match=r"DESK_HTTP_HOST to 127\.0\.0\.1"):
        made(login_settings(ISSUER, login="none"), host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_a_desk_on_this_machine_needs_nothing(host: str) -> None:
    """On loopback the desk can be tried out with that one setting."""
    assert made(LoginSettings(login="none"), host).url is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"url": None}, "DESK_URL"),
        ({"url": "http://desk.example.org"}, "DESK_URL"),
        ({"url": "https://desk.example.org/desk"}, "DESK_URL"),
        ({"url": "https://jo:pw@desk.example.org"}, "DESK_URL"),
        ({"url": "desk.example.org"}, "DESK_URL"),
        ({"url": "https://"}, "DESK_URL"),
        ({"oidc_issuer": None}, "DESK_OIDC_ISSUER"),
        ({"oidc_issuer": "http://login.example.org"}, "DESK_OIDC_ISSUER"),
        ({"oidc_client_id": None}, "DESK_OIDC_CLIENT_ID"),
        ({"oidc_cafile": Path("no-such-file")}, "DESK_OIDC_CAFILE"),
        ({"oidc_client_secret_file": Path("no-such-file")}, "keep one of them"),
        ({"secret": None}, "DESK_SECRET_FILE"),
        ({"secret": SecretStr("short")}, "DESK_SECRET"),
        ({"secret": SecretStr(f"{SECRET} short")}, "DESK_SECRET"),
        ({"secret": SecretStr(" ")}, "DESK_SECRET_FILE"),
        ({"secret_file": Path("no-such-file")}, "keep one of them"),
        ({"secret": None, "secret_file": Path("no-such-file")}, "DESK_SECRET_FILE"),
    ],
)
def test_what_is_missing_or_wrong_is_named(changed: dict[str, object], named: str) -> None:
    """A login that cannot work is refused at the start, in a sentence that names the setting."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        made(login_settings(ISSUER, **changed))
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert not {"short", SECRET, "pw"} & {*str(caught.value).split()}


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://desk.example.org/", "https://desk.example.org"),
        ("https://Desk.Example.org:443", "https://desk.example.org"),
        ("https://desk.example.org:8443", "https://desk.example.org:8443"),
        ("http://localhost:8004", "http://localhost:8004"),
    ],
)
def test_the_address_is_what_browsers_make_of_it(url: str, origin: str) -> None:
    """A slash, capitals and the port that goes without saying make no difference."""
    assert made(login_settings(ISSUER, url=url)).url == origin


def test_secrets_come_from_files(tmp_path: Path) -> None:
    """Mounted secrets are read as all others are, several in lines, and shown nowhere."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n{SECRET}x\n", encoding="utf-8-sig")
    settings = login_settings(
        ISSUER, secret=None, secret_file=file, oidc_client_secret=None, oidc_client_secret_file=file
    )
    assert SECRET not in repr(made(settings))
    assert SECRET not in repr(vars(made(settings)))


@pytest.mark.parametrize("hours", [0, -1, 25])
def test_a_session_lasts_a_day_at_most(hours: float) -> None:
    """Roles that are taken away are gone the next day, whatever somebody sets."""
    with pytest.raises(ValueError, match="session_hours"):
        login_settings(ISSUER, session_hours=hours)
