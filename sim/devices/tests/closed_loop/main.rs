//! The driver's own cores and links in closed loops, on a virtual clock: against devices that answer byte for byte as real ones do, with the
//! simulated machine behind them. The README of these devices has a table of the rooms.

#![allow(clippy::unwrap_used)] // a test that fails says where

mod canopen;
mod commands;
mod conformance;
mod desk;
mod dynamixel;
mod feetech;
mod group;
mod heard;
mod in_step;
mod motion;
mod pwm;
mod real_time;
mod rig;
mod swap;
mod topics;
