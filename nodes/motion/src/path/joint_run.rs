//! Joint waypoints that are passed without a stop, as knots of one spline.
//!
//! **Invariant:** the spline's length is that of the lines from waypoint to waypoint, so each is where that sum says, met or rounded.

use servomesh_types::JointVec;

use super::corner::rooms;
use super::error::PathError;
use super::joints::{Waypoint, distance};
use super::{Corner, CornerShape};
use crate::bounds::Bounds;
use crate::estimate;
use crate::spline::{Knot, Spline};
use crate::state::State;

/// Waypoints that are passed without a stop.
pub(super) struct Run {
    /// The index of the first segment in the goal.
    first: usize,
    /// The start, then the waypoints.
    places: Vec<JointVec>,
    /// Of each place, its λ on the way along straight lines.
    lambdas: Vec<f64>,
    /// At the places between start and end.
    corners: Vec<Corner>,
    /// Of each corner, on either side.
    extents: Vec<f64>,
}

/// A knot of a run, and how much of its state is known.
struct Station {
    lambda: f64,
    position: JointVec,
    /// On a line; none where the path is a curve.
    direction: Option<JointVec>,
}

impl Run {
    pub(super) fn new(start: JointVec, waypoints: &[Waypoint], first: usize) -> Self {
        let mut places = vec![start];
        places.extend(waypoints.iter().map(|waypoint| waypoint.position));
        let lengths: Vec<f64> = places
            .windows(2)
            .map(|pair| distance(&pair[0], &pair[1]))
            .collect();
        let mut lambdas = vec![0.0];
        for (k, length) in lengths.iter().enumerate() {
            lambdas.push(lambdas[k] + length);
        }
        let corners: Vec<Corner> = waypoints[..waypoints.len() - 1]
            .iter()
            .map(|waypoint| waypoint.corner)
            .collect();
        let extents = rooms(&lengths, &corners)
            .into_iter()
            .zip(&corners)
            .map(|(room, corner)| if *corner == Corner::Through { 0.0 } else { room })
            .collect();
        Self {
            first,
            places,
            lambdas,
            corners,
            extents,
        }
    }

    pub(super) fn ends(&self) -> Vec<(f64, usize)> {
        let ends = self.lambdas.iter().skip(1).enumerate();
        ends.map(|(k, lambda)| (*lambda, self.first + k)).collect()
    }

    /// The direction of the line to place `k + 1`.
    fn direction(&self, k: usize) -> JointVec {
        let length = self.lambdas[k + 1] - self.lambdas[k];
        JointVec::from_fn(self.places[k].len(), |j| {
            (self.places[k + 1][j] - self.places[k][j]) / length
        })
    }

    /// Whether the way to place `k + 1` is a straight line.
    fn is_line(&self, k: usize) -> bool {
        let bends = |corner: Option<&Corner>| corner == Some(&Corner::Through);
        !(bends(self.corners.get(k)) || k > 0 && bends(self.corners.get(k - 1)))
    }

    fn stations(&self) -> Vec<Station> {
        let mut stations: Vec<Station> = Vec::new();
        let last = self.places.len() - 1;
        for (k, position) in self.places.iter().enumerate() {
            let lambda = self.lambdas[k];
            let mut add = |lambda: f64, position: JointVec, direction: Option<JointVec>| {
                stations.push(Station {
                    lambda,
                    position,
                    direction,
                });
            };
            if k == 0 || k == last {
                let line = if k == 0 { 0 } else { k - 1 };
                add(
                    lambda,
                    *position,
                    self.is_line(line).then(|| self.direction(line)),
                );
            } else if self.corners[k - 1] == Corner::Through {
                add(lambda, *position, None);
            } else {
                let extent = self.extents[k - 1];
                for (line, along) in [(k - 1, -extent), (k, extent)] {
                    let direction = self.direction(line);
                    let at = JointVec::from_fn(position.len(), |j| position[j] + along * direction[j]);
                    add(lambda + along, at, Some(direction));
                }
            }
        }
        // Where two corners share a line, nothing is left between them.
        let least = LEAST_SHARE * self.lambdas[last];
        let mut kept: Vec<Station> = Vec::with_capacity(stations.len());
        for station in stations {
            match kept.last() {
                Some(before) if station.lambda - before.lambda <= least => {
                    // The last place stays where it is.
                    if (station.lambda - self.lambdas[last]).abs() <= 0.0 {
                        kept.pop();
                        kept.push(station);
                    }
                }
                _ => kept.push(station),
            }
        }
        kept
    }

