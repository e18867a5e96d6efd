//! Claim: a driver's tick for seven joints is a small part of its bus's cycle, and allocates nothing.
//!
//! A tick is all that the core does in one cycle without the wire: it takes a command and a frame of the drives, closes the loops through the rigid-body
//! model, answers, and says how it stands. Seven joints in a chain swing under gravity; the drives are where the last command wanted them, within a count. A
//! tick is the same work in every round, so its time is the median over the rounds, the clock's own cost included.
//!
//! **Invariant:** allocations are counted on the very motion that is timed; a single one is an error, and so is a fault.

use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, ensure};
use servomesh_driver::bus::{Closes, DriveStatus, Ticks};
use servomesh_driver::{
    Actuator, Config, Counting, Direction, Driver, DriverParams, Dynamics, Friction, Gains, Input,
    JointParams, Notch, Output, Transmission,
};
use servomesh_robot::Model;
use servomesh_types::{
    Capabilities, Command, CommandMode, Core, DriveMode, Drivetrain, Epoch, GroupDescription, GroupName,
    JointDescription, JointKind, JointLimits, JointVec, Setpoint, Stamp, StreamTag,
};
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What a tick may take \[µs\].
const LIMIT_US: f64 = 10.0;
const JOINTS: usize = 7;
const PERIOD: Duration = Duration::from_millis(2);
const TICKS: i64 = 10_000;
/// By then the drives are on; the event that says so is a sentence.
const WARM: i64 = 20;
const COUNTS: f64 = 524_288.0;

/// Measures ticks against the limit.
///
/// # Errors
/// If a tick allocates, or the group has a fault.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let mut allocations = 0;
    Group::new()?.run(|group, k| {
        let counted = allocation_counter::measure(|| group.tick());
        allocations += if k > WARM { counted.count_total } else { 0 };
    })?;
    ensure!(allocations == 0, "{allocations} allocations");
    let mut rounds: Vec<Vec<u64>> = Vec::new();
    for _ in 0..effort.rounds {
        let mut times = Vec::with_capacity(TICKS as usize);
        Group::new()?.run(|group, _| times.push(group.time_ns()))?;
        rounds.push(times);
    }
    let median = |index: usize| {
        let mut times: Vec<u64> = rounds.iter().map(|round| round[index]).collect();
        times.sort_unstable();
        times[(times.len() - 1) / 2]
    };
    let times: Vec<u64> = (0..TICKS as usize).map(median).collect();
    let mean_us = times.iter().sum::<u64>() as f64 / times.len() as f64 / 1e3;
    let times: Vec<_> = times.into_iter().map(Some).collect();
    let figures = Figures::of_round(&times).context("nothing was timed")?;
    let ratio = |of: &str, ours: f64| Ratio {
        claim: format!("a tick of the driver without the wire, 7 joints, {of}"),
        unit: "µs",
        ours,
        peer_name: "limit",
        peer: LIMIT_US,
        goal: 1.0,
        figures: BTreeMap::from([("driver: a tick", figures.clone())]),
        cores: BTreeMap::new(),
    };
    Ok(vec![
        ratio("mean", mean_us),
        ratio("999 of 1000", figures.p999_us),
    ])
}

/// Seven joints under a driver, and drives that follow at once.
struct Group {
    core: Driver,
    now: Stamp,
    command: Command,
    frame: DriveStatus,
    actuator: Actuator,
}

