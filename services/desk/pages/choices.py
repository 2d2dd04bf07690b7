"""The choices beside an inquiry, as the radio buttons of govuk-frontend take them."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from services.desk.interface import DepartmentName
from services.desk.pages import keys
from services.desk.pages.forms import DEPARTMENT, ESCALATE, NOT_OURS

Radio = Mapping[str, Any]
_LABEL = Markup('<span class="desk-name">{}</span>{}')
_KEY = Markup(' <kbd class="desk-key" aria-hidden="true">{}</kbd>')


def radios(departments: Sequence[DepartmentName], *, by_itself: bool) -> list[Radio]:
    """Return a radio button for each choice: departments by name, then what is for none.

    Args:
        departments: Those of the routing table.
        by_itself: Whether the inquiry went by itself, so that there is nobody to pass it on to.
    """
    ordered = sorted(departments, key=lambda each: each.name.casefold())
    found = [
        _radio(f"{DEPARTMENT}{each.label}", each.name, key, **{"data-department": each.name})
        for each, key in zip(ordered, keys.keys(), strict=False)
    ]
    found.append({"divider": "or"})
    if not by_itself:
        hint = {"text": "It goes back to the queue, before all others."}
        escalate = _radio(ESCALATE, "Somebody else has to decide", keys.ESCALATE)
        found.append({**escalate, "hint": hint})
    # The last, so that the fields that belong to it follow.
    found.append(_radio(NOT_OURS, "Not for any of these", keys.NOT_OURS))
    return found


def _radio(value: str, name: str, key: str | None, **attributes: str) -> Radio:
    if key:
        attributes |= {"data-key": key, "aria-keyshortcuts": key}
    shown = _LABEL.format(name, _KEY.format(key) if key else "")
    return {"value": value, "html": shown, "attributes": attributes}
