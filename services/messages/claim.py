"""What people do at the desk, before anything is settled by it: `desk.claim.v1`.

The replicas of the desk have no other store: each folds the same records into the same state. They
are a courtesy among reviewers; what counts in the end is the first judgement that is settled.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from services.messages.judgement import At, Judgement, Number, Person, Place

Kind = Literal["claimed", "released", "looked", "chosen", "undone", "sent"]

KINDS: dict[Kind, str] = {
    "claimed": "The person has the inquiry, unless somebody else's claim lasts; again: for longer.",
    "released": "The person gives it back; with a `reason` they skipped it, and it is for others.",
    "looked": "The person chose once, in `judgement`, and was then shown what the model thinks.",
    "chosen": "The person decided as `judgement` says; another one in its place may follow.",
    "undone": "The person took that back, before it was sent, and has the inquiry again.",
    "sent": "What was chosen stands: whoever of the desk reads this publishes it as a judgement.",
}
WITH_JUDGEMENT = frozenset[Kind]({"looked", "chosen"})


class Claim(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person did with an inquiry that waits, in the order of the log and by its time."""

    kind: Kind
    record: Place
    by: Person
    at: At
    second: Annotated[
        bool, Meta(description="For a second opinion, on one that is settled already.")
    ] = False
    claim: Annotated[
        Number | None, Meta(description="The offset of the `claimed` that it goes on from.")
    ] = None
    reason: Annotated[
        Annotated[str, Meta(max_length=200)] | None, Meta(description="Why it was skipped.")
    ] = None
    judgement: Annotated[
        Judgement | None, Meta(description="What the person thinks right; of looked and chosen.")
    ] = None

    def __post_init__(self) -> None:
        """See that the kind has what belongs to it.

        Raises:
            ValueError: It has less or more.
        """
        if (self.kind == "claimed") != (self.claim is None):
            raise ValueError("`claim` belongs to every kind but claimed")
        if (self.kind in WITH_JUDGEMENT) != (self.judgement is not None):
            raise ValueError("`judgement` belongs to looked and chosen, and to no other kind")

    def __repr__(self) -> str:
        """Show what it is of which inquiry, never what a person wrote."""
        return f"Claim({self.kind!r}, record={self.record.key!r}, claim={self.claim!r})"
