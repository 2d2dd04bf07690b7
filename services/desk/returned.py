"""Why departments sent an inquiry back, where they did."""

from collections.abc import Sequence

from services.messages.codec import Judged


def why_returned(_judged: Judged) -> Sequence[str]:
    """Return a sentence for each time that a department sent it back, oldest first."""
    return ()
