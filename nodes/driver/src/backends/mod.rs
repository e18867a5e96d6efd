//! The backends on wires: each a [`Link`](crate::link::Link).
//!
//! | room | what it drives |
//! |---|---|
//! | [`dynamixel`] | DYNAMIXEL X servos: Protocol 2.0 on a serial bus |

pub mod dynamixel;
