//! CBOR to Python's objects.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PySet, PyString, PyTuple};

use super::names::Names;
use super::{Codec, DEPTH_MAX, MalformedError, heads};

/// The bytes of one message.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// They go away. What is made of them has copies.
    Borrowed(&'a [u8]),
    /// Typed arrays stay where they are, and keep it.
    Owned(Py<PyByteArray>),
}

/// Reads one message, which is one value and nothing behind it.
///
/// # Errors
/// [`MalformedError`], or what making the objects raises.
pub(crate) fn decode<'py>(
    py: Python<'py>,
    codec: &Codec,
    message: &Message<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    let (kinds, names) = (codec.kinds.bind(py), &codec.names);
    match message {
        Message::Borrowed(bytes) => Reader { py, kinds, names, bytes, owner: None, position: 0 }.message(),
        Message::Owned(owner) => {
            let owner = owner.bind(py);
            // SAFETY: the bytearray was made for this message and nobody else has it yet; typed arrays that are made of it while
            // this runs export its buffer, which forbids to resize it.
            #[allow(unsafe_code)]
            let bytes = unsafe { owner.as_bytes() };
            Reader { py, kinds, names, bytes, owner: Some(owner), position: 0 }.message()
        }
    }
}

struct Reader<'a, 'py> {
    py: Python<'py>,
    kinds: &'a Bound<'py, PyAny>,
    names: &'a Names,
    bytes: &'a [u8],
    owner: Option<&'a Bound<'py, PyByteArray>>,
    position: usize,
}

fn malformed(what: &str) -> PyErr {
    MalformedError::new_err(what.to_owned())
}

