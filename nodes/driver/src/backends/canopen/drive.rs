//! What is known of one drive, and what it is told in a cycle.

use super::fault::of_error_code;
use super::homing::Homing;
use super::objects::{ERROR_CODE, SUPPLY};
use super::problem::{Problem, Which};
use super::sdo::{Outcome, Sdo};
use super::settings::DriveSettings;
use super::setup::{PER_RATED, Setup};
use crate::bus::{DriveCommand, Ticks};
use servomesh_fieldbus::canopen::NodeId;
use servomesh_fieldbus::cia402::{Controlword, Mode, State, error_name, status};
use servomesh_types::Stamp;
use servomesh_types::fault::DriveFault;

/// One drive of a group.
#[derive(Debug)]
pub(super) struct Drive {
    pub(super) settings: DriveSettings,
    pub(super) node: NodeId,
    pub(super) sdo: Sdo,
    pub(super) setup: Setup,
    /// Its set-up has begun.
    pub(super) begun: bool,
    /// What it was asked while it takes part in cycles.
    pub(super) chore: Option<Chore>,
    next_chore: Chore,
    /// How far homing is that it does by itself.
    pub(super) homing: Homing,
    /// Set up, and started at this time: it takes part in cycles.
    pub(super) started: Option<Stamp>,
    /// When it was last sampled, and what it said.
    pub(super) sampled: Option<Stamp>,
    pub(super) ticks: Ticks,
    pub(super) current_a: f64,
    pub(super) temperature_degc: Option<f64>,
    pub(super) supply_v: Option<f64>,
    state: Option<State>,
    statusword: u16,
    /// What it said to be wrong, as a code of the standard.
    pub(super) error: Option<u16>,
    /// The last controlword that it was told, and the last position in [`Mode::ProfilePosition`].
    word: Controlword,
    aimed: Option<i32>,
    /// The SYNC of this cycle has not been answered yet.
    pub(super) awaited: bool,
    /// The SYNC before was not, so that a sample may be late.
    pub(super) ambiguous: bool,
    /// What keeps it from being driven, as people were told.
    pub(super) problem: Option<Problem>,
    /// When it may be set up again.
    pub(super) retry_at: Stamp,
}

impl Drive {
    /// A drive that nothing is known of. `node` is that of its settings.
    pub(super) fn new(settings: DriveSettings, node: NodeId, sdo: Sdo, setup: Setup) -> Self {
        Self {
            settings,
            node,
            sdo,
            setup,
            begun: false,
            chore: None,
            next_chore: Chore::Supply,
            homing: Homing::default(),
            started: None,
            sampled: None,
            ticks: Ticks(0),
            current_a: 0.0,
            temperature_degc: None,
            supply_v: None,
            state: None,
            statusword: 0,
            error: None,
            word: Controlword::DISABLE_VOLTAGE,
            aimed: None,
            awaited: false,
            ambiguous: false,
            problem: None,
            retry_at: Stamp::ZERO,
        }
    }

    pub(super) fn which(&self) -> Which {
        Which {
            id: self.settings.id,
            joint: self.settings.joint.clone(),
        }
    }

    /// Out of service: it is to be set up anew, and has no torque as far as is known.
    pub(super) fn restart(&mut self, retry_at: Stamp) {
        self.setup.restart();
        self.sdo.clear();
        (self.begun, self.chore) = (false, None);
        self.homing = Homing::default();
        (self.started, self.state, self.error) = (None, None, None);
        (self.awaited, self.ambiguous) = (false, false);
        (self.word, self.aimed) = (Controlword::DISABLE_VOLTAGE, None);
        self.retry_at = retry_at;
    }

    /// Set up: it takes part in cycles from now on.
    pub(super) fn start(&mut self, now: Stamp) {
        let found = self.setup.found;
        self.supply_v = found.supply_v;
        self.temperature_degc = found.temperature_degc;
        self.problem = None;
        self.started = Some(now);
    }

    /// What its newest sample says of modes, faults and arrival.
    pub(super) fn statusword(&self) -> u16 {
        self.statusword
    }

