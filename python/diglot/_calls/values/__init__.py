"""Values as CBOR, and back: by the native module where Diglot runs the program, else by a slower codec in Python."""

import sys

from . import kinds, portable

native = sys.modules.get("diglot._native")

if native is None:
    codec = None
    encode, decode = portable.encode, portable.decode
    UnsupportedError, MalformedError = portable.UnsupportedError, portable.MalformedError
else:
    codec = native.Codec(kinds)
    encode, decode = codec.encode, codec.decode
    UnsupportedError, MalformedError = native.UnsupportedError, native.MalformedError

AnyMap = kinds.AnyMap

__all__ = ["AnyMap", "MalformedError", "UnsupportedError", "codec", "decode", "encode"]
