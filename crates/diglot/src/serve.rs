//! `diglot serve`: resolve, say what is wrong, hand over to the server.

use std::{path::Path, process::ExitCode};

use diglot_config::{Environment, FILE_NAME, NothingGiven, resolve};

use crate::{arguments::Serve, report};

/// Entries that are there in most projects, to show a way to begin that works in this folder.
const BEGINNINGS: [(&str, &str); 9] = [
    ("main.py", "main:app"),
    ("app.py", "app:app"),
    ("server.js", "server.js"),
    ("index.js", "index.js"),
    ("app.js", "app.js"),
    ("server.mjs", "server.mjs"),
    ("server.ts", "server.ts"),
    ("src/main.ts", "src/main.ts"),
    ("src/index.ts", "src/index.ts"),
];

pub(crate) fn serve(serve: Serve, environment: &Environment) -> ExitCode {
    let resolution = match resolve(&serve.into(), environment) {
        Ok(resolution) => resolution,
        Err(nothing) => {
            anstream::eprint!("{}", way_to_begin(&nothing, &environment.cwd));
            return report::wrong();
        }
    };
    report::problems(&resolution.problems);
    match resolution.config {
        Some(config) => diglot_server::run(config),
        None => report::wrong(),
    }
}

fn way_to_begin(nothing: &NothingGiven, cwd: &Path) -> String {
    let looked_for = nothing.looked_for.display();
    let found = BEGINNINGS.iter().find(|(file, _)| cwd.join(file).is_file());
    let (say, entry, other) = match found {
        Some((_, entry)) => ("Name an app", *entry, ""),
        None => ("Name your app's entry, for example", "main:app", "    diglot serve server.js\n"),
    };
    format!(
        "\
{say}:

    diglot serve {entry}
{other}
or write two lines into {FILE_NAME} and run `diglot serve`:

    [services.web]
    entry = \"{entry}\"

error: there is nothing to serve: no TARGET, no --config, and no {looked_for}
"
    )
}
