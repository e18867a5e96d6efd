//! Shows a run while it goes on: a bar for each goal under way on a terminal, plain lines elsewhere.

use crate::program::progress::{Progress, Trail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;

/// Where a run is shown.
pub(super) enum Show {
    /// Nowhere.
    Quiet,
    /// Line by line.
    Lines,
    /// With bars.
    Bars(MultiProgress),
}

/// What is shown of one step at once.
pub(super) struct Shown {
    bars: Vec<ProgressBar>,
}

impl Show {
    /// On the terminal, if errors go there.
    pub(super) fn new(verbose: bool) -> Self {
        match (verbose, std::io::stderr().is_terminal()) {
            (false, _) => Self::Quiet,
            (true, false) => Self::Lines,
            (true, true) => Self::Bars(MultiProgress::new()),
        }
    }

    /// Says something for people.
    pub(super) fn say(&self, text: &str) {
        match self {
            Self::Quiet => {}
            Self::Lines => eprintln!("{text}"),
            // A terminal that is gone has nobody to tell.
            Self::Bars(bars) => bars.println(text).unwrap_or_default(),
        }
    }

    /// Something begins: a step, or several at once.
    pub(super) fn begin(&self, trail: &Trail, label: &str, parts: &[String]) -> Shown {
        self.say(&format!("{trail} {label}"));
        let Self::Bars(bars) = self else {
            return Shown { bars: Vec::new() };
        };
        let bar = |part: &String| {
            let bar = bars.add(ProgressBar::new(LENGTH));
            bar.set_style(style(SPINNER));
            bar.set_prefix(part.clone());
            bar
        };
        Shown {
            bars: parts.iter().map(bar).collect(),
        }
    }
}

impl Shown {
    /// How far one of the parts is.
    pub(super) fn update(&self, part: usize, progress: &Progress) {
        let Some(bar) = self.bars.get(part) else {
            return;
        };
        match progress.done {
            Some(done) => {
                bar.set_style(style(BAR));
                bar.set_position((done * LENGTH as f64).round() as u64);
            }
            None => bar.set_style(style(SPINNER)),
        }
        bar.set_message(progress.to_string());
        bar.tick();
    }

    /// One of the parts has ended.
    pub(super) fn end(&self, part: usize) {
        if let Some(bar) = self.bars.get(part) {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bars.iter().for_each(ProgressBar::finish_and_clear);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A bar's whole.
const LENGTH: u64 = 1000;
const BAR: &str = "      {prefix} [{bar:24}] {percent:>3} % {msg}";
const SPINNER: &str = "      {prefix} {spinner} {elapsed} {msg}";
