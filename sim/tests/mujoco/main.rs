//! The mechanics against MuJoCo, by what `golden/generate.py` kept of it: the arm without contact, and scenes of contact.
//!
//! Each scene's file carries the numbers of the scene; none is typed in here again. Tolerances stand with the tests, and what each
//! of them would catch.

mod arm;
mod contacts;
mod energy;
mod scene;
