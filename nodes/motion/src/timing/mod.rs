//! Time laws: how fast to go along a path, within every limit and as quickly as they allow.

mod error;
mod filter;
mod law;
mod limits;
mod nodes;
mod peaks;
mod quickest;
mod reach;
mod rows;
mod smooth;
mod timed_spline;

pub use error::Untimeable;
pub use law::{Moment, TimeLaw};
pub use limits::{AlongLimits, Efforts, Limits, Tool, ToolCurve, ToolSample};
pub use timed_spline::TimedSpline;

use crate::spline::Spline;
use crate::timing::rows::Course;

/// The quickest law along `path` within `limits`.
///
/// # Errors
/// [`Untimeable`] if there is none.
pub fn plan(path: &Spline, limits: &Limits<'_>) -> Result<TimeLaw, Untimeable> {
    let mut course = Course::new(path, limits)?;
    if course.limits_jerk() {
        smooth::plan(&mut course)
    } else {
        quickest::plan(&mut course)
    }
}
