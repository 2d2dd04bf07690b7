"""What a contact-centre system publishes: `inquiry.received.v1`."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

MAX_TEXT = 20_000

Id = Annotated[str, Meta(min_length=1, max_length=200, description="The sender's id.")]
Text = Annotated[
    str, Meta(min_length=1, max_length=MAX_TEXT, description="What the citizen wrote.")
]
Timestamp = Annotated[datetime, Meta(tz=True, description="RFC 3339, with an offset from UTC.")]


class Inquiry(Struct, frozen=True, kw_only=True, gc=False):
    """One inquiry as it was received.

    Fields that are not named here are allowed, and travel on in the inquiry's own bytes. Of those
    that are, only id and text are required: another one that is wrong is left out of what is
    decided, and the header triage-left-out names it; it arrives as it was sent.
    """

    id: Id
    text: Text
    subject: str | None = None
    channel: Annotated[str | None, Meta(description="email, web-form, phone, …")] = None
    language: Annotated[str | None, Meta(description="BCP 47 tag, such as en or cy.")] = None
    received_at: Timestamp | None = None
    reference: Annotated[str | None, Meta(description="The case it belongs to.")] = None
    attributes: dict[str, str] | None = None

    @property
    def full_text(self) -> str:
        """What the citizen wrote, for model and rules: the subject line is part of it."""
        return f"{self.subject}\n{self.text}" if self.subject else self.text

    def __repr__(self) -> str:
        """Show the id alone: what a citizen wrote must not reach a log by accident."""
        return f"Inquiry(id={self.id!r}, text=<{len(self.text)} characters>)"
