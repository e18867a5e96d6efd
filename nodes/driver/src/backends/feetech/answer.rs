//! An answer to a set-up, out of the stream's hands.

use super::setup::TABLE;
use arrayvec::ArrayVec;
use servomesh_fieldbus::feetech::status::{Alarms, Status};

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) id: u8,
    pub(super) alarms: Alarms,
    pub(super) data: ArrayVec<u8, TABLE>,
}

impl Answer {
    pub(super) fn of(status: &Status<'_>) -> Option<Self> {
        let mut data = ArrayVec::new();
        data.try_extend_from_slice(status.data).ok()?;
        Some(Self {
            id: status.id,
            alarms: status.alarms,
            data,
        })
    }
}
