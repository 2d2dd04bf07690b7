"""Signing in at an OpenID provider: authorization code flow with PKCE, state and nonce."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
import structlog
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.desk.interface import Person
from services.desk.login.login import (
    SEE_OTHER,
    SIGN_IN,
    SIGNED_IN,
    SIGNED_OUT,
    Now,
    Show,
    back_to,
)
from services.desk.login.metrics import Outcome
from services.desk.login.provider import Provider, ProviderAwayError, RefusedCodeError
from services.desk.login.roles import granted, named_in
from services.desk.login.seal import Seal
from services.desk.login.session import Cookie, Session, session_for
from services.desk.login.tokens import RefusedTokenError

log = structlog.get_logger()

# From pressing "Sign in" to coming back.
SIGN_IN_SECONDS = 600
SIGNING_OUT = "/signing-out"
OUT = "You are signed out here: close the browser where others use it, too."
# For each end of signing in that is none, a status and what to do.
WHY: Mapping[Outcome, tuple[int, str]] = {
    "no-role": (
        403,
        "Your login gives you no role at this desk: ask for reviewer, supervisor or auditor.",
    ),
    "not-completed": (
        400,
        "Signing in was not completed, took too long, or was begun in another tab: begin again.",
    ),
    "refused": (
        403,
        "Your organisation's login does not prove who you are: begin again, or ask for help.",
    ),
    "provider-away": (
        503,
        "Your organisation's login does not answer: try again in a minute.",
    ),
}


class SigningIn(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept in the browser while its person is at the provider."""

    state: str
    nonce: str
    verifier: str
    back: str
    expires: float


class _NotCompletedError(Exception):
    """Raised where somebody comes back who did not go, or not lately, or was sent back."""


