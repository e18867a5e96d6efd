//! Why a path can't be timed.

use servomesh_types::GroupDescription;

/// No time law keeps the limits.
#[derive(Clone, Debug, PartialEq)]
pub enum Untimeable {
    /// Gravity alone takes all that a joint's motor can give.
    Gravity {
        /// Where on the path.
        lambda: f64,
        /// Which joint.
        joint: usize,
        /// What it takes to stand still there \[N·m, N\].
        effort: f64,
        /// What there is.
        limit: f64,
    },
    /// The path needs a joint to move that may not.
    Blocked {
        /// Where on the path.
        lambda: f64,
        /// Which joint; `None` for the tool or λ itself.
        joint: Option<usize>,
        /// Of what there is none: `velocity`, `acceleration`, `jerk`, `effort`.
        quantity: &'static str,
        /// The limit, which is not above zero.
        limit: f64,
    },
    /// From so quick a start the limits can't be kept.
    StartTooFast {
        /// λ̇ at the start.
        rate: f64,
        /// The quickest start from which they can.
        fastest: f64,
    },
    /// The path has no length, or numbers that are none.
    NoPath {
        /// Where on the path.
        lambda: f64,
    },
    /// Limits or the model are for another number of joints.
    Joints {
        /// The path's.
        path: usize,
        /// Theirs.
        limits: usize,
    },
}

impl Untimeable {
    /// The sentence that says where on the path and why.
    pub fn describe(&self, group: &GroupDescription) -> String {
        match self {
            Self::Gravity {
                lambda,
                joint,
                effort,
                limit,
            } => format!(
                "the path can't be followed at {lambda:.4}: joint {} needs {effort:.3} to stand still there, and has {limit:.3}",
                group.joint_name(*joint)
            ),
            Self::Blocked {
                lambda,
                joint,
                quantity,
                limit,
            } => {
                let who = joint.map_or_else(
                    || "the tool".to_owned(),
                    |joint| format!("joint {}", group.joint_name(joint)),
                );
                format!(
                    "the path can't be followed at {lambda:.4}: {who} must move there, but its limit of {quantity} is {limit}"
                )
            }
            Self::StartTooFast { rate, fastest } => format!(
                "the path can't be entered at a rate of {rate:.4}: above {fastest:.4} the limits can't be kept on it"
            ),
            Self::NoPath { lambda } => format!(
                "the path can't be followed at {lambda:.4}: it has no length there, or no finite values"
            ),
            Self::Joints { path, limits } => {
                format!("the path has {path} joints, but its limits are for {limits}")
            }
        }
    }
}
