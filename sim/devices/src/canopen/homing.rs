//! How a drive looks for its home: by one of the standard's methods, or of this drive's own (below 0, as several makers have them).

/// A way home, object 6098h.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Method {
    /// Whether it runs against a hard stop first, and in which direction: −1 or 1.
    pub(crate) stop: Option<f64>,
    /// Whether home is the encoder's zero next to where it is then, and in which direction.
    pub(crate) index: Option<f64>,
}

impl Method {
    /// The method of a code; `None` if the drive has none: there are no switches on it.
    pub(crate) fn of(code: i64) -> Option<Self> {
        let (stop, index) = match code {
            -1 => (Some(-1.0), Some(1.0)),
            -2 => (Some(1.0), Some(-1.0)),
            -3 => (Some(-1.0), None),
            -4 => (Some(1.0), None),
            33 => (None, Some(-1.0)),
            34 => (None, Some(1.0)),
            35 | 37 => (None, None),
            _ => return None,
        };
        Some(Self { stop, index })
    }
}

/// Where a search for home is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Homing {
    /// Not begun since the mode was chosen.
    Idle,
    /// Runs against a hard stop; for so long it has been blocked \[s\].
    Stop { blocked_s: f64 },
    /// Runs in a direction, −1 or 1, to one of the encoder's zeros, in counts of the sensor.
    Index {
        at: f64,
        direction: f64,
        /// For so long it has been blocked \[s\].
        blocked_s: f64,
    },
    /// Has found home, and comes to rest.
    Rest,
    /// Is home.
    Attained,
    /// Was stopped before.
    Interrupted,
    /// Was blocked on its way.
    Failed,
}

impl Homing {
    /// Whether the motor is on its way.
    pub(crate) const fn is_running(self) -> bool {
        matches!(self, Self::Stop { .. } | Self::Index { .. } | Self::Rest)
    }
}
