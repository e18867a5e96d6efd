//! CANopen: what nodes and masters say to each other on a CAN bus, byte for byte.
//!
//! Source of every format, code and rule: CiA 301, version 4.2; of [`lss`], CiA 305.
//!
//! | room | what it holds |
//! |---|---|
//! | [`node`] | node ids, and which frame identifier belongs to which service |
//! | [`nmt`] | starting, stopping and resetting nodes; heartbeats and guarding |
//! | [`sync`] | the SYNC that starts a cycle, the TIME of day |
//! | [`emergency`] | what a node says when something is wrong |
//! | [`pdo`] | process data: which objects stand where in a frame |
//! | [`sdo`] | single objects, of any length: client and server |
//! | [`lss`] | node ids and bit rates given over the bus |
//!
//! A master sets a drive's mode, and the drive obeys:
//!
//! ```
//! use servomesh_fieldbus::canopen::sdo::{Abort, Address, Client, Dictionary, Server, Way};
//!
//! struct Drive { mode: u8 }
//! impl Dictionary for Drive {
//!     fn accepts(&self, at: Address) -> Result<Option<usize>, Abort> {
//!         if at == Address::new(0x6060, 0) { Ok(Some(1)) } else { Err(Abort::NoSuchObject) }
//!     }
//!     fn read(&mut self, at: Address, into: &mut [u8]) -> Result<usize, Abort> {
//!         self.accepts(at)?;
//!         into[0] = self.mode;
//!         Ok(1)
//!     }
//!     fn write(&mut self, _: Address, data: &[u8]) -> Result<(), Abort> {
//!         self.mode = data[0];
//!         Ok(())
//!     }
//! }
//!
//! let mut drive = Drive { mode: 0 };
//! let (mut client, mut server) = (Client::<64>::new(), Server::<64>::new());
//! client.download(Address::new(0x6060, 0), &[8], Way::Segments)?;
//! while let Some(request) = client.poll() {
//!     server.handle(&request, &mut drive);
//!     while let Some(response) = server.poll() {
//!         client.handle(&response);
//!     }
//! }
//! assert_eq!(client.outcome(), Some(Ok(&[][..])));
//! assert_eq!(drive.mode, 8);
//! # Ok::<(), servomesh_fieldbus::canopen::sdo::StartError>(())
//! ```
//!
//! **Invariant:** nothing here panics, whatever the bytes, and nothing allocates.

pub mod emergency;
pub mod lss;
pub mod nmt;
pub mod node;
pub mod pdo;
pub mod sdo;
pub mod sync;

pub use node::{NodeId, Service};
