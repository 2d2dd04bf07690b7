"""Checks an ID token as OpenID Connect Core 3.1.3.7 asks: it is signed, meant for us, and fresh."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, Key
from joserfc.registry import Header

# Signatures with a key of which only the public half is known here. `none` is no signature, and
# with `HS…` the public half could sign.
ALGORITHMS = (
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
)
KINDS = {"RSA", "EC"}
# How far the provider's clock and ours may differ, in seconds.
LEEWAY = 60
# Headers that we do not know say nothing that we need; of those marked critical each is refused.
_REGISTRY = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True)
class Expected:
    """What a token has to say; `now` in seconds since 1970."""

    issuer: str
    client_id: str
    nonce: str
    now: float


class RefusedTokenError(Exception):
    """Raised for a token that proves nothing; its text names the check and quotes nothing."""


class UnknownKeyError(RefusedTokenError):
    """Raised for a token that was signed with a key that is not among those given."""


def usable_keys(key_set: Mapping[str, Any]) -> list[Key]:
    """Return the keys of a JWK set with which a provider may sign tokens.

    Keys for encrypting, of symmetric or unknown kinds, too short or malformed are left out.
    """
    keys = key_set.get("keys")
    given = keys if isinstance(keys, list) else []
    return [key for each in given if (key := _key(each)) is not None]


def _key(given: object) -> Key | None:
    if not isinstance(given, dict) or given.get("kty") not in KINDS:
        return None
    if given.get("use", "sig") != "sig":
        return None
    try:
        # Of a key that is too short the library only warns.
        with warnings.catch_warnings(action="error", category=SecurityWarning):
            return JWKRegistry.import_key(given)
    except (JoseError, SecurityWarning, ValueError, TypeError):
        return None


def claims_of(token: str, keys: Sequence[Key], expected: Expected) -> Mapping[str, Any]:
    """Return what a token says.

    Raises:
        UnknownKeyError: It was signed with another key.
        RefusedTokenError: It was forged, is not from the issuer, not for us, or not of now.
    """
    claims = _signed(token, keys)
    now = expected.now
    checks = {
        "issuer": claims.get("iss") == expected.issuer,
        "audience": _is_for(claims, expected.client_id),
        "expired": _number(claims, "exp", default=0) > now - LEEWAY,
        "not yet": _number(claims, "nbf", default=now) <= now + LEEWAY,
        "issued": _number(claims, "iat", default=float("inf")) <= now + LEEWAY,
        "nonce": claims.get("nonce") == expected.nonce,
        "subject": isinstance(claims.get("sub"), str) and bool(claims["sub"]),
    }
    for check, passed in checks.items():
        if not passed:
            raise RefusedTokenError(check)
    return claims


def _signed(token: str, keys: Sequence[Key]) -> dict[str, Any]:
    try:
        header = jws.extract_compact(token.encode(), registry=_REGISTRY).headers()
        if header.get("alg") not in ALGORITHMS:
            raise RefusedTokenError("algorithm")
        return jwt.decode(token, _key_for(header, keys), registry=_REGISTRY).claims
    except (JoseError, ValueError):
        raise RefusedTokenError("signature") from None


def _key_for(header: Header, keys: Sequence[Key]) -> Key:
    """Return the key that signed; a token need not name it where there is but one."""
    kid = header.get("kid")
    found = [key for key in keys if kid is None or key.kid == kid]
    if len(found) == 1:
        return found[0]
    raise UnknownKeyError("key")


def _is_for(claims: Mapping[str, Any], client_id: str) -> bool:
    """Tell whether a token is for us: where it is for others as well, that they let it be used."""
    audience, party = claims.get("aud"), claims.get("azp")
    if audience in (client_id, [client_id]):
        return party in (None, client_id)
    return isinstance(audience, list) and client_id in audience and bool(party == client_id)


def _number(claims: Mapping[str, Any], name: str, *, default: float) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedTokenError(name)
    return value
