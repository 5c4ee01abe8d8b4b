//! Python's objects to CBOR.

use pyo3::exceptions::PyUnicodeEncodeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple, PyType,
};
use rustc_hash::FxHashMap;

use super::{DEPTH_MAX, UnsupportedError, buffer, heads};
use crate::gil_cell::GilCell;

/// Classes whose kind is remembered; a program that makes more of them is asked about each again.
const CLASSES_MAX: usize = 4096;

/// An enumeration whose value is one, a model in a list in a model: two of them for each level that values may nest.
const CONVERSIONS_MAX: usize = 2 * DEPTH_MAX;

/// What encodes values. It remembers of each class what its objects are.
#[derive(Debug)]
pub(crate) struct Encoder {
    classify: Py<PyAny>,
    array_parts: Py<PyAny>,
    classes: GilCell<FxHashMap<usize, Class>>,
}

/// A class, kept so that no other has its address.
#[derive(Debug)]
struct Class {
    _type: Py<PyType>,
    kind: Kind,
}

/// What the objects of a class are: `classify()` of `kinds.py` says so.
#[derive(Debug)]
enum Kind {
    Text,
    Integer,
    Float,
    /// Anything with the buffer protocol.
    Bytes,
    Array,
    Map,
    /// A map of any keys, though they may all be text.
    AnyMap,
    Set,
    /// The attributes of these names, each with its name in CBOR.
    Fields(Vec<(Py<PyString>, Vec<u8>)>),
    /// What the function returns.
    Converted(Py<PyAny>),
    /// What the function returns, text or bytes, under a tag.
    Tagged(u64, Py<PyAny>),
    /// A typed array: `array_parts()` takes it apart.
    TypedArray,
    /// Nothing; the text says why.
    Unsupported(String),
}

/// Why a value could not be encoded.
enum Failure {
    Raised(PyErr),
    /// The path comes together on the way out, so its last part is first.
    Unsupported(String, Vec<Py<PyAny>>),
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Failure {
    fn at(mut self, part: impl FnOnce() -> Py<PyAny>) -> Self {
        if let Self::Unsupported(_, path) = &mut self {
            path.push(part());
        }
        self
    }

    fn of(message: impl Into<String>) -> Self {
        Self::Unsupported(message.into(), Vec::new())
    }
}

/// One message as it is written.
struct Writer<'a> {
    encoder: &'a Encoder,
    out: &'a mut Vec<u8>,
    /// Where in `out` the message begins.
    start: usize,
    /// Conversions that the value at hand came from, of it and of what holds it.
    conversions: usize,
}

impl Encoder {
    pub(super) fn new(py: Python<'_>, kinds: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            classify: kinds.getattr(intern!(py, "classify"))?.unbind(),
            array_parts: kinds.getattr(intern!(py, "array_parts"))?.unbind(),
            classes: GilCell::new(FxHashMap::default()),
        })
    }

    /// Appends a value as one message.
    ///
    /// # Errors
    /// [`UnsupportedError`], or what a conversion raises. `out` is then as it was.
    pub(crate) fn encode(&self, value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
        let start = out.len();
        let outcome = Writer { encoder: self, start, out: &mut *out, conversions: 0 }.write(value, 0);
        outcome.map_err(|failure| {
            out.truncate(start);
            match failure {
                Failure::Raised(error) => error,
                Failure::Unsupported(message, mut path) => {
                    path.reverse();
                    UnsupportedError::new_err((message, path))
                }
            }
        })
    }

    fn kind_of<R>(&self, class: &Bound<'_, PyType>, act: impl FnOnce(&Kind) -> R) -> Result<R, Failure> {
        let py = class.py();
        let key = class.as_ptr() as usize;
        if let Some(known) = self.classes.borrow(py).get(&key) {
            return Ok(act(&known.kind));
        }
        let kind = Kind::read(&self.classify.bind(py).call1((class,))?)?;
        let result = act(&kind);
        let mut classes = self.classes.borrow(py);
        let dropped =
            if classes.len() >= CLASSES_MAX { std::mem::take(&mut *classes) } else { FxHashMap::default() };
        classes.insert(key, Class { _type: class.clone().unbind(), kind });
        drop(classes);
        drop(dropped);
        Ok(result)
    }
}

