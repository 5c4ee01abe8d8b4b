"""A Flask project by a factory: blueprints, sessions, uploads, streams, errors, files."""

import hashlib
import io
import os
import threading
import time
from pathlib import Path

from flask import (
    Flask,
    Response,
    abort,
    copy_current_request_context,
    flash,
    g,
    get_flashed_messages,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    send_from_directory,
    session,
    stream_with_context,
    url_for,
)
from shop import shop
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

HERE = Path(__file__).parent


def create_app():
    app = Flask(__name__)
    app.secret_key = "for tests"
    # Werkzeug reads a body that no limit cuts by `read()` alone, which PEP 3333 does not have.
    app.config["MAX_CONTENT_LENGTH"] = 32 * 1024 * 1024
    app.config["MAX_FORM_MEMORY_SIZE"] = 1024 * 1024
    app.register_blueprint(shop, url_prefix="/shop")
    torn_down = []
    two = threading.Barrier(2, timeout=30)
    released = threading.Event()
    left = threading.Event()
    arrived = threading.Event()

    @app.before_request
    def begin():
        g.began = time.monotonic()
        g.thread = threading.get_ident()

    @app.after_request
    def mark(response):
        response.headers["X-After"] = str(response.status_code)
        return response

    @app.teardown_request
    def tear_down(error):
        torn_down.append([request.path, type(error).__name__ if error else None])

    @app.get("/torn-down")
    def show_torn_down():
        return jsonify(torn_down[-5:])

    @app.errorhandler(404)
    def not_found(error):
        return render_template("error.html", what=request.path), 404

    @app.errorhandler(HTTPException)
    def any_http_error(error):
        return {"code": error.code, "name": error.name}, error.code

    @app.errorhandler(KeyError)
    def missing(error):
        return {"missing": error.args[0]}, 400

    @app.get("/fails")
    def fails():
        raise LookupError("provoked in Flask")

    @app.get("/missing")
    def provoke_missing():
        raise KeyError("name")

    @app.get("/teapot")
    def teapot():
        abort(418)

    @app.get("/items/<int:number>")
    def item(number):
        return {"number": number, "q": request.args.getlist("q"), "url": url_for("item", number=number)}

    @app.route("/files/<path:name>")
    def files(name):
        return send_from_directory(HERE / "static", name, conditional=True)

    @app.get("/memory")
    def memory():
        return send_file(io.BytesIO(b"0123456789" * 1000), "text/plain", as_attachment=True, download_name="\xfc.txt")

    @app.post("/upload")
    def upload():
        described = []
        for file in request.files.getlist("files"):
            body = file.stream.read()
            described.append([file.filename, file.mimetype, len(body), hashlib.sha256(body).hexdigest()])
        return {"title": request.form["title"], "files": described}

    @app.post("/raw")
    def raw():
        digest, total = hashlib.sha256(), 0
        while part := request.stream.read(65536):
            digest.update(part)
            total += len(part)
        return {"bytes": total, "sha256": digest.hexdigest(), "length": request.content_length}

    @app.post("/json")
    def as_json():
        return {"got": request.get_json()}

    @app.post("/lines")
    def lines():
        return {"lines": [line.decode() for line in request.stream]}

    @app.get("/stream")
    def stream():
        @stream_with_context
        def parts():
            for number in range(3):
                yield f"{request.args['name']} {number}\n"

        return Response(parts(), mimetype="text/plain")

    @app.get("/many")
    def many():
        return Response((f"{number}\n" for number in range(10_000)), mimetype="text/plain")

    @app.get("/events")
    def events():
        def parts():
            try:
                yield "data: 0\n\n"
                released.wait(30)
                while True:
                    yield "data: 1\n\n"
            finally:
                left.set()

        return Response(parts(), mimetype="text/event-stream")

    @app.post("/release")
    def release():
        released.set()
        return {"released": True}

    @app.post("/arrived")
    def has_arrived():
        arrived.set()
        return {}

    @app.get("/left")
    def show_left():
        return {"left": left.wait(30)}

    @app.get("/fails-late")
    def fails_late():
        def parts():
            yield "begun"
            arrived.wait(30)
            raise LookupError("provoked after the head")

        return Response(parts(), headers={"Content-Length": "100"})

    @app.get("/together")
    def together():
        # Two requests meet here, each on a thread of its own with a `g` of its own.
        g.mine = request.args["name"]
        two.wait()
        return {"mine": g.mine, "same thread": g.thread == threading.get_ident(), "thread": g.thread}

    @app.get("/context-on-a-thread")
    def context_on_a_thread():
        found = []

        @copy_current_request_context
        def work():
            found.append(request.args["name"])

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return jsonify(found)

    @app.get("/where")
    def where():
        return {
            "remote": request.remote_addr,
            "url": request.url,
            "root": request.script_root,
            "path": request.path,
            "secure": request.is_secure,
            "user agent": request.user_agent.string,
            "multithread": request.environ["wsgi.multithread"],
        }

    @app.route("/login", methods=["GET", "POST"])
    def login():
        if request.method == "POST":
            session["name"] = request.form["name"]
            flash(f"welcome {request.form['name']}")
            return redirect(url_for("home"))
        return render_template("login.html")

    @app.get("/home")
    def home():
        return {"name": session.get("name"), "flashed": get_flashed_messages()}

    @app.get("/logout")
    def logout():
        session.clear()
        return redirect(url_for("home"))

    @app.get("/cookies")
    def cookies():
        response = jsonify(request.cookies)
        response.set_cookie("a", "1", httponly=True)
        response.set_cookie("b", "\xfc")
        return response

    @app.get("/empty")
    def empty():
        response = Response(status=204)
        # wsgiref.validate refuses a type for what is not there; Flask sends one all the same.
        del response.headers["Content-Type"]
        return response

    @app.get("/latin")
    def latin():
        return "x", {"X-Latin": request.headers.get("X-Latin", "")}

    if os.environ.get("BEHIND_A_PROXY"):
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
    return app


app = create_app()
