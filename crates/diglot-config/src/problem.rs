//! What is wrong with a configuration, said so that a person can put it right: the sentence, the place, the hint.
//!
//! Problems are collected, never returned at the first: a person who has to run a command once for each mistake
//! stops trusting it.

use std::{fmt, ops::Range, sync::Arc};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

/// A text problems point into: a file, or the command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// As a person would name it: a path relative to where they stand.
    pub name: String,
    pub text: String,
}

/// A stretch of bytes in a source. The range may have come from anywhere and is made to fit when it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    pub source: Arc<Source>,
    pub range: Range<usize>,
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.name, self.line(), self.column())
    }
}

impl Span {
    /// The line it begins in, from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The character of that line it begins at, from 1.
    pub fn column(&self) -> usize {
        let before = self.before();
        before[before.rfind('\n').map_or(0, |newline| newline + 1)..].chars().count() + 1
    }

    /// Bytes it covers.
    pub fn len(&self) -> usize {
        self.fitted().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn before(&self) -> &str {
        &self.source.text[..self.fitted().start]
    }

    /// The range, within the text and on character boundaries.
    fn fitted(&self) -> Range<usize> {
        let text = &self.source.text;
        let start = text.floor_char_boundary(self.range.start);
        let end = text.ceil_char_boundary(self.range.end);
        start..end.max(start)
    }
}

/// Whether a server may start in spite of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// One sentence without a full stop.
    pub message: String,
    /// The offending text; `None` where nothing that was written is at fault.
    pub span: Option<Span>,
    /// A second place that matters, and why.
    pub related: Option<Box<(Span, String)>>,
    /// What to do.
    pub hint: Option<String>,
    /// Nothing is written wrongly, but what it names is not there (yet): no reason for `install` or `run`, which may
    /// be about to put it there, not to go on.
    pub missing: bool,
}

impl Problem {
    pub fn error(message: impl Into<String>) -> Problem {
        let message = message.into();
        Problem { severity: Severity::Error, message, span: None, related: None, hint: None, missing: false }
    }

    pub fn warning(message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(message) }
    }

    /// Points at the offending text.
    pub fn at(mut self, span: &Span) -> Problem {
        self.span = Some(span.clone());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    pub fn related(mut self, span: &Span, label: impl Into<String>) -> Problem {
        self.related = Some(Box::new((span.clone(), label.into())));
        self
    }

    pub fn missing(mut self) -> Problem {
        self.missing = true;
        self
    }

    /// The line of the offending text, from 1.
    pub fn line(&self) -> Option<usize> {
        self.span.as_ref().map(Span::line)
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(&self.message));
        let hint = Level::HELP.with_name("hint");
        let Some(span) = &self.span else {
            let mut text = renderer.render(&[group]);
            if let Some(line) = &self.hint {
                text.push('\n');
                text += &renderer.render(&[Group::with_title(hint.secondary_title(line.as_str()))]);
            }
            return text;
        };
        let mut here = snippet(&span.source).annotation(AnnotationKind::Primary.span(span.fitted()));
        let mut there = None;
        if let Some((related, label)) = self.related.as_deref() {
            let annotation = AnnotationKind::Context.span(related.fitted()).label(label.as_str());
            match related.source == span.source {
                true => here = here.annotation(annotation),
                false => there = Some(snippet(&related.source).annotation(annotation)),
            }
        }
        group = group.element(here).elements(there);
        if let Some(text) = &self.hint {
            group = group.element(hint.message(text.as_str()));
        }
        renderer.render(&[group])
    }
}

fn snippet(source: &Source) -> Snippet<'_, Annotation<'_>> {
    Snippet::source(source.text.as_str()).path(source.name.as_str())
}

/// All problems as a person reads them, in the order of the text, errors and warnings mixed.
/// `styled` adds colours, for a terminal only.
pub fn render(problems: &[Problem], styled: bool) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    problems.iter().map(|problem| problem.render(&renderer) + "\n").collect::<Vec<_>>().join("\n")
}

/// What a parser of one small text (a route, an address) has against it. The caller knows where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Flaw {
    pub(crate) fn new(message: impl Into<String>) -> Flaw {
        Flaw { message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Flaw {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn at(self, span: &Span) -> Problem {
        Problem { hint: self.hint, ..Problem::error(self.message) }.at(span)
    }
}

/// The candidate a person most likely meant, where one is close enough to say so.
pub(crate) fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits_max = (written.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(written, candidate), candidate))
        .filter(|(edits, _)| *edits <= edits_max)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}
