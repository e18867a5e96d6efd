//! What many injections of each fault come to: medians and worst cases, as a table for people or for programs.

use super::injection::{Outcome, Stop};
use super::list::{Case, Then};
use super::watch::Layer;
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of one fault.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub fault: &'static str,
    /// What is meant to come of it.
    pub meant: &'static str,
    /// How often it was tried.
    pub runs: usize,
    /// How often it was said, by the name that it was first given and by whom.
    pub found_as: Vec<(String, usize)>,
    /// Until it was said \[ms\].
    pub found_ms: Option<Spread>,
    /// How often what was decided first, and by whom.
    pub actions: Vec<(String, usize)>,
    /// Until the drives did otherwise \[ms\].
    pub acted_ms: Option<Spread>,
    /// Stops.
    pub stops: usize,
    /// From the fault to standstill \[ms\].
    pub stands_ms: Option<Spread>,
    /// The farthest way of any joint until then \[mrad\].
    pub way_mrad: Option<Spread>,
    /// The tool's way until then \[mm\].
    pub path_mm: Option<Spread>,
    /// How much longer than published the stop took \[ms\].
    pub late_ms: Option<Spread>,
    /// How much farther than published a joint went \[mrad\].
    pub far_mrad: Option<Spread>,
    /// How often the machine went beyond its limits.
    pub beyond: usize,
    /// How often it worked again afterwards.
    pub recovered: usize,
    /// What was not as it is meant to be, with the seed.
    pub amiss: Vec<String>,
}

/// The middle of some values, and the largest.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// Half of them are no larger.
    pub p50: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of some values, times a factor; nothing of none.
    pub fn of(values: impl Iterator<Item = f64>, factor: f64) -> Option<Self> {
        let mut values: Vec<f64> = values.map(|value| value * factor).collect();
        values.sort_by(f64::total_cmp);
        let max = *values.last()?;
        let p50 = values[(values.len() - 1) / 2];
        Some(Self { p50, max })
    }
}

impl Row {
    /// Sums up outcomes, each with its seed.
    pub fn new(case: &Case, outcomes: &[(u64, Outcome)]) -> Self {
        let all = || outcomes.iter().map(|(_, outcome)| outcome);
        let stop = |of: fn(&Stop) -> f64| {
            all()
                .filter_map(|outcome| outcome.stop.as_ref())
                .map(of)
                .collect::<Vec<_>>()
        };
        let extra = |of: fn(&Stop) -> Option<f64>| {
            let stops = all().filter_map(|outcome| outcome.stop.as_ref());
            Spread::of(stops.filter_map(of), 1e3)
        };
        let amiss = |(seed, outcome): &(u64, Outcome)| {
            let what = outcome.amiss(case.then)?;
            Some(format!("seed {seed}: {what}"))
        };
        Self {
            fault: case.name,
            meant: meant(case.then),
            runs: outcomes.len(),
            found_as: counted(all().filter_map(|outcome| {
                outcome
                    .found
                    .map(|(_, name, by)| format!("{name} ({})", layer(by)))
            })),
            found_ms: Spread::of(
                all().filter_map(|outcome| outcome.found.map(|(time_s, ..)| time_s)),
                1e3,
            ),
            actions: counted(all().filter_map(|outcome| {
                outcome
                    .action
                    .map(|(_, what, by)| format!("{}: {what}", layer(by)))
            })),
            acted_ms: Spread::of(
                all().filter_map(|outcome| outcome.action.map(|(time_s, ..)| time_s)),
                1e3,
            ),
            stops: all().filter(|outcome| outcome.stop.is_some()).count(),
            stands_ms: Spread::of(stop(|stop| stop.time_s).into_iter(), 1e3),
            way_mrad: Spread::of(stop(|stop| stop.way).into_iter(), 1e3),
            path_mm: Spread::of(stop(|stop| stop.path).into_iter(), 1e3),
            late_ms: extra(|stop| stop.late_s),
            far_mrad: extra(|stop| stop.far),
            beyond: all().filter(|outcome| outcome.beyond.is_some()).count(),
            recovered: all().filter(|outcome| outcome.recovered.is_ok()).count(),
            amiss: outcomes.iter().filter_map(amiss).collect(),
        }
    }
}

/// The rows as a table in Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(HEAD);
    text.extend(rows.iter().map(self::row));
    text
}

/// One line of it.
pub fn row(row: &Row) -> String {
    let yes = |count: usize| {
        if count == row.runs {
            "yes".to_owned()
        } else {
            format!("{count} of {}", row.runs)
        }
    };
    let cells = [
        row.fault.to_owned(),
        names(&row.found_as, row.runs),
        spread(row.found_ms),
        names(&row.actions, row.runs),
        spread(row.acted_ms),
        stands(row),
        spread(row.way_mrad),
        spread(row.path_mm),
        spread(row.late_ms),
        yes(row.runs - row.beyond),
        yes(row.recovered),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn names(counted: &[(String, usize)], runs: usize) -> String {
    let mut parts: Vec<String> = counted
        .iter()
        .map(|(name, count)| {
            if *count == runs {
                name.clone()
            } else {
                format!("{name} {count} ×")
            }
        })
        .collect();
    let none = runs - counted.iter().map(|(_, count)| count).sum::<usize>();
    if none == runs {
        parts.push("–".to_owned());
    } else if none > 0 {
        parts.push(format!("nothing {none} ×"));
    }
    parts.join(", ")
}

/// Of stops, where something was done that did not end in one.
fn stands(row: &Row) -> String {
    let acted: usize = row.actions.iter().map(|(_, count)| count).sum();
    if row.stops < acted {
        format!("{} ({} of {acted})", spread(row.stands_ms), row.stops)
    } else {
        spread(row.stands_ms)
    }
}

fn spread(spread: Option<Spread>) -> String {
    spread.map_or("–".to_owned(), |Spread { p50, max }| {
        format!("{} / {}", figure(p50), figure(max))
    })
}

fn figure(value: f64) -> String {
    if value.abs() < 9.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// How often each comes, the most frequent first.
fn counted(names: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_insert(0) += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Drives => "drives",
        Layer::Driver => "driver",
        Layer::Estimator => "estimator",
        Layer::Safety => "safety",
    }
}

fn meant(then: Then) -> &'static str {
    match then {
        Then::Stops => "stops",
        Then::Derates => "derates",
        Then::GoesOn => "goes on",
        Then::MayPass => "may pass",
    }
}

const HEAD: &str = "\
| fault | found as (by) | found \\[ms\\] | what is done | reaches drives \\[ms\\] | stands \\[ms\\] | joint's way \\[mrad\\] | tool's way \\[mm\\] | over published \\[ms\\] | within limits | works again |
|---|---|---|---|---|---|---|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_largest_of_a_few() {
        let spread = Spread::of([0.003, 0.001, 0.002].into_iter(), 1e3).expect("some");
        assert!((spread.p50 - 2.0).abs() < 1e-9 && (spread.max - 3.0).abs() < 1e-9);
        assert!(Spread::of(std::iter::empty(), 1.0).is_none());
    }
}
