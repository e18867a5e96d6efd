//! How the parts of a cell die and start.

use super::cell::Cell;
use super::files::{CellFiles, FilesError};
use super::network::Delivery;
use super::parts::{Address, Message, Part};
use servomesh_estimator::{Config as EstimatorConfig, Estimator, Settings};
use servomesh_robot::Model;
use servomesh_safety::{Config as SafetyConfig, Safety};
use servomesh_trajectory::{Config as TrajectoryConfig, Trajectory};

impl Cell {
    /// Ends a part at once, as SIGKILL does. What is on its way to it is lost.
    pub fn kill(&mut self, part: Part) {
        match part {
            Part::Trajectory => self.trajectory = None,
            Part::Safety => {
                self.safety = None;
                self.latched_safety = None;
            }
            Part::Estimator => self.estimator = None,
            Part::Driver(group) => {
                self.drivers.insert(group, None);
                self.wired.remove(&group);
            }
        }
        self.mail.retain(|_, (to, _)| *to != Address::Part(part));
    }

    /// Starts a part afresh; it hears what is latched.
    ///
    /// # Errors
    /// The cell's files, or the estimator's parameters, don't fit each other.
    pub fn start(&mut self, part: Part) -> Result<(), FilesError> {
        match part {
            Part::Trajectory => {
                let robot = self.files.robot()?;
                self.trajectory = Some(Trajectory::new(TrajectoryConfig::default()).with_robot(Some(robot)));
            }
            Part::Safety => {
                let setup = self.files.safety.clone();
                self.safety = Some(Safety::new(SafetyConfig::default()).with_setup(setup));
            }
            Part::Estimator => {
                let (settings, model) = &self.estimator_setup;
                let config = EstimatorConfig::new(settings)?;
                let estimator = Estimator::new(config, Some(model.clone()));
                self.estimator = Some(estimator.with_tools(&CellFiles::tools())?);
            }
            Part::Driver(group) => {
                let driver = self.files.driver(group)?;
                let description = driver.config().group().clone();
                self.wired.remove(&group);
                self.drivers.insert(group, Some(driver));
                self.announce(&description);
                return Ok(());
            }
        }
        for description in self.descriptions() {
            self.send(part, Delivery::Reliable, Message::Description(description));
        }
        if let (Part::Trajectory, Some(state)) = (part, self.latched_safety.clone()) {
            self.send(part, Delivery::Reliable, Message::Safety(state));
        }
        Ok(())
    }

    /// Starts the estimator afresh, with these parameters and this idea of the robot.
    ///
    /// # Errors
    /// A parameter is out of its range.
    pub fn restart_estimator(&mut self, settings: Settings, robot: Model) -> Result<(), FilesError> {
        self.estimator_setup = (settings, robot);
        self.start(Part::Estimator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::NetworkConfig;
    use std::time::Duration;

    #[test]
    fn what_is_on_its_way_to_a_part_that_dies_is_lost_and_nothing_else() {
        let files = CellFiles::default_cell().expect("sound");
        let slow = NetworkConfig {
            delay: Duration::from_millis(20),
            ..NetworkConfig::default()
        };
        let mut cell = Cell::new(&files, slow, 1).expect("they fit");
        cell.run_for(Duration::from_millis(100));
        let on_their_way = |cell: &Cell, part| {
            let to = cell.mail.values().map(|(to, _)| *to);
            to.filter(|to| *to == Address::Part(part)).count()
        };
        let others = on_their_way(&cell, Part::Safety);
        assert!(on_their_way(&cell, Part::Estimator) > 0 && others > 0);
        cell.kill(Part::Estimator);
        assert_eq!(on_their_way(&cell, Part::Estimator), 0);
        assert_eq!(on_their_way(&cell, Part::Safety), others);
    }
}
