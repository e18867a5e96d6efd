//! Numbers that are the same on every run (SplitMix64: G. Steele, D. Lea, C. Flood, OOPSLA 2014).

/// Draws numbers; the seed is the state.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From −1 to 1.
    pub(crate) fn signed(&mut self) -> f64 {
        self.unit() * 2.0 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::Draw;

    #[test]
    fn draws_fill_the_interval() {
        let mut draws = Draw(1);
        let drawn: Vec<f64> = (0..1000).map(|_| draws.unit()).collect();
        assert!(drawn.iter().all(|value| (0.0..1.0).contains(value)));
        assert!((drawn.iter().sum::<f64>() / 1000.0 - 0.5).abs() < 0.03);
    }
}
