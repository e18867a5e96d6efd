//! The joints of a simulated machine as motors behind devices.
//!
//! Decides when the machine moves: it goes on by a millisecond as soon as one of its motors does, with what the others were told last. Whoever runs
//! several buses goes on with all of them before the next millisecond. What is not behind a device stays off, and is held by its brake if it has one.
//!
//! **Invariant:** motors of one machine share one time; with the same calls in the same order it moves alike.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use servomesh_sim::plant::PERIOD;
use servomesh_sim::{DriveCommand, Plant, SimError};
use servomesh_types::Stamp;

use super::{Motor, MotorCommand, MotorState, Mounting};

/// A machine whose joints can be put behind devices. Clones are the same machine.
#[derive(Clone, Debug)]
pub struct Machine(Arc<Mutex<Shared>>);

#[derive(Debug)]
struct Shared {
    plant: Plant,
    /// When the plant began; unset until a motor has been asked.
    origin: Option<Stamp>,
    commands: Vec<MotorCommand>,
}

/// A joint of a machine, with the servo that moves it.
#[derive(Clone, Debug)]
pub struct JointMotor {
    machine: Machine,
    joint: usize,
    /// How far the output turns for each unit of the joint (1, rad/m).
    ratio: f64,
}

impl Machine {
    /// A machine that stands where the plant does.
    pub fn new(plant: Plant) -> Self {
        let commands = vec![MotorCommand::Off; plant.positions().len()];
        Self(Arc::new(Mutex::new(Shared {
            plant,
            origin: None,
            commands,
        })))
    }

    /// The motor of a joint, by its name in the model. `ratio` is how far the servo's output turns for each unit of the joint: 1 where it sits on
    /// the joint's axis, 1 over the radius \[1/m\] of the pinion that moves a slide.
    ///
    /// # Errors
    /// The machine has no such joint.
    pub fn motor(&self, joint: &str, ratio: f64) -> Result<JointMotor, SimError> {
        let joint = self.lock().plant.model().joint_index(joint)?;
        Ok(JointMotor {
            machine: self.clone(),
            joint,
            ratio,
        })
    }

    /// Looks at the machine, for ground truth.
    pub fn look<T>(&self, at: impl FnOnce(&Plant) -> T) -> T {
        at(&self.lock().plant)
    }

    /// Changes the machine: faults, loads, obstacles.
    pub fn change<T>(&self, what: impl FnOnce(&mut Plant) -> T) -> T {
        what(&mut self.lock().plant)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A step either is taken or not: who panicked with the lock left a machine that can go on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn advance_to(&mut self, now: Stamp) {
        let began = self.plant.now();
        let origin = *self.origin.get_or_insert(now - began.since(Stamp::ZERO));
        while origin + (self.plant.now().since(Stamp::ZERO) + PERIOD) <= now {
            for (joint, command) in self.commands.iter().enumerate() {
                let told = match *command {
                    MotorCommand::Off => self.plant.set_drive(joint, OFF),
                    MotorCommand::Current(current_a) => {
                        let enable = true;
                        self.plant.set_drive(joint, DriveCommand { enable, current_a })
                    }
                    MotorCommand::Duty(duty) => self.plant.set_drive_duty(joint, duty),
                };
                told.expect("commands that are not finite are not kept");
            }
            self.plant.step(PERIOD);
        }
    }
}

impl Motor for JointMotor {
    fn state(&mut self, now: Stamp) -> MotorState {
        let mut shared = self.machine.lock();
        shared.advance_to(now);
        let plant = &shared.plant;
        let mounting = Mounting {
            rotary: plant.model().joints()[self.joint].kind.is_rotary(),
            ratio: self.ratio,
        };
        let velocity = plant.velocities()[self.joint];
        MotorState::of(
            &plant.drive(self.joint),
            velocity,
            plant.servo(self.joint),
            mounting,
        )
    }

    fn command(&mut self, _now: Stamp, command: MotorCommand) {
        assert!(command.is_finite(), "a device drives with {command:?}");
        self.machine.lock().commands[self.joint] = command;
    }
}

const OFF: DriveCommand = DriveCommand {
    enable: false,
    current_a: 0.0,
};

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_robot::Model;
    use servomesh_sim::ServoCatalog;

    fn cell() -> Machine {
        let model =
            Model::from_urdf_str(include_str!("../../../../launch/robots/cell.urdf")).expect("the cell");
        let servos = include_str!("../../../../launch/robots/cell.servos.yaml");
        let servos = ServoCatalog::from_yaml_str(servos).expect("its servos");
        Machine::new(Plant::new(&model, &servos).expect("a machine"))
    }

    #[test]
    fn motors_of_one_machine_share_its_time() {
        let machine = cell();
        let mut belt = machine.motor("conveyor_belt_joint", 50.0).expect("a belt");
        let mut pan = machine.motor("shoulder_pan_joint", 1.0).expect("a joint");
        for step in 0..500 {
            let now = Stamp::from_millis(1_000_000 + step);
            let (before, _) = (belt.state(now), pan.state(now));
            belt.command(now, MotorCommand::Current(1.5));
            pan.command(now, MotorCommand::Duty(0.05));
            assert_eq!(before.drives, step > 0);
        }
        assert_eq!(machine.look(Plant::now), Stamp::from_millis(499));
        let now = Stamp::from_millis(1_000_499);
        let (belt, pan) = (belt.state(now), pan.state(now));
        let truth = machine.look(|plant| plant.velocities().to_vec());
        let (index, _) = truth
            .iter()
            .enumerate()
            .find(|(_, velocity)| (50.0 * **velocity - belt.velocity).abs() < 1e-9)
            .expect("the belt's velocity is there");
        assert!(truth[index] > 0.1, "{belt:?}");
        assert!(pan.velocity > 0.01, "{pan:?}");
    }

    #[test]
    fn a_joint_that_is_not_there_is_named() {
        let error = cell().motor("knee_joint", 1.0).unwrap_err().to_string();
        assert!(error.contains("knee_joint"), "{error}");
    }
}
