//! DYNAMIXEL servos on their bus: what they answer to each instruction, and what they make of their goals.

#![allow(clippy::unwrap_used)] // a test that fails says where

mod groups;
mod instructions;
mod master;
mod modes;
mod packets;
mod random;
mod trouble;
