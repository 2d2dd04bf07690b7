import hashlib
import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import httpx
import pytest
import structlog
from pydantic import SecretStr

from services.desk.login.oidc import SIGN_IN_SECONDS, WHY
from services.desk.login.provider import ASK_AGAIN_SECONDS, AWAY_SECONDS, FRESH_SECONDS
from tests.unit.desk_login import OTHER_SECRET, SECRET, URL, Clock, LoginDesk, login_settings
from tests.unit.openid import CLIENT_ID, CLIENT_SECRET, Provider, ec, rsa, served

SIGNED_IN, SESSION = "/signed-in", "__Host-desk-session"
RSA, EC = rsa("first"), ec("second")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with served(Provider(RSA, "RS256")) as provider:
        yield provider


@pytest.fixture
def desk(provider: Provider, clock: Clock) -> LoginDesk:
    return LoginDesk(login_settings(provider.issuer), clock)


async def come_back(
    browser: httpx.AsyncClient, provider: Provider, back: str = "/", **changed: str
) -> httpx.Response:
    """Go to the provider, sign in there, and come back with what it says, or something else."""
    sent = await browser.get("/sign-in", params={"back": back})
    assert sent.status_code == 303
    code, state = provider.code_for(sent.headers["location"])
    return await browser.get(SIGNED_IN, params={"code": code, "state": state} | changed)


async def who(browser: httpx.AsyncClient) -> list[str]:
    return (await browser.get("/")).text.split()


def refused(response: httpx.Response, outcome: Any) -> bool:
    """Tell whether somebody was told why they are not signed in, and how to go on."""
    return (response.status_code, response.text) == WHY[outcome]


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")])
async def test_whom_the_provider_vouches_for_is_signed_in(
    provider: Provider, desk: LoginDesk, key: Any, algorithm: str
) -> None:
    """A person goes to their organisation's login, and comes back with roles and a pseudonym."""
    provider.key, provider.keys, provider.algorithm = key, [RSA, EC], algorithm
    provider.claims = {"roles": ["reviewer-cy", "supervisor"], "name": "Jo Jones"}
    async with desk.browser() as browser:
        assert await who(browser) == ["nobody"]
        back = await come_back(browser, provider, "/inquiries/review/3/17")
        assert (back.status_code, back.headers["location"]) == (303, "/inquiries/review/3/17")
        pseudonym, roles, _token = await who(browser)
        assert roles == "cy,reviewer,supervisor"
        assert len(pseudonym) == 20
        assert "17" not in pseudonym or "person" not in pseudonym
        held = str(browser.cookies)
        assert "Jones" not in held
        assert "person-17" not in held
    assert desk.ends() == {"signed-in": 1}


async def test_a_pseudonym_is_one_persons_and_the_same_each_time(
    provider: Provider, desk: LoginDesk, clock: Clock
) -> None:
    """The same person has one pseudonym on every replica, another person another one."""
    found = []
    for subject, each in (
        ("a", desk),
        ("a", LoginDesk(login_settings(provider.issuer), clock)),
        ("b", desk),
    ):
        provider.claims = {"sub": subject}
        async with each.browser() as browser:
            await come_back(browser, provider)
            found.append((await who(browser))[0])
    assert found[0] == found[1] != found[2]


async def test_the_code_is_bound_to_who_asked_for_it(provider: Provider, desk: LoginDesk) -> None:
    """The provider is shown PKCE, state and nonce, and the desk's secret as it wants it."""
    async with desk.browser() as browser:
        sent = await browser.get("/sign-in")
        address = urlsplit(sent.headers["location"])
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        assert asked["tenant"] == "x"
        assert asked["response_type"] == "code"
        assert asked["redirect_uri"] == f"{URL}/signed-in"
        assert asked["code_challenge_method"] == "S256"
        code, state = provider.code_for(sent.headers["location"])
        await browser.get(SIGNED_IN, params={"code": code, "state": state})
    (form,) = provider.seen
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
    user, password = b64decode(form["authorization"].removeprefix("Basic ")).decode().split(":")
    assert (unquote_plus(user), unquote_plus(password)) == (CLIENT_ID, CLIENT_SECRET)
    assert "client_secret" not in form


