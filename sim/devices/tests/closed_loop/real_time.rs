//! The driver's thread on a real port: the program `devices` at the other end of a pseudo-terminal, both in real time. What is asserted
//! comes about sooner or later, however busy the machine is.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use servomesh_driver::Output;
use servomesh_driver::backends::dynamixel::Dynamixel;
use servomesh_driver::coupling::Coupling;
use servomesh_driver::io::{BusThread, PortError, Word};
use servomesh_types::ServoState;

use crate::desk::{BAUD, JOINTS, SERVOS, START};
use crate::dynamixel;

/// Longer than anything takes, also on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program with its port.
struct Devices {
    process: Child,
    commands: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    port: PathBuf,
    _links: tempfile::TempDir,
}

impl Devices {
    fn start() -> Self {
        let links = tempfile::tempdir().unwrap();
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../launch/robots/desk.devices.yaml"
        );
        let mut process = Command::new(env!("CARGO_BIN_EXE_devices"))
            .args([file, "--links"])
            .arg(links.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(
            said.by_ref().map_while(Result::ok).any(|line| line == "ready"),
            "it ended before it was ready"
        );
        Self {
            commands: process.stdin.take().unwrap(),
            process,
            port: links.path().join("desk"),
            said,
            _links: links,
        }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.commands, "{line}").unwrap();
        let answer = self.said.next().unwrap().unwrap();
        assert!(answer.starts_with("ok"), "{line}: {answer}");
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A driver with its ears open.
struct Listener {
    words: Receiver<Word>,
    story: Vec<String>,
}

impl Listener {
    fn start(devices: &Devices) -> (BusThread, Self) {
        let (core, mut settings) = dynamixel::driver(SERVOS, 0..JOINTS, 250.0, BAUD);
        settings.latency = Duration::from_millis(1);
        let coupling = Coupling::new(core, Box::new(Dynamixel::new(settings).unwrap()));
        let (send, words) = channel();
        let bus = BusThread::start(coupling, devices.port.clone(), BAUD, move |word| {
            let _ = send.send(word); // nobody listens at a test's end
        });
        let story = Vec::new();
        (bus.unwrap(), Self { words, story })
    }

    /// The first state that is as wanted.
    fn state(&mut self, what: &str, wanted: impl Fn(&ServoState) -> bool) -> ServoState {
        loop {
            match self.words.recv_timeout(PATIENCE) {
                Ok(Word::Output(Output::State(state))) if wanted(&state) => return state,
                Ok(Word::Output(Output::Event(event))) => self.story.push(event.text),
                Ok(Word::Notice(notice)) => self.story.push(notice.text.into_owned()),
                Ok(Word::Output(_)) => {}
                Err(_) => panic!("waited for {what}; heard {:#?}", self.story),
            }
        }
    }

    /// Waits until something is said.
    fn hear(&mut self, part: &str) {
        while !self.story.iter().any(|text| text.contains(part)) {
            match self.words.recv_timeout(PATIENCE) {
                Ok(Word::Output(Output::Event(event))) => self.story.push(event.text),
                Ok(Word::Notice(notice)) => self.story.push(notice.text.into_owned()),
                Ok(Word::Output(_)) => {}
                Err(_) => panic!("waited for {part:?}; heard {:#?}", self.story),
            }
        }
    }
}

fn is_at_start(state: &ServoState) -> bool {
    (0..JOINTS).all(|joint| state.is_fresh(joint) && (state.position[joint] - START[joint]).abs() < 0.01)
}

#[test]
fn a_bus_is_opened_lost_and_found_again() {
    let mut devices = Devices::start();
    let (bus, mut listener) = Listener::start(&devices);
    listener.state("the arm where it stands", is_at_start);
    devices.tell("desk unplug");
    listener.hear("was unplugged: waiting for it to come back");
    listener.hear("no frame from the drives");
    devices.tell("desk plug");
    listener.hear("is there again");
    listener.hear("the drives answer again");
    listener.state("the arm where it stands", is_at_start);
    drop(bus);
}

#[test]
fn one_port_belongs_to_one_driver() {
    let devices = Devices::start();
    let (_bus, mut listener) = Listener::start(&devices);
    listener.state("the arm where it stands", is_at_start);
    let (core, settings) = dynamixel::driver(SERVOS, 0..JOINTS, 250.0, BAUD);
    let coupling = Coupling::new(core, Box::new(Dynamixel::new(settings).unwrap()));
    let second = BusThread::start(coupling, devices.port.clone(), BAUD, |_| {});
    assert!(matches!(second, Err(PortError::Busy { .. })), "{second:?}");
}

#[test]
fn a_port_that_is_none_is_refused_with_what_to_do() {
    let start = |path: &str| {
        let (core, settings) = dynamixel::driver(SERVOS, 0..JOINTS, 250.0, BAUD);
        let coupling = Coupling::new(core, Box::new(Dynamixel::new(settings).unwrap()));
        BusThread::start(coupling, path.into(), BAUD, |_| {})
            .unwrap_err()
            .to_string()
    };
    let absent = start("/dev/ttyUSB_none");
    assert!(absent.contains("there is no such port; "), "{absent}");
    let file = start(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert!(file.contains("is no serial port"), "{file}");
}
