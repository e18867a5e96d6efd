//! What one joint may do.

/// Limits of one joint. Positions in rad (m), the others per second, second², second³; effort in N·m (N).
///
/// **Invariant:** `lower < upper`; the rest is positive and finite. A continuous joint has infinite positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointLimits {
    lower: f64,
    upper: f64,
    velocity: f64,
    acceleration: f64,
    jerk: f64,
    effort: f64,
}

/// Limits that no joint can have.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LimitsError {
    /// The range is empty or not a number.
    #[error("lower limit {lower} must be below upper limit {upper}")]
    Range {
        /// The lower limit given.
        lower: f64,
        /// The upper limit given.
        upper: f64,
    },
    /// A bound that must be positive and finite is not.
    #[error("{name} limit must be positive and finite, but is {value}")]
    Bound {
        /// Which one.
        name: &'static str,
        /// The value given.
        value: f64,
    },
}

impl JointLimits {
    /// Checks and keeps the limits; see the type for units.
    ///
    /// # Errors
    /// [`LimitsError`] names the first value that can't be.
    pub fn new(
        (lower, upper): (f64, f64),
        velocity: f64,
        acceleration: f64,
        jerk: f64,
        effort: f64,
    ) -> Result<Self, LimitsError> {
        if lower.is_nan() || upper.is_nan() || lower >= upper {
            return Err(LimitsError::Range { lower, upper });
        }
        let bounds = [
            ("velocity", velocity),
            ("acceleration", acceleration),
            ("jerk", jerk),
            ("effort", effort),
        ];
        for (name, value) in bounds {
            if !(value.is_finite() && value > 0.0) {
                return Err(LimitsError::Bound { name, value });
            }
        }
        Ok(Self {
            lower,
            upper,
            velocity,
            acceleration,
            jerk,
            effort,
        })
    }

    /// Lowest position; −∞ for a continuous joint.
    pub fn lower(&self) -> f64 {
        self.lower
    }
    /// Highest position; ∞ for a continuous joint.
    pub fn upper(&self) -> f64 {
        self.upper
    }
    /// Largest speed.
    pub fn velocity(&self) -> f64 {
        self.velocity
    }
    /// Largest acceleration.
    pub fn acceleration(&self) -> f64 {
        self.acceleration
    }
    /// Largest jerk.
    pub fn jerk(&self) -> f64 {
        self.jerk
    }
    /// Largest effort at the joint's output.
    pub fn effort(&self) -> f64 {
        self.effort
    }

    /// Whether the joint has end stops.
    pub fn is_bounded(&self) -> bool {
        self.lower.is_finite() && self.upper.is_finite()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_no_joint_can_have_are_refused() {
        let refused = |range, bound: f64| JointLimits::new(range, 1.0, bound, 1.0, 1.0).is_err();
        assert!(refused((1.0, 1.0), 1.0));
        assert!(refused((f64::NAN, 1.0), 1.0));
        assert!(refused((0.0, 1.0), 0.0));
        assert!(refused((0.0, 1.0), f64::INFINITY));
        assert!(!refused((f64::NEG_INFINITY, f64::INFINITY), 1.0));
    }
}
