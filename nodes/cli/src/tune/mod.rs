//! Tunes the joints of a group: which chirp each is to follow, what its record says, and the gains that suit it.
//!
//! Nothing here moves a joint: the chirp is a goal for `trajectory`, like any other, and `safety` watches over it.
//!
//! | file | what it decides |
//! |---|---|
//! | `chirp` | the motion that lets a joint show what it is, from where it stands and within its limits |
//! | `record` | even samples out of the states that were heard meanwhile |
//! | `report` | what was found of each joint, as a table |
//! | `parameters` | the gains of a whole group as its driver's parameters |

mod chirp;
mod parameters;
mod record;
mod report;

pub use chirp::{Chirp, ChirpError, Point};
pub use parameters::{Lists, NAMES, ParameterError};
pub use record::{Record, RecordError};
pub use report::{Finding, Refused, Report, judge};
