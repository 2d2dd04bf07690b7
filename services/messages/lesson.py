"""A lesson: an inquiry with what a person decided of it, as a line of a lessons file has it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from services.messages.decision import Probability

Kind = Literal["review", "audit", "returned"]
Mode = Literal["blind", "on-request", "shown", ""]


class Lesson(Struct, frozen=True, kw_only=True):
    """One inquiry, decided by a person; its text is what a model would read."""

    text: Annotated[str, Meta(min_length=1, description="The subject line first, if it has one.")]
    department: Annotated[str, Meta(description="Which it is for; empty where for none of them.")]
    at: Annotated[str, Meta(description="When it was decided: a date, or a time (RFC 3339).")]
    kind: Annotated[
        Kind,
        Meta(
            description="Decided in review, judged as an audit copy, or returned by a department."
        ),
    ]
    weight: Annotated[
        float,
        Meta(
            gt=0,
            description="For how many it stands: an audit copy's chance to be drawn, inverted.",
        ),
    ] = 1.0
    mode: Annotated[Mode, Meta(description="Whether the model's choice was shown.")] = ""
    flags: Annotated[
        str | None,
        Meta(description="Several with | between; in no lesson where nobody judges them."),
    ] = None
    channel: str = ""
    language: str = ""
    suggested: Annotated[str, Meta(description="The model's first choice.")] = ""
    probability: Annotated[Probability | None, Meta(description="How probable that was.")] = None
    model: Annotated[str, Meta(description="Name and version of the model.")] = ""

    def __repr__(self) -> str:
        """Name it by what has no words of the inquiry."""
        return f"Lesson({self.kind}, {self.at})"
