//! The position sensor: 4096 ticks within a turn, turns counted while there is power, an offset on top.

use std::f64::consts::TAU;

/// Ticks of a turn.
pub(super) const TURN: f64 = 4096.0;

/// Counts whole turns from where it last forgot them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Encoder {
    base: i64,
}

/// How ticks become Present Position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sense {
    /// Whether positive is clockwise. Within a turn, tick 0 is then 4095.
    pub(super) reverse: bool,
    /// Homing Offset, as far as it applies.
    pub(super) offset: i32,
}

impl Encoder {
    /// Forgets whole turns: what is within the turn that the output is in now stays.
    pub(super) fn forget_turns(&mut self, position: f64) {
        self.base = raw(position).div_euclid(TURN as i64) * TURN as i64;
    }

    /// Present Position \[ticks\] with the output at `position` \[rad\] from the sensor's zero.
    pub(super) fn present(&self, position: f64, sense: Sense) -> i32 {
        let ticks = raw(position) - self.base;
        let ticks = if sense.reverse {
            TURN as i64 - 1 - ticks
        } else {
            ticks
        };
        i32::try_from(ticks + i64::from(sense.offset)).unwrap_or(if ticks < 0 { i32::MIN } else { i32::MAX })
    }
}

fn raw(position: f64) -> i64 {
    (position * TURN / TAU).floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Sense = Sense {
        reverse: false,
        offset: 0,
    };

    fn at(ticks: f64) -> f64 {
        (ticks + 0.5) * TAU / TURN
    }

    #[test]
    fn turns_count_until_they_are_forgotten() {
        let mut encoder = Encoder::default();
        assert_eq!(encoder.present(at(9000.0), PLAIN), 9000);
        encoder.forget_turns(at(9000.0));
        assert_eq!(encoder.present(at(9000.0), PLAIN), 9000 - 8192);
        assert_eq!(encoder.present(at(8000.0), PLAIN), -192);
        encoder.forget_turns(at(-10.0));
        assert_eq!(encoder.present(at(-10.0), PLAIN), 4086);
    }

    #[test]
    fn the_offset_is_not_reversed() {
        let encoder = Encoder::default();
        let sense = |reverse| Sense { reverse, offset: 100 };
        assert_eq!(encoder.present(at(1000.0), sense(false)), 1100);
        assert_eq!(encoder.present(at(1000.0), sense(true)), 3195);
    }
}