@pytest.mark.parametrize(
    ("methods", "secret", "shown"),
    [(["client_secret_post"], SecretStr(CLIENT_SECRET), CLIENT_SECRET), (["none"], None, None)],
)
async def test_a_provider_may_want_the_secret_otherwise_or_none(
    provider: Provider,
    clock: Clock,
    methods: list[str],
    secret: SecretStr | None,
    shown: str | None,
) -> None:
    """A secret goes into the form where the provider says so; a public client has none."""
    provider.said = {"token_endpoint_auth_methods_supported": methods}
    desk = LoginDesk(login_settings(provider.issuer, oidc_client_secret=secret), clock)
    async with desk.browser() as browser:
        assert (await come_back(browser, provider)).status_code == 303
    (form,) = provider.seen
    assert (form.get("client_secret"), form["authorization"]) == (shown, "")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.org"},
        {"aud": "another"},
        {"exp": 1},
        {"nbf": time.time() + 3600},
        {"nonce": "another"},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_a_token_that_proves_nothing_lets_nobody_in(
    provider: Provider, desk: LoginDesk, claims: dict[str, Any]
) -> None:
    """Foreign, expired and replayed tokens end on a page that says what to do."""
    provider.claims = claims
    async with desk.browser() as browser:
        assert refused(await come_back(browser, provider), "refused")
        assert await who(browser) == ["nobody"]
    assert desk.ends() == {"refused": 1}


async def test_a_forged_token_lets_nobody_in(provider: Provider, desk: LoginDesk) -> None:
    """What another key signed under the name of the provider's is no token of the provider's."""
    provider.key = rsa("first")
    async with desk.browser() as browser:
        assert refused(await come_back(browser, provider), "refused")
    assert desk.ends() == {"refused": 1}


async def test_a_new_key_is_asked_for_but_not_without_end(
    provider: Provider, desk: LoginDesk, clock: Clock
) -> None:
    """A key that the provider turns to is known at once; unknown ones make nobody ask all day."""
    async with desk.browser() as browser:
        assert (await come_back(browser, provider)).status_code == 303
        clock.ahead = ASK_AGAIN_SECONDS
        provider.key, provider.keys, provider.algorithm = EC, [EC], "ES256"
        assert (await come_back(browser, provider)).status_code == 303
        assert provider.asked["/keys"] == 2
        provider.key = ec("unknown")
        for _ in range(5):
            assert refused(await come_back(browser, provider), "refused")
        assert provider.asked["/keys"] == 2


async def test_a_key_that_is_taken_back_is_not_believed_for_ever(
    provider: Provider, desk: LoginDesk, clock: Clock
) -> None:
    """What the provider no longer signs with goes within the hour."""
    async with desk.browser() as browser:
        assert (await come_back(browser, provider)).status_code == 303
        provider.keys = [EC]
        clock.ahead = FRESH_SECONDS
        provider.claims = {"iat": int(time.time()), "exp": int(time.time()) + 2 * FRESH_SECONDS}
        assert refused(await come_back(browser, provider), "refused")


async def test_who_comes_back_did_go(provider: Provider, desk: LoginDesk, clock: Clock) -> None:
    """Another's code, a wrong state, one that was used and one of long ago sign nobody in."""
    async with desk.browser() as victim, desk.browser() as other:
        sent = await other.get("/sign-in")
        code, state = provider.code_for(sent.headers["location"])
        answer = {"code": code, "state": state}
        assert refused(await victim.get(SIGNED_IN, params=answer), "not-completed")
        assert refused(await come_back(victim, provider, state="another"), "not-completed")
        assert refused(await come_back(victim, provider, iss="https://evil"), "not-completed")
        assert refused(await come_back(victim, provider, error="access_denied"), "not-completed")
        assert provider.seen == []
        assert (await other.get(SIGNED_IN, params=answer)).status_code == 303
        assert refused(await other.get(SIGNED_IN, params=answer), "not-completed")
        sent = await victim.get("/sign-in")
        code, state = provider.code_for(sent.headers["location"])
        clock.ahead = SIGN_IN_SECONDS
        late = await victim.get(SIGNED_IN, params={"code": code, "state": state})
        assert refused(late, "not-completed")
        assert await who(victim) == ["nobody"]


async def test_a_code_is_good_once(provider: Provider, desk: LoginDesk) -> None:
    """A code that the provider does not know, or no more, signs nobody in."""
    with structlog.testing.capture_logs() as logged:
        async with desk.browser() as browser:
            assert refused(await come_back(browser, provider, code="used"), "refused")
    assert [(each["event"], each["reason"]) for each in logged] == [
        ("desk.not_signed_in", "invalid_grant")
    ]


