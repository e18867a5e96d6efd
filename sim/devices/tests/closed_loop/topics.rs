//! The same driver on the same machine over the topic backend: whole frames at once, answers a millisecond later.

use std::time::Duration;

use servomesh_driver::{Driver, Input, Output};
use servomesh_sim::{Hardware, ServoCatalog, Wiring};
use servomesh_types::Core as _;

use crate::commands::Commands;
use crate::desk::{self, BEGIN};
use crate::motion::{DURATION, Error, Errors, Motion};

/// Runs the motion and says how far from it the arm was; `servos` is the text of the servos file.
pub(crate) fn run(mut core: Driver, servos: &str) -> Error {
    let servos = ServoCatalog::from_yaml_str(servos).unwrap();
    let wiring = Wiring::from_yaml_str(&desk::wiring(500.0)).unwrap();
    let mut hardware = Hardware::new(&desk::model(), &servos, &wiring, BEGIN).unwrap();
    let mut commands = Commands::new(BEGIN + Duration::from_millis(2));
    commands.epoch = 1;
    let motion = Motion {
        begin: BEGIN + Duration::from_millis(800),
    };
    let (mut errors, mut answer) = (Errors::default(), None);
    let end = motion.begin + DURATION;
    while hardware.now() < end {
        hardware.step();
        let now = hardware.now();
        if let Some((group, command)) = answer.take() {
            hardware.command(group, &command).unwrap();
        }
        if let Some(command) = commands.due(now, |now| Some(motion.at(now.max(motion.begin)))) {
            core.handle(now, Input::Command(command));
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
            errors.note(&motion, now, hardware.plant().positions().try_into().unwrap());
        }
    }
    errors.error()
}
