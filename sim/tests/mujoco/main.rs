//! The mechanics against MuJoCo, by what `golden/generate.py` kept of it.

mod arm;
