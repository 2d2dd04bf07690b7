"""The organisation's login, as the desk speaks to it: where it is, its keys, and a code's token."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any
from urllib.parse import quote

import httpx
from joserfc.jwk import Key
from pydantic import SecretStr

from services.desk.login.addresses import is_private_address
from services.desk.login.tokens import Expected, UnknownKeyError, claims_of, usable_keys

END_SESSION = "end_session_endpoint"
AUTH_METHODS = "token_endpoint_auth_methods_supported"
TIMEOUT_SECONDS = 5
# So long the provider's addresses and keys are believed: a key that it takes back goes with them.
FRESH_SECONDS = 3600
# A token with a key that nobody knows makes us ask no oftener than this.
ASK_AGAIN_SECONDS = 30
# So long nobody waits anew for a provider that did not answer.
AWAY_SECONDS = 3
# What a provider may say of a code (RFC 6749, 5.2); other words of its own are not repeated.
REFUSALS = {"invalid_client", "invalid_grant", "invalid_request", "unauthorized_client"}


class ProviderAwayError(Exception):
    """Raised where the provider does not answer, or not as one does; quotes nothing of it."""


class RefusedCodeError(Exception):
    """Raised where the provider gives no token for a code: it was used, is too old, or made up.

    Its text is one of the `REFUSALS`, or says that it was another.
    """


@dataclass(frozen=True)
class Client:
    """What the desk is at the provider; `secret` is None for one that proves itself by PKCE."""

    issuer: str
    client_id: str
    secret: SecretStr | None


@dataclass(frozen=True)
class Endpoints:
    """What a provider says of itself, with the keys that it signs with now."""

    authorization: str
    token: str
    end_session: str | None
    basic: bool
    keys: Sequence[Key]
    at: float


class Provider:
    """Asks the provider, and remembers what it said for an hour.

    Args:
        client: Who asks.
        authorities: Whose word is taken for it that a provider is who it is.
        clock: Seconds that only grow.
    """

    def __init__(self, client: Client, authorities: SSLContext, clock: Callable[[], float]) -> None:
        self.client = client
        self._authorities = authorities
        self._clock = clock
        self._lock = asyncio.Lock()
        self._known: Endpoints | None = None
        self._away: tuple[float, ProviderAwayError] | None = None

    async def endpoints(self, fresh_seconds: float = FRESH_SECONDS) -> Endpoints:
        """Return what the provider said of itself, no longer ago than that.

        Raises:
            ProviderAwayError: It does not answer, or as another issuer.
        """
        async with self._lock:
            known, now = self._known, self._clock()
            if known is not None and now - known.at < fresh_seconds:
                return known
            if self._away and now - self._away[0] < AWAY_SECONDS:
                raise self._away[1]
            try:
                self._known = known = await self._ask()
            except ProviderAwayError as error:
                self._away = (self._clock(), error)
                raise
            return known

    async def token_of(self, code: str, verifier: str, redirect_uri: str) -> str:
        """Return the ID token that the provider gives for a code.

        Raises:
            ProviderAwayError: It does not answer.
            RefusedCodeError: It gives none.
        """
        client, secret = self.client, self._secret()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
            "client_id": client.client_id,
        }
        endpoints = await self.endpoints()
        proof = None
        if secret is not None and endpoints.basic:
            proof = (quote(client.client_id, safe=""), quote(secret, safe=""))
        elif secret is not None:
            form["client_secret"] = secret
        answer = await self._json("POST", endpoints.token, form, proof)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise RefusedCodeError("no token")
        return token

    async def claims_of(self, token: str, nonce: str, now: float) -> Mapping[str, Any]:
        """Return what a token says; one with a new key makes us ask for the keys again.

        Raises:
            ProviderAwayError: It does not answer.
            RefusedTokenError: The token proves nothing.
        """
        expected = Expected(self.client.issuer, self.client.client_id, nonce, now)
        endpoints = await self.endpoints()
        try:
            return claims_of(token, endpoints.keys, expected)
        except UnknownKeyError:
            endpoints = await self.endpoints(ASK_AGAIN_SECONDS)
            return claims_of(token, endpoints.keys, expected)

    def _secret(self) -> str | None:
        return self.client.secret.get_secret_value() if self.client.secret else None

    async def _ask(self) -> Endpoints:
        at = self._clock()
        address = self.client.issuer.rstrip("/") + "/.well-known/openid-configuration"
        said = await self._json("GET", address)
        if said.get("issuer") != self.client.issuer:
            raise ProviderAwayError("another issuer answers")
        keys = usable_keys(await self._json("GET", _address(said, "jwks_uri")))
        return Endpoints(
            authorization=_address(said, "authorization_endpoint"),
            token=_address(said, "token_endpoint"),
            end_session=_address(said, END_SESSION) if END_SESSION in said else None,
            basic="client_secret_basic" in said.get(AUTH_METHODS, ["client_secret_basic"]),
            keys=keys,
            at=at,
        )

    async def _json(
        self,
        method: str,
        address: str,
        form: Mapping[str, str] | None = None,
        proof: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        try:
            # People sign in now and then: no connection is kept for the next one.
            async with httpx.AsyncClient(verify=self._authorities, timeout=TIMEOUT_SECONDS) as http:
                answer = await http.request(
                    method, address, data=form, auth=proof, headers={"Accept": "application/json"}
                )
            said = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ProviderAwayError(type(error).__name__) from None
        if answer.is_client_error and form is not None:
            raise RefusedCodeError(_refusal(said))
        if not answer.is_success or not isinstance(said, dict):
            raise ProviderAwayError(f"status {answer.status_code}")
        return said


def _refusal(said: object) -> str:
    error = said.get("error") if isinstance(said, dict) else None
    return error if isinstance(error, str) and error in REFUSALS else "another refusal"


def _address(said: Mapping[str, Any], name: str) -> str:
    address = said.get(name)
    if not isinstance(address, str) or not is_private_address(address):
        raise ProviderAwayError(f"no {name}")
    return address
