//! The one place where arguments, file and defaults meet: arguments win over the file, the file over defaults.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    config::{AccessLog, Config, Functions, Limits, Listen, LogLevel, Server, Timeouts, WebSocket},
    description,
    entry::EntryText,
    environment::{Environment, absolute},
    file::{
        File, FunctionsSection, LimitsSection, ServerSection, ServiceSection, TimeoutsSection,
        WebSocketSection, Workers,
    },
    identity, node,
    own::check_own_paths_are_apart,
    problem::{Flaw, Problem, Source, Span},
    proxies::TrustedProxies,
    published,
    read::{Located, Reader},
    services,
    target::{CommandLine, Word, to_section},
    values::{OneOrMany, Table, Whole},
    workplace::{Workplace, Written, find, read_source},
};

/// The file that is read where neither a TARGET nor `--config` is given.
pub const FILE_NAME: &str = "diglot.toml";

/// Workers of each service that sets no number, as other servers have it and platforms set it.
const WORKERS_VARIABLE: &str = "WEB_CONCURRENCY";
/// Trusted proxies where the file names none, as uvicorn and gunicorn have it: addresses and networks, or `*`.
const PROXIES_VARIABLE: &str = "FORWARDED_ALLOW_IPS";
/// Where platforms and other managers have a program listen.
const PORT_VARIABLE: &str = "PORT";

/// The part of the command line that bears on the configuration, as it was written.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    pub targets: Vec<String>,
    pub config: Option<PathBuf>,
    /// Replaces `server.listen` where there is one or more.
    pub listen: Vec<String>,
    /// Replaces every service's `workers`.
    pub workers: Option<u64>,
    /// Replaces every Node service's `inspect`: the address of the first worker of the first.
    pub inspect: Option<String>,
    /// Replaces `server.control`.
    pub control: Option<PathBuf>,
    /// Replaces `server.log_level`.
    pub log_level: Option<LogLevel>,
    /// Turns `server.access_log` on, if it is off, or off.
    pub access_log: Option<bool>,
    pub for_targets: ForTargets,
}

/// What a file says of a service by a key, for all TARGETs. Paths start from the working directory.
#[derive(Clone, Debug, Default)]
pub struct ForTargets {
    /// `root`.
    pub app_dir: Option<String>,
    /// `env_file`.
    pub env_files: Vec<String>,
    pub root_path: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Resolution {
    /// `None` where one of the problems is an error.
    pub config: Option<Config>,
    /// In the order of the text.
    pub problems: Vec<Problem>,
    /// Each service's surroundings, as far as they can be told, in order.
    pub workplaces: Vec<Workplace>,
    /// Each address and where it was written, for what can only be told by binding it.
    pub listen: Vec<(Listen, Option<Span>)>,
}

/// No TARGET, no `--config`, and no `diglot.toml` where one was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NothingGiven {
    pub looked_for: PathBuf,
}

