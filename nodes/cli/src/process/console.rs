//! What stands on the terminal: each process's lines behind its name, in its colour.
//!
//! A line of a process's stdout goes to stdout, one of its stderr to stderr. Colours only where that stream is a
//! terminal and `NO_COLOR` is not set.

use std::io::{IsTerminal as _, Write};

use super::cell::Id;
use super::notice::{Level, Notice};

/// Where a line comes from and goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// ANSI colours that read well on dark and light backgrounds; red and yellow are kept for messages.
const COLOURS: [u8; 10] = [36, 32, 35, 34, 96, 92, 95, 94, 33, 37];
const RED: u8 = 31;
const YELLOW: u8 = 93;

/// The two streams of the terminal.
pub struct Console {
    stdout: Sink,
    stderr: Sink,
    labels: Vec<String>,
    width: usize,
}

struct Sink {
    writer: Box<dyn Write>,
    coloured: bool,
}

impl Console {
    /// The process's own stdout and stderr.
    pub fn standard() -> Self {
        let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
        let coloured = |terminal: bool| colours && terminal;
        Self::new(
            (Box::new(stdout), coloured(std::io::stdout().is_terminal())),
            (Box::new(stderr), coloured(std::io::stderr().is_terminal())),
        )
    }

    /// Two streams, each with colours or without.
    pub fn new(stdout: (Box<dyn Write>, bool), stderr: (Box<dyn Write>, bool)) -> Self {
        let sink = |(writer, coloured)| Sink { writer, coloured };
        Self {
            stdout: sink(stdout),
            stderr: sink(stderr),
            labels: Vec::new(),
            width: 0,
        }
    }

    /// Sets the names to write before the lines of each process.
    pub(super) fn set_labels(&mut self, labels: Vec<String>) {
        self.width = labels
            .iter()
            .map(|label| label.chars().count())
            .max()
            .unwrap_or(0);
        self.labels = labels;
    }

    /// Writes one line of a process.
    pub(super) fn line(&mut self, Id(index): Id, stream: Stream, line: &[u8]) -> std::io::Result<()> {
        let label = format!("[{}]", self.labels[index]);
        let width = self.width + 2;
        let colour = COLOURS[index % COLOURS.len()];
        self.sink(stream).write(&label, width, Some(colour), line)
    }

    /// Tells the user something, on stderr.
    pub(super) fn say(&mut self, notice: &Notice) -> std::io::Result<()> {
        self.message(notice.level(), &notice.to_string())
    }

    pub(super) fn message(&mut self, level: Level, text: &str) -> std::io::Result<()> {
        let (colour, word) = match level {
            Level::Info => (None, ""),
            Level::Warning => (Some(YELLOW), "warning: "),
            Level::Error => (Some(RED), "error: "),
        };
        self.stderr
            .write("servomesh:", 0, colour, format!("{word}{text}").as_bytes())
    }

    fn sink(&mut self, stream: Stream) -> &mut Sink {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}

impl Sink {
    /// One write for the whole line, so that lines of other programs do not cut it.
    fn write(&mut self, label: &str, width: usize, colour: Option<u8>, line: &[u8]) -> std::io::Result<()> {
        let mut text = match colour.filter(|_| self.coloured) {
            Some(colour) => format!("\x1b[{colour}m{label:<width$}\x1b[0m "),
            None => format!("{label:<width$} "),
        }
        .into_bytes();
        text.extend_from_slice(line);
        text.push(b'\n');
        self.writer.write_all(&text)?;
        self.writer.flush()
    }
}
