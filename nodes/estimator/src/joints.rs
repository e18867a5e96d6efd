//! Decides how the joints of one group move: a filter and a watched encoder each.
//!
//! **Invariant:** all joints hold for the instant of the newest sample, less the age that their encoders' values have.

use crate::encoder::{EncoderWatch, Rules, Verdict};
use crate::filter::{JointFilter, JointNoise, Motion};
use arrayvec::ArrayVec;
use servomesh_types::{Encoder, Fault, GroupDescription, JointSet, JointVec, MAX_JOINTS, ServoState};

/// The joints of one group.
#[derive(Debug)]
pub(crate) struct Joints {
    joints: ArrayVec<Joint, MAX_JOINTS>,
    coast_s: f64,
}

#[derive(Clone, Copy, Debug)]
struct Joint {
    noise: JointNoise,
    rules: Rules,
    /// What the encoder announces; nothing known: no deviations are told.
    encoder: Encoder,
    speed_limit: f64,
    acceleration_limit: f64,
    filter: JointFilter,
    /// What the motor's effort gave at the newest sample.
    expected: f64,
    /// The filter without the last reading, if that was a surprise: the first sign of a freeze can come between two counts.
    without_last: Option<JointFilter>,
    watch: EncoderWatch,
    /// For how long its readings have been missing.
    missed_s: f64,
}

/// What a sample changed, beside the motion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Advance {
    /// The first encoder that failed with this sample.
    pub(crate) failed: Option<Fault>,
    /// Readings that were held back.
    pub(crate) held: u64,
}

impl Joints {
    /// Joints that have not been heard of yet, with filters of the given bandwidth \[rad/s\].
    pub(crate) fn new(description: &GroupDescription, bandwidth: f64, coast_s: f64) -> Self {
        let period_s = 1.0 / description.rate_hz;
        let joint = |(index, joint): (usize, &servomesh_types::JointDescription)| {
            let encoder = joint.drivetrain.encoder;
            Joint {
                noise: JointNoise::new(bandwidth, encoder.resolution, encoder.noise, period_s),
                rules: Rules::new(index, joint.limits.velocity(), encoder.resolution, encoder.noise),
                encoder,
                speed_limit: joint.limits.velocity(),
                acceleration_limit: joint.limits.acceleration(),
                filter: JointFilter::default(),
                expected: 0.0,
                without_last: None,
                watch: EncoderWatch::default(),
                missed_s: 0.0,
            }
        };
        Self {
            joints: description.joints.iter().enumerate().map(joint).collect(),
            coast_s,
        }
    }

    /// Starts anew from a sample. What is wrong with an encoder stays wrong.
    pub(crate) fn start(&mut self, state: &ServoState) {
        for (index, joint) in self.joints.iter_mut().enumerate() {
            joint.restart(state.position[index], state.velocity[index]);
            if joint.watch.fault().is_none() {
                joint.watch = EncoderWatch::starting_at(state.position[index]);
            }
        }
    }

    /// Starts some joints anew: their encoders count from elsewhere than before, by how much is not told. What is wrong with an encoder stays wrong.
    pub(crate) fn rebase(&mut self, joints: JointSet, state: &ServoState) {
        for index in joints.iter() {
            let joint = &mut self.joints[index];
            joint.without_last = None;
            joint.restart(state.position[index], state.velocity[index]);
            if joint.watch.fault().is_none() {
                joint.watch = EncoderWatch::starting_at(state.position[index]);
            }
        }
    }

    /// Forgets faults of encoders, and starts those joints anew.
    pub(crate) fn clear(&mut self, state: &ServoState) {
        for (index, joint) in self.joints.iter_mut().enumerate() {
            if joint.watch.is_doubtful() {
                joint.watch.clear();
                joint.restart(state.position[index], state.velocity[index]);
            }
        }
    }

