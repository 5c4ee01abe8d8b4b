"""The codec of values in Python, for tests and editors where the native module is not there. Workers have the other."""

import struct

from . import kinds

#: As in the native module: arrays, maps and sets in one another.
DEPTH_MAX = 128

_TAG_SET, _TAG_ANY_MAP, _TAG_NDARRAY = 258, 259, 40
_SIZES = {
    tag: 1 if dtype == "bool" else int("".join(filter(str.isdigit, dtype))) // 8
    for tag, dtype in kinds.DTYPE_OF_TAG.items()
}
_HEAD_ENDS = ((1, 24), (2, 1 << 8), (3, 1 << 16), (5, 1 << 32), (9, 1 << 64))
_HEAD_LENGTHS = (1, 2, 3, 5, 9)
_HEAD_FORMATS = {2: (24, ">B"), 3: (25, ">H"), 5: (26, ">I"), 9: (27, ">Q")}


class UnsupportedError(ValueError):
    """A value that cannot cross: its arguments are a message and the path."""


class MalformedError(ValueError):
    """Bytes that are no value."""


def encode(value):
    """A value as one message."""
    out = bytearray()
    try:
        _write(out, value, 0)
    except _Failure as failure:
        raise UnsupportedError(failure.message, failure.path[::-1]) from None
    except RecursionError:
        raise UnsupportedError("it is made of values that are made of values, without end", []) from None
    return bytes(out)


def decode(message):
    """The value of a message."""
    reader = _Reader(message)
    value = reader.value(0)
    if reader.position != len(message):
        raise MalformedError("bytes follow the value")
    return value


class _Failure(Exception):
    def __init__(self, message):
        self.message = message
        #: Comes together on the way out, so its last part is first.
        self.path = []


def _shortest(argument):
    return (
        1 if argument < 24 else 2 if argument < 1 << 8 else 3 if argument < 1 << 16 else 5 if argument < 1 << 32 else 9
    )


def _head(out, major, argument, length=None):
    length = length or _shortest(argument)
    if length == 1:
        out.append(major << 5 | argument)
    else:
        low, form = _HEAD_FORMATS[length]
        out.append(major << 5 | low)
        out += struct.pack(form, argument)


def _deeper(depth):
    if depth >= DEPTH_MAX:
        raise _Failure(f"values are nested more than {DEPTH_MAX} deep, or contain themselves")
    return depth + 1


def _write(out, value, depth):
    if value is None:
        out.append(0xF6)
        return
    if value is True or value is False:
        out.append(0xF5 if value else 0xF4)
        return
    kind, detail = kinds.classify(type(value))
    if kind == "unsupported":
        raise _Failure(detail)
    if kind == "text":
        try:
            text = str.encode(value)
        except UnicodeEncodeError:
            raise _Failure("text with a lone surrogate has no UTF-8") from None
        _head(out, 3, len(text))
        out += text
    elif kind == "integer":
        _write_integer(out, int(value))
    elif kind == "float":
        out += b"\xfb" + struct.pack(">d", value)
    elif kind == "bytes":
        _head(out, 2, len(value))
        out += value
    elif kind in ("array", "set"):
        if kind == "set":
            _head(out, 6, _TAG_SET)
        depth = _deeper(depth)
        _head(out, 4, len(value))
        for index, item in enumerate(value):
            _write_at(out, item, depth, index)
    elif kind in ("map", "any map"):
        _write_map(out, value, depth, kind == "any map")
    elif kind == "fields":
        depth = _deeper(depth)
        _head(out, 5, len(detail))
        for name in detail:
            _write(out, name, depth)
            _write_at(out, getattr(value, name), depth, name)
    elif kind == "typed array":
        _write_typed_array(out, _converted(kinds.array_parts, value))
    elif kind == "tagged":
        tag, function = detail
        content = _converted(function, value)
        _head(out, 6, tag)
        _write(out, content, depth)
    else:
        _write(out, _converted(detail, value), depth)


def _converted(function, value):
    try:
        return function(value)
    except (ValueError, TypeError) as error:
        raise _Failure(str(error)) from None


def _write_at(out, value, depth, part):
    try:
        _write(out, value, depth)
    except _Failure as failure:
        failure.path.append(part)
        raise


