//! The grid: places on the path with their rows. Every knot of the path is a node.

use crate::timing::error::Untimeable;
use crate::timing::rows::{Course, Place, Row};

/// Nodes in the order of λ; interval i leads from node i to node i + 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    pub(super) lambda: Vec<f64>,
    /// The path's segment in which each interval lies.
    pub(super) segment: Vec<usize>,
    pub(super) rows: Vec<Row>,
    pub(super) x_max: Vec<f64>,
}

impl Nodes {
    /// `per_segment` intervals of the same length in each of the path's segments.
    pub(super) fn even(course: &mut Course<'_>, per_segment: usize) -> Result<Self, Untimeable> {
        let mut places = Vec::new();
        for (segment, span) in course.path.times().windows(2).enumerate() {
            for i in 0..per_segment {
                let lambda = span[0] + (span[1] - span[0]) * i as f64 / per_segment as f64;
                places.push(Place { segment, lambda });
            }
        }
        Self::at(course, &places)
    }

    /// Intervals that start at `places`; the path's end is added.
    pub(super) fn at(course: &mut Course<'_>, places: &[Place]) -> Result<Self, Untimeable> {
        let mut nodes = Self::default();
        for place in places {
            nodes.push(course, *place)?;
            nodes.segment.push(place.segment);
        }
        let segment = course.path.times().len() - 2;
        nodes.push(
            course,
            Place {
                segment,
                lambda: course.path.duration(),
            },
        )?;
        Ok(nodes)
    }

    fn push(&mut self, course: &mut Course<'_>, place: Place) -> Result<(), Untimeable> {
        let geometry = course.geometry(place);
        if self.lambda.is_empty() {
            self.rows.reserve(MANY);
        }
        self.x_max.push(course.rows(place, &geometry, &mut self.rows)?);
        self.lambda.push(place.lambda);
        Ok(())
    }

    pub(super) fn intervals(&self) -> usize {
        self.segment.len()
    }

    /// How many rows each node has.
    pub(super) fn stride(&self) -> usize {
        self.rows.len() / self.lambda.len()
    }

    /// The same with a node in the middle of each interval for which `split` says so.
    pub(super) fn split(
        &self,
        course: &mut Course<'_>,
        split: impl Fn(usize) -> bool,
    ) -> Result<Self, Untimeable> {
        let mut finer = Self::default();
        let stride = self.stride();
        for i in 0..self.lambda.len() {
            finer.lambda.push(self.lambda[i]);
            finer.x_max.push(self.x_max[i]);
            finer.rows.extend_from_slice(&self.rows[i * stride..][..stride]);
            let Some(segment) = self.segment.get(i).copied() else {
                break;
            };
            finer.segment.push(segment);
            if split(i) {
                let lambda = 0.5 * (self.lambda[i] + self.lambda[i + 1]);
                finer.push(course, Place { segment, lambda })?;
                finer.segment.push(segment);
            }
        }
        Ok(finer)
    }
}

/// Rows to make room for at once.
const MANY: usize = 4096;