    /// Takes the readings of a sample `dt_s` after the last one; `expected` are the accelerations that the model says. A joint whose reading is
    /// not new moves on as predicted: its servo's reply got lost.
    pub(crate) fn advance(&mut self, state: &ServoState, expected: &JointVec, dt_s: f64) -> Advance {
        let fastest = self.joints.iter().fold(0.0, |most: f64, joint| {
            most.max(joint.filter.motion().velocity.abs())
        });
        let mut advance = Advance::default();
        for (index, joint) in self.joints.iter_mut().enumerate() {
            if !state.is_fresh(index) {
                joint.filter.predict(&joint.noise, expected[index], dt_s);
                joint.missed_s += dt_s;
                advance.held += 1;
                continue;
            }
            let (reading, was) = (state.position[index], joint.watch.fault());
            joint.filter = joint.predicted(reading, expected[index], dt_s);
            let innovation = joint.filter.innovation(&joint.noise, reading);
            let heard_s = dt_s + std::mem::take(&mut joint.missed_s);
            let since_s = heard_s + joint.watch.unheard_s();
            let speeds = [joint.filter.motion().velocity.abs(), fastest];
            match joint
                .watch
                .judge(&joint.rules, reading, &innovation, speeds, heard_s, self.coast_s)
            {
                Verdict::Believe => {
                    joint.without_last = innovation.is_surprise().then_some(joint.filter);
                    joint.filter.correct(&joint.noise, reading, since_s);
                }
                Verdict::Restart => joint.restart(reading, 0.0),
                Verdict::Hold => advance.held += 1,
            }
            if was.is_none() {
                advance.failed = advance.failed.or(joint.watch.fault());
            }
        }
        advance
    }

    /// Tells what accelerations the motors' effort gives now.
    pub(crate) fn expect(&mut self, expected: &JointVec) {
        for (joint, expected) in self.joints.iter_mut().zip(expected.iter()) {
            joint.filter.expect(*expected, joint.expected);
            joint.expected = *expected;
        }
    }

    /// One joint's motion `ahead_s` after the newest sample.
    pub(crate) fn motion(&self, joint: usize, ahead_s: f64) -> Motion {
        let joint = &self.joints[joint];
        joint.filter.motion().after(ahead_s + joint.encoder.delay_s)
    }

    /// Standard deviations of that motion; `None` where nothing is known of the encoder.
    pub(crate) fn deviations(&self, joint: usize, ahead_s: f64) -> Option<Motion> {
        let joint = &self.joints[joint];
        joint.noise.known.then(|| {
            let ahead_s = ahead_s + joint.encoder.delay_s;
            let mut deviations = joint.filter.deviations(&joint.noise, ahead_s);
            if let Some(Fault::EncoderStep(e) | Fault::EncoderDrift(e)) = joint.watch.fault() {
                deviations.position = deviations.position.hypot(e.value);
            }
            deviations
        })
    }

    /// The part of each acceleration that the model does not explain.
    pub(crate) fn disturbance(&self) -> JointVec {
        JointVec::from_fn(self.joints.len(), |i| self.joints[i].filter.disturbance())
    }

    /// Positions, velocities and accelerations at the newest sample.
    pub(crate) fn state(&self) -> (JointVec, JointVec, JointVec) {
        let motion = |i: usize| self.joints[i].filter.motion();
        let count = self.joints.len();
        (
            JointVec::from_fn(count, |i| motion(i).position),
            JointVec::from_fn(count, |i| motion(i).velocity),
            JointVec::from_fn(count, |i| motion(i).acceleration),
        )
    }

    /// Joints whose measurement is not to be believed.
    pub(crate) fn doubtful(&self) -> JointSet {
        let doubtful = |joint: &usize| self.joints[*joint].watch.is_doubtful();
        (0..self.joints.len()).filter(doubtful).collect()
    }

    /// Whether an encoder failed so long ago that the model's word counts no longer.
    pub(crate) fn is_lost(&self, joint: usize) -> bool {
        let watch = &self.joints[joint].watch;
        watch.fault().is_some() && watch.unheard_s() <= 0.0
    }

