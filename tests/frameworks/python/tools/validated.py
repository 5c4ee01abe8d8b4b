"""`wsgiref.validate` in front of the WSGI application that `VALIDATED` names."""

import importlib
import os
import warnings
from wsgiref.validate import WSGIWarning, validator

# What the validator only warns of is refused as well.
warnings.simplefilter("error", WSGIWarning)

_module, _, _name = os.environ["VALIDATED"].partition(":")
_validator = validator(getattr(importlib.import_module(_module), _name))


def app(environ, start_response):
    # The validator's own function takes any arguments, which tells no server what it is.
    return _validator(environ, start_response)
