//! What may be configured of any serial bus of servos, checked before a servo is asked.

use servomesh_types::MAX_JOINTS;
use std::time::Duration;

/// A setting that can't be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// There is no such id.
    #[error("joint {joint}: id {id}: ids are 0 to {most}")]
    Id {
        /// Which joint.
        joint: String,
        /// Its id.
        id: u8,
        /// The highest there is.
        most: u8,
    },
    /// Two joints with one id.
    #[error("joints {} and {} both have id {id}: give each servo an id of its own", joints[0], joints[1])]
    SameId {
        /// The joints.
        joints: [String; 2],
        /// Their id.
        id: u8,
    },
    /// A model that nobody knows.
    #[error("joint {joint}: model {model:?} is not known; known are {known}")]
    Model {
        /// Which joint.
        joint: String,
        /// What was written.
        model: String,
        /// The names there are.
        known: String,
    },
    /// A number out of its range.
    #[error("{what} is {value}, but must be {allowed}")]
    Range {
        /// Which.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// A number of one joint out of its range.
    #[error("joint {joint}: {what} is {value}, but must be {allowed}")]
    OfJoint {
        /// Which joint.
        joint: String,
        /// Which number.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// More to say in a cycle than fits.
    #[error(
        "a cycle of {servos} servos takes {needed_us:.0} µs at {baud} bit/s, but a period at {rate_hz:.0} Hz has {period_us:.0} µs: \
         raise the baud rate or lower rate_hz to {possible_hz:.0}"
    )]
    Slow {
        /// How many servos.
        servos: usize,
        /// What they need \[µs\].
        needed_us: f64,
        /// Bits per second.
        baud: u32,
        /// What was asked for \[Hz\].
        rate_hz: f64,
        /// What there is \[µs\].
        period_us: f64,
        /// What would be possible \[Hz\].
        possible_hz: f64,
    },
    /// More to say in a cycle than fits, of servos that are asked one by one.
    #[error(
        "a cycle of {servos} servos that are asked one by one takes {needed_us:.0} µs at {baud} bit/s, as each answer may come {latency_us:.0} µs late \
         (port_latency_s), but a period at {rate_hz:.0} Hz has {period_us:.0} µs: lower rate_hz to {possible_hz:.0}, or port_latency_s if the port is quicker"
    )]
    SlowOneByOne {
        /// How many servos.
        servos: usize,
        /// What they need \[µs\].
        needed_us: f64,
        /// How late each answer may come \[µs\].
        latency_us: f64,
        /// Bits per second.
        baud: u32,
        /// What was asked for \[Hz\].
        rate_hz: f64,
        /// What there is \[µs\].
        period_us: f64,
        /// What would be possible \[Hz\].
        possible_hz: f64,
    },
    /// A mode that a model has not.
    #[error("joint {joint}: an {model} has no mode {mode}; it has {possible}")]
    NoMode {
        /// Which joint.
        joint: String,
        /// Its servo's model.
        model: &'static str,
        /// What was asked for.
        mode: &'static str,
        /// What there is.
        possible: &'static str,
    },
    /// Servos of two series on one bus.
    #[error(
        "joint {} has an STS servo and joint {} an SCS servo: STS servos are read at once, SCS servos one by one, and a bus does not do both: \
         give each series a group and a port of its own", joints[0], joints[1]
    )]
    Mixed {
        /// A joint of each.
        joints: [String; 2],
    },
    /// None, or more than a group can have.
    #[error("{count} servos, but a group has 1 to {MAX_JOINTS}")]
    Count {
        /// How many.
        count: usize,
    },
}

/// Checks that there are as many servos as a group may have joints, and that each has an id of its own, none above `most`.
pub(super) fn check_ids<'a>(
    servos: &(impl ExactSizeIterator<Item = (&'a str, u8)> + Clone),
    most: u8,
) -> Result<(), SettingsError> {
    let count = servos.len();
    if count == 0 || count > MAX_JOINTS {
        return Err(SettingsError::Count { count });
    }
    for (i, (joint, id)) in servos.clone().enumerate() {
        let joint = joint.to_owned();
        if id > most {
            return Err(SettingsError::Id { joint, id, most });
        }
        if let Some((first, _)) = servos.clone().take(i).find(|other| other.1 == id) {
            let joints = [first.to_owned(), joint];
            return Err(SettingsError::SameId { joints, id });
        }
    }
    Ok(())
}

/// Checks that a cycle in which the wire is busy for `needed_s` fits into a period.
pub(super) fn check_period(
    servos: usize,
    needed_s: f64,
    baud: u32,
    period: Duration,
) -> Result<(), SettingsError> {
    let period_s = period.as_secs_f64();
    if needed_s <= period_s {
        return Ok(());
    }
    Err(SettingsError::Slow {
        servos,
        needed_us: needed_s * 1e6,
        baud,
        rate_hz: 1.0 / period_s,
        period_us: period_s * 1e6,
        possible_hz: 0.95 / needed_s,
    })
}
