"""The Python worker: one process of a service, started and ended by the server over its link."""

from . import interpreter


def run(sdk):
    """Runs this process as the worker the environment describes; `sdk` is the folder of the `diglot` package."""
    reason = interpreter.unsuitable()
    if reason is not None:
        interpreter.refuse(reason)
    # Not before: what is imported now may need such an interpreter.
    from . import main

    main.run(sdk)
