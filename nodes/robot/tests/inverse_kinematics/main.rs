//! Inverse kinematics, asked through its public face: what is solved, that all solutions come, what is said where none exists.
//!
//! Everything random is drawn from a seed that is printed.

mod all;
mod arms;
mod chains;
mod out_of_reach;
mod reach;
mod track;
