"""What the pages ask of whoever lets people in."""

from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from services.desk.interface import Person


class Gate(NamedTuple):
    """Who it is, and whether a form is ours.

    Args:
        person_of: Returns who is signed in, or None.
        token_of: Returns what a form of theirs carries in its field `token`.
        is_own_form: Tells by a request and that field whether a form was given out by us to them.
        sign_out: Ends the session, and says where that leads.
    """

    person_of: Callable[[Request], Person | None]
    token_of: Callable[[Request], str]
    is_own_form: Callable[[Request, str], bool]
    sign_out: Callable[[Request], Response]
