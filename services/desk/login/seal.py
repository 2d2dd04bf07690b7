"""Signed values: what the desk gave out it knows again, on any replica and after a restart."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal, TypeVar

import msgspec
from itsdangerous import BadData, URLSafeSerializer

T = TypeVar("T")
Purpose = Literal["session", "sign-in", "form"]
# Of a pseudonym: 80 bits, so that two people are never one.
PSEUDONYM_DIGITS = 20


class Seal:
    """Signs values, each for one purpose.

    Args:
        secrets: The first signs; what any of the others has signed holds as well.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secrets)

    def write(self, purpose: Purpose, value: object) -> str:
        """Return a value as a text that goes into a cookie or a form."""
        return str(self._signer(purpose).dumps(msgspec.to_builtins(value)))

    def read(self, purpose: Purpose, written: str, kind: type[T]) -> T | None:
        """Return what was written for a purpose; None where it was not, or not here."""
        try:
            return msgspec.convert(self._signer(purpose).loads(written), kind)
        except (BadData, msgspec.ValidationError):
            return None

    def pseudonym(self, issuer: str, subject: str) -> str:
        """Return what judgements name a person by: always the same, and nobody can turn it back."""
        who = f"{issuer}\0{subject}".encode()
        digest = hmac.new(b"pseudonym" + self._secrets[0].encode(), who, hashlib.sha256)
        return digest.hexdigest()[:PSEUDONYM_DIGITS]

    def _signer(self, purpose: Purpose) -> URLSafeSerializer:
        return URLSafeSerializer(
            [*reversed(self._secrets)],  # itsdangerous signs with the last
            salt=f"inquiry-triage.desk.{purpose}",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )
