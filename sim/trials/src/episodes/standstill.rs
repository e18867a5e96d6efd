//! Whether the machine stands once its gate has closed: within the time that was published while the gate was open, and from then on.
//!
//! rad, s. **Invariant:** each stop is counted once, under its first cause.

use super::tally::{Limit, Tally};
use super::tolerances::{FADE, HELD, LAG, STILL};
use super::truth::Sample;
use servomesh_types::{Fault, GroupSafety, JointVec, SafetyMode, Stamp};
use std::time::Duration;

/// The stop that goes on, if one does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standstill {
    /// Whether the arm goes back after a collision.
    retreats: bool,
    /// When the epoch began.
    began: Stamp,
    /// When the gate's state was last said while it was open, and how long a stop would have taken then.
    published: (Stamp, f64),
    closed: Option<Closed>,
}

/// Since the gate closed.
#[derive(Clone, Copy, Debug)]
struct Closed {
    /// When the machine must stand.
    due: Stamp,
    /// When it moved last.
    moved: Option<Stamp>,
    /// Where it stood then.
    stood: Option<JointVec>,
}

impl Standstill {
    /// Nothing moved yet.
    pub(super) fn new(retreats: bool) -> Self {
        Self {
            retreats,
            began: Stamp::ZERO,
            published: (Stamp::ZERO, 0.0),
            closed: None,
        }
    }

    /// An epoch begins.
    pub(super) fn begin(&mut self, now: Stamp) {
        self.began = now;
    }

    /// Whether the driver may still fade what it began the epoch with.
    pub(super) fn is_fading(&self, now: Stamp) -> bool {
        now < self.began + FADE
    }

    /// Looks at the machine. Says what is wrong; nothing once something else moves it, since it `presses` on that.
    pub(super) fn look(
        &mut self,
        gate: &GroupSafety,
        sample: &Sample,
        presses: bool,
        tally: &mut Tally,
    ) -> Option<String> {
        let now = sample.now;
        if gate.mode == SafetyMode::Normal {
            self.end_stop(tally);
            self.published = (now, gate.stopping.map_or(0.0, |stopping| stopping.time_s));
            return None;
        }
        let (said, time_s) = self.published;
        let end = said + Duration::from_secs_f64(time_s);
        let closed = self.closed.get_or_insert_with(|| {
            let cause = gate
                .fault
                .map_or_else(|| "none".to_owned(), |fault| name_of(&fault));
            *tally.stops.entry(cause).or_default() += 1;
            Closed {
                due: (end + LAG).max(self.began + FADE),
                moved: None,
                stood: None,
            }
        });
        // The way back after a collision comes after the stop.
        let hit = matches!(gate.fault, Some(Fault::Collision(_)));
        if hit && self.retreats && gate.mode == SafetyMode::Stopping {
            closed.due = closed.due.max(now + LAG);
        }
        let fastest = sample.velocity.max_abs();
        if fastest > STILL {
            closed.moved = Some(now);
        }
        if now <= closed.due || presses {
            return None;
        }
        let stood = *closed.stood.get_or_insert(sample.position);
        let ways = stood.iter().zip(sample.position.iter());
        let strayed = ways.fold(0.0, |most: f64, (there, here)| most.max((there - here).abs()));
        let slow = tally.within(Limit::Standstill, fastest, 0.0, STILL);
        let stays = tally.within(Limit::Standstill, strayed, 0.0, HELD);
        if slow && stays {
            return None;
        }
        let late_ms = 1000.0 * now.seconds_from(end);
        let cause = gate.fault.map(|fault| name_of(&fault));
        Some(format!(
            "moves at {fastest:.4} rad/s, strayed {strayed:.4} rad, {late_ms:.0} ms after its published end ({cause:?})"
        ))
    }

    /// The gate is open again, or the episode is over.
    pub(super) fn end_stop(&mut self, tally: &mut Tally) {
        let Some(closed) = self.closed.take() else { return };
        let (said, time_s) = self.published;
        if let Some(moved) = closed.moved.filter(|_| time_s > 0.0) {
            tally.note_overdue(moved.seconds_from(said) - time_s);
        }
    }
}

/// A fault's name, without its figures.
fn name_of(fault: &Fault) -> String {
    let text = format!("{fault:?}");
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}
