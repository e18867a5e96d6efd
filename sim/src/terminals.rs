//! The terminals of a motor: where an electronics of its own drives it, such as a servo's behind a byte bus, while the rest of the
//! machine is driven by frames.
//!
//! Decides who has the motor: the electronics as long as it drives, else the frames of the joint's bus. What it is told acts in the next
//! physical step; what it sees is the state after the last one. [`Hardware::terminals`](crate::Hardware::terminals) connects it.
//!
//! **Invariant:** an electronics that stops driving leaves the motor off, and one that begins acknowledges what the drive had latched before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::plant::Plant;
use crate::servo::catalog::ServoParameters;
use crate::servo::drive::{DriveCommand, DriveState};

/// The terminals of one motor. Clones are the same.
#[derive(Clone, Debug)]
pub struct Terminals {
    servo: ServoParameters,
    rotary: bool,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    supply: Supply,
    /// No step has shown yet what comes of driving.
    begins: bool,
    seen: Seen,
}

/// What the electronics puts on the terminals.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Supply {
    Off,
    Current(f64),
    Duty(f64),
}

/// What the electronics sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Encoder, current, voltage, temperatures, and whether the motor is driven.
    pub drive: DriveState,
    /// Of the joint \[rad/s, m/s\].
    pub velocity: f64,
}

impl Terminals {
    /// What the motor did in the last step. An electronics that begins to drive has its motor driven, however late the next step comes,
    /// until a step shows that it is not.
    pub fn seen(&self) -> Seen {
        let shared = self.lock();
        let mut seen = shared.seen;
        seen.drive.enabled |= shared.begins;
        seen
    }

    /// Leaves the motor without torque; frames may drive it.
    pub fn switch_off(&self) {
        self.supply(Supply::Off);
    }

    /// Drives a current \[A\], held within what motor and supply allow.
    ///
    /// # Panics
    /// If it is not finite.
    pub fn drive_current(&self, current_a: f64) {
        assert!(current_a.is_finite(), "an electronics drives {current_a} A");
        self.supply(Supply::Current(current_a));
    }

    /// Drives a share of the supply's voltage, −1 to 1; 0 shorts the winding.
    ///
    /// # Panics
    /// If it is not finite.
    pub fn drive_duty(&self, duty: f64) {
        assert!(duty.is_finite(), "an electronics drives a share of {duty}");
        self.supply(Supply::Duty(duty));
    }

    /// What the servo is made of.
    pub fn servo(&self) -> &ServoParameters {
        &self.servo
    }

    /// Whether its joint turns.
    pub fn is_rotary(&self) -> bool {
        self.rotary
    }

    fn supply(&self, supply: Supply) {
        let mut shared = self.lock();
        let drives = supply != Supply::Off;
        shared.begins = drives && (shared.begins || shared.supply == Supply::Off);
        shared.supply = supply;
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // The fields are written whole: who panicked with the lock left good ones.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The machine's end of terminals.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    joint: usize,
    terminals: Terminals,
    /// The electronics drove in the last step.
    drives: bool,
}

impl Connection {
    /// Connects the terminals of a joint.
    pub(crate) fn new(plant: &Plant, joint: usize) -> Self {
        let terminals = Terminals {
            servo: *plant.servo(joint),
            rotary: plant.model().joints()[joint].kind.is_rotary(),
            shared: Arc::new(Mutex::new(Shared {
                supply: Supply::Off,
                begins: false,
                seen: see(plant, joint),
            })),
        };
        Self {
            joint,
            terminals,
            drives: false,
        }
    }

    pub(crate) fn terminals(&self) -> &Terminals {
        &self.terminals
    }

    pub(crate) fn joint(&self) -> usize {
        self.joint
    }

    /// Whether the electronics has the motor.
    pub(crate) fn drives(&self) -> bool {
        self.drives
    }

    /// Hands what the electronics wants to the motor.
    pub(crate) fn supply(&mut self, plant: &mut Plant) {
        let supply = self.terminals.lock().supply;
        let drives = supply != Supply::Off;
        let acknowledged = if drives == self.drives {
            Ok(())
        } else {
            plant.set_drive(self.joint, OFF)
        };
        self.drives = drives;
        let told = match supply {
            Supply::Off => Ok(()),
            Supply::Current(current_a) => {
                let enable = true;
                plant.set_drive(self.joint, DriveCommand { enable, current_a })
            }
            Supply::Duty(duty) => plant.set_drive_duty(self.joint, duty),
        };
        acknowledged
            .and(told)
            .expect("what is put on terminals is finite");
    }

