//! `cargo xtask build`: ROS 2, the messages, then the nodes as they run on a machine.

use anyhow::Result;

use crate::progress::{note, run_shown};
use crate::ros::{self, RosEnv};
use crate::workspace::Workspace;

/// How the nodes are built. `nodes/CMakeLists.txt` says the same, so that cargo builds them once for both.
pub(crate) const CARGO_ARGS: [&str; 13] = [
    "build",
    "--locked",
    "--release",
    "--workspace",
    "--exclude",
    "xtask",
    "--exclude",
    "servomesh_benches",
    "--exclude",
    "servomesh_trials",
    "--bins",
    "--features",
    "ros",
];

/// Sets ROS 2 up, builds the nodes and returns how to run them.
///
/// # Errors
/// Set-up or the build fails.
pub(crate) fn run(workspace: &Workspace) -> Result<RosEnv> {
    let env = ros::setup(workspace)?;
    note("building the nodes (release; the first time takes minutes)");
    run_shown(env.apply(workspace.cargo().args(CARGO_ARGS)))?;
    note(format!(
        "built: {}",
        workspace.target_dir().join("release").display()
    ));
    Ok(env)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colcon_builds_what_this_builds() {
        let cmake = Workspace::find().root().join("nodes/CMakeLists.txt");
        let text = std::fs::read_to_string(cmake).unwrap();
        let ours = CARGO_ARGS.join(" ");
        assert!(text.contains(&format!("${{CARGO}} {ours}\n")), "wanted: {ours}");
    }
}
