"""Where a service serves its contract: for machines and for people."""

from functools import cache

from faststream.asgi import AsgiResponse, get
from faststream.asgi.handlers import HttpHandler
from faststream.asgi.response import JSONResponse

from services.contract.fields import Json

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
}


def contract_routes(document: Json) -> list[tuple[str, HttpHandler]]:
    """Return the routes of a document and of its page, which is made when it is first asked for."""

    @cache
    def page() -> bytes:
        # What renders it takes 4 MB, and most services are never asked.
        from services.contract.page import render  # noqa: PLC0415

        return render(document).encode()

    @get(description="The AsyncAPI document of what the service reads and writes.")
    async def for_machines(_scope: object) -> AsgiResponse:
        return JSONResponse(dict(document))

    @get(description="The same as a page for people.")
    async def for_people(_scope: object) -> AsgiResponse:
        return AsgiResponse(page(), headers=HEADERS)

    return [("/asyncapi.json", for_machines), ("/asyncapi", for_people)]
