//! A CANopen drive on its bus, driven through the adapter as a master does.

mod master;
mod modes;
mod network;
mod trouble;
