//! What a node says of itself on `diagnostics`.

use crate::latency::Percentiles;
use crate::seq_watch::SeqWatch;

/// How well a node is, with the numbers of `diagnostic_msgs/DiagnosticStatus`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// All is well.
    #[default]
    Ok = 0,
    /// Works, but something deserves a look.
    Warn = 1,
    /// Does not do its duty.
    Error = 2,
}

/// What a node says of itself: the worst level with its reason, and figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    level: Level,
    reason: String,
    figures: Vec<(String, String)>,
}

impl Report {
    /// Adds a finding; the worst one, and of equals the first, is the report's headline.
    pub fn finding(&mut self, level: Level, reason: impl Into<String>) {
        if level > self.level {
            self.level = level;
            self.reason = reason.into();
        }
    }

    /// Adds a figure.
    pub fn figure(&mut self, name: impl Into<String>, value: &(impl ToString + ?Sized)) {
        self.figures.push((name.into(), value.to_string()));
    }

    /// Adds the counters of a stream, and a warning's worth of words only if this process lost samples.
    pub fn stream(&mut self, name: &str, watch: &SeqWatch) {
        self.figure(format!("{name}.received"), &watch.received);
        self.figure(format!("{name}.lost"), &watch.lost);
        self.figure(format!("{name}.superseded"), &watch.superseded);
    }

    /// Adds the percentiles of a latency \[µs\].
    pub fn latency(&mut self, name: &str, p: &Percentiles) {
        self.figure(format!("{name}.p50_us"), &format!("{:.1}", p.p50_us));
        self.figure(format!("{name}.p99_us"), &format!("{:.1}", p.p99_us));
        self.figure(format!("{name}.max_us"), &format!("{:.1}", p.max_us));
    }

    /// The worst level of all findings.
    pub fn level(&self) -> Level {
        self.level
    }
    /// The reason for that level; empty if all is well.
    pub fn reason(&self) -> &str {
        &self.reason
    }
    /// The figures, in the order in which they were added.
    pub fn figures(&self) -> &[(String, String)] {
        &self.figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_is_the_first_of_the_worst_findings() {
        let mut report = Report::default();
        report.finding(Level::Warn, "late");
        report.finding(Level::Error, "silent");
        report.finding(Level::Error, "hot");
        assert_eq!((report.level(), report.reason()), (Level::Error, "silent"));
    }
}
