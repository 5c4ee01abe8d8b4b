//! What was probably meant by keys and entries that other tools know and Diglot does not: the words of a hint.

use std::{fs, net::IpAddr, path::Path};

use toml::de::{DeTable, DeValue};

use crate::{
    config::Listen,
    file::{File, ServerSection, ServiceSection},
    problem::closest,
};

/// Names listed where none is close enough to be the one that was meant.
const NAMES_MAX: usize = 5;
/// Python files that are seldom an app.
const NO_APPS: [&str; 4] = ["__init__", "__main__", "conftest", "setup"];
const NODE_ENDINGS: [&str; 3] = ["js", "mjs", "cjs"];

/// The line to write instead of a key that does not exist in the table `here`.
pub(crate) fn instead_of_key(key: &str, here: &str, table: &DeTable<'_>) -> Option<String> {
    match key {
        "port" | "host" | "bind" | "address" | "addr" if here == ServerSection::PLACE => {
            Some(format!("write listen = \"{}\"", address(table)))
        }
        "port" | "host" | "bind" | "address" | "addr" if here == File::PLACE => {
            Some(format!("write, below a line `[server]`: listen = \"{}\"", address(table)))
        }
        "command" | "cmd" | "exec" | "run" | "start" | "script" | "app" | "main" | "module" | "file"
            if here == ServiceSection::PLACE =>
        {
            let value = table.get(key).and_then(|value| value.get_ref().as_str());
            Some(match value.and_then(entry_of_command) {
                Some(entry) => format!("`entry` says what is run: entry = \"{entry}\""),
                None => "`entry` says what is run: entry = \"main:app\", or entry = \"server.js\"".to_owned(),
            })
        }
        "timeout" if here == ServerSection::PLACE || here == ServiceSection::PLACE => Some(
            "each wait has a name: gunicorn's timeout is heartbeat = \"30s\" in `[services.NAME.timeouts]`, and \
             `[server.timeouts]` has idle, header_read, body, write, grace and start"
                .to_owned(),
        ),
        "reload" | "watch" => Some(
            "restarting on change has not come yet: remove it; the signal SIGHUP restarts the workers".to_owned(),
        ),
        "static" | "static_files" | "static_url" | "statics" => Some(
            "static files have not come yet: let the application serve them (WhiteNoise, StaticFiles), or a proxy"
                .to_owned(),
        ),
        "tls" | "ssl" | "certfile" | "keyfile" | "ssl_certfile" | "ssl_keyfile" | "certificate" => {
            Some("TLS has not come yet: let a proxy end it, and pass on plain HTTP".to_owned())
        }
        name if here == File::PLACE => {
            let section = table.get(name)?.get_ref().as_table()?;
            let is_service = ["entry", "routes"].iter().any(|key| section.contains_key(*key));
            is_service.then(|| format!("a service is written `[services.{name}]`"))
        }
        _ => None,
    }
}

/// The address that host and port make together; what is not said is the default's.
fn address(table: &DeTable<'_>) -> String {
    let value = |names: &[&str]| {
        let value = names.iter().find_map(|name| table.get(*name))?.get_ref();
        match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(number.as_str().to_owned()),
            _ => None,
        }
    };
    let host = value(&["host", "bind", "address", "addr"]).unwrap_or_default();
    let (host, port_of_host) = match host.rsplit_once(':') {
        Some((host, port)) if host.parse::<IpAddr>().is_ok() || !host.contains(':') => (host, Some(port)),
        _ => (host.as_str(), None),
    };
    let port = value(&["port"]).or(port_of_host.map(str::to_owned)).unwrap_or_default();
    listen_address(host, &port)
}

/// An address that can be listened on, as near as can be to a host and a port of which neither need be there.
pub(crate) fn listen_address(host: &str, port: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let port = port.parse::<u16>();
    let Listen::Tcp(mut address) = Listen::default() else { return Listen::default().to_string() };
    host.into_iter().for_each(|host| address.set_ip(host));
    port.into_iter().for_each(|port| address.set_port(port));
    address.to_string()
}

/// The entry in `uvicorn main:app --port 80` or `node server.js`.
fn entry_of_command(command: &str) -> Option<&str> {
    let is_entry = |word: &&str| {
        let is_app = word.split_once(':').is_some_and(|(module, app)| {
            let is_name = |name: &str| {
                name.starts_with(|first: char| first.is_alphabetic() || first == '_')
                    && name.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '.'))
            };
            is_name(module) && is_name(app)
        });
        let ending = Path::new(word).extension().and_then(|ending| ending.to_str());
        is_app || ending.is_some_and(|ending| ending == "py" || NODE_ENDINGS.contains(&ending))
    };
    command.split_whitespace().find(is_entry)
}

