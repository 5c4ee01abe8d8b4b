//! One command of `install`, with its progress: a moving line on a terminal, plain lines elsewhere. What the command
//! prints is kept for the case that it fails.

use std::{
    collections::VecDeque,
    io::{self, IsTerminal, Read},
    path::PathBuf,
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use diglot_config::Problem;
use indicatif::{ProgressBar, ProgressStyle};

/// Output kept of one command, in bytes. The reason of a failure is at its end.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// How often the moving line moves.
const TICK: Duration = Duration::from_millis(100);

/// A command to run for a service.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) service: String,
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) variables: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    /// What to do where it fails.
    pub(crate) advice: String,
}

impl Step {
    /// As a person would type it in its folder.
    fn shown(&self) -> String {
        let folder = format!("{}/", self.folder.display());
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words.map(|word| quoted(word.strip_prefix(&folder).unwrap_or(word))).collect::<Vec<_>>().join(" ")
    }

    /// Whether it did what it should. Where it did not, its output is printed, and the problem says what to do.
    pub(crate) fn run(&self) -> Result<(), Problem> {
        let shown = self.shown();
        let progress = progress(&self.service, &shown);
        let begun = Instant::now();
        let outcome = self.execute(&progress);
        progress.finish_and_clear();
        let (status, output) = outcome.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let message = format!("{}: there is no `{}` on PATH", self.service, self.program);
                Problem::error(message).hint("install it, then run `diglot install` again")
            }
            _ => self.failed(&format!("cannot be started: {error}")),
        })?;
        if status.success() {
            anstream::eprintln!("{}: {shown}: done in {:.1} s", self.service, begun.elapsed().as_secs_f64());
            return Ok(());
        }
        anstream::eprint!("{}", String::from_utf8_lossy(&output));
        if !output.ends_with(b"\n") && !output.is_empty() {
            anstream::eprintln!();
        }
        Err(self.failed(&match status.code() {
            Some(code) => format!("ended with {code}"),
            None => "was ended by a signal".to_owned(),
        }))
    }

    fn failed(&self, how: &str) -> Problem {
        let message = format!("{}: `{}` {how}, in {}", self.service, self.shown(), self.folder.display());
        Problem::error(message).hint(self.advice.clone())
    }

    /// Both of its streams go into one pipe, so that their lines stay in the order they were written.
    fn execute(&self, progress: &ProgressBar) -> io::Result<(ExitStatus, Vec<u8>)> {
        let (mut reader, writer) = io::pipe()?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(std::process::Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let mut child = command.spawn()?;
        // Its ends of the pipe, or reading would never come to an end.
        drop(command);
        let mut kept = VecDeque::new();
        let mut buffer = [0; 8 * 1024];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            kept.extend(&buffer[..read]);
            kept.drain(..kept.len().saturating_sub(OUTPUT_BYTES_MAX));
            let text = String::from_utf8_lossy(&buffer[..read]);
            if let Some(line) = text.lines().map(str::trim).rfind(|line| !line.is_empty()) {
                progress.set_message(line.chars().filter(|char| !char.is_control()).collect::<String>());
            }
        }
        Ok((child.wait()?, kept.into()))
    }
}

fn progress(service: &str, shown: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        anstream::eprintln!("{service}: {shown}");
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let progress = ProgressBar::new_spinner().with_style(style).with_prefix(format!("{service}: {shown}"));
    progress.enable_steady_tick(TICK);
    progress
}

/// Quotes where a shell would need them.
fn quoted(word: &str) -> String {
    let plain = |char: char| char.is_alphanumeric() || "-_./=:@+,".contains(char);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
