//! What tests of the whole cell share.

pub(crate) use servomesh_sim::harness::ARM;
use servomesh_sim::harness::{Cell, PlantJoints};
use servomesh_trajectory::{GoalId, MoveGoal, MoveMode};

/// Sends all joints of the arm this far from where they are.
pub(crate) fn move_by(cell: &mut Cell, offset: f64) -> GoalId {
    let at = cell.servo_state("arm").expect("the arm was measured").reference;
    let goal = MoveGoal {
        mode: MoveMode::Joint,
        joint_names: ARM.iter().map(|name| (*name).to_owned()).collect(),
        target: at.iter().map(|position| position + offset).collect(),
        velocity_scale: 0.0,
        acceleration_scale: 0.0,
        ..MoveGoal::default()
    };
    cell.send_move("arm", goal)
}

/// The fastest joint of the arm, really.
pub(crate) fn arm_speed(cell: &mut Cell) -> f64 {
    let plant = cell.hardware().plant();
    let arm = PlantJoints::new(plant.model(), &ARM).expect("joints of the cell");
    arm.velocity(plant).max_abs()
}
