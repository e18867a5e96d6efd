//! A driver with a bus of its own, in place of one that talks in frames: its devices drive the same machine at the motors' terminals.

use super::cell::Cell;
use super::network::Delivery;
use super::parts::{Message, Part};
use servomesh_driver::{Input, Output};
use servomesh_types::{GroupDescription, GroupName, Stamp};

/// A driver with the bus that it owns, in virtual time.
pub trait WiredDriver: Send {
    /// How it announces its group.
    fn description(&self) -> GroupDescription;

    /// Something comes to it from the mesh; never [`Input::Bus`].
    fn handle(&mut self, now: Stamp, input: Input);

    /// Bus and driver go on to `now`. The machine has been there.
    fn advance_to(&mut self, now: Stamp);

    /// When something happens next, on the bus or in the driver.
    fn next_event(&self) -> Stamp;

    /// What it says to the mesh; never [`Output::Bus`].
    fn poll(&mut self) -> Option<Output>;
}

impl Cell {
    /// Starts a driver with a bus of its own, in place of the group's present one: as a process that is started, it announces its group.
    pub fn start_wired(&mut self, driver: Box<dyn WiredDriver>) {
        let description = driver.description();
        let group = description.name;
        self.kill(Part::Driver(group));
        self.wired.insert(group, driver);
        self.announce(&description);
    }

    /// Tells everyone of a group.
    pub(super) fn announce(&mut self, description: &GroupDescription) {
        for listener in [Part::Trajectory, Part::Safety, Part::Estimator] {
            self.send(
                listener,
                Delivery::Reliable,
                Message::Description(description.clone()),
            );
        }
    }

    /// When something happens next at one of them.
    pub(super) fn next_wired_event(&self) -> Option<Stamp> {
        self.wired.values().map(|driver| driver.next_event()).min()
    }

    /// Lets all of them go on to now.
    pub(super) fn advance_wired(&mut self) {
        let groups: Vec<GroupName> = self.wired.keys().copied().collect();
        for group in groups {
            if let Some(driver) = self.wired.get_mut(&group) {
                driver.advance_to(self.now);
            }
            self.drain_wired(group);
        }
    }

    pub(super) fn hand_to_wired(&mut self, group: GroupName, message: Message) {
        let (Some(driver), Message::Command(command)) = (self.wired.get_mut(&group), message) else {
            return;
        };
        driver.handle(self.now, Input::Command(command));
        self.drain_wired(group);
    }

    fn drain_wired(&mut self, group: GroupName) {
        while let Some(output) = self.wired.get_mut(&group).and_then(|driver| driver.poll()) {
            self.take_from_driver(group, output);
        }
    }
}
