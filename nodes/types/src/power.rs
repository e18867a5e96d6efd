//! How far the drives of a group are from torque, after the state machine of CiA 402 (IEC 61800-7-201).
//!
//! | state | of a group it means |
//! |---|---|
//! | not ready to switch on | the drives have not been heard, or a joint doesn't know yet where it is |
//! | switch on disabled | a drive's supply is missing or outside of its window |
//! | ready to switch on | torque off, brakes on; a command can switch it on |
//! | switched on | told to switch on; the torque is not there yet |
//! | operation enabled | follows commands under torque |
//! | quick stop active | comes to a stop by itself, under torque |
//! | fault reaction active | a fault came up, and the drives still have torque |
//! | fault | torque off, brakes on, after a fault |

pub use servomesh_fieldbus::cia402::State as PowerState;
