//! Decides which effort acts on each joint from outside: the generalized momentum observer.
//!
//! ```text
//! r = K·(p − ∫(τ − f + Cᵀ·q̇ − g + r) dt)        in steps: r ← r + k·(p′ − p − T·(rate + r))    k = (1 − e^(−K·T))/T
//! ```
//! r follows the external effort as a low-pass of the bandwidth K, joint by joint, without accelerations and without M⁻¹:
//! A. De Luca, R. Mattone, *Actuator Failure Detection and Isolation Using Generalized Momenta* (ICRA 2003); S. Haddadin,
//! A. De Luca, A. Albu-Schäffer, *Robot Collisions: A Survey on Detection, Isolation, and Identification* (IEEE T-RO 33-6,
//! 2017), section IV-D.
//!
//! Units: N·m (N); K in rad/s. **Invariant:** the steps are stable for any T.

use servomesh_types::JointVec;

/// The observer of one group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Observer {
    /// Momentum and its rate at the last sample; none before the first one.
    last: Option<(JointVec, JointVec)>,
    external: JointVec,
}

impl Observer {
    /// Takes the momentum and what should change it, `dt_s` > 0 after the last sample.
    pub(crate) fn update(&mut self, bandwidth: f64, momentum: &JointVec, rate: &JointVec, dt_s: f64) {
        let joints = momentum.len();
        if let Some((before, rate_before)) = &self.last {
            let gain = -(-bandwidth * dt_s).exp_m1() / dt_s;
            for i in 0..joints {
                let explained = 0.5 * (rate[i] + rate_before[i]) + self.external[i];
                self.external[i] += gain * (momentum[i] - before[i] - dt_s * explained);
            }
        } else {
            self.external = JointVec::zeros(joints);
        }
        self.last = Some((*momentum, *rate));
    }

    /// The effort from outside; nothing before the first sample.
    pub(crate) fn external(&self) -> &JointVec {
        &self.external
    }

    /// Knows nothing any more.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_shows_as_through_a_low_pass_at_any_step() {
        for dt_s in [0.0005_f64, 0.002, 0.02, 0.2] {
            let mut observer = Observer::default();
            let (push, bandwidth) = (7.0, 60.0_f64);
            let mut time_s = 0.0;
            observer.update(bandwidth, &JointVec::zeros(1), &JointVec::zeros(1), dt_s);
            while time_s < 0.05 {
                time_s += dt_s;
                // The motor gives 2 N·m, something outside 7.
                let momentum = JointVec::from([(2.0 + push) * time_s]);
                observer.update(bandwidth, &momentum, &JointVec::from([2.0]), dt_s);
            }
            if time_s < 0.06 {
                // Its own first step has nothing before it.
                let low_pass = push * (1.0 - (-bandwidth * time_s).exp());
                let told = observer.external()[0];
                assert!(
                    (told - low_pass).abs() < 0.05 * push,
                    "{dt_s}: {told}, not {low_pass}"
                );
            }
        }
    }
}
