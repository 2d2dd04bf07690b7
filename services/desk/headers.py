"""What stands before the pages: who asks for the wrong host or from elsewhere stays outside.

TLS is the ingress'. No header of a proxy is believed: the desk's own address is a setting.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.desk.login.addresses import is_loopback
from services.desk.login.csrf import SAFE, comes_from_elsewhere

# What is for Prometheus and Kubernetes: whoever comes by the desk's own address does not get it.
OPERATIONS = {"livez", "readyz", "metrics", "asyncapi", "asyncapi.json"}
# No form holds more: a text is shown and never sent.
FORM_BYTES = 64 * 1024
CACHE = "cache-control"
HEADERS: Mapping[str, str] = {
    CACHE: "no-store",
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


def content_security_policy(scripts: Sequence[str] = ()) -> str:
    """Return what a page may load and do.

    Args:
        scripts: The hashes of the scripts that stand in pages themselves, such as `sha256-…`.
    """
    hashes = [f"'{each}'" for each in scripts]
    return "; ".join(
        [
            "default-src 'none'",
            " ".join(["script-src 'self'", *hashes]),
            "style-src 'self'",
            "img-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )


class FrontDoor:
    """Hands on what is meant for the pages, and gives every answer of theirs its headers.

    Args:
        pages: What people see.
        operations: What Prometheus and Kubernetes ask.
        url: The address at which people open the desk; None where it serves this machine alone.
        scripts: The hashes of the scripts that stand in pages themselves.
    """

    def __init__(
        self, pages: ASGIApp, operations: ASGIApp, url: str | None, scripts: Sequence[str] = ()
    ) -> None:
        self._pages = pages
        self._operations = operations
        self._url = url
        self._headers = {**HEADERS, "content-security-policy": content_security_policy(scripts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        ours = self._is_ours(host)
        if scope["path"].split("/")[1] in OPERATIONS and not (ours and self._url):
            await self._operations(scope, receive, send)
            return
        refusal = self._refusal(scope["method"], headers, host) if ours else self._misdirected()
        await (refusal or self._pages)(scope, receive, self._with_headers(send))

    def _is_ours(self, host: str) -> bool:
        """Tell whether a request is for the desk: else any site could point its name at us."""
        if self._url:
            return host == urlsplit(self._url).netloc
        return is_loopback(urlsplit(f"//{host}").hostname or "")

    def _misdirected(self) -> ASGIApp:
        where = self._url or "localhost"
        return _refuse(HTTPStatus.MISDIRECTED_REQUEST, f"The desk is at {where}: open that.")

    def _refusal(self, method: str, headers: Headers, host: str) -> ASGIApp | None:
        if comes_from_elsewhere(method, headers, self._url or f"http://{host}"):
            return _refuse(
                HTTPStatus.FORBIDDEN,
                "Another site sent this form: open the desk itself and send it from there.",
            )
        length = headers.get("content-length", "")
        if method not in SAFE and not (length.isdecimal() and int(length) <= FORM_BYTES):
            return _refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "This is longer than any form of the desk: write less and send it again.",
            )
        return None

    def _with_headers(self, send: Send) -> Send:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                cached = headers.get(CACHE)  # what has no text may say that it can be kept
                headers.update(self._headers | ({CACHE: cached} if cached else {}))
            await send(message)

        return with_headers


def _refuse(status: HTTPStatus, sentence: str) -> ASGIApp:
    return PlainTextResponse(f"{sentence}\n", status)