    /// The knots, with derivatives from the lines, or else estimated.
    pub(super) fn knots(&self) -> Vec<Knot> {
        let stations = self.stations();
        let n = self.places[0].len();
        let mut knots: Vec<Knot> = stations
            .iter()
            .map(|station| {
                let mut state = State::at_rest(station.position);
                if let Some(direction) = station.direction {
                    state.velocity = direction;
                }
                Knot {
                    time_s: station.lambda,
                    state,
                }
            })
            .collect();
        // Each stretch between two stations with known directions, or the ends.
        let mut from = 0;
        for to in 1..stations.len() {
            if stations[to].direction.is_none() && to < stations.len() - 1 {
                continue;
            }
            let is_curve =
                to - from > 1 || stations[from].direction.is_none() || stations[to].direction.is_none();
            if is_curve {
                for j in 0..n {
                    estimate_joint(
                        &mut knots[from..=to],
                        j,
                        [
                            stations[from].direction.is_none(),
                            stations[to].direction.is_none(),
                        ],
                    );
                }
            }
            from = to;
        }
        knots
    }

    pub(super) fn check_limits(&self, spline: &Spline, bounds: &Bounds) -> Result<(), PathError> {
        let free = JointVec::from_fn(bounds.lower.len(), |_| f64::INFINITY);
        let positions = Bounds {
            velocity: free,
            acceleration: free,
            jerk: free,
            ..*bounds
        };
        let Some(excess) = spline.excess(&positions) else {
            return Ok(());
        };
        let lambda = excess.time_s;
        let k = (self.lambdas.partition_point(|l| *l <= lambda).max(1) - 1).min(self.lambdas.len() - 2);
        Err(PathError::BeyondLimit {
            segment: self.first + k,
            share: (lambda - self.lambdas[k]) / (self.lambdas[k + 1] - self.lambdas[k]),
            joint: excess.joint,
            value: excess.value,
            limit: excess.limit,
        })
    }

    pub(super) fn shapes(&self, spline: &Spline) -> Vec<CornerShape> {
        (0..self.corners.len())
            .map(|k| {
                let near = spline.at(self.lambdas[k + 1]).state.position;
                CornerShape {
                    segment: self.first + k,
                    corner: self.corners[k],
                    extent: self.extents[k],
                    deviation: distance(&near, &self.places[k + 1]),
                }
            })
            .collect()
    }
}

/// Velocities and accelerations of one joint at knots, of which the first and last are given unless `free`.
fn estimate_joint(knots: &mut [Knot], j: usize, free: [bool; 2]) {
    let n = knots.len();
    let times: Vec<f64> = knots.iter().map(|knot| knot.time_s).collect();
    let positions: Vec<f64> = knots.iter().map(|knot| knot.state.position[j]).collect();
    let mut velocities: Vec<f64> = knots.iter().map(|knot| knot.state.velocity[j]).collect();
    let slope = |k: usize| (positions[k + 1] - positions[k]) / (times[k + 1] - times[k]);
    let h = |k: usize| times[k + 1] - times[k];
    if free[0] {
        velocities[0] = if n > 2 {
            end_slope(slope(0), h(0), slope(1), h(1))
        } else {
            slope(0)
        };
    }
    if free[1] {
        velocities[n - 1] = if n > 2 {
            end_slope(slope(n - 2), h(n - 2), slope(n - 3), h(n - 3))
        } else {
            slope(n - 2)
        };
    }
    estimate::velocities(&times, &positions, &mut velocities);
    let mut accelerations = vec![0.0; n];
    estimate::accelerations(&times, &positions, &velocities, &mut accelerations);
    // At a free end, that of the cubic there.
    if free[0] {
        accelerations[0] = (6.0 * slope(0) - 4.0 * velocities[0] - 2.0 * velocities[1]) / h(0);
    }
    if free[1] {
        accelerations[n - 1] =
            (2.0 * velocities[n - 2] + 4.0 * velocities[n - 1] - 6.0 * slope(n - 2)) / h(n - 2);
    }
    for (k, knot) in knots.iter_mut().enumerate() {
        knot.state.velocity[j] = velocities[k];
        knot.state.acceleration[j] = accelerations[k];
    }
}

/// The slope at an end of the parabola through three points, limited so that the joint keeps its direction (Fritsch and Butland, SIAM J. Sci. Stat.
/// Comput. 5, 1984).
fn end_slope(near: f64, h_near: f64, far: f64, h_far: f64) -> f64 {
    let slope = near + (near - far) * h_near / (h_near + h_far);
    if slope * near <= 0.0 {
        0.0
    } else {
        near.signum() * slope.abs().min(3.0 * near.abs())
    }
}

/// Less of a run than this is left out between two corners.
const LEAST_SHARE: f64 = 1e-9;