impl Group {
    fn new() -> Result<Self> {
        let names: Vec<String> = (0..JOINTS).map(|i| format!("joint_{i}")).collect();
        let limits = JointLimits::new((-3.0, 3.0), 3.0, 20.0, 500.0, 400.0)?;
        let described = |name: &String| JointDescription {
            name: name.clone(),
            kind: JointKind::Revolute,
            limits,
            drivetrain: Drivetrain::default(),
        };
        let actuator = Actuator {
            torque_constant: 0.12,
            gear_ratio: 101.0,
            efficiency: 0.8,
            rotor_inertia: 1e-4,
            ticks_per_unit: COUNTS / TAU,
            direction: Direction::Same,
            offset: 0.0,
            current_limit_a: 60.0,
        };
        let notch = Notch {
            frequency_hz: 80.0,
            width_hz: 20.0,
            depth: 0.9,
        };
        let params = JointParams {
            actuator,
            counting: Counting::MultiTurn,
            closes: Closes::Current,
            friction: Friction {
                coulomb: 6.0,
                viscous: 5.0,
                full_speed: 0.01,
            },
            load_inertia: 0.0,
            gains: Gains {
                notch: Some(notch),
                ..Gains::for_rate(500.0)
            },
            following_limit: 0.1,
            near_tolerance: 0.05,
            winding_limit_degc: 110.0,
            voltage_window_v: [36.0, 60.0],
        };
        let group = GroupDescription {
            name: GroupName::new("arm")?,
            joints: names.iter().map(described).collect(),
            rate_hz: 500.0,
            capabilities: Capabilities::default(),
            backend: "bench".to_owned(),
        };
        let model = Model::from_urdf_str(&chain(&names)?)?;
        let dynamics = Dynamics::new(model, &group)?;
        let config = Config::new(DriverParams {
            group,
            joints: vec![params; JOINTS],
            transmission: Transmission::direct(),
            command_timeout: DriverParams::COMMAND_TIMEOUT,
            bus_timeout: DriverParams::BUS_TIMEOUT,
        })?;
        let zeros = JointVec::zeros(JOINTS);
        Ok(Self {
            core: Driver::new(config, Some(dynamics)),
            now: Stamp::from_millis(1000),
            command: Command {
                mode: CommandMode::Track,
                setpoint: Setpoint {
                    position: zeros,
                    velocity: zeros,
                    acceleration: zeros,
                    ..Setpoint::default()
                },
            },
            frame: DriveStatus {
                current_a: zeros,
                winding_degc: JointVec::from_fn(JOINTS, |_| 40.0),
                voltage_v: JointVec::from_fn(JOINTS, |_| 48.0),
                fault: std::iter::repeat_n(None, JOINTS).collect(),
                position_ticks: std::iter::repeat_n(Ticks(0), JOINTS).collect(),
                ..DriveStatus::default()
            },
            actuator,
        })
    }

    /// What the next tick is given: a swing of each joint at its own frequency.
    fn prepare(&mut self, k: i64) {
        self.now = self.now + PERIOD;
        let t = PERIOD.as_secs_f64() * k as f64;
        let swing = |i: usize| {
            let omega = TAU * (0.2 + 0.05 * i as f64);
            let (sine, cosine) = (omega * t).sin_cos();
            // Eased in, so that it starts at rest.
            let share = 0.5 * (t / 2.0).min(1.0).powi(3);
            [
                share * sine,
                share * omega * cosine,
                -share * omega * omega * sine,
            ]
        };
        let setpoint = &mut self.command.setpoint;
        setpoint.tag = StreamTag {
            stamp: self.now,
            epoch: Epoch(1),
            seq: k as u64,
            valid_for: Duration::from_millis(50),
            ..StreamTag::default()
        };
        for i in 0..JOINTS {
            [
                setpoint.position[i],
                setpoint.velocity[i],
                setpoint.acceleration[i],
            ] = swing(i);
            let ticks = self.actuator.ticks(setpoint.position[i]).round();
            self.frame.position_ticks[i] = Ticks(ticks as i64);
        }
        self.frame.stamp = self.now;
        self.frame.cycle = k as u64;
        self.frame.enabled = k > 2;
    }

    /// What is timed.
    fn tick(&mut self) {
        self.core.handle(self.now, Input::Command(self.command));
        self.core.handle(self.now, Input::Bus(self.frame.clone()));
        while let Some(output) = self.core.poll() {
            if let Output::Bus(answer) = output {
                self.frame.current_a = answer.current_a;
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    fn time_ns(&mut self) -> u64 {
        let start = Instant::now();
        self.tick();
        u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Has `each` called for every tick of a swing.
    fn run(mut self, mut each: impl FnMut(&mut Self, i64)) -> Result<()> {
        // The drives say where they are before anyone commands them.
        self.core.handle(
            self.now,
            Input::Bus(DriveStatus {
                stamp: self.now,
                ..self.frame.clone()
            }),
        );
        while self.core.poll().is_some() {}
        for k in 1..=TICKS {
            self.prepare(k);
            each(&mut self, k);
        }
        ensure!(self.core.mode() == DriveMode::Enabled, "{:?}", self.core.mode());
        Ok(())
    }
}

/// Links of 3 kg, half a metre each, that turn about y and z by turns.
fn chain(names: &[String]) -> Result<String> {
    let mut urdf = r#"<robot name="chain"><link name="link_0"/>"#.to_owned();
    for (i, name) in names.iter().enumerate() {
        let axis = if i % 2 == 0 { "0 0 1" } else { "0 1 0" };
        let at = if i == 0 { "0" } else { "0.25" };
        write!(
            urdf,
            r#"<link name="link_{}"><inertial><origin xyz="0.12 0 0"/><mass value="2"/>
               <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.02"/></inertial></link>
               <joint name="{name}" type="revolute"><parent link="link_{i}"/><child link="link_{}"/>
               <origin xyz="{at} 0 0"/><axis xyz="{axis}"/>
               <limit lower="-3" upper="3" velocity="3" effort="400"/></joint>"#,
            i + 1,
            i + 1
        )?;
    }
    urdf.push_str("</robot>");
    Ok(urdf)
}
