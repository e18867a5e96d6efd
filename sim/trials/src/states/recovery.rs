//! The way out of every state: once nothing is wrong any more, a reset leads back to motion within a bounded time.

use super::judge::Judge;
use super::moves::{Act, Stream};
use super::properties::{Property, Violation};
use super::world::World;
use servomesh_types::*;
use std::collections::BTreeMap;

impl World {
    /// Takes away every cause, has the drives started anew, and asks for resets while setpoints stream: the gates open, and
    /// everything moves again.
    ///
    /// # Errors
    /// They don't, or a property is broken on the way.
    pub fn recover(&mut self, judge: &mut Judge) -> Result<(), Violation> {
        self.heal(judge)?;
        let (mut periods, mut moving) = (0, 0);
        while moving < PROOF {
            moving = if self.try_again(periods, judge)? {
                moving + 1
            } else {
                0
            };
            periods += 1;
        }
        Ok(())
    }

    /// The same, but only as far as a state that something else recovered from already.
    ///
    /// # Errors
    /// As of [`recover`](Self::recover).
    pub fn can_recover(&mut self, ways: &mut WaysOut, judge: &mut Judge) -> Result<(), Violation> {
        self.heal(judge)?;
        let (mut passed, mut periods, mut moving) = (Vec::new(), 0, 0);
        let left = loop {
            if moving == PROOF {
                break 0;
            }
            if moving == 0 {
                let here = self.digest();
                if let Some(left) = ways.0.get(&here) {
                    break *left;
                }
                passed.push((here, periods));
            }
            moving = if self.try_again(periods, judge)? {
                moving + 1
            } else {
                0
            };
            periods += 1;
        };
        judge.hold(Property::NoDeadEnd, periods + left <= LONGEST_RECOVERY, || {
            format!("it takes {} periods until the cell moves", periods + left)
        })?;
        let known = passed.into_iter().map(|(here, at)| (here, periods - at + left));
        ways.0.extend(known);
        Ok(())
    }

    fn heal(&mut self, judge: &mut Judge) -> Result<(), Violation> {
        if self.manual {
            self.act(0, Act::Select(OperatingMode::Automatic), judge)?;
        }
        for index in 0..self.followers.len() {
            // What is far off is led back by hand, and for that torque has to be off.
            if self.followers[index].is_far_off() {
                self.act(index, Act::TorqueOff, judge)?;
            }
            self.followers[index].heal();
            self.followers[index].restart();
            if !self.followers[index].announced {
                self.act(index, Act::Announce, judge)?;
            }
        }
        Ok(())
    }

    /// Says whether everything moved all through another period, and not only because it was reset at its end.
    fn try_again(&mut self, periods: u32, judge: &mut Judge) -> Result<bool, Violation> {
        judge.hold(Property::NoDeadEnd, periods < LONGEST_RECOVERY, || {
            format!("the cell does not move any more: {:?}", self.state)
        })?;
        self.pass_period(0, true, true, Stream::Good, judge)?;
        let moves = self.moves();
        self.act(0, Act::Reset, judge)?;
        Ok(moves)
    }

    /// Whether all gates are open, and all drivers follow.
    fn moves(&self) -> bool {
        let open = |index| {
            self.view(index)
                .is_some_and(|view| view.mode == SafetyMode::Normal)
        };
        (0..self.followers.len()).all(|index| open(index) && self.followers[index].mode == DriveMode::Enabled)
    }
}

/// States that were recovered from, and how many periods that took.
#[derive(Clone, Debug, Default)]
pub struct WaysOut(BTreeMap<u64, u32>);

/// Periods that it may take until everything moves, once nothing is wrong any more.
const LONGEST_RECOVERY: u32 = 40;
/// Periods in which it moves that are enough of a proof.
const PROOF: u32 = 5;
