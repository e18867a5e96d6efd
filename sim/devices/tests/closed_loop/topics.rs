//! The same driver on the same machine over the topic backend: whole frames at once, answers a millisecond later.

use servomesh_driver::{Input, Output};
use servomesh_sim::Hardware;
use servomesh_sim::{ServoCatalog, Wiring};
use servomesh_types::{Command, CommandMode, Core, Epoch, Setpoint, Stamp, StreamTag};
use std::time::Duration;

use crate::desk::{self, JOINTS, START};
use crate::motion::{DURATION, Error, Errors, Motion};

/// Runs the motion and says how far from it the arm was; `servos` is the text of the servos file.
pub(crate) fn run(servos: &str) -> Error {
    let (mut core, _) = desk::driver(servos, 500.0);
    let names: Vec<String> = desk::model()
        .joints()
        .iter()
        .map(|joint| joint.name.clone())
        .collect();
    let joints: Vec<String> = names
        .iter()
        .zip(START)
        .map(|(name, start)| format!("      - {{ name: {name}, start: {start} }}"))
        .collect();
    let wiring = format!(
        "watchdog_s: 0.1\nbuses:\n  desk:\n    rate_hz: 500\n    joints:\n{}\n",
        joints.join("\n")
    );
    let servos = ServoCatalog::from_yaml_str(servos).unwrap();
    let wiring = Wiring::from_yaml_str(&wiring).unwrap();
    let origin = Stamp::from_millis(1_000_000);
    let mut hardware = Hardware::new(&desk::model(), &servos, &wiring, origin).unwrap();
    let motion = Motion {
        begin: origin + Duration::from_millis(800),
    };
    let (mut errors, mut answer, mut seq) = (Errors::default(), None, 0);
    let end = motion.begin + DURATION;
    while hardware.now() < end {
        hardware.step();
        let now = hardware.now();
        if let Some((group, command)) = answer.take() {
            hardware.command(group, &command).unwrap();
        }
        if now.as_nanos() % 2_000_000 == 0 {
            seq += 1;
            let [position, velocity, acceleration] = motion.at(now.max(motion.begin));
            let setpoint = Setpoint {
                tag: StreamTag {
                    stamp: now,
                    epoch: Epoch(1),
                    seq,
                    valid_for: Duration::from_millis(50),
                    ..StreamTag::default()
                },
                position: position.into(),
                velocity: velocity.into(),
                acceleration: acceleration.into(),
                ..Setpoint::default()
            };
            let mode = CommandMode::Track;
            core.handle(now, Input::Command(Command { mode, setpoint }));
        }
        while let Some((group, status)) = hardware.poll() {
            core.handle(now, Input::Bus(status));
            while let Some(output) = core.poll() {
                if let Output::Bus(command) = output {
                    answer = Some((group, command));
                }
            }
        }
        while core.poll().is_some() {}
        if now > motion.begin && now.as_nanos() % 10_000_000 == 0 {
            let truth: [f64; JOINTS] = hardware.plant().positions().try_into().unwrap();
            errors.note(&motion, now, truth);
        }
    }
    errors.error()
}
