//! Closes the servo loops of one group on one bus.
//!
//! Duty: follow the commands of `safety`, and stop the group by itself where there are none. In: [`Input::Command`]
//! (rad, m; when and until when), [`Input::Bus`] (encoder ticks, A, °C), once a cycle. Out: [`Output::Bus`] (motor currents
//! \[A\]) in answer to each frame, [`Output::State`] (what was measured), [`Output::Event`].
//!
//! | room | what it decides |
//! |---|---|
//! | [`driver`] | in which mode the group is, and what each input changes |
//! | [`bus`] | what goes over the bus, and what a backend must keep to |
//! | [`backends`] | the backends on wires |
//! | [`link`] | what a backend on a wire is, without its port |
//! | [`coupling`] | a core with its link |
//! | `io` | serial ports, what makes pulses, and the thread that runs a bus on one (feature `ports`) |
//! | [`config`] | what may be configured |
//! | [`files`] | how a cell's files become a configuration |
//! | [`actuator`] | ticks ↔ positions, currents ↔ efforts |
//! | [`gains`] | how stiff the loops are, and whether that is stable |
//! | [`dynamics`] | what effort a motion needs |
//! | [`transmission`] | how actuators move joints together |
//! | [`counts`] | what an encoder's count means: turns, where it counts from |
//! | `homing` | where a joint is whose encoder only counts |
//! | [`excitation`], [`identify`], [`tune`] | what lets a joint show what it is, what it is, and the gains that suit it |
//! | `admission` | which commands are taken: epochs, lives, distances |
//! | `reference` | where the group should be at any time |
//! | `extrapolation` | how a setpoint is followed on while nothing newer comes |
//! | `power` | the power state after CiA 402, and what a drive without torque means |
//! | `notch` | a band that the velocity loop leaves alone |
//! | `statistics` | following errors, saturation, lost replies, second by second |
//! | `stop` | the driver's own stop |
//! | `measurement` | what the frames say in joint units |
//! | `watch` | silence of the bus, faults of the drives |
//! | `control`, `servo_loop` | from deviations to what the drives are told |
//!
//! **Invariant:** commands of one epoch only; a newer epoch takes over only near the measured position.
//! **Invariant:** silence of commands ends in a jerk-limited stop, then torque off and brakes on.
//! **Invariant:** no current is beyond its limit, and none is not a number.
//!
//! ```
//! use servomesh_driver::{Actuator, Config, Counting, Direction, Driver, DriverParams, Friction, Gains, Input, JointParams, Output, Transmission};
//! use servomesh_driver::bus::{Closes, DriveStatus, Ticks};
//! use servomesh_types::{
//!     Capabilities, Command, CommandMode, Core, DriveMode, Drivetrain, Epoch, GroupDescription, GroupName, JointDescription,
//!     JointKind, JointLimits, Setpoint, Stamp, StreamTag,
//! };
//! use std::time::Duration;
//!
//! let belt = JointDescription {
//!     name: "belt".to_owned(),
//!     kind: JointKind::Prismatic,
//!     limits: JointLimits::new((f64::NEG_INFINITY, f64::INFINITY), 0.5, 1.0, 10.0, 200.0)?,
//!     drivetrain: Drivetrain::default(),
//! };
//! let config = Config::new(DriverParams {
//!     group: GroupDescription {
//!         name: GroupName::new("conveyor")?,
//!         joints: vec![belt],
//!         rate_hz: 500.0,
//!         capabilities: Capabilities { endless: true, ..Capabilities::default() },
//!         backend: "sim".to_owned(),
//!     },
//!     joints: vec![JointParams {
//!         actuator: Actuator {
//!             torque_constant: 0.08, gear_ratio: 500.0, efficiency: 0.85, rotor_inertia: 5e-5,
//!             ticks_per_unit: 20_000.0, direction: Direction::Same, offset: 0.0, current_limit_a: 8.0,
//!         },
//!         counting: Counting::MultiTurn,
//!         closes: Closes::Current,
//!         friction: Friction { coulomb: 25.0, viscous: 20.0, full_speed: 0.005 },
//!         load_inertia: 5.0,
//!         gains: Gains::for_rate(500.0),
//!         following_limit: 0.05,
//!         near_tolerance: 0.01,
//!         winding_limit_degc: 110.0,
//!         voltage_window_v: JointParams::ANY_VOLTAGE,
//!     }],
//!     transmission: Transmission::direct(),
//!     command_timeout: DriverParams::COMMAND_TIMEOUT,
//!     bus_timeout: DriverParams::BUS_TIMEOUT,
//! })?;
//! let mut driver = Driver::new(config, None);
//!
//! // The drives say where they are; then a command wants the belt to stay there.
//! let frame = |cycle: u64| DriveStatus {
//!     stamp: Stamp::from_millis(2 * cycle as i64),
//!     cycle,
//!     enabled: cycle > 1,
//!     position_ticks: [Ticks(4000)].into_iter().collect(),
//!     current_a: [0.0].into(),
//!     winding_degc: [25.0].into(),
//!     fault: [None].into_iter().collect(),
//!     ..DriveStatus::default()
//! };
//! driver.handle(Stamp::from_millis(2), Input::Bus(frame(1)));
//! while driver.poll().is_some() {}
//! let tag = StreamTag {
//!     stamp: Stamp::from_millis(3), epoch: Epoch(1), valid_for: Duration::from_millis(50), ..StreamTag::default()
//! };
//! let setpoint = Setpoint {
//!     tag, position: [0.2].into(), velocity: [0.0].into(), acceleration: [0.0].into(), ..Setpoint::default()
//! };
//! driver.handle(Stamp::from_millis(3), Input::Command(Command { mode: CommandMode::Track, setpoint }));
//! driver.handle(Stamp::from_millis(4), Input::Bus(frame(2)));
//! let Some(Output::Bus(answer)) = driver.poll() else { panic!("every frame is answered first") };
//! assert!(answer.enable);
//! assert_eq!(driver.mode(), DriveMode::Enabled);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod control;
mod homing;
mod measurement;
mod notch;
mod power;
mod reference;
mod servo_loop;
mod statistics;
mod stop;
mod watch;

pub mod actuator;
pub mod backends;
pub mod bus;
pub mod config;
pub mod counts;
pub mod coupling;
pub mod driver;
pub mod dynamics;
pub mod excitation;
mod extrapolation;
pub mod files;
pub mod gains;
pub mod identify;
#[cfg(feature = "ports")]
pub mod io;
pub mod link;
pub mod transmission;
pub mod tune;

pub use actuator::{Actuator, Direction};
pub use config::{Config, ConfigError, DriverParams, Friction, JointParams, Tuning};
pub use counts::Counting;
pub use driver::{Driver, Input, Output};
pub use dynamics::Dynamics;
pub use files::{JointFiles, Wanted};
pub use gains::Gains;
pub use homing::{Homing, Mark};
pub use notch::Notch;
pub use transmission::{Transmission, TransmissionError};
