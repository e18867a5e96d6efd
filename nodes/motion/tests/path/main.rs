//! Geometry of paths against forward kinematics, against its own derivatives and against brute force.

mod arms;
mod curves;
mod joints;
mod nasty;
mod refusals;

mod tool;
