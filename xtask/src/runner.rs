//! A test runner, shown as it runs and quoted when it is done.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

/// Which of a runner's lines say how many tests passed and failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Closing {
    /// `Summary [ 0.034s] 12 tests run: 12 passed, 0 skipped`
    Nextest,
    /// `test result: ok. 12 passed; …`, once for each crate. nextest quotes such a line of a test that failed.
    CargoTest,
    /// `==== 12 passed in 0.50s ====`
    Pytest,
    /// `ℹ tests 12`, `ℹ pass 12`, `ℹ fail 0`, `ℹ skipped 0`
    Node,
    /// `  600 generated, 600 passed` and `==== No issues found in 3.31s ====`
    Schemathesis,
}

/// Runs it to its end, passing on what it prints, and returns its closing lines.
///
/// # Errors
/// It cannot be started, ends with anything but 0, or ends well without a closing line: then it ran no tests.
pub(crate) fn run_and_show(command: &mut Command, closing: Closing) -> Result<Vec<String>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let lines = Mutex::new(Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        let lines = &lines;
        scope.spawn(move || stderr.map(|stderr| pass_on(stderr, closing, lines)));
        if let Some(stdout) = stdout {
            pass_on(stdout, closing, lines);
        }
    });
    let status = child.wait()?;
    let lines = lines.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !status.success() {
        bail!(
            "{}",
            if lines.is_empty() { format!("{program} ended with {status}") } else { lines.join(" · ") }
        );
    }
    if lines.is_empty() {
        bail!("{program} ran no tests");
    }
    Ok(lines)
}

fn pass_on(from: impl Read, closing: Closing, lines: &Mutex<Vec<String>>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    // Bytes rather than text: a test may print what is no UTF-8, and an unreadable pipe is one that has ended.
    while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let mut out = std::io::stdout().lock();
        // Nobody reads on: the suite still has to run to its end and be counted.
        let _ = out.write_all(&line).and_then(|()| out.flush());
        let text = String::from_utf8_lossy(&line);
        if closing.is_in(&text) {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(text.trim().to_owned());
        }
        line.clear();
    }
}

impl Closing {
    fn is_in(self, line: &str) -> bool {
        let line = line.trim();
        match self {
            Self::Nextest => line.starts_with("Summary ["),
            Self::CargoTest => line.starts_with("test result: "),
            Self::Pytest => {
                line.starts_with("==")
                    && line.ends_with("==")
                    && [" passed", " failed", " error", "no tests ran"].iter().any(|word| line.contains(word))
            }
            Self::Node => {
                ["ℹ tests ", "ℹ pass ", "ℹ fail ", "ℹ skipped "].iter().any(|head| line.starts_with(head))
            }
            Self::Schemathesis => {
                line.contains(" generated, ")
                    || line.starts_with("==") && line.ends_with("==") && line.contains(" in ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_runners() {
        let nextest = "     Summary [   0.034s] 10 tests run: 10 passed, 0 skipped\n";
        assert!(Closing::Nextest.is_in(nextest));
        let cargo_test = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert!(Closing::CargoTest.is_in(cargo_test) && !Closing::Nextest.is_in(cargo_test));
        assert!(!Closing::Nextest.is_in("        PASS [   0.005s] (1/1) summary::tests::closing"));
        assert!(Closing::Pytest.is_in("======= 1 failed, 2 passed in 0.02s ======="));
        assert!(!Closing::Pytest.is_in("======= test session starts ======="));
        assert!(Closing::Node.is_in("ℹ pass 3"));
        assert!(!Closing::Node.is_in("✔ passes (0.5ms)"));
        assert!(Closing::Schemathesis.is_in("  600 generated, 600 passed, 3 skipped"));
        assert!(Closing::Schemathesis.is_in("======= No issues found in 3.31s ======="));
        assert!(!Closing::Schemathesis.is_in("======= SUMMARY ======="));
    }

    #[test]
    fn a_runner_that_fails_is_an_error_in_its_own_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo '== 1 failed in 0.1s =='; exit 1"]);
        let error = run_and_show(&mut command, Closing::Pytest).expect_err("it failed");
        assert_eq!(error.to_string(), "== 1 failed in 0.1s ==");
    }

    #[test]
    fn a_runner_without_tests_has_not_passed() {
        let error = run_and_show(&mut Command::new("true"), Closing::Node).expect_err("no tests");
        assert_eq!(error.to_string(), "true ran no tests");
    }
}
