//! A servo of a group: what its bus asks of it, what is known of it, whose turn it is to be set up.

use crate::backends::problem::Problem;
use crate::bus::{DriveStatus, Ticks};
use servomesh_types::fault::DriveFault;
use servomesh_types::{JointVec, Stamp};
use std::time::Duration;

/// A servo of a group, whatever its make.
pub trait Member {
    /// What is known of it.
    fn known(&self) -> &Known;

    /// What is known of it.
    fn known_mut(&mut self) -> &mut Known;

    /// Whether it was asked and told all that it has to be before it may move.
    fn is_set_up(&self) -> bool;

    /// Begins its set-up anew.
    fn restart(&mut self);

    /// Its answer to the last instruction of its set-up did not come, or could not be read (`garbled`).
    ///
    /// # Errors
    /// [`Problem`]: it was asked often enough; the set-up begins anew.
    fn missing(&mut self, baud: u32, garbled: bool) -> Result<(), Problem>;

    /// How often the last instruction of its set-up was not answered, if it is waited for the longer then.
    fn tries(&self) -> u8 {
        0
    }

    /// Has it set up once more as far as needed after a silence of the bus: its watchdog may have tripped.
    fn rearm(&mut self) {}

    /// It is set up, without torque, and is going to be read in cycles.
    fn begin(&mut self) {}

    /// What it finds wrong with itself.
    fn fault(&self) -> Option<DriveFault>;

    /// As people know it: its id and its joint.
    fn name(&self) -> String;
}

/// What is known of a servo: what it said last, and what keeps it from being driven.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// When it was sampled last.
    pub(in crate::backends) sampled: Option<Stamp>,
    pub(in crate::backends) ticks: Ticks,
    pub(in crate::backends) current_a: f64,
    pub(in crate::backends) temperature_degc: f64,
    pub(in crate::backends) voltage_v: f64,
    pub(in crate::backends) torque: bool,
    pub(in crate::backends) standing: Standing,
}

/// How people were told of a servo that can't be driven.
#[derive(Clone, Debug, Default)]
pub(in crate::backends) struct Standing {
    /// What keeps it from being driven.
    problem: Option<Problem>,
    /// When it may be set up again.
    pub(in crate::backends) retry_at: Stamp,
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
    if let Some((i, _)) = waiting().find(|(_, member)| member.known().standing.retry_at <= now) {
        return Turn::Now(i);
    }
    let first = waiting()
        .map(|(_, member)| member.known().standing.retry_at)
        .min();
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
        member.known_mut().standing.retry_at = now;
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

/// How long until a servo that can't be set up is tried again.
const RETRY: Duration = Duration::from_millis(500);
