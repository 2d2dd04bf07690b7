"""What an event says of its return by a department, in sentences."""

from collections.abc import Callable, Iterator

from services.messages.judgement import Decision
from services.messages.returned import WHYS, Returned

NameOf = Callable[[str], str]


def said_of_return(returned: Returned | None, name_of: NameOf) -> Iterator[str]:
    """Yield who sent an inquiry back and why, and how it had come to them, as far as it is known.

    Args:
        returned: What the event says, if it was returned at all.
        name_of: Gives the name of a department by its label.
    """
    if returned is None:
        return
    where = f" from {returned.source}" if returned.source else ""
    yield f"{returned.by} sent it back{where}: {WHYS[returned.why]}"
    if returned.suggests:
        yield f"They suggest {name_of(returned.suggests)}."
    if returned.decision:
        yield f"{returned.decision.by} had decided: {_answer(returned.decision, name_of)}."
    if returned.times > 1:
        yield f"By now it has been sent back {returned.times} times."


def _answer(decision: Decision, name_of: NameOf) -> str:
    return name_of(decision.department) if decision.department else "for none of the departments"
