//! CAN 2.0: frames, the text that serial adapters carry them in, and the time they take on the wire.
//!
//! | file | what it holds |
//! |---|---|
//! | [`frame`] | identifier, data, remote frames; which of two frames wins the bus |
//! | [`slcan`] | frames and commands as lines of text, both ways |
//! | [`socketcan`] | frames and what is wrong on the bus as records of the kernel, both ways |
//! | `interface` | opening an interface of the kernel; with the feature `interface` only |
//! | [`timing`] | bits on the wire, stuff bits included |
//!
//! ```
//! use servomesh_fieldbus::can::{frame::{Frame, Id}, slcan::Request, timing};
//!
//! let sync = Frame::data(Id::standard(0x080).expect("11 bits"), &[]).expect("at most 8 bytes");
//! let mut buffer = [0; 32];
//! assert_eq!(Request::Send(sync).encode(&mut buffer), Some(&b"t0800\r"[..]));
//! assert_eq!(timing::wire_bits(&sync), 47 + 4);
//! ```

pub mod frame;
#[cfg(feature = "interface")]
pub mod interface;
pub mod slcan;
pub mod socketcan;
pub mod timing;
