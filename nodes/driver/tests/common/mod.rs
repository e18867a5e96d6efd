//! A group on a bench: two geared joints with load, gravity, friction and a quantised encoder behind a bus with one cycle
//! of delay, and the driver that moves them. Everything on a virtual clock.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // of a bench as of a test

use servomesh_driver::bus::{Closes, DriveCommand, DriveHoming, DriveStatus, Ticks};
use servomesh_driver::{
    Actuator, Config, Counting, Direction, Driver, DriverParams, Dynamics, Friction, Gains, Input,
    JointParams, Output, Transmission,
};
use servomesh_robot::Model;
use servomesh_types::fault::DriveFault;
use servomesh_types::{
    Capabilities, Command, CommandMode, Core, Epoch, Event, EventKind, GroupDescription, GroupName,
    JointDescription, JointKind, JointLimits, JointVec, ServoState, Setpoint, Stamp, StreamTag, Tracking,
};
use std::time::Duration;

pub const JOINTS: usize = 2;
pub const PERIOD: Duration = Duration::from_millis(2);
pub const DT: f64 = 0.002;
pub const MASS: f64 = 8.0;
pub const ARM: f64 = 0.35;
pub const GRAVITY: f64 = 9.806_65;

pub fn actuator() -> Actuator {
    Actuator {
        torque_constant: 0.12,
        gear_ratio: 101.0,
        efficiency: 0.8,
        rotor_inertia: 1e-4,
        ticks_per_unit: 524_288.0 / std::f64::consts::TAU,
        direction: Direction::Same,
        offset: 0.0,
        current_limit_a: 20.0,
    }
}

pub fn params() -> DriverParams {
    let joint = |name: &str| JointDescription {
        name: name.to_owned(),
        kind: JointKind::Revolute,
        limits: JointLimits::new((-6.0, 6.0), 3.0, 5.0, 50.0, 150.0).unwrap(),
        drivetrain: servomesh_types::Drivetrain::default(),
    };
    let figures = |direction, offset| JointParams {
        actuator: Actuator {
            direction,
            offset,
            ..actuator()
        },
        counting: Counting::MultiTurn,
        closes: Closes::Current,
        friction: Friction {
            coulomb: 6.0,
            viscous: 5.0,
            full_speed: 0.01,
        },
        load_inertia: 0.0,
        gains: Gains::for_rate(500.0),
        following_limit: 0.1,
        near_tolerance: 0.05,
        winding_limit_degc: 110.0,
        voltage_window_v: [20.0, 60.0],
    };
    DriverParams {
        group: GroupDescription {
            name: GroupName::new("bench").unwrap(),
            joints: vec![joint("first"), joint("second")],
            rate_hz: 500.0,
            capabilities: Capabilities::default(),
            backend: "bench".to_owned(),
        },
        joints: vec![figures(Direction::Same, 0.0), figures(Direction::Reversed, 0.3)],
        transmission: Transmission::direct(),
        command_timeout: DriverParams::COMMAND_TIMEOUT,
        bus_timeout: DriverParams::BUS_TIMEOUT,
    }
}

/// Two pendulums side by side, each with a horizontal axis: gravity pulls with m·g·l·cos q.
pub fn dynamics(group: &GroupDescription) -> Dynamics {
    let pendulum = |name: &str| {
        format!(
            r#"<joint name="{name}" type="revolute"><parent link="base"/><child link="{name}_rod"/>
                 <axis xyz="0 -1 0"/><limit lower="-6" upper="6" velocity="3" effort="150"/></joint>
               <link name="{name}_rod"><inertial><origin xyz="{ARM} 0 0"/><mass value="{MASS}"/>
                 <inertia ixx="0.001" ixy="0" ixz="0" iyy="0.001" iyz="0" izz="0.001"/></inertial></link>"#
        )
    };
    let urdf = format!(
        r#"<robot name="bench"><link name="base"/>{}{}</robot>"#,
        pendulum("first"),
        pendulum("second")
    );
    let model = Model::from_urdf_str(&urdf).unwrap();
    let names: Vec<&str> = group.joints.iter().map(|joint| joint.name.as_str()).collect();
    Dynamics::new(model.subset(&names, &[0.0; JOINTS]).unwrap(), group).unwrap()
}

