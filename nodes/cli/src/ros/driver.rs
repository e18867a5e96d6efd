//! The parameters of a group's driver, by the services that every ROS node has.

use super::cell::{wait, wall};
use crate::tune::{Lists, NAMES};
use anyhow::{Context as _, bail, ensure};
use r2r::rcl_interfaces::msg::{Parameter, ParameterType, ParameterValue};
use r2r::rcl_interfaces::srv::{GetParameters, SetParametersAtomically};
use r2r::{Client, QosProfile};
use servomesh_shell::ros::Io;
use servomesh_types::{GroupDescription, Stamp};
use std::time::Duration;

/// The node that drives a group.
pub(super) struct DriverNode {
    /// Its full name.
    pub(super) name: String,
    get: Client<GetParameters::Service>,
    set: Client<SetParametersAtomically::Service>,
}

impl DriverNode {
    /// The node that announces a group, and nobody else.
    pub(super) fn of(io: &mut Io, group: &str) -> anyhow::Result<Self> {
        let announcers = io.publishers_of(&format!("{group}/description"))?;
        let name = match &announcers[..] {
            [one] => one.clone(),
            [] => bail!("nobody announces group {group}"),
            several => bail!("several nodes announce group {group}: {}", several.join(", ")),
        };
        let services = QosProfile::services_default();
        let (get, set) = (
            format!("{name}/get_parameters"),
            format!("{name}/set_parameters_atomically"),
        );
        Ok(Self {
            get: io.r2r().create_client(&get, services.clone()).context(get)?,
            set: io.r2r().create_client(&set, services).context(set)?,
            name,
        })
    }

    /// The gains that it has now.
    pub(super) fn gains(&self, io: &mut Io, group: &GroupDescription) -> anyhow::Result<Lists> {
        let deadline = wall(io) + PATIENCE;
        self.wait_until_there(io, &self.get, deadline)?;
        let names = NAMES.map(str::to_owned).to_vec();
        let answer = self.get.request(&GetParameters::Request { names })?;
        let answer = wait(io, answer, deadline)
            .with_context(|| format!("{} did not say its gains within {PATIENCE:?}", self.name))??;
        ensure!(
            answer.values.len() == NAMES.len() && answer.values.iter().all(is_list),
            "{} is no driver whose gains are parameters",
            self.name
        );
        let mut values = answer.values.into_iter().map(|value| value.double_array_value);
        let answered = std::array::from_fn(|_| values.next().unwrap_or_default());
        Lists::of_driver(&answered, group.joints.len(), group.rate_hz)
            .with_context(|| format!("node {}", self.name))
    }

    /// Gives it other gains, all at once.
    pub(super) fn set_gains(&self, io: &mut Io, gains: &Lists) -> anyhow::Result<()> {
        let deadline = wall(io) + PATIENCE;
        self.wait_until_there(io, &self.set, deadline)?;
        let parameters = gains
            .iter()
            .map(|(name, numbers)| Parameter {
                name: name.to_owned(),
                value: ParameterValue {
                    type_: LIST,
                    double_array_value: numbers.to_vec(),
                    ..ParameterValue::default()
                },
            })
            .collect();
        let answer = self
            .set
            .request(&SetParametersAtomically::Request { parameters })?;
        let answer = wait(io, answer, deadline)
            .with_context(|| format!("{} did not take the gains within {PATIENCE:?}", self.name))??;
        ensure!(
            answer.result.successful,
            "{} refuses the gains: {}",
            self.name,
            answer.result.reason
        );
        Ok(())
    }

    fn wait_until_there<T: r2r::WrappedServiceTypeSupport + 'static>(
        &self,
        io: &mut Io,
        client: &Client<T>,
        deadline: Stamp,
    ) -> anyhow::Result<()> {
        let offered = r2r::Node::is_available(client)?;
        wait(io, offered, deadline)
            .with_context(|| format!("{} offers no parameters within {PATIENCE:?}", self.name))??;
        Ok(())
    }
}

fn is_list(value: &ParameterValue) -> bool {
    value.type_ == LIST
}

const LIST: u8 = ParameterType::PARAMETER_DOUBLE_ARRAY as u8;
/// In wall time.
const PATIENCE: Duration = Duration::from_secs(5);
