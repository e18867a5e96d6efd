//! At which times a `follow` passes its poses.
//!
//! Between two poses each joint could go by a quintic from rest to rest; its largest velocity, acceleration and jerk over
//! a distance d in time T are 15/8·d/T, 10/√3·d/T² and 60·d/T³. The time of a segment is the shortest that keeps every
//! joint within its share of the limits that way. Where the motion passes a pose without a stop it is smoother than that,
//! so that the times keep the limits there too.

use servomesh_types::JointLimits;

/// A pose, and when it is passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Waypoint {
    /// Position of each joint.
    pub positions: Vec<f64>,
    /// Seconds since the start of the motion.
    pub time_s: f64,
}

/// The times at which the poses are passed, from `start`, with the share `speed` of the limits.
///
/// All of `start`, `limits` and each pose have one entry a joint.
pub fn schedule(start: &[f64], poses: &[Vec<f64>], limits: &[JointLimits], speed: f64) -> Vec<Waypoint> {
    let mut from = start;
    let mut time_s = 0.0;
    poses
        .iter()
        .map(|to| {
            time_s += segment_s(from, to, limits, speed).max(SHORTEST_SEGMENT_S);
            from = to;
            Waypoint {
                positions: to.clone(),
                time_s,
            }
        })
        .collect()
}

fn segment_s(from: &[f64], to: &[f64], limits: &[JointLimits], speed: f64) -> f64 {
    let peak_acceleration = 10.0 / 3.0_f64.sqrt();
    from.iter()
        .zip(to)
        .zip(limits)
        .fold(0.0, |longest: f64, ((from, to), limits)| {
            let distance = (to - from).abs();
            let by_velocity = 15.0 / 8.0 * distance / (limits.velocity() * speed);
            let by_acceleration = (peak_acceleration * distance / (limits.acceleration() * speed)).sqrt();
            let by_jerk = (60.0 * distance / (limits.jerk() * speed)).cbrt();
            longest.max(by_velocity).max(by_acceleration).max(by_jerk)
        })
}

/// A pose that is reached already still takes this long: times must grow.
const SHORTEST_SEGMENT_S: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_joint_sets_the_time_and_times_grow() {
        let limits = JointLimits::new((-7.0, 7.0), 3.0, 5.0, 50.0, 100.0).unwrap();
        let poses = [vec![1.0, 0.1], vec![1.0, 0.1], vec![-1.0, 0.0]];
        let way = schedule(&[0.0, 0.0], &poses, &[limits, limits], 1.0);
        let alone = schedule(&[0.0], &[vec![1.0]], &[limits], 1.0);
        assert_eq!(way[0].time_s.to_bits(), alone[0].time_s.to_bits());
        assert!(way.windows(2).all(|pair| pair[1].time_s > pair[0].time_s));
        // 60·1/T³ = 50 → T = 1.06 s; 5.77/T² = 5 → 1.07 s: the acceleration limits.
        assert!((way[0].time_s - (10.0 / 3.0_f64.sqrt() / 5.0).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn half_the_speed_takes_longer() {
        let limits = JointLimits::new((-7.0, 7.0), 3.0, 5.0, 50.0, 100.0).unwrap();
        let time = |speed| schedule(&[0.0], &[vec![1.0]], &[limits], speed)[0].time_s;
        assert!(time(0.5) > 1.2 * time(1.0));
    }
}