def _write_integer(out, value):
    negative = value < 0
    magnitude = ~value if negative else value
    if magnitude < 1 << 64:
        _head(out, 1 if negative else 0, magnitude)
    else:
        data = magnitude.to_bytes((magnitude.bit_length() + 7) // 8, "big")
        _head(out, 6, 3 if negative else 2)
        _head(out, 2, len(data))
        out += data


def _write_map(out, value, depth, any_keys):
    depth = _deeper(depth)
    if any_keys or not all(isinstance(key, str) for key in value):
        _head(out, 6, _TAG_ANY_MAP)
    _head(out, 5, len(value))
    for key, item in value.items():
        _write_at(out, key, depth, key)
        _write_at(out, item, depth, key)


def _write_typed_array(out, parts):
    tag, shape, data = parts
    if shape is not None:
        _head(out, 6, _TAG_NDARRAY)
        _head(out, 4, 2)
        _head(out, 4, len(shape))
        for length in shape:
            _head(out, 0, length)
    data = memoryview(data).cast("B")
    shortest = (_shortest(tag), _shortest(len(data)))
    lengths = [(a, b) for a in _HEAD_LENGTHS for b in _HEAD_LENGTHS if a >= shortest[0] and b >= shortest[1]]
    aligned = [pair for pair in lengths if (len(out) + sum(pair)) % _SIZES[tag] == 0]
    tag_length, bytes_length = min(aligned, key=lambda pair: (sum(pair), pair[0]), default=shortest)
    _head(out, 6, tag, tag_length)
    _head(out, 2, len(data), bytes_length)
    out += data


class _Reader:
    def __init__(self, message):
        self.message = message
        self.position = 0

    def take(self, count):
        end = self.position + count
        if end > len(self.message):
            raise MalformedError("the value is cut short")
        taken = self.message[self.position : end]
        self.position = end
        return taken

    def head(self):
        first = self.take(1)[0]
        low = first & 0x1F
        if low < 24:
            return first >> 5, low, low
        for length, (code, form) in _HEAD_FORMATS.items():
            if low == code:
                return first >> 5, struct.unpack(form, self.take(length - 1))[0], low
        raise MalformedError(
            "a value of indefinite length" if low == 31 else "a head that CBOR does not have",
        )

    def expect(self, major, otherwise):
        found, argument, _ = self.head()
        if found != major:
            raise MalformedError(otherwise)
        return argument

    def length(self, argument, least=1):
        if argument * least > len(self.message) - self.position:
            raise MalformedError("the value is cut short")
        return argument

    def value(self, depth):
        major, argument, low = self.head()
        if major == 0:
            return argument
        if major == 1:
            return ~argument
        if major == 2:
            return bytes(self.take(self.length(argument)))
        if major == 3:
            return self.text(argument)
        if major == 4:
            depth = self.deeper(depth)
            return [self.value(depth) for _ in range(self.length(argument))]
        if major == 5:
            return self.map(argument, depth)
        if major == 6:
            return self.tagged(argument, depth)
        if low in (20, 21, 22, 23):
            return {20: False, 21: True}.get(low)
        if low in (25, 26, 27):
            length, form = {25: (2, ">e"), 26: (4, ">f"), 27: (8, ">d")}[low]
            return struct.unpack(form, argument.to_bytes(length, "big"))[0]
        raise MalformedError("a simple value that calls do not have")

    def deeper(self, depth):
        if depth >= DEPTH_MAX:
            raise MalformedError(f"values nested more than {DEPTH_MAX} deep")
        return depth + 1

    def text(self, argument):
        try:
            return bytes(self.take(self.length(argument))).decode()
        except UnicodeDecodeError:
            raise MalformedError("text that is not UTF-8") from None

    def map(self, argument, depth):
        depth = self.deeper(depth)
        found = {}
        for _ in range(self.length(argument, 2)):
            key = self.text(self.expect(3, "a map with a key that is no text"))
            found[key] = self.value(depth)
        if len(found) != argument:
            raise MalformedError("a map with the same key twice")
        return found

    def tagged(self, tag, depth):
        if tag in _SIZES:
            return self.typed_array(tag, None)
        if tag == _TAG_NDARRAY:
            return self.ndarray()
        if tag == _TAG_SET:
            count = self.expect(4, "a set that is no array")
            depth = self.deeper(depth)
            found = {_hashable(self.value(depth)) for _ in range(self.length(count))}
            if len(found) != count:
                raise MalformedError("a set with two items that are one in Python, as 1 and True are")
            return found
        if tag == _TAG_ANY_MAP:
            count = self.expect(5, "a map that is none")
            depth = self.deeper(depth)
            entries = ((_hashable(self.value(depth)), self.value(depth)) for _ in range(self.length(count, 2)))
            found = dict(entries)
            if len(found) != count:
                raise MalformedError("a map with two keys that are one in Python, as 1 and True are")
            return found
        if tag in (2, 3):
            count = self.expect(2, "an integer that is no bytes")
            magnitude = int.from_bytes(self.take(self.length(count)), "big")
            return magnitude if tag == 2 else ~magnitude
        function = kinds.FROM_TAG.get(tag)
        if function is None:
            raise MalformedError(f"tag {tag}, which calls do not have")
        major, argument, _ = self.head()
        if major == 3:
            return function(self.text(argument))
        if major == 2:
            return function(bytes(self.take(self.length(argument))))
        raise MalformedError(f"tag {tag} over neither text nor bytes")

    def ndarray(self):
        if self.expect(4, "an array of any shape that has not two parts") != 2:
            raise MalformedError("an array of any shape that has not two parts")
        dimensions = self.length(self.expect(4, "a shape that is no array"))
        if dimensions > DEPTH_MAX:
            raise MalformedError("an array of too many dimensions")
        shape = tuple(self.expect(0, "a shape that is not of integers") for _ in range(dimensions))
        tag = self.expect(6, "an array without a type")
        if tag not in _SIZES:
            raise MalformedError("an array without a type")
        return self.typed_array(tag, shape)

    def typed_array(self, tag, shape):
        length = self.length(self.expect(2, "a typed array that is no bytes"))
        count, rest = divmod(length, _SIZES[tag])
        if rest:
            raise MalformedError("a typed array with a part of an element")
        if shape is not None:
            elements = 1
            for each in shape:
                elements *= each
            if elements != count:
                raise MalformedError("an array whose shape and elements differ")
        data = bytearray(self.take(length))
        if tag == kinds.TYPED_ARRAY_TAGS["bool"] and data and max(data) > 1:
            raise MalformedError("booleans that are neither 0 nor 1")
        return kinds.typed_array(tag, data, 0, count, shape)


def _hashable(value):
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    if isinstance(value, (dict, set)) or type(value).__hash__ is None:
        raise MalformedError("a key, or an item of a set, that has no hash in Python")
    return value
