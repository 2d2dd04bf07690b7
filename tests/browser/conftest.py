import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from services.desk.interface import Person
from tests.browser.visitor import Visitor
from tests.desk_site import WHO, served, site
from tests.fake_desk import FakeDesk
from tests.tools import need

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium. For one module: while it runs, nothing else can use asyncio in this thread."""
    need("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*QUIET]
        )
        yield chromium
        chromium.close()


class Visitors:
    """Lets persons, each with a browser of their own, visit desks."""

    def __init__(self, browser: Browser, stack: ExitStack) -> None:
        self._browser = browser
        self._stack = stack

    def serve(self, desk: FakeDesk, *persons: Person) -> str:
        return self._stack.enter_context(served(site(desk, *persons)))

    def visit(self, address: str, person: Person | None, *, scripts: bool = True) -> Visitor:
        context: BrowserContext = self._browser.new_context(java_script_enabled=scripts)
        self._stack.callback(context.close)
        if person:
            context.add_cookies([{"name": WHO, "value": person.pseudonym, "url": address}])
        return Visitor(context.new_page(), address)


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Visitors]:
    with ExitStack() as stack:
        yield Visitors(browser, stack)
