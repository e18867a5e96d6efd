//! The loop that drives a node: one thread that spins, steps the core and publishes.
//!
//! One thread, so that a message is handled and answered without being handed over: spin until a message or the core's
//! deadline, drain every stream, step the node, publish what came out.

use super::managed::{LifecycleServices, announce_end, announce_start};
use super::parameters::{ParameterServices, value_from_ros};
use super::wire::stamp_to_msg;
use super::{Io, Publisher, qos};
use crate::EXIT_CONFIG;
use crate::health::{Level, Report};
use crate::lifecycle::{State, Transition};
use crate::params::{ParamError, ParamSpec, Params, Value};
use anyhow::Context as _;
use r2r::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus, KeyValue};
use servomesh_types::{Event, EventKind, Stamp};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a node's `main.rs` implements: its ports, and how messages become its core's inputs and outputs.
pub trait Node: Sized {
    /// The executable's and, unless renamed, the node's name.
    const NAME: &'static str;

    /// The parameters it declares, beside `autostart` and `use_sim_time` which every node has.
    fn parameters() -> Vec<ParamSpec>;

    /// Opens the node's ports. Called once; structural parameters (names, files) may be read here.
    ///
    /// # Errors
    /// A port can't be opened, or a structural parameter can't be used.
    fn open(io: &mut Io, params: &Params) -> anyhow::Result<Self>;

    /// Builds a fresh core from the parameters.
    ///
    /// # Errors
    /// The parameters, or the files they name, can't be used: says which, and why.
    fn configure(&mut self, io: &mut Io, params: &Params, now: Stamp) -> anyhow::Result<()>;

    /// Begins its duty.
    ///
    /// # Errors
    /// It can't begin; says why.
    fn activate(&mut self, io: &mut Io, now: Stamp) -> anyhow::Result<()>;

    /// Ends its duty; what can move is brought to a safe state before this returns.
    fn deactivate(&mut self, io: &mut Io, now: Stamp);

    /// Forgets what `configure` built.
    fn cleanup(&mut self, io: &mut Io);

    /// Takes in what arrived, ticks the core and publishes. While not `active` it must still drain its inputs, and
    /// answer requests with a refusal that says so.
    fn step(&mut self, io: &mut Io, now: Stamp, active: bool);

    /// When `step` is to be called next if no message comes.
    fn deadline(&self) -> Option<Stamp>;

    /// Takes over changed live parameters.
    ///
    /// # Errors
    /// They can't be used: says which and why. The node stays as it was.
    fn set_parameters(&mut self, params: &Params) -> Result<(), String>;

    /// Adds findings and figures to what the node says on `diagnostics`, once a second.
    fn report(&mut self, report: &mut Report);
}

/// Runs a node until it is told to end. Call it from `main` and return what it gives.
pub fn run<N: Node>() -> ExitCode {
    match try_run::<N>() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Config(error)) => {
            eprintln!("[{}] configuration error: {error:#}", N::NAME);
            ExitCode::from(EXIT_CONFIG)
        }
        Err(Failure::Run(error)) => {
            eprintln!("[{}] error: {error:#}", N::NAME);
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    /// Restarting with the same configuration won't help.
    Config(anyhow::Error),
    /// Restarting may help.
    Run(anyhow::Error),
}

