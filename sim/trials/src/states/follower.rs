//! A driver and its machine, plain and honest: where the last command put it, seen through a coarse encoder, so that there are few places.
//!
//! Its first joint swings by 1/8 rad at 1 rad/s; others stand still. Positions in rad.

use super::moves::Stream;
use super::plan::{PERIOD, Plan, SWING};
use servomesh_types::*;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// One group's driver, its machine, and what `estimator` and `trajectory` say of it.
#[derive(Clone, Debug)]
pub(crate) struct Follower {
    pub(crate) group: GroupDescription,
    pub(crate) announced: bool,
    pub(crate) epoch: Epoch,
    pub(crate) mode: DriveMode,
    position: f64,
    velocity: f64,
    pub(crate) fault: Option<Fault>,
    /// Periods since the last command.
    silence: u8,
    pub(crate) deaf: bool,
    pub(crate) strays: bool,
    pub(crate) creeps: bool,
    pub(crate) temperature_degc: f64,
    pub(crate) touched: bool,
    hit: bool,
    doubt: Option<Fault>,
    /// How many states were heard since it was started.
    heard: u64,
    /// Whether it was started anew and not heard since.
    fresh: bool,
    plan: Option<(Epoch, Plan)>,
}

impl Follower {
    pub(crate) fn new(group: GroupDescription) -> Self {
        Self {
            group,
            announced: false,
            epoch: Epoch::NONE,
            mode: DriveMode::Disabled,
            position: 0.0,
            velocity: 0.0,
            fault: None,
            silence: 0,
            deaf: false,
            strays: false,
            creeps: false,
            temperature_degc: COOL_DEGC,
            touched: false,
            hit: false,
            doubt: None,
            heard: 0,
            fresh: false,
            plan: None,
        }
    }

    pub(crate) fn joints(&self) -> usize {
        self.group.joints.len()
    }

