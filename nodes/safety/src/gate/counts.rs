//! What one group's gate counts.

/// How many values went which way since the group became known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Setpoints that became commands.
    pub passed: u64,
    /// Commands extrapolated for a missing setpoint.
    pub extrapolated: u64,
    /// Commands of the gate's own stops and standstills.
    pub own: u64,
    /// Setpoints of another epoch.
    pub stale_epoch: u64,
    /// Setpoints that came twice or after a newer one.
    pub out_of_order: u64,
    /// Setpoints past their validity, or too far ahead.
    pub untimely: u64,
    /// Setpoints while the gate was closed.
    pub closed: u64,
    /// Setpoints that broke a rule, each the cause of a stop.
    pub unsafe_setpoints: u64,
    /// Setpoints that asked for torque off in mid-motion; they passed as any other.
    pub early_releases: u64,
    /// Servo and motion states that were not kept: reordered, of the wrong size, or not finite.
    pub bad_states: u64,
}