fn try_run<N: Node>() -> Result<(), Failure> {
    let stop = stop_flag().map_err(Failure::Run)?;
    let mut io = Io::open(N::NAME).map_err(Failure::Config)?;
    let params = given_params::<N>(&io).map_err(Failure::Config)?;
    if params.switch(USE_SIM_TIME) {
        io.use_sim_time().map_err(Failure::Run)?;
    }
    let autostart = params.switch(AUTOSTART);
    let mut managed = Managed::<N>::open(&mut io, params).map_err(Failure::Config)?;
    let mut lifecycle = LifecycleServices::open(&mut io).map_err(Failure::Run)?;
    let mut parameters = ParameterServices::open(&mut io).map_err(Failure::Run)?;
    let mut diagnostics = Diagnostics::open(&mut io).map_err(Failure::Run)?;
    let mut to_start = autostart;

    while !stop.load(Ordering::Relaxed) && managed.state != State::Finalized {
        io.spin(managed.deadline());
        if io.take_went_back() && managed.state == State::Active {
            io.warn("time went back: a simulation began anew; starting over");
            managed.bring_down(&mut io, lifecycle.events());
            to_start = autostart;
        }
        if let (true, Some(now)) = (to_start, io.now()) {
            to_start = false;
            managed
                .bring_up(&mut io, now, lifecycle.events())
                .map_err(Failure::Config)?;
        }
        lifecycle.answer(managed.state);
        let state = managed.state;
        lifecycle.change(
            &mut io,
            || state,
            |io, events, transition| match managed.carry_out(io, events, transition) {
                Ok(()) => true,
                Err(error) => {
                    io.error(&format!("{} failed: {error:#}", transition.label()));
                    false
                }
            },
        );
        parameters.answer(&managed.params);
        parameters.change(&mut io, &mut |_, changes| managed.change_parameters(changes));
        if let Some(now) = io.now() {
            managed.node.step(&mut io, now, managed.state == State::Active);
        }
        diagnostics.publish_if_due(&mut io, &mut managed);
    }
    if managed.state == State::Finalized {
        let until = io.system_ns() + LAST_WORDS.as_nanos() as i64;
        while io.system_ns() < until {
            io.spin(None);
            lifecycle.answer(managed.state);
        }
    }
    managed.shut_down(&mut io, lifecycle.events());
    end_in_time(N::NAME);
    Ok(())
}

/// Ends the process if leaving the graph, which follows, does not come to its end.
///
/// When several nodes leave at once, Fast DDS 2.14 now and then waits for itself: `DomainParticipant::set_listener` for a
/// discovery callback that needs its lock.
fn end_in_time(name: &'static str) {
    std::thread::spawn(move || {
        #[expect(
            clippy::disallowed_methods,
            reason = "there is no event to wait for: the thread that would send it hangs"
        )]
        std::thread::sleep(LEAVING);
        eprintln!("[{name}] the middleware does not let go: ended without leaving the graph");
        // Not `std::process::exit`: destructors that it runs would wait for the same lock.
        signal_hook::low_level::exit(0);
    });
}

/// A node with its lifecycle.
struct Managed<N> {
    node: N,
    params: Params,
    state: State,
}

impl<N: Node> Managed<N> {
    fn open(io: &mut Io, params: Params) -> anyhow::Result<Self> {
        let node = N::open(io, &params)?;
        Ok(Self {
            node,
            params,
            state: State::Unconfigured,
        })
    }

    fn deadline(&self) -> Option<Stamp> {
        if self.state == State::Active {
            self.node.deadline()
        } else {
            None
        }
    }

    fn bring_up(
        &mut self,
        io: &mut Io,
        now: Stamp,
        events: &Publisher<r2r::lifecycle_msgs::msg::TransitionEvent>,
    ) -> anyhow::Result<()> {
        if self.state == State::Unconfigured {
            self.carry_out(io, events, Transition::Configure)?;
        }
        if self.state == State::Inactive {
            self.carry_out(io, events, Transition::Activate)?;
        }
        io.event(&Event {
            stamp: now,
            kind: EventKind::Started,
            group: None,
            text: format!("{} is active", io.name()),
        });
        Ok(())
    }

    fn bring_down(&mut self, io: &mut Io, events: &Publisher<r2r::lifecycle_msgs::msg::TransitionEvent>) {
        for transition in [Transition::Deactivate, Transition::Cleanup] {
            if transition.start() == self.state
                && let Err(error) = self.carry_out(io, events, transition)
            {
                io.error(&format!("{} failed: {error:#}", transition.label()));
            }
        }
    }

    fn shut_down(&mut self, io: &mut Io, events: &Publisher<r2r::lifecycle_msgs::msg::TransitionEvent>) {
        if let Some(shutdown) = Transition::from(self.state).find(|t| t.goal() == State::Finalized)
            && let Err(error) = self.carry_out(io, events, shutdown)
        {
            io.error(&format!("shutdown failed: {error:#}"));
        }
    }

