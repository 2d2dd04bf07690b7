"""How an inquiry is judged, drawn by a hash of its event: the same on every replica, and for ever.

A suggestion that is seen pulls. So some never see it, some see it at once, and how each was judged
is recorded: what the three differ by is how far the suggestion pulls.
"""

from hashlib import blake2b

from services.messages.judgement import Mode

BLIND_IN = 5
SHOWN_IN = 20
SECOND_IN = 20

_DRAWS = 2**32


def mode_of(event_id: str) -> Mode:
    """Return how an inquiry is shown: a fifth blind, a twentieth shown, the others on request."""
    drawn = _drawn(event_id, b"mode")
    if drawn < _DRAWS // BLIND_IN:
        return "blind"
    if drawn < _DRAWS // BLIND_IN + _DRAWS // SHOWN_IN:
        return "shown"
    return "on-request"


def has_second(event_id: str) -> bool:
    """Tell whether somebody else is asked, too: of one in twenty, whatever their mode."""
    return _drawn(event_id, b"second") < _DRAWS // SECOND_IN


def _drawn(event_id: str, what: bytes) -> int:
    return int.from_bytes(blake2b(event_id.encode(), digest_size=4, person=what).digest())
