//! The core of a group's driver, from the files of its machine.

use servomesh_driver::backends::Backend;
use servomesh_driver::{Config, Driver, DriverParams, Gains, JointFiles, Wanted};
use servomesh_robot::Model;
use servomesh_types::{Capabilities, GroupName};

/// A group of a machine's joints.
pub(crate) struct Group<'a> {
    pub(crate) name: &'a str,
    pub(crate) model: &'a Model,
    /// Texts of the servos file and the limits file.
    pub(crate) files: [&'a str; 2],
    pub(crate) joints: Vec<String>,
    pub(crate) rate_hz: f64,
    pub(crate) capabilities: Capabilities,
    pub(crate) backend: Backend,
    /// Other gains than the default ones.
    pub(crate) gains: Option<Gains>,
}

impl Group<'_> {
    /// The core, and what `bus` makes of the servos file; what the devices close themselves goes into the parameters.
    pub(crate) fn driver<T>(self, bus: impl FnOnce(&str, &mut DriverParams) -> T) -> (Driver, T) {
        let [servos, limits] = self.files;
        let wanted = Wanted {
            name: GroupName::new(self.name).unwrap(),
            joints: self.joints,
            rate_hz: self.rate_hz,
            capabilities: self.capabilities,
            backend: self.backend.name().to_owned(),
        };
        let files = JointFiles::parse(servos, limits).unwrap();
        let (mut params, dynamics) = files.driver(self.model, wanted).unwrap();
        for joint in &mut params.joints {
            joint.gains = self.gains.unwrap_or(joint.gains);
        }
        let bus = bus(servos, &mut params);
        (Driver::new(Config::new(params).unwrap(), Some(dynamics)), bus)
    }
}

/// The names of a model's joints, in its order.
pub(crate) fn names(model: &Model) -> Vec<String> {
    model.joints().iter().map(|joint| joint.name.clone()).collect()
}
