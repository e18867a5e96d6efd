//! The driver's thread and the program `devices` on a CAN interface of the kernel, both in real time: on `vcan0`, or the one that the environment variable
//! `SERVOMESH_CAN` names. On a machine without it these tests say that they are skipped. What is asserted comes about sooner or later, however busy the machine
//! is.
//!
//! ```text
//! sudo modprobe vcan && sudo ip link add vcan0 type vcan && sudo ip link set vcan0 up
//! ```

use std::f64::consts::PI;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use servomesh_driver::Output;
use servomesh_driver::backends::Backend;
use servomesh_driver::backends::canopen::{Canopen, Carrier, Settings};
use servomesh_driver::backends::wires::BusSettings;
use servomesh_driver::coupling::Coupling;
use servomesh_driver::io::{Address, BusThread, PortError, Word};
use servomesh_fieldbus::can::interface::InterfaceError;
use servomesh_types::ServoState;

use super::servos;
use crate::desk::{BAUD, START, bus, group, model};
use crate::group::Group;

/// Longer than anything takes, also on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Few drives at a low rate, each with a motor on a bench: a slow machine keeps up with them.
const DRIVES: usize = 2;
/// Of the bus \[Hz\].
const RATE_HZ: f64 = 100.0;

/// One test has the interface at a time.
static INTERFACE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// The interface to run on, if this machine has it.
fn interface() -> Option<String> {
    let name = std::env::var("SERVOMESH_CAN").unwrap_or_else(|_| "vcan0".to_owned());
    let there = std::path::Path::new("/sys/class/net").join(&name).exists();
    if !there {
        eprintln!("skipped: this machine has no CAN interface {name}");
    }
    there.then_some(name)
}

/// Whether `ip link set` did what it was told: it needs rights that a user may not have.
fn set_link(interface: &str, state: &str) -> bool {
    let done = Command::new("ip")
        .args(["link", "set", interface, state])
        .status();
    done.is_ok_and(|status| status.success())
}

/// More than is said in a minute.
const WORDS: usize = 10_000;

/// The program with drives on the interface. Their encoders' zero is half a turn behind the joints'.
struct Devices(Child);

