//! Which link each group carries as its tool: two lists of parameters that belong together.

use crate::params::{ParamSpec, Params, Value};
use anyhow::Context as _;
use servomesh_types::GroupName;
use std::collections::BTreeMap;

/// The parameters `tools.groups` and `tools.links`.
pub fn specs() -> [ParamSpec; 2] {
    [
        ParamSpec::new(
            "tools.groups",
            Value::StringArray(Vec::new()),
            "Groups that carry a tool; tools.links has one value for each of them",
        ),
        ParamSpec::new(
            "tools.links",
            Value::StringArray(Vec::new()),
            "The tool of each of tools.groups: a link of the robot",
        ),
    ]
}

/// The link of each group.
///
/// # Errors
/// The lists are not of the same length, or a name is no group's.
pub fn read(params: &Params) -> anyhow::Result<BTreeMap<GroupName, String>> {
    let (groups, links) = (params.texts("tools.groups"), params.texts("tools.links"));
    anyhow::ensure!(
        groups.len() == links.len(),
        "tools.groups has {} values and tools.links {}: give each group its link",
        groups.len(),
        links.len()
    );
    groups
        .iter()
        .zip(links)
        .map(|(group, link)| Ok((GroupName::new(group).context("tools.groups")?, link.clone())))
        .collect()
}
