//! A law with limited jerk.

use crate::timing::error::Untimeable;
use crate::timing::filter::{averaged, cut};
use crate::timing::law::TimeLaw;
use crate::timing::peaks::{MARGIN, Peaks};
use crate::timing::quickest;
use crate::timing::rows::Course;

pub(super) fn plan(course: &mut Course<'_>) -> Result<TimeLaw, Untimeable> {
    let law = quickest::plan(course)?;
    let window = window(course);
    let (law, segments) = cut(&averaged(&law, window), course.path.times());
    let mut peaks = Peaks::default();
    for (piece, segment) in law.pieces().iter().zip(&segments) {
        peaks = peaks.or(Peaks::of(course, *segment, piece));
    }
    Ok(law.slowed(peaks.slowdown() * (1.0 + MARGIN)))
}

/// How long accelerations take to build up.
fn window(course: &Course<'_>) -> f64 {
    let bounds = course.limits.bounds;
    let times = bounds
        .acceleration
        .iter()
        .zip(bounds.jerk.iter())
        .map(|(a, j)| a / j);
    times.filter(|t| t.is_finite()).fold(1e-3, f64::max)
}
