//! The driver of one group: from commands and bus frames to currents, and through the modes of a drive.
//!
//! ```text
//!            first command of an epoch, near the measured position
//!   Disabled ───────────────────────────────────────────────────────► Enabled
//!      ▲  ▲                                                             │  ▲
//!      │  └──────── standing still ──────── Stopping ◄── commands silent ┘  │ newer epoch, near
//!      │                                       └────────────────────────────┘
//!      └─ drives clear ◄─ newer epoch, near ◄─ Faulted ◄── any fault, from everywhere
//! ```
//!
//! The bus leads: each status frame is answered with one command frame, computed for the time the frame was sampled.
//! `tick` only watches that frames come.
//!
//! **Invariant:** torque is on in `Enabled` and `Stopping` only, and no current is beyond its limit or not a number.

mod changes;
mod commands;

use crate::admission::Tenure;
use crate::bus::{DriveCommand, DriveStatus};
use crate::config::{Config, Tuning};
use crate::control::{Controller, Goals, Wanted};
use crate::counts::Counts;
use crate::dynamics::Dynamics;
use crate::homing::Search;
use crate::measurement::{Measurement, Reading};
use crate::power::{Demand, Power, Seen};
use crate::reference::{Motion, Tracker};
use crate::statistics::Statistics;
use crate::stop::Stop;
use crate::watch::{BusRate, BusWatch};
use servomesh_types::{
    Command, Core, DriveMode, Event, EventKind, Fault, HopTimes, JointVec, ServoState, Setpoint, Stamp,
    StreamTag, Tracking,
};
use std::collections::VecDeque;
use std::time::Duration;

/// What can reach a driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// From `safety`.
    Command(Command),
    /// From the drives.
    Bus(DriveStatus),
    /// New gains, from a person who tunes.
    Tune(Tuning),
    /// The next commands that come are permission to home joints, for as long as they come.
    Home,
    /// The driver is about to end: torque off and brakes on, now.
    SwitchOff,
}

/// What a driver can cause.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// To the drives. Comes first in every answer to a frame.
    Bus(DriveCommand),
    /// To everyone.
    State(ServoState),
    /// To people and recorders, once a second: how well the last one went.
    Tracking(Tracking),
    /// To people and recorders.
    Event(Event),
}

/// Closes the servo loops of one group on one bus.
#[derive(Debug)]
pub struct Driver {
    config: Config,
    controller: Controller,
    activity: Activity,
    tenure: Tenure,
    measured: Option<Measurement>,
    counts: Counts,
    /// Until when the next epoch homes the joints that don't know where they are.
    homing_until: Option<Stamp>,
    last_cycle: u64,
    /// At the newest frame, or where tracking started after it.
    reference: Motion,
    bus: BusWatch,
    rate: BusRate,
    power: Power,
    statistics: Statistics,
    hops: HopTimes,
    seq: u64,
    refused: u64,
    last_complaint: Option<Stamp>,
    outputs: VecDeque<Output>,
}

/// What the driver is doing, with what it needs for it.
#[derive(Debug)]
enum Activity {
    Disabled,
    Tracking(Tracker),
    /// As long as commands of the epoch come, which are permission and no goal.
    Homing {
        search: Search,
        last: Setpoint,
    },
    Stopping {
        stop: Stop,
        last: Setpoint,
    },
    Faulted {
        fault: Fault,
        clearing_until: Option<Stamp>,
    },
}

