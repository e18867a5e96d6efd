//! A path with the time law that was planned for it.

use crate::spline::Spline;
use crate::state::Sample;
use crate::timing::law::TimeLaw;

/// q(λ(t)), t in s from the start.
#[derive(Clone, Debug)]
pub struct TimedSpline {
    path: Spline,
    law: TimeLaw,
}

impl TimedSpline {
    /// The path in time; `law` was planned for it.
    pub fn new(path: Spline, law: TimeLaw) -> Self {
        Self { path, law }
    }

    /// The joints `t` seconds after the start: q̇ = q′λ̇, q̈ = q″λ̇² + q′λ̈, q⃛ = q‴λ̇³ + 3q″λ̇λ̈ + q′λ⃛. Allocates nothing.
    pub fn at(&self, t: f64) -> Sample {
        let moment = self.law.at(t);
        moment.apply(&self.path.over(moment.s))
    }

    /// When it ends at rest, in s.
    pub fn duration(&self) -> f64 {
        self.law.duration()
    }

    /// When jerk steps, in s, ascending from 0 to the duration.
    pub fn corners(&self) -> &[f64] {
        self.law.corners()
    }

    /// Where it leads.
    pub fn path(&self) -> &Spline {
        &self.path
    }

    /// How fast it leads there.
    pub fn law(&self) -> &TimeLaw {
        &self.law
    }
}
