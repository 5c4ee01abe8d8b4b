"""Finding and loading the application, and telling ASGI from WSGI."""

import functools
import importlib
import importlib.util
import inspect
import os
import sys

from . import errors

NAMES = ("app", "application")


class LoadError(Exception):
    """The application could not be loaded; the text says why, and what to do."""


def load(entry, interface=None, calls=None):
    """Loads the application of an entry.

    `entry` has `module` or `file`, `attr` (or None: `app` or `application`) and `call` (`attr` is a factory).
    Returns the application and its interface, `"asgi"` or `"wsgi"`; or None and `"functions"` where there are only
    functions, as `calls` knows.
    """
    root = os.getcwd()
    shown = _written(entry)
    try:
        module = _load_module(entry)
    except LoadError:
        raise
    except BaseException as error:
        raise LoadError(_failure(f"{shown} could not be imported", error, root)) from None
    if calls is not None and calls.functions_only:
        if not calls.has_functions():
            raise LoadError(
                f"{shown} offers no function, and its service has no routes: decorate what others are to call with"
                " @function of the package diglot, or give the service routes"
            )
        return None, "functions"
    try:
        app, name = _find(module, entry, shown)
    except LoadError:
        if entry.get("attr") is None and calls is not None and calls.has_functions():
            return None, "functions"
        raise
    if entry.get("call"):
        try:
            app = app()
        except BaseException as error:
            raise LoadError(_failure(f"the factory {shown} failed", error, root)) from None
    return app, interface_of(app, shown if name is None else f"{shown}:{name}", interface)


def interface_of(app, shown, asked=None):
    """`"asgi"` or `"wsgi"`, by what the application is."""
    problem = _known_stranger(app)
    if problem is not None:
        raise LoadError(f"{shown} {problem}")
    if inspect.iscoroutine(app):
        app.close()
        raise LoadError(
            f"{shown} is a coroutine: an async factory cannot be called before the loop runs; make it `def`"
        )
    if not callable(app):
        hint = ""
        if inspect.ismodule(app):
            hint = ": name the application in it after a colon"
        raise LoadError(f"{shown} is {_a(type(app).__name__)}, which is neither an ASGI nor a WSGI application{hint}")
    if asked is not None:
        _must_be(asked, app, shown)
        return asked
    target = app
    while isinstance(target, functools.partial):
        target = target.func
    if inspect.isclass(target):
        raise LoadError(
            f'{shown} is a class, not an application: name an instance of it, or a factory with "()" after its name'
        )
    call = target if inspect.isroutine(target) else type(target).__call__
    if inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(call):
        if not _takes(app, 3):
            raise LoadError(
                f"{shown} is a coroutine function that cannot be called with (scope, receive, send), so it is no ASGI"
                " application; if it is a factory, make it `def`, since it is called before the loop runs, and write"
                f' "{shown}()"'
            )
        return "asgi"
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        raise LoadError(_undecided(shown, "has a signature that Python does not know")) from None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [p for p in parameters if p.kind in positional and p.default is inspect.Parameter.empty]
    if len(required) == 3:
        return "asgi"
    if len(required) == 2:
        return "wsgi"
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        raise LoadError(_undecided(shown, "takes any arguments"))
    taken = "no argument" if not required else "1 argument" if len(required) == 1 else f"{len(required)} arguments"
    hint = ""
    if not required and not inspect.isclass(app):
        hint = f'; if it is a factory, write "{shown}()"'
    elif len(required) == 1:
        hint = "; an ASGI 2 application must be wrapped, as by asgiref.compatibility.guarantee_single_callable"
    raise LoadError(
        f"{shown} takes {taken}: ASGI takes 3 (scope, receive, send), WSGI 2 (environ, start_response){hint}"
    )


#: What an application of each interface is called with.
_CALLED_WITH = {"asgi": ("scope", "receive", "send"), "wsgi": ("environ", "start_response")}


def _must_be(asked, app, shown):
    """Raises `LoadError` if the application cannot be called as its service says."""
    if _takes(app, len(_CALLED_WITH[asked])):
        return
    other = "wsgi" if asked == "asgi" else "asgi"
    remedy = f'is it "{other}"?' if _takes(app, len(_CALLED_WITH[other])) else "is it a factory?"
    raise LoadError(
        f'its service says interface = "{asked}", but {shown} cannot be called with'
        f" ({', '.join(_CALLED_WITH[asked])}): {remedy}"
    )


def _takes(app, count):
    """Whether it can be called with that many positional arguments; True where Python cannot know."""
    try:
        inspect.signature(app, follow_wrapped=False).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _undecided(shown, why):
    return f'{shown} {why}, so it can be ASGI as well as WSGI: say interface = "asgi" or "wsgi" in its service'


def _known_stranger(app):
    """What to do about what frameworks have that looks like an application, and that no ASGI or WSGI server runs."""
    for cls in type(app).__mro__:
        package, name = cls.__module__.partition(".")[0], cls.__name__
        if (package, name) == ("aiohttp", "Application"):
            return _server_of_its_own("an aiohttp", "aiohttp.web.run_app(app)")
        if (package, name) == ("tornado", "Application"):
            return _server_of_its_own("a Tornado", "app.listen(port) on a running loop")
        if package == "socketio" and name in ("Server", "AsyncServer"):
            wrapper = "socketio.ASGIApp" if name == "AsyncServer" else "socketio.WSGIApp"
            return f"is a Socket.IO server, not an application: name an application that has it, {wrapper}(server)"
    return None


