//! What each instruction does, and how it is answered.
//!
//! An answer begins Return Delay Time after the instruction's last bit. What goes to the secondary id is done without an answer, and leaves the
//! EEPROM alone. A damaged instruction for the servo itself is answered with a CRC error. Any instruction for the servo, or for all, keeps
//! the bus watchdog quiet. What the manual leaves open: a control table backup is refused (Result Fail) while the torque is on, and a torque
//! that is turned on after a shutdown stays off, which the alert bit of the answer tells.

use std::time::Duration;

use servomesh_fieldbus::dynamixel::table::bits::drive_mode;
use servomesh_fieldbus::dynamixel::{
    Backup, BulkRead, ErrorNumber, Field, Id, Instruction, MAX_PACKET, Mode, Packet, Pong, Replies,
    ResetScope, Status, StatusError, SyncRead, crc,
};
use servomesh_types::Stamp;

use super::access::{Change, GOALS};
use super::hearing::{Heard, STATUS};
use super::servo::{Dynamixel, Next};
use super::turns::{self, Turn, TurnPlace};
use crate::device::Saying;

/// From which Status Return Level on something is answered.
const PING: i32 = 0;
const READ: i32 = 1;
const OTHER: i32 = 2;

/// Whom an instruction is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Me,
    Secondary,
    All,
}

/// What an instruction gives: bytes, or the number of the error.
type Outcome = Result<Vec<u8>, ErrorNumber>;

impl Dynamixel {
    pub(super) fn listen(&mut self, now: Stamp, bytes: &[u8]) {
        if self.hearing.is_stale(now - self.time_of(bytes.len())) {
            self.give_up(now);
        }
        self.hearing.hear(now, bytes);
        while let Some(heard) = self.hearing.next() {
            self.hears(now, heard);
        }
        self.join(now);
    }

    /// Nothing more comes of what waits.
    pub(super) fn give_up(&mut self, now: Stamp) {
        while let Some(heard) = self.hearing.give_up() {
            self.hears(now, heard);
        }
    }

    fn hears(&mut self, now: Stamp, heard: Heard) {
        let own = self.id();
        match heard {
            Heard::Packet {
                id,
                code: STATUS,
                after,
                ..
            } => {
                self.overhears(now - self.time_of(after), id);
            }
            Heard::Packet {
                id,
                code,
                parameters,
                after,
            } => {
                self.turn = None;
                let end = now - self.time_of(after);
                let packet = Packet {
                    id,
                    code,
                    parameters: &parameters,
                };
                self.is_told(end, &packet);
            }
            Heard::Damaged { id, code, after } if Some(id) == own && code != STATUS => {
                self.answer(now - self.time_of(after), OTHER, Err(ErrorNumber::Crc));
            }
            Heard::Damaged { .. } => {}
        }
    }

    /// An answer of another device has ended.
    fn overhears(&mut self, end: Stamp, id: Id) {
        if let Some(turn) = self.turn
            && turn.place == TurnPlace::After(id)
        {
            self.turn = None;
            let outcome = self.table.read(turn.address, turn.length);
            self.answer(end, READ, outcome);
        }
    }

    fn is_told(&mut self, end: Stamp, packet: &Packet<'_>) {
        let secondary = u8::try_from(self.table.get(Field::SecondaryId))
            .ok()
            .and_then(Id::device);
        let to = match packet.id {
            id if Some(id) == self.id() => To::Me,
            id if id.is_broadcast() => To::All,
            id if Some(id) == secondary => To::Secondary,
            _ => return,
        };
        self.spoken_to = end;
        match packet.instruction() {
            Ok(instruction) => self.does(end, to, &instruction),
            Err(error) => {
                if let (To::Me, Some(number)) = (to, error.number()) {
                    self.answer(end, OTHER, Err(number));
                }
            }
        }
    }

