"""What the desk says where it cannot do what was asked: what happened, and what to do."""

from typing import NamedTuple


class Message(NamedTuple):
    """A page's heading and its sentence."""

    title: str
    sentence: str

    def saying(self, error: Exception) -> "Message":
        """Return it with an error's own sentence."""
        return self._replace(sentence=str(error.args[0]) if error.args else self.sentence)


# By HTTP status.
MESSAGES = {
    400: Message("That could not be read", "The form is none of this desk's: open the page again."),
    403: Message(
        "You may not see this", "Your role does not include it: ask whoever gives out the roles."
    ),
    404: Message("There is no such page", "Check the address, or go back to the start."),
    405: Message("That cannot be asked for here", "Go back to the start, and use the buttons."),
    409: Message("This inquiry cannot be decided now", "Go on with the next one."),
    413: Message("That is too long", "Shorten what you wrote, and send it again."),
    500: Message(
        "Something is wrong with the desk",
        "Nothing you decided before is lost: try again, and tell the operators if it stays so.",
    ),
    503: Message("The desk cannot reach its log", "Try again in a moment: nothing is lost."),
}
OTHER = Message("That did not work", "Go back to the start, and try again.")
OTHER_SESSION = Message(
    "This form can no longer be sent",
    "It was given out before you last signed in, or by another site: open the inquiry again, and "
    "choose there.",
)
KEPT = Message(
    "Your decision is kept",
    "The next inquiry cannot be had at the moment: try again in a while.",
)
