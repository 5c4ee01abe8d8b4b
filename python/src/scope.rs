//! Requests as ASGI scopes.
//!
//! A scope is a copy of its connection's template, in which everything but the request's own is in place. Name
//! objects are made once; pairs of a common name and a value that came before are used again.

use std::borrow::Cow;

use diglot_link::message::{Field, HttpVersion, Open, Request};
use diglot_link::names;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use rustc_hash::FxHashMap;

use crate::request_name::RequestName;

/// Longest value of a field that is kept to be used again.
const KEPT_VALUE_BYTES_MAX: usize = 256;
/// Field pairs that are kept for each name.
const KEPT_PAIRS_PER_NAME: usize = 2;
/// Fields whose values are secrets or differ each time: kept no longer than their request.
pub(crate) const NEVER_KEPT: [&str; 6] =
    ["cookie", "authorization", "proxy-authorization", "x-api-key", "x-auth-token", "sec-websocket-key"];

/// What WebSockets conform to: `websocket.disconnect` has a `reason`, and `send()` raises once the client is gone.
const WEBSOCKET_SPEC_VERSION: &str = "2.5";

/// Builds scopes for one application.
#[derive(Debug)]
pub(crate) struct Scopes {
    template: Py<PyDict>,
    asgi: Py<PyDict>,
    extensions: Py<PyDict>,
    websocket_asgi: Py<PyDict>,
    websocket_extensions: Py<PyDict>,
    state: Py<PyDict>,
    methods: Vec<Py<PyString>>,
    names: Vec<KnownName>,
    connections: FxHashMap<u32, Connection>,
}

/// A client connection.
#[derive(Debug)]
struct Connection {
    template: Py<PyDict>,
    tls: bool,
}

/// A field name of the protocol's table.
#[derive(Debug)]
struct KnownName {
    name: Py<PyBytes>,
    keep: bool,
    kept: [Option<KeptPair>; KEPT_PAIRS_PER_NAME],
    next: usize,
}

#[derive(Debug)]
struct KeptPair {
    value: Box<[u8]>,
    pair: Py<PyTuple>,
}

impl Scopes {
    /// `state` is the lifespan's, copied for each request.
    pub(crate) fn new(
        py: Python<'_>,
        spec_version: &str,
        has_pathsend: bool,
        state: Py<PyDict>,
    ) -> PyResult<Self> {
        let asgi = PyDict::new(py);
        asgi.set_item("version", "3.0")?;
        asgi.set_item("spec_version", spec_version)?;
        let extensions = PyDict::new(py);
        for name in ["trailers", "early_hint", "zerocopysend"] {
            extensions.set_item(format!("http.response.{name}"), PyDict::new(py))?;
        }
        if has_pathsend {
            extensions.set_item("http.response.pathsend", PyDict::new(py))?;
        }
        let websocket_asgi = PyDict::new(py);
        websocket_asgi.set_item("version", "3.0")?;
        websocket_asgi.set_item("spec_version", WEBSOCKET_SPEC_VERSION)?;
        let websocket_extensions = PyDict::new(py);
        websocket_extensions.set_item("websocket.http.response", PyDict::new(py))?;

        let template = PyDict::new(py);
        let none = py.None();
        template.set_item(intern!(py, "type"), intern!(py, "http"))?;
        template.set_item(intern!(py, "asgi"), &none)?;
        template.set_item(intern!(py, "http_version"), intern!(py, "1.1"))?;
        template.set_item(intern!(py, "server"), &none)?;
        template.set_item(intern!(py, "client"), &none)?;
        template.set_item(intern!(py, "scheme"), intern!(py, "http"))?;
        template.set_item(intern!(py, "method"), intern!(py, "GET"))?;
        template.set_item(intern!(py, "root_path"), intern!(py, ""))?;
        for key in ["path", "raw_path", "query_string", "headers", "state", "extensions"] {
            template.set_item(PyString::intern(py, key), &none)?;
        }
        template.set_item(intern!(py, "query_string"), PyBytes::new(py, b""))?;

        let known = |name: &&str| KnownName {
            name: PyBytes::new(py, name.as_bytes()).unbind(),
            keep: !NEVER_KEPT.contains(name),
            kept: Default::default(),
            next: 0,
        };
        Ok(Self {
            template: template.unbind(),
            asgi: asgi.unbind(),
            extensions: extensions.unbind(),
            websocket_asgi: websocket_asgi.unbind(),
            websocket_extensions: websocket_extensions.unbind(),
            state,
            methods: names::METHODS.iter().map(|name| PyString::intern(py, name).unbind()).collect(),
            names: names::NAMES.iter().map(known).collect(),
            connections: FxHashMap::default(),
        })
    }