    /// Does what a transition asks for; if it fails, the node stays where it was.
    fn carry_out(
        &mut self,
        io: &mut Io,
        events: &Publisher<r2r::lifecycle_msgs::msg::TransitionEvent>,
        transition: Transition,
    ) -> anyhow::Result<()> {
        let now = io.now().unwrap_or_default();
        announce_start(io, events, transition);
        let outcome = match transition {
            Transition::Configure => self.node.configure(io, &self.params, now),
            Transition::Activate => self.node.activate(io, now),
            Transition::Cleanup | Transition::InactiveShutdown => {
                self.node.cleanup(io);
                Ok(())
            }
            Transition::Deactivate => {
                self.node.deactivate(io, now);
                Ok(())
            }
            Transition::ActiveShutdown => {
                self.node.deactivate(io, now);
                self.node.cleanup(io);
                Ok(())
            }
            Transition::UnconfiguredShutdown => Ok(()),
        };
        announce_end(io, events, transition, outcome.is_ok());
        if outcome.is_ok() {
            self.state = transition.goal();
        }
        outcome
    }

    fn change_parameters(&mut self, changes: Vec<(String, Value)>) -> Result<(), ParamError> {
        if let Some((name, _)) = changes
            .iter()
            .find(|(name, _)| [AUTOSTART, USE_SIM_TIME].contains(&name.as_str()))
        {
            return Err(ParamError::Refused(format!(
                "parameter {name}: is read when the process starts"
            )));
        }
        let changed = self.params.with(changes, self.state != State::Unconfigured)?;
        if self.state != State::Unconfigured {
            self.node.set_parameters(&changed).map_err(ParamError::Refused)?;
        }
        self.params = changed;
        Ok(())
    }
}

/// What the node says of itself, once a second.
struct Diagnostics {
    publisher: Publisher<DiagnosticArray>,
    due: Stamp,
}

impl Diagnostics {
    fn open(io: &mut Io) -> anyhow::Result<Self> {
        Ok(Self {
            publisher: io.publisher("/diagnostics", qos::STATE)?,
            due: Stamp::ZERO,
        })
    }

    fn publish_if_due<N: Node>(&mut self, io: &mut Io, managed: &mut Managed<N>) {
        let wall = Stamp::from_nanos(io.system_ns());
        if wall < self.due {
            return;
        }
        self.due = wall + std::time::Duration::from_secs(1);
        let mut report = Report::default();
        report.figure("lifecycle", managed.state.label());
        match managed.state {
            State::Active => managed.node.report(&mut report),
            other => report.finding(Level::Warn, format!("not active: {}", other.label())),
        }
        let values = report
            .figures()
            .iter()
            .map(|(key, value)| KeyValue {
                key: key.clone(),
                value: value.clone(),
            })
            .collect();
        let mut array = DiagnosticArray::default();
        array.header.stamp = stamp_to_msg(io.now().unwrap_or_default());
        array.status.push(DiagnosticStatus {
            level: report.level() as u8,
            name: format!(
                "{}: servomesh {}",
                io.full_name().trim_start_matches('/'),
                N::NAME
            ),
            message: if report.reason().is_empty() {
                "ok".to_owned()
            } else {
                report.reason().to_owned()
            },
            hardware_id: String::new(),
            values,
        });
        self.publisher.publish(&array);
    }
}

fn given_params<N: Node>(io: &Io) -> anyhow::Result<Params> {
    let mut specs = vec![
        ParamSpec::switch(
            AUTOSTART,
            true,
            "Whether the node configures and activates itself when it is started",
        ),
        ParamSpec::switch(
            USE_SIM_TIME,
            false,
            "Whether time is that of /clock instead of the system's",
        ),
    ];
    specs.extend(N::parameters());
    let given = io
        .overrides()
        .into_iter()
        .map(|(name, value)| value_from_ros(&name, value))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Params::new(specs)?.with(given, false)?)
}

fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("signals can't be handled")?;
    }
    Ok(stop)
}

/// Leaving the graph takes some ten milliseconds; `servomesh up` and `ros2 launch` lose patience after five seconds.
const LEAVING: std::time::Duration = std::time::Duration::from_secs(2);

/// How long a node that was told to shut down stays in the graph, so that whoever told it gets the answer: what is on its way when its
/// writer leaves is dropped.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_millis(500);

const AUTOSTART: &str = "autostart";
const USE_SIM_TIME: &str = "use_sim_time";
