"""The pages of a study: one for each rater and one for its owner, reached by links that hold a secret token."""

import io
import re
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeVar

import msgspec

from harness import __version__
from harness.annotate import errors
from harness.annotate.store import Store
from harness.annotate.study import Study, in_language
from harness.annotate.views import Rater
from harness.errors import HarnessError, MissingExtra

try:
    import uvicorn
    from fastapi import Depends, FastAPI, HTTPException, Request, Response
    from fastapi.responses import HTMLResponse
    from fastapi.staticfiles import StaticFiles
    from sqlalchemy.exc import OperationalError
    from starlette.exceptions import HTTPException as AnyHTTPException
    from starlette.types import Scope

    from harness.annotate import rendering, wire
    from harness.annotate.security import Guard, refused, small_body
except ImportError as error:
    raise MissingExtra("the annotation page needs more packages: pip install 'metaeval-harness[annotate]'") from error

MOST_TASKS = 20
_STATUS: dict[type[Exception], tuple[int, str]] = {
    errors.ConsentNeeded: (403, "consent-needed"),
    errors.UnknownTask: (404, "unknown-task"),
    errors.UnknownRater: (404, "unknown-rater"),
    errors.NotYet: (409, "not-yet"),
    errors.ClientIdReused: (409, "client-id-reused"),
    errors.InvalidAnswers: (422, "invalid-answers"),
    errors.StoreUnavailable: (503, "try-again"),
}
BodyT = TypeVar("BodyT")
Body = Annotated[bytes, Depends(small_body)]


