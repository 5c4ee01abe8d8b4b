//! What a service says of the Node that runs it: its options, and where a debugger finds it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::{
    file::ServiceSection,
    problem::{Flaw, Problem},
};

/// Node's own, for a program that is inspected.
pub(crate) const INSPECT_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9229);

/// Options with which Node runs something else than the entry, or does not run it at all.
const NOT_THE_ENTRY: [&str; 14] = [
    "-c",
    "-e",
    "-i",
    "-p",
    "-pe",
    "--check",
    "--eval",
    "--interactive",
    "--print",
    "--run",
    "--test",
    "--watch",
    "--watch-path",
    "--build-sea",
];

/// `node_args`, checked.
pub(crate) fn args(section: &ServiceSection, problems: &mut Vec<Problem>) -> Vec<String> {
    let Some(written) = &section.node_args else { return Vec::new() };
    for arg in &written.value.0 {
        let option = arg.value.split('=').next().unwrap_or_default();
        let flaw = if option.starts_with("--inspect") || option.starts_with("--debug") {
            Flaw::new("workers cannot share the port of one debugger")
                .hint(format!("each gets its own with `inspect = \"{INSPECT_DEFAULT}\"`"))
        } else if NOT_THE_ENTRY.contains(&option) {
            Flaw::new(format!("with `{option}`, Node does not run the entry")).hint("remove it")
        } else if let (true, Some((option, value))) = (option.starts_with('-'), option.split_once(' ')) {
            Flaw::new("this is an option and its value in one string")
                .hint(format!("Node takes them as two: \"{option}\", \"{}\"", value.trim()))
        } else {
            continue;
        };
        problems.push(flaw.at(&arg.span));
    }
    written.value.0.iter().map(|arg| arg.value.clone()).collect()
}

/// `inspect`, checked.
pub(crate) fn inspect(section: &ServiceSection, problems: &mut Vec<Problem>) -> Option<SocketAddr> {
    let written = section.inspect.as_ref()?;
    let address = parse_inspect(&written.value).map_err(|flaw| problems.push(flaw.at(&written.span))).ok()?;
    if !address.ip().is_loopback() {
        let message = format!("whoever reaches the debugger on {address} can run any code in this service");
        let hint = format!(
            "a debugger asks nobody for a password: let it listen on \"127.0.0.1:{port}\", and reach it from elsewhere with \
             `ssh -L {port}:127.0.0.1:{port} HOST`",
            port = address.port()
        );
        problems.push(Problem::warning(message).hint(hint).at(&written.span));
    }
    Some(address)
}

/// As Node takes it: an address and a port, or a port of this machine's loopback.
pub(crate) fn parse_inspect(text: &str) -> Result<SocketAddr, Flaw> {
    let port_alone = || text.parse().map(|port| SocketAddr::new(INSPECT_DEFAULT.ip(), port));
    text.parse().or_else(|_| port_alone()).map_err(|_| {
        Flaw::new(format!("`{text}` is no address for a debugger"))
            .hint(format!("an IP address and a port, as in \"{INSPECT_DEFAULT}\""))
    })
}
