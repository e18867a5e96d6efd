//! What is done about each fault, and what it takes for it to be forgotten.
//!
//! A pure table: fault → action → clearing rule. Severities are ordered (normal < warn < derate < hold < stop 2 < stop 1 <
//! stop 0); of several active faults the most severe one decides.
//!
//! **Invariant:** no configuration makes a fault less severe than its `least`; [`Faults::severity`] is never below that of an
//! active fault; a fault that needs a reset is forgotten by [`Faults::clear`] alone, and only without its cause.

use crate::config::StopCategory;
use crate::digest::Digest;
use crate::setup::SetupError;
use servomesh_types::fault::DriveFault;
use servomesh_types::{ActiveFault, ActiveFaults, Clearing, Fault, Severity, Stamp};
use std::hash::Hasher;

/// What a fault calls for, before it is known how the group stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is said.
    Warn,
    /// The group goes on more slowly.
    Derate,
    /// The group rests on its path.
    Hold,
    /// The group stops as its stop category says.
    Stop,
    /// It stops by category 2.
    #[serde(rename = "stop_2")]
    Stop2,
    /// It stops by category 1.
    #[serde(rename = "stop_1")]
    Stop1,
    /// It stops by category 0.
    #[serde(rename = "stop_0")]
    Stop0,
}

