"""Tables: those of pandas, polars and pyarrow as Arrow's IPC stream, and back."""

import io
import json
import sys

from .packages import package_of


def table_bytes(table):
    """Arrow's IPC stream of a table of pandas, polars or pyarrow."""
    package = package_of(type(table))
    if package == "polars":
        _refuse(table.schema)
        return table.write_ipc_stream(None).getvalue()
    try:
        import pyarrow
    except ImportError:
        raise ValueError(f"a frame of {package} crosses by pyarrow, which is not installed in {sys.prefix}") from None
    if package == "pandas":
        table = _from_pandas(pyarrow, table)
    sink = io.BytesIO()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        if getattr(table, "num_rows", 0) == 0:
            # Else a table without rows would lose the categories of its columns.
            table = pyarrow.RecordBatch.from_arrays(
                [_first(pyarrow, each) for each in table.columns], schema=table.schema
            )
        writer.write(table)
    return sink.getvalue()


def _first(pyarrow, column):
    """What a column without rows is of."""
    if not isinstance(column, pyarrow.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks else pyarrow.nulls(0, column.type)


def _from_pandas(pyarrow, frame):
    try:
        return pyarrow.Table.from_pandas(frame)
    except (pyarrow.ArrowException, OverflowError) as error:
        raise ValueError(f"a frame that is no table of Arrow's: {error}") from None


def _refuse(schema):
    """What polars would write, and nobody else reads."""
    for name, dtype in schema.items():
        wrong = _without_counterpart(dtype)
        if wrong is not None:
            raise ValueError(f"a frame whose column {name!r} is of {wrong}, which has no counterpart: cast it")


def _without_counterpart(dtype):
    if str(dtype) in ("Object", "Int128", "UInt128"):
        return str(dtype)
    inner = [each.dtype for each in getattr(dtype, "fields", ())]
    if getattr(dtype, "inner", None) is not None:
        inner.append(dtype.inner)
    return next(filter(None, map(_without_counterpart, inner)), None)


def table_from(stream):
    """A `pyarrow.Table`, or where that is not installed a frame of polars."""
    if not isinstance(stream, bytes):
        raise ValueError("a table that is no bytes")
    try:
        import pyarrow
    except ImportError:
        try:
            import polars
        except ImportError:
            raise ValueError(
                f"a table came, which needs pyarrow or polars: neither is installed in {sys.prefix}"
            ) from None
        return polars.read_ipc_stream(stream)
    try:
        return pyarrow.ipc.open_stream(stream).read_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(
            f"a table that is not Arrow's IPC stream, or has in it what pyarrow has not: {error}"
        ) from None


def to_pandas(table):
    """A frame of pandas. Columns that pandas had as Arrow's own types (`ArrowDtype`) are such again."""
    metadata = table.schema.pandas_metadata or {}
    described = metadata.get("columns", [])
    own = {each["field_name"] for each in described if str(each["numpy_type"]).endswith("[pyarrow]")}
    if not own:
        return table.to_pandas()
    import pandas

    # pandas does not read all names that it writes of these types.
    plain = [{**each, "numpy_type": "object"} if each["field_name"] in own else each for each in described]
    known = {**(table.schema.metadata or {}), b"pandas": json.dumps({**metadata, "columns": plain}).encode()}
    frame = table.replace_schema_metadata(known).to_pandas()
    # Wherever it stands in the table, what is an index is none of the frame's columns.
    index = {each for each in metadata.get("index_columns", []) if isinstance(each, str)}
    columns = (column for column in enumerate(table.column_names) if column[1] not in index)
    for at, (in_table, name) in enumerate(columns):
        if name in own:
            column = pandas.arrays.ArrowExtensionArray(table.column(in_table))
            frame.isetitem(at, pandas.Series(column, frame.index))
    return frame


def to_polars(table):
    polars = sys.modules["polars"]
    return table if isinstance(table, polars.DataFrame) else polars.from_arrow(table)
