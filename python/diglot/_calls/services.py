"""`services`: the functions of the other services, by name."""

from .names import crossing
from .outgoing import RemoteFunction


class Service:
    """A service by its name; its attributes are its functions."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return RemoteFunction(self._name, crossing(name))

    def __repr__(self):
        return f"services.{self._name}"


class Services:
    """`services.model`, or `services["my-model"]` where the name is no name in Python."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return Service(crossing(name))

    def __getitem__(self, name):
        return Service(crossing(name))

    def __repr__(self):
        return "services"


services = Services()
