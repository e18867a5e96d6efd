//! What episodes came to: counts, the most of each limit that the machine took, violations.
//!
//! **Invariant:** [`Tally::add`] gives the same in any order, so that threads don't show.

use super::kind::Kind;
use std::collections::BTreeMap;
use std::fmt;

/// What the machine is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Where a joint may be.
    Position,
    /// How fast a joint may be, reduced limits and speed scale included.
    Velocity,
    /// How fast a joint may change its speed.
    Acceleration,
    /// In which direction a joint may move.
    Direction,
    /// How fast the tool may be.
    ToolSpeed,
    /// How near links, obstacles and zones may come.
    Clearance,
    /// Nothing may touch what it is not meant to touch.
    Touch,
    /// The box that the tool must stay in.
    Workspace,
    /// What a motor may give.
    Effort,
    /// How soon it must stand once a gate has closed, and that it goes on standing.
    Standstill,
}

/// One violation by the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Of what.
    pub limit: Limit,
    /// Which episode; it can be repeated alone.
    pub episode: u64,
    /// Where, by how much, and who was at it.
    pub text: String,
}

/// What episodes came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many there were.
    pub episodes: u64,
    /// In how many of them the machine pressed on what it may touch.
    pub pressing: u64,
    /// Of each kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// At each site.
    pub sites: BTreeMap<&'static str, u64>,
    /// Simulated time \[ms\].
    pub simulated_ms: u64,
    /// Periods of 2 ms in which setpoints passed and the machine moved.
    pub in_motion: u64,
    /// Stops by their first cause.
    pub stops: BTreeMap<String, u64>,
    /// Exact distances that were worked out.
    pub distances: u64,
    /// For each limit the largest share of its tolerance that was used up; below 0 where the limit itself was never reached.
    pub tolerances: BTreeMap<Limit, f64>,
    /// The closest approach, of anything to anything \[m\].
    pub closest: Option<f64>,
    /// How long after its published end a stop lasted at most \[s\]; negative: all ended sooner.
    pub overdue_s: Option<f64>,
    /// What the machine did wrong.
    pub violations: Vec<Violation>,
}

impl Tally {
    /// Takes another tally in.
    pub fn add(&mut self, other: Self) {
        self.episodes += other.episodes;
        self.pressing += other.pressing;
        self.simulated_ms += other.simulated_ms;
        self.in_motion += other.in_motion;
        self.distances += other.distances;
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        for (site, count) in other.sites {
            *self.sites.entry(site).or_default() += count;
        }
        for (cause, count) in other.stops {
            *self.stops.entry(cause).or_default() += count;
        }
        for (limit, share) in other.tolerances {
            self.note_share(limit, share);
        }
        if let Some(closest) = other.closest {
            self.note_distance(closest);
        }
        if let Some(overdue_s) = other.overdue_s {
            self.note_overdue(overdue_s);
        }
        self.violations.extend(other.violations);
        self.violations.sort_by_key(|violation| violation.episode);
    }

    /// Whether a value is at most `most` and its tolerance; one that is no number is not.
    pub(super) fn within(&mut self, limit: Limit, value: f64, most: f64, tolerance: f64) -> bool {
        self.note_share(limit, (value - most) / tolerance);
        value <= most + tolerance
    }

    fn note_share(&mut self, limit: Limit, share: f64) {
        let most = self.tolerances.entry(limit).or_insert(share);
        *most = most.max(share);
    }

    pub(super) fn note_distance(&mut self, distance: f64) {
        self.closest = Some(self.closest.map_or(distance, |closest| closest.min(distance)));
    }

    pub(super) fn note_overdue(&mut self, overdue_s: f64) {
        self.overdue_s = Some(self.overdue_s.map_or(overdue_s, |most| most.max(overdue_s)));
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let simulated_h = self.simulated_ms as f64 / 3.6e6;
        writeln!(
            f,
            "{} episodes, {simulated_h:.2} h of the machine, {} periods in motion, {} exact distances",
            self.episodes, self.in_motion, self.distances
        )?;
        writeln!(f, "pressed on what it may touch: {} episodes", self.pressing)?;
        let list = |f: &mut fmt::Formatter<'_>, name: &str, counts: Vec<(String, u64)>| {
            let counts: Vec<_> = counts
                .iter()
                .map(|(what, count)| format!("{what} {count}"))
                .collect();
            writeln!(f, "{name}: {}", counts.join(", "))
        };
        list(
            f,
            "kinds",
            self.kinds
                .iter()
                .map(|(kind, count)| (format!("{kind:?}"), *count))
                .collect(),
        )?;
        list(
            f,
            "sites",
            self.sites
                .iter()
                .map(|(site, count)| ((*site).to_owned(), *count))
                .collect(),
        )?;
        list(
            f,
            "stops",
            self.stops
                .iter()
                .map(|(cause, count)| (cause.clone(), *count))
                .collect(),
        )?;
        let shares: Vec<_> = self
            .tolerances
            .iter()
            .map(|(limit, share)| format!("{limit:?} {:.0} %", 100.0 * share))
            .collect();
        writeln!(f, "greatest share of each tolerance: {}", shares.join(", "))?;
        if let Some(closest) = self.closest {
            writeln!(f, "closest approach: {:.2} mm", 1000.0 * closest)?;
        }
        if let Some(overdue_s) = self.overdue_s {
            writeln!(
                f,
                "last standstill {:+.0} ms from what was published",
                1000.0 * overdue_s
            )?;
        }
        for violation in self.violations.iter().take(SHOWN) {
            writeln!(
                f,
                "episode {}: {:?}: {}",
                violation.episode, violation.limit, violation.text
            )?;
        }
        write!(f, "{} violations", self.violations.len())
    }
}

/// How many violations are told in full.
const SHOWN: usize = 40;
