"""Whether a form is the desk's own: another site can make a browser send one, too."""

from collections.abc import Mapping

from services.desk.login.seal import Seal
from services.desk.login.session import Session

# What changes nothing, and so may be asked for by a link on another site.
SAFE = {"GET", "HEAD", "OPTIONS"}
SAME_SITE = {"same-origin", "none"}


def form_token(seal: Seal, session: Session) -> str:
    """Return what each form of a session carries in the field `token`."""
    return seal.write("form", session.id)


def is_own_form(seal: Seal, session: Session, token: str) -> bool:
    """Tell whether a form was given out in this session."""
    return seal.read("form", token, str) == session.id


def comes_from_elsewhere(method: str, headers: Mapping[str, str], origin: str) -> bool:
    """Tell whether a browser says that another site made it ask for a change.

    Old browsers say nothing, or `null` because no page of ours says where it leads from: then the
    token alone decides.

    Args:
        method: Such as `POST`.
        headers: By names in small letters.
        origin: The desk's own, such as `https://desk.example.org`.
    """
    if method in SAFE:
        return False
    if (site := headers.get("sec-fetch-site")) is not None:
        return site not in SAME_SITE
    return headers.get("origin", "null") not in {origin, "null"}
