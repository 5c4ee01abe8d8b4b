"""Pyramid: routes, predicates, sessions, an upload, an iterated response, static files, views of exceptions."""

from pathlib import Path

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.response import FileResponse, Response
from pyramid.session import SignedCookieSessionFactory

HERE = Path(__file__).parent


def item(request):
    return {"number": int(request.matchdict["number"]), "url": request.route_url("item", number=7)}


def count(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return request.session["count"]


def upload(request):
    file = request.POST["file"]
    return {"name": file.filename, "bytes": len(file.file.read())}


def stream(request):
    return Response(app_iter=(f"{number}\n".encode() for number in range(1000)), content_type="text/plain")


def elsewhere(request):
    return HTTPFound(request.route_path("count"))


def download(request):
    return FileResponse(HERE / "static/numbers.txt", request=request)


def fails(request):
    raise LookupError("provoked in Pyramid")


def missing(error, request):
    request.response.status = 409
    return {"missing": error.args[0]}


def provoke_missing(request):
    raise KeyError("pen")


def not_found(error, request):
    return Response(f"nothing at {request.path}", status=404)


def main(settings=None):
    with Configurator(settings=settings or {}) as config:
        config.set_session_factory(SignedCookieSessionFactory("for tests"))
        for name, view, pattern in [
            ("item", item, "/items/{number}"),
            ("count", count, "/count"),
            ("upload", upload, "/upload"),
            ("missing", provoke_missing, "/missing"),
        ]:
            config.add_route(name, pattern)
            config.add_view(view, route_name=name, renderer="json")
        for view in (stream, elsewhere, download, fails):
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__)
        config.add_exception_view(missing, context=KeyError, renderer="json")
        config.add_notfound_view(not_found)
        config.add_static_view("static", str(HERE / "static"))
        return config.make_wsgi_app()


app = main()
