"""A Starlette project: every middleware it brings, each on a sub-application of its own; static files; streams."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

from journal import journal_of
from sockets import Talk, hello
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Host, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

HERE = Path(__file__).parent
templates = Jinja2Templates(directory=HERE / "templates")


async def where(request):
    return JSONResponse(
        {
            "client": list(request.client),
            "url": str(request.url),
            "path": request.url.path,
            "root_path": request.scope["root_path"],
            "http_version": request.scope["http_version"],
            "server": request.scope["server"],
            "type": type(request.scope).__name__,
        }
    )


async def journal(request):
    return JSONResponse(await journal_of(request).until(request.query_params["until"]))


async def note(request):
    journal_of(request).note(request.query_params["entry"])
    return Response()


async def watch(request):
    journal = journal_of(request)
    journal.note("watching")
    for _ in range(3000):
        if await request.is_disconnected():
            journal.note("disconnected")
            return Response()
        await asyncio.sleep(0.01)
    journal.note("never told")
    return Response()


async def page(request):
    return templates.TemplateResponse(request, "page.html", {"name": request.query_params.get("name", "<b>")})


async def form(request):
    async with request.form(max_files=2) as form:
        file = form.get("file")
        return JSONResponse(
            {"fields": form.getlist("field"), "file": [file.filename, len(await file.read())] if file else None}
        )


async def background(request):
    journal = journal_of(request)

    async def on_the_loop():
        journal.note("on the loop")

    async def on_a_thread():
        await run_in_threadpool(lambda: None)
        journal.note("after a thread")

    return PlainTextResponse(
        "queued",
        background=BackgroundTasks(
            [
                BackgroundTask(on_the_loop),
                BackgroundTask(on_a_thread),
            ]
        ),
    )


async def fails_late(request):
    async def parts():
        yield b"begun"
        await journal_of(request).until("arrived")
        raise LookupError("provoked after the head")

    return StreamingResponse(parts(), headers={"content-length": "100"})


async def fails(request):
    raise LookupError("provoked in Starlette")


async def teapot(request):
    raise HTTPException(418, "short and stout", headers={"x-pot": "tea"})


async def not_found(request, error):
    return PlainTextResponse(f"nothing at {request.url.path}", 404)


async def broken(request, error):
    return PlainTextResponse("our own error page", 500)


class Methods(HTTPEndpoint):
    async def get(self, request):
        return PlainTextResponse("got", headers={"x-length": "3"})

    async def post(self, request):
        return JSONResponse({"json": await request.json(), "again": (await request.body()).decode()})


async def cookies(request):
    response = JSONResponse(request.cookies)
    response.set_cookie("a", "1", httponly=True)
    response.set_cookie("b", "2", samesite="strict")
    response.delete_cookie("old")
    return response


# Sessions


async def session_set(request):
    request.session.update(request.query_params)
    return RedirectResponse(request.url_for("sessions:get"))


async def session_get(request):
    return JSONResponse(request.session)


async def session_clear(request):
    request.session.clear()
    return JSONResponse({})


sessions = Starlette(
    routes=[
        Route("/set", session_set),
        Route("/get", session_get, name="get"),
        Route("/clear", session_clear),
        WebSocketRoute("/talk", Talk),
    ],
    middleware=[Middleware(SessionMiddleware, secret_key="for tests", max_age=60)],
)


# Middleware


class Outer(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        request.state.seen = ["outer"]
        response = await call_next(request)
        response.headers["x-outer"] = "1"
        return response


class Inner:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["state"]["seen"].append("inner")

        async def sending(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-inner", b"1")]
            await send(message)

        await self.app(scope, receive, sending)


async def seen(request):
    return JSONResponse({"seen": request.state.seen, "body": (await request.body()).decode()})


async def many(request):
    async def parts():
        for number in range(10_000):
            yield f"{number}\n"

    return StreamingResponse(parts(), media_type="text/plain")


async def events(request):
    async def parts():
        for number in range(3):
            yield f"data: {number}\n\n" + " " * 1000

    return StreamingResponse(parts(), media_type="text/event-stream")


async def short(request):
    return PlainTextResponse("short")


async def large(request):
    return FileResponse(request.query_params["path"], media_type="application/octet-stream")


layered = Starlette(
    routes=[
        WebSocketRoute("/hello", hello),
        Route("/seen", seen, methods=["GET", "POST"]),
        Route("/many", many),
        Route("/large", large),
    ],
    middleware=[Middleware(Outer), Middleware(Inner)],
)
zipped = Starlette(
    routes=[Route("/many", many), Route("/events", events), Route("/short", short), Route("/large", large)],
    middleware=[Middleware(GZipMiddleware, minimum_size=500)],
)
shared = Starlette(
    routes=[Route("/", short, methods=["GET", "PUT"])],
    middleware=[
        Middleware(
            CORSMiddleware,
            allow_origins=["https://a.example"],
            allow_methods=["PUT"],
            allow_headers=["x-mine"],
            allow_credentials=True,
            expose_headers=["x-theirs"],
        )
    ],
)
hosted = Starlette(
    routes=[WebSocketRoute("/hello", hello), Route("/", short)],
    middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["good.example", "*.good.example"])],
)
secure = Starlette(
    routes=[WebSocketRoute("/hello", hello), Route("/", where)], middleware=[Middleware(HTTPSRedirectMiddleware)]
)
debugged = Starlette(debug=True, routes=[Route("/fails", fails)])
branded = Starlette(
    routes=[Route("/fails", fails), Route("/teapot", teapot)], exception_handlers={404: not_found, 500: broken}
)
tenant = Starlette(routes=[Route("/", where)])


async def download(request):
    return FileResponse(HERE / "static" / "numbers.txt", filename="gr\xf6\xdfe.txt")


@asynccontextmanager
async def lifespan(app):
    async with asyncio.timeout(60) if hasattr(asyncio, "timeout") else _nothing():
        app.state.counter = 0
    yield {"greeting": "from the lifespan"}


@asynccontextmanager
async def _nothing():
    yield


async def greeting(request):
    request.app.state.counter += 1
    return JSONResponse([request.state.greeting, request.app.state.counter])


app = Starlette(
    lifespan=lifespan,
    routes=[
        Host("tenant.example", tenant),
        Route("/where", where),
        Route("/greeting", greeting),
        Route("/journal", journal),
        Route("/note", note, methods=["POST"]),
        Route("/watch", watch),
        Route("/page", page, name="page"),
        Route("/form", form, methods=["POST"]),
        Route("/background", background),
        Route("/fails-late", fails_late),
        Route("/methods", Methods),
        Route("/cookies", cookies),
        Route("/download", download),
        Route("/large", large),
        Mount("/sessions", sessions, name="sessions"),
        Mount("/layered", layered),
        Mount("/zipped", zipped),
        Mount("/shared", shared),
        Mount("/hosted", hosted),
        Mount("/secure", secure),
        Mount("/debugged", debugged),
        Mount("/branded", branded),
        Mount("/mounted", Starlette(routes=[Mount("/twice", Starlette(routes=[Route("/{rest:path}", where)]))])),
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        Mount("/site", StaticFiles(directory=HERE / "static", html=True)),
    ],
)
