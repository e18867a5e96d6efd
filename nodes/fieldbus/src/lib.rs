//! What servos say on their wires: packets and register tables, for drivers and simulated devices alike.
//!
//! Bytes in, borrowed values out, and back; no port, no clock, no thread.
//!
//! | room | what it holds |
//! |---|---|
//! | [`feetech`] | FEETECH's serial bus servos: STS (low byte first) and SCS (high byte first) |
//!
//! **Invariant:** decoding what was encoded gives what it was.
//! **Invariant:** any bytes are survived: they give a packet, a call for more, or a counted skip, and never a packet whose checksum is wrong.
//! **Invariant:** encoding and decoding allocate nothing.

pub mod feetech;
