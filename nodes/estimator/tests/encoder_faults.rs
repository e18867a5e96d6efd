//! Encoders that fail: what is found, what the estimate does meanwhile, and when it is forgotten.

mod bench;

use bench::{Bench, PERIOD_NS, group, measured_by, name, sample};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_types::{Epoch, EventKind, Fault, GroupMotion, JointSet, Stamp};

/// An encoder of 19 bits with noise of half a count.
const COUNT: f64 = std::f64::consts::TAU / 524_288.0;

fn at(i: i64) -> Stamp {
    Stamp::from_nanos(i * PERIOD_NS)
}

/// Two joints that move sinusoidally at up to 1.2 rad/s; the first one's encoder goes through `broken` from sample `from` on.
struct Machine {
    bench: Bench,
    random: ChaCha8Rng,
    epoch: Epoch,
}

impl Machine {
    fn new(seed: u64) -> Self {
        let groups = [measured_by(group("arm", &["a", "b"]), COUNT, 0.5 * COUNT)];
        Self {
            bench: Bench::new(&groups),
            random: ChaCha8Rng::seed_from_u64(seed),
            epoch: Epoch(1),
        }
    }

    fn read(&mut self, position: f64) -> f64 {
        // Sum of three even distributions: standard deviation of half a count.
        let noise: f64 = (0..3).map(|_| self.random.random::<f64>() - 0.5).sum();
        ((position + noise * COUNT) / COUNT).round() * COUNT
    }

    /// The motion told at sample `i`.
    fn step(&mut self, i: i64, broken: impl FnOnce(f64) -> f64) -> GroupMotion {
        let a = self.read(truth(i));
        let b = self.read(-truth(i));
        let mut state = sample(at(i), i.unsigned_abs(), &[broken(a), b]);
        state.tag.epoch = self.epoch;
        self.bench
            .outputs
            .retain(|(_, output)| matches!(output, servomesh_estimator::Output::Event(_)));
        self.bench.sample(at(i), "arm", state);
        self.bench.frames().last().expect("a frame").1.groups[0].1
    }
}

fn truth(i: i64) -> f64 {
    0.6 * (2.0 * at(i).as_seconds()).sin()
}

/// Runs until the fault is told: it, the samples that it took, and how far the worst position was off until then.
fn find(machine: &mut Machine, from: i64, broken: impl Fn(i64, f64) -> f64) -> (Fault, i64, f64) {
    for i in 1..from {
        let motion = machine.step(i, |reading| reading);
        assert_eq!(motion.fault, None, "sample {i}");
        assert_eq!(motion.doubtful, JointSet::EMPTY, "sample {i}");
    }
    let mut worst: f64 = 0.0;
    for i in from..from + 500 {
        let motion = machine.step(i, |reading| broken(i, reading));
        worst = worst.max((motion.position[0] - truth(i)).abs());
        assert!(
            (motion.position[1] + truth(i)).abs() < 1e-3,
            "the other joint goes on"
        );
        if let Some(fault) = motion.fault {
            assert!(motion.doubtful.contains(0) && !motion.doubtful.contains(1));
            return (fault, i - from + 1, worst);
        }
    }
    panic!("no fault was found");
}

#[test]
fn stuck_stepping_and_running_away_encoders_are_named_and_never_followed() {
    for seed in 1..20 {
        println!("seed {seed}");
        let (fault, samples, worst) = find(&mut Machine::new(seed), 600, |_, reading| reading + 0.05);
        assert!(
            matches!(fault, Fault::EncoderStep(e) if e.joint == 0 && (e.value - 0.05).abs() < 1e-3),
            "{fault:?}"
        );
        assert_eq!(samples, 3);
        assert!(worst < 1e-3, "{worst} rad off");
        let drift = |i: i64, reading: f64| reading + 6.0 * at(i - 599).as_seconds();
        let (fault, samples, worst) = find(&mut Machine::new(seed), 600, drift);
        assert!(matches!(fault, Fault::EncoderDrift(_)), "{fault:?}");
        assert!(samples == 3 && worst < 1e-3, "{samples} samples, {worst} rad");
        let frozen = (truth(599) / COUNT).round() * COUNT;
        let (fault, samples, worst) = find(&mut Machine::new(seed), 600, |_, _| frozen);
        assert!(matches!(fault, Fault::EncoderStuck(_)), "{fault:?}");
        // It reads on for a little, as constant acceleration does without a model.
        assert!(samples < 30 && worst < 0.01, "{samples} samples, {worst} rad");
    }
}

