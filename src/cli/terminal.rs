//! Standard output and standard error.
//!
//! In: finished text. Out: the same text on the right stream, and whether colours belong there. A reader that has gone
//! away is an error value here, never a panic.

use std::io::{self, IsTerminal as _, Write as _};

use super::args::ColorWish;

/// Whether text is decorated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// With escape sequences.
    Colored,
    /// As it is.
    Plain,
}

/// The two streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    /// Colours on standard output.
    pub(super) out: Paint,
    /// Colours on standard error.
    pub(super) err: Paint,
}

impl Terminal {
    /// Decide by the wish, by `NO_COLOR` and by what the streams are.
    pub(super) fn new(wish: ColorWish) -> Self {
        let banned = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let decide = |terminal: bool| match wish {
            ColorWish::Always => Paint::Colored,
            ColorWish::Auto if terminal && !banned("NO_COLOR") && !dumb => Paint::Colored,
            ColorWish::Auto | ColorWish::Never => Paint::Plain,
        };
        Self { out: decide(io::stdout().is_terminal()), err: decide(io::stderr().is_terminal()) }
    }

    /// Put `text` on standard output.
    pub(super) fn print(&self, text: &str) -> io::Result<()> {
        let mut stream = io::stdout().lock();
        stream.write_all(text.as_bytes())?;
        stream.flush()
    }

    /// Put bytes on standard output: file contents need not be UTF-8.
    pub(super) fn print_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stream = io::stdout().lock();
        stream.write_all(bytes)?;
        stream.flush()
    }

    /// Put `text` on standard error; nobody is left to tell when that fails.
    pub(super) fn tell(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

impl Paint {
    /// `text` in `style`.
    pub(super) fn paint(self, style: anstyle::Style, text: &str) -> String {
        match self {
            Paint::Colored => format!("{style}{text}{style:#}"),
            Paint::Plain => text.to_owned(),
        }
    }
}
