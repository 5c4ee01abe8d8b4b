"""Bottle: routes, cookies, an upload, a stream, static files, an error page, a plugin."""

from pathlib import Path

import bottle

HERE = Path(__file__).parent
bottle.BaseRequest.MEMFILE_MAX = 64 * 1024
app = bottle.Bottle()


def marks(callback):
    def wrapper(*arguments, **options):
        bottle.response.set_header("X-Plugin", "1")
        return callback(*arguments, **options)

    return wrapper


app.install(marks)


@app.get("/items/<number:int>")
def item(number):
    return {"number": number, "q": bottle.request.query.q, "remote": bottle.request.remote_addr}


@app.get("/count")
def count():
    seen = bottle.request.get_cookie("count", 0, secret="for tests") + 1
    bottle.response.set_cookie("count", seen, secret="for tests")
    return str(seen)


@app.post("/upload")
def upload():
    file = bottle.request.files.file
    return {"name": file.raw_filename, "bytes": len(file.file.read()), "title": bottle.request.forms.title}


@app.get("/stream")
def stream():
    for number in range(1000):
        yield f"{number}\n"


@app.get("/static/<name:path>")
def static(name):
    return bottle.static_file(name, root=HERE / "static")


@app.get("/elsewhere")
def elsewhere():
    bottle.redirect("/items/7")


@app.get("/fails")
def fails():
    raise LookupError("provoked in Bottle")


@app.error(404)
def not_found(error):
    return f"nothing at {bottle.request.path}"
