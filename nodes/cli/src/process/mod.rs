//! Keeping the processes of a plan running.
//!
//! [`Cell`] decides: what is started, restarted, given up, signalled, and when it is over. It is a pure state machine on
//! a clock that it is given. [`supervise`] carries its decisions out with real processes, signals and time.

mod cell;
mod child;
mod console;
mod lines;
mod notice;
mod restart;
mod supervise;

pub use cell::{Cell, Exit, Failure, Id, Input, Limits, Output, Signal, Supervised};
pub use child::replace_by;
pub use console::Console;
pub use lines::Lines;
pub use notice::{Level, Notice};
pub use restart::{Restarts, Verdict};
pub use supervise::{Options, Summary, supervise};
