"""Names as they cross from one language to the other."""

import re

#: Between a lower-case letter or digit and a capital, and between a run of capitals and one that begins a word.
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CAPITALS = {ord(character): character.lower() for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def crossing(name):
    """The name as it crosses: `my-web` and `myWeb` are `my_web`."""
    if name.islower() and "-" not in name:
        return name
    return _BORDER.sub("_", name).translate(_CAPITALS).replace("-", "_")
