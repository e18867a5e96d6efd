//! The hardware of a cell, simulated.
