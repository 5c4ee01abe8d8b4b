//! Requests as WSGI environs (PEP 3333).

use diglot_link::message::{Field, HttpVersion, Open, Request};
use diglot_link::names;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use rustc_hash::FxHashMap;

use crate::request_name::RequestName;
use crate::scope::{NEVER_KEPT, percent_decoded};

/// Longest value of a field that is kept to be used again.
const KEPT_VALUE_BYTES_MAX: usize = 256;
/// What a Unix socket's listener is called, which has neither name nor port but must have both (PEP 3333).
const UNIX_SERVER_NAME: &str = "localhost";
const UNIX_SERVER_PORT: &str = "80";

/// Builds environs for one application.
#[derive(Debug)]
pub(crate) struct Environs {
    template: Py<PyDict>,
    names: Vec<KnownName>,
    methods: Vec<Py<PyString>>,
    connections: FxHashMap<u32, Py<PyDict>>,
}

/// A field name of the protocol's table.
#[derive(Debug)]
struct KnownName {
    key: Py<PyString>,
    keep: bool,
    last: Option<(Box<[u8]>, Py<PyString>)>,
}

impl Environs {
    /// `template` holds what is the same for all requests: the `wsgi.` keys and the server's software.
    pub(crate) fn new(py: Python<'_>, template: Py<PyDict>) -> PyResult<Self> {
        let bound = template.bind(py);
        bound.set_item("REQUEST_METHOD", "GET")?;
        bound.set_item("SCRIPT_NAME", "")?;
        bound.set_item("PATH_INFO", "/")?;
        bound.set_item("QUERY_STRING", "")?;
        bound.set_item("SERVER_NAME", UNIX_SERVER_NAME)?;
        bound.set_item("SERVER_PORT", UNIX_SERVER_PORT)?;
        bound.set_item("SERVER_PROTOCOL", "HTTP/1.1")?;
        bound.set_item("REMOTE_ADDR", "")?;
        bound.set_item("wsgi.url_scheme", "http")?;
        let known = |name: &&str| KnownName {
            key: PyString::intern(py, &environ_key(name.as_bytes())).unbind(),
            keep: !NEVER_KEPT.contains(name),
            last: None,
        };
        Ok(Self {
            names: names::NAMES.iter().map(known).collect(),
            methods: names::METHODS.iter().map(|name| PyString::intern(py, name).unbind()).collect(),
            connections: FxHashMap::default(),
            template,
        })
    }

    /// A client connection that requests will name.
    pub(crate) fn open(&mut self, py: Python<'_>, connection: u32, ends: &Open<'_>) -> PyResult<()> {
        let template = self.template.bind(py).copy()?;
        if ends.local_port != 0 {
            template.set_item("SERVER_NAME", ends.local)?;
            template.set_item("SERVER_PORT", ends.local_port.to_string())?;
        }
        template.set_item("REMOTE_ADDR", ends.peer)?;
        if ends.peer_port != 0 {
            template.set_item("REMOTE_PORT", ends.peer_port.to_string())?;
        }
        if ends.tls {
            template.set_item("wsgi.url_scheme", "https")?;
            template.set_item("HTTPS", "on")?;
        }
        self.connections.insert(connection, template.unbind());
        Ok(())
    }

    /// That connection is gone.
    pub(crate) fn close(&mut self, connection: u32) {
        self.connections.remove(&connection);
    }