    /// Shows the electronics what came of it.
    pub(crate) fn show(&self, plant: &Plant) {
        let mut shared = self.terminals.lock();
        shared.seen = see(plant, self.joint);
        shared.begins &= !self.drives;
    }
}

fn see(plant: &Plant, joint: usize) -> Seen {
    Seen {
        drive: plant.drive(joint),
        velocity: plant.velocities()[joint],
    }
}

const OFF: DriveCommand = DriveCommand {
    enable: false,
    current_a: 0.0,
};

#[cfg(test)]
mod tests {
    use crate::{Hardware, ServoCatalog, Wiring};
    use servomesh_driver::bus::DriveCommand;
    use servomesh_robot::Model;
    use servomesh_types::{GroupName, Stamp};

    fn cell() -> Hardware {
        let model = Model::from_urdf_str(include_str!("../../launch/robots/cell.urdf")).expect("the cell");
        let servos = ServoCatalog::from_yaml_str(include_str!("../../launch/robots/cell.servos.yaml"));
        let wiring = Wiring::from_yaml_str(include_str!("../../launch/robots/cell.wiring.yaml"));
        let (servos, wiring) = (servos.expect("its servos"), wiring.expect("its wiring"));
        Hardware::new(&model, &servos, &wiring, Stamp::ZERO).expect("they fit")
    }

    fn frame(current_a: f64) -> (GroupName, DriveCommand) {
        let command = DriveCommand {
            enable: true,
            current_a: [current_a].into(),
            ..DriveCommand::default()
        };
        (GroupName::new("conveyor").expect("a name"), command)
    }

    #[test]
    fn who_drives_at_the_terminals_has_the_motor_and_frames_have_it_else() {
        let mut hardware = cell();
        let terminals = hardware.terminals("conveyor_belt_joint").expect("a joint");
        let (group, forward) = frame(1.5);
        let run = |hardware: &mut Hardware, steps| {
            for _ in 0..steps {
                hardware.command(group, &forward).expect("a frame");
                hardware.step();
            }
            terminals.seen().velocity
        };
        assert!(run(&mut hardware, 200) > 0.05, "frames drive it forwards");
        terminals.drive_current(-1.5);
        assert!(
            run(&mut hardware, 400) < -0.05,
            "its own electronics drives it backwards"
        );
        terminals.switch_off();
        assert!(run(&mut hardware, 400) > 0.05, "frames have it again");
    }

    #[test]
    fn an_electronics_that_begins_to_drive_acknowledges_what_the_drive_had_latched() {
        let mut hardware = cell();
        let terminals = hardware.terminals("conveyor_belt_joint").expect("a joint");
        let (group, forward) = frame(1.5);
        hardware.command(group, &forward).expect("a frame");
        (0..500).for_each(|_| hardware.step());
        assert!(terminals.seen().drive.fault.is_some(), "its watchdog tripped");
        terminals.drive_duty(0.3);
        (0..200).for_each(|_| hardware.step());
        let seen = terminals.seen();
        assert!(seen.drive.fault.is_none() && seen.velocity > 0.05, "{seen:?}");
    }

    #[test]
    fn an_electronics_that_begins_to_drive_is_not_told_otherwise_until_the_next_step() {
        let mut hardware = cell();
        let terminals = hardware.terminals("conveyor_belt_joint").expect("a joint");
        let drives = || terminals.seen().drive.enabled;
        hardware.step();
        assert!(!drives(), "nobody drives it");
        terminals.drive_duty(0.3);
        assert!(drives(), "no step has come");
        hardware.step();
        assert!(drives(), "the step has shown it");
        terminals.switch_off();
        hardware.step();
        assert!(!drives(), "it was told to be off");
        terminals.drive_duty(0.3);
        terminals.switch_off();
        assert!(!drives(), "it was told to be off before a step came");
    }

    #[test]
    fn a_joint_has_one_pair_of_terminals() {
        let mut hardware = cell();
        assert!(hardware.terminals("tail").is_err());
        hardware.terminals("elbow_joint").expect("a joint");
        let error = hardware.terminals("elbow_joint").expect_err("taken").to_string();
        assert!(error.contains("elbow_joint"), "{error}");
    }
}
