//! Durations against the C++ library Ruckig on the same random states: `golden/profile_durations.py` says how they are
//! drawn. Ours take as long, or less.

use servomesh_motion::profile::Synchronization;
use servomesh_motion::{Bounds, PointToPoint, State};
use servomesh_types::JointVec;

/// SplitMix64, as the script has it.
struct Draw(u64);

impl Draw {
    fn number(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 * 2.0_f64.powi(-53)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.number()
    }
}

fn case(k: usize) -> (State, JointVec, Bounds, Synchronization) {
    let mut draw = Draw(k as u64);
    let n = 1 + k % 7;
    let zeros = JointVec::zeros(n);
    let mut state = State::at_rest(zeros);
    let mut target = zeros;
    let mut bounds = Bounds {
        lower: JointVec::from_fn(n, |_| f64::NEG_INFINITY),
        upper: JointVec::from_fn(n, |_| f64::INFINITY),
        velocity: zeros,
        acceleration: zeros,
        jerk: zeros,
    };
    for i in 0..n {
        bounds.velocity[i] = draw.between(0.5, 3.0);
        bounds.acceleration[i] = draw.between(1.0, 10.0);
        bounds.jerk[i] = draw.between(5.0, 100.0);
        state.position[i] = draw.between(-3.0, 3.0);
        target[i] = draw.between(-3.0, 3.0);
        let v = draw.between(-1.0, 1.0) * bounds.velocity[i];
        let a = draw.between(-1.0, 1.0) * bounds.acceleration[i];
        state.velocity[i] = if k.is_multiple_of(4) { 0.0 } else { v };
        state.acceleration[i] = if k % 4 >= 2 { a } else { 0.0 };
    }
    use Synchronization::{None, Phase, Time};
    (state, target, bounds, [Phase, Time, None][k / 4 % 3])
}

#[test]
fn no_motion_takes_longer_than_ruckigs() {
    let durations = include_bytes!("golden/profile_durations.bin");
    let (mut shorter, mut worst) = (0, f64::NEG_INFINITY);
    let mut planner = PointToPoint::new(7);
    let cases = durations.len() / 4;
    let mut longer = Vec::new();
    for (k, bytes) in durations.chunks_exact(4).enumerate() {
        let theirs = f64::from(u32::from_le_bytes(bytes.try_into().expect("four bytes"))) * 1e-7;
        let (from, target, bounds, synchronization) = case(k);
        let ours = planner
            .position_with(&from, &target, &bounds, synchronization)
            .unwrap_or_else(|error| panic!("case {k}: {error:?}"))
            .duration();
        worst = worst.max(ours - theirs);
        shorter += u32::from(ours < theirs - TOLERANCE_S);
        if ours > theirs + TOLERANCE_S {
            longer.push((k, ours, theirs));
        }
    }
    println!("{cases} cases: {shorter} shorter, at most {worst:e} s longer");
    assert!(cases >= 20_000);
    assert!(
        longer.is_empty(),
        "{} longer: {:?}",
        longer.len(),
        &longer[..longer.len().min(5)]
    );
}

/// In s.
const TOLERANCE_S: f64 = 1e-6;