    /// A client connection that requests will name.
    pub(crate) fn open(&mut self, py: Python<'_>, connection: u32, ends: &Open<'_>) -> PyResult<()> {
        let template = self.template.bind(py).copy()?;
        match ends.local_port {
            0 => template.set_item(intern!(py, "server"), (ends.local, py.None()))?,
            port => template.set_item(intern!(py, "server"), (ends.local, port))?,
        }
        if !ends.peer.is_empty() {
            template.set_item(intern!(py, "client"), (ends.peer, ends.peer_port))?;
        }
        if ends.tls {
            template.set_item(intern!(py, "scheme"), intern!(py, "https"))?;
        }
        self.connections.insert(connection, Connection { template: template.unbind(), tls: ends.tls });
        Ok(())
    }

    /// That connection is gone.
    pub(crate) fn close(&mut self, connection: u32) {
        self.connections.remove(&connection);
    }

    /// The scope of a request, and what the log calls it.
    pub(crate) fn build<'py>(
        &mut self,
        py: Python<'py>,
        request: &Request<'_>,
    ) -> PyResult<(Bound<'py, PyDict>, RequestName)> {
        let connection = self.connections.get(&request.line.connection);
        let template = connection.map_or(&self.template, |connection| &connection.template);
        let scope = template.bind(py).copy()?;
        scope.set_item(intern!(py, "asgi"), self.asgi.bind(py).copy()?)?;
        scope.set_item(intern!(py, "extensions"), self.extensions.bind(py).copy()?)?;
        let known = usize::from(request.method_id).checked_sub(1).and_then(|index| self.methods.get(index));
        let method = match known {
            Some(method) => method.clone_ref(py),
            None => PyString::new(py, &latin1(request.line.method)).unbind(),
        };
        // The template's is GET.
        if request.method_id != 1 {
            scope.set_item(intern!(py, "method"), &method)?;
        }
        let raw_path = self.fill(&scope, request)?;
        Ok((scope, RequestName::new(method, raw_path.into_any().unbind())))
    }

    /// The scope of a WebSocket's handshake, and what the log calls the WebSocket.
    pub(crate) fn build_websocket<'py>(
        &mut self,
        py: Python<'py>,
        request: &Request<'_>,
    ) -> PyResult<(Bound<'py, PyDict>, RequestName)> {
        let connection = self.connections.get(&request.line.connection);
        let template = connection.map_or(&self.template, |connection| &connection.template);
        let tls = connection.is_some_and(|connection| connection.tls);
        let scope = template.bind(py).copy()?;
        scope.del_item(intern!(py, "method"))?;
        scope.set_item(intern!(py, "type"), intern!(py, "websocket"))?;
        let scheme = if tls { intern!(py, "wss") } else { intern!(py, "ws") };
        scope.set_item(intern!(py, "scheme"), scheme)?;
        scope.set_item(intern!(py, "asgi"), self.websocket_asgi.bind(py).copy()?)?;
        scope.set_item(intern!(py, "extensions"), self.websocket_extensions.bind(py).copy()?)?;
        scope.set_item(intern!(py, "subprotocols"), subprotocols(request))?;
        let raw_path = self.fill(&scope, request)?;
        let name = intern!(py, "WebSocket").clone().unbind();
        Ok((scope, RequestName::new(name, raw_path.into_any().unbind())))
    }

    /// Fills in what requests and handshakes have in common. Returns the raw path.
    fn fill<'py>(
        &mut self,
        scope: &Bound<'py, PyDict>,
        request: &Request<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let py = scope.py();
        scope.set_item(intern!(py, "state"), self.state.bind(py).copy()?)?;
        match request.line.version {
            HttpVersion::Http11 => {}
            HttpVersion::Http10 => scope.set_item(intern!(py, "http_version"), intern!(py, "1.0"))?,
            HttpVersion::Http2 => scope.set_item(intern!(py, "http_version"), intern!(py, "2"))?,
        }
        let raw_path = request.path();
        let raw_path_object = PyBytes::new(py, raw_path);
        scope.set_item(intern!(py, "path"), decode_path(raw_path).as_ref())?;
        scope.set_item(intern!(py, "raw_path"), &raw_path_object)?;
        let query = request.query();
        if !query.is_empty() {
            scope.set_item(intern!(py, "query_string"), PyBytes::new(py, query))?;
        }
        if request.line.mount_length != 0 {
            let mount = &raw_path[..usize::from(request.line.mount_length)];
            scope.set_item(intern!(py, "root_path"), decode_path(mount).as_ref())?;
        }
        let headers = PyList::new(py, self.pairs(py, request)?)?;
        scope.set_item(intern!(py, "headers"), headers)?;
        Ok(raw_path_object)
    }

    fn pairs(&mut self, py: Python<'_>, request: &Request<'_>) -> PyResult<Vec<Py<PyTuple>>> {
        request.fields().map(|field| self.pair(py, &field)).collect()
    }

    fn pair(&mut self, py: Python<'_>, field: &Field<'_>) -> PyResult<Py<PyTuple>> {
        let index = usize::from(field.id).wrapping_sub(1);
        let Some(known) = self.names.get_mut(index) else {
            let name = PyBytes::new(py, &field.name.to_ascii_lowercase());
            return Ok((name, PyBytes::new(py, field.value)).into_pyobject(py)?.unbind());
        };
        for kept in known.kept.iter().flatten() {
            if kept.value.as_ref() == field.value {
                return Ok(kept.pair.clone_ref(py));
            }
        }
        let name = known.name.clone_ref(py);
        let pair = (name, PyBytes::new(py, field.value)).into_pyobject(py)?.unbind();
        if known.keep && field.value.len() <= KEPT_VALUE_BYTES_MAX {
            known.kept[known.next] = Some(KeptPair { value: field.value.into(), pair: pair.clone_ref(py) });
            known.next = (known.next + 1) % KEPT_PAIRS_PER_NAME;
        }
        Ok(pair)
    }
}

/// The subprotocols a client offers, in its order (RFC 6455 section 11.3.4).
fn subprotocols(request: &Request<'_>) -> Vec<String> {
    let offers = request.fields().filter(|field| field.name.eq_ignore_ascii_case(b"sec-websocket-protocol"));
    let names = offers.flat_map(|field| field.value.split(|&byte| byte == b','));
    names.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty()).map(latin1).collect()
}

/// A path without its percent-encoding, as UTF-8; bytes that are none become U+FFFD, as in other servers.
pub(crate) fn decode_path(path: &[u8]) -> Cow<'_, str> {
    if !path.contains(&b'%') {
        return String::from_utf8_lossy(path);
    }
    Cow::Owned(String::from_utf8_lossy(&percent_decoded(path)).into_owned())
}

/// A percent sign that no two hexadecimal digits follow stands for itself.
pub(crate) fn percent_decoded(path: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        at += 1;
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(path.get(at)), digit(path.get(at + 1)))
        {
            decoded.push((high * 16 + low) as u8);
            at += 2;
        } else {
            decoded.push(byte);
        }
    }
    decoded
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}
