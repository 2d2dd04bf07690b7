"""What a person decides of an inquiry: `inquiry.judged.v1`, and what becomes of it.

A judgement refers to an inquiry and never carries it: what a department gets are the bytes that the
citizen's system sent, whoever judges.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from services.messages.decision import Model, Probability, Reason, Sample

Outcome = Literal["department", "not-ours", "escalate"]
Mode = Literal["blind", "on-request", "shown"]
Verdict = Literal["counted", "repeated", "late"]
Source = Literal["review", "audit"]

MODES: dict[Mode, str] = {
    "blind": "The person had not seen what the model thinks.",
    "on-request": "The person asked what the model thinks, and was shown it.",
    "shown": "What the model thinks was shown from the start.",
}
OUTCOMES: dict[Outcome, str] = {
    "department": "It goes to the topic of `department`.",
    "not-ours": "No department of ours should get it: it goes to the topic of what is not ours.",
    "escalate": "Somebody else has to decide: it goes to review once more, before all others.",
}
VERDICTS: dict[Verdict, str] = {
    "counted": "It was the first of its inquiry, and what it says was done.",
    "repeated": "The same judgement again, as by a double click: nothing was done.",
    "late": "Another judgement, whose author is in `first_by`, came first: nothing was done.",
}

Number = Annotated[int, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
JudgementId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        description="Made when the page was shown, so that a second click bears the same.",
    ),
]
Person = Annotated[
    str, Meta(min_length=1, max_length=100, description="A pseudonym of the person, never a name.")
]
Seconds = Annotated[float, Meta(ge=0, description="How long the person took.")]
Label = Annotated[Name | None, Meta(description="With outcome department, and only then.")]
Signpost = Annotated[
    Annotated[str, Meta(max_length=500)] | None,
    Meta(description="Who can help instead; with outcome not-ours, and only then."),
]
At = Annotated[datetime, Meta(tz=True)]


class Place(Struct, frozen=True, kw_only=True):
    """Where the inquiry lies that was judged, and which it is."""

    topic: Annotated[
        Source, Meta(description="The review topic, or that of what went by itself.")
    ] = "review"
    partition: Number
    offset: Number
    event_id: Annotated[
        str, Meta(min_length=1, max_length=500, description="The `ce_id` of the record there.")
    ]

    @property
    def key(self) -> str:
        """What names the place among those of the same installation."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Judgement(Struct, frozen=True, kw_only=True):
    """A person's decision on an inquiry; what is unknown in it is ignored, and never travels on.

    The first of an inquiry counts. One on an inquiry that went by itself only tells whether that
    was right, unless it is to `correct` it: then a copy goes where the person says.
    """

    id: JudgementId
    record: Place
    outcome: Outcome
    department: Label = None
    signpost: Signpost = None
    mode: Mode
    seconds: Seconds
    by: Person
    at: Annotated[datetime, Meta(tz=True, description="When the person decided.")]
    correct: Annotated[
        bool, Meta(description="Of one that went by itself: send a copy where it belongs.")
    ] = False

    def __post_init__(self) -> None:
        """See that the outcome has what belongs to it.

        Raises:
            ValueError: It has less or more.
        """
        if (self.outcome == "department") != (self.department is not None):
            raise ValueError("`department` belongs to the outcome department, and to no other")
        if self.signpost is not None and self.outcome != "not-ours":
            raise ValueError("`signpost` belongs to the outcome not-ours, and to no other")

    def __repr__(self) -> str:
        """Show which it is and on what, never what a person wrote."""
        return f"Judgement(id={self.id!r}, record={self.record.key!r})"


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person decided, as the department that gets the inquiry is told."""

    outcome: Outcome
    judgement: JudgementId
    mode: Mode
    by: Person
    at: At
    department: Label = None
    signpost: Signpost = None

    def __repr__(self) -> str:
        """Show which it is, never what a person wrote."""
        return f"Decision(judgement={self.judgement!r})"


class Suggested(Struct, frozen=True):
    """The department that the model thought right, and how sure it was."""

    department: str
    probability: Probability


class Settled(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a judgement. No text of anybody's: it may be kept for years.

    What the model had suggested stands on the one that counted.
    """

    record: Place
    judgement: JudgementId
    verdict: Verdict
    outcome: Outcome
    mode: Mode
    seconds: Seconds
    by: Person
    at: At
    settled_at: At
    department: Label = None
    corrected: Annotated[
        bool, Meta(description="It went by itself elsewhere, and a copy went where it belongs.")
    ] = False
    model: Model | None = None
    suggested: Suggested | None = None
    reason: Annotated[Reason | None, Meta(description="Of the route that it had.")] = None
    sample: Annotated[
        Sample | None, Meta(description="Of one that went by itself: how its copy was drawn.")
    ] = None
    first_by: Annotated[
        Person | None, Meta(description="Of one that was late: whose judgement counted.")
    ] = None

    @property
    def key(self) -> str:
        """What the note is kept by: the place where it counts, else a name of its own."""
        place = self.record.key
        return place if self.verdict == "counted" else f"{place}/{self.judgement}"