impl Driver {
    /// A driver at rest: torque off until the first command. `dynamics` is the group's rigid-body model, if it has one.
    pub fn new(config: Config, dynamics: Option<Dynamics>) -> Self {
        Self {
            controller: Controller::new(&config, dynamics),
            bus: BusWatch::new(config.bus_timeout()),
            rate: BusRate::new(config.group().rate_hz),
            activity: Activity::Disabled,
            tenure: Tenure::default(),
            measured: None,
            counts: Counts::new(&config),
            homing_until: None,
            last_cycle: 0,
            reference: Motion::default(),
            power: Power::new(),
            statistics: Statistics::new(config.joint_count()),
            hops: HopTimes::default(),
            seq: 0,
            refused: 0,
            last_complaint: None,
            outputs: VecDeque::with_capacity(16),
            config,
        }
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What it is doing.
    pub fn mode(&self) -> DriveMode {
        match self.activity {
            Activity::Disabled => DriveMode::Disabled,
            Activity::Tracking(_) | Activity::Homing { .. } => DriveMode::Enabled,
            Activity::Stopping { .. } => DriveMode::Stopping,
            Activity::Faulted { .. } => DriveMode::Faulted,
        }
    }

    /// The rate of the bus \[Hz\] where it is not the one of the configuration.
    pub fn other_bus_rate_hz(&self) -> Option<f64> {
        self.rate.off_hz()
    }

    fn on_frame(&mut self, now: Stamp, frame: &DriveStatus) {
        match Measurement::read(&self.config, frame, self.measured.as_ref(), &mut self.counts) {
            Reading::Old => return,
            Reading::Bad(fault) => {
                self.bus.hear(now);
                self.fail(now, fault);
            }
            Reading::New(measured) => {
                if self.bus.hear(now) {
                    self.tell(now, EventKind::Recovered, "the drives answer again".to_owned());
                }
                let restarted = self.measured.as_ref().filter(|last| last.stamp > measured.stamp);
                let jumped_back = restarted.map(|last| last.stamp.since(measured.stamp));
                let sampled = measured.stamp;
                self.measured = Some(measured);
                if let Some(rate_hz) = self.rate.hear(frame.cycle, sampled) {
                    let wanted_hz = self.config.group().rate_hz;
                    let text = format!(
                        "the bus runs at {rate_hz:.1} Hz, but rate_hz is {wanted_hz}: the gains are for another bus"
                    );
                    self.tell(now, EventKind::Fault, text);
                }
                if let Some(by) = jumped_back {
                    self.fail(now, Fault::BusSilent(by));
                }
                self.judge(now, frame);
            }
        }
        let goals = self.control(now, frame.acts);
        let saturated = goals.as_ref().map(|_| self.controller.saturated());
        self.answer(frame.cycle, goals);
        if let Some(state) = self.publish()
            && let Some(tracking) = self.statistics.note(frame.cycle, &state, saturated)
        {
            self.outputs.push_back(Output::Tracking(tracking));
        }
    }

    /// Tells the drives their goals; `None` for torque off.
    fn answer(&mut self, cycle: u64, goals: Option<Goals>) {
        self.last_cycle = cycle;
        let enable = goals.is_some();
        let goals = goals.unwrap_or(Goals::none(self.config.joint_count()));
        self.outputs.push_back(Output::Bus(DriveCommand {
            cycle,
            enable,
            clear_faults: matches!(
                self.activity,
                Activity::Faulted {
                    clearing_until: Some(_),
                    ..
                }
            ),
            home: self.homed_by_drive().filter(|_| enable).into_iter().collect(),
            current_a: goals.current_a,
            velocity_ticks_per_s: goals.velocity_ticks_per_s,
            position_ticks: self.counts.raws(&goals.position_ticks),
        }));
    }

    /// The joint that its drive is homing by itself.
    fn homed_by_drive(&self) -> Option<usize> {
        match &self.activity {
            Activity::Homing { search, .. } => search.by_drive(),
            _ => None,
        }
    }

    fn is_driven(&self) -> bool {
        matches!(
            self.activity,
            Activity::Tracking(_) | Activity::Homing { .. } | Activity::Stopping { .. }
        )
    }

    /// The goals for the newest frame, which act from `acts` on; `None` with torque off.
    fn control(&mut self, now: Stamp, acts: Option<Stamp>) -> Option<Goals> {
        let measured = self.measured.as_ref()?;
        let t = measured.stamp;
        let lead = lead_s(t, acts, self.config.period_s());
        let gentle;
        let (motion, ahead, setpoint) = match &self.activity {
            Activity::Tracking(tracker) => (
                tracker.at(t),
                tracker.acceleration_ahead(t, lead),
                tracker.setpoint(),
            ),
            Activity::Stopping { stop, last } => {
                let later = t + Duration::from_secs_f64(lead);
                (stop.at(t), stop.at(later).acceleration, last)
            }
            Activity::Homing { search, last } => {
                let motion = search.motion();
                gentle = search.setpoint(last);
                (motion, motion.acceleration, &gentle)
            }
            Activity::Disabled | Activity::Faulted { .. } => {
                let zeros = JointVec::zeros(measured.position.len());
                self.reference = Motion {
                    position: measured.position,
                    velocity: zeros,
                    acceleration: zeros,
                };
                return None;
            }
        };
        self.reference = motion;
        let wanted = Wanted {
            reference: &motion,
            ahead: &ahead,
            lead_s: lead,
            setpoint,
        };
        let answer = self.controller.goals(&self.config, measured, &wanted);
        match answer {
            Err(fault) => {
                self.fail(now, fault);
                None
            }
            Ok(goals) => Some(goals),
        }
    }

    /// What the group should do, of what the state machine of the power knows.
    fn demand(&self) -> Demand {
        match self.activity {
            Activity::Disabled => Demand::Off,
            Activity::Tracking(_) | Activity::Homing { .. } => Demand::Drive,
            Activity::Stopping { .. } => Demand::QuickStop,
            Activity::Faulted { .. } => Demand::Fault,
        }
    }

    fn publish(&mut self) -> Option<ServoState> {
        let demand = self.demand();
        let measured = self.measured.as_ref()?;
        let seen = Seen {
            ready: true,
            supplied: measured.wrong_voltage(&self.config).is_none(),
            torque: measured.enabled,
        };
        self.power.advance(demand, seen);
        let fault = match &self.activity {
            Activity::Faulted { fault, .. } => Some(*fault),
            Activity::Stopping { last, .. } => Some(Fault::CommandSilent(measured.age_of(last.tag.stamp))),
            Activity::Disabled | Activity::Tracking(_) | Activity::Homing { .. } => None,
        };
        let state = ServoState {
            tag: StreamTag {
                stamp: measured.stamp,
                epoch: self.tenure.epoch,
                seq: self.seq,
                valid_for: self.config.bus_timeout(),
                hops: self.hops,
            },
            mode: self.mode(),
            power: self.power.state(),
            unhomed: self.counts.unhomed(&self.config),
            position: measured.position,
            velocity: measured.velocity,
            effort: measured.effort,
            current_a: measured.current_a,
            temperature_degc: measured.winding_degc,
            voltage_v: measured.voltage_v,
            age_s: measured.age_s(),
            estimated: measured.estimated,
            reference: JointVec::from_fn(measured.position.len(), |i| {
                self.reference.position[i] - self.reference.velocity[i] * measured.age(i).as_secs_f64()
            }),
            fault,
            refused: self.refused,
        };
        self.seq += 1;
        self.outputs.push_back(Output::State(state));
        Some(state)
    }

    fn tell(&mut self, now: Stamp, kind: EventKind, text: String) {
        let group = Some(self.config.group().name);
        self.outputs.push_back(Output::Event(Event {
            stamp: now,
            kind,
            group,
            text,
        }));
    }
}

impl Core for Driver {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Stamp, input: Input) {
        self.watch_bus(now);
        match input {
            Input::Command(command) => self.on_command(now, &command),
            Input::Bus(frame) => self.on_frame(now, &frame),
            Input::Home => self.homing_until = Some(now + HOMING),
            Input::Tune(tuning) => self.controller.retune(&tuning.0),
            Input::SwitchOff => {
                self.switch_off(now, "switched off: torque off, brakes on");
                self.answer(self.last_cycle, None);
            }
        }
    }

    fn tick(&mut self, now: Stamp) {
        self.watch_bus(now);
    }

    fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Stamp> {
        Some(self.bus.deadline())
    }
}

/// From sampling the encoders to the middle of the cycle in which the answer acts \[s\].
fn lead_s(sampled: Stamp, acts: Option<Stamp>, period_s: f64) -> f64 {
    let until_it_acts = acts.map_or(period_s, |acts| acts.seconds_from(sampled).max(0.0));
    until_it_acts + 0.5 * period_s
}

/// How long after it is asked for homing may begin.
const HOMING: Duration = Duration::from_secs(30);
