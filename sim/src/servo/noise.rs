//! Noise for sensors: cheap, seeded, the same on every machine.
//!
//! Decides the distribution: normal, as the sum of 12 evenly distributed numbers (within 6 deviations), by integers and sums alone.
//! The numbers are those of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): a few nanoseconds a
//! draw, where a cipher would take longer than the rest of a servo's step.

/// A source of normally distributed numbers with mean 0 and deviation 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    state: u64,
}

/// 2⁶⁴ over the golden ratio, odd: SplitMix64's step.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Noise {
    /// The source of a seed's stream.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self {
            state: mix(seed.wrapping_add(STEP)) ^ mix(stream.wrapping_mul(STEP).wrapping_add(1)),
        }
    }

    /// The next number.
    pub fn draw(&mut self) -> f64 {
        let mut sum = 0_u64;
        for _ in 0..3 {
            self.state = self.state.wrapping_add(STEP);
            let word = mix(self.state);
            sum += (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48);
        }
        (sum as f64 + 6.0) / 65536.0 - 6.0
    }
}

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_splitmix64() {
        // The first outputs of the reference implementation for the state 1234567.
        let mut state = 1_234_567_u64;
        let outputs = [(); 3].map(|()| {
            state = state.wrapping_add(STEP);
            mix(state)
        });
        assert_eq!(
            outputs,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn it_is_normal_and_its_streams_are_independent() {
        const COUNT: usize = 200_000;
        let draws = |seed, stream| {
            let mut noise = Noise::new(seed, stream);
            (0..COUNT).map(|_| noise.draw()).collect::<Vec<_>>()
        };
        let [one, two, other] = [draws(1, 0), draws(1, 1), draws(2, 0)];
        let moment = |power| one.iter().map(|draw| draw.powi(power)).sum::<f64>() / COUNT as f64;
        assert!(moment(1).abs() < 0.01 && moment(3).abs() < 0.03);
        assert!((moment(2) - 1.0).abs() < 0.01, "{}", moment(2));
        // 3 for a normal distribution; 12 numbers give 3 − 1.2/12.
        assert!((moment(4) - 2.9).abs() < 0.05, "{}", moment(4));
        for others in [&two, &other] {
            let product: f64 = one.iter().zip(others).map(|(a, b)| a * b).sum();
            assert!((product / COUNT as f64).abs() < 0.01);
        }
        let next: f64 = one.windows(2).map(|pair| pair[0] * pair[1]).sum();
        assert!((next / COUNT as f64).abs() < 0.01);
    }
}