    /// What is wrong with the first encoder that is not believed.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.joints.iter().find_map(|joint| joint.watch.fault())
    }
}

impl Joint {
    /// The filter at the next reading; without the last one, where that now turns out to be the first of a frozen encoder.
    fn predicted(&mut self, reading: f64, expected: f64, dt_s: f64) -> JointFilter {
        let mut filter = self.filter;
        filter.predict(&self.noise, expected, dt_s);
        let Some(mut without) = self.without_last.take() else {
            return filter;
        };
        // What is expected now follows from a speed that it does not have: friction may even act the other way.
        let before = without.expected();
        without.predict(&self.noise, before, dt_s);
        let innovation = without.innovation(&self.noise, reading);
        let speed = without.motion().velocity.abs();
        if self.watch.froze(&self.rules, reading, &innovation, speed, dt_s) {
            without
        } else {
            filter
        }
    }

    fn restart(&mut self, position: f64, velocity: f64) {
        self.missed_s = 0.0;
        self.filter = JointFilter::starting_at(
            position,
            velocity,
            self.speed_limit,
            self.acceleration_limit,
            &self.noise,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use servomesh_types::{Capabilities, Drivetrain, GroupName, JointDescription, JointKind, JointLimits};

    const T: f64 = 0.002;
    const COUNT: f64 = std::f64::consts::TAU / 524_288.0;

    fn one_joint() -> Joints {
        let mut drivetrain = Drivetrain::default();
        (drivetrain.encoder.resolution, drivetrain.encoder.noise) = (COUNT, 0.5 * COUNT);
        let joint = JointDescription {
            name: "wrist".to_owned(),
            kind: JointKind::Revolute,
            limits: JointLimits::new((-7.0, 7.0), 3.2, 20.0, 200.0, 28.0).expect("possible limits"),
            drivetrain,
        };
        let description = GroupDescription {
            name: GroupName::new("arm").expect("a good name"),
            joints: vec![joint],
            rate_hz: 500.0,
            capabilities: Capabilities::default(),
            backend: "test".to_owned(),
        };
        Joints::new(&description, std::f64::consts::TAU * 20.0, 0.05)
    }

    /// What friction takes, as the joint's model has it, which thinks of 10 % too much \[rad/s²\].
    const FRICTION: f64 = 4.1;

    #[test]
    fn a_joint_that_friction_stops_is_not_taken_for_frozen() {
        let one = |value: f64| JointVec::from_fn(1, |_| value);
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for run in 0..500 {
            // The motor still pulls at the end of a motion; below some speed the joint sticks at once.
            let (sticks, pull) = (random.random_range(0.005..0.025), -random.random_range(1.5..2.5));
            let mut read = |position: f64| {
                let noise: f64 = (0..3).map(|_| random.random::<f64>() - 0.5).sum();
                (position / COUNT + noise).round() * COUNT
            };
            let mut joints = one_joint();
            let (mut position, mut velocity, mut stands) = (0.0, -0.4, false);
            let mut state = ServoState::default();
            (state.position, state.velocity) = (one(position), one(velocity));
            joints.start(&state);
            let mut expected = 0.0;
            for sample in 0..300 {
                if !stands {
                    let braking = pull + FRICTION / 1.1;
                    position += T * (velocity + 0.5 * T * braking);
                    velocity += T * braking;
                    stands = velocity > -sticks;
                }
                state.position = one(read(position));
                let advance = joints.advance(&state, &one(expected), T);
                assert_eq!(advance.failed, None, "run {run}, sample {sample}");
                assert!(joints.doubtful().is_empty(), "run {run}, sample {sample}");
                let filtered = joints.motion(0, 0.0).velocity;
                expected = pull - FRICTION * (filtered / 0.01).clamp(-1.0, 1.0);
                joints.expect(&one(expected));
            }
        }
    }
}
