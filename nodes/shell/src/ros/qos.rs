//! The QoS profiles of the mesh, by purpose.

use r2r::QosProfile;

/// Streams at the control rate: best effort, newest only. A lost sample is counted by its receiver, never sent again.
pub const STREAM: QosProfile = QosProfile::default().best_effort().keep_last(1).volatile();

/// Frames between a driver and simulated drives: none may be lost, as on a wire with acknowledgement.
pub const BUS: QosProfile = QosProfile::default().reliable().keep_last(8).volatile();

/// Things that happened: none may be lost.
pub const EVENT: QosProfile = QosProfile::default().reliable().keep_last(100).volatile();

/// The last state, also for whoever comes late.
pub const LATCHED: QosProfile = QosProfile::default().reliable().keep_last(1).transient_local();

/// State for other stacks, as they publish and expect it.
pub const STATE: QosProfile = QosProfile::default().reliable().keep_last(10).volatile();

/// `/tf` and `/tf_static`, as tf2's listeners expect them.
pub const TF: QosProfile = QosProfile::default().reliable().keep_last(100).volatile();
/// See [`TF`].
pub const TF_STATIC: QosProfile = QosProfile::default().reliable().keep_last(1).transient_local();

/// `/clock`, as ROS 2's own clients subscribe to it.
pub const CLOCK: QosProfile = QosProfile::default().best_effort().keep_last(1).volatile();

/// Services.
pub const SERVICE: QosProfile = QosProfile::services_default();
