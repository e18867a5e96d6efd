//! The whole cell against adversaries and faults, by the thousand, on a virtual clock. What counts is what the simulated machine really did.
//!
//! | room | asks |
//! |---|---|
//! | [`episodes`] | does the machine keep its limits, whatever is streamed to `safety`? |

pub mod episodes;
