//! When the simulation may take its next step: paced by the wall clock, and in lockstep with those who listen.
//!
//! Without lockstep, the simulated world runs on like the real one, whether or not anyone keeps up. With lockstep it
//! waits for the answers to its frames and for the command streams, so that a slow machine makes a slow simulation and
//! not a different one. Who stays silent for longer than the patience is taken to be gone, and not waited for until it
//! is heard again: **Invariant:** a dead listener delays the simulation once, by the patience, and never stops it.
//!
//! `wall` is the wall clock, an argument like all time; `sim` is simulated time.

use servomesh_types::Stamp;
use std::time::Duration;

/// How the simulation is paced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PacingConfig {
    /// Simulated over wall time; 0 for as fast as possible.
    pub speed: f64,
    /// Whether to wait for listeners.
    pub lockstep: bool,
    /// How long to wait for a silent listener, in wall time.
    pub patience: Duration,
    /// How far the command streams may lag behind simulated time.
    pub max_lag: Duration,
}

/// Paces by the wall clock.
#[derive(Clone, Debug)]
pub struct Pacer {
    speed: f64,
    origin: Option<(Stamp, Stamp)>,
    /// How often the simulation was too slow to keep up, and let go of the time it lacked.
    slips: u64,
}

impl Pacer {
    /// A pacer for this speed; 0 for as fast as possible.
    pub fn new(speed: f64) -> Self {
        Self {
            speed,
            origin: None,
            slips: 0,
        }
    }

    /// Whether the step that begins at `sim` is due at `wall`.
    pub fn is_due(&mut self, wall: Stamp, sim: Stamp) -> bool {
        if self.speed <= 0.0 {
            return true;
        }
        let due = self.due_at(wall, sim);
        if wall.since(due) > LARGEST_BACKLOG {
            self.slips += 1;
            self.origin = Some((wall, sim));
        }
        wall >= due
    }

    /// When, in wall time, the step that begins at `sim` is due.
    pub fn due_at(&mut self, wall: Stamp, sim: Stamp) -> Stamp {
        if self.speed <= 0.0 {
            return wall;
        }
        let (wall_origin, sim_origin) = *self.origin.get_or_insert((wall, sim));
        wall_origin + Duration::from_secs_f64(sim.since(sim_origin).as_secs_f64() / self.speed)
    }

    /// Paces from here on as if `sim` had been due at `wall`.
    pub fn begin_at(&mut self, wall: Stamp, sim: Stamp) {
        self.origin = Some((wall, sim));
    }

    /// How often the simulation fell behind the wall clock for good.
    pub fn slips(&self) -> u64 {
        self.slips
    }
}

/// One listener that the simulation waits for: a driver's answers, or a command stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listener {
    /// Up to which simulated time it has been heard; `None` while it was never heard, or is gone.
    heard: Option<Stamp>,
    /// Since when, in wall time, it has been waited for.
    waiting_since: Option<Stamp>,
    /// How often it was given up.
    missed: u64,
}

impl Listener {
    /// Notes that it is through with all up to `sim`.
    pub fn hear(&mut self, sim: Stamp) {
        self.heard = Some(self.heard.map_or(sim, |heard| heard.max(sim)));
        self.waiting_since = None;
    }

    /// Whether the simulation must wait for it before it goes beyond `sim`.
    pub fn holds(&mut self, wall: Stamp, sim: Stamp, max_lag: Duration, patience: Duration) -> bool {
        let Some(heard) = self.heard else { return false };
        if sim.since(heard) <= max_lag {
            return false;
        }
        let since = *self.waiting_since.get_or_insert(wall);
        if wall.since(since) < patience {
            return true;
        }
        *self = Self {
            missed: self.missed + 1,
            ..Self::default()
        };
        false
    }

    /// How often it was given up.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

/// A backlog this long is let go: catching up would make the world run faster than it should.
const LARGEST_BACKLOG: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn at(ms: i64) -> Stamp {
        Stamp::from_millis(ms)
    }

    #[test]
    fn half_speed_takes_twice_as_long() {
        let mut pacer = Pacer::new(0.5);
        assert!(pacer.is_due(at(100), at(0)));
        assert!(!pacer.is_due(at(119), at(10)));
        assert!(pacer.is_due(at(120), at(10)));
    }

    #[test]
    fn a_long_backlog_is_let_go_and_counted() {
        let mut pacer = Pacer::new(1.0);
        assert!(pacer.is_due(at(0), at(0)));
        assert!(pacer.is_due(at(1000), at(1)));
        assert_eq!(pacer.slips(), 1);
        assert!(!pacer.is_due(at(1000), at(2)));
    }

    #[test]
    fn a_silent_listener_delays_once_by_the_patience() {
        let mut listener = Listener::default();
        let holds = |l: &mut Listener, wall, sim| l.holds(at(wall), at(sim), 20 * MS, 500 * MS);
        assert!(
            !holds(&mut listener, 0, 1000),
            "nobody is waited for who was never heard"
        );
        listener.hear(at(1000));
        assert!(!holds(&mut listener, 10, 1020));
        assert!(holds(&mut listener, 10, 1021));
        assert!(holds(&mut listener, 509, 1021));
        assert!(!holds(&mut listener, 510, 1021));
        assert!(!holds(&mut listener, 511, 9000), "gone until heard again");
        assert_eq!(listener.missed(), 1);
        listener.hear(at(9000));
        assert!(holds(&mut listener, 520, 9021));
    }
}