    /// The environ of a request, without `wsgi.input`, and what the log calls it.
    pub(crate) fn build<'py>(
        &mut self,
        py: Python<'py>,
        request: &Request<'_>,
    ) -> PyResult<(Bound<'py, PyDict>, RequestName)> {
        let line = &request.line;
        let template = self.connections.get(&line.connection).unwrap_or(&self.template);
        let environ = template.bind(py).copy()?;
        match line.version {
            HttpVersion::Http11 => {}
            HttpVersion::Http10 => {
                environ.set_item(intern!(py, "SERVER_PROTOCOL"), intern!(py, "HTTP/1.0"))?
            }
            HttpVersion::Http2 => environ.set_item(intern!(py, "SERVER_PROTOCOL"), intern!(py, "HTTP/2"))?,
        }
        let known = usize::from(request.method_id).checked_sub(1).and_then(|index| self.methods.get(index));
        let method = match known {
            Some(method) => method.clone_ref(py),
            None => latin1(py, line.method).unbind(),
        };
        // The template's is GET.
        if request.method_id != 1 {
            environ.set_item(intern!(py, "REQUEST_METHOD"), &method)?;
        }
        let (mount, path) = request.path().split_at(usize::from(line.mount_length));
        if !mount.is_empty() {
            environ.set_item(intern!(py, "SCRIPT_NAME"), latin1(py, &percent_decoded(mount)))?;
        }
        if path != b"/" {
            // The asterisk of `OPTIONS *` is no path; WSGI's way to say so is an empty one.
            let decoded = if path.starts_with(b"/") { percent_decoded(path) } else { Vec::new() };
            environ.set_item(intern!(py, "PATH_INFO"), latin1(py, &decoded))?;
        }
        let query = request.query();
        if !query.is_empty() {
            environ.set_item(intern!(py, "QUERY_STRING"), latin1(py, query))?;
        }
        let target = latin1(py, line.target);
        environ.set_item(intern!(py, "RAW_URI"), &target)?;
        for field in request.fields() {
            self.add(py, &environ, &field)?;
        }
        Ok((environ, RequestName::new(method, target.into_any().unbind())))
    }

    fn add(&mut self, py: Python<'_>, environ: &Bound<'_, PyDict>, field: &Field<'_>) -> PyResult<()> {
        let Some(known) = usize::from(field.id).checked_sub(1).and_then(|index| self.names.get_mut(index))
        else {
            // `X_Real_IP` would pass for `X-Real-IP`, which a proxy may have checked; and `Proxy` for HTTP_PROXY, which
            // an HTTP client that the application starts would obey.
            if field.name.contains(&b'_') || field.name.eq_ignore_ascii_case(b"proxy") {
                return Ok(());
            }
            // Not interned: some versions of Python keep interned names for ever, and clients may invent any.
            let key = PyString::new(py, &environ_key(field.name));
            return add_value(environ, &key, latin1(py, field.value), field);
        };
        let key = known.key.clone_ref(py).into_bound(py);
        let value = match &known.last {
            Some((bytes, value)) if bytes.as_ref() == field.value => value.clone_ref(py).into_bound(py),
            _ => {
                let value = latin1(py, field.value);
                if known.keep && field.value.len() <= KEPT_VALUE_BYTES_MAX {
                    known.last = Some((field.value.into(), value.clone().unbind()));
                }
                value
            }
        };
        add_value(environ, &key, value, field)
    }
}

/// Adds a field; fields of one name are joined as a list (RFC 9110 section 5.3), Cookie by its own rule.
fn add_value(
    environ: &Bound<'_, PyDict>,
    key: &Bound<'_, PyString>,
    value: Bound<'_, PyString>,
    field: &Field<'_>,
) -> PyResult<()> {
    let Some(before) = environ.get_item(key)? else { return environ.set_item(key, value) };
    let separator = if field.name.eq_ignore_ascii_case(b"cookie") { "; " } else { "," };
    environ.set_item(key, before.add(separator)?.add(value)?)
}

fn environ_key(name: &[u8]) -> String {
    let upper: String = name
        .iter()
        .map(|&byte| if byte == b'-' { '_' } else { char::from(byte.to_ascii_uppercase()) })
        .collect();
    match upper.as_str() {
        "CONTENT_TYPE" | "CONTENT_LENGTH" => upper,
        _ => format!("HTTP_{upper}"),
    }
}

/// Bytes as the characters of the same numbers, which is how WSGI has all text of HTTP.
pub(crate) fn latin1<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    match str::from_utf8(bytes) {
        Ok(text) if bytes.is_ascii() => PyString::new(py, text),
        _ => PyString::new(py, &bytes.iter().map(|&byte| char::from(byte)).collect::<String>()),
    }
}
