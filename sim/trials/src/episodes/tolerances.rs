//! What the real machine may be off its limits by: what the gate tolerates by its parameters, and what drives are off their commands by.
//!
//! The second part was measured: an episode prints the greatest share of each that was used up. m, rad, s.
//!
//! **Invariant:** none of them is more than a share of what it is a tolerance of.

use std::time::Duration;

/// Looks are a period of the stream apart.
pub(super) const PERIOD_S: f64 = 0.002;
/// The gate's `limit_tolerance`, of velocities and accelerations.
pub(super) const TOLERATED: f64 = 1.01;
/// The speed that passes for a standstill in any direction at any scale: the gate's `revolute.standstill`.
pub(super) const CREEP: f64 = 0.02;
/// At end stops: 1 mrad that the gate tolerates (`revolute.position`), 1 mrad that drives are off by.
pub(super) const POSITION: f64 = 0.002;
/// From the last setpoint within a limit to the drive that follows the stop: 2 ms to the next setpoint, which is over it, 0.1 ms for each message, 2 ms for a cycle of the
/// bus, 1 ms for a step of the machine, 2 ms until the driver's next frame. An acceleration that a stop gives up goes on that long, so velocities are off
/// by acceleration times this.
pub(super) const LAG_S: f64 = 0.008;
/// Where messages get lost: the gate fills in for three setpoints, and for the half of a period that it waits for each.
pub(super) const LOST_S: f64 = 0.010;
/// Over how many looks an acceleration is taken: 50 ms, since friction and encoder noise make more of a shorter time.
pub(super) const WINDOW: usize = 25;
/// Of a joint's acceleration: what a driver takes at most to fade a gap in the stream, beside what is commanded.
pub(super) const ACCELERATION: f64 = 0.5;
/// How much speed a stream may gain that its accelerations do not speak of before the gate has had enough of it: a fifth of `velocity_jump` \[rad/s\].
pub(super) const DRIFT: f64 = 0.01;
/// Of a joint's effort: a current loop overshoots by less than that.
pub(super) const EFFORT: f64 = 0.01;
/// What the shoulder's 5 rad/s² give a tool that is a metre away \[m/s²\]: times [`LAG_S`] that is what its speed is off by, 0.04 m/s. The gate itself
/// tolerates 0.05 m/s of the measured tool (`tool_speed_tolerance`).
pub(super) const TOOL_ACCELERATION: f64 = 5.0;
/// What drives are off by at the tool \[m\]: 0.5 mm on paths, and the clearance of the default cell is 4 mm.
pub(super) const DISTANCE: f64 = 0.001;
/// A joint below this stands still \[rad/s\]: the gate's `revolute.standstill`.
pub(super) const STILL: f64 = 0.02;
/// How far a joint may move at a standstill: a tenth of the gate's `revolute.hold`.
pub(super) const HELD: f64 = 0.005;
/// From the last word of an open gate to the machine's rest, beyond the published time: a stop may begin `lead_s` ahead (20 ms) and after the patience of a silent
/// stream (9 ms), each of which can make it as much longer again, and a driver fades a gap in the stamps for about 0.1 s.
pub(super) const LAG: Duration = Duration::from_millis(200);
/// How long after the first command of an epoch a driver may still fade the difference between command and machine, also while it stops: one that begins
/// with an acceleration is faded with half of the joint's jerk.
pub(super) const FADE: Duration = Duration::from_secs(1);
/// What the gate lets the first setpoint of an epoch differ from the measured velocity by (`revolute.seed_velocity`). A driver fades that, and where a stop is quicker than
/// the fade, the joint goes back meanwhile \[rad/s\].
pub(super) const SEED_VELOCITY: f64 = 0.2;