impl Devices {
    fn start(interface: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut text = format!("buses:\n  desk:\n    interface: {interface}\n    devices:\n");
        for (id, position) in (1..).zip(START[..DRIVES].iter().map(|start| start + PI)) {
            text.push_str(&format!(
                "      - {{ protocol: canopen, id: {id}, motor: {{ position: {position} }} }}\n"
            ));
        }
        let file = folder.path().join("desk.devices.yaml");
        std::fs::write(&file, text).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_devices"))
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let said: Vec<String> = said
            .map_while(Result::ok)
            .take_while(|line| line != "ready")
            .collect();
        assert!(
            said.iter()
                .any(|line| line.starts_with(&format!("desk: {interface} "))),
            "{said:?}"
        );
        Self(process)
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A driver with its ears open.
struct Listener {
    words: Receiver<Word>,
    story: Vec<String>,
}

fn start(interface: &str, say: impl FnMut(Word) + Send + 'static) -> Result<BusThread, PortError> {
    let carrier = Carrier::of(std::path::Path::new(interface));
    let wires = BusSettings {
        watchdog: Duration::from_secs(2),
        latency: Duration::from_millis(2),
        ..bus(BAUD)
    };
    let (model, servos) = (model(), servos("cst"));
    let slow = Group {
        gains: None, // those that suit the rate
        ..group(&model, &servos, 0..DRIVES, RATE_HZ, Backend::Canopen)
    };
    let (core, settings) =
        slow.driver(|servos, params| Settings::of_file(servos, wires, carrier, params).unwrap());
    let coupling = Coupling::new(core, Box::new(Canopen::new(settings).unwrap()));
    let address = Address::of(Backend::Canopen, interface.into(), BAUD);
    BusThread::start_at(coupling, address, say)
}

impl Listener {
    fn start(interface: &str) -> (BusThread, Self) {
        let (send, words) = channel();
        let bus = start(interface, move |word| {
            let _ = send.send(word); // nobody listens at a test's end
        });
        let story = Vec::new();
        (bus.unwrap(), Self { words, story })
    }

    /// Takes words until they are as wanted.
    fn until(&mut self, what: &str, mut wanted: impl FnMut(&Word) -> bool) {
        for _ in 0..WORDS {
            let Ok(word) = self.words.recv_timeout(PATIENCE) else {
                break;
            };
            match &word {
                Word::Output(Output::Event(event)) => self.story.push(event.text.clone()),
                Word::Notice(notice) => self.story.push(notice.text.to_string()),
                Word::Output(_) => {}
            }
            if wanted(&word) {
                return;
            }
        }
        panic!("waited for {what}; heard {:#?}", self.story);
    }

    fn hear_the_drives_where_they_stand(&mut self) {
        let at_start = |state: &ServoState| {
            (0..DRIVES)
                .all(|joint| state.is_fresh(joint) && (state.position[joint] - START[joint]).abs() < 0.01)
        };
        self.until(
            "the drives where they stand",
            |word| matches!(word, Word::Output(Output::State(state)) if at_start(state)),
        );
    }

    fn hear(&mut self, part: &str) {
        self.until(part, |word| match word {
            Word::Output(Output::Event(event)) => event.text.contains(part),
            Word::Notice(notice) => notice.text.contains(part),
            Word::Output(_) => false,
        });
    }
}

#[test]
fn drives_on_an_interface_are_opened_missed_and_found_again() {
    let Some(interface) = interface() else { return };
    let _alone = INTERFACE.lock();
    let devices = Devices::start(&interface);
    let (bus, mut listener) = Listener::start(&interface);
    listener.hear_the_drives_where_they_stand();
    drop(devices);
    listener.hear("no drive answers at 1000000 bit/s");
    let _devices = Devices::start(&interface);
    listener.hear("all drives of the bus answer");
    listener.hear_the_drives_where_they_stand();
    drop(bus);
}

#[test]
fn an_interface_that_goes_down_and_comes_back_is_told_with_what_to_do() {
    let Some(interface) = interface() else { return };
    let _alone = INTERFACE.lock();
    let _devices = Devices::start(&interface);
    let (bus, mut listener) = Listener::start(&interface);
    listener.hear_the_drives_where_they_stand();
    if !interface.starts_with("vcan") || !set_link(&interface, "down") {
        return eprintln!("skipped: {interface} is no virtual one, or this user may not switch it off");
    }
    listener.hear(&format!(
        "port {interface} is down: `sudo ip link set {interface} up"
    ));
    let refused = start(&interface, |_| {});
    assert!(set_link(&interface, "up"));
    assert!(
        matches!(refused, Err(PortError::Can(InterfaceError::Down { .. }))),
        "{refused:?}"
    );
    listener.hear(&format!("port {interface} is there again"));
    listener.hear_the_drives_where_they_stand();
    drop(bus);
}

#[test]
fn two_drivers_on_an_interface_hear_of_each_other() {
    let Some(interface) = interface() else { return };
    let _alone = INTERFACE.lock();
    let _devices = Devices::start(&interface);
    let (_bus, mut listener) = Listener::start(&interface);
    listener.hear_the_drives_where_they_stand();
    let (_other, _) = Listener::start(&interface);
    listener.hear("somebody else on this bus makes");
}

#[test]
fn an_interface_that_is_not_there_is_refused_with_what_to_do() {
    let error = start("can_none", |_| {}).unwrap_err();
    let text = error.to_string();
    match error {
        PortError::Can(InterfaceError::NoCan { .. }) => {
            assert!(text.contains("an adapter that speaks slcan"), "{text}");
        }
        PortError::Can(InterfaceError::Absent { .. }) => {
            assert!(text.contains("there is no such interface; "), "{text}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn the_program_says_which_bus_has_no_interface() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.yaml");
    let text = "buses: { lift: { interface: can_none, devices: [{ protocol: canopen, id: 1 }] } }";
    std::fs::write(&file, text).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_devices"))
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(
        said.contains("bus lift: its port can't be opened: CAN interface can_none: "),
        "{said}"
    );
}
