"""Somebody who decides at the desk by its forms alone."""

import re

import httpx


class FormReviewer:
    """Sends a desk's forms, one page after the other.

    Args:
        client: Asks the desk, and follows where it leads.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._address = ""
        self.page = ""

    async def sit_down(self) -> None:
        """Open the desk, and ask for the first inquiry."""
        self._keep(await self._client.get("/"))
        await self._send("/next")

    async def decide(self, choice: str) -> None:
        """Say where the inquiry goes that is there, and get the next."""
        judgement = self._field("judgement")
        await self._send(f"{self._address}/choose", choice=choice, judgement=judgement)

    async def sign_out(self) -> None:
        """Leave."""
        await self._send("/sign-out")

    async def _send(self, path: str, **fields: str) -> None:
        form = {"token": self._field("token"), **fields}
        self._keep(await self._client.post(path, data=form))

    def _keep(self, answer: httpx.Response) -> None:
        assert answer.status_code == httpx.codes.OK, answer.url
        self.page, self._address = answer.text, answer.url.path

    def _field(self, name: str) -> str:
        found = re.search(f'name="{name}" value="([^"]+)"', self.page)
        assert found, name
        return found[1]


def at(address: str) -> httpx.AsyncClient:
    """Return what asks a desk of this machine."""
    return httpx.AsyncClient(base_url=address, trust_env=False, follow_redirects=True, timeout=60)
