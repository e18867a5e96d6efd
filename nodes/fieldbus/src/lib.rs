//! What servos say on their wires: packets and register tables, for drivers and simulated devices alike.
//!
//! Bytes in, borrowed values out, and back; no port, no clock, no thread.
//!
//! | room | what it holds |
//! |---|---|
//! | [`can`] | CAN 2.0: frames, the lines of serial adapters (slcan), time on the wire |
//! | [`canopen`] | CANopen: NMT, heartbeats, SYNC, emergencies, PDOs, SDOs, LSS |
//! | [`cia402`] | the state machine of CiA 402 drives, modes, option codes, errors by name |
//! | [`dynamixel`] | DYNAMIXEL Protocol 2.0: packets, instructions, answers, groups of devices; control tables of the X series |
//! | [`feetech`] | FEETECH's serial bus servos: STS (low byte first) and SCS (high byte first) |
//! | [`pwm`] | hobby servos: pulse width and angle, the counts of a PCA9685 |
//! | [`scale`] | what one count of a register is in SI units |
//!
//! A goal for two servos in one packet, and how they read it:
//!
//! ```
//! use servomesh_fieldbus::dynamixel::{Id, Instruction, MAX_PACKET, Received, Stream, group};
//!
//! let goals = [(1, 150_i32), (2, -170)]; // ticks
//! let mut buffer = [0; MAX_PACKET];
//! let blocks = goals.map(|(number, goal)| (Id::device(number).unwrap(), goal.to_le_bytes()));
//! let length = group::sync_write(&mut buffer, 116, 4, blocks)?;
//!
//! let mut line = &buffer[..length];
//! let mut stream = Stream::new();
//! let Some(Received::Packet(packet)) = stream.read(&mut line) else { panic!("a packet") };
//! let Ok(Instruction::SyncWrite(write)) = packet.instruction() else { panic!("a sync write") };
//! assert_eq!((write.address, write.length), (116, 4));
//! let (id, data) = write.blocks().nth(1).unwrap();
//! assert_eq!((id.number(), data), (2, &(-170_i32).to_le_bytes()[..]));
//! # Ok::<(), servomesh_fieldbus::dynamixel::EncodeError>(())
//! ```
//!
//! **Invariant:** decoding what was encoded gives what it was.
//! **Invariant:** any bytes are survived: they give a packet, a call for more, or a counted skip, and never a packet whose checksum is wrong.
//! **Invariant:** encoding and decoding allocate nothing.

pub mod can;
pub mod canopen;
pub mod cia402;
pub mod dynamixel;
pub mod feetech;
pub mod pwm;
pub mod scale;