impl Action {
    /// Its place in the lattice, for a group that stops by `category`.
    pub fn severity(self, category: StopCategory) -> Severity {
        match (self, category) {
            (Self::Warn, _) => Severity::Warn,
            (Self::Derate, _) => Severity::Derate,
            (Self::Hold, _) => Severity::Hold,
            (Self::Stop2, _) | (Self::Stop, StopCategory::Two) => Severity::Stop2,
            (Self::Stop1, _) | (Self::Stop, StopCategory::One) => Severity::Stop1,
            (Self::Stop0, _) | (Self::Stop, StopCategory::Zero) => Severity::Stop0,
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The fault's number, as in messages.
    pub code: u16,
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it calls for unless configured otherwise.
    pub action: Action,
    /// What it may not be configured below.
    pub least: Severity,
    /// What it takes to be forgotten.
    pub clearing: Clearing,
}

const fn rule(code: u16, name: &'static str, action: Action, least: Severity, clearing: Clearing) -> Rule {
    Rule {
        code,
        name,
        action,
        least,
        clearing,
    }
}

/// A fault of a drive: what it may not be configured below is the drive fault's own.
const fn drive(kind: DriveFault, name: &'static str) -> Rule {
    let action = match kind.severity() {
        Severity::Stop0 => Action::Stop0,
        _ => Action::Stop,
    };
    rule(kind.code(), name, action, kind.severity(), Clearing::Reset)
}

/// Every fault, in the order of their numbers.
pub const TABLE: [Rule; 53] = {
    use Action::{Derate, Stop, Stop0, Stop1, Stop2};
    use Clearing::{Itself, Reset};
    use Severity as S;
    [
        rule(1, "stop_requested", Stop, S::Stop2, Reset),
        rule(2, "safety_restarted", Stop, S::Stop2, Reset),
        rule(3, "mode_changed", Stop, S::Stop2, Reset),
        rule(4, "enabling_released", Stop, S::Stop2, Reset),
        rule(5, "torque_off_requested", Stop0, S::Stop0, Reset),
        rule(6, "safe_stop_1_requested", Stop1, S::Stop1, Reset),
        rule(7, "safe_stop_2_requested", Stop2, S::Stop2, Reset),
        rule(10, "setpoint_silent", Stop, S::Stop2, Reset),
        rule(11, "command_silent", Stop, S::Stop2, Reset),
        rule(12, "servo_state_silent", Stop, S::Stop2, Reset),
        rule(13, "motion_state_silent", Stop, S::Stop2, Reset),
        rule(14, "bus_silent", Stop, S::Stop2, Reset),
        rule(15, "enabling_silent", Stop, S::Stop2, Reset),
        rule(16, "servo_silent", Stop, S::Stop2, Reset),
        rule(20, "wrong_size", Stop, S::Stop2, Reset),
        rule(21, "not_finite", Stop, S::Stop2, Reset),
        rule(22, "position", Stop, S::Stop2, Reset),
        rule(23, "velocity", Stop, S::Stop2, Reset),
        rule(24, "acceleration", Stop, S::Stop2, Reset),
        rule(25, "jump", Stop, S::Stop2, Reset),
        rule(26, "jerk", Stop, S::Stop2, Reset),
        rule(27, "effort", Stop, S::Stop2, Reset),
        rule(30, "following", Stop, S::Stop2, Reset),
        rule(31, "overheated", Stop, S::Stop2, Reset),
        rule(32, "homing", Stop, S::Stop2, Reset),
        drive(DriveFault::Watchdog, "drive_watchdog"),
        drive(DriveFault::Overheated, "drive_overheated"),
        drive(DriveFault::Overcurrent, "drive_overcurrent"),
        drive(DriveFault::Other(0), "drive_other"),
        // The driver's loop is closed on it: while it drives, the joint goes anywhere.
        rule(50, "encoder_stuck", Stop0, S::Stop0, Reset),
        rule(51, "encoder_step", Stop0, S::Stop0, Reset),
        rule(52, "encoder_drift", Stop0, S::Stop0, Reset),
        rule(60, "collision", Stop, S::Stop2, Reset),
        rule(70, "tool_speed", Stop, S::Stop2, Reset),
        rule(71, "clearance", Stop, S::Stop2, Reset),
        rule(72, "workspace", Stop, S::Stop2, Reset),
        rule(73, "direction", Stop, S::Stop2, Reset),
        rule(74, "standstill", Stop0, S::Stop1, Reset),
        rule(75, "ramp_time", Stop0, S::Stop0, Reset),
        rule(76, "warm", Derate, S::Warn, Itself),
        drive(DriveFault::Overvoltage, "drive_overvoltage"),
        drive(DriveFault::Undervoltage, "drive_undervoltage"),
        drive(DriveFault::Overload, "drive_overload"),
        drive(DriveFault::Encoder, "drive_encoder"),
        drive(DriveFault::MotorPosition, "drive_motor_position"),
        drive(DriveFault::ShortCircuit, "drive_short_circuit"),
        drive(DriveFault::Communication, "drive_communication"),
        drive(DriveFault::Following, "drive_following"),
        drive(DriveFault::LostPower, "drive_lost_power"),
        drive(DriveFault::NotSwitchedOn, "drive_not_switched_on"),
        drive(DriveFault::SafeTorqueOff, "drive_safe_torque_off"),
        drive(DriveFault::Blocked, "drive_blocked"),
        drive(DriveFault::Internal, "drive_internal"),
    ]
};

fn named(name: &str, field: &str) -> Result<usize, SetupError> {
    let index = TABLE.iter().position(|rule| rule.name == name);
    index.ok_or_else(|| {
        let known: Vec<_> = TABLE.iter().map(|rule| rule.name).collect();
        SetupError::Unknown {
            field: field.to_owned(),
            given: name.to_owned(),
            known: known.join(", "),
        }
    })
}

fn place(code: u16) -> Option<usize> {
    TABLE.binary_search_by_key(&code, |rule| rule.code).ok()
}

/// What one group does about each fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    severities: [Severity; TABLE.len()],
    clearings: [Clearing; TABLE.len()],
}

impl Policy {
    /// The table for a group that stops by `category`, with some actions changed.
    ///
    /// # Errors
    /// A name that no fault has, or an action that is less severe than the fault may have; names both.
    pub fn new<'a>(
        category: StopCategory,
        changes: impl IntoIterator<Item = (&'a str, Action)>,
    ) -> Result<Self, SetupError> {
        let mut policy = Self::of_category(category);
        for (name, action) in changes {
            let index = named(name, "faults")?;
            let (severity, least) = (action.severity(category), TABLE[index].least);
            if severity < least {
                return Err(SetupError::TooLenient {
                    field: format!("faults.{name}"),
                    given: severity,
                    least,
                });
            }
            policy.severities[index] = severity;
        }
        Ok(policy)
    }

    /// The table as it is, for a group that stops by `category`.
    pub fn of_category(category: StopCategory) -> Self {
        Self {
            severities: TABLE.map(|rule| rule.action.severity(category)),
            clearings: TABLE.map(|rule| rule.clearing),
        }
    }