/// The mechanics and drives of one joint.
#[derive(Clone, Debug)]
pub struct Joint {
    pub position: f64,
    pub velocity: f64,
    /// Multiplies the inertia that the driver knows of.
    pub inertia_factor: f64,
    /// Positions it can't pass, as a part between the jaws.
    pub wall: f64,
    pub floor: f64,
    closes: Closes,
    actuator: Actuator,
}

impl Joint {
    /// `share`: how many actuators of that size it moves.
    fn step(&mut self, motor: f64, share: f64, dt: f64, braked: bool) {
        if braked {
            self.velocity = 0.0;
            return;
        }
        let inertia =
            self.inertia_factor * (MASS * ARM * ARM + 0.001 + share * self.actuator.reflected_inertia());
        let gravity = MASS * GRAVITY * ARM * self.position.cos();
        let friction = share * (6.0 * (self.velocity / 0.001).clamp(-1.0, 1.0) + 5.0 * self.velocity);
        let contact = 2e5 * ((self.position - self.wall).max(0.0) + (self.position - self.floor).min(0.0));
        let effort = motor - gravity - friction - contact;
        self.velocity += effort / inertia * dt;
        self.position += self.velocity * dt;
    }

    /// The current that the drive gives its motor: it closes the loops that it is meant to, with more stiffness than any driver could.
    fn current_a(&self, acting: &DriveCommand, i: usize) -> f64 {
        let Some(&most) = acting.current_a.get(i) else {
            return 0.0;
        };
        let inertia = MASS * ARM * ARM + self.actuator.reflected_inertia();
        let sign = self.actuator.ticks_per_s(1.0).signum();
        let per_tick = sign / self.actuator.ticks_per_unit;
        let velocity = match self.closes {
            Closes::Current => return most,
            Closes::Velocity => per_tick * acting.velocity_ticks_per_s[i],
            Closes::Position { .. } => {
                let goal = self.actuator.offset + per_tick * acting.position_ticks[i];
                100.0 * (goal - self.position)
            }
        };
        let effort = 400.0 * inertia * (velocity - self.velocity);
        self.actuator.current_a(effort).clamp(-most, most)
    }

    fn ticks(&self, position: f64) -> Ticks {
        let sign = if self.actuator.direction == Direction::Same {
            1.0
        } else {
            -1.0
        };
        Ticks(((position - self.actuator.offset) * sign * self.actuator.ticks_per_unit).floor() as i64)
    }
}

