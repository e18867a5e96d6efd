//! The hardware as a driver sees it: buses that cycle, frames that drives send and take.
//!
//! Time goes in physical steps of 1 ms on a grid of whole milliseconds. On each bus cycle the drives sample themselves
//! into one [`DriveStatus`]; the [`DriveCommand`] that answers it works from the moment it is handed in. A frame that a fault swallows is
//! neither; so is one that a silent drive should have been part of.

use crate::error::SimError;
use crate::faults::{Active, Fault, FaultId, Kind, Target};
use crate::plant::{PERIOD, Plant};
use crate::servo::catalog::ServoCatalog;
use crate::servo::drive as servo_drive;
use crate::terminals::{Connection, Terminals};
use crate::wiring::Wiring;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_driver::bus::{ACTS_PHASE, DriveCommand, DriveStatus, Ticks};
use servomesh_robot::Model;
use servomesh_types::{GroupName, JointSet, JointVec, Stamp};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The drives of a cell behind their buses, and the machine that they move.
#[derive(Clone, Debug)]
pub struct Hardware {
    plant: Plant,
    /// What the plant's time zero is in ROS time.
    origin: Stamp,
    buses: BTreeMap<GroupName, BusState>,
    frames: VecDeque<(GroupName, DriveStatus)>,
    /// Motors that have an electronics of their own.
    connections: Vec<Connection>,
}

#[derive(Clone, Debug)]
struct BusState {
    period: Duration,
    /// Indices into the plant's joints, in the bus's order.
    joints: Vec<usize>,
    cycle: u64,
    /// Cycles that are still to be swallowed in a row.
    burst: u64,
    lost: u64,
    random: ChaCha8Rng,
}

impl Hardware {
    /// The cell at rest, at the wiring's start positions. Its time begins at `origin`, rounded down to a whole millisecond.
    ///
    /// # Errors
    /// A joint of the wiring is not in the model, has no servo, or is on two buses.
    pub fn new(
        model: &Model,
        servos: &ServoCatalog,
        wiring: &Wiring,
        origin: Stamp,
    ) -> Result<Self, SimError> {
        let mut plant = Plant::new(model, servos)?;
        let mut positions = plant.positions().to_vec();
        let mut taken = vec![None; positions.len()];
        let mut buses = BTreeMap::new();
        for (name, bus) in wiring.buses() {
            let mut joints = Vec::new();
            for joint in &bus.joints {
                let index = model.joint_index(&joint.name)?;
                if let Some(other) = taken[index].replace(name) {
                    return Err(SimError::TwoBuses {
                        joint: joint.name.clone(),
                        buses: [other, name],
                    });
                }
                positions[index] = joint.start;
                joints.push(index);
            }
            buses.insert(
                name,
                BusState {
                    period: bus.period,
                    joints,
                    cycle: 0,
                    burst: 0,
                    lost: 0,
                    random: ChaCha8Rng::seed_from_u64(0),
                },
            );
        }
        plant.place(&positions)?;
        plant.set_watchdog(wiring.watchdog());
        let grid = PERIOD.as_nanos() as i64;
        let origin = Stamp::from_nanos(origin.as_nanos().div_euclid(grid) * grid);
        let mut hardware = Self {
            plant,
            origin,
            buses,
            frames: VecDeque::new(),
            connections: Vec::new(),
        };
        hardware.set_seed(0);
        Ok(hardware)
    }

    /// Seeds what is random in the hardware: noise of encoders, loss of frames; 0 unless set.
    pub fn set_seed(&mut self, seed: u64) {
        self.plant.set_seed(seed);
        for (stream, bus) in (BUS_STREAMS..).zip(self.buses.values_mut()) {
            bus.random = ChaCha8Rng::seed_from_u64(seed);
            bus.random.set_stream(stream);
        }
    }

