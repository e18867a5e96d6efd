//! What buses of servos on a serial line have in common: in which phase one is and what is due in it, who is set up next, what is known of a
//! servo.

use super::pace::Pace;
use super::problem::Problem;
use crate::bus::{DriveStatus, Ticks};
use servomesh_types::fault::DriveFault;
use servomesh_types::{JointVec, Stamp};
use std::time::Duration;

/// What a bus has seen since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Cycles in which servos were read.
    pub cycles: u64,
    /// Replies of single servos that did not come, or not as they were sent.
    pub missing_replies: u64,
    /// Answers that came when their time was over.
    pub stale: u64,
    /// Times at which servos had to be opened anew.
    pub reopened: u64,
}

/// Something that was asked, and is missing from a time on.
pub(super) trait Asked {
    /// From then on what has not come is missing.
    fn missing(&self) -> Stamp;
}

/// What a bus does: `A` is asked of one servo while it is set up, `R` of all in a cycle.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase<A, R> {
    /// No device at the port.
    Unplugged,
    /// One servo is being set up, or none until `due`.
    Opening {
        asking: Option<A>,
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

impl<A: Asked, R: Asked> Phase<A, R> {
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
            Self::Opening { asking, due } => Some(asking.as_ref().map_or(*due, Asked::missing)),
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

/// A servo of a group, whatever its make.
pub(super) trait Member {
    fn is_set_up(&self) -> bool;
    /// Begins its set-up anew.
    fn restart(&mut self);
    fn standing(&self) -> &Standing;
    fn standing_mut(&mut self) -> &mut Standing;
    fn known(&self) -> &Known;
    /// What it finds wrong with itself.
    fn fault(&self) -> Option<DriveFault>;
    /// As people know it: its id and its joint.
    fn name(&self) -> String;
}

/// How people were told of a servo that can't be driven.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// What keeps it from being driven.
    problem: Option<Problem>,
    /// When it may be set up again.
    pub(super) retry_at: Stamp,
}

impl Standing {
    /// It can't be set up, and is tried again after a while. Gives what people have not been told yet.
    pub(super) fn refuse(&mut self, now: Stamp, problem: Problem) -> Option<String> {
        self.retry_at = now + RETRY;
        let news = self.problem.as_ref() != Some(&problem);
        let text = news.then(|| problem.to_string());
        self.problem = Some(problem);
        text
    }

    /// It is set up.
    pub(super) fn settle(&mut self) {
        self.problem = None;
    }
}

/// When a servo was last sampled, and what it said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) sampled: Option<Stamp>,
    pub(super) ticks: Ticks,
    pub(super) current_a: f64,
    pub(super) temperature_degc: f64,
    pub(super) voltage_v: f64,
    pub(super) torque: bool,
}

impl Known {
    pub(super) const NOTHING: Self = Self {
        sampled: None,
        ticks: Ticks(0),
        current_a: 0.0,
        temperature_degc: 0.0,
        voltage_v: 0.0,
        torque: false,
    };
}

/// Who is to be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// This one, now.
    Now(usize),
    /// Nobody before then.
    At(Stamp),
    /// All are set up.
    Over,
}

/// Whose turn it is.
pub(super) fn turn<M: Member>(members: &[M], now: Stamp) -> Turn {
    let waiting = || {
        members
            .iter()
            .enumerate()
            .filter(|(_, member)| !member.is_set_up())
    };
    if let Some((i, _)) = waiting().find(|(_, member)| member.standing().retry_at <= now) {
        return Turn::Now(i);
    }
    let first = waiting().map(|(_, member)| member.standing().retry_at).min();
    first.map_or(Turn::Over, Turn::At)
}

/// The members that are so, one bit each.
pub(super) fn those<M>(members: &[M], are: impl Fn(&M) -> bool) -> u32 {
    let bits = members.iter().enumerate().filter(|(_, member)| are(member));
    bits.map(|(i, _)| 1 << i).sum()
}

/// Begins the set-up of some members anew, one bit each.
pub(super) fn restart<M: Member>(members: &mut [M], some: u32) {
    for (i, member) in members.iter_mut().enumerate() {
        if some & (1 << i) != 0 {
            member.restart();
        }
    }
}

/// Begins the set-up of all members anew, and now.
pub(super) fn restart_all<M: Member>(members: &mut [M], now: Stamp) {
    for member in members {
        member.restart();
        member.standing_mut().retry_at = now;
    }
}

/// What people are told of members that have lost their set-up, one bit each.
pub(super) fn lost<M: Member>(members: &[M], some: u32) -> impl Iterator<Item = String> {
    let some = members
        .iter()
        .enumerate()
        .filter(move |(i, _)| some & (1 << i) != 0);
    some.map(|(_, member)| {
        format!(
            "{} was started anew: it lost its power or was rebooted",
            member.name()
        )
    })
}

/// Writes what is known of all members into a frame that is stamped so.
pub(super) fn fill<M: Member>(status: &mut DriveStatus, members: &[M], stamp: Stamp) {
    let of = |told: fn(&Known) -> f64| JointVec::from_fn(members.len(), |i| told(members[i].known()));
    let known = || members.iter().map(Member::known);
    status.stamp = stamp;
    status.enabled = known().all(|known| known.torque);
    status.without_torque = (0..members.len())
        .filter(|i| !members[*i].known().torque)
        .collect();
    status.position_ticks = known().map(|known| known.ticks).collect();
    status.sampled = known().map(|known| known.sampled.unwrap_or(stamp)).collect();
    status.current_a = of(|known| known.current_a);
    status.winding_degc = of(|known| known.temperature_degc);
    status.voltage_v = of(|known| known.voltage_v);
    status.fault = members.iter().map(Member::fault).collect();
}

/// Return delays are set to nothing, but not before the first set-up: 254 · 2 µs.
pub(super) const SLOWEST_RETURN: Duration = Duration::from_micros(508);
/// A servo that says nothing for so long is opened anew: it may have lost its power, or be another.
pub(super) const SILENT: Duration = Duration::from_millis(250);
/// How long until a servo that can't be set up is tried again.
const RETRY: Duration = Duration::from_millis(500);