impl<'py> Reader<'_, 'py> {
    fn message(mut self) -> PyResult<Bound<'py, PyAny>> {
        let value = self.value(0)?;
        if self.position == self.bytes.len() { Ok(value) } else { Err(malformed("bytes follow the value")) }
    }

    fn take(&mut self, count: usize) -> PyResult<&[u8]> {
        let end = self.position.checked_add(count).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else { return Err(malformed("the value is cut short")) };
        let taken = &self.bytes[self.position..end];
        self.position = end;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> PyResult<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// Major type, argument and, for major type 7, what the low five bits say.
    fn head(&mut self) -> PyResult<(u8, u64, u8)> {
        let [first] = self.take_array()?;
        let low = first & 0x1f;
        let argument = match low {
            0..=23 => u64::from(low),
            24 => u64::from(u8::from_be_bytes(self.take_array()?)),
            25 => u64::from(u16::from_be_bytes(self.take_array()?)),
            26 => u64::from(u32::from_be_bytes(self.take_array()?)),
            27 => u64::from_be_bytes(self.take_array()?),
            31 => return Err(malformed("a value of indefinite length")),
            _ => return Err(malformed("a head that CBOR does not have")),
        };
        Ok((first >> 5, argument, low))
    }

    /// A length whose parts take at least `least` bytes each.
    fn length(&self, argument: u64, least: usize) -> PyResult<usize> {
        let left = self.bytes.len() - self.position;
        usize::try_from(argument)
            .ok()
            .filter(|count| count.checked_mul(least).is_some_and(|bytes| bytes <= left))
            .ok_or_else(|| malformed("the value is cut short"))
    }

    fn value(&mut self, depth: usize) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let (major, argument, low) = self.head()?;
        Ok(match major {
            heads::UNSIGNED => PyInt::new(py, argument).into_any(),
            heads::NEGATIVE => match i64::try_from(argument) {
                Ok(argument) => PyInt::new(py, !argument).into_any(),
                Err(_) => PyInt::new(py, argument).bitnot()?,
            },
            heads::BYTES => {
                let count = self.length(argument, 1)?;
                PyBytes::new(py, self.take(count)?).into_any()
            }
            heads::TEXT => self.text(argument)?.into_any(),
            heads::ARRAY => self.array(argument, depth)?.into_any(),
            heads::MAP => self.map(argument, depth)?.into_any(),
            heads::TAG => self.tagged(argument, depth)?,
            _ => match (low, argument) {
                (20, _) => PyBool::new(py, false).to_owned().into_any(),
                (21, _) => PyBool::new(py, true).to_owned().into_any(),
                (22 | 23, _) => py.None().into_bound(py),
                (25, bits) => PyFloat::new(py, f16_to_f64(bits as u16)).into_any(),
                (26, bits) => PyFloat::new(py, f64::from(f32::from_bits(bits as u32))).into_any(),
                (27, bits) => PyFloat::new(py, f64::from_bits(bits)).into_any(),
                _ => return Err(malformed("a simple value that calls do not have")),
            },
        })
    }

    fn text(&mut self, argument: u64) -> PyResult<Bound<'py, PyString>> {
        let py = self.py;
        let count = self.length(argument, 1)?;
        let text = std::str::from_utf8(self.take(count)?).map_err(|_| malformed("text that is not UTF-8"))?;
        Ok(PyString::new(py, text))
    }

    fn array(&mut self, argument: u64, depth: usize) -> PyResult<Bound<'py, PyList>> {
        let depth = deeper(depth)?;
        let count = self.length(argument, 1)?;
        let list = PyList::empty(self.py);
        for _ in 0..count {
            list.append(self.value(depth)?)?;
        }
        Ok(list)
    }

    fn map(&mut self, argument: u64, depth: usize) -> PyResult<Bound<'py, PyDict>> {
        let depth = deeper(depth)?;
        let py = self.py;
        let count = self.length(argument, 2)?;
        let map = PyDict::new(py);
        for _ in 0..count {
            let (major, argument, _) = self.head()?;
            if major != heads::TEXT {
                return Err(malformed("a map with a key that is no text"));
            }
            let length = self.length(argument, 1)?;
            let names = self.names;
            let key = self.take(length)?;
            let key = std::str::from_utf8(key).map_err(|_| malformed("text that is not UTF-8"))?;
            let key = names.get(py, key)?;
            let value = self.value(depth)?;
            map.set_item(key, value)?;
        }
        if map.len() == count { Ok(map) } else { Err(malformed("a map with the same key twice")) }
    }

    fn any_map(&mut self, argument: u64, depth: usize) -> PyResult<Bound<'py, PyDict>> {
        let depth = deeper(depth)?;
        let count = self.length(argument, 2)?;
        let map = PyDict::new(self.py);
        for _ in 0..count {
            let key = hashable(self.value(depth)?)?;
            let value = self.value(depth)?;
            map.set_item(&key, value).map_err(|error| not_hashable(self.py, error))?;
        }
        self.must_be(map.len() == count, "a map with two keys that are one in Python, as 1 and True are")?;
        Ok(map)
    }

    fn set(&mut self, argument: u64, depth: usize) -> PyResult<Bound<'py, PySet>> {
        let depth = deeper(depth)?;
        let count = self.length(argument, 1)?;
        let set = PySet::empty(self.py)?;
        for _ in 0..count {
            let item = hashable(self.value(depth)?)?;
            set.add(item).map_err(|error| not_hashable(self.py, error))?;
        }
        self.must_be(set.len() == count, "a set with two items that are one in Python, as 1 and True are")?;
        Ok(set)
    }

    fn tagged(&mut self, tag: u64, depth: usize) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        if heads::element_size(tag).is_some() {
            return self.typed_array(tag, None);
        }
        match tag {
            heads::TAG_NDARRAY => return self.ndarray(),
            heads::TAG_SET => {
                let (major, argument, _) = self.head()?;
                self.must_be(major == heads::ARRAY, "a set that is no array")?;
                return Ok(self.set(argument, depth)?.into_any());
            }
            heads::TAG_ANY_MAP => {
                let (major, argument, _) = self.head()?;
                self.must_be(major == heads::MAP, "a map that is none")?;
                return Ok(self.any_map(argument, depth)?.into_any());
            }
            heads::TAG_BIG_POSITIVE | heads::TAG_BIG_NEGATIVE => {
                let (major, argument, _) = self.head()?;
                self.must_be(major == heads::BYTES, "an integer that is no bytes")?;
                let count = self.length(argument, 1)?;
                let bytes = PyBytes::new(py, self.take(count)?);
                let magnitude = py
                    .get_type::<PyInt>()
                    .call_method1(intern!(py, "from_bytes"), (bytes, intern!(py, "big")))?;
                return if tag == heads::TAG_BIG_NEGATIVE { magnitude.bitnot() } else { Ok(magnitude) };
            }
            _ => {}
        }
        let from_tag = self.kinds.getattr(intern!(py, "FROM_TAG"))?.cast_into::<PyDict>()?;
        let Some(function) = from_tag.get_item(tag)? else {
            return Err(malformed(&format!("tag {tag}, which calls do not have")));
        };
        let (major, argument, _) = self.head()?;
        let content = match major {
            heads::TEXT => self.text(argument)?.into_any(),
            heads::BYTES => {
                let count = self.length(argument, 1)?;
                PyBytes::new(py, self.take(count)?).into_any()
            }
            _ => return Err(malformed(&format!("tag {tag} over neither text nor bytes"))),
        };
        function.call1((content,))
    }

    /// Tag 40: the shape, and a typed array of all elements.
    fn ndarray(&mut self) -> PyResult<Bound<'py, PyAny>> {
        let (major, argument, _) = self.head()?;
        self.must_be(major == heads::ARRAY && argument == 2, "an array of any shape that has not two parts")?;
        let (major, argument, _) = self.head()?;
        self.must_be(major == heads::ARRAY, "a shape that is no array")?;
        let dimensions = self.length(argument, 1)?;
        self.must_be(dimensions <= DEPTH_MAX, "an array of too many dimensions")?;
        let mut shape = Vec::with_capacity(dimensions);
        for _ in 0..dimensions {
            let (major, argument, _) = self.head()?;
            self.must_be(major == heads::UNSIGNED, "a shape that is not of integers")?;
            shape.push(argument);
        }
        let (major, tag, _) = self.head()?;
        self.must_be(major == heads::TAG && heads::element_size(tag).is_some(), "an array without a type")?;
        self.typed_array(tag, Some(shape))
    }

    fn typed_array(&mut self, tag: u64, shape: Option<Vec<u64>>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let (major, argument, _) = self.head()?;
        self.must_be(major == heads::BYTES, "a typed array that is no bytes")?;
        let length = self.length(argument, 1)?;
        let size = heads::element_size(tag).unwrap_or(1);
        self.must_be(length.is_multiple_of(size), "a typed array with a part of an element")?;
        let count = (length / size) as u64;
        let of_shape =
            shape.as_ref().map(|shape| shape.iter().try_fold(1u64, |all, &one| all.checked_mul(one)));
        self.must_be(
            of_shape.is_none_or(|all| all == Some(count)),
            "an array whose shape and elements differ",
        )?;
        let offset = self.position;
        let (owner, bytes) = (self.owner, self.take(length)?);
        if tag == heads::TAG_BOOLEANS && bytes.iter().any(|&flag| flag > 1) {
            return Err(malformed("booleans that are neither 0 nor 1"));
        }
        let (buffer, offset) = match owner {
            Some(owner) if offset.is_multiple_of(size) => (owner.clone(), offset),
            _ => (PyByteArray::new(py, bytes), 0),
        };
        let shape = shape.map(|shape| PyTuple::new(py, shape)).transpose()?;
        self.kinds.call_method1(intern!(py, "typed_array"), (tag, buffer, offset, count, shape))
    }

    fn must_be(&self, holds: bool, else_it_is: &str) -> PyResult<()> {
        if holds { Ok(()) } else { Err(malformed(else_it_is)) }
    }
}

fn deeper(depth: usize) -> PyResult<usize> {
    if depth < DEPTH_MAX {
        Ok(depth + 1)
    } else {
        Err(malformed(&format!("values nested more than {DEPTH_MAX} deep")))
    }
}

/// A list that is a key, or in a set, is a tuple.
fn hashable(value: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    match value.cast::<PyList>() {
        Ok(list) => {
            let items: Vec<_> = list.iter().map(hashable).collect::<PyResult<_>>()?;
            Ok(PyTuple::new(value.py(), items)?.into_any())
        }
        Err(_) => Ok(value),
    }
}

fn not_hashable(py: Python<'_>, error: PyErr) -> PyErr {
    if error.is_instance_of::<PyTypeError>(py) {
        malformed("a key, or an item of a set, that has no hash in Python")
    } else {
        error
    }
}

/// IEEE 754 binary16.
fn f16_to_f64(bits: u16) -> f64 {
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}