    /// Connects an electronics of its own to the motor of a joint, whether or not the joint is on a bus too.
    ///
    /// # Errors
    /// The machine has no such joint, or its motor has one already.
    pub fn terminals(&mut self, joint: &str) -> Result<Terminals, SimError> {
        let index = self.plant.model().joint_index(joint)?;
        if self.connections.iter().any(|other| other.joint() == index) {
            return Err(SimError::Connected {
                joint: joint.to_owned(),
            });
        }
        let connection = Connection::new(&self.plant, index);
        let terminals = connection.terminals().clone();
        self.connections.push(connection);
        Ok(terminals)
    }

    /// Breaks something, for `lasting` of simulated time, or until it is repaired.
    ///
    /// # Errors
    /// There is no such target, or the figure is out of range; the message says what is possible.
    pub fn inject(&mut self, fault: Fault, lasting: Option<Duration>) -> Result<FaultId, SimError> {
        if fault.kind.about().target != Target::GroupOrAll {
            return self.plant.inject(fault, lasting);
        }
        fault.check()?;
        let concerns = |name: &GroupName| fault.target.is_empty() || fault.target == name.as_str();
        if !self.buses.keys().any(concerns) {
            let known: Vec<&str> = self.buses.keys().map(GroupName::as_str).collect();
            return Err(SimError::NoTarget {
                kind: fault.kind.about().name,
                target: fault.target.clone(),
                known: known.join(", "),
            });
        }
        if fault.kind == Kind::FrameBurst {
            for (_, bus) in self.buses.iter_mut().filter(|(name, _)| concerns(name)) {
                bus.burst = bus.burst.max(fault.value as u64);
            }
        }
        Ok(self.plant.take_up(fault, lasting))
    }

    /// Repairs one fault; whether it was there.
    pub fn clear(&mut self, id: FaultId) -> bool {
        let cleared = self.plant.clear(id);
        self.end_bursts();
        cleared
    }

    /// Repairs all faults of a target, or all there are if it is empty; says how many.
    pub fn clear_at(&mut self, target: &str) -> usize {
        let count = self.plant.clear_at(target);
        self.end_bursts();
        count
    }

    /// What is broken, oldest first.
    pub fn faults(&self) -> &[Active] {
        self.plant.faults()
    }

    /// How many frames of a group's bus got lost by faults, in both directions.
    pub fn frames_lost(&self, group: GroupName) -> u64 {
        self.buses.get(&group).map_or(0, |bus| bus.lost)
    }

    /// Ends the bursts that were repaired or have lasted long enough, and strikes those off the list that are over.
    fn end_bursts(&mut self) {
        for (name, bus) in &mut self.buses {
            if bus.burst > 0 && !self.plant.has_burst(name.as_str()) {
                bus.burst = 0;
            }
        }
        let buses = &self.buses;
        self.plant.end_bursts(|target| {
            let concerned = buses
                .iter()
                .filter(|(name, _)| target.is_empty() || target == name.as_str());
            concerned.map(|(_, bus)| bus.burst).sum::<u64>() == 0
        });
    }

    /// ROS time of the machine.
    pub fn now(&self) -> Stamp {
        self.origin + self.plant.now().since(Stamp::ZERO)
    }

    /// Lets time pass without the machine: the wall clock went on and the simulation could not.
    pub fn skip_to(&mut self, now: Stamp) {
        let grid = PERIOD.as_nanos() as i64;
        let behind = now.as_nanos().saturating_sub(self.now().as_nanos()).max(0);
        self.origin = self.origin + Duration::from_nanos((behind / grid * grid).unsigned_abs());
    }

    /// Moves the machine on by one physical step; frames that are due then wait in [`poll`](Self::poll).
    pub fn step(&mut self) {
        for connection in &mut self.connections {
            connection.supply(&mut self.plant);
        }
        self.plant.step(PERIOD);
        for connection in &self.connections {
            connection.show(&self.plant);
        }
        let now = self.now();
        let mut bursts = false;
        for (name, bus) in &mut self.buses {
            if is_due(now, bus.period, SAMPLE_PHASE) {
                bus.cycle += 1;
                let silent = bus
                    .joints
                    .iter()
                    .any(|joint| self.plant.conditions(*joint).silent);
                let lost = bus.loses(&self.plant, *name);
                if !silent && !lost {
                    self.frames.push_back((*name, bus.sample(&self.plant, now)));
                }
                bursts |= bus.burst > 0;
                bus.burst = bus.burst.saturating_sub(1);
            }
        }
        if bursts {
            self.end_bursts();
        }
    }

