//! Shows what the mesh does, in rerun.
//!
//! Duty: from everything that is said in the mesh, draw the cell in 3D, desired against measured motion, following errors,
//! what gates and drivers do, and the log of events; into a file, to live viewers, or both. Nothing depends on this node,
//! and nothing waits for it.
//!
//! Inputs: groups, setpoints, servo states, motion, safety states, events. Outputs: [`Record`]s, which the [`Sink`]'s
//! thread draws.
//!
//! **Invariant:** all times are ROS time, on the one timeline `ros_time`. **Invariant:** a full queue drops pictures, never
//! facts and never the caller's time.
//!
//! | room | what it decides |
//! |---|---|
//! | [`visualizer`] | what is worth drawing, and how often |
//! | [`record`] | what is drawn, as values |
//! | [`sink`] | where the pictures go |
//! | [`config`] | which parameters are possible |
//! | `scene`, `plots` | where the links are; which samples become points |
//! | `queue` | what is lost when drawing can't keep up |
//! | `draw` | how records look: the only code that names rerun, with `sink` |
//!
//! ```
//! use servomesh_types::{Core, Event, EventKind, Stamp};
//! use servomesh_visualizer::{Config, Input, Output, Sink, Visualizer};
//!
//! let folder = tempfile::tempdir()?;
//! let output = Output { record: Some(folder.path().join("run.rrd")), serve: None };
//! let sink = Sink::open(&output, None)?;
//! let mut visualizer = Visualizer::new(Config::default(), None);
//!
//! let now = Stamp::from_millis(10);
//! let event = Event { stamp: now, kind: EventKind::Started, group: None, text: "the cell is up".into() };
//! visualizer.handle(now, Input::Event { node: "supervisor".into(), event });
//! while let Some(record) = visualizer.poll() {
//!     sink.draw(record);
//! }
//! let health = sink.close();
//! assert_eq!((health.drawn, health.dropped, health.refused), (1, 0, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod config;
mod draw;
mod plots;
mod queue;
pub mod record;
mod scene;
pub mod sink;
pub mod visualizer;

pub use config::{Config, ConfigError, Settings};
pub use record::{Record, Series};
pub use sink::{Health, Output, Serve, Sink, SinkError};
pub use visualizer::{Input, Visualizer};
