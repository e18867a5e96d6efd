//! Where a drive's energy went since it was made, for whoever wants to know what a motion costs.
//!
//! Decides nothing; it adds up. **Invariant:** electric = copper + friction + mechanical + stored, but for
//! the integration's error, which vanishes with the step.

/// Energies since the start, in J.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Energy {
    /// Taken from the bus for the motor; falls while the motor generates.
    pub electric_j: f64,
    /// Taken by the drive's electronics on top of that.
    pub standby_j: f64,
    /// Turned to heat in the winding.
    pub copper_j: f64,
    /// Turned to heat by friction, gear and brake.
    pub friction_j: f64,
    /// Given to the joint.
    pub mechanical_j: f64,
    /// Held at the moment by the winding's field, and by a rotor behind play and its gear.
    pub stored_j: f64,
}