#[test]
fn a_still_encoder_is_stuck_if_its_noise_is_gone() {
    let mut machine = Machine::new(5);
    let mut found = None;
    for i in 1..400 {
        let reading = (i >= 200).then_some(0.0);
        let motion = machine.step(i, |alive| reading.unwrap_or(alive));
        found = found.or(motion.fault.map(|fault| (i, fault)));
    }
    assert!(
        matches!(
            found,
            Some((200..260, Fault::EncoderStuck(_) | Fault::EncoderStep(_)))
        ),
        "{found:?}"
    );
}

#[test]
fn a_joint_that_stands_is_not_frozen_because_one_reading_was_off() {
    for seed in 0..20 {
        let mut machine = Machine::new(seed);
        for i in 1..900 {
            // Noise six times as large as it mostly is comes once in a while; so do a few equal counts.
            let off = if i == 600 { 5.0 * COUNT } else { 0.0 };
            let still = machine.read(0.0);
            let reading = if (600..612).contains(&i) { off } else { still };
            let motion = machine.step(i, |_| reading);
            assert_eq!(
                (motion.fault, motion.doubtful),
                (None, JointSet::EMPTY),
                "seed {seed}, sample {i}"
            );
        }
    }
}

#[test]
fn a_fault_stays_until_a_new_epoch_and_its_joint_is_left_out_of_joint_states() {
    let mut machine = Machine::new(3);
    let told = |machine: &Machine, i| {
        machine
            .bench
            .core
            .joint_states(at(i))
            .map(|joint| joint.name.to_owned())
            .collect::<Vec<_>>()
    };
    let broken = |reading: f64| reading + 0.05;
    find(&mut machine, 300, |_, reading| broken(reading));
    // The model's word counts for coast_s, 25 samples; the first of the three was the 300th.
    for i in 303..320 {
        machine.step(i, broken);
    }
    assert_eq!(told(&machine, 320), ["a", "b"]);
    for i in 320..800 {
        let motion = machine.step(i, broken);
        assert!(motion.doubtful.contains(0) && motion.fault.is_some());
        assert!(
            motion.deviation.position[0] >= 0.05 || i < 330,
            "it says how far it may be off"
        );
    }
    assert_eq!(told(&machine, 800), ["b"]);
    machine.epoch = Epoch(2);
    let motion = machine.step(800, broken);
    assert_eq!((motion.fault, motion.doubtful), (None, JointSet::EMPTY));
    assert!(
        (motion.position[0] - broken(truth(800))).abs() < 1e-3,
        "from the measured state"
    );
    assert_eq!(told(&machine, 801), ["a", "b"]);
    let kinds: Vec<_> = machine.bench.events().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Fault, EventKind::Recovered]);
    assert!(
        machine.bench.events()[0]
            .text
            .starts_with("joint a: encoder jumped"),
        "{:?}",
        machine.bench.events()
    );
}

#[test]
fn a_single_bad_reading_is_held_back_and_counted() {
    let mut machine = Machine::new(9);
    for i in 1..1000 {
        let motion = machine.step(i, |reading| if i > 100 && i % 50 == 0 { 2.5 } else { reading });
        assert_eq!(motion.fault, None);
        assert!((motion.position[0] - truth(i)).abs() < 1e-3, "sample {i}");
        assert_eq!(motion.doubtful.contains(0), i > 100 && i % 50 == 0, "sample {i}");
    }
    assert_eq!(machine.bench.core.counters(name("arm")).expect("known").held, 17);
}
