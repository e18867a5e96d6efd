//! Ranges of configuration values, checked in one way and refused with one sentence.

/// A configuration value outside its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {value}, but must be {}", allowed(*min, *max))]
pub struct OutOfRange {
    /// Which one.
    pub name: String,
    /// Its value, in the parameter's own unit; durations in seconds.
    pub value: f64,
    /// The lowest value allowed.
    pub min: f64,
    /// The highest value allowed.
    pub max: f64,
}

/// Passes a value on if it is in its range, both ends included.
///
/// # Errors
/// [`OutOfRange`] names it; NaN is in no range.
///
/// ```
/// use servomesh_types::range::within;
///
/// assert_eq!(within("rate_hz", 500.0, (10.0, 1000.0)), Ok(500.0));
/// let error = within("rate_hz", 5.0, (10.0, 1000.0)).unwrap_err();
/// assert_eq!(error.to_string(), "rate_hz is 5, but must be between 10 and 1000");
/// ```
pub fn within(name: &str, value: f64, (min, max): (f64, f64)) -> Result<f64, OutOfRange> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(OutOfRange {
        name: name.to_owned(),
        value,
        min,
        max,
    })
}

fn allowed(min: f64, max: f64) -> String {
    if min.total_cmp(&max).is_eq() {
        return min.to_string();
    }
    format!("between {min} and {max}")
}
