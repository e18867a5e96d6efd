//! Decides the power state of a group, whatever its backend: the state machine of CiA 402, and what a drive without torque means.
//!
//! ```text
//!   not ready ─1─► switch on disabled ─2─► ready ─3─► switched on ─4─► operation enabled ─11─► quick stop
//!                        ▲  ◄─7─ supply missing          torque is there          commands silent │ 16: they are back
//!                       15 └─ fault ◄─14─ fault reaction ◄─13─ any fault, from everywhere ────────┘ 12: at rest, off
//! ```
//!
//! Numbers are those of the standard's transitions. A quick stop is the driver's own jerk-limited stop.
//!
//! **Invariant:** the state changes by transitions of the standard only; it is one with torque only while the drives say that they have it.

use servomesh_fieldbus::cia402::{State, Transition};
use servomesh_types::Stamp;
use servomesh_types::fault::DriveFault;
use std::time::Duration;

/// What the group should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Torque off.
    Off,
    /// Follow commands.
    Drive,
    /// Come to rest under torque.
    QuickStop,
    /// Nothing more, after a fault.
    Fault,
}

/// What the drives say of themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// They were heard, and every joint knows where it is.
    pub(crate) ready: bool,
    /// Every supply is within its window, or not known.
    pub(crate) supplied: bool,
    /// All have torque.
    pub(crate) torque: bool,
}

/// The power state of a group.
#[derive(Debug)]
pub(crate) struct Power {
    state: State,
    torque_missing_since: Option<Stamp>,
}

impl Power {
    pub(crate) fn new() -> Self {
        Self {
            state: State::NotReadyToSwitchOn,
            torque_missing_since: None,
        }
    }

    /// What it is now, as it is published.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// What it means at `t` that drives have torque or not: [`DriveFault::LostPower`] if they had it, [`DriveFault::NotSwitchedOn`] if they
    /// have been told for too long.
    pub(crate) fn wrong(&mut self, t: Stamp, demand: Demand, torque: bool) -> Option<DriveFault> {
        let wanted = matches!(demand, Demand::Drive | Demand::QuickStop);
        if torque || !wanted {
            self.torque_missing_since = None;
            return None;
        }
        if matches!(self.state, State::OperationEnabled | State::QuickStopActive) {
            return Some(DriveFault::LostPower);
        }
        let missing = t.since(*self.torque_missing_since.get_or_insert(t));
        (missing > SWITCH_ON).then_some(DriveFault::NotSwitchedOn)
    }

    /// Goes on as far as what is seen allows.
    pub(crate) fn advance(&mut self, demand: Demand, seen: Seen) {
        while let Some(transition) = self.next(demand, seen) {
            self.state = transition.to();
        }
    }

    fn next(&self, demand: Demand, seen: Seen) -> Option<Transition> {
        use Demand::{Drive, Fault, Off, QuickStop};
        match (self.state, demand) {
            (State::Fault, Fault) => None,
            (State::FaultReactionActive, Fault) => (!seen.torque).then_some(Transition::T14),
            (state, Fault) => state.fail(),
            (State::FaultReactionActive, _) => Some(Transition::T14),
            (State::Fault, _) => Some(Transition::T15),
            (State::NotReadyToSwitchOn, _) => seen.ready.then_some(Transition::T1),
            (State::SwitchOnDisabled, _) => (seen.ready && seen.supplied).then_some(Transition::T2),
            (State::ReadyToSwitchOn, Off) => (!(seen.ready && seen.supplied)).then_some(Transition::T7),
            (State::ReadyToSwitchOn, _) => Some(Transition::T3),
            (State::SwitchedOn, Off) => Some(Transition::T6),
            (State::SwitchedOn, _) => seen.torque.then_some(Transition::T4),
            (State::OperationEnabled, Off) => Some(Transition::T8),
            (State::OperationEnabled, QuickStop) => Some(Transition::T11),
            (State::OperationEnabled, Drive) | (State::QuickStopActive, QuickStop) => None,
            (State::QuickStopActive, Off) => Some(Transition::T12),
            (State::QuickStopActive, Drive) => Some(Transition::T16),
        }
    }
}