/// The bench: plant, bus and driver.
pub struct Bench {
    pub period: Duration,
    pub now: Stamp,
    pub driver: Driver,
    pub joints: Vec<Joint>,
    pub fault: [Option<DriveFault>; JOINTS],
    /// Clears its fault when told to.
    pub clearable: bool,
    pub winding_degc: f64,
    /// Of the drives' supply.
    pub voltage_v: f64,
    /// The drives started anew: no torque until they are switched off and on.
    pub rebooted: bool,
    /// The encoders read within one turn of so many counts.
    pub wrap: Option<i64>,
    /// The encoders count from elsewhere.
    pub lost_counts: [i64; JOINTS],
    /// What the drives have latched.
    pub index: [Option<Ticks>; JOINTS],
    /// What drives say that home joints by themselves.
    pub homing: Option<[DriveHoming; JOINTS]>,
    /// Answers to frames, newest last.
    pub commands: Vec<DriveCommand>,
    pub states: Vec<ServoState>,
    pub events: Vec<Event>,
    pub tracking: Vec<Tracking>,
    /// When each joint was sampled that is in the newest frame, and its ticks.
    replied: [(Stamp, Ticks); JOINTS],
    cycle: u64,
    pending: Option<DriveCommand>,
    acting: DriveCommand,
    seq: u64,
    params: DriverParams,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(params())
    }

    pub fn with(params: DriverParams) -> Self {
        let joint = |joint: &JointParams| Joint {
            position: 0.4,
            velocity: 0.0,
            inertia_factor: 1.0,
            wall: f64::INFINITY,
            floor: f64::NEG_INFINITY,
            closes: joint.closes,
            actuator: joint.actuator,
        };
        Self {
            period: Duration::from_secs_f64(1.0 / params.group.rate_hz),
            now: Stamp::from_millis(1000),
            driver: Driver::new(
                Config::new(params.clone()).unwrap(),
                Some(dynamics(&params.group)),
            ),
            joints: params.joints.iter().map(joint).collect(),
            fault: [None; JOINTS],
            clearable: true,
            winding_degc: 30.0,
            voltage_v: 48.0,
            rebooted: false,
            wrap: None,
            lost_counts: [0; JOINTS],
            index: [None; JOINTS],
            homing: None,
            commands: Vec::new(),
            states: Vec::new(),
            events: Vec::new(),
            tracking: Vec::new(),
            replied: [(Stamp::ZERO, Ticks(0)); JOINTS],
            cycle: 0,
            pending: None,
            acting: DriveCommand::default(),
            seq: 0,
            params,
        }
    }

    /// A driver that starts afresh on drives that went on without it.
    pub fn restart_driver(&mut self) {
        let dynamics = dynamics(&self.params.group);
        self.driver = Driver::new(Config::new(self.params.clone()).unwrap(), Some(dynamics));
    }

    /// One bus cycle: the drives move on, sample, and the driver answers.
    pub fn cycle(&mut self) {
        self.cycle_without(|_| false);
    }

    pub fn cycles(&mut self, count: usize) {
        for _ in 0..count {
            self.cycle();
        }
    }

    /// One bus cycle in which the replies of some joints are lost: these keep what they said last, and when.
    pub fn cycle_without(&mut self, lost: impl Fn(usize) -> bool) {
        self.drives_only();
        let mut frame = self.frame();
        for joint in (0..JOINTS).filter(|joint| lost(*joint)) {
            let (sampled, ticks) = self.replied[joint];
            (frame.sampled[joint], frame.position_ticks[joint]) = (sampled, ticks);
        }
        self.replied = std::array::from_fn(|joint| (frame.sampled[joint], frame.position_ticks[joint]));
        self.give(Input::Bus(frame));
    }

    /// One bus cycle in which the status frame is lost.
    pub fn drives_only(&mut self) {
        self.now = self.now + self.period;
        self.cycle += 1;
        if let Some(command) = self.pending.take() {
            self.acting = command;
        }
        if self.acting.clear_faults && self.clearable {
            self.fault = [None; JOINTS];
        }
        self.rebooted &= self.acting.enable;
        let on = self.is_on();
        let transmission = &self.params.transmission;
        let share = if transmission.coupled().is_empty() {
            1.0
        } else {
            2.0
        };
        for _ in 0..20 {
            let of_motors = JointVec::from_fn(JOINTS, |i| {
                let joint = &self.joints[i];
                joint.actuator.effort(joint.current_a(&self.acting, i))
            });
            let efforts = transmission.joint_efforts(&of_motors);
            for (i, joint) in self.joints.iter_mut().enumerate() {
                joint.step(efforts[i], share, self.period.as_secs_f64() / 20.0, !on);
            }
        }
    }

    /// Lets only time pass, in which the driver is told nothing.
    pub fn silence(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(due) = self.driver.deadline().filter(|due| *due <= end) {
            self.now = due;
            self.driver.tick(due);
            self.drain();
        }
        self.now = end;
    }

    pub fn frame(&self) -> DriveStatus {
        let positions = JointVec::from_fn(JOINTS, |i| self.joints[i].position);
        let of_actuators = self.params.transmission.actuators(&positions);
        let ticks = |i: usize| {
            let Ticks(ticks) = self.joints[i].ticks(of_actuators[i]);
            let wrapped = self.wrap.map_or(ticks, |counts| ticks.rem_euclid(counts));
            Ticks(wrapped + self.lost_counts[i])
        };
        DriveStatus {
            stamp: self.now,
            cycle: self.cycle,
            enabled: self.is_on(),
            position_ticks: (0..JOINTS).map(ticks).collect(),
            index: self.index.into_iter().collect(),
            homing: self.homing.into_iter().flatten().collect(),
            current_a: if self.is_on() {
                self.acting.current_a
            } else {
                JointVec::zeros(JOINTS)
            },
            winding_degc: JointVec::from_fn(JOINTS, |_| self.winding_degc),
            voltage_v: JointVec::from_fn(JOINTS, |_| self.voltage_v),
            fault: self.fault.into_iter().collect(),
            sampled: [self.now; JOINTS].into_iter().collect(),
            ..DriveStatus::default()
        }
    }

    pub fn is_on(&self) -> bool {
        self.acting.enable && self.fault == [None; JOINTS] && !self.rebooted
    }

    pub fn give(&mut self, input: Input) {
        self.driver.handle(self.now, input);
        self.drain();
    }

    /// Gives the driver something before the next frame.
    pub fn driver_hears(&mut self, at: Stamp, input: Input) {
        self.driver.handle(at, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.driver.poll() {
            self.take(output);
        }
    }

    /// Puts an output of the driver to where it goes.
    pub fn take(&mut self, output: Output) {
        match output {
            Output::Bus(command) => {
                self.pending = Some(command);
                self.commands.push(command);
            }
            Output::State(state) => self.states.push(state),
            Output::Tracking(tracking) => self.tracking.push(tracking),
            Output::Event(event) => self.events.push(event),
        }
    }

    /// Commands a motion that applies now.
    pub fn track(&mut self, epoch: u64, motion: [[f64; JOINTS]; 3]) {
        let setpoint = self.setpoint(epoch, motion);
        self.give(Input::Command(Command {
            mode: CommandMode::Track,
            setpoint,
        }));
    }

    pub fn setpoint(
        &mut self,
        epoch: u64,
        [position, velocity, acceleration]: [[f64; JOINTS]; 3],
    ) -> Setpoint {
        self.seq += 1;
        Setpoint {
            tag: StreamTag {
                stamp: self.now,
                epoch: Epoch(epoch),
                seq: self.seq,
                valid_for: Duration::from_millis(50),
                ..StreamTag::default()
            },
            position: position.into(),
            velocity: velocity.into(),
            acceleration: acceleration.into(),
            ..Setpoint::default()
        }
    }

    /// Holds both joints at `position` for a while, with a command before each frame.
    pub fn hold(&mut self, epoch: u64, position: [f64; JOINTS], cycles: usize) {
        for _ in 0..cycles {
            self.track(epoch, [position, [0.0; JOINTS], [0.0; JOINTS]]);
            self.cycle();
        }
    }

    /// Switched on by epoch 1 and at rest where it stood.
    pub fn enabled() -> Self {
        let mut bench = Self::new();
        bench.cycles(3);
        bench.hold(1, [0.4; JOINTS], 500);
        bench
    }

    pub fn state(&self) -> &ServoState {
        self.states.last().unwrap()
    }

    pub fn answer(&self) -> &DriveCommand {
        self.commands.last().unwrap()
    }

    pub fn heard(&self, kind: EventKind, part: &str) -> bool {
        self.events
            .iter()
            .any(|event| event.kind == kind && event.text.contains(part))
    }
}

/// The quintic from rest to rest over `distance` within `duration`, at `t`.
pub fn quintic(t: f64, duration: f64, distance: f64) -> [f64; 3] {
    let s = (t / duration).clamp(0.0, 1.0);
    [
        distance * s * s * s * (10.0 - 15.0 * s + 6.0 * s * s),
        distance * s * s * (30.0 - 60.0 * s + 30.0 * s * s) / duration,
        distance * s * (60.0 - 180.0 * s + 120.0 * s * s) / (duration * duration),
    ]
}
