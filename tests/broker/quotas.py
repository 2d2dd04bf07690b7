"""Sets quotas, for which aiokafka has no request."""

from collections.abc import Sequence

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

ALTER_QUOTAS = 49
TEXT = String("utf-8")
ENTITY = ("entity", Array(("type", TEXT), ("name", TEXT)))


class Answer(Response):  # type: ignore[misc]  # aiokafka has no types
    """What came of it."""

    API_KEY = ALTER_QUOTAS
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", TEXT), ENTITY)),
    )


class Question(RequestStruct):  # type: ignore[misc]  # likewise
    """What is to be set."""

    API_KEY = ALTER_QUOTAS
    API_VERSION = 0
    RESPONSE_TYPE = Answer
    SCHEMA = Schema(
        (
            "entries",
            Array(ENTITY, ("ops", Array(("key", TEXT), ("value", Float64), ("remove", Boolean)))),
        ),
        ("validate_only", Boolean),
    )


class AlterQuotas(Request[Question]):  # type: ignore[misc]  # likewise
    """Holds a user to so many bytes a second, or to none any more."""

    API_KEY = ALTER_QUOTAS

    def __init__(self, user: str, rate: str, bytes_a_second: float | None) -> None:
        remove = bytes_a_second is None
        self._entries: Sequence[object] = [
            ([("user", user)], [(rate, bytes_a_second or 0.0, remove)])
        ]

    def build(self, request_struct_class: type[Question]) -> Question:
        """Make the request."""
        return request_struct_class(self._entries, False)  # noqa: FBT003 - by place alone
