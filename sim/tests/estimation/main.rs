//! What the estimator says against what the simulated machine really does.
//!
//! `ESTIMATION_JOB_S` sets how long the line job runs that must give no false alarm: 10 s of it by default, an hour with
//! `ESTIMATION_JOB_S=3600`.

mod accuracy;
mod alarms;
mod collision;
mod job;
mod tool;
mod truth;
mod wrong;