def _server_of_its_own(which, how):
    return (
        f"is {which} application, which is neither ASGI nor WSGI: its framework has a server of its own. Run it beside"
        f" Diglot, as a program that calls {how}, or move its handlers to an ASGI framework, such as Starlette"
    )


def _load_module(entry):
    if entry.get("file"):
        return _load_file(entry["file"])
    name = entry["module"]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # The named module itself is missing; else it is one that it imports.
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise LoadError(
                f'there is no module "{error.name}" in {os.getcwd()} nor in the environment of {sys.executable}'
            ) from None
        raise


def _load_file(path):
    """Loads a file as the module it would be by its place: `pkg.mod` where its folder is a package."""
    path = os.path.abspath(path)
    if not os.path.isfile(path):
        raise LoadError(f"there is no file {path}")
    folder, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
    names = [] if stem == "__init__" else [stem]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        names.insert(0, package)
    if folder not in sys.path:
        sys.path.insert(1, folder)
    name = ".".join(names)
    if len(names) > 1 or stem == "__init__":
        return importlib.import_module(name)
    if name in sys.modules:
        name = f"__diglot_entry__.{name}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return sys.modules.get(name, module)


def _find(module, entry, shown):
    """The application in its module; and its name, if the entry has none."""
    attr = entry.get("attr")
    if attr is None:
        for name in NAMES:
            if hasattr(module, name):
                return getattr(module, name), name
        advice = _meant(module) or "name the application after a colon, or offer functions with @function"
        raise LoadError(f'{shown} has neither "app" nor "application": {advice}')
    found = module
    for part in attr.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise LoadError(f'{module.__name__} has no "{part}"{_similar(found, part)}') from None
    return found, None


def _meant(module):
    """What Django has beside a module that has no application: `manage.py`, or the project's package."""
    package = getattr(module, "__spec__", None) and module.__spec__.submodule_search_locations
    if package:
        projects = [(module.__name__, folder) for folder in package]
    else:
        root = os.getcwd()
        projects = [(name, os.path.join(root, name)) for name in sorted(os.listdir(root))]
    for name, folder in projects:
        sides = [side for side in ("asgi", "wsgi") if os.path.isfile(os.path.join(folder, f"{side}.py"))]
        has_settings = os.path.isfile(os.path.join(folder, "settings.py"))
        if len(sides) == 2 or (sides and has_settings):
            return "did you mean " + " or ".join(f"{name}.{side}:application" for side in sides) + "?"
    return None


def _similar(module, name):
    import difflib

    names = [other for other in vars(module) if not other.startswith("_")] if hasattr(module, "__dict__") else []
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f': did you mean "{close[0]}"?'
    apps = [other for other in NAMES if other in names]
    return f': there is "{apps[0]}"' if apps else ""


def _written(entry):
    """The entry as a person writes it."""
    place = entry.get("module") or os.path.relpath(entry["file"])
    attr = entry.get("attr")
    if attr is None:
        return place
    return f"{place}:{attr}()" if entry.get("call") else f"{place}:{attr}"


def _failure(what, error, root):
    """What failed, the traceback, and where to look first."""
    text = errors.formatted(error).rstrip("\n")
    where = errors.place(error, root)
    look = f"\nlook first at {where}" if where else ""
    hint = ""
    settings = os.environ.get("DJANGO_SETTINGS_MODULE", "")
    if isinstance(error, ModuleNotFoundError) and error.name and f"{settings}.".startswith(f"{error.name}."):
        hint = f'\nthe variable DJANGO_SETTINGS_MODULE says "{settings}", which is neither in {root} nor installed'
    elif isinstance(error, ImportError) and _is_written(error):
        hint = (
            f"\n{os.path.relpath(error.path, root)} has the names that types had when `diglot types` wrote it: run that"
            " again, and import the type by the name that it has then"
        )
    elif isinstance(error, ModuleNotFoundError) and error.name and not _is_own(error.name, root):
        # uv makes venvs without it.
        has_pip = importlib.util.find_spec("pip") is not None
        command = (
            f"{sys.executable} -m pip install NAME" if has_pip else f"uv pip install --python {sys.executable} NAME"
        )
        hint = f"\nthe interpreter was {sys.executable}: `{command}` adds a package to it"
        if os.path.isfile(os.path.join(root, "diglot.toml")):
            hint += ", `diglot install` all that requirements.txt or pyproject.toml names"
    return f"{what}\n{text}{hint}{look}"


def _is_written(error):
    """Whether what is missing would be in a module that `diglot types` has written."""
    if isinstance(error, ModuleNotFoundError) or not error.path:
        return False
    try:
        with open(error.path, encoding="utf-8") as file:
            return file.readline().startswith("# Written by `diglot types`.")
    except (OSError, ValueError):
        return False


def _is_own(name, root):
    """Whether a module would be the application's own: no package index has what is missing of it."""
    top = os.path.join(root, name.partition(".")[0])
    return os.path.isdir(top) or os.path.isfile(f"{top}.py")


def _a(noun):
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"