    /// Takes a sample; `false` if it is none.
    pub(super) fn take(&mut self, sampled: Stamp, data: &[u8]) -> bool {
        let &[s0, s1, a, b, c, d, t0, t1, ..] = data else {
            return false;
        };
        let position = i32::from_le_bytes([a, b, c, d]);
        // An endless axis goes over the ends of 32 bits.
        self.ticks = match self.sampled {
            None => Ticks(position.into()),
            Some(_) => {
                let went = position.wrapping_sub(self.ticks.0 as i32);
                Ticks(self.ticks.0 + i64::from(went))
            }
        };
        self.sampled = Some(sampled);
        self.statusword = u16::from_le_bytes([s0, s1]);
        self.state = State::of(self.statusword);
        if !self.has_fault() {
            self.error = None;
        }
        let torque = i16::from_le_bytes([t0, t1]);
        self.current_a = f64::from(torque) / PER_RATED * self.setup.found.rated_a;
        self.awaited = false;
        true
    }

    /// Whether it follows goals.
    pub(super) fn is_enabled(&self) -> bool {
        self.state == Some(State::OperationEnabled)
    }

    /// Whether its motor may have torque.
    pub(super) fn is_powered(&self) -> bool {
        self.state.is_some_and(State::is_powered)
    }

    /// Whether it says that something is wrong with it.
    pub(super) fn has_fault(&self) -> bool {
        matches!(self.state, Some(State::Fault | State::FaultReactionActive))
    }

    /// What is wrong with it: generic until it has said what.
    pub(super) fn fault(&self) -> Option<DriveFault> {
        self.has_fault()
            .then(|| of_error_code(self.error.unwrap_or(GENERIC)))
    }

    /// What it is told in this cycle, in the first bytes; how many these are.
    ///
    /// A drive that does not follow goals yet, or goes home by itself, is told to stay where it is, without a jump when it does.
    pub(super) fn goal(&mut self, joint: usize, command: &DriveCommand) -> ([u8; 8], usize) {
        let follows = self.is_enabled() && command.enable;
        let told = |goals: &servomesh_types::JointVec| goals.get(joint).copied().unwrap_or(0.0);
        let per_ampere = PER_RATED / self.setup.found.rated_a;
        let torque = |current_a: f64| (current_a * per_ampere).round();
        let most_a = match follows {
            _ if self.homing.is_under_way() => self.settings.homing.map_or(0.0, |homing| homing.most_a),
            true => told(&command.current_a).abs(),
            false => self.settings.current_limit_a,
        };
        let most = torque(most_a).clamp(0.0, f64::from(u16::MAX)) as u16;
        let here = self.ticks.0 as i32;
        let position = match follows && !self.homing.is_under_way() {
            true => told(&command.position_ticks).round() as i64 as i32,
            false => here,
        };
        let mut word = self.control(command.enable, command.clear_faults);
        let mut data = [0; 8];
        match self.settings.mode {
            Mode::CyclicSyncTorque => {
                let current_a = if follows { told(&command.current_a) } else { 0.0 };
                let thousandths = torque(current_a).clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
                data[2..4].copy_from_slice(&thousandths.to_le_bytes());
            }
            Mode::CyclicSyncVelocity => {
                let velocity = if follows {
                    told(&command.velocity_ticks_per_s)
                } else {
                    0.0
                };
                // `as` saturates.
                data[2..6].copy_from_slice(&(velocity.round() as i32).to_le_bytes());
                data[6..].copy_from_slice(&most.to_le_bytes());
            }
            mode => {
                if mode == Mode::ProfilePosition && !self.homing.is_under_way() {
                    word = self.hand_over(word, position, follows);
                }
                data[2..6].copy_from_slice(&position.to_le_bytes());
                data[6..].copy_from_slice(&most.to_le_bytes());
            }
        }
        if self.homing.starts() && follows {
            word = Controlword(word.0 | Controlword::MODE_4);
        }
        self.word = word;
        data[..2].copy_from_slice(&word.0.to_le_bytes());
        (data, usize::from(self.settings.goal_bytes()))
    }

