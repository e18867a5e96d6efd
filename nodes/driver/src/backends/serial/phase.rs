//! What a bus is doing, and what is due in that.

use crate::backends::pace::Pace;
use crate::backends::unanswered::Heard;
use servomesh_types::Stamp;
use std::time::Duration;

/// What one servo was asked while it is set up.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// Its place in the group.
    pub(in crate::backends) servo: usize,
    /// How long its answer is \[bytes\].
    pub(in crate::backends) answer: usize,
    /// From then on it is missing.
    pub(super) missing: Stamp,
    /// How many bytes had been no packet when it was asked.
    pub(super) noise: u64,
}

/// What was asked of all servos in a cycle.
pub trait Asked {
    /// From then on what has not come is missing.
    fn missing(&self) -> Stamp;

    /// How many bytes it asks of each servo.
    fn length(&self) -> u16;

    /// Who of so many servos has answered it.
    fn heard_by(&self, servos: usize) -> Heard;

    /// How many of so many servos were asked and have not answered.
    fn missing_replies(&self, servos: usize) -> usize;
}

/// What a bus does: `R` is asked of all servos in a cycle.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase<R> {
    /// No device at the port.
    Unplugged,
    /// One servo is being set up, or none until `due`.
    Opening {
        asking: Option<Asking>,
        due: Stamp,
    },
    Cycling(Cycling<R>),
}

/// A cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycling<R> {
    pub(super) next: Stamp,
    pub(super) read: Option<R>,
    /// When the goals of this cycle go out.
    pub(super) write_at: Stamp,
    /// When they have to: later ones would reach into the next cycle.
    pub(super) latest: Stamp,
    pub(super) written: bool,
}

impl<R> Cycling<R> {
    /// The cycle that was to begin at `begin`, and does now; its goals take so long on the wire.
    pub(super) fn begin(pace: &Pace, now: Stamp, begin: Stamp, goals: Duration) -> Self {
        let next = pace.next_cycle(now);
        let latest = next - goals;
        Self {
            next,
            read: None,
            write_at: (pace.goals_end(begin) - goals).min(latest),
            latest,
            written: false,
        }
    }
}

impl<R: Asked> Phase<R> {
    /// Nobody is set up until then.
    pub(super) const fn opening_at(due: Stamp) -> Self {
        Self::Opening { asking: None, due }
    }

    /// Waits for the first cycle.
    pub(super) const fn cycling_at(next: Stamp) -> Self {
        Self::Cycling(Cycling {
            next,
            read: None,
            write_at: next,
            latest: next,
            written: true,
        })
    }

    /// Whether servos are read in cycles.
    pub(super) const fn is_cycling(&self) -> bool {
        matches!(self, Self::Cycling(_))
    }

    /// When something is due; `answered`: the core has given its goals.
    pub(super) fn deadline(&self, answered: bool) -> Option<Stamp> {
        match self {
            Self::Unplugged => None,
            Self::Opening { asking, due } => Some(asking.map_or(*due, |asking| asking.missing)),
            Self::Cycling(cycling) => Some(match &cycling.read {
                Some(read) => read.missing(),
                None if !cycling.written && answered => cycling.write_at.min(cycling.next),
                None => cycling.next,
            }),
        }
    }

    /// Whether the goals of this cycle go out now; they do once. `answered`: the core has given them.
    pub(super) fn begins_to_write(&mut self, now: Stamp, answered: bool) -> bool {
        match self {
            Self::Cycling(cycling) if answered && !cycling.written && now >= cycling.write_at => {
                cycling.written = true;
                true
            }
            _ => false,
        }
    }

    /// The beginning of the next cycle, if it has come and nothing is waited for.
    pub(super) fn begins_to_cycle(&self, now: Stamp) -> Option<Stamp> {
        match self {
            Self::Cycling(cycling) if cycling.read.is_none() && now >= cycling.next => Some(cycling.next),
            _ => None,
        }
    }

    /// When goals that the core gives now will have reached the servos; they take so long on the wire.
    pub(super) fn goals_act(&self, now: Stamp, goals: Duration) -> Option<Stamp> {
        match self {
            Self::Cycling(cycling) => Some(cycling.write_at.max(now) + goals),
            Self::Unplugged | Self::Opening { .. } => None,
        }
    }

    /// Waits for what is still missing of the read of this cycle; `None`: it is over.
    pub(super) fn wait_for(&mut self, read: Option<R>) {
        if let Self::Cycling(cycling) = self {
            cycling.read = read;
        }
    }

    /// Ends the read of this cycle, if its time is over.
    pub(super) fn give_up(&mut self, now: Stamp) -> Option<R> {
        match self {
            Self::Cycling(cycling) => cycling.read.take_if(|read| now >= read.missing()),
            _ => None,
        }
    }
}