/// Everything that can be known before a port is bound or a process is started.
pub fn resolve(arguments: &Arguments, environment: &Environment) -> Result<Resolution, NothingGiven> {
    let mut line = CommandLine::new();
    let config = arguments.config.as_ref().map(|path| line.push(&format!("--config {}", path.display())));
    let listen: Vec<Word> =
        arguments.listen.iter().map(|address| option(&mut line, "--listen", address)).collect();
    let workers = arguments.workers.map(|number| option(&mut line, "--workers", &number.to_string()));
    let inspect =
        arguments.inspect.as_ref().map(|address| (address, option(&mut line, "--inspect", address)));
    let ForTargets { app_dir, env_files, root_path } = &arguments.for_targets;
    let app_dir = app_dir.as_ref().map(|folder| (folder, option(&mut line, "--app-dir", folder)));
    let env_files: Vec<_> =
        env_files.iter().map(|file| (file, option(&mut line, "--env-file", file))).collect();
    let root_path = root_path.as_ref().map(|path| (path, option(&mut line, "--root-path", path)));
    let targets: Vec<Word> = arguments.targets.iter().map(|target| line.push(target)).collect();
    let line = line.finish();
    let at = |word: &Word| Span { source: Arc::clone(&line), range: word.clone() };

    let mut draft = match (&arguments.config, arguments.targets.is_empty()) {
        (Some(_), false) => {
            let problem = Problem::error("TARGETs and --config are two ways to say what is served")
                .at(&at(&targets[0]))
                .hint("keep one: with TARGETs, no file is read");
            let problem =
                config.iter().fold(problem, |problem, word| problem.related(&at(word), "the other"));
            return Ok(refused(problem));
        }
        (None, false) => {
            let mut draft = Draft::of_targets(arguments, &targets, &line, environment);
            if environment.cwd.join(FILE_NAME).is_file() {
                let problem = Problem::warning(format!("with a TARGET, `{FILE_NAME}` is not read"));
                let hint = "for what it says, run `diglot serve` without one";
                draft.problems.push(problem.at(&at(&targets[0])).hint(hint));
            }
            draft
        }
        (Some(path), true) if path.extension().is_some_and(|ending| ending == "py") => {
            let problem = Problem::error("a configuration is TOML, and this is Python");
            let problem = problem.hint(format!(
                "docs/migrating.md has the key for each setting of gunicorn; `{FILE_NAME}` is where they go"
            ));
            return Ok(refused(config.iter().fold(problem, |problem, word| problem.at(&at(word)))));
        }
        (Some(path), true) => Draft::of_file(&absolute(&environment.cwd, path), environment),
        (None, true) => {
            let path = environment.cwd.join(FILE_NAME);
            if !path.exists() {
                return Err(NothingGiven { looked_for: path });
            }
            Draft::of_file(&path, environment)
        }
    };

    let absolute_at = |(path, word): &(&String, Word)| Located {
        value: environment.cwd.join(path).display().to_string(),
        span: at(word),
    };
    let for_targets = ServiceKeys {
        root: app_dir.as_ref().map(absolute_at),
        env_files: env_files.iter().map(absolute_at).collect(),
        root_path: root_path.map(|(path, word)| Located { value: path.clone(), span: at(&word) }),
    };
    match arguments.targets.is_empty() {
        true => draft.problems.extend(for_targets.without_targets()),
        false => draft.services.iter_mut().for_each(|(_, service)| for_targets.put_into(&mut service.value)),
    }
    let mut listen_base = draft.base.clone();
    if !listen.is_empty() {
        let addresses = arguments.listen.iter().zip(&listen);
        let addresses =
            addresses.map(|(address, word)| Located { value: address.clone(), span: at(word) }).collect();
        draft.server.listen = Some(Located { value: OneOrMany(addresses), span: at(&listen[0]) });
        listen_base = environment.cwd.clone();
    }
    if let (Some(number), Some(word)) = (arguments.workers, workers) {
        match Workers::check(i128::from(number)) {
            Ok(number) => draft.set_workers(number, &at(&word)),
            Err(flaw) => draft.problems.push(flaw.at(&at(&word))),
        }
    }
    draft.take_defaults(environment);
    if let Some((address, word)) = inspect {
        match node::parse_inspect(address) {
            Ok(address) => draft.set_inspect(address, &at(&word)),
            Err(flaw) => draft.problems.push(flaw.at(&at(&word))),
        }
    }
    let control = arguments.control.as_ref().map(|path| absolute(&environment.cwd, path));
    let mut resolution = draft.resolve(&listen_base, control, environment);
    if let Some(config) = &mut resolution.config {
        arguments.put_into(&mut config.server);
    }
    Ok(resolution)
}

/// What comes of arguments that cannot be meant.
fn refused(problem: Problem) -> Resolution {
    Resolution { config: None, problems: vec![problem], workplaces: Vec::new(), listen: Vec::new() }
}

impl Arguments {
    fn put_into(&self, server: &mut Server) {
        server.log_level = self.log_level.unwrap_or(server.log_level);
        server.access_log = match (self.access_log, server.access_log) {
            (Some(false), _) => AccessLog::Off,
            (Some(true), AccessLog::Off) => AccessLog::Text,
            (_, present) => present,
        };
    }
}

/// [`ForTargets`] as the keys of a section.
struct ServiceKeys {
    root: Option<Located<String>>,
    env_files: Vec<Located<String>>,
    root_path: Option<Located<String>>,
}

impl ServiceKeys {
    fn put_into(&self, section: &mut ServiceSection) {
        section.root = self.root.clone();
        section.root_path = self.root_path.clone();
        if let Some(first) = self.env_files.first() {
            section.env_file =
                Some(Located { value: OneOrMany(self.env_files.clone()), span: first.span.clone() });
        }
    }

