"""An OpenID provider, as small as one can be: it signs what a test says, on loopback."""

import asyncio
import contextlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import uvicorn
from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT_ID = "desk"
CLIENT_SECRET = "s3cret & more"  # noqa: S105 - of a client that exists nowhere


def rsa(kid: str, bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": kid, "use": "sig"})


def ec(kid: str, curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, {"kid": kid, "use": "sig"})


def signed(claims: Mapping[str, Any], key: Key, algorithm: str, **header: Any) -> str:
    """Sign claims as a provider does; a header that is None is left out."""

    def sign(head: bytes) -> bytes:
        model = jws.JWSRegistry.algorithms[algorithm]
        return model.sign(head, key)

    full = {"alg": algorithm, "kid": key.kid, **header}
    return compact({name: value for name, value in full.items() if value is not None}, claims, sign)


def compact(
    header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]
) -> str:
    """Write a token, signed in whichever way."""
    head = b".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    return b".".join([head, _base64(sign(head))]).decode()


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


class Provider:
    """What it says and signs, for a test to change: by default all is as it should be.

    Args:
        issuer: Its address, once it is served.
        claims: What a token says beside or instead of what it should.
        key: Signs tokens; `keys` are those that it tells of.
        algorithm: That of the signature.
        away: Whether it answers nothing but an error.
        seen: The forms that came to the token endpoint.
        asked: How often each path was asked for.
    """

    def __init__(self, key: Key, algorithm: str) -> None:
        self.issuer = ""
        self.claims: dict[str, Any] = {}
        self.key, self.algorithm = key, algorithm
        self.keys: list[Key] = [key]
        self.away = False
        self.said: dict[str, Any] = {}
        self.seen: list[dict[str, str]] = []
        self.asked: dict[str, int] = {}
        self.codes: dict[str, dict[str, str]] = {}
        routes = [
            Route("/.well-known/openid-configuration", self._configuration),
            Route("/keys", self._keys),
            Route("/token", self._token, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes)

    def code_for(self, address: str) -> tuple[str, str]:
        """Sign a person in who was sent to an address: return the code and the state."""
        asked = dict(parse_qsl(urlsplit(address).query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code, asked["state"]

    async def _configuration(self, request: Request) -> Response:
        return self._answer(
            request,
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize?tenant=x",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                **self.said,
            },
        )

    async def _keys(self, request: Request) -> Response:
        return self._answer(request, {"keys": [key.as_dict(private=False) for key in self.keys]})

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        self.seen.append(form | {"authorization": request.headers.get("authorization", "")})
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return self._answer(request, {"error": "invalid_grant", "hint": "<b>"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "person-17",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "roles": ["reviewer"],
            **self.claims,
        }
        return self._answer(request, {"id_token": signed(claims, self.key, self.algorithm)})

    def _answer(self, request: Request, said: Any, status: int = 200) -> Response:
        self.asked[request.url.path] = self.asked.get(request.url.path, 0) + 1
        if self.away:
            return Response("<html>Bad gateway</html>", 502)
        return JSONResponse(said, status)


@contextlib.asynccontextmanager
async def served(provider: Provider) -> AsyncIterator[Provider]:
    """Serve a provider on a port of its own."""
    config = uvicorn.Config(provider.app, port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    provider.issuer = f"http://127.0.0.1:{port}"
    try:
        yield provider
    finally:
        server.should_exit = True
        await task
