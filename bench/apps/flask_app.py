"""The Flask row: JSON from a view that returns a dict."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def root():
    return {"message": "Hello World"}
