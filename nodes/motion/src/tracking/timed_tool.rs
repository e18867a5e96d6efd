//! A path of a tool with its timing, as a motion in a frame.

use nalgebra::Isometry3;

use super::relative::{Relative, RelativeMotion};
use crate::path::ToolCurve;
use crate::timing::TimeLaw;

/// Curves of a tool, one after the other, each from rest to rest, as seen from a frame that stood still while they were
/// planned.
#[derive(Clone, Debug)]
pub struct TimedTool {
    frame_from_base: Isometry3<f64>,
    parts: Vec<(ToolCurve, TimeLaw)>,
}

impl TimedTool {
    /// The curves in base axes, with the frame at `base_from_frame`; at least one.
    pub fn new(base_from_frame: &Isometry3<f64>, parts: Vec<(ToolCurve, TimeLaw)>) -> Self {
        Self {
            frame_from_base: base_from_frame.inverse(),
            parts,
        }
    }

    /// The part at a time, and the time since its start; the last one after its end.
    fn part(&self, mut t: f64) -> (&(ToolCurve, TimeLaw), f64) {
        let last = self.parts.len() - 1;
        for part in &self.parts[..last] {
            if t < part.1.duration() {
                return (part, t);
            }
            t -= part.1.duration();
        }
        (&self.parts[last], t)
    }
}

impl RelativeMotion for TimedTool {
    fn at(&self, t: f64) -> Relative {
        let ((curve, law), t) = self.part(t);
        let moment = law.at(t.max(0.0));
        let tool = curve.at(moment.s);
        let (rate, change) = (moment.rate, moment.acceleration);
        let turn = self.frame_from_base.rotation;
        let [x1, x2, _] = tool.linear;
        let [w0, w1, _] = tool.angular;
        Relative {
            pose: self.frame_from_base * tool.pose,
            linear: [turn * (x1 * rate), turn * (x2 * rate * rate + x1 * change)],
            angular: [turn * (w0 * rate), turn * (w1 * rate * rate + w0 * change)],
        }
    }

    fn duration(&self) -> f64 {
        self.parts.iter().map(|(_, law)| law.duration()).sum()
    }
}
