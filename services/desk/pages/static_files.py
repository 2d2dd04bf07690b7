"""The desk's stylesheets and scripts, under an address that changes whenever one of them does."""

import hashlib
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
# What is served, as what.
TYPES = {
    "desk.css": "text/css; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "govuk-frontend.min.css": "text/css; charset=utf-8",
    "govuk-frontend.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
FOREVER = {"cache-control": "public, max-age=31536000, immutable"}
# The font that govuk-frontend asks for may be used on gov.uk alone.
_their_font = re.compile(rb"@font-face[{][^}]*[}]|GDS Transport,")


class StaticFiles:
    """Holds them; each is served from memory."""

    def __init__(self) -> None:
        self._files = {name: _their_font.sub(b"", (FOLDER / name).read_bytes()) for name in TYPES}
        self.version = hashlib.sha256(b"".join(self._files.values())).hexdigest()[:16]

    def address(self, name: str) -> str:
        """Return where a file is served."""
        if name not in TYPES:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    async def serve(self, request: Request) -> Response:
        """Answer with a file; under the address of another version there is nothing."""
        name = request.path_params["name"]
        if request.path_params["version"] != self.version or name not in self._files:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        return Response(self._files[name], headers=FOREVER | {"content-type": TYPES[name]})
