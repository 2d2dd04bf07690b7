"""What is only helpful in an inquiry does not cost it: an optional field that is wrong is left out.

It is left out of what is decided, and never of the bytes that travel on.
"""

from typing import Any

import msgspec
from msgspec import NODEFAULT, Raw

from services.messages.causes import members_of
from services.messages.inquiry import Inquiry

ATTRIBUTES = "attributes"
OPTIONAL = {
    field.name: msgspec.json.Decoder(field.type)
    for field in msgspec.structs.fields(Inquiry)
    if field.default is not NODEFAULT
}

_text = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode


def without_wrong_fields(data: bytes, within: str | None = None) -> tuple[bytes, tuple[str, ...]]:
    """Return an inquiry without the optional fields that are wrong, and the names of these.

    Of `attributes` only those are left out that are no texts.

    Args:
        data: The inquiry as JSON, or an object that has it as a member.
        within: That member's name.

    Raises:
        msgspec.DecodeError: There is no such object.
    """
    members = members_of(data)
    if within is not None:
        if within not in members:
            return data, ()
        inner, wrong = without_wrong_fields(bytes(members[within]))
        return _encode({**members, within: Raw(inner)}), wrong
    wrong = tuple(name for name in OPTIONAL if name in members and not _fits(members[name], name))
    left = {name: raw for name, raw in members.items() if name not in wrong}
    if ATTRIBUTES in wrong:
        left[ATTRIBUTES] = Raw(_encode(_texts_of(members[ATTRIBUTES])))
    return _encode(left), wrong


def _fits(raw: Raw, name: str) -> bool:
    return _reads(OPTIONAL[name], raw)


def _reads(decoder: msgspec.json.Decoder[Any], raw: Raw) -> bool:
    try:
        decoder.decode(raw)
    except msgspec.ValidationError:
        return False
    return True


def _texts_of(attributes: Raw) -> dict[str, Raw]:
    try:
        members = members_of(attributes)
    except msgspec.ValidationError:
        return {}
    return {name: raw for name, raw in members.items() if _reads(_text, raw)}