    /// Whether it says that it was started anew.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    pub(crate) fn restart(&mut self) {
        self.rest();
        self.forget_contacts();
        self.epoch = Epoch::NONE;
        self.mode = DriveMode::Disabled;
        self.fault = None;
        self.fresh = true;
        self.heard = 0;
    }

    pub(crate) fn fail(&mut self, fault: Fault) {
        self.rest();
        self.mode = DriveMode::Faulted;
        self.fault = Some(fault);
    }

    /// It stops taking commands, and says so by its mode alone.
    pub(crate) fn turn_deaf(&mut self, deaf: bool) {
        self.deaf = deaf;
        if deaf {
            self.rest();
            self.mode = DriveMode::Disabled;
        }
    }

    pub(crate) fn hit(&mut self) {
        self.hit = true;
        self.touched = true;
    }

    pub(crate) fn doubt(&mut self, fault: Fault) {
        self.doubt = Some(fault);
    }

    /// Whether it is where swings do not lead: near a zone, or to the end of its workspace.
    pub(crate) fn is_far_off(&self) -> bool {
        self.measured().abs() > FAR_OFF
    }

    /// All that is wrong goes: it is cooled, set free, and led back by hand to where it swings. What the estimator keeps until a new
    /// epoch stays.
    pub(crate) fn heal(&mut self) {
        self.position = self.position.clamp(-FAR_OFF, FAR_OFF);
        (self.deaf, self.strays, self.creeps, self.touched) = (false, false, false, false);
        self.temperature_degc = COOL_DEGC;
    }

    pub(crate) fn obey(&mut self, command: &Command) {
        let tag = &command.setpoint.tag;
        if self.deaf || tag.epoch < self.epoch || tag.epoch == Epoch::NONE {
            return;
        }
        if tag.epoch > self.epoch {
            self.epoch = tag.epoch;
            self.forget_contacts();
            // A new epoch is what clears the drives.
            if self.mode == DriveMode::Faulted {
                self.mode = DriveMode::Disabled;
            }
            self.fault = None;
        }
        if self.mode == DriveMode::Faulted {
            return;
        }
        self.silence = 0;
        match command.mode {
            CommandMode::Off => {
                self.rest();
                self.mode = DriveMode::Disabled;
            }
            CommandMode::Track => {
                self.mode = DriveMode::Enabled;
                self.position = command.setpoint.position[0];
                self.velocity = command.setpoint.velocity[0];
            }
        }
    }

    /// A period goes by: the driver's own watchdog, and the plan's time.
    pub(crate) fn pass_time(&mut self, stream: Stream) {
        if self.mode == DriveMode::Enabled {
            self.silence += 1;
            if self.silence > WATCHDOG_PERIODS {
                self.fail(Fault::CommandSilent(Duration::ZERO));
            }
        }
        if let Some((_, plan)) = &mut self.plan {
            plan.pass_time(stream);
        }
    }

    /// Its gate is closed: what was planned will not be said any more.
    pub(crate) fn forget_plan(&mut self) {
        self.plan = None;
    }

    pub(crate) fn servo_state(&mut self, now: Stamp) -> ServoState {
        let seq = self.heard;
        self.heard += 1;
        self.fresh = false;
        ServoState {
            tag: StreamTag {
                stamp: now,
                epoch: self.epoch,
                seq,
                ..StreamTag::default()
            },
            mode: self.mode,
            position: self.first(self.measured()),
            velocity: self.first(self.measured_velocity()),
            temperature_degc: JointVec::from_fn(self.joints(), |_| self.temperature_degc),
            fault: self.fault,
            ..ServoState::default()
        }
    }

    pub(crate) fn motion(&self, now: Stamp) -> GroupMotion {
        let set = |is: bool| {
            if is {
                JointSet::from_bits(1)
            } else {
                JointSet::EMPTY
            }
        };
        GroupMotion {
            stamp: now,
            position: self.first(self.measured()),
            velocity: self.first(self.measured_velocity()),
            contact: set(self.touched),
            collision: set(self.hit),
            fault: self.doubt,
            ..GroupMotion::default()
        }
    }

    /// What `trajectory` says in an epoch, if anything.
    pub(crate) fn setpoint(
        &mut self,
        now: Stamp,
        epoch: Epoch,
        stream: Stream,
        seq: u64,
    ) -> Option<Setpoint> {
        if stream == Stream::Silent {
            return None;
        }
        let plan = match self.plan {
            Some((of, plan)) if of == epoch => plan,
            _ => Plan::at(self.measured()),
        };
        self.plan = Some((epoch, plan));
        let (mut position, mut velocity, mut acceleration) =
            (plan.position(), plan.velocity(), plan.acceleration());
        match stream {
            Stream::Jump => position += 0.3,
            Stream::NotFinite => velocity = f64::NAN,
            Stream::Position => position = 10.0,
            Stream::Velocity => velocity = 100.0,
            Stream::Acceleration => acceleration = 1000.0,
            Stream::Jerk => acceleration = plan.sudden(),
            Stream::Effort => acceleration = 24.0,
            Stream::ToolSpeed => velocity = 1.25,
            _ => {}
        }
        let mut tag = StreamTag {
            stamp: now,
            epoch,
            seq,
            valid_for: 2 * PERIOD,
            ..StreamTag::default()
        };
        match stream {
            Stream::Stale => tag.epoch = Epoch(epoch.0 - 1),
            Stream::Late => {
                tag.stamp = now - 2 * PERIOD;
                tag.valid_for = PERIOD;
            }
            _ => {}
        }
        let mut setpoint = Setpoint {
            tag,
            position: self.first(position),
            velocity: self.first(velocity),
            acceleration: self.first(acceleration),
            release: stream == Stream::Release,
            ..Setpoint::default()
        };
        match stream {
            Stream::WrongSize => setpoint.position = JointVec::zeros(self.joints() + 1),
            Stream::Direction => setpoint.velocity[self.joints() - 1] = -0.25,
            _ => {}
        }
        Some(setpoint)
    }

    /// All that decides about its future, with epochs as what they are to the gate's.
    pub(crate) fn digest(&self, gate: Epoch, hasher: &mut impl Hasher) {
        let powered = self.mode == DriveMode::Enabled;
        (
            self.announced,
            self.mode as u8,
            self.silence,
            self.deaf,
            self.strays,
        )
            .hash(hasher);
        (self.creeps, self.touched, self.hit, self.fresh).hash(hasher);
        (self.epoch == Epoch::NONE, self.epoch.cmp(&gate)).hash(hasher);
        self.group.joints[0].limits.effort().to_bits().hash(hasher);
        for number in [
            self.position,
            if powered { self.velocity } else { 0.0 },
            self.temperature_degc,
        ] {
            (number + 0.0).to_bits().hash(hasher);
        }
        for fault in [&self.fault, &self.doubt] {
            fault.map(|fault| fault.code()).hash(hasher);
        }
        let plan = self.plan.filter(|(epoch, _)| *epoch == gate);
        plan.map(|(_, plan)| plan).hash(hasher);
    }

    fn measured(&self) -> f64 {
        if self.strays { STRAY } else { seen(self.position) }
    }

    fn measured_velocity(&self) -> f64 {
        match self.mode {
            _ if self.creeps => CREEP,
            DriveMode::Enabled if !self.strays => self.velocity,
            _ => 0.0,
        }
    }

    /// Brakes are on: it stands where it is seen.
    fn rest(&mut self) {
        self.position = self.measured();
        self.velocity = 0.0;
        self.silence = 0;
    }

    fn forget_contacts(&mut self) {
        (self.hit, self.doubt) = (false, None);
    }

    fn first(&self, number: f64) -> JointVec {
        JointVec::from_fn(self.joints(), |joint| if joint == 0 { number } else { 0.0 })
    }
}

/// A place as the encoder sees it.
fn seen(position: f64) -> f64 {
    (position / SWING).round() * SWING + 0.0
}

/// Beyond this no swing leads.
const FAR_OFF: f64 = 2.0 * SWING;
/// Where a machine is held that strays.
const STRAY: f64 = 0.5;
/// How fast one creeps \[rad/s\].
const CREEP: f64 = 0.5;
/// Periods without a command after which a driver stops by itself.
const WATCHDOG_PERIODS: u8 = 2;
/// A winding that nobody is worried about.
pub(crate) const COOL_DEGC: f64 = 30.0;
