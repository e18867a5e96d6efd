//! The grid: places on the path with their rows. Every knot of the path is a node.

use std::ops::Range;

use crate::timing::error::Untimeable;
use crate::timing::peaks::Peaks;
use crate::timing::rows::{Course, Place, Row};

/// Nodes in the order of λ; interval i leads from node i to node i + 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    pub(super) lambda: Vec<f64>,
    /// The path's segment in which each interval lies.
    pub(super) segment: Vec<usize>,
    pub(super) rows: Vec<Row>,
    pub(super) x_max: Vec<f64>,
    /// Whether the rows of efforts are left out: none can come near its limit there.
    weak: Vec<bool>,
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
        let mut nodes = Self::with_room(places.len() + 1);
        for place in places {
            nodes.push(course, *place, false)?;
            nodes.segment.push(place.segment);
        }
        let segment = course.path.times().len() - 2;
        nodes.push(
            course,
            Place {
                segment,
                lambda: course.path.duration(),
            },
            false,
        )?;
        Ok(nodes)
    }

    /// None yet, of so many.
    fn with_room(count: usize) -> Self {
        Self {
            lambda: Vec::with_capacity(count),
            segment: Vec::with_capacity(count),
            rows: Vec::new(),
            x_max: Vec::with_capacity(count),
            weak: Vec::with_capacity(count),
        }
    }

    fn push(&mut self, course: &mut Course<'_>, place: Place, weak: bool) -> Result<(), Untimeable> {
        let geometry = course.geometry(place);
        self.x_max
            .push(course.rows(place, &geometry, weak, &mut self.rows)?);
        if self.lambda.is_empty() {
            self.rows.reserve(self.rows.len() * self.lambda.capacity());
        }
        self.lambda.push(place.lambda);
        self.weak.push(weak);
        Ok(())
    }

    /// The middles of these nodes' intervals, without an end, where λ̇² stays below `x_top`.
    pub(super) fn middles(&self, course: &mut Course<'_>, x_top: &[f64]) -> Result<Self, Untimeable> {
        let mut middles = Self::with_room(self.intervals());
        let efforts = course.effort_rows_at();
        let weak = |i: usize| {
            let rows = &self.rows(i)[efforts.clone()];
            rows.is_empty() || {
                let range = self.range(i, x_top[i]);
                rows.iter().all(|row| !row.can_use(WEAK, x_top[i], range))
            }
        };
        let mut was_weak = weak(0);
        for i in 0..self.intervals() {
            let is_weak = weak(i + 1);
            let place = Place {
                segment: self.segment[i],
                lambda: 0.5 * (self.lambda[i] + self.lambda[i + 1]),
            };
            middles.push(course, place, was_weak && is_weak)?;
            middles.segment.push(place.segment);
            was_weak = is_weak;
        }
        Ok(middles)
    }

    /// The λ̈ that the rows of a node leave where 0 ≤ λ̇² ≤ `x_top`, or more.
    pub(super) fn range(&self, i: usize, x_top: f64) -> [f64; 2] {
        let mut range = [f64::NEG_INFINITY, f64::INFINITY];
        for row in self.rows(i) {
            let (a, b, lower, upper) = if row.u < 0.0 {
                (-row.u, -row.x, -row.upper, -row.lower)
            } else {
                (row.u, row.x, row.lower, row.upper)
            };
            if a > 0.0 {
                range[1] = range[1].min((upper - (b * x_top).min(0.0)) / a);
                range[0] = range[0].max((lower - (b * x_top).max(0.0)) / a);
            }
        }
        range
    }

    pub(super) fn intervals(&self) -> usize {
        self.segment.len()
    }

    fn push_from(&mut self, other: &Self, i: usize) {
        self.lambda.push(other.lambda[i]);
        self.x_max.push(other.x_max[i]);
        self.weak.push(other.weak[i]);
        self.rows.extend_from_slice(other.rows(i));
    }

    /// The nodes with those of `middles` for which `split` says so, and the middles of the intervals that there are then.
    pub(super) fn split_at(
        &self,
        middles: &Self,
        course: &mut Course<'_>,
        split: impl Fn(usize) -> bool,
    ) -> Result<(Self, Self), Untimeable> {
        let (mut finer, mut between) = (Self::default(), Self::default());
        for (i, segment) in self.segment.iter().copied().enumerate() {
            finer.push_from(self, i);
            finer.segment.push(segment);
            if split(i) {
                let lambda = middles.lambda[i];
                if middles.weak[i] {
                    finer.push(course, Place { segment, lambda }, false)?;
                } else {
                    finer.push_from(middles, i);
                }
                finer.segment.push(segment);
                for end in [i, i + 1] {
                    let lambda = 0.5 * (self.lambda[end] + middles.lambda[i]);
                    between.push(course, Place { segment, lambda }, middles.weak[i])?;
                    between.segment.push(segment);
                }
            } else {
                between.push_from(middles, i);
                between.segment.push(segment);
            }
        }
        finer.push_from(self, self.intervals());
        Ok((finer, between))
    }

    /// How many rows each node has.
    pub(super) fn stride(&self) -> usize {
        self.rows.len() / self.lambda.len()
    }

    pub(super) fn rows(&self, i: usize) -> &[Row] {
        let stride = self.stride();
        &self.rows[i * stride..][..stride]
    }

    /// What is used of the limits of speed and acceleration with these x = λ̇² and u = λ̈.
    pub(super) fn peaks(&self, i: usize, x: f64, u: f64) -> Peaks {
        let used = self.rows(i).iter().map(|row| row.used(x, u));
        Peaks {
            speed: (x / self.x_max[i]).max(0.0).sqrt(),
            acceleration: used.fold(0.0, f64::max),
            jerk: 0.0,
        }
    }

    /// The efforts as shares of their limits, with what gravity takes; `efforts` are their rows.
    pub(super) fn efforts(
        &self,
        i: usize,
        x: f64,
        u: f64,
        efforts: &Range<usize>,
    ) -> impl Iterator<Item = f64> {
        self.rows(i)[efforts.clone()]
            .iter()
            .map(move |row| row.whole(x, u))
    }

    /// The same with a node in the middle of each interval for which `split` says so.
    pub(super) fn split(
        &self,
        course: &mut Course<'_>,
        split: impl Fn(usize) -> bool,
    ) -> Result<Self, Untimeable> {
        let mut finer = Self::default();
        for i in 0..self.lambda.len() {
            finer.push_from(self, i);
            let Some(segment) = self.segment.get(i).copied() else {
                break;
            };
            finer.segment.push(segment);
            if split(i) {
                let lambda = 0.5 * (self.lambda[i] + self.lambda[i + 1]);
                finer.push(course, Place { segment, lambda }, false)?;
                finer.segment.push(segment);
            }
        }
        Ok(finer)
    }
}

/// Where the efforts at both ends of an interval can't come to this share of their limits, they take no part in its middle.
const WEAK: f64 = 0.7;
