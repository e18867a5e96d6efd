//! Where a first joint is to be next: swings of three places each, and ways that lead on and on. Positions in rad.

use super::moves::Stream;
use std::time::Duration;

/// What the machine is about to be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Plan {
    /// Places 0 … 2 of a swing from there.
    Swing { start: f64, stage: u8 },
    /// On and on.
    Course { position: f64, velocity: f64 },
}

impl Plan {
    /// A period goes by: a swing goes on, said or not.
    pub(crate) fn pass_time(&mut self) {
        if let Self::Swing { start, stage } = self {
            *stage += 1;
            if *stage > 2 {
                *start += side(*start) * SWING;
                *stage = 0;
            }
        }
    }

    /// Place and velocity of the next setpoint, and how it goes on.
    pub(crate) fn next(self, stream: Stream) -> (f64, f64, Self) {
        let (position, velocity) = match self {
            Self::Swing { start, stage: 0 } => (start, 0.0),
            Self::Swing { start, stage } => {
                let side = side(start);
                (start + side * (f64::from(stage) - 0.5) * SWING / 2.0, side)
            }
            Self::Course { position, velocity } => (position, velocity),
        };
        let on = |towards: f64| {
            let position = position + (velocity + towards) / 2.0 * PERIOD.as_secs_f64();
            (position, towards)
        };
        match (stream, self) {
            (Stream::IntoZone | Stream::OutOfWorkspace, _) => {
                let (position, velocity) = on(if stream == Stream::IntoZone { 1.0 } else { -1.0 });
                (position, velocity, Self::Course { position, velocity })
            }
            (_, Self::Course { .. }) => {
                let (position, velocity) = on(0.0);
                let swing = Self::Swing {
                    start: position,
                    stage: 0,
                };
                (position, velocity, swing)
            }
            (_, swing) => (position, velocity, swing),
        }
    }
}

/// To which side a swing goes from there: never far from the middle.
fn side(start: f64) -> f64 {
    if start > 0.0 { -1.0 } else { 1.0 }
}

/// A power of two, so that time is as exact as places are.
pub(crate) const PERIOD: Duration = Duration::from_nanos(62_500_000);
/// How far a swing goes, and how fine the encoder is.
pub(crate) const SWING: f64 = 0.125;
