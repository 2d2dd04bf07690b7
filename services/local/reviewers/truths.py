"""What is right for each inquiry, as a file says or the examples do themselves."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from services.errors import ConfigurationError
from services.local.examples import numbered_lines
from services.messages.judgement import Outcome

T = TypeVar("T", bound=Struct)


class Truth(NamedTuple):
    """The right answer to an inquiry; the department is there with outcome department alone."""

    outcome: Outcome
    department: str | None = None


Truths = Mapping[str, Truth]

NOT_OURS = Truth("not-ours")
ESCALATE = Truth("escalate")
# What an example is that is for no department.
KINDS: Truths = {
    "nobody": NOT_OURS,
    "danger": ESCALATE,
    "discrimination": ESCALATE,
    "unclear": ESCALATE,
}


class _Line(Struct, frozen=True):
    id: str
    department: str | None = None
    escalate: bool = False

    @property
    def truth(self) -> Truth | None:
        """What it says, or None where it says nothing or two things."""
        if self.escalate:
            return None if self.department else ESCALATE
        if self.department is None:
            return None
        return Truth("department", self.department) if self.department else NOT_OURS

    def __repr__(self) -> str:
        """Show nothing: an id may name a citizen."""
        return "_Line()"


class _Example(Struct):
    id: str
    attributes: dict[str, str]

    @property
    def meant(self) -> str:
        """A department, or one of the kinds."""
        return self.attributes.get("example", "")

    def __repr__(self) -> str:
        """Show nothing: either may name a citizen."""
        return "_Example()"


def read_truths(path: Path, departments: Collection[str]) -> Truths:
    """Read a file of truths, by the inquiry's id.

    A line is `{"id": …, "department": …}`, with an empty department for what is not ours; one with
    `"escalate": true` instead is for somebody else to decide.

    Args:
        path: JSON Lines.
        departments: The labels that the routing table has.

    Raises:
        ConfigurationError: The file cannot be read, or a line of it says nothing that can be used.
    """
    truths: dict[str, Truth] = {}
    for number, line in numbered_lines(path, of="truths"):
        told = _read(line, _Line)
        if told is None or (truth := told.truth) is None:
            raise ConfigurationError(
                f"Line {number} of {path} is no truth: give it the `id` of an inquiry and its "
                '`department`, "" for what is not ours, or `escalate` instead.'
            )
        if truth.department is not None and truth.department not in departments:
            raise ConfigurationError(
                f"Line {number} of {path} has a department that is not in the routing table: give "
                "it a label of that, or set ROUTER_ROUTES to the table that has it."
            )
        if truths.setdefault(told.id, truth) != truth:
            raise ConfigurationError(
                f"Line {number} of {path} says of an inquiry what a line before does not: keep "
                "one of them."
            )
    return truths


def truths_of_examples(lines: Iterable[bytes], departments: Collection[str]) -> Truths:
    """Return what the examples say of themselves; of what our reader rejects, nothing is known."""
    known = {**KINDS, **{label: Truth("department", label) for label in departments}}
    examples = (_read(line, _Example) for line in lines)
    return {each.id: known[each.meant] for each in examples if each and each.meant in known}


def _read(line: bytes, as_type: type[T]) -> T | None:
    try:
        return msgspec.json.decode(line, type=as_type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
