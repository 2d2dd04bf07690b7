from typing import Literal, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.chromium import Visitors
from tests.browser.states import STATES
from tests.fake_desk import AUDITOR, EVERYTHING, OTHER, REVIEWER, SUPERVISOR, FakeDesk


class Sight(NamedTuple):
    """How somebody sees a page; sizes in CSS pixels."""

    forced: Literal["active", "none"]
    scheme: Literal["dark", "light"]
    width: int
    height: int


# The last for what it does to the page.
SIGHTS = {
    "light": Sight("none", "light", 1280, 800),
    "a phone, or 400 % zoom": Sight("none", "light", 320, 256),
    "forced colours": Sight("active", "dark", 1280, 800),
}
# axe asks for the colour that letters are filled with, of which Chromium tells the page's own and
# not the one that it is forced to.
FILL = """() => {
  for (const each of document.querySelectorAll('*')) {
    each.style.webkitTextFillColor = getComputedStyle(each).color
  }
}"""


@pytest.mark.parametrize("name", STATES)
def test_every_state_of_every_page_is_accessible(visitors: Visitors, name: str) -> None:
    """There is nothing for axe to find, nothing to scroll sideways to, and no complaint."""
    state = STATES[name]
    desk = FakeDesk(*state.waiting())
    address = visitors.serve(desk, REVIEWER, OTHER, SUPERVISOR, AUDITOR, EVERYTHING)
    visitor = visitors.visit(address, state.person)
    state.reach(visitor, desk)
    for sight_name, sight in SIGHTS.items():
        page = visitor.page
        page.emulate_media(forced_colors=sight.forced, color_scheme=sight.scheme)
        page.set_viewport_size({"width": sight.width, "height": sight.height})
        if sight.forced == "active":
            page.evaluate(FILL)
        found = Axe().run(page).response["violations"]
        assert [(sight_name, each["id"], each["nodes"]) for each in found] == []
        assert page.evaluate("document.scrollingElement.scrollWidth") <= sight.width
    assert visitor.complaints == []
    assert [url for url in visitor.asked_for if not url.startswith(address)] == []
