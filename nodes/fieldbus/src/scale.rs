//! What one count of a register is in SI units.

/// What one count of a register is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The SI unit; empty for plain numbers, shares of 1 and codes.
    pub unit: &'static str,
    /// How much of it one count is.
    pub per_count: f64,
}

impl Scale {
    /// Numbers, codes and bits that are no quantity.
    pub const PLAIN: Self = Self::new("", 1.0);
    /// Shares in tenths of a percent.
    pub const PERMILLE: Self = Self::new("", 1e-3);
    /// Shares in percent.
    pub const PERCENT: Self = Self::new("", 1e-2);
    /// Temperatures \[°C\].
    pub const CELSIUS: Self = Self::new("°C", 1.0);
    /// Voltages in tenths of a volt.
    pub const DECIVOLT: Self = Self::new("V", 0.1);
    /// Times in units of 10 ms.
    pub const CENTISECOND: Self = Self::new("s", 1e-2);
    /// Times in milliseconds.
    pub const MILLISECOND: Self = Self::new("s", 1e-3);

    /// So much of a unit for each count.
    pub const fn new(unit: &'static str, per_count: f64) -> Self {
        Self { unit, per_count }
    }

    /// Counts in the unit.
    pub fn to_si(&self, counts: i32) -> f64 {
        f64::from(counts) * self.per_count
    }

    /// The nearest counts to a quantity in the unit, within these; `None` where it is beyond them or no number.
    pub fn from_si(&self, quantity: f64, min: i32, max: i32) -> Option<i32> {
        let counts = (quantity / self.per_count).round();
        let within = f64::from(min) <= counts && counts <= f64::from(max);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number between two of 32 bits"
        )]
        within.then_some(counts as i32)
    }
}