    /// A file has these by service: which one would be meant?
    fn without_targets(&self) -> Vec<Problem> {
        let keys = self.root.iter().map(|at| (at, "root"));
        let keys = keys.chain(self.env_files.first().map(|at| (at, "env_file")));
        let keys = keys.chain(self.root_path.iter().map(|at| (at, "root_path")));
        keys.map(|(at, key)| {
            Problem::error("this is for TARGETs, and there is none")
                .at(&at.span)
                .hint(format!("in the file, the key of a service is `{key}`"))
        })
        .collect()
    }
}

/// `NAME VALUE`, of which only the value is pointed at.
fn option(line: &mut CommandLine, name: &str, value: &str) -> Word {
    line.push(name);
    line.push(value)
}

/// A file as it was read, or the same made of TARGETs.
struct Draft {
    base: PathBuf,
    source: Option<PathBuf>,
    server: ServerSection,
    functions: FunctionsSection,
    services: Vec<(Located<String>, Located<ServiceSection>)>,
    /// A text with holes is not judged for what it lacks.
    whole: bool,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl Draft {
    fn of_file(path: &Path, environment: &Environment) -> Draft {
        let mut draft = Draft {
            base: path.parent().unwrap_or(path).to_owned(),
            source: Some(path.to_owned()),
            server: ServerSection::default(),
            functions: FunctionsSection::default(),
            services: Vec::new(),
            whole: false,
            problems: Vec::new(),
            notes: Vec::new(),
        };
        let source = match read_source(path, environment.shown(path)) {
            Ok(source) => source,
            Err(problem) => {
                draft.problems.push(Problem { missing: false, ..problem });
                return draft;
            }
        };
        let mut reader = Reader::new(Arc::clone(&source));
        let file: File = reader.read();
        draft.whole = !reader.broken;
        draft.problems = reader.problems;
        draft.server = file.server.map(|server| server.value).unwrap_or_default();
        draft.functions = file.functions.map(|functions| functions.value).unwrap_or_default();
        if let Some(Located { value: Table(services), .. }) = file.services {
            draft.services = services;
        }
        if draft.services.is_empty() && draft.problems.is_empty() {
            let hint = "add one:\n[services.web]\nentry = \"server.js\"";
            draft.problems.push(Problem::error(format!("`{}` has no service", source.name)).hint(hint));
        }
        draft
    }

    fn of_targets(
        arguments: &Arguments,
        words: &[Word],
        line: &Arc<Source>,
        environment: &Environment,
    ) -> Draft {
        let mut services: Vec<(Located<String>, Located<ServiceSection>)> = Vec::new();
        for (target, word) in arguments.targets.iter().zip(words) {
            let taken: Vec<String> = services.iter().map(|(name, _)| name.value.clone()).collect();
            services.push(to_section(target, word, line, &taken));
        }
        Draft {
            base: environment.cwd.clone(),
            source: None,
            server: ServerSection::default(),
            functions: FunctionsSection::default(),
            services,
            whole: true,
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn set_workers(&mut self, number: u64, span: &Span) {
        for (_, service) in &mut self.services {
            service.value.workers = Some(Located { value: Whole(number), span: span.clone() });
        }
    }

    /// Every Node service gets ports of its own: two for each worker, as another may take its place.
    fn set_inspect(&mut self, first: SocketAddr, span: &Span) {
        let mut port = first.port();
        for (_, service) in &mut self.services {
            let entry = service.value.entry.as_ref().and_then(|entry| EntryText::parse(&entry.value).ok());
            let Some(EntryText::NodeFile { .. }) = entry else { continue };
            let address = SocketAddr::new(first.ip(), port).to_string();
            service.value.inspect = Some(Located { value: address, span: span.clone() });
            let workers = service.value.workers.as_ref().map_or(1, |workers| workers.value.0);
            port = port.saturating_add(u16::try_from(workers * 2).unwrap_or(u16::MAX));
        }
    }

    /// What the environment says where neither the file nor the command line does.
    fn take_defaults(&mut self, environment: &Environment) {
        let has_number = |(_, service): &(_, Located<ServiceSection>)| service.value.workers.is_some();
        if let Some(written) = environment.located(WORKERS_VARIABLE)
            && !self.services.iter().all(has_number)
        {
            self.take_workers(&written);
        }
        if let Some(written) = environment.located(PROXIES_VARIABLE)
            && self.server.trusted_proxies.is_none()
        {
            self.take_proxies(&written);
        }
        if let Some(written) = environment.located(PORT_VARIABLE)
            && self.server.listen.is_none()
        {
            self.notes.push(format!(
                "{PORT_VARIABLE}={} is passed on to the programs, and is not where this server listens: --listen \
                 0.0.0.0:{} has it listen there",
                written.value, written.value
            ));
        }
    }

    fn take_workers(&mut self, written: &Located<String>) {
        let number = match written.value.trim().parse() {
            Ok(number) => Workers::check(number),
            Err(_) => Err(Flaw::new(format!("`{}` is no number of workers", written.value)).hint(format!(
                "a whole number, as in {WORKERS_VARIABLE}=4; `nproc` tells how many cores there are"
            ))),
        };
        let number = match number {
            Ok(number) => number,
            Err(flaw) => return self.problems.push(flaw.at(&written.span)),
        };
        for (_, service) in &mut self.services {
            let default = || Located { value: Whole(number), span: written.span.clone() };
            service.value.workers.get_or_insert_with(default);
        }
        self.notes
            .push(format!("workers of each service that sets no number: {number}, by {WORKERS_VARIABLE}"));
    }

    fn take_proxies(&mut self, written: &Located<String>) {
        let words = written.value.split(',').map(str::trim).filter(|word| !word.is_empty());
        // The variable is about addresses: Unix sockets are trusted as they are without it.
        let words =
            words.chain(["unix"]).map(|word| Located { value: word.to_owned(), span: written.span.clone() });
        self.server.trusted_proxies =
            Some(Located { value: OneOrMany(words.collect()), span: written.span.clone() });
        self.notes.push(format!("proxies that are trusted: {}, by {PROXIES_VARIABLE}", written.value.trim()));
    }

    fn resolve(self, listen_base: &Path, control: Option<PathBuf>, environment: &Environment) -> Resolution {
        let Draft { base, source, server, functions, services: written, whole, mut problems, mut notes } =
            self;
        let listen = resolve_listen(&server, listen_base, &mut problems);
        let (description, described) = description::resolve(&server, &mut problems);
        let server = resolve_server(server, &listen, control, &base, &mut problems);
        let mut workplaces = Vec::new();
        let mut services = Vec::new();
        let mut told = Vec::new();
        let is_root_taken = services::is_root_taken(&written);
        for (name, section) in &written {
            let written = Written { name, section: &section.value };
            services::check_name(name, &mut told);
            let found = find(written, &base, environment, &mut told);
            let routes = services::resolve_routes(written, is_root_taken, &mut told);
            let Some((workplace, entry)) = found else { continue };
            let place = services::Place { written, workplace: &workplace, environment };
            services.extend(services::resolve_service(place, &entry, routes, &server, &mut notes, &mut told));
            workplaces.push(workplace);
        }
        services::check_routes_are_apart(&written, &mut told);
        let (published, path) = published::resolve(&functions, &written, &mut told).unzip();
        let own: Vec<_> = path.into_iter().chain(described).collect();
        check_own_paths_are_apart(&own, &written, &mut told);
        services::check_names_cross_apart(&written, &mut told);
        if whole {
            problems.extend(told);
        }
        // The command line comes after the file, as arguments win over it.
        problems.sort_by_key(|problem| {
            let span = problem.span.as_ref();
            span.map(|span| (span.source.name == "command line", span.source.name.clone(), span.range.start))
        });
        let valid = !problems.iter().any(Problem::is_error);
        Resolution {
            config: valid.then_some(Config {
                base,
                source,
                server,
                functions: resolve_functions(functions),
                published,
                description,
                services,
                notes,
            }),
            problems,
            workplaces,
            listen,
        }
    }
}

fn resolve_listen(
    server: &ServerSection,
    base: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<(Listen, Option<Span>)> {
    let Some(written) = &server.listen else {
        return vec![(Listen::default(), None)];
    };
    let mut listen: Vec<(Listen, Option<Span>)> = Vec::new();
    for Located { value, span } in &written.value.0 {
        let address = match Listen::parse(value, base) {
            Ok(address) => address,
            Err(flaw) => {
                problems.push(flaw.at(span));
                continue;
            }
        };
        let clash = listen.iter().find(|(other, _)| other.clashes(&address));
        if let Some((other, Some(other_span))) = clash {
            let problem = match *other == address {
                true => Problem::error(format!("`{value}` is listened on twice")).hint("name it once"),
                false => Problem::error(format!("`{value}` and `{other}` cannot both be bound"))
                    .hint("the address of every interface covers the others on its port"),
            };
            problems.push(problem.at(span).related(other_span, "first here"));
        }
        listen.push((address, Some(span.clone())));
    }
    if written.value.0.is_empty() {
        let problem = Problem::error("`listen` is empty: no client could connect").at(&written.span);
        problems.push(problem.hint(format!("leave it out for \"{}\"", Listen::default())));
    }
    listen
}

fn resolve_server(
    section: ServerSection,
    listen: &[(Listen, Option<Span>)],
    control: Option<PathBuf>,
    base: &Path,
    problems: &mut Vec<Problem>,
) -> Server {
    let identity = identity::resolve(section.user.as_ref(), section.group.as_ref());
    let identity = identity.unwrap_or_else(|(flaw, key)| {
        problems.push(flaw.at(&key.span));
        None
    });
    Server {
        listen: listen.iter().map(|(address, _)| address.clone()).collect(),
        threads: section.threads.map(|threads| threads.value.as_usize()),
        limits: section.limits.map_or_else(Limits::default, |limits| resolve_limits(limits.value)),
        timeouts: section
            .timeouts
            .map_or_else(Timeouts::default, |timeouts| resolve_timeouts(timeouts.value)),
        socket_mode: section.socket_mode.map_or(Server::SOCKET_MODE_DEFAULT, |mode| mode.value.0),
        identity,
        pidfile: section.pidfile.map(|path| absolute(base, Path::new(&path.value))),
        access_log: section.access_log.map(|written| written.value.0).unwrap_or_default(),
        log_level: section.log_level.map(|level| level.value.0).unwrap_or_default(),
        trusted_proxies: section
            .trusted_proxies
            .map_or_else(TrustedProxies::default, |written| resolve_proxies(&written.value.0, problems)),
        websocket: section
            .websocket
            .map_or_else(WebSocket::default, |websocket| resolve_websocket(websocket.value)),
        control: control.or_else(|| section.control.map(|path| absolute(base, Path::new(&path.value)))),
    }
}

fn resolve_proxies(written: &[Located<String>], problems: &mut Vec<Problem>) -> TrustedProxies {
    let mut proxies = TrustedProxies::none();
    for Located { value, span } in written {
        if let Err(flaw) = proxies.add(value) {
            problems.push(flaw.at(span));
        }
    }
    proxies
}

fn resolve_limits(section: LimitsSection) -> Limits {
    let default = Limits::default();
    Limits {
        request_line_bytes_max: section
            .request_line
            .map_or(default.request_line_bytes_max, |size| size.value.as_usize()),
        header_bytes_max: section.headers.map_or(default.header_bytes_max, |size| size.value.as_usize()),
        header_count_max: section
            .header_count
            .map_or(default.header_count_max, |count| count.value.as_usize()),
        body_bytes_max: section.body.map_or(default.body_bytes_max, |size| size.value.bytes_max()),
        connections_max: section.connections.map_or(default.connections_max, |count| count.value.as_usize()),
        // Its bound is below.
        backlog: section.backlog.map_or(default.backlog, |count| count.value.0 as u32),
    }
}

fn resolve_websocket(section: WebSocketSection) -> WebSocket {
    let default = WebSocket::default();
    WebSocket {
        message_bytes_max: section.message.map_or(default.message_bytes_max, |size| size.value.bytes_max()),
        compression: section.compression.map_or(default.compression, |compression| compression.value),
        ping_interval: section.ping_interval.map_or(default.ping_interval, |wait| wait.value.wait()),
        ping_timeout: section.ping_timeout.map_or(default.ping_timeout, |wait| wait.value.0),
    }
}

fn resolve_functions(section: FunctionsSection) -> Functions {
    let default = Functions::default();
    Functions {
        timeout: section.timeout.map_or(default.timeout, |wait| wait.value.0),
        queue: section.queue.map_or(default.queue, |calls| calls.value.as_usize()),
        // Its bound is below.
        message_bytes_max: section
            .message_bytes_max
            .map_or(default.message_bytes_max, |size| size.value.0 as u32),
    }
}

fn resolve_timeouts(section: TimeoutsSection) -> Timeouts {
    let default = Timeouts::default();
    Timeouts {
        header_read: section.header_read.map_or(default.header_read, |wait| wait.value.0),
        idle: section.idle.map_or(default.idle, |wait| wait.value.0),
        body: section.body.map_or(default.body, |wait| wait.value.0),
        write: section.write.map_or(default.write, |wait| wait.value.0),
        grace: section.grace.map_or(default.grace, |wait| wait.value.0),
        start: section.start.map_or(default.start, |wait| wait.value.0),
        heartbeat: section.heartbeat.map_or(default.heartbeat, |wait| wait.value.wait()),
    }
}
