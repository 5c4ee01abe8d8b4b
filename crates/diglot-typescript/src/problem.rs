//! What is wrong with a source, as the rest of Diglot shows it: the sentence, file, line and column, and the text itself.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Longest line of a source that is shown. Of a longer one (minified, generated) the place alone is said.
const LINE_BYTES_SHOWN_MAX: usize = 2048;

/// Why a file cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One sentence without a full stop.
    pub message: String,
    /// Bytes of the source that are at fault; `None` where it is the file as a whole.
    pub range: Option<Range<usize>>,
    /// What to do.
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), range: None, hint: None }
    }

    pub(crate) fn at(self, range: Range<usize>) -> Self {
        Self { range: Some(range), ..self }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Line and column of the place, from 1, columns in characters.
    pub fn place(&self, source: &str) -> Option<(usize, usize)> {
        let before = &source[..source.floor_char_boundary(self.range.as_ref()?.start)];
        let line = before.matches('\n').count() + 1;
        let column = before[before.rfind('\n').map_or(0, |newline| newline + 1)..].chars().count() + 1;
        Some((line, column))
    }

    /// All of it, without colours: it becomes the message of an exception.
    pub fn render(&self, file: &Path, source: &str) -> String {
        let name = file.display().to_string();
        let hint = Level::HELP.with_name("hint");
        let mut group = Group::with_title(Level::ERROR.primary_title(&self.message));
        let range = self.range.as_ref().map(|range| {
            let start = source.floor_char_boundary(range.start);
            start..source.ceil_char_boundary(range.end.max(start)).max(start)
        });
        match range {
            Some(range) if line_around(source, range.start).len() <= LINE_BYTES_SHOWN_MAX => {
                // One line says enough, and a class of a thousand lines that was not closed too much.
                let end = range.end.min(line_end(source, range.start)).max(range.start);
                let snippet = Snippet::source(source).path(name.as_str());
                group = group.element(snippet.annotation(AnnotationKind::Primary.span(range.start..end)));
                if let Some(text) = &self.hint {
                    group = group.element(hint.message(text.as_str()));
                }
                Renderer::plain().render(&[group])
            }
            _ => {
                let (line, column) = self.place(source).unwrap_or((1, 1));
                let mut text = format!("error: {}\n  --> {name}:{line}:{column}", self.message);
                if let Some(line) = &self.hint {
                    text += &format!("\n  = hint: {line}");
                }
                text
            }
        }
    }
}

fn line_end(source: &str, at: usize) -> usize {
    source[at..].find('\n').map_or(source.len(), |newline| at + newline)
}

fn line_around(source: &str, at: usize) -> &str {
    let start = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
    &source[start..line_end(source, at)]
}
