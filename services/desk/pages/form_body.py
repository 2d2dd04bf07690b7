"""Reads a form that was sent, which may be anything and of any size."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

# What the largest honest form has, several times over.
MAX_BYTES = 64 * 1024
MAX_FIELDS = 50


async def read_form(request: Request) -> Mapping[str, str]:
    """Return a form's fields; of two with one name the last.

    Raises:
        HTTPException: It is larger than any form of ours, or ends before it should.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                raise HTTPException(413)
    except ClientDisconnect:  # a phone without a signal: nobody reads what we answer
        raise HTTPException(400) from None
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise HTTPException(400) from None
    return dict(pairs)
