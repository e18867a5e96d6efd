//! The driver's thread on a directory laid out like that of one of the system's PWM chips, in real time.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use servomesh_driver::Output;
use servomesh_driver::backends::Backend;
use servomesh_driver::io::{Address, BusThread, Word};

use super::rig::coupling;

/// Longer than anything takes, also on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A chip of so many channels, all exported.
fn chip(channels: u8) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("npwm"), format!("{channels}\n")).unwrap();
    for channel in 0..channels {
        let channel = directory.path().join(format!("pwm{channel}"));
        fs::create_dir(&channel).unwrap();
        for file in ["enable", "period", "duty_cycle"] {
            fs::write(channel.join(file), "1\n").unwrap();
        }
    }
    directory
}

fn start(path: &Path) -> (BusThread, Receiver<Word>) {
    let (send, heard) = channel();
    let address = Address::of(Backend::Pwm, path.to_path_buf(), 0);
    let bus = BusThread::start_at(coupling(), address, move |word| {
        // Whoever listens may have heard enough.
        let _ = send.send(word);
    });
    (bus.unwrap(), heard)
}

#[test]
fn the_drivers_thread_sets_the_systems_channels_up_without_pulses() {
    let directory = chip(4);
    let (bus, heard) = start(directory.path());
    let state = loop {
        if let Word::Output(Output::State(state)) = heard.recv_timeout(PATIENCE).unwrap() {
            break state;
        }
    };
    assert!(state.estimated, "{state:?}");
    for channel in [0, 3] {
        let read =
            |file| fs::read_to_string(directory.path().join(format!("pwm{channel}")).join(file)).unwrap();
        assert_eq!(
            ["enable", "period", "duty_cycle"].map(read),
            ["0", "20000000", "0"]
        );
    }
    let untouched = fs::read_to_string(directory.path().join("pwm1/enable")).unwrap();
    assert_eq!(untouched, "1\n", "another's channel");
    drop(bus);
}

#[test]
fn a_channel_that_the_system_has_not_is_named_once() {
    let directory = chip(2);
    let (bus, heard) = start(directory.path());
    let text = loop {
        if let Word::Notice(notice) = heard.recv_timeout(PATIENCE).unwrap() {
            break notice.text;
        }
    };
    assert!(
        text.contains("there is no channel 3: it has 2, counted from 0"),
        "{text}"
    );
    drop(bus);
    let again = heard.try_iter().filter(|word| matches!(word, Word::Notice(_)));
    assert_eq!(again.count(), 0);
}

#[test]
fn what_is_no_chip_is_refused_with_advice() {
    let address = Address::of(Backend::Pwm, "/dev/null".into(), 0);
    let error = BusThread::start_at(coupling(), address, |_| {})
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("port /dev/null: makes no pulses: give a chip of the system's"),
        "{error}"
    );
}
