//! The ROS shell of `trajectory`: messages to core types and back, nothing else.

mod shell {
    pub(crate) mod goals;
    pub(crate) mod node;
    pub(crate) mod parameters;
    pub(crate) mod planning;
    pub(crate) mod ports;
    pub(crate) mod steering;
}

fn main() -> std::process::ExitCode {
    servomesh_shell::ros::run::<shell::node::TrajectoryNode>()
}
