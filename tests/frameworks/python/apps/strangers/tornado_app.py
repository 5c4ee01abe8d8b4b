"""A Tornado application, which has a server of its own."""

import tornado.web


class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("hello")


class Mine(tornado.web.Application):
    """As many projects have it: a subclass."""


app = Mine([("/", Hello)])
