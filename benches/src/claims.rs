//! The list of the claims. A new one is one entry in [`CLAIMS`]; its own file measures it.

use crate::ratio::{Effort, Ratio};
use anyhow::Result;

/// Every claim that is measured, in the table's order.
pub const CLAIMS: &[Claim] = &[
    #[cfg(feature = "ros")]
    Claim {
        name: "hop",
        measure: crate::hop::measure,
    },
    #[cfg(feature = "ros")]
    Claim {
        name: "cell",
        measure: crate::cell::measure,
    },
    Claim {
        name: "robot",
        measure: crate::robot::measure,
    },
    Claim {
        name: "simulation",
        measure: crate::simulation::measure,
    },
    Claim {
        name: "ik",
        measure: crate::ik::measure,
    },
    Claim {
        name: "collision",
        measure: crate::collision::measure,
    },
    Claim {
        name: "gate",
        measure: crate::safety::measure,
    },
    Claim {
        name: "tick",
        measure: crate::tick::measure,
    },
    Claim {
        name: "driver",
        measure: crate::driver::measure,
    },
    Claim {
        name: "bus",
        measure: crate::bus::measure,
    },
    Claim {
        name: "dynamixel",
        measure: crate::dynamixel::measure,
    },
    Claim {
        name: "estimator",
        measure: crate::estimator::measure,
    },
    Claim {
        name: "retarget",
        measure: crate::retarget::measure,
    },
    Claim {
        name: "timing",
        measure: crate::timing::measure,
    },
];

/// One thing to measure; it may give several ratios.
pub struct Claim {
    /// As `--only` finds it.
    pub name: &'static str,
    /// Measures ours and the peer in turns.
    pub measure: fn(Effort) -> Result<Vec<Ratio>>,
}
