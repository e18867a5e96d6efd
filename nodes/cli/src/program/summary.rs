//! What came of a program run: goals, tracking, latencies, losses. A value to print.

use servomesh_shell::latency::{Latency, Percentiles};
use servomesh_types::{DriveMode, HopTimes, ServoState};
use std::collections::BTreeMap;
use std::fmt;

/// What came of a program run.
#[derive(Debug, Default)]
pub struct Summary {
    goals: usize,
    /// Goals that were missed, and why; a run ends with them, so that they stay few.
    missed: Vec<(String, String)>,
    tracking: BTreeMap<(String, usize), Tracking>,
    hops: BTreeMap<String, Hops>,
    losses: BTreeMap<String, u64>,
}

#[derive(Clone, Debug)]
struct Tracking {
    joint: String,
    unit: &'static str,
    scale: f64,
    largest: f64,
}

/// Latencies of one group's setpoints on their way.
#[derive(Debug, Default)]
struct Hops {
    last_applied_ns: i64,
    to_safety: Latency,
    to_driver: Latency,
    to_bus: Latency,
    whole: Latency,
}

impl Summary {
    /// Notes how a goal ended.
    pub fn goal(&mut self, goal: String, outcome: Result<(), String>) {
        self.goals += 1;
        self.missed.extend(outcome.err().map(|reason| (goal, reason)));
    }

    /// Notes what a driver measured. `joint` gives a joint's name and whether it is prismatic.
    pub fn servo_state(&mut self, group: &str, state: &ServoState, joint: impl Fn(usize) -> (String, bool)) {
        self.hops
            .entry(group.to_owned())
            .or_default()
            .note(state.tag.hops);
        if state.mode != DriveMode::Enabled {
            return;
        }
        for i in 0..state.position.len() {
            let error = state.following_error(i).abs();
            let tracking = self.tracking.entry((group.to_owned(), i)).or_insert_with(|| {
                let (joint, prismatic) = joint(i);
                let (unit, scale) = if prismatic { ("mm", 1e3) } else { ("mrad", 1e3) };
                Tracking {
                    joint,
                    unit,
                    scale,
                    largest: 0.0,
                }
            });
            tracking.largest = tracking.largest.max(error);
        }
    }

    /// Notes a node's counter of what it lost; counters only grow, so the last one counts.
    pub fn loss(&mut self, counter: String, count: u64) {
        self.losses.insert(counter, count);
    }

    /// Goals that were reached, of all.
    pub fn reached(&self) -> (usize, usize) {
        (self.goals - self.missed.len(), self.goals)
    }

    /// The same as [`Display`](fmt::Display) says, for programs. Latencies in µs, tracking errors in rad (m).
    pub fn to_json(&self) -> serde_json::Value {
        let (reached, all) = self.reached();
        let tracking: BTreeMap<_, _> = self
            .tracking
            .values()
            .map(|t| (t.joint.as_str(), t.largest))
            .collect();
        let hops: BTreeMap<_, BTreeMap<_, _>> = self
            .hops
            .iter()
            .map(|(group, hops)| {
                let figures = |latency: &Latency| {
                    let Percentiles { count, p50_us, p99_us, p999_us, max_us } = latency.percentiles();
                    serde_json::json!({
                        "count": count, "p50_us": p50_us, "p99_us": p99_us, "p999_us": p999_us, "max_us": max_us
                    })
                };
                (group, hops.named().map(|(name, latency)| (name, figures(latency))).into())
            })
            .collect();
        serde_json::json!({
            "goals": all,
            "reached": reached,
            "largest_tracking_error": tracking,
            "hops": hops,
            "lost": self.losses,
        })
    }

    /// The first goal that was missed, and why.
    pub fn first_miss(&self) -> Option<(&str, &str)> {
        let (goal, reason) = self.missed.first()?;
        Some((goal, reason))
    }
}

impl Hops {
    fn named(&self) -> [(&'static str, &Latency); 4] {
        [
            ("trajectory → safety", &self.to_safety),
            ("safety → driver", &self.to_driver),
            ("driver → bus frame", &self.to_bus),
            ("born → applied", &self.whole),
        ]
    }

    fn note(&mut self, hops: HopTimes) {
        let HopTimes {
            born_ns,
            gated_ns,
            received_ns,
            applied_ns,
        } = hops;
        let complete = [born_ns, gated_ns, received_ns, applied_ns]
            .iter()
            .all(|ns| *ns > 0);
        if !complete || applied_ns == self.last_applied_ns {
            return;
        }
        self.last_applied_ns = applied_ns;
        self.to_safety.note(born_ns, gated_ns);
        self.to_driver.note(gated_ns, received_ns);
        self.to_bus.note(received_ns, applied_ns);
        self.whole.note(born_ns, applied_ns);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (reached, all) = self.reached();
        writeln!(f, "Goals reached: {reached} of {all}")?;
        for (goal, reason) in &self.missed {
            writeln!(f, "  missed: {goal}: {reason}")?;
        }
        writeln!(f, "\nLargest tracking error (setpoint against measured)")?;
        for Tracking {
            joint,
            unit,
            scale,
            largest,
        } in self.tracking.values()
        {
            writeln!(f, "  {joint:<24} {:>9.3} {unit}", largest * scale)?;
        }
        writeln!(
            f,
            "\nHop latencies [µs]                 p50       p99       max    samples"
        )?;
        for (group, hops) in &self.hops {
            for (hop, latency) in hops.named() {
                let Percentiles {
                    count,
                    p50_us,
                    p99_us,
                    max_us,
                    ..
                } = latency.percentiles();
                writeln!(
                    f,
                    "  {group:<9} {hop:<20} {p50_us:>9.0} {p99_us:>9.0} {max_us:>9.0} {count:>10}"
                )?;
            }
        }
        let lost: Vec<_> = self.losses.iter().filter(|(_, count)| **count > 0).collect();
        writeln!(
            f,
            "\nSamples lost or passed over: {}",
            lost.iter().map(|(_, count)| **count).sum::<u64>()
        )?;
        for (counter, count) in lost {
            writeln!(f, "  {counter:<48} {count:>8}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::JointVec;

    fn state(error: f64, applied_ns: i64) -> ServoState {
        let mut state = ServoState {
            mode: DriveMode::Enabled,
            position: JointVec::from([1.0]),
            reference: JointVec::from([1.0 + error]),
            ..ServoState::default()
        };
        state.tag.hops = HopTimes {
            born_ns: 1_000,
            gated_ns: 101_000,
            received_ns: 201_000,
            applied_ns,
        };
        state
    }

    #[test]
    fn a_command_counts_once_and_the_largest_error_stays() {
        let mut summary = Summary::default();
        for (error, applied) in [(0.001, 301_000), (-0.004, 301_000), (0.002, 401_000)] {
            summary.servo_state("arm", &state(error, applied), |_| ("elbow".into(), false));
        }
        summary.goal("arm → home".into(), Err("too far".into()));
        let text = summary.to_string();
        assert!(
            text.contains("Goals reached: 0 of 1") && text.contains("missed: arm → home: too far"),
            "{text}"
        );
        assert!(text.contains("elbow") && text.contains("4.000 mrad"), "{text}");
        assert_eq!(summary.hops["arm"].whole.percentiles().count, 2);
    }
}