    fn does(&mut self, end: Stamp, to: To, instruction: &Instruction<'_>) {
        match *instruction {
            Instruction::Ping => return self.pongs(end, to),
            Instruction::SyncRead(SyncRead { replies, .. })
            | Instruction::BulkRead(BulkRead { replies, .. })
                if replies == Replies::Joined && !self.knows_fast_reads =>
            {
                return;
            }
            Instruction::SyncRead(read) => {
                return self.takes_turn(end, self.id().and_then(|id| turns::in_sync_read(&read, id)));
            }
            Instruction::BulkRead(read) => {
                return self.takes_turn(end, self.id().and_then(|id| turns::in_bulk_read(&read, id)));
            }
            Instruction::SyncWrite(write) => {
                let blocks = write.blocks().map(|(id, data)| (id, write.address, data));
                return self.writes_of_a_group(blocks);
            }
            Instruction::BulkWrite(write) => return self.writes_of_a_group(write.blocks()),
            Instruction::Read { address, length } => {
                if to == To::Me {
                    let outcome = self.table.read(address, length);
                    self.answer(end, READ, outcome);
                }
                return;
            }
            _ => {}
        }
        let asker = self.id();
        let mut next = None;
        let outcome = match *instruction {
            Instruction::Write { address, data } => self.write(address, data, to != To::Secondary),
            Instruction::RegWrite { address, data } => self.register_write(address, data, to),
            Instruction::Action => match self.registered.take() {
                None => Err(ErrorNumber::Instruction),
                Some((address, data)) => {
                    self.table.set(Field::RegisteredInstruction, 0);
                    self.write(address, &data, true)
                }
            },
            Instruction::FactoryReset(ResetScope::All) if to == To::All => return,
            Instruction::FactoryReset(scope) => {
                next = Some(Next::Reset(scope));
                Ok(())
            }
            Instruction::Reboot => {
                next = Some(Next::Reboot);
                Ok(())
            }
            Instruction::ClearMultiTurn if self.table.get(Field::Moving) != 0 => Err(ErrorNumber::ResultFail),
            Instruction::ClearMultiTurn => {
                self.forget_turns();
                self.controller.seed(&mut self.table);
                Ok(())
            }
            Instruction::Backup(_) if self.table.get(Field::TorqueEnable) != 0 => {
                Err(ErrorNumber::ResultFail)
            }
            Instruction::Backup(Backup::Store) => {
                self.table.store();
                Ok(())
            }
            Instruction::Backup(Backup::Restore) => {
                let restored = self.table.restore();
                next = restored.then_some(Next::Reboot);
                if restored {
                    Ok(())
                } else {
                    Err(ErrorNumber::ResultFail)
                }
            }
            _ => return,
        };
        let mut said = end;
        if let (To::Me, Some(id)) = (to, asker) {
            said = self.answer_as(id, end, OTHER, outcome.map(|()| Vec::new()));
        }
        self.next = next.map(|next| (said, next));
    }

    fn pongs(&mut self, end: Stamp, to: To) {
        let Some(id) = self.id() else { return };
        let pong = Pong {
            model: self.table.model.number,
            firmware: self.table.model.firmware,
        };
        let slot = match to {
            To::Me => Duration::ZERO,
            To::All => turns::ping_slot(id, self.time_of(1)),
            To::Secondary => return,
        };
        self.answer(end + slot, PING, Ok(pong.parameters().to_vec()));
    }

    fn takes_turn(&mut self, end: Stamp, turn: Option<Turn>) {
        self.turn = turn;
        if let Some(turn) = turn
            && turn.place == TurnPlace::First
        {
            self.turn = None;
            let outcome = self.table.read(turn.address, turn.length);
            self.answer(end, READ, outcome);
        }
        let begins = matches!(
            turn.map(|turn| turn.place),
            Some(TurnPlace::Joined { behind: 0, .. })
        );
        if begins && let Some(turn) = self.turn.take() {
            self.says_block(turn, end + self.return_delay(), &[]);
        }
    }

    /// Goes on with a joined answer once all before its block has been heard.
    fn join(&mut self, now: Stamp) {
        let Some(turn) = self.turn else { return };
        let TurnPlace::Joined { length_field, behind } = turn.place else {
            return;
        };
        let waiting = self.hearing.waiting();
        let Some(before) = waiting.get(..behind) else {
            return;
        };
        if before.get(..8) != Some(&joined_head(length_field)[..]) {
            return;
        }
        let before = before.to_vec();
        let end = now - self.time_of(waiting.len() - behind);
        self.turn = None;
        self.says_block(turn, end, &before);
    }

    /// Says its block of a joined answer, with the head of all if it is the first.
    fn says_block(&mut self, turn: Turn, begin: Stamp, before: &[u8]) {
        let (Some(id), TurnPlace::Joined { length_field, .. }) = (self.id(), turn.place) else {
            return;
        };
        if self.table.get(Field::StatusReturnLevel) < READ {
            return;
        }
        let outcome = self.table.read(turn.address, turn.length);
        let error = self.error(outcome.as_ref().err().copied());
        let data = outcome.unwrap_or_else(|_| vec![0; usize::from(turn.length)]);
        let mut bytes = Vec::new();
        if before.is_empty() {
            bytes.extend(joined_head(length_field));
        }
        bytes.extend([error.byte(), id.number()]);
        bytes.extend(data);
        let crc = crc::update(crc::of(before), &bytes);
        bytes.extend(crc.to_le_bytes());
        self.hearing.hear(begin + self.time_of(bytes.len()), &bytes);
        self.says.push_back(Saying { begin, bytes });
        while self.hearing.next().is_some() {}
    }

