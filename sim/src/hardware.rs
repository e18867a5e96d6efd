//! The hardware as a driver sees it: buses that cycle, frames that drives send and take.
//!
//! Time goes in physical steps of 1 ms on a grid of whole milliseconds. On each bus cycle the drives sample themselves
//! into one [`DriveStatus`]; the [`DriveCommand`] that answers it works from the moment it is handed in.

use crate::error::SimError;
use crate::plant::{PERIOD, Plant};
use crate::servo::catalog::ServoCatalog;
use crate::servo::drive as servo_drive;
use crate::wiring::Wiring;
use servomesh_driver::bus::{DriveCommand, DriveStatus, Ticks};
use servomesh_robot::Model;
use servomesh_types::{GroupName, JointVec, Stamp};
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
}

#[derive(Clone, Debug)]
struct BusState {
    period: Duration,
    /// Indices into the plant's joints, in the bus's order.
    joints: Vec<usize>,
    cycle: u64,
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
                },
            );
        }
        plant.place(&positions)?;
        plant.set_watchdog(wiring.watchdog());
        let grid = PERIOD.as_nanos() as i64;
        let origin = Stamp::from_nanos(origin.as_nanos().div_euclid(grid) * grid);
        Ok(Self {
            plant,
            origin,
            buses,
            frames: VecDeque::new(),
        })
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
        self.plant.step(PERIOD);
        let now = self.now();
        for (name, bus) in &mut self.buses {
            if is_due(now, bus.period, SAMPLE_PHASE) {
                bus.cycle += 1;
                self.frames.push_back((*name, bus.sample(&self.plant, now)));
            }
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
        let Some(bus) = self.buses.get(&group) else {
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
        for (i, joint) in bus.joints.iter().enumerate() {
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
    fn sample(&self, plant: &Plant, stamp: Stamp) -> DriveStatus {
        let states = || self.joints.iter().map(|joint| plant.drive(*joint));
        let of = |read: fn(&servo_drive::DriveState) -> f64| {
            JointVec::from_fn(self.joints.len(), |i| read(&plant.drive(self.joints[i])))
        };
        DriveStatus {
            stamp,
            cycle: self.cycle,
            enabled: states().all(|state| state.enabled),
            position_ticks: states().map(|state| Ticks(state.ticks.0)).collect(),
            current_a: of(|state| state.current_a),
            winding_degc: of(|state| state.winding_degc),
            fault: states().map(|state| state.fault).collect(),
        }
    }
}

/// Whether a cycle begins at `now`.
fn is_due(now: Stamp, period: Duration, phase: Duration) -> bool {
    let period = period.as_nanos() as i64;
    (now.as_nanos() - phase.as_nanos() as i64).rem_euclid(period) == 0
}

/// Setpoints are born on even milliseconds; drives sample on odd ones.
const SAMPLE_PHASE: Duration = PERIOD;
