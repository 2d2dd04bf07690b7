import httpx
import pytest

from services.desk.headers import HEADERS
from tests.unit.desk_login import URL, Clock, LoginDesk, login_settings

FORM = {"token": "x"}


@pytest.fixture
def desk() -> LoginDesk:
    """A desk for people elsewhere, whose provider nobody asks."""
    return LoginDesk(login_settings("https://login.example.org"), Clock())


@pytest.fixture
def local() -> LoginDesk:
    """A desk without a login, for who sits at this machine."""
    settings = login_settings("", login="none", url=None, secret=None)
    return LoginDesk(settings, Clock(), "127.0.0.1")


async def get(desk: LoginDesk, url: str, path: str = "/") -> httpx.Response:
    async with desk.browser(url) as browser:
        return await browser.get(path)


async def post(desk: LoginDesk, url: str, headers: dict[str, str]) -> httpx.Response:
    async with desk.browser(url) as browser:
        token = (await browser.get("/")).text.split()[-1]
        return await browser.post("/send", data={"token": token}, headers=headers)


@pytest.mark.parametrize("path", ["/", "/no-such-page"])
async def test_every_answer_has_its_headers(desk: LoginDesk, path: str) -> None:
    """Nothing is kept, framed, sniffed or told where one came from; nothing inline is run."""
    answer = await get(desk, URL, path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    policy = dict(
        each.strip().split(" ", 1) for each in HEADERS["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "form-action")} == {"'self'"}
    assert "unsafe" not in HEADERS["content-security-policy"]


async def test_what_has_no_text_may_be_kept(desk: LoginDesk) -> None:
    """Scripts and styles say themselves how long they are good for."""
    assert (await get(desk, URL, "/static")).headers["cache-control"] == "public, immutable"


@pytest.mark.parametrize(
    "url", ["https://evil.example.org", "http://10.1.2.3:8004", "https://desk.example.org:444"]
)
async def test_the_desk_answers_by_its_own_name_alone(desk: LoginDesk, url: str) -> None:
    """By another name there is no page, but a sentence that says where the desk is."""
    answer = await get(desk, url)
    assert (answer.status_code, answer.text) == (421, f"The desk is at {URL}: open that.\n")


async def test_figures_are_not_for_those_who_open_the_desk(desk: LoginDesk) -> None:
    """Prometheus, which comes by the pod's address, gets the metrics; a browser does not."""
    assert (await get(desk, "http://10.1.2.3:8004", "/metrics")).text == "figures"
    assert (await get(desk, URL, "/metrics")).status_code == 404


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
async def test_this_machine_may_open_a_desk_without_a_login(local: LoginDesk, host: str) -> None:
    """Who sits here is `local` and may everything, and figures are there as well."""
    answer = await get(local, f"http://{host}:8004")
    assert answer.text.split()[:2] == ["local", "auditor,cy,reviewer,supervisor"]
    assert (await get(local, f"http://{host}:8004", "/metrics")).text == "figures"


@pytest.mark.parametrize("host", ["evil.example.org", "10.1.2.3", "127.0.0.1.evil.org", "[::1"])
async def test_a_site_that_points_its_name_here_gets_nothing(local: LoginDesk, host: str) -> None:
    """A page elsewhere cannot read a desk without a login by a name that leads to this machine."""
    async with local.browser() as browser:
        answer = await browser.get("/", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://localhost:8004"}, False),
        ({"origin": "http://localhost:8004"}, True),
        ({"origin": "http://localhost:9000"}, False),
        ({"origin": "https://evil.example.org"}, False),
        ({"origin": "null"}, True),
        ({}, True),
    ],
)
async def test_a_form_that_another_site_sends_is_refused(
    local: LoginDesk, headers: dict[str, str], *, taken: bool
) -> None:
    """A form from elsewhere is refused, were its token right; old browsers need the token alone."""
    answer = await post(local, "http://localhost:8004", headers)
    assert answer.status_code == (200 if taken else 403)
    assert (answer.text == "taken") is taken


async def test_a_form_from_elsewhere_is_refused_at_any_address(desk: LoginDesk) -> None:
    """The origin that counts is the address at which people open the desk."""
    for origin, told in (("https://evil.example.org", "Another site"), (URL, "foreign")):
        answer = await post(desk, URL, {"origin": origin})
        assert answer.status_code == 403
        assert answer.text.startswith(told)


async def test_no_header_of_a_proxy_is_believed(desk: LoginDesk) -> None:
    """Whatever a request says that a proxy was told changes nothing of who asks and for what."""
    said = {
        "x-forwarded-host": "desk.example.org",
        "x-forwarded-user": "boss",
        "x-forwarded-proto": "http",
        "remote-user": "boss",
        "authorization": "Bearer boss",
    }
    async with desk.browser("https://evil.example.org") as browser:
        assert (await browser.get("/", headers=said)).status_code == 421
    async with desk.browser() as browser:
        assert (await browser.get("/", headers=said)).text == "nobody"


async def test_signing_in_and_out_of_a_desk_without_a_login(local: LoginDesk) -> None:
    """The ways in and out are there, and lead where they should, with nobody to ask."""
    async with local.browser("http://localhost:8004") as browser:
        back = await browser.get("/sign-in", params={"back": "/inquiries/review/3/17"})
        assert back.headers["location"] == "/inquiries/review/3/17"
        out = await browser.post("/sign-out")
        assert (out.status_code, out.headers["location"]) == (303, "/signed-out")
