"""Why a department sent an inquiry back, where one did, in a sentence."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from services.messages.codec import Judged

SAYS = {
    "not-ours": "it is for another department, or for none",
    "shared": "a part of it is for another department",
    "wrong-person": "it is about another person or case than it was taken for",
    "unsafe": "somebody may be in danger",
}


class _Returned(Struct):
    why: str
    by: str
    suggests: str | None = None


class _Event(Struct):
    returned: _Returned | None = None


_read = msgspec.json.Decoder(_Event).decode


def why_returned(judged: Judged) -> Sequence[str]:
    """Return a sentence for what a department said that sent it back last, or nothing."""
    try:
        returned = _read(judged.received.data).returned
    except msgspec.ValidationError:
        return ()
    if returned is None or returned.why not in SAYS:
        return ()
    says = f"{returned.by} sent it back and says that {SAYS[returned.why]}"
    return (f"{says}; they suggest {returned.suggests}." if returned.suggests else f"{says}.",)