/// Brakes take up to 0.2 s to release, and a drive some cycles to magnetise.
const SWITCH_ON: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};

    const WELL: Seen = Seen {
        ready: true,
        supplied: true,
        torque: false,
    };
    const TORQUE: Seen = Seen { torque: true, ..WELL };

    fn after(steps: &[(Demand, Seen)]) -> State {
        let mut power = Power::new();
        for &(demand, seen) in steps {
            power.advance(demand, seen);
        }
        power.state()
    }

    #[test]
    fn torque_comes_in_steps_and_goes_with_a_fault_in_two() {
        let on = [
            (Demand::Off, WELL),
            (Demand::Drive, WELL),
            (Demand::Drive, TORQUE),
        ];
        assert_eq!(
            after(&[(Demand::Off, Seen::default())]),
            State::NotReadyToSwitchOn
        );
        assert_eq!(after(&on[..1]), State::ReadyToSwitchOn);
        assert_eq!(after(&on[..2]), State::SwitchedOn);
        assert_eq!(after(&on), State::OperationEnabled);
        let then = |more: &[(Demand, Seen)]| after(&[&on[..], more].concat());
        assert_eq!(then(&[(Demand::QuickStop, TORQUE)]), State::QuickStopActive);
        assert_eq!(then(&[(Demand::Fault, TORQUE)]), State::FaultReactionActive);
        assert_eq!(
            then(&[(Demand::Fault, TORQUE), (Demand::Fault, WELL)]),
            State::Fault
        );
        assert_eq!(
            then(&[(Demand::Fault, WELL), (Demand::Off, WELL)]),
            State::ReadyToSwitchOn
        );
    }

    #[test]
    fn without_a_supply_it_is_not_ready_for_a_command() {
        let dark = Seen {
            supplied: false,
            ..WELL
        };
        assert_eq!(after(&[(Demand::Off, dark)]), State::SwitchOnDisabled);
        assert_eq!(
            after(&[(Demand::Off, WELL), (Demand::Off, dark)]),
            State::SwitchOnDisabled
        );
    }

    #[test]
    fn torque_that_goes_is_lost_power_and_torque_that_never_comes_is_not_switched_on() {
        let mut power = Power::new();
        let at = |ms| Stamp::from_millis(ms);
        power.advance(Demand::Drive, WELL);
        assert_eq!(power.wrong(at(0), Demand::Drive, false), None);
        assert_eq!(power.wrong(at(500), Demand::Drive, false), None);
        assert_eq!(
            power.wrong(at(501), Demand::Drive, false),
            Some(DriveFault::NotSwitchedOn)
        );
        power.advance(Demand::Drive, TORQUE);
        assert_eq!(power.wrong(at(502), Demand::Drive, true), None);
        assert_eq!(
            power.wrong(at(504), Demand::Drive, false),
            Some(DriveFault::LostPower)
        );
    }

    #[test]
    fn every_step_is_a_transition_of_the_standard_and_ends() {
        let seed = 402;
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let demands = [Demand::Off, Demand::Drive, Demand::QuickStop, Demand::Fault];
        let mut power = Power::new();
        for _ in 0..20_000 {
            let demand = demands[random.random_range(0..4)];
            let seen = Seen {
                ready: random.random(),
                supplied: random.random(),
                torque: random.random(),
            };
            let mut steps = 0;
            while let Some(step) = power.next(demand, seen) {
                let from = step.from();
                assert!(
                    from.is_none() || from == Some(power.state),
                    "{step:?}, seed {seed}"
                );
                power.state = step.to();
                steps += 1;
                assert!(steps < 8, "{demand:?}, {seen:?}, seed {seed}");
            }
        }
    }
}
