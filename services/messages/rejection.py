"""Why a record was rejected: a closed list, so that operators can count and alert on it."""

from enum import StrEnum


class Rejection(StrEnum):
    """The reasons that a dead letter can carry in its `rejected-reason` header."""

    EMPTY_VALUE = "empty-value"
    HEADER_NOT_UTF8 = "header-not-utf8"
    NOT_JSON = "not-json"
    WRONG_EVENT = "wrong-event"
    UNSUPPORTED_VERSION = "unsupported-version"
    MISSING_FIELD = "missing-field"
    WRONG_TYPE = "wrong-type"
    EMPTY_TEXT = "empty-text"
    TEXT_TOO_LONG = "text-too-long"
    TOO_LARGE = "too-large"
    WRONG_PARTITION = "wrong-partition"
    INQUIRY_GONE = "inquiry-gone"
    OTHER_INQUIRY = "other-inquiry"
    UNKNOWN_DEPARTMENT = "unknown-department"
    NEVER_SENT = "never-sent"
    MISSING_HEADER = "missing-header"
    WRONG_HEADER = "wrong-header"
    FAILED = "failed"


MEANING: dict[Rejection, str] = {
    Rejection.EMPTY_VALUE: "The record has no value, or an empty one.",
    Rejection.HEADER_NOT_UTF8: "A header that is read is not UTF-8, such as ce_type.",
    Rejection.NOT_JSON: "The value is not JSON (RFC 8259), or is nested too deep to read.",
    Rejection.WRONG_EVENT: "Its CloudEvents attributes are incomplete or name another event.",
    Rejection.UNSUPPORTED_VERSION: "Its CloudEvents or schema version is not one we read.",
    Rejection.MISSING_FIELD: "A field that the schema requires is missing.",
    Rejection.WRONG_TYPE: "A field has another type or form than the schema says.",
    Rejection.EMPTY_TEXT: "The text is empty.",
    Rejection.TEXT_TOO_LONG: "The text is longer than 20,000 characters.",
    Rejection.TOO_LARGE: "The result would not fit into the topic it should go to.",
    Rejection.WRONG_PARTITION: "A judgement or a return is not on its inquiry's partition.",
    Rejection.INQUIRY_GONE: "The inquiry that was judged is kept no longer (retention.ms).",
    Rejection.OTHER_INQUIRY: "At the place that was judged lies another event, or none.",
    Rejection.UNKNOWN_DEPARTMENT: "The routing table has no such department.",
    Rejection.NEVER_SENT: "What was returned is no event that a department was sent.",
    Rejection.MISSING_HEADER: "A return lacks the header returned-why or returned-by.",
    Rejection.WRONG_HEADER: "A header of a return says what it cannot say.",
    Rejection.FAILED: "We failed on it; detail and log name the error and its place in the code.",
}


# What only a judgement can be rejected for, which refers to an inquiry.
OF_JUDGEMENTS = frozenset(
    {
        Rejection.WRONG_PARTITION,
        Rejection.INQUIRY_GONE,
        Rejection.OTHER_INQUIRY,
        Rejection.UNKNOWN_DEPARTMENT,
    }
)
# What only a department's return can be rejected for, beside these.
OF_RETURNS = frozenset({Rejection.NEVER_SENT, Rejection.MISSING_HEADER, Rejection.WRONG_HEADER})


class RejectedError(Exception):
    """Raised when a record cannot be read; says why without quoting any of it."""

    def __init__(self, reason: Rejection, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