    fn writes_of_a_group<'a>(&mut self, blocks: impl Iterator<Item = (Id, u16, &'a [u8])>) {
        let own = self.id();
        let secondary = u8::try_from(self.table.get(Field::SecondaryId))
            .ok()
            .and_then(Id::device);
        let blocks: Vec<_> = blocks.collect();
        let for_me = |wanted| blocks.iter().find(move |(id, ..)| Some(*id) == wanted);
        // Nobody answers a write of a group: who is refused stays silent.
        let _refused = match (for_me(own), for_me(secondary)) {
            (Some((_, address, data)), _) => self.write(*address, data, true),
            (None, Some((_, address, data))) => self.write(*address, data, false),
            (None, None) => Ok(()),
        };
    }

    fn register_write(&mut self, address: u16, data: &[u8], to: To) -> Result<(), ErrorNumber> {
        self.table.check(address, data, to != To::Secondary)?;
        self.registered = Some((address, data.to_vec()));
        self.table.set(Field::RegisteredInstruction, 1);
        Ok(())
    }

    fn write(&mut self, address: u16, data: &[u8], eeprom: bool) -> Result<(), ErrorNumber> {
        let changes = self.table.check(address, data, eeprom)?;
        for change in &changes {
            match *change {
                Change::Byte(address, value) => {
                    if let Some(byte) = self.table.byte_mut(address) {
                        *byte = value;
                    }
                }
                Change::Register(field, value) => self.set(field, value),
            }
        }
        // A profile that comes with its goal counts for it, in whatever order they stand.
        for change in changes {
            match change {
                Change::Register(field, _) if GOALS.contains(&field) => {
                    self.controller.aim(&self.table, field);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts a number into a register, with what follows from it.
    fn set(&mut self, field: Field, value: i32) {
        if GOALS.contains(&field)
            && self.table.get(Field::TorqueEnable) == 0
            && self.table.has(Field::DriveMode, drive_mode::TORQUE_ON_BY_GOAL)
        {
            self.enable();
        }
        if field == Field::TorqueEnable {
            match (self.table.get(field), value) {
                (0, 1) => self.enable(),
                _ => self.table.set(field, value),
            }
            return;
        }
        self.table.set(field, value);
        match field {
            Field::OperatingMode => self.new_mode(),
            Field::DriveMode | Field::HomingOffset => self.sense(),
            Field::BaudRate => {
                let rate = u8::try_from(value)
                    .ok()
                    .and_then(|code| self.table.model.baud_rate(code));
                self.baud = rate.unwrap_or(self.baud);
            }
            _ => {}
        }
    }

    /// Gains, profile and limits of another mode.
    fn new_mode(&mut self) {
        for field in [
            Field::VelocityIGain,
            Field::VelocityPGain,
            Field::PositionDGain,
            Field::PositionIGain,
            Field::PositionPGain,
            Field::FeedforwardSecondGain,
            Field::FeedforwardFirstGain,
            Field::ProfileAcceleration,
            Field::ProfileVelocity,
        ] {
            let reset = self
                .table
                .model
                .register(field)
                .map_or(0, |register| register.reset);
            self.table.set(field, reset);
        }
        self.limits_as_goals();
        if self.table.mode() == Mode::Position {
            self.forget_turns();
        }
    }

    fn answer(&mut self, end: Stamp, level: i32, outcome: Outcome) {
        if let Some(id) = self.id() {
            self.answer_as(id, end, level, outcome);
        }
    }

    /// Answers, if the return level says so; when the answer has ended.
    fn answer_as(&mut self, id: Id, end: Stamp, level: i32, outcome: Outcome) -> Stamp {
        if self.table.get(Field::StatusReturnLevel) < level {
            return end;
        }
        let error = self.error(outcome.as_ref().err().copied());
        let parameters = outcome.unwrap_or_default();
        let status = Status {
            id,
            error,
            parameters: &parameters,
        };
        let mut buffer = [0; MAX_PACKET];
        // What is longer than a packet can be is not said.
        let Ok(length) = status.encode(&mut buffer) else {
            return end;
        };
        let begin = end + self.return_delay();
        let bytes = buffer[..length].to_vec();
        let said = begin + self.time_of(length);
        self.says.push_back(Saying { begin, bytes });
        said
    }

    fn error(&self, number: Option<ErrorNumber>) -> StatusError {
        StatusError {
            alert: self.table.get(Field::HardwareErrorStatus) != 0,
            number,
        }
    }

    fn id(&self) -> Option<Id> {
        u8::try_from(self.table.get(Field::Id)).ok().and_then(Id::device)
    }

    fn return_delay(&self) -> Duration {
        let counts = u32::try_from(self.table.get(Field::ReturnDelayTime)).unwrap_or(0);
        Duration::from_micros(2) * counts
    }

    /// How long so many bytes take on the line: ten bits each.
    fn time_of(&self, bytes: usize) -> Duration {
        let nanos = 10_000_000_000 * bytes as u64 / u64::from(self.baud.max(1));
        Duration::from_nanos(nanos)
    }
}

/// What a joined answer begins with.
fn joined_head(length_field: u16) -> [u8; 8] {
    let [low, high] = length_field.to_le_bytes();
    [0xFF, 0xFF, 0xFD, 0x00, Id::BROADCAST.number(), low, high, STATUS]
}