impl Kind {
    /// What `classify()` has returned: a name, or a tuple of a name and what belongs to it.
    fn read(told: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (name, detail): (String, Bound<'_, PyAny>) = told.extract()?;
        Ok(match name.as_str() {
            "text" => Self::Text,
            "integer" => Self::Integer,
            "float" => Self::Float,
            "bytes" => Self::Bytes,
            "array" => Self::Array,
            "map" => Self::Map,
            "any map" => Self::AnyMap,
            "set" => Self::Set,
            "fields" => {
                let mut fields = Vec::new();
                for name in detail.try_iter()? {
                    let name = name?.cast_into::<PyString>()?;
                    let mut head = Vec::new();
                    let text = name.to_str()?;
                    heads::write(&mut head, heads::TEXT, text.len() as u64);
                    head.extend_from_slice(text.as_bytes());
                    fields.push((name.unbind(), head));
                }
                Self::Fields(fields)
            }
            "converted" => Self::Converted(detail.unbind()),
            "tagged" => {
                let (tag, function): (u64, Bound<'_, PyAny>) = detail.extract()?;
                Self::Tagged(tag, function.unbind())
            }
            "typed array" => Self::TypedArray,
            _ => Self::Unsupported(detail.extract()?),
        })
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Text => Self::Text,
            Self::Integer => Self::Integer,
            Self::Float => Self::Float,
            Self::Bytes => Self::Bytes,
            Self::Array => Self::Array,
            Self::Map => Self::Map,
            Self::AnyMap => Self::AnyMap,
            Self::Set => Self::Set,
            Self::Fields(fields) => {
                Self::Fields(fields.iter().map(|(name, head)| (name.clone_ref(py), head.clone())).collect())
            }
            Self::Converted(function) => Self::Converted(function.clone_ref(py)),
            Self::Tagged(tag, function) => Self::Tagged(*tag, function.clone_ref(py)),
            Self::TypedArray => Self::TypedArray,
            Self::Unsupported(why) => Self::Unsupported(why.clone()),
        }
    }
}

impl Writer<'_> {
    fn write(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Result<(), Failure> {
        if value.is_none() {
            self.out.push(heads::NULL);
        } else if let Ok(text) = value.cast_exact::<PyString>() {
            self.text(text)?;
        } else if value.is_exact_instance_of::<PyInt>() {
            self.integer(value)?;
        } else if let Ok(float) = value.cast_exact::<PyFloat>() {
            self.float(float.value());
        } else if let Ok(flag) = value.cast_exact::<PyBool>() {
            self.out.push(if flag.is_true() { heads::TRUE } else { heads::FALSE });
        } else if let Ok(map) = value.cast_exact::<PyDict>() {
            self.map(map, false, depth)?;
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            self.list(list, depth)?;
        } else if let Ok(bytes) = value.cast_exact::<PyBytes>() {
            self.bytes(bytes.as_bytes());
        } else {
            let py = value.py();
            let kind = self.encoder.kind_of(&value.get_type(), |kind| kind.clone_ref(py))?;
            self.of_kind(value, &kind, depth)?;
        }
        Ok(())
    }

    fn of_kind(&mut self, value: &Bound<'_, PyAny>, kind: &Kind, depth: usize) -> Result<(), Failure> {
        let py = value.py();
        match kind {
            Kind::Text => self.text(value.cast::<PyString>().map_err(PyErr::from)?),
            Kind::Integer => self.integer(value),
            Kind::Float => {
                self.float(value.extract()?);
                Ok(())
            }
            Kind::Bytes => {
                let count = buffer::with_bytes(value, <[u8]>::len)?;
                heads::write(self.out, heads::BYTES, count as u64);
                Ok(buffer::append(value, self.out)?)
            }
            Kind::Array => self.items(value, depth),
            Kind::Map => self.map(value.cast::<PyDict>().map_err(PyErr::from)?, false, depth),
            Kind::AnyMap => self.map(value.cast::<PyDict>().map_err(PyErr::from)?, true, depth),
            Kind::Set => {
                heads::write(self.out, heads::TAG, heads::TAG_SET);
                self.set(value, depth)
            }
            Kind::Fields(fields) => {
                let depth = deeper(depth)?;
                heads::write(self.out, heads::MAP, fields.len() as u64);
                for (name, head) in fields {
                    self.out.extend_from_slice(head);
                    let field = value.getattr(name.bind(py))?;
                    self.write(&field, depth)
                        .map_err(|failure| failure.at(|| name.clone_ref(py).into_any()))?;
                }
                Ok(())
            }
            Kind::Converted(function) => {
                // Depth counts these too: what converts may return what is to be converted.
                let converted = function.bind(py).call1((value,)).map_err(unsupported)?;
                // What is converted is as deep as it was; what is converted without end has one here.
                if self.conversions == CONVERSIONS_MAX {
                    return Err(Failure::of("it is made of values that are made of values, without end"));
                }
                self.conversions += 1;
                self.write(&converted, depth)?;
                self.conversions -= 1;
                Ok(())
            }
            Kind::Tagged(tag, function) => {
                let content = function.bind(py).call1((value,)).map_err(unsupported)?;
                heads::write(self.out, heads::TAG, *tag);
                self.write(&content, depth)
            }
            Kind::TypedArray => self.typed_array(value),
            Kind::Unsupported(why) => Err(Failure::of(why.as_str())),
        }
    }

    fn text(&mut self, text: &Bound<'_, PyString>) -> Result<(), Failure> {
        match text.to_str() {
            Ok(text) => {
                heads::write(self.out, heads::TEXT, text.len() as u64);
                self.out.extend_from_slice(text.as_bytes());
                Ok(())
            }
            Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(text.py()) => {
                Err(Failure::of("text with a lone surrogate has no UTF-8"))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn integer(&mut self, value: &Bound<'_, PyAny>) -> Result<(), Failure> {
        let mut overflow = 0;
        // SAFETY: the object is an int, so the call cannot fail; the GIL is held.
        #[allow(unsafe_code)]
        let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut overflow) };
        if overflow == 0 {
            if small >= 0 {
                heads::write(self.out, heads::UNSIGNED, small as u64);
            } else {
                heads::write(self.out, heads::NEGATIVE, !small as u64);
            }
            return Ok(());
        }
        let py = value.py();
        let is_negative = overflow < 0;
        let magnitude = if is_negative { value.bitnot()? } else { value.clone() };
        if let Ok(argument) = magnitude.extract::<u64>() {
            heads::write(self.out, if is_negative { heads::NEGATIVE } else { heads::UNSIGNED }, argument);
            return Ok(());
        }
        let bits: usize = magnitude.call_method0(intern!(py, "bit_length"))?.extract()?;
        let bytes =
            magnitude.call_method1(intern!(py, "to_bytes"), (bits.div_ceil(8), intern!(py, "big")))?;
        let tag = if is_negative { heads::TAG_BIG_NEGATIVE } else { heads::TAG_BIG_POSITIVE };
        heads::write(self.out, heads::TAG, tag);
        self.bytes(bytes.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes());
        Ok(())
    }

    fn float(&mut self, value: f64) {
        self.out.push(heads::FLOAT64);
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        heads::write(self.out, heads::BYTES, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn list(&mut self, list: &Bound<'_, PyList>, depth: usize) -> Result<(), Failure> {
        let depth = deeper(depth)?;
        let count = list.len();
        heads::write(self.out, heads::ARRAY, count as u64);
        let mut written = 0;
        for item in list {
            self.write(&item, depth).map_err(|failure| failure.at(|| number(list.py(), written)))?;
            written += 1;
        }
        unchanged(count, written)
    }

    /// The items of a list or tuple, or of a class derived from one.
    fn items(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Result<(), Failure> {
        let depth = deeper(depth)?;
        let count = match value.cast::<PyTuple>() {
            Ok(tuple) => tuple.len(),
            Err(_) => value.len()?,
        };
        heads::write(self.out, heads::ARRAY, count as u64);
        let mut written = 0;
        for item in value.try_iter()? {
            self.write(&item?, depth).map_err(|failure| failure.at(|| number(value.py(), written)))?;
            written += 1;
        }
        unchanged(count, written)
    }

    fn set(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Result<(), Failure> {
        let depth = deeper(depth)?;
        let count = match value.cast::<PySet>() {
            Ok(set) => set.len(),
            Err(_) => value.cast::<PyFrozenSet>().map_err(PyErr::from)?.len(),
        };
        heads::write(self.out, heads::ARRAY, count as u64);
        let mut written = 0;
        for item in value.try_iter()? {
            self.write(&item?, depth).map_err(|failure| failure.at(|| number(value.py(), written)))?;
            written += 1;
        }
        unchanged(count, written)
    }

    fn map(&mut self, map: &Bound<'_, PyDict>, any_keys: bool, depth: usize) -> Result<(), Failure> {
        let start = self.out.len();
        let depth_inside = deeper(depth)?;
        if any_keys {
            heads::write(self.out, heads::TAG, heads::TAG_ANY_MAP);
        }
        let count = map.len();
        heads::write(self.out, heads::MAP, count as u64);
        let mut written = 0;
        let mut entries = map.iter();
        // The iterator panics where the map has changed.
        while written < count && map.len() == count {
            let Some((key, value)) = entries.next() else { break };
            if let Ok(text) = key.cast::<PyString>()
                && (text.is_exact_instance_of::<PyString>() || !any_keys)
            {
                self.text_key(text, depth_inside)?;
            } else if any_keys {
                self.write(&key, depth_inside).map_err(|failure| failure.at(|| key.clone().unbind()))?;
            } else {
                self.out.truncate(start);
                return self.map(map, true, depth);
            }
            self.write(&value, depth_inside).map_err(|failure| failure.at(|| key.unbind()))?;
            written += 1;
        }
        unchanged(count, written)
    }

    /// A key of a class derived from `str` may be a member of an enumeration, which is its value.
    fn text_key(&mut self, key: &Bound<'_, PyString>, depth: usize) -> Result<(), Failure> {
        let written = if key.is_exact_instance_of::<PyString>() {
            self.text(key)
        } else {
            self.write(key.as_any(), depth)
        };
        written.map_err(|failure| failure.at(|| key.clone().into_any().unbind()))
    }

    fn typed_array(&mut self, array: &Bound<'_, PyAny>) -> Result<(), Failure> {
        let py = array.py();
        let parts = self.encoder.array_parts.bind(py).call1((array,)).map_err(unsupported)?;
        let (tag, shape, data): (u64, Option<Vec<u64>>, Bound<'_, PyAny>) = parts.extract()?;
        if let Some(shape) = shape {
            heads::write(self.out, heads::TAG, heads::TAG_NDARRAY);
            heads::write(self.out, heads::ARRAY, 2);
            heads::write(self.out, heads::ARRAY, shape.len() as u64);
            for length in shape {
                heads::write(self.out, heads::UNSIGNED, length);
            }
        }
        let size = heads::element_size(tag).ok_or_else(|| Failure::of("a typed array of an unknown tag"))?;
        let (start, out) = (self.start, &mut *self.out);
        buffer::with_bytes(&data, |bytes| {
            out.reserve(bytes.len() + 18);
            heads::write_aligned(out, start, tag, bytes.len(), size);
            out.extend_from_slice(bytes);
        })?;
        Ok(())
    }
}

fn deeper(depth: usize) -> Result<usize, Failure> {
    if depth < DEPTH_MAX {
        Ok(depth + 1)
    } else {
        Err(Failure::of(format!("values are nested more than {DEPTH_MAX} deep, or contain themselves")))
    }
}

fn number(py: Python<'_>, index: usize) -> Py<PyAny> {
    PyInt::new(py, index).into_any().unbind()
}

/// What converts a value raises `ValueError` or `TypeError` where it has no counterpart.
fn unsupported(error: PyErr) -> Failure {
    Python::attach(|py| {
        if error.is_instance_of::<pyo3::exceptions::PyValueError>(py)
            || error.is_instance_of::<pyo3::exceptions::PyTypeError>(py)
        {
            Failure::of(error.value(py).to_string())
        } else {
            error.into()
        }
    })
}

/// A conversion may have run code of the program's, which changed what is being encoded.
fn unchanged(announced: usize, written: usize) -> Result<(), Failure> {
    if announced == written { Ok(()) } else { Err(Failure::of("it changed while it was encoded")) }
}
