//! The whole cell against adversaries and faults, by the thousand, on a virtual clock. What counts is what the simulated machine really did.
//!
//! | room | asks |
//! |---|---|
//! | [`episodes`] | does the machine keep its limits, whatever is streamed to `safety`? |
//! | [`faults`] | how soon is each fault found, and how soon and how far off does the arm stand? |
//! | [`hour`] | does anything stop a sound cell, or is anything doubted in it? |
//! | [`states`] | does every state of `safety` keep what it promises, whatever happened before? |

pub mod episodes;
pub mod faults;
pub mod hour;
mod press;
pub mod states;
mod workers;
