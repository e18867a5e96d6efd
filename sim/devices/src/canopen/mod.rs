//! CANopen drives after CiA 402, and the bus they are on, as a master sees it through a serial adapter (slcan) or an interface of its kernel (SocketCAN).
//!
//! | file | what it decides |
//! |---|---|
//! | [`bus`] | who sends when: arbitration, bit timing |
//! | `adapter` | what a master reaches the bus by: lines of an adapter, records of a kernel |
//! | `device` | a drive as a whole: power, booting, what befalls it |
//! | `node` | NMT, heartbeats and guarding, errors, SDO, LSS |
//! | `process` | when process data go out and are obeyed |
//! | `drive` | the CiA 402 state machine, faults, modes |
//! | `homing`, `motion`, `loops` | ways home; profiles and interpolation; position over velocity over current |
//! | `table`, `object`, `objects`, `eds` | the dictionary: what there is, its values and who may change them, as an electronic data sheet |

mod adapter;
pub mod bus;
mod device;
mod drive;
mod eds;
mod homing;
mod loops;
mod motion;
mod node;
mod object;
mod objects;
mod process;
mod table;

pub use bus::CanBus;
pub use device::CanopenDrive;
