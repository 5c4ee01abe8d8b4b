"""A blueprint with a handler of errors, a template and a URL of its own."""

from flask import Blueprint, abort, render_template, request

shop = Blueprint("shop", __name__, template_folder="templates")


@shop.before_request
def closed():
    if request.args.get("closed"):
        abort(503)


@shop.errorhandler(503)
def sorry(error):
    return "the shop is closed", 503


@shop.get("/")
def index():
    return render_template("shop.html", goods=["<pen>", "paper"])
