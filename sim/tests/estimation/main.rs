//! What the estimator says against what the simulated machine really does.

mod accuracy;
mod collision;
mod encoders;
mod job;
mod tool;
mod truth;
