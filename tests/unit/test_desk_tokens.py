import hmac
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import Key

from services.desk.login.tokens import (
    ALGORITHMS,
    LEEWAY,
    Expected,
    RefusedTokenError,
    UnknownKeyError,
    claims_of,
    usable_keys,
)
from tests.unit.openid import compact, ec, rsa, signed

ISSUER, NOW = "https://login.example.org", 1_800_000_000
EXPECTED = Expected(ISSUER, "desk", "n-0S6", NOW)
RSA, EC = rsa("one"), ec("two")
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def claims(**changed: Any) -> dict[str, Any]:
    good = {
        "iss": ISSUER,
        "sub": "person-17",
        "aud": "desk",
        "exp": NOW + 300,
        "iat": NOW,
        "nonce": "n-0S6",
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def key_set(*keys: Key) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def refusal(token: str, *keys: Key) -> str:
    with pytest.raises(RefusedTokenError) as caught:
        claims_of(token, usable_keys(key_set(*(keys or (RSA, EC)))), EXPECTED)
    return str(caught.value)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_the_provider_is_believed(algorithm: str) -> None:
    """Whatever a provider signs with of what is secure, what it says of a person is known."""
    key = ec("k", CURVES[algorithm]) if algorithm in CURVES else RSA
    token = signed(claims(), key, algorithm)
    assert claims_of(token, usable_keys(key_set(key)), EXPECTED) == claims()


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"iss": "https://evil.example.org"}, "issuer"),
        ({"iss": ISSUER + "/"}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": ["another", "third"]}, "audience"),
        ({"aud": ["desk", "another"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"azp": "another"}, "audience"),
        ({"aud": ["desk", "another"], "azp": "another"}, "audience"),
        ({"exp": NOW - LEEWAY}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "never"}, "exp"),
        ({"exp": True}, "exp"),
        ({"nbf": NOW + LEEWAY + 1}, "not yet"),
        ({"iat": NOW + LEEWAY + 1}, "issued"),
        ({"iat": None}, "issued"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": 17}, "subject"),
    ],
)
def test_a_token_that_is_not_for_now_and_us_is_refused(changed: dict[str, Any], check: str) -> None:
    """Foreign issuers and audiences, expired tokens and those of another sign-in prove nothing."""
    assert refusal(signed(claims(**changed), RSA, "RS256")) == check


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["desk"]},
        {"aud": ["desk", "another"], "azp": "desk"},
        {"exp": NOW - LEEWAY + 1},
        {"nbf": NOW + LEEWAY},
    ],
)
def test_a_token_may_be_for_others_too_and_clocks_may_differ(changed: dict[str, Any]) -> None:
    """A token for several that names us as its user is ours, and a minute is nothing."""
    token = signed(claims(**changed), RSA, "RS256")
    assert claims_of(token, usable_keys(key_set(RSA)), EXPECTED) == claims(**changed)


@pytest.mark.parametrize(("algorithm", "digest"), [("HS256", "sha256"), ("HS512", "sha512")])
def test_a_signature_with_the_public_key_is_refused(algorithm: str, digest: str) -> None:
    """What everybody may know is no secret to sign with."""
    public = RSA.as_pem(private=False)
    header = {"alg": algorithm, "kid": "one"}
    token = compact(header, claims(), lambda head: hmac.digest(public, head, digest))
    assert refusal(token) == "algorithm"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", None, 7, [], {}])
def test_no_signature_is_refused(algorithm: object) -> None:
    """A token that says it needs no signature, or not which it has, proves nothing."""
    token = compact({"alg": algorithm, "kid": "one"}, claims(), lambda _head: b"")
    assert refusal(token) in {"algorithm", "signature"}


def test_a_forged_token_is_refused() -> None:
    """A token that another key signed, or of which a letter was changed, proves nothing."""
    assert refusal(signed(claims(), rsa("one"), "RS256")) == "signature"
    head, _, signature = signed(claims(), RSA, "RS256").split(".")
    _, body, _ = signed(claims(sub="boss"), RSA, "RS256").split(".")
    assert refusal(f"{head}.{body}.{signature}") == "signature"
    assert refusal(signed(claims(), EC, "ES256", kid="one")) == "signature"


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "é.è.ê", "..", "a" * 200_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Whatever stands where the token should is refused in the same way."""
    assert refusal(token) == "signature"


def test_a_critical_header_that_is_not_known_is_refused() -> None:
    """What a provider says has to be understood is; what else it says is left alone."""
    good = signed(claims(), RSA, "RS256", cty="x", unknown="y")
    assert claims_of(good, usable_keys(key_set(RSA)), EXPECTED)
    assert refusal(signed(claims(), RSA, "RS256", crit=["new"], new=True)) == "signature"


def test_an_unknown_key_is_told_apart() -> None:
    """A token with a key that is not known may be of a new one: the keys are worth asking for."""
    keys = usable_keys(key_set(RSA))
    with pytest.raises(UnknownKeyError):
        claims_of(signed(claims(), EC, "ES256"), keys, EXPECTED)
    with pytest.raises(UnknownKeyError):
        claims_of(signed(claims(), RSA, "RS256"), [], EXPECTED)


def test_a_token_need_not_name_the_only_key() -> None:
    """Where there is one key a token need not say which; where there are two it has to."""
    token = signed(claims(), RSA, "RS256", kid=None)
    assert claims_of(token, usable_keys(key_set(RSA)), EXPECTED)
    assert refusal(token, RSA, EC) == "key"


def test_keys_that_are_not_for_signatures_are_left_out() -> None:
    """Keys that are short, symmetric, for encrypting, of new kinds or broken do not count."""
    with pytest.warns(SecurityWarning):
        short = rsa("short", 1024)
    told = [
        RSA.as_dict(private=False),
        short.as_dict(private=False),
        RSA.as_dict(private=False) | {"kid": "enc", "use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        {"kty": "AKP", "kid": "new"},
        {"kty": "RSA", "kid": "broken"},
        {"kty": "RSA", "kid": "odd", "n": 7, "e": []},
        "key",
    ]
    assert [key.kid for key in usable_keys({"keys": told})] == ["one"]
    assert usable_keys({}) == usable_keys({"keys": None}) == []