@pytest.mark.parametrize("roles", [[], ["staff"], None])
async def test_who_has_no_role_is_told_so(
    provider: Provider, desk: LoginDesk, roles: list[str] | None
) -> None:
    """Somebody whom the provider knows and gives no role here stays outside, and knows why."""
    provider.claims = {"roles": roles}
    async with desk.browser() as browser:
        assert refused(await come_back(browser, provider), "no-role")
        assert await who(browser) == ["nobody"]
    assert desk.ends() == {"no-role": 1}


async def test_roles_come_from_where_the_settings_say(provider: Provider, clock: Clock) -> None:
    """A path with dots leads to the roles, and what is needed for them is asked for."""
    provider.claims = {"roles": None, "realm_access": {"roles": ["auditor"]}}
    settings = login_settings(
        provider.issuer, oidc_roles_claim="realm_access.roles", oidc_scope="openid roles"
    )
    desk = LoginDesk(settings, clock)
    async with desk.browser() as browser:
        sent = await browser.get("/sign-in")
        assert "scope=openid+roles" in sent.headers["location"]
        await come_back(browser, provider)
        assert (await who(browser))[1] == "auditor"


async def test_a_page_says_where_the_provider_is_away(
    provider: Provider, desk: LoginDesk, clock: Clock
) -> None:
    """While the login does not answer the desk says so, and nobody waits twice for it."""
    provider.away = True
    async with desk.browser() as browser:
        for _ in range(5):
            assert refused(await browser.get("/sign-in"), "provider-away")
        assert provider.asked == {"/.well-known/openid-configuration": 1}
        provider.away = False
        clock.ahead = AWAY_SECONDS
        sent = await browser.get("/sign-in")
        provider.away = True
        code, state = provider.code_for(sent.headers["location"])
        back = await browser.get(SIGNED_IN, params={"code": code, "state": state})
        assert refused(back, "provider-away")
    assert desk.ends() == {"provider-away": 6}


async def test_a_provider_where_nothing_listens_is_away(clock: Clock) -> None:
    """A refused connection is said in the same way, without a trace of what failed."""
    desk = LoginDesk(login_settings("http://127.0.0.1:1"), clock)
    async with desk.browser() as browser:
        answer = await browser.get("/sign-in")
    assert refused(answer, "provider-away")


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example.org"},
        {"authorization_endpoint": "http://login.example.org/authorize"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"end_session_endpoint": "javascript:alert(1)"},
    ],
    ids=lambda said: next(iter(said)),
)
async def test_what_is_no_provider_is_not_asked(
    provider: Provider, desk: LoginDesk, said: dict[str, Any]
) -> None:
    """Who calls themselves otherwise, or leads where others can listen, is not trusted."""
    provider.said = said
    async with desk.browser() as browser:
        assert refused(await browser.get("/sign-in"), "provider-away")


@pytest.mark.parametrize(
    "back",
    ["https://evil.example.org", "//evil.example.org", "/\\evil.example.org", "a", "/\n/e", ""],
)
async def test_signing_in_leads_back_to_the_desk_alone(
    provider: Provider, desk: LoginDesk, back: str
) -> None:
    """A link that asks to be led elsewhere after signing in leads to the start."""
    async with desk.browser() as browser:
        assert (await come_back(browser, provider, back)).headers["location"] == "/"


async def test_the_cookie_of_a_session_is_out_of_others_reach(
    provider: Provider, desk: LoginDesk
) -> None:
    """No script reads it, no other host sets it, and no other site has it sent with a form."""
    async with desk.browser() as browser:
        back = await come_back(browser, provider)
    written = {each.partition("=")[0]: each for each in back.headers.get_list("set-cookie")}
    attributes = written[SESSION].lower()
    assert {"httponly", "secure", "samesite=lax", "path=/", "max-age=28800"} <= {
        *attributes.split("; ")
    }
    assert "domain" not in attributes
    assert "max-age=0" in written["__Host-desk-sign-in"].lower()


async def test_any_replica_knows_a_session_and_it_ends(
    provider: Provider, desk: LoginDesk, clock: Clock
) -> None:
    """A session holds on another replica and after a restart, until its time is over."""
    replica = LoginDesk(login_settings(provider.issuer), clock)
    async with desk.browser() as browser, replica.browser() as other:
        await come_back(browser, provider)
        other.cookies = browser.cookies
        assert await who(other) == await who(browser)
        clock.ahead = 8 * 3600 - 1
        assert await who(other) != ["nobody"]
        clock.ahead = 8 * 3600
        assert await who(other) == ["nobody"]