    /// The same, with faults that a reset clears only after the drives were started anew.
    ///
    /// # Errors
    /// A name that no fault has, or of one that clears itself.
    pub fn with_power_cycle<'a>(
        mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, SetupError> {
        for name in names {
            let index = named(name, "power_cycle")?;
            if TABLE[index].clearing != Clearing::Reset {
                return Err(SetupError::ClearsItself {
                    field: format!("power_cycle.{name}"),
                });
            }
            self.clearings[index] = Clearing::PowerCycle;
        }
        Ok(self)
    }

    /// What is done about a fault. One that the table does not have is taken for the worst.
    pub fn severity(&self, fault: &Fault) -> Severity {
        place(fault.code()).map_or(Severity::Stop0, |index| self.severities[index])
    }

    /// What it takes for a fault to be forgotten.
    pub fn clearing(&self, fault: &Fault) -> Clearing {
        place(fault.code()).map_or(Clearing::PowerCycle, |index| self.clearings[index])
    }
}

/// The faults of one group that are not forgotten yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Faults {
    policy: Policy,
    active: ActiveFaults,
    /// The first one that closed the gate since the last reset.
    first: Option<Fault>,
    severity: Severity,
    /// Those that were there when the drives were started anew, as [`bit`]s.
    restarted: u64,
}

impl Faults {
    /// None yet.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            active: ActiveFaults::default(),
            first: None,
            severity: Severity::Normal,
            restarted: 0,
        }
    }

    /// What the group does about each fault.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Takes a fault that is seen now. Says whether it is new.
    pub fn raise(&mut self, now: Stamp, fault: Fault) -> bool {
        if let Some(known) = self.active.of_code(fault.code()) {
            let again = !known.present;
            known.present = true;
            if again {
                // A restart before that is not the one it takes.
                self.restarted &= !bit(&fault);
            }
            return again && known.clearing == Clearing::Itself;
        }
        let severity = self.policy.severity(&fault);
        // Where there is no room for it, what it calls for is done all the same.
        self.severity = self.severity.max(severity);
        if severity.stops() {
            self.first.get_or_insert(fault);
        }
        self.restarted &= !bit(&fault);
        self.active.push(ActiveFault {
            fault,
            severity,
            clearing: self.policy.clearing(&fault),
            since: now,
            present: true,
        });
        true
    }

    /// The drives were started anew: what waits for that has seen it.
    pub fn see_restart(&mut self) {
        self.restarted = self.active.iter().fold(0, |all, active| all | bit(&active.fault));
    }

    /// Looks at every cause anew. `still_there` says whether a fault's cause persists.
    pub fn review(&mut self, mut still_there: impl FnMut(&Fault) -> bool) {
        let restarted = self.restarted;
        self.active.retain(|active| {
            let unrestarted = active.clearing == Clearing::PowerCycle && restarted & bit(&active.fault) == 0;
            active.present = (active.present && unrestarted) || still_there(&active.fault);
            active.present || active.clearing != Clearing::Itself
        });
        if self.first.is_none() {
            self.severity = self.active.severity();
        }
    }

    /// The first one whose cause is still there and which bars a reset: any, but what only slows down and goes by itself.
    pub fn barring(&self) -> Option<Fault> {
        let bars = |active: &&ActiveFault| {
            active.present && (active.severity.stops() || active.clearing != Clearing::Itself)
        };
        self.active.iter().find(bars).map(|active| active.fault)
    }

    /// Forgets those that a reset forgets; says what the first cause had been. Whoever calls has asked [`barring`](Self::barring).
    pub fn clear(&mut self) -> Option<Fault> {
        self.active.retain(|active| active.clearing == Clearing::Itself);
        self.severity = self.active.severity();
        self.first.take()
    }

    /// What is done: what the most severe one calls for.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The first one that closed the gate since the last reset.
    pub fn first(&self) -> Option<Fault> {
        self.first
    }

    /// What of them decides about the future: which ones there are, not since when and by how much.
    pub(crate) fn digest<H: Hasher>(&self, digest: &mut Digest<'_, H>) {
        let Self {
            policy: _,
            active,
            first,
            severity,
            restarted: _,
        } = self;
        digest.value((severity, active.len()));
        digest.fault(first.as_ref());
        // In the order of the table: which one came first decides nothing but where it is told.
        let of_code = |rule: &Rule| active.iter().find(|active| active.fault.code() == rule.code);
        for active in TABLE.iter().filter_map(of_code) {
            digest.fault(Some(&active.fault));
            digest.value((active.severity, active.clearing, active.present));
            digest.value(self.restarted & bit(&active.fault) != 0);
        }
    }

    /// All that are not forgotten.
    pub fn active(&self) -> &ActiveFaults {
        &self.active
    }
}

