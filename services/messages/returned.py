"""What a department returns: the event as it got it, and in headers why."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from services.messages.judgement import Decision, Name, Person

# Names no event of its own, but what a department adds to one that it got.
RETURNED = "inquiry.returned.v1"
# Says of an inquiry on the review topic how many of its events departments have returned.
TIMES_HEADER = "returned-times"

Why = Literal["not-ours", "shared", "wrong-person", "unsafe"]

WHYS: dict[Why, str] = {
    "not-ours": "Another department should have it, or none.",
    "shared": "A part of it is for another department.",
    "wrong-person": "It is about another person, or another case, than it was taken for.",
    "unsafe": "Somebody may be in danger: it goes to review before all others.",
}


class Return(Struct, frozen=True, kw_only=True, rename="kebab"):
    """The headers that a department adds to those of the event that it returns.

    Of several with one name the last one counts.
    """

    returned_why: Why
    returned_by: Person
    returned_suggests: Annotated[
        str,
        Meta(
            max_length=100,
            description="The department that should have it, by its label; empty if unknown.",
        ),
    ] = ""


class Returned(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said on the review topic of an inquiry that a department has returned."""

    why: Why
    by: Person
    times: Annotated[
        int, Meta(ge=1, description="How many events of the inquiry were returned by now.")
    ]
    suggests: Annotated[
        Name | None, Meta(description="The department that should have it, as its label.")
    ] = None
    source: Annotated[str | None, Meta(description="The topic of the department that had it.")] = (
        field(default=None, name="from")
    )
    decision: Annotated[
        Decision | None, Meta(description="Of the person who had sent it there, if one had.")
    ] = None
