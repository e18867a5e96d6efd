//! The backends on wires: each a [`Link`].
//!
//! | room | what it decides |
//! |---|---|
//! | [`wires`] | what every bus has, and which entry of the servos file is whose |
//! | [`settings`] | what may be configured of any serial bus of servos |
//! | [`problem`] | what keeps a servo from being driven, as people are told |
//! | `pace` | how long bytes take, when a cycle begins, when an answer is missing |
//! | `outbox` | what a link wants done, in order |
//! | `unanswered` | which answers may still come, where an answer does not say to which read it is one |
//! | [`serial`] | buses of servos on a serial line, whatever these speak: setting them up, reading and telling them in cycles |
//! | [`scan`] | which servos are on a serial bus, whatever they speak |
//! | [`assign`] | another id or speed for one of them |
//! | [`dynamixel`] | DYNAMIXEL X servos: Protocol 2.0 on a serial bus |
//! | [`feetech`] | FEETECH STS and SCS servos on a serial bus |
//! | [`pwm`] | hobby servos, by pulses |
//! | [`canopen`] | CiA 402 drives on a CAN bus |

pub mod assign;
pub mod canopen;
pub mod dynamixel;
pub mod feetech;
mod outbox;
mod pace;
pub mod problem;
pub mod pwm;
pub mod scan;
pub mod serial;
pub mod settings;
mod unanswered;
pub mod wires;

use crate::config::{DriverParams, JointParams};
use crate::counts::Counting;
use crate::homing::Mark;
use crate::link::Link;
use canopen::{Canopen, Carrier};
use dynamixel::Dynamixel;
use feetech::Feetech;
use pwm::{Pwm, PwmError};
use settings::SettingsError;
use std::path::Path;
use wires::{BusSettings, WireError};

/// What a driver can speak on a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// DYNAMIXEL Protocol 2.0.
    Dynamixel,
    /// FEETECH's STS and SCS servos.
    Feetech,
    /// Hobby servos, by the pulses of a PCA9685 or of the system.
    Pwm,
    /// CANopen drives after CiA 402.
    Canopen,
}

/// A bus that can't be as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// By the servos file.
    #[error(transparent)]
    Wires(#[from] WireError),
    /// By the settings of its servos.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A joint that its drive should home by itself.
    #[error(
        "joint {joint}: mark: drive: servos of the backend {backend} have no homing of their own; give it mark: stop or index"
    )]
    Homing {
        /// Which joint.
        joint: String,
        /// The backend.
        backend: &'static str,
    },
    /// By the settings of its pulses.
    #[error(transparent)]
    Pwm(#[from] PwmError),
}

/// Refuses joints that their drives should home by themselves, for a backend whose drives don't.
///
/// # Errors
/// [`BackendError::Homing`] names the first of them.
pub fn no_homing_by_drives(backend: &'static str, params: &DriverParams) -> Result<(), BackendError> {
    let by_drive = |joint: &JointParams| match joint.counting {
        Counting::Incremental(homing) => matches!(homing.mark, Mark::Drive { .. }),
        Counting::MultiTurn | Counting::SingleTurn { .. } => false,
    };
    let mut joints = params.group.joints.iter().zip(&params.joints);
    match joints.find(|(_, joint)| by_drive(joint)) {
        Some((described, _)) => Err(BackendError::Homing {
            joint: described.name.clone(),
            backend,
        }),
        None => Ok(()),
    }
}

impl Backend {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Dynamixel, Self::Feetech, Self::Pwm, Self::Canopen];

    /// What the parameter `backend` calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dynamixel => "dynamixel",
            Self::Feetech => "feetech",
            Self::Pwm => "pwm",
            Self::Canopen => "canopen",
        }
    }

    /// The backend of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|backend| backend.name() == name)
    }

    /// The link of a group's bus at `port`, by the text of its servos file. What the devices close themselves goes into `params`.
    ///
    /// # Errors
    /// [`BackendError`] says what can't be, and what may.
    pub fn link(
        self,
        port: &Path,
        servos: &str,
        bus: BusSettings,
        params: &mut DriverParams,
    ) -> Result<Box<dyn Link>, BackendError> {
        if self != Self::Canopen {
            no_homing_by_drives(self.name(), params)?;
        }
        Ok(match self {
            Self::Dynamixel => {
                let settings = dynamixel::Settings::of_file(servos, bus, params)?;
                Box::new(Dynamixel::new(settings)?)
            }
            Self::Feetech => {
                let settings = feetech::Settings::of_file(servos, bus, params)?;
                Box::new(Feetech::new(settings)?)
            }
            Self::Pwm => Box::new(Pwm::new(&pwm::Settings::of_file(servos, params)?)?),
            Self::Canopen => {
                let settings = canopen::Settings::of_file(servos, bus, Carrier::of(port), params)?;
                Box::new(Canopen::new(settings)?)
            }
        })
    }
}