    /// The next frame from the drives.
    pub fn poll(&mut self) -> Option<(GroupName, DriveStatus)> {
        self.frames.pop_front()
    }

    /// Takes a frame for the drives of a group.
    ///
    /// # Errors
    /// A current is not finite, or there is not one for each joint: the drives don't hear of it.
    pub fn command(&mut self, group: GroupName, command: &DriveCommand) -> Result<(), SimError> {
        let Some(bus) = self.buses.get_mut(&group) else {
            return Err(SimError::NoBus { group });
        };
        let got = command.current_a.len();
        if command.enable && got != bus.joints.len() {
            return Err(SimError::FrameSize {
                group,
                got,
                expected: bus.joints.len(),
            });
        }
        if bus.loses(&self.plant, group) {
            return Ok(());
        }
        for (i, joint) in bus.joints.iter().enumerate() {
            let mut others = self.connections.iter();
            if others.any(|other| other.drives() && other.joint() == *joint) {
                continue;
            }
            if command.clear_faults {
                let off = servo_drive::DriveCommand {
                    enable: false,
                    current_a: 0.0,
                };
                self.plant.set_drive(*joint, off)?;
            }
            let current_a = if command.enable { command.current_a[i] } else { 0.0 };
            self.plant.set_drive(
                *joint,
                servo_drive::DriveCommand {
                    enable: command.enable,
                    current_a,
                },
            )?;
        }
        Ok(())
    }

    /// The buses, by name.
    pub fn buses(&self) -> impl Iterator<Item = GroupName> {
        self.buses.keys().copied()
    }

    /// The machine, for ground truth.
    pub fn plant(&self) -> &Plant {
        &self.plant
    }

    /// The machine, to put obstacles in its way or loads on it.
    pub fn plant_mut(&mut self) -> &mut Plant {
        &mut self.plant
    }
}

impl BusState {
    /// Whether a frame gets lost now.
    fn loses(&mut self, plant: &Plant, group: GroupName) -> bool {
        let share = plant.frame_loss(group.as_str());
        let lost = self.burst > 0 || (share > 0.0 && self.random.random::<f64>() < share);
        self.lost += u64::from(lost);
        lost
    }

    fn sample(&self, plant: &Plant, stamp: Stamp) -> DriveStatus {
        let states = || self.joints.iter().map(|joint| plant.drive(*joint));
        let of = |read: fn(&servo_drive::DriveState) -> f64| {
            JointVec::from_fn(self.joints.len(), |i| read(&plant.drive(self.joints[i])))
        };
        let mut without_torque = JointSet::EMPTY;
        for (joint, state) in states().enumerate() {
            if !state.enabled {
                without_torque.insert(joint);
            }
        }
        DriveStatus {
            stamp,
            acts: Some(stamp),
            cycle: self.cycle,
            enabled: states().all(|state| state.enabled),
            without_torque,
            voltage_v: of(|state| state.bus_voltage_v),
            position_ticks: states().map(|state| Ticks(state.ticks.0)).collect(),
            current_a: of(|state| state.current_a),
            winding_degc: of(|state| state.winding_degc),
            fault: states().map(|state| state.fault).collect(),
            ..DriveStatus::default()
        }
    }
}

/// Whether a cycle begins at `now`.
fn is_due(now: Stamp, period: Duration, phase: Duration) -> bool {
    let period = period.as_nanos() as i64;
    (now.as_nanos() - phase.as_nanos() as i64).rem_euclid(period) == 0
}

/// Beyond the streams of the encoders.
const BUS_STREAMS: u64 = 1 << 32;

/// Drives sample themselves where the answer to that is to act: it works from the step after the sample on.
const SAMPLE_PHASE: Duration = ACTS_PHASE;
