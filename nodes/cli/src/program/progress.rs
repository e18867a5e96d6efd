//! How far a run is, as text and as a share of a bar.
//!
//! Times in s of the cell's time.

use std::fmt;

/// How far something under way is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Share that is done, 0 … 1, where that can be said.
    pub done: Option<f64>,
    /// How long it will go on, where that can be said.
    pub remaining_s: Option<f64>,
    /// What else there is to say.
    pub note: String,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remaining = self.remaining_s.map(|s| format!("{s:.1} s left"));
        let note = (!self.note.is_empty()).then(|| self.note.clone());
        let said: Vec<_> = remaining.into_iter().chain(note).collect();
        f.write_str(&said.join(", "))
    }
}

/// Which step of how many, in which round of which loop: from the outside in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail(Vec<Mark>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Step { number: usize, of: usize },
    Round { number: u64, of: Option<u32> },
}

impl Trail {
    /// Goes into step `number` (from 1) of `of`.
    pub fn enter_step(&mut self, number: usize, of: usize) {
        self.0.push(Mark::Step { number, of });
    }

    /// Goes into round `number` (from 1) of a loop, of `of` or for ever.
    pub fn enter_round(&mut self, number: u64, of: Option<u32>) {
        self.0.push(Mark::Round { number, of });
    }

    /// Comes out of what was entered last.
    pub fn leave(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mark in &self.0 {
            match mark {
                Mark::Step { number, of } => write!(f, "[{number}/{of}]")?,
                Mark::Round { number, of: Some(of) } => write!(f, " round {number} of {of} ")?,
                Mark::Round { number, of: None } => write!(f, " round {number} ")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_says_where_a_run_is() {
        let mut trail = Trail::default();
        trail.enter_step(3, 5);
        assert_eq!(trail.to_string(), "[3/5]");
        trail.enter_round(2, Some(10));
        trail.enter_step(1, 4);
        assert_eq!(trail.to_string(), "[3/5] round 2 of 10 [1/4]");
        trail.leave();
        trail.leave();
        trail.enter_round(7, None);
        assert_eq!(trail.to_string(), "[3/5] round 7 ");
    }

    #[test]
    fn progress_says_what_is_known() {
        assert_eq!(Progress::default().to_string(), "");
        let progress = Progress {
            done: Some(0.5),
            remaining_s: Some(1.25),
            note: "segment 2 of 3".into(),
        };
        assert_eq!(progress.to_string(), "1.2 s left, segment 2 of 3");
    }
}
