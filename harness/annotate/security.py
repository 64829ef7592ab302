"""What stands around every request: headers that let a page run only our own files, and a refusal of other sites' requests."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_BODY = 65_536

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",  # the token is in the path
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


class Guard:
    """An ASGI app with the headers on every answer; a request that changes something must be JSON from our own page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or refuses with 403, 413 or 415."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = _refusal(scope["method"], Headers(scope=scope))
        if refusal is not None:
            return await refusal(scope, receive, send_guarded)
        await self.app(scope, receive, send_guarded)


def _refusal(method: str, headers: Headers) -> JSONResponse | None:
    if method in ("GET", "HEAD", "OPTIONS"):
        return None
    origin = headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != headers.get("host")
    if foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return refused(403, "another-site")
    if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        return refused(415, "not-json")  # a plain form of another site cannot send this type
    return None


async def small_body(request: Request) -> bytes:
    """The body of a request; 413 beyond 64 KiB, whatever its headers promise."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise HTTPException(413, "too-large")
    return body


def refused(status: int, reason: str, **more: object) -> JSONResponse:
    """A refusal as JSON: `error` is a word for the page, never a detail of the store."""
    return JSONResponse({"error": reason, **more}, status)
