"""CherryPy: exposed methods, sessions, an upload, a stream, static files, an error page."""

from pathlib import Path

import cherrypy

HERE = Path(__file__).parent


class Root:
    @cherrypy.expose
    def index(self, name="nobody"):
        return f"hello {name}"

    @cherrypy.expose
    @cherrypy.tools.json_in()
    @cherrypy.tools.json_out()
    def json(self):
        return {"got": cherrypy.request.json, "remote": cherrypy.request.remote.ip}

    @cherrypy.expose
    @cherrypy.tools.json_out()
    def count(self):
        cherrypy.session["count"] = cherrypy.session.get("count", 0) + 1
        return cherrypy.session["count"]

    @cherrypy.expose
    @cherrypy.tools.json_out()
    def upload(self, file):
        return {"name": file.filename, "bytes": len(file.file.read())}

    @cherrypy.expose
    @cherrypy.config(**{"response.stream": True})
    def stream(self):
        cherrypy.response.headers["Content-Type"] = "text/plain"
        return (f"{number}\n" for number in range(1000))

    @cherrypy.expose
    def elsewhere(self):
        raise cherrypy.HTTPRedirect("/?name=again")

    @cherrypy.expose
    def fails(self):
        raise LookupError("provoked in CherryPy")


cherrypy.config.update({"environment": "embedded", "log.screen": True, "log.access_file": ""})
application = cherrypy.Application(
    Root(),
    config={
        "/": {"tools.sessions.on": True, "error_page.404": lambda **options: f"nothing here: {options['status']}"},
        "/static": {"tools.staticdir.on": True, "tools.staticdir.dir": str(HERE / "static")},
    },
)