/// A Node file for an entry that was taken for a Python module: `server` beside `server.js`, or a file that only
/// leads to the program, such as `package.json` and `index.html`.
pub(crate) fn node_file(entry: &str, root: &Path) -> Option<String> {
    if root.join(entry).is_file() {
        let main = match entry {
            "package.json" => main_of_package(&fs::read_to_string(root.join(entry)).unwrap_or_default()),
            _ => None,
        };
        let usual = ["server.js", "index.js", "app.js", "main.js", "server.mjs", "index.mjs", "app.mjs"];
        let candidates = main.into_iter().chain(usual.map(str::to_owned));
        return candidates.into_iter().find(|file| is_node_file(&root.join(file)));
    }
    let files = NODE_ENDINGS.map(|ending| format!("{entry}.{ending}"));
    files.into_iter().find(|file| root.join(file).is_file())
}

fn is_node_file(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| NODE_ENDINGS.contains(&ending)) && path.is_file()
}

/// The string after `"main":`. Enough for a hint, which is given only where the file is there.
fn main_of_package(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("\"main\"")?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (main, _) = value.split_once('"')?;
    Some(main.trim_start_matches("./").to_owned())
}

/// Modules to name instead of the one that is missing from `folder`: the one it is a slip of the pen for, else one
/// of its name in a package, else those that are there. `inside` is what was named within it, empty for nothing: only
/// packages that have it can have been meant then.
pub(crate) fn modules(missing: &str, inside: &str, folder: &Path) -> Vec<String> {
    let (mut files, mut packages) = (Vec::new(), Vec::new());
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned) else { continue };
        if path.extension().is_some_and(|ending| ending == "py") {
            files.push(stem);
        } else if path.extension().is_none() && path.is_dir() {
            packages.push(stem);
        }
    }
    if !inside.is_empty() {
        files.clear();
        let path = inside.replace('.', "/");
        packages.retain(|package| {
            let path = folder.join(package).join(&path);
            path.is_dir() || path.with_extension("py").is_file()
        });
    }
    files.sort();
    packages.sort();
    if let Some(meant) = closest(missing, files.iter().chain(&packages).map(String::as_str)) {
        return vec![meant.to_owned()];
    }
    if !inside.is_empty() {
        packages.truncate(NAMES_MAX);
        return packages;
    }
    let file = format!("{missing}.py");
    packages.retain(|package| folder.join(package).join(&file).is_file());
    let found: Vec<String> = match packages.is_empty() {
        true => files.into_iter().filter(|file| is_app(file)).collect(),
        false => packages.iter().map(|package| format!("{package}.{missing}")).collect(),
    };
    found.into_iter().take(NAMES_MAX).collect()
}

fn is_app(stem: &str) -> bool {
    !NO_APPS.contains(&stem) && !stem.starts_with("test_") && !stem.ends_with("_test")
}

/// `main:app` for `main.app`, where `main` is a file: a module, which has no modules in it.
pub(crate) fn attribute_of_file(module: &str, root: &Path) -> Option<(String, String)> {
    let (file, attr) = module.rsplit_once('.')?;
    let path = root.join(file.replace('.', "/"));
    (!path.is_dir() && path.with_extension("py").is_file())
        .then(|| (file.to_owned(), format!("{file}:{attr}")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn addresses() {
        let check = |text: &str, expect: &str| {
            let table = DeTable::parse(text).expect("TOML");
            let hint = instead_of_key("port", ServerSection::PLACE, table.get_ref()).expect("a hint");
            assert_eq!(hint, format!("write listen = \"{expect}\""));
            assert!(Listen::parse(expect, Path::new("/")).is_ok());
        };
        check("port = 3000", "127.0.0.1:3000");
        check("port = \"3000\"\nhost = \"0.0.0.0\"", "0.0.0.0:3000");
        check("host = \"localhost\"", "127.0.0.1:8000");
        check("host = \"::1\"\nport = 80", "[::1]:80");
        check("bind = \"0.0.0.0:5000\"", "0.0.0.0:5000");
        check("host = 5\nport = 99999", "127.0.0.1:8000");
    }

    #[test]
    fn entries_of_commands() {
        let check = |command: &str, expect: Option<&str>| assert_eq!(entry_of_command(command), expect);
        check("uvicorn api.main:app --port 80", Some("api.main:app"));
        check("node web/server.js", Some("web/server.js"));
        check("python manage.py runserver", Some("manage.py"));
        check("gunicorn --bind 0.0.0.0:80 shop.wsgi", None);
        check("npm start", None);
        check("", None);
    }

    #[test]
    fn mains_of_packages() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(main_of_package(text), expect.map(str::to_owned), "{text}");
        };
        check(r#"{ "name": "x", "main" : "./lib/server.js" }"#, Some("lib/server.js"));
        check(r#"{ "main": 5 }"#, None);
        check(r#"{ "main": "x"#, None);
        check("", None);
    }
}
