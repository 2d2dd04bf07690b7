"""What stands before the pages: who asks for the wrong host or from elsewhere stays outside.

TLS is the ingress'. No header of a proxy is believed: the desk's own address is a setting.
"""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.desk.login.addresses import is_loopback
from services.desk.login.csrf import comes_from_elsewhere

# What is for Prometheus and Kubernetes: whoever comes by the desk's own address does not get it.
OPERATIONS = {"livez", "readyz", "metrics", "asyncapi", "asyncapi.json"}
FROM_ELSEWHERE = "Another site sent this form: open the desk itself and send it from there."
CACHE = "cache-control"
# Nothing stands in a page itself: no script, no style.
POLICY = """\
default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; \
frame-ancestors 'none'; base-uri 'none'"""
HEADERS: Mapping[str, str] = {
    CACHE: "no-store",
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(
        f"{each}=()"
        for each in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",  # for browsers that do not know frame-ancestors
    "x-robots-tag": "noindex",
}


class FrontDoor:
    """Hands on what is meant for the pages, and gives every answer of theirs its headers.

    Args:
        pages: What people see.
        operations: What Prometheus and Kubernetes ask.
        url: The address at which people open the desk; None where it serves this machine alone.
    """

    def __init__(self, pages: ASGIApp, operations: ASGIApp, url: str | None) -> None:
        self._pages = pages
        self._operations = operations
        self._url = url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        ours = self._is_ours(host)
        if scope["path"].removeprefix("/").partition("/")[0] in OPERATIONS and not (
            ours and self._url
        ):
            await self._operations(scope, receive, send)
            return
        app = self._pages if ours else self._misdirected()
        if ours and comes_from_elsewhere(scope["method"], headers, self._url or f"http://{host}"):
            app = _refuse(HTTPStatus.FORBIDDEN, FROM_ELSEWHERE)
        await app(scope, receive, _with_headers(send))

    def _is_ours(self, host: str) -> bool:
        """Tell whether a request is for the desk: else any site could point its name at us."""
        if self._url:
            return host == urlsplit(self._url).netloc
        return is_loopback(host if host.endswith("]") else host.rpartition(":")[0] or host)

    def _misdirected(self) -> ASGIApp:
        where = self._url or "localhost"
        return _refuse(HTTPStatus.MISDIRECTED_REQUEST, f"The desk is at {where}: open that.")


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            kept = headers.get(CACHE)  # what has no text of anybody may say that it can be kept
            headers.update({**HEADERS, CACHE: kept or HEADERS[CACHE]})
        await send(message)

    return with_headers


def _refuse(status: HTTPStatus, sentence: str) -> ASGIApp:
    return PlainTextResponse(f"{sentence}\n", status)
