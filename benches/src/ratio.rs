//! What a claim comes to, and the table of it: our cost, the peer's, their ratio, the goal.

use crate::stats::Figures;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// How long to measure.
#[derive(Clone, Copy)]
pub struct Effort {
    /// How often ours and the peers take turns.
    pub rounds: usize,
    /// Samples of each in a round.
    pub samples: usize,
}

/// One line of the table.
#[derive(Serialize)]
pub struct Ratio {
    /// What is claimed, in a sentence.
    pub claim: String,
    /// Unit of both costs.
    pub unit: &'static str,
    /// Our cost.
    pub ours: f64,
    /// What it is compared with.
    pub peer_name: &'static str,
    /// The peer's cost.
    pub peer: f64,
    /// Most that ours may be of the peer's.
    pub goal: f64,
    /// Everything that took part, by name.
    pub figures: BTreeMap<&'static str, Figures>,
    /// CPU that each process took meanwhile, in cores.
    pub cores: BTreeMap<String, f64>,
}

impl Ratio {
    /// Ours as a part of the peer's.
    pub fn ratio(&self) -> f64 {
        self.ours / self.peer
    }

    /// Whether the goal is met; a figure that is not a number meets none.
    pub fn met(&self) -> bool {
        self.ratio() <= self.goal
    }
}

/// The table for a reader, then the figures behind it.
pub fn table(ratios: &[Ratio]) -> String {
    let mut text = String::new();
    let line = |text: &mut String, cells: [&str; 6]| {
        let [claim, ours, peer, ratio, goal, met] = cells;
        writeln!(
            text,
            "{claim:<58} {ours:>10} {peer:>10} {ratio:>6} {goal:>6}  {met}"
        )
        .expect("a String takes any text");
    };
    line(&mut text, ["claim", "ours", "peer", "ratio", "goal", "met"]);
    for r in ratios {
        let cost = |value: f64| format!("{value:.1} {}", r.unit);
        let met = if r.met() { "yes" } else { "NO" };
        let (ratio, goal) = (format!("{:.2}", r.ratio()), format!("{:.2}", r.goal));
        line(
            &mut text,
            [&r.claim, &cost(r.ours), &cost(r.peer), &ratio, &goal, met],
        );
    }
    let mut printed = Vec::new();
    for (name, figures) in ratios.iter().flat_map(|r| &r.figures) {
        if !printed.contains(name) {
            printed.push(*name);
            writeln!(text, "  {name:<40} {figures}").expect("a String takes any text");
        }
    }
    for (process, cores) in ratios.iter().flat_map(|r| &r.cores) {
        writeln!(text, "  {process:<40} {:5.1} % of a core", cores * 100.0).expect("a String takes any text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, Ratio, table};

    fn ratio(ours: f64, peer: f64) -> Ratio {
        let claim = "a hop".to_owned();
        Ratio {
            claim,
            unit: "µs",
            ours,
            peer_name: "rcl",
            peer,
            goal: 1.0,
            figures: BTreeMap::new(),
            cores: BTreeMap::new(),
        }
    }

    #[test]
    fn a_goal_is_met_at_most_at_its_value_and_never_by_nothing() {
        assert!(ratio(60.0, 60.0).met());
        assert!(!ratio(60.1, 60.0).met());
        assert!(!ratio(0.0, 0.0).met());
        assert!(!ratio(f64::NAN, 1.0).met());
    }

    #[test]
    fn the_table_says_whether_the_goal_is_met() {
        let text = table(&[ratio(30.0, 60.0), ratio(90.0, 60.0)]);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].contains("0.50") && lines[1].ends_with("yes"), "{text}");
        assert!(lines[2].contains("1.50") && lines[2].ends_with("NO"), "{text}");
    }
}
