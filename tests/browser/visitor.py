"""Somebody at a browser: what they do on the desk's pages, and what the browser complains of."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request

# What a browser says of every page that is no success.
ANSWERED = re.compile("the server responded with a status of")


class Visitor:
    """Acts and sees by the names that things have for people."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.asked_for: list[str] = []
        page.set_default_timeout(20_000)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note)

    def go(self, path: str = "/") -> None:
        self.page.goto(f"{self.address}{path}")

    def press(self, name: str) -> None:
        """Press a button that leads to a page, such as `Send and next`, and wait for that page."""
        with self.page.expect_navigation():
            self.switch(name)

    def switch(self, name: str) -> None:
        """Press a button that changes the page that is there."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def choose(self, name: str) -> None:
        self.radio(name).check()

    def radio(self, name: str) -> Locator:
        return self.page.get_by_role("radio", name=name, exact=True)

    def open(self, summary: str) -> None:
        self.page.locator("summary", has_text=summary).click()

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def where(self) -> str:
        """The path of the page."""
        return urlsplit(self.page.url).path

    @property
    def body(self) -> str:
        return self.page.locator("body").inner_text()

    @property
    def chosen(self) -> list[str]:
        """The values of what is chosen on the page."""
        checked = self.page.locator("input:checked")
        return [each.get_attribute("value") or "" for each in checked.all()]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not ANSWERED.search(message.text):
            self.complaints.append(message.text)

    def _note(self, request: Request) -> None:
        self.asked_for.append(request.url)
