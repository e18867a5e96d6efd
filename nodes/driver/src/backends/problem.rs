//! What is wrong with a servo or its bus, as sentences that say what to do.

/// Something that keeps a servo from being driven.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Nobody answers to its id.
    #[error(
        "servo {id} ({joint}) does not answer: is it powered, is its id {id}, and its baud rate {baud}? {finder} shows who answers"
    )]
    Absent {
        /// Its id.
        id: u8,
        /// The joint that it moves.
        joint: String,
        /// The bus's baud rate.
        baud: u32,
        /// What lists the servos of a bus.
        finder: &'static str,
    },
    /// Something answers that no single servo says.
    #[error(
        "servo {id} ({joint}): its answers are garbled, as when two servos have one id: unplug all but one and give each its own \
         ({finder} shows which ids answer), or check the wiring"
    )]
    Garbled {
        /// The id.
        id: u8,
        /// The joint.
        joint: String,
        /// What lists the servos of a bus.
        finder: &'static str,
    },
    /// It is another model than was configured.
    #[error("servo {id} ({joint}) is {found}, but {wanted} is configured: correct the model, or the ids")]
    OtherModel {
        /// Its id.
        id: u8,
        /// The joint.
        joint: String,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// A model whose control table is not known.
    #[error("servo {id} ({joint}) says model number {number}: this driver knows the {known} only")]
    UnknownModel {
        /// Its id.
        id: u8,
        /// The joint.
        joint: String,
        /// What it says.
        number: u16,
        /// What is known.
        known: &'static str,
    },
    /// Its model can't control that.
    #[error("servo {id} ({joint}): an {model} has no mode {mode}; it has {possible}")]
    NoMode {
        /// Its id.
        id: u8,
        /// The joint.
        joint: String,
        /// Its model.
        model: &'static str,
        /// What was asked for.
        mode: &'static str,
        /// What there is.
        possible: String,
    },
    /// A limit that goes beyond the servo's own.
    #[error(
        "servo {id} ({joint}): {what} {wanted:.3} {unit} is beyond what the servo takes, {own:.3} {unit}: narrow the joint's limit or set the servo's"
    )]
    WiderThanServo {
        /// Its id.
        id: u8,
        /// The joint.
        joint: String,
        /// Which limit.
        what: &'static str,
        /// What was configured.
        wanted: f64,
        /// The servo's.
        own: f64,
        /// Of both.
        unit: &'static str,
    },
    /// It refuses to be set up.
    #[error("servo {id} ({joint}) refuses {what}: {reason}")]
    Refused {
        /// Its id.
        id: u8,
        /// The joint.
        joint: String,
        /// What it was told.
        what: &'static str,
        /// What it answers.
        reason: String,
    },
    /// It takes a setting and holds another one.
    #[error(
        "servo {id} ({joint}) does not keep {what} at {wanted}: is its EEPROM worn out, or does another master write to it?"
    )]
    Keeps {
        /// Its id.
        id: u8,
        /// The joint.
        joint: String,
        /// Which register.
        what: String,
        /// What it should hold, in counts.
        wanted: i32,
    },
}

impl Problem {
    /// Of a servo that was asked often enough: nothing came, or nothing that could be read.
    pub(super) fn unheard(id: u8, joint: &str, baud: u32, finder: &'static str, garbled: bool) -> Self {
        let joint = joint.to_owned();
        if garbled {
            Self::Garbled { id, joint, finder }
        } else {
            Self::Absent {
                id,
                joint,
                baud,
                finder,
            }
        }
    }
}