def serve(
    store: Store,
    *,
    host: str = "127.0.0.1",
    port: int = 8400,
    base_url: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serves the study until it is interrupted. `ready` is called with the base URL once connections are accepted (port 0: any).

    `base_url` is what raters' links begin with on the owner's page (default: the address at which the owner opened it).
    Raises HarnessError if the address is taken. The server speaks plain HTTP: beyond this machine, put a TLS proxy in front.
    """
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    app = create_app(store, base_url)
    # links are secret: what was asked is not logged
    settings = uvicorn.Config(app, access_log=False, server_header=False, log_level="warning", timeout_graceful_shutdown=5)
    if ready is not None:
        ready(f"http://{shown}:{listener.getsockname()[1]}")
    uvicorn.Server(settings).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server killed a moment ago must not block its successor
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise HarnessError(
            f"cannot serve on {host} port {port}: {reason}; choose another with --port (0: any free one)"
        ) from error
    return listener


def create_app(store: Store, base_url: str | None = None) -> FastAPI:
    """The study's pages and their JSON. Whatever goes wrong is answered with a status and one word, no detail of the store."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, title="annotate", version=__version__)
    pages = rendering.Pages()
    app.add_middleware(Guard)
    app.mount("/static", _Static(directory=rendering.HERE / "static"), name="static")
    _answer_errors(app, pages)
    _rater_routes(app, store, pages)
    _owner_routes(app, store, pages, (base_url or "").rstrip("/"))
    return app


class _Static(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"  # asked again each time: an updated server never meets an old script
        return response


def _answer_errors(app: FastAPI, pages: rendering.Pages) -> None:
    def known(request: Request, error: Exception) -> Response:
        status, reason = _STATUS.get(type(error), (400, "refused"))
        more = {"criteria": sorted(error.problems)} if isinstance(error, errors.InvalidAnswers) else {}
        return refused(status, reason, **more)

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, AnyHTTPException)
        if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
            both = [(language, pages.strings[language]) for language in rendering.LANGUAGES]
            language = rendering.preferred(request.headers.get("accept-language"), rendering.LANGUAGES)
            both.sort(key=lambda one: one[0] != language)
            root = "../" * (request.url.path.count("/") - 1)
            text = pages.render("missing.html.j2", language, both=both, root=root, version=__version__)
            return HTMLResponse(text, 404)
        return refused(error.status_code, str(error.detail))

    def busy(request: Request, error: Exception) -> Response:
        return refused(503, "try-again")  # the database is locked or away: the page keeps the answer and tries again

    app.add_exception_handler(HarnessError, known)
    app.add_exception_handler(AnyHTTPException, http)
    app.add_exception_handler(OperationalError, busy)


def _rater_routes(app: FastAPI, store: Store, pages: rendering.Pages) -> None:
    study = store.study
    prose = _prose(study)

    def rater_of(token: str) -> Rater:
        rater = store.rater_by_token(token)
        if rater is None:
            raise HTTPException(404, "unknown-link")
        return rater

    Asking = Annotated[Rater, Depends(rater_of)]

    @app.get("/r/{token}")
    def page(request: Request, rater: Asking) -> HTMLResponse:
        language = rendering.preferred(request.headers.get("accept-language"), study.languages)
        names = {tag: pages.strings[tag]["language_name"] if tag in pages.strings else tag for tag in study.languages}
        values = {"title": in_language(study.title, language, study), "languages": study.languages, "names": names, **prose}
        return HTMLResponse(pages.render("rater.html.j2", language, root="../", version=__version__, **values))

    @app.get("/r/{token}/state")
    def state(rater: Asking) -> Response:
        return _json(wire.rater_state(store, rater))

    @app.get("/r/{token}/tasks")
    def tasks(first: int, count: int, rater: Asking) -> Response:
        if first < 1 or not 1 <= count <= MOST_TASKS:
            raise HTTPException(400, "no-such-window")
        return _json({"tasks": wire.task_window(store, rater, first, count)})

    @app.post("/r/{token}/consent")
    def consent(rater: Asking, body: Body) -> Response:
        language = _decoded(body, wire.Consent).language
        if language not in study.languages:
            raise HTTPException(400, "unknown-language")
        rater = store.record_consent(rater, language)
        return _json({"progress": wire.progress_of(store, rater)})

    @app.post("/r/{token}/answers")
    def answers(rater: Asking, body: Body) -> Response:
        sent = _decoded(body, wire.Sent)
        saved = store.save_answer(
            rater,
            sent.task,
            sent.answers,
            client_id=sent.client_id,
            client_time=sent.client_time,
            seconds=sent.seconds,
            note=sent.note,
        )
        return _json(saved)  # the store has committed: only now may the page forget its copy


def _owner_routes(app: FastAPI, store: Store, pages: rendering.Pages, base_url: str) -> None:
    study = store.study

    def owner_only(token: str) -> None:
        if not store.is_owner(token):
            raise HTTPException(404, "unknown-link")

    @app.get("/owner/{token}", dependencies=[Depends(owner_only)])
    def page(request: Request) -> HTMLResponse:
        language = rendering.preferred(request.headers.get("accept-language"), rendering.LANGUAGES)
        names = {tag: pages.strings[tag]["language_name"] for tag in rendering.LANGUAGES}
        values = {"title": in_language(study.title, language, study), "names": names, "base_url": base_url}
        return HTMLResponse(pages.render("owner.html.j2", language, root="../", version=__version__, **values))

    @app.get("/owner/{token}/texts", dependencies=[Depends(owner_only)])
    def texts() -> Response:
        return _json(pages.strings)

    @app.get("/owner/{token}/status", dependencies=[Depends(owner_only)])
    def status() -> Response:
        from harness.annotate.monitor import study_status

        return _json(study_status(store))

    @app.post("/owner/{token}/raters", dependencies=[Depends(owner_only)])
    def add(body: Body) -> Response:
        taken = {rater.pseudonym for rater in store.raters()}
        name = (_decoded(body, wire.NewRater).pseudonym or "").strip()
        name = name or next(free for number in range(1, len(taken) + 2) if (free := f"rater-{number}") not in taken)
        if name in taken:
            raise HTTPException(409, "pseudonym-taken")
        return _json({"pseudonym": name, "token": store.add_rater(name)})

    @app.post("/owner/{token}/raters/{pseudonym}/link", dependencies=[Depends(owner_only)])
    def link(pseudonym: str) -> Response:
        return _json({"pseudonym": pseudonym, "token": store.new_token(pseudonym)})

    @app.delete("/owner/{token}/raters/{pseudonym}", dependencies=[Depends(owner_only)])
    def delete(pseudonym: str) -> Response:
        return _json({"pseudonym": pseudonym, "answers": store.delete_rater(pseudonym)})

    @app.get("/owner/{token}/export", dependencies=[Depends(owner_only)])
    def export() -> Response:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", study.name)
        headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
        return Response(_zipped(store), media_type="application/zip", headers=headers)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")  # a figure that is not a number becomes null


def _prose(study: Study) -> dict[str, Any]:
    """Consent and guidelines as safe HTML by language."""
    of = {"consent": study.consent, "guidelines": study.guidelines}
    return {
        name: {language: rendering.markdown(in_language(texts, language, study)) for language in study.languages}
        for name, texts in of.items()
    }


def _decoded(body: bytes, kind: type[BodyT]) -> BodyT:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(400, "not-understood") from error


def _zipped(store: Store) -> bytes:
    from harness.annotate.exchange import export_store

    packed = io.BytesIO()
    with TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        export_store(store, Path(folder))
        for path in sorted(Path(folder).rglob("*")):
            archive.write(path, path.relative_to(folder))
    return packed.getvalue()