async def test_a_session_that_somebody_wrote_is_none(provider: Provider, desk: LoginDesk) -> None:
    """A cookie with one letter changed, made up, of another purpose or another desk is nobody's."""
    async with desk.browser() as browser:
        sent = await browser.get("/sign-in")
        begun = sent.cookies["__Host-desk-sign-in"]
        await come_back(browser, provider)
        good, token = browser.cookies[SESSION], (await who(browser))[2]
    made_up = json.dumps({"id": "x", "pseudonym": "boss", "roles": ["supervisor"]})
    swapped = good[:5] + ("A" if good[5] != "A" else "B") + good[6:]
    for written in (swapped, good[:-1], begun, token, made_up, "", "é", "." * 5000):
        async with desk.browser() as forger:
            headers = {b"cookie": f"{SESSION}={written}".encode()}
            assert (await forger.get("/", headers=headers)).text == "nobody"


async def test_a_secret_can_be_changed_while_people_work(
    provider: Provider, desk: LoginDesk, clock: Clock
) -> None:
    """What the old secret signed holds while it stands behind the new one, and then no longer."""
    async with desk.browser() as browser:
        await come_back(browser, provider)
        for secrets, known in ((f"{OTHER_SECRET}\n{SECRET}\n", True), (OTHER_SECRET, False)):
            settings = login_settings(provider.issuer, secret=SecretStr(secrets))
            async with LoginDesk(settings, clock).browser() as other:
                other.cookies = browser.cookies
                assert (await who(other) != ["nobody"]) is known


async def test_a_form_is_taken_from_who_was_given_it(provider: Provider, desk: LoginDesk) -> None:
    """A form needs the token of its own session: none, a made up one and another's are refused."""
    async with desk.browser() as browser, desk.browser() as other, desk.browser() as nobody:
        await come_back(browser, provider)
        await come_back(other, provider)
        own, others = (await who(browser))[2], (await who(other))[2]
        assert own != others
        for token, taken in ((own, True), (others, False), ("", False), ("x.y", False)):
            answer = await browser.post("/send", data={"token": token})
            assert (answer.text == "taken") is taken
        assert (await nobody.post("/send", data={"token": own})).status_code == 403


async def test_signing_out_ends_the_session_here_and_there(
    provider: Provider, desk: LoginDesk
) -> None:
    """Who signs out is nobody here, and the browser goes on to end the provider's session."""
    provider.said = {"end_session_endpoint": f"{provider.issuer}/logout"}
    async with desk.browser() as browser:
        await come_back(browser, provider)
        out = await browser.post("/sign-out")
        assert await who(browser) == ["nobody"]
        page = await browser.get(out.headers["location"])
    assert page.status_code == 200
    assert page.headers["refresh"] == (
        f"0; url={provider.issuer}/logout?client_id=desk"
        "&post_logout_redirect_uri=https%3A%2F%2Fdesk.example.org%2Fsigned-out"
    )


@pytest.mark.parametrize("away", [False, True])
async def test_signing_out_needs_nothing_of_the_provider(
    provider: Provider, desk: LoginDesk, clock: Clock, *, away: bool
) -> None:
    """Where the provider ends no sessions, or does not answer, one is signed out all the same."""
    async with desk.browser() as browser:
        await come_back(browser, provider)
        provider.away, clock.ahead = away, FRESH_SECONDS
        out = await browser.post("/sign-out")
        page = await browser.get(out.headers["location"])
        assert (page.status_code, page.headers["location"]) == (303, "/signed-out")
        assert await who(browser) == ["nobody"]


async def test_nothing_of_a_person_is_logged(provider: Provider, desk: LoginDesk) -> None:
    """What is logged of a failed sign-in is a reason of a closed list."""
    provider.claims = {"aud": "Jo Jones", "sub": "Jo Jones", "iss": "Jo Jones"}
    with structlog.testing.capture_logs() as logged:
        async with desk.browser() as browser:
            await come_back(browser, provider)
            await come_back(browser, provider, state="Jo Jones", error_description="Jo Jones")
    assert [each["reason"] for each in logged] == ["issuer", "state"]
    assert "Jones" not in str(logged)
