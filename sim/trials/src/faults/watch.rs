//! What is said and done about a fault, at which moment: the first report of it, and the first thing that drives do otherwise.
//!
//! **Invariant:** what counts as done is what reached the drives, or what they did themselves; never what was only sent.

use servomesh_safety::lattice;
use servomesh_sim::harness::{ARM, Cell, arm};
use servomesh_types::{DriveMode, Fault, GroupSafety, SafetyMode, Severity, Stamp, Stopping};
use std::time::Duration;

/// Who spoke or acted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the layers' own names")]
pub enum Layer {
    Drives,
    Driver,
    Estimator,
    Safety,
}

/// A first report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// When it was there.
    pub at: Stamp,
    /// Who made it.
    pub by: Layer,
    /// Of what.
    pub fault: Fault,
}

/// What began to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Action {
    /// When it was decided.
    pub at: Stamp,
    /// Who did.
    pub by: Layer,
    /// What.
    pub what: &'static str,
}

/// All that is said and done since something went wrong.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// What was said before, and is no news.
    before: Option<u16>,
    /// How long a message takes at the least.
    hop: Duration,
    report: Option<Report>,
    action: Option<Action>,
    /// When the driver first worked on what was decided.
    worked: Option<Stamp>,
    reached: Option<Stamp>,
    closed: Option<Stamp>,
    slowed: Option<Stamp>,
    published: Option<Stopping>,
}

impl Watch {
    /// Begins to watch a cell whose messages take this long at the least.
    pub fn new(cell: &Cell, hop: Duration) -> Self {
        let before = told(cell).map(|(_, fault)| fault.code());
        Self {
            before,
            hop,
            ..Self::default()
        }
    }

    /// Looks, whenever something may have happened.
    pub fn look(&mut self, cell: &Cell) {
        if self.report.is_none() {
            self.report = told(cell)
                .filter(|(_, fault)| self.before != Some(fault.code()))
                .map(|(by, fault)| Report {
                    at: cell.now(),
                    by,
                    fault,
                });
        }
        let gate = gate(cell);
        if gate.is_some_and(|gate| gate.severity == Severity::Derate) {
            self.slowed.get_or_insert(cell.now());
        }
        if self.closed.is_none() {
            self.closed = gate
                .filter(|gate| gate.mode != SafetyMode::Normal)
                .map(|_| cell.now());
        }
        if self.action.is_none() {
            self.action = acting(cell).map(|(by, what)| Action {
                at: cell.now(),
                by,
                what,
            });
        }
        if let (Some(action), None) = (&mut self.action, self.worked) {
            let state = cell.servo_state("arm");
            let heard = state.is_some_and(|state| state.tag.hops.gated_ns >= action.at.as_nanos());
            let own = driver(cell);
            if heard || own.is_some() {
                self.worked = Some(cell.now());
            }
            // What safety asked for may come too late, or never.
            let obeys = heard || state.is_some_and(|state| state.mode == DriveMode::Disabled);
            if let (false, Some(what)) = (obeys, own) {
                (action.by, action.what) = (Layer::Driver, what);
            }
        }
        if let (Some(worked), None) = (self.worked, self.reached) {
            // What was sent before is there before.
            let frame = cell.frame_at("arm");
            self.reached = frame.filter(|at| *at >= worked + self.hop);
        }
    }

    /// Looks at the drives: they may have done something by themselves.
    pub fn look_at_drives(&mut self, cell: &mut Cell) {
        let plant = cell.hardware().plant();
        let driven = |name: &&str| {
            let joint = plant.model().joint_index(name).ok();
            joint.is_none_or(|joint| plant.drive(joint).enabled)
        };
        if ARM.iter().all(driven) {
            return;
        }
        if self.reached.is_none() {
            let now = cell.now();
            let at = self.action.map_or(now, |action| action.at);
            // What they were told to do is theirs only where nobody told them.
            if self.worked.is_none() {
                self.action = Some(Action {
                    at,
                    by: Layer::Drives,
                    what: "torque off",
                });
            }
            self.reached = Some(now);
        }
    }

    /// Notes what a stop would take from here, as it is published now and then.
    pub fn look_at_stop(&mut self, cell: &Cell) {
        if self.reached.is_some() {
            return;
        }
        let state = cell.safety_now();
        let gate = state.as_ref().and_then(|state| state.group(arm()));
        if let Some(stopping) = gate.and_then(|gate| gate.stopping) {
            self.published = Some(stopping);
        }
    }

    /// The first report.
    pub fn report(&self) -> Option<Report> {
        self.report
    }

    /// What was done first.
    pub fn action(&self) -> Option<Action> {
        self.action
    }

    /// When the drives first did otherwise.
    pub fn reached(&self) -> Option<Stamp> {
        self.reached
    }

    /// When the arm's gate closed.
    pub fn closed(&self) -> Option<Stamp> {
        self.closed
    }

    /// When the arm was slowed down.
    pub fn slowed(&self) -> Option<Stamp> {
        self.slowed
    }

    /// What a stop takes, as it was published last before the drives did otherwise.
    pub fn published(&self) -> Option<Stopping> {
        self.published
    }
}

/// The fault's name, as the safety file has it.
pub fn name(fault: &Fault) -> &'static str {
    let rule = lattice::TABLE.iter().find(|rule| rule.code == fault.code());
    rule.map_or("a fault", |rule| rule.name)
}

/// The arm's gate.
pub fn gate(cell: &Cell) -> Option<&GroupSafety> {
    cell.safety()?.group(arm())
}

/// What is said to be wrong with the arm, by whoever is nearest to it.
fn told(cell: &Cell) -> Option<(Layer, Fault)> {
    let driver = cell.servo_state("arm").and_then(|state| state.fault);
    let estimator = || cell.motion("arm").and_then(|motion| motion.fault);
    let safety = || {
        let gate = gate(cell)?;
        gate.active
            .iter()
            .next()
            .map(|active| active.fault)
            .or(gate.fault)
    };
    driver
        .map(|fault| (Layer::Driver, fault))
        .or_else(|| estimator().map(|fault| (Layer::Estimator, fault)))
        .or_else(|| safety().map(|fault| (Layer::Safety, fault)))
}

/// What the arm's driver does instead of following.
fn driver(cell: &Cell) -> Option<&'static str> {
    match cell.servo_state("arm")?.mode {
        DriveMode::Enabled => None,
        DriveMode::Stopping => Some("its own ramp"),
        DriveMode::Disabled | DriveMode::Faulted => Some("torque off"),
    }
}

/// Who has begun to stop the arm, and how.
fn acting(cell: &Cell) -> Option<(Layer, &'static str)> {
    if let Some(what) = driver(cell) {
        return Some((Layer::Driver, what));
    }
    let gate = gate(cell).filter(|gate| gate.mode != SafetyMode::Normal)?;
    let what = match gate.severity {
        Severity::Stop0 => "stop 0",
        Severity::Stop1 => "stop 1",
        _ => "stop 2",
    };
    Some((Layer::Safety, what))
}
