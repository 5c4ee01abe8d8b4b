"""The Python worker: one process of a service, started and ended by the server over its link."""


def run(sdk):
    """Runs this process as the worker the environment describes; `sdk` is the folder of the `diglot` package."""
    from . import main

    main.run(sdk)
