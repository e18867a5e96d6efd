//! The robot as numbers: from a URDF to kinematics and dynamics.
//!
//! Duty: read a robot description once, check it, and answer where its links are, how they move, which efforts a motion
//! needs and which motion efforts cause. Inputs are joint values (rad, m and their derivatives, N·m, N) in the order of
//! [`Model::joints`], then those of each [`FreeJoint`]; outputs are in the axes of the root link.
//!
//! **Invariant:** after [`Workspace::new`] no algorithm allocates, reads a clock or keeps state between calls, apart from
//! the placements of the last [`Model::forward_kinematics`].
//!
//! ```
//! use servomesh_robot::{Model, Workspace};
//!
//! let model = Model::from_urdf_str(
//!     r#"<robot name="pendulum">
//!          <link name="base"/>
//!          <link name="rod">
//!            <inertial><origin xyz="0 0 -0.5"/><mass value="2"/>
//!              <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.01" iyz="0" izz="0.001"/></inertial>
//!          </link>
//!          <link name="tip"/>
//!          <joint name="hinge" type="continuous">
//!            <parent link="base"/><child link="rod"/><axis xyz="0 1 0"/><limit velocity="3" effort="20"/>
//!          </joint>
//!          <joint name="end" type="fixed">
//!            <parent link="rod"/><child link="tip"/><origin xyz="0 0 -1"/>
//!          </joint>
//!        </robot>"#,
//! )?;
//! let mut workspace = Workspace::new(&model);
//! let q = [std::f64::consts::FRAC_PI_2];
//!
//! model.forward_kinematics(&mut workspace, &q);
//! let base_from_tip = model.link_pose(&workspace, model.link("tip")?);
//! assert!((base_from_tip.translation.x + 1.0).abs() < 1e-12);
//!
//! // Held out sideways, the rod needs m·g·l = 2 kg · 9.80665 m/s² · 0.5 m.
//! let mut effort = [0.0];
//! model.gravity_effort(&mut workspace, &q, &mut effort);
//! assert!((effort[0] - 9.80665).abs() < 1e-12);
//! # Ok::<(), servomesh_robot::RobotError>(())
//! ```

mod angle;
mod articulated;
mod assembly;
mod body;
mod centre_of_mass;
pub mod cholesky;
pub mod collision;
mod configuration;
mod coriolis;
mod description;
mod error;
mod forward_dynamics;
mod geometry;
mod inverse_dynamics;
mod inverse_kinematics;
mod joint;
mod kinematics;
mod limits_file;
mod mass_matrix;
mod model;
mod momentum;
mod planar;
mod rates;
mod settings;
mod spatial;
mod syntax;
mod tree;
mod vector;
mod workspace;

pub use error::{DescriptionProblem, RobotError, Warning};
pub use geometry::{Geometry, Shape};
pub use inverse_kinematics::{BindingLimit, InverseKinematics, Limit, OutOfReach, Solutions, Task};
pub use joint::{DescribedLimits, FreeJoint, Joint, JointKind, Mimic};
pub use kinematics::Twist;
pub use limits_file::{LimitsFile, RateLimits};
pub use model::{LinkId, Model};
pub use rates::Acceleration;
pub use settings::{Payload, STANDARD_GRAVITY};
pub use workspace::Workspace;