class OidcWayIn:
    """Lets in whom the provider knows and gives a role.

    Args:
        provider: Where people sign in.
        seal: Signs the cookies, and makes pseudonyms.
        url: The desk's own address, such as `https://desk.example.org`.
        roles_claim: The claim of the ID token that has the roles.
        scope: What the provider is asked for.
        session_seconds: How long one is signed in.
        count: Counts the ends of signing in.
        now: Tells the time.
    """

    def __init__(  # noqa: PLR0913 - what a login is made of, by name
        self,
        provider: Provider,
        seal: Seal,
        *,
        url: str,
        roles_claim: str,
        scope: str,
        session_seconds: float,
        count: Callable[[Outcome], None],
        now: Now,
    ) -> None:
        self._provider = provider
        self._seal = seal
        self._url = url
        self._roles_claim = roles_claim
        self._scope = scope
        self._session_seconds = session_seconds
        self._count = count
        self._now = now
        secure = url.startswith("https:")
        self._session = Cookie("session", seal, secure)
        self._signing_in = Cookie("sign-in", seal, secure)

    def session_of(self, request: HTTPConnection) -> Session | None:
        """Return whose session a browser's cookie is, if one that has not ended."""
        session = self._seal.read("session", self._session.written(request), Session)
        return session if session and session.expires > self._seconds() else None

    def routes(self, show: Show) -> Sequence[BaseRoute]:
        """Return the routes to the provider and back from there."""

        async def sign_in(request: Request) -> Response:
            try:
                return await self._send_to_provider(request)
            except ProviderAwayError as error:
                return self._end(request, show, "provider-away", error)

        async def signed_in(request: Request) -> Response:
            return await self._come_back(request, show)

        async def signing_out(request: Request) -> Response:
            address = await self._end_session()
            if address is None:
                return RedirectResponse(SIGNED_OUT, SEE_OTHER)
            # No redirection: what a form may lead to, our policy says, is the desk alone.
            response = show(request, 200, OUT)
            response.headers["Refresh"] = f"0; url={address}"
            return response

        return [
            Route(SIGN_IN, sign_in),
            Route(SIGNED_IN, signed_in),
            Route(SIGNING_OUT, signing_out),
        ]

    def sign_out(self, request: HTTPConnection) -> Response:  # noqa: ARG002 - whoever asks
        """End a session here, and lead to where the provider's ends."""
        response = RedirectResponse(SIGNING_OUT, SEE_OTHER)
        self._session.clear(response)
        return response

    async def _end_session(self) -> str | None:
        """Return where the provider ends its own session, if it does that."""
        try:
            endpoints = await self._provider.endpoints()
        except ProviderAwayError:
            return None
        if endpoints.end_session is None:
            return None
        client_id = self._provider.client.client_id
        after = {"client_id": client_id, "post_logout_redirect_uri": self._url + SIGNED_OUT}
        return with_query(endpoints.end_session, after)

    async def _send_to_provider(self, request: Request) -> Response:
        endpoints = await self._provider.endpoints()
        begun = SigningIn(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            back=back_to(request.query_params.get("back")),
            expires=self._seconds() + SIGN_IN_SECONDS,
        )
        asked = {
            "response_type": "code",
            "client_id": self._provider.client.client_id,
            "redirect_uri": self._url + SIGNED_IN,
            "scope": self._scope,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": _challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        response = RedirectResponse(with_query(endpoints.authorization, asked), SEE_OTHER)
        self._signing_in.set(response, begun, SIGN_IN_SECONDS)
        return response

    async def _come_back(self, request: Request, show: Show) -> Response:
        try:
            begun = self._begun(request)
            claims = await self._proved(request, begun)
        except _NotCompletedError as error:
            return self._end(request, show, "not-completed", error)
        except (RefusedCodeError, RefusedTokenError) as error:
            return self._end(request, show, "refused", error)
        except ProviderAwayError as error:
            return self._end(request, show, "provider-away", error)
        person = self._person(claims)
        if not person.roles:
            return self._end(request, show, "no-role", None)
        self._count("signed-in")
        response = RedirectResponse(begun.back, SEE_OTHER)
        session = session_for(person, self._seconds() + self._session_seconds)
        self._session.set(response, session, self._session_seconds)
        self._signing_in.clear(response)
        return response

    def _begun(self, request: Request) -> SigningIn:
        """Return what was begun in this browser: an answer to anything else is not its person's."""
        begun = self._seal.read("sign-in", self._signing_in.written(request), SigningIn)
        if begun is None or begun.expires <= self._seconds():
            raise _NotCompletedError("begun elsewhere")
        if not secrets.compare_digest(_said(request, "state").encode(), begun.state.encode()):
            raise _NotCompletedError("state")
        if _said(request, "iss") not in {"", self._provider.client.issuer}:  # RFC 9207
            raise _NotCompletedError("issuer")
        if "error" in request.query_params:
            raise _NotCompletedError("sent back")
        return begun

    async def _proved(self, request: Request, begun: SigningIn) -> Mapping[str, Any]:
        token = await self._provider.token_of(
            _said(request, "code"), begun.verifier, self._url + SIGNED_IN
        )
        return await self._provider.claims_of(token, begun.nonce, self._seconds())

    def _person(self, claims: Mapping[str, Any]) -> Person:
        pseudonym = self._seal.pseudonym(claims["iss"], claims["sub"])
        return Person(pseudonym, *granted(named_in(claims, self._roles_claim)))

    def _end(
        self, request: Request, show: Show, outcome: Outcome, why: Exception | None
    ) -> Response:
        """Say why somebody is not signed in; what they began is over."""
        self._count(outcome)
        log.warning("desk.not_signed_in", outcome=outcome, reason=str(why) if why else None)
        response = show(request, *WHY[outcome])
        self._signing_in.clear(response)
        return response

    def _seconds(self) -> float:
        return self._now().timestamp()


def with_query(address: str, query: Mapping[str, str]) -> str:
    """Return an address with a query; one that it has already stays."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _said(request: Request, name: str) -> str:
    return request.query_params.get(name, "")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