    /// The controlword of this cycle. A fault is reset by a bit that rises: it falls again in the next cycle.
    fn control(&self, enable: bool, clear_faults: bool) -> Controlword {
        let goal = if enable {
            State::OperationEnabled
        } else {
            State::SwitchOnDisabled
        };
        match self.state {
            Some(State::Fault) if clear_faults && self.word != Controlword::FAULT_RESET => {
                Controlword::FAULT_RESET
            }
            None | Some(State::Fault) => Controlword::DISABLE_VOLTAGE,
            Some(state) if enable && state == goal => Controlword::ENABLE_OPERATION,
            Some(state) => state.toward(goal).unwrap_or(Controlword::DISABLE_VOLTAGE),
        }
    }

    /// Adds the handshake of a profile to the controlword: a new position is handed over by a bit that rises, once the drive has let go of the
    /// last one, and takes effect at once.
    fn hand_over(&mut self, word: Controlword, position: i32, follows: bool) -> Controlword {
        if !follows {
            self.aimed = None;
            return word;
        }
        let acknowledged = self.statusword & status::MODE_12 != 0;
        let raised = self.word.0 & Controlword::MODE_4 != 0;
        let raise = if raised {
            !acknowledged
        } else {
            !acknowledged && self.aimed != Some(position)
        };
        if raise && !raised {
            self.aimed = Some(position);
        }
        let bit = if raise { Controlword::MODE_4 } else { 0 };
        Controlword(word.0 | Controlword::MODE_5 | bit)
    }
}

/// What a drive is asked in the spare time of cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chore {
    /// What is wrong, where its emergency got lost.
    Error,
    Supply,
    Temperature,
    /// Of its homing.
    Homing,
}

impl Drive {
    /// Whether it has to be asked soon.
    pub(super) fn is_urgent(&self) -> bool {
        self.has_fault() && self.error.is_none()
    }

    /// Asks for what is next, if there is something and nothing is under way.
    pub(super) fn ask(&mut self) {
        if self.sdo.is_busy() {
            return;
        }
        let chore = if self.is_urgent() {
            Chore::Error
        } else if self.homing.has_request() {
            self.chore = Some(Chore::Homing);
            return self.ask_for_homing();
        } else {
            let present = self.next_chore;
            self.next_chore = match present {
                Chore::Supply => Chore::Temperature,
                Chore::Temperature | Chore::Error | Chore::Homing => Chore::Supply,
            };
            present
        };
        let object = match chore {
            Chore::Error => Some(ERROR_CODE),
            Chore::Homing => None,
            Chore::Supply => self.supply_v.map(|_| SUPPLY),
            Chore::Temperature => {
                let thermometer = self
                    .settings
                    .thermometer
                    .filter(|_| self.temperature_degc.is_some());
                thermometer.map(|thermometer| thermometer.object)
            }
        };
        self.chore = object.map(|_| chore);
        if let Some(object) = object {
            self.sdo.read(object);
        }
    }

    /// Takes the answer to what it was asked; gives what people are to hear of it. What did not come is asked for again in its turn.
    pub(super) fn told(&mut self, outcome: Outcome) -> Option<String> {
        if self.chore == Some(Chore::Homing) {
            self.chore = None;
            return self.homing_told(outcome).err().map(|problem| problem.to_string());
        }
        let (Some(chore), Outcome::Done(value)) = (self.chore.take(), outcome) else {
            return None;
        };
        match chore {
            Chore::Error if self.is_urgent() => {
                self.error = Some(value.bits as u16).filter(|code| *code != 0);
                return self.error.map(|code| {
                    let name = error_name(code).unwrap_or("a code that no standard has");
                    format!("{}: error {code:04X}h: {name}", self.which())
                });
            }
            Chore::Error | Chore::Homing => {}
            Chore::Supply => self.supply_v = Some(f64::from(value.bits) * 1e-3),
            Chore::Temperature => {
                let per_count = self
                    .settings
                    .thermometer
                    .map(|thermometer| thermometer.degc_per_count);
                self.temperature_degc = per_count.map(|per_count| value.signed() * per_count);
            }
        }
        None
    }
}

/// The standard's code of an error that is none of the others.
const GENERIC: u16 = 0x1000;
