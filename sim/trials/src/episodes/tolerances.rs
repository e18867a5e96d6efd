//! What the real machine may be off its limits by: what the gate tolerates by its parameters, and what drives are off their commands by.
//!
//! Most follow from parameters and delays, as is said at each. `DISTANCE`, `EFFORT` and `OVERSHOOT` were chosen: what drives are off by is no parameter. A run prints the
//! greatest share of each that was used up. m, rad, s.
//!
//! **Invariant:** none of them depends on what the machine does.

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
/// Of a joint's acceleration: what a stream may gain that its accelerations do not speak of (`revolute.velocity_jump`), within that window \[rad/s²\].
pub(super) const ACCELERATION: f64 = 0.05 / (WINDOW as f64 * PERIOD_S);
/// And as a share of its limit: where friction turns round a joint stands for a while, and then catches up. Seen: 31 % over the limit, less than 1 rad/s² of it
/// from elsewhere, on a bus that loses messages (seed 2026, episode 24111).
pub(super) const OVERSHOOT: f64 = 0.2;
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
/// From the last word of an open gate to the machine's rest, beyond the published time: a stop may begin `lead_s` ahead (20 ms) and after the patience with a silent
/// stream (9 ms), which can make it as much longer again; 8 ms as in [`LAG_S`], and 53 ms for the driver's position loop of 3 Hz to settle.
pub(super) const LAG: Duration = Duration::from_millis(120);
/// How long after the first command of an epoch a driver may still fade what that and the machine are apart, also while it stops: with half of a joint's
/// jerk of 50 rad/s³ for `revolute.seed_position` that takes (120·0.02/50)^⅓ = 0.36 s, and a driver tries times that are a quarter apart.
pub(super) const FADE: Duration = Duration::from_millis(450);
/// How fast that is: 1.875·0.02 rad in 0.36 s, and `revolute.seed_velocity` \[rad/s\].
pub(super) const FADED: f64 = 0.12;
