//! Where a servo should be by now: it goes towards what its pulses say with its lag, no faster than it can.

/// The model of one servo, in ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Model {
    position: f64,
    fastest: f64,
    lag_s: f64,
}

impl Model {
    /// A servo at `position` that turns by `fastest` a second at most and stays behind an even motion by `lag_s`.
    pub(super) fn new(position: f64, fastest: f64, lag_s: f64) -> Self {
        Self {
            position,
            fastest,
            lag_s,
        }
    }

    pub(super) fn position(&self) -> f64 {
        self.position
    }

    /// Goes on for `dt_s` towards a goal; without pulses, which is no goal, it stays.
    pub(super) fn advance(&mut self, goal: Option<f64>, dt_s: f64) {
        let Some(goal) = goal else { return };
        let way = goal - self.position;
        let share = if self.lag_s > 0.0 {
            -(-dt_s / self.lag_s).exp_m1()
        } else {
            1.0
        };
        let most = self.fastest * dt_s;
        self.position += (share * way).clamp(-most, most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_no_faster_than_it_can_and_arrives() {
        let mut model = Model::new(0.0, 100.0, 0.0);
        model.advance(Some(50.0), 0.1);
        assert!((model.position() - 10.0).abs() < 1e-9);
        model.advance(None, 1.0);
        assert!((model.position() - 10.0).abs() < 1e-9, "no pulses, no motion");
        model.advance(Some(50.0), 0.5);
        assert!((model.position() - 50.0).abs() < 1e-9);
    }

    #[test]
    fn it_stays_behind_an_even_motion_by_its_lag() {
        let (mut model, dt_s) = (Model::new(0.0, 1000.0, 0.04), 1e-4);
        for step in 0..10_000 {
            model.advance(Some(200.0 * dt_s * f64::from(step)), dt_s);
        }
        assert!((200.0 - model.position() - 200.0 * 0.04).abs() < 0.1, "{model:?}");
    }
}