/// A fault's place in the table, as a bit.
fn bit(fault: &Fault) -> u64 {
    const { assert!(TABLE.len() <= 64, "a fault has a bit") };
    place(fault.code()).map_or(0, |index| 1 << index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::fault::Exceeded;
    use std::time::Duration;

    fn policy() -> Policy {
        Policy::new(StopCategory::Two, []).expect("nothing is changed")
    }

    fn beyond() -> Exceeded {
        Exceeded {
            joint: 0,
            value: 1.0,
            limit: 0.5,
        }
    }

    #[test]
    fn the_table_is_in_order_and_no_default_is_below_its_least() {
        assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
        for rule in TABLE {
            assert!(
                rule.action.severity(StopCategory::Two) >= rule.least,
                "{}",
                rule.name
            );
        }
    }

    #[test]
    fn a_fault_is_no_less_severe_for_a_stricter_category() {
        for rule in TABLE {
            let [two, one, zero] = [StopCategory::Two, StopCategory::One, StopCategory::Zero]
                .map(|category| rule.action.severity(category));
            assert!(two <= one && one <= zero, "{}", rule.name);
        }
    }

    #[test]
    fn an_action_below_the_least_is_refused_by_name() {
        let error = Policy::new(StopCategory::Two, [("velocity", Action::Warn)]).expect_err("too lenient");
        assert_eq!(
            error.to_string(),
            "faults.velocity is Warn, but must be at least Stop2"
        );
        let error = Policy::new(StopCategory::Two, [("speed", Action::Stop)]).expect_err("no such fault");
        assert!(
            error.to_string().starts_with("faults: there is no speed"),
            "{error}"
        );
        let strict = Policy::new(StopCategory::Two, [("warm", Action::Stop1)]).expect("stricter");
        assert_eq!(strict.severity(&Fault::Warm(beyond())), Severity::Stop1);
    }

    #[test]
    fn the_most_severe_decides_and_the_first_cause_is_kept() {
        let mut faults = Faults::new(policy());
        assert!(faults.raise(Stamp::ZERO, Fault::StopRequested));
        assert!(!faults.raise(Stamp::ZERO, Fault::StopRequested), "known already");
        assert!(faults.raise(Stamp::ZERO, Fault::RampTime(Duration::ZERO)));
        assert_eq!(
            (faults.severity(), faults.first()),
            (Severity::Stop0, Some(Fault::StopRequested))
        );
        faults.review(|_| false);
        assert_eq!(faults.severity(), Severity::Stop0, "until a reset");
        assert_eq!(faults.barring(), None);
        faults.clear();
        assert_eq!((faults.severity(), faults.first()), (Severity::Normal, None));
    }

    #[test]
    fn what_clears_itself_goes_with_its_cause_and_bars_no_reset() {
        let mut faults = Faults::new(policy());
        faults.raise(Stamp::ZERO, Fault::Warm(beyond()));
        faults.review(|_| true);
        assert_eq!((faults.severity(), faults.barring()), (Severity::Derate, None));
        faults.review(|_| false);
        assert_eq!((faults.severity(), faults.active().len()), (Severity::Normal, 0));
    }

    #[test]
    fn a_cause_that_is_there_bars_the_reset() {
        let mut faults = Faults::new(policy());
        let drive = Fault::Drive {
            joint: 1,
            kind: DriveFault::Overheated,
        };
        faults.raise(Stamp::ZERO, drive);
        faults.review(|_| true);
        assert_eq!(faults.barring(), Some(drive));
        faults.review(|_| false);
        assert_eq!(faults.barring(), None);
    }
}
