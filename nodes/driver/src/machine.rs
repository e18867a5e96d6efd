//! What a driver's core runs on: topics of the simulation, stepped by the node, or a bus with a thread of its own.

use crate::teller::Teller;
use anyhow::{Context as _, bail};
use servomesh_driver::backends::wires::BusSettings;
use servomesh_driver::backends::{Backend, no_homing_by_drives};
use servomesh_driver::coupling::Coupling;
use servomesh_driver::io::{Address, BusThread, Word};
use servomesh_driver::link::Link;
use servomesh_driver::{Driver, DriverParams, Input, Output};
use servomesh_shell::params::{ParamSpec, Params};
use servomesh_types::{Core, DriveMode, Event, GroupName, Stamp};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What moves a group.
pub(crate) enum Machine {
    /// The backend `sim`: the node steps the core.
    Topics(Driver),
    /// A bus that has not been opened yet.
    Wired(Box<Wired>),
    /// A bus that runs.
    Running(Running),
}

/// A core and a link, and the port that they are for.
pub(crate) struct Wired {
    coupling: Coupling,
    address: Address,
}

/// A bus that runs, and what it has to say.
pub(crate) struct Running {
    bus: BusThread,
    events: Receiver<Event>,
}

/// The backend of topics, which the simulation speaks.
pub(crate) const SIM: &str = "sim";

/// The parameters of backends on wires.
pub(crate) fn parameters() -> Vec<ParamSpec> {
    vec![
        ParamSpec::text(
            "port",
            "",
            "The serial port of the bus, such as /dev/ttyUSB0; for canopen also a CAN interface, such as can0; for pwm /sys/class/pwm/pwmchip0, /dev/i2c-1 or, with a PCA9685's address, /dev/i2c-1:0x41; not for sim",
        ),
        ParamSpec::integer(
            "baud",
            1_000_000,
            (9600, 10_500_000),
            "Speed of the bus [bit/s]; for a CAN interface the one it was given with ip; not for sim and pwm",
        ),
        ParamSpec::number(
            "watchdog_s",
            0.1,
            (0.02, 2.54),
            "How long a servo goes on without hearing from this driver [s]; then it stops by itself; not for sim, and not for feetech and pwm, whose servos have no watchdog",
        ),
        ParamSpec::number(
            "port_latency_s",
            0.002,
            (0.0, 0.1),
            "What port, adapter and operating system add at most to an answer's way [s]; not for sim and pwm",
        ),
    ]
}

/// What a backend's name means: `None` is the backend `sim`.
pub(crate) fn backend(name: &str) -> anyhow::Result<Option<Backend>> {
    let found = Backend::named(name);
    if found.is_none() && name != SIM {
        let names = Backend::ALL.map(Backend::name);
        bail!(
            "parameter backend: there is no backend {name:?}; this driver has: {SIM}, {}",
            names.join(", ")
        );
    }
    Ok(found)
}

/// The link of a group's bus, and what its servos close themselves, written into `driver`; `None` for the backend `sim`.
pub(crate) fn link(
    params: &Params,
    servos: &str,
    driver: &mut DriverParams,
) -> anyhow::Result<Option<Box<dyn Link>>> {
    let Some(backend) = backend(params.text("backend"))? else {
        no_homing_by_drives(SIM, driver)?;
        return Ok(None);
    };
    if params.text("port").is_empty() {
        bail!(
            "parameter port is not set: give the serial port of the bus, such as /dev/ttyUSB0, a CAN interface, such as can0, or what makes the pulses, such as /dev/i2c-1"
        );
    }
    if params.switch("use_sim_time") {
        bail!(
            "use_sim_time is set, but servos on a wire live in real time: only the backend sim can take another"
        );
    }
    let bus = BusSettings {
        baud: baud(params),
        watchdog: params.seconds("watchdog_s"),
        latency: params.seconds("port_latency_s"),
    };
    let port = Path::new(params.text("port"));
    Ok(Some(backend.link(port, servos, bus, driver)?))
}

fn baud(params: &Params) -> u32 {
    u32::try_from(params.integer("baud")).unwrap_or(1_000_000)
}

impl Machine {
    pub(crate) fn new(core: Driver, link: Option<Box<dyn Link>>, params: &Params) -> Self {
        match (link, Backend::named(params.text("backend"))) {
            (Some(link), Some(backend)) => Self::Wired(Box::new(Wired {
                coupling: Coupling::new(core, link),
                address: Address::of(backend, params.text("port").into(), baud(params)),
            })),
            _ => Self::Topics(core),
        }
    }

    /// Opens the bus, if there is one. What it measures goes out through `teller`.
    pub(crate) fn start(self, group: GroupName, teller: &Arc<Mutex<Teller>>) -> anyhow::Result<Self> {
        let Self::Wired(wired) = self else { return Ok(self) };
        let Wired { coupling, address } = *wired;
        let (send, events) = channel();
        let teller = Arc::clone(teller);
        let bus = BusThread::start_at(coupling, address, move |word| {
            let event = match word {
                Word::Output(Output::State(state)) => return lock(&teller).publish(state),
                Word::Output(Output::Tracking(tracking)) => return lock(&teller).tell_tracking(tracking),
                Word::Output(Output::Event(event)) => event,
                Word::Output(Output::Bus(_)) => return,
                Word::Notice(notice) => Event {
                    stamp: Stamp::from_nanos(servomesh_shell::ros::system_ns()),
                    kind: notice.kind,
                    group: Some(group),
                    text: notice.text.into_owned(),
                },
            };
            // The node ends the bus before it stops listening.
            let _ = send.send(event);
        })
        .with_context(|| format!("group {group}"))?;
        Ok(Self::Running(Running { bus, events }))
    }

    /// The core, where the node steps it.
    pub(crate) fn core(&mut self) -> Option<&mut Driver> {
        match self {
            Self::Topics(core) => Some(core),
            Self::Wired(_) | Self::Running(_) => None,
        }
    }

    /// Gives the core an input; `false` where the node has to drain it then.
    pub(crate) fn give(&mut self, now: Stamp, input: Input) -> bool {
        match self {
            Self::Topics(core) => {
                core.handle(now, input);
                false
            }
            Self::Wired(_) => true,
            Self::Running(running) => {
                running.bus.give(now, input);
                true
            }
        }
    }

    /// What a bus had to say since the last call.
    pub(crate) fn event(&self) -> Option<Event> {
        match self {
            Self::Running(running) => running.events.try_recv().ok(),
            Self::Topics(_) | Self::Wired(_) => None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Stamp> {
        match self {
            Self::Topics(core) => core.deadline(),
            Self::Wired(_) | Self::Running(_) => None,
        }
    }

    pub(crate) fn mode(&self) -> DriveMode {
        match self {
            Self::Topics(core) => core.mode(),
            Self::Wired(_) => DriveMode::Disabled,
            Self::Running(running) => running.bus.mode(),
        }
    }

    pub(crate) fn other_bus_rate_hz(&self) -> Option<f64> {
        match self {
            Self::Topics(core) => core.other_bus_rate_hz(),
            Self::Wired(_) => None,
            Self::Running(running) => running.bus.other_rate_hz(),
        }
    }
}

/// A poisoned lock's owner has ended with an error of its own; what is published next is whole.
pub(crate) fn lock(teller: &Mutex<Teller>) -> MutexGuard<'_, Teller> {
    teller.lock().unwrap_or_else(PoisonError::into_inner)
}
