"""Chromium, and persons at it."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser, sync_playwright

from services.desk.interface import Person
from tests.browser.visitor import Visitor
from tests.desk_site import WHO, served, site
from tests.fake_desk import FakeDesk

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser; while it runs, nothing else can use asyncio in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*QUIET]
        )
        yield browser
        browser.close()


class Visitors:
    """Lets persons, each with a session of their own, visit desks.

    Args:
        browser: What they all look through.
        stack: Ends sessions and desks.
    """

    def __init__(self, browser: Browser, stack: ExitStack) -> None:
        self._browser = browser
        self._stack = stack

    def serve(self, desk: FakeDesk, *persons: Person) -> str:
        """Serve a desk in memory, and return its address."""
        return self._stack.enter_context(served(site(desk, *persons)))

    def visit(self, address: str, person: Person | None, *, scripts: bool = True) -> Visitor:
        """Let a person sit down; without one, nobody is signed in."""
        context = self._browser.new_context(java_script_enabled=scripts)
        self._stack.callback(context.close)
        if person:
            context.add_cookies([{"name": WHO, "value": person.pseudonym, "url": address}])
        return Visitor(context.new_page(), address)
