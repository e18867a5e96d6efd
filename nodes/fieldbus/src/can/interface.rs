//! A CAN interface of the kernel (SocketCAN): opened with its errors explained, read and written without waiting. Only with the feature `interface`.
//!
//! What is read and written are whole [records](super::socketcan). Only frames with identifiers of 11 bits that carry data are heard, which is all that CANopen
//! has: what else shares the bus wakes nobody up. Frames that the interface has no room for are lost; reading tells that as an
//! [overrun](Condition::Overrun).

use super::socketcan::{Condition, RECORD, Record};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socketcan::{CanFilter, CanSocket, Socket as _, SocketOptions as _};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

/// An open CAN interface.
#[derive(Debug)]
pub struct Interface {
    socket: CanSocket,
    name: String,
    /// Frames that it had no room for, and nobody was told of.
    refused: u32,
}

/// Why an interface can't be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum InterfaceError {
    /// The kernel has no CAN.
    #[error(
        "CAN interface {name}: this kernel has no CAN ({reason}): load it (`sudo modprobe can_raw`), or use an adapter that speaks slcan on a serial port"
    )]
    NoCan {
        /// Which interface.
        name: String,
        /// What the system says.
        reason: io::Error,
    },
    /// There is no such interface.
    #[error("CAN interface {name}: there is no such interface; {known}")]
    Absent {
        /// What was asked for.
        name: String,
        /// The CAN interfaces there are, as a sentence.
        known: String,
    },
    /// It is an interface of something else.
    #[error("CAN interface {name}: is no CAN interface; {known}")]
    NoCanInterface {
        /// What was asked for.
        name: String,
        /// The CAN interfaces there are, as a sentence.
        known: String,
    },
    /// It is switched off.
    #[error("CAN interface {name}: is down: {}", advice_up(name))]
    Down {
        /// Which interface.
        name: String,
    },
    /// This process may not.
    #[error(
        "CAN interface {name}: no permission ({reason}): a container or service has to be let use CAN sockets (AF_CAN)"
    )]
    Permission {
        /// Which interface.
        name: String,
        /// What the system says.
        reason: io::Error,
    },
    /// Something else.
    #[error("CAN interface {name}: {reason}")]
    Other {
        /// Which interface.
        name: String,
        /// What the system says.
        reason: io::Error,
    },
}

impl Interface {
    /// Opens an interface by its name, such as `can0`.
    ///
    /// # Errors
    /// [`InterfaceError`] says why not, and what to do.
    pub fn open(name: &str) -> Result<Self, InterfaceError> {
        let explain = |reason: io::Error| explain(name, reason);
        // A name that is not known says nothing of the kernel: whether it has CAN at all shows a socket on no interface.
        let socket = CanSocket::open(name)
            .or_else(|reason| CanSocket::open_iface(0).and(Err(reason)))
            .map_err(explain)?;
        socket
            .set_filters(&[CanFilter::new(0, OF_OTHERS)])
            .map_err(explain)?;
        socket.set_error_filter(Condition::CLASSES).map_err(explain)?;
        // A socket can be bound to an interface that is down, which it says once.
        if let Some(reason) = socket.as_raw_socket().take_error().map_err(explain)? {
            return Err(explain(reason));
        }
        Self::of(socket, name).map_err(explain)
    }

    fn of(socket: CanSocket, name: &str) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            name: name.to_owned(),
            refused: 0,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until there is something to read, or `patience` is over. Says whether there is, or the interface is lost: reading tells.
    pub fn wait(&self, patience: Duration) -> bool {
        if self.refused > 0 {
            return true;
        }
        let mut sockets = [PollFd::new(&self.socket, PollFlags::IN)];
        let patience = Timespec {
            tv_sec: patience.as_secs().cast_signed(),
            tv_nsec: patience.subsec_nanos().into(),
        };
        // An interrupted wait is over early: whoever waits looks at the clock anyway.
        matches!(poll(&mut sockets, Some(&patience)), Ok(ready) if ready > 0)
    }

    /// Reads the records that are there, as far as they fit; how many bytes these are.
    ///
    /// # Errors
    /// The interface is down or gone, as [`lost`] says.
    pub fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut used = 0;
        for record in bytes.chunks_exact_mut(RECORD) {
            if std::mem::take(&mut self.refused) > 0 {
                record.copy_from_slice(&Record::Condition(Condition::Overrun).encode());
                used += RECORD;
                continue;
            }
            match rustix::io::read(&self.socket, &mut *record) {
                Ok(RECORD) => used += RECORD,
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // What is not as long as a frame of CAN 2.0 is none.
                Ok(_) | Err(Errno::AGAIN | Errno::INTR) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(used)
    }

    /// Writes records, each as far as there is room for it.
    ///
    /// # Errors
    /// The interface is down or gone, as [`lost`] says.
    pub fn write(&mut self, records: &[u8]) -> io::Result<()> {
        for record in records.chunks_exact(RECORD) {
            loop {
                match rustix::io::write(&self.socket, record) {
                    Ok(_) => break,
                    Err(Errno::INTR) => {}
                    Err(Errno::NOBUFS | Errno::AGAIN) => {
                        self.refused += 1;
                        break;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

impl AsFd for Interface {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What became of an interface that can't be read or written, and what to do.
pub fn lost(name: &str, reason: &io::Error) -> String {
    match Errno::from_io_error(reason) {
        Some(Errno::NETDOWN) => format!("is down: {}", advice_up(name)),
        Some(Errno::NODEV | Errno::NXIO) => "is gone: waiting for it to come back".to_owned(),
        _ => format!("can't be used any more: {reason}"),
    }
}

fn explain(name: &str, reason: io::Error) -> InterfaceError {
    let name = name.to_owned();
    match Errno::from_io_error(&reason) {
        Some(Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT) => InterfaceError::NoCan { name, reason },
        Some(Errno::NODEV) if exists(&name) => InterfaceError::NoCanInterface { name, known: known() },
        Some(Errno::NODEV | Errno::NXIO) => InterfaceError::Absent { name, known: known() },
        Some(Errno::NETDOWN) => InterfaceError::Down { name },
        Some(Errno::ACCESS | Errno::PERM) => InterfaceError::Permission { name, reason },
        _ => InterfaceError::Other { name, reason },
    }
}

fn advice_up(name: &str) -> String {
    if name.starts_with("vcan") {
        format!("`sudo ip link set {name} up`")
    } else {
        format!(
            "`sudo ip link set {name} up type can bitrate 1000000 restart-ms 100`, with the bit rate of the drives"
        )
    }
}

fn exists(name: &str) -> bool {
    Path::new(INTERFACES).join(name).exists()
}

/// The CAN interfaces of this machine, as a sentence.
fn known() -> String {
    let Ok(entries) = std::fs::read_dir(INTERFACES) else {
        return "`ip link show type can` lists those there are".to_owned();
    };
    let is_can = |path: &Path| {
        let kind = std::fs::read_to_string(path.join("type"));
        kind.is_ok_and(|kind| kind.trim() == CAN_TYPE)
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut names: Vec<String> = paths
        .filter(|path| is_can(path))
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    if names.is_empty() {
        "this machine has none: is the adapter plugged in, and its kernel module loaded (`ip link show type can`)?".to_owned()
    } else {
        format!("there are {}", names.join(", "))
    }
}

/// Where the system lists its interfaces.
const INTERFACES: &str = "/sys/class/net";
/// What stands in `type` of those on a CAN bus (`ARPHRD_CAN` of `linux/if_arp.h`).
const CAN_TYPE: &str = "280";
/// Flags of identifiers of 29 bits and of remote frames: what has one of them is let pass by.
const OF_OTHERS: u32 = 0b11 << 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::can::frame::{Frame, Id};
    use rand::{RngExt as _, SeedableRng as _};
    use socketcan::{
        CanDataFrame, CanFrame, CanRemoteFrame, EmbeddedFrame as _, ExtendedId, Frame as _, StandardId,
    };
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;

    /// An interface and what is at the other end of its socket: whole records, as on a CAN socket.
    fn pair() -> (Interface, UnixDatagram) {
        let (here, there) = UnixDatagram::pair().expect("a pair of sockets");
        there.set_nonblocking(true).expect("a socket");
        let socket = CanSocket::from(OwnedFd::from(here));
        (Interface::of(socket, "can0").expect("a socket"), there)
    }

    fn record(number: u16) -> [u8; RECORD] {
        let id = Id::standard(number).expect("11 bits");
        Record::Frame(Frame::data(id, &[1, 2, 3]).expect("at most 8 bytes")).encode()
    }

    #[test]
    fn records_pass_whole_in_their_order() {
        let (mut interface, there) = pair();
        assert!(!interface.wait(Duration::ZERO));
        for number in 1..=5 {
            there.send(&record(number)).expect("room");
        }
        assert!(interface.wait(Duration::ZERO));
        let mut bytes = [0; 3 * RECORD + 5];
        assert_eq!(interface.read(&mut bytes).expect("records"), 3 * RECORD);
        assert_eq!(bytes[..3 * RECORD], [record(1), record(2), record(3)].concat());
        assert_eq!(interface.read(&mut bytes).expect("records"), 2 * RECORD);
        assert_eq!(interface.read(&mut bytes).expect("nothing"), 0);
        interface.write(&[record(6), record(7)].concat()).expect("room");
        for number in 6..=7 {
            let mut heard = [0; 64];
            assert_eq!(there.recv(&mut heard).expect("a record"), RECORD);
            assert_eq!(heard[..RECORD], record(number));
        }
    }

    /// A frame as the crate `socketcan` has it.
    fn as_others_have_it(frame: &Frame) -> CanFrame {
        let number = frame.id().number();
        let id = if frame.id().is_extended() {
            socketcan::Id::from(ExtendedId::new(number).expect("29 bits"))
        } else {
            StandardId::new(number as u16).expect("11 bits").into()
        };
        let theirs = if frame.is_remote() {
            CanRemoteFrame::new_remote(id, frame.length().into()).map(CanFrame::from)
        } else {
            CanDataFrame::new(id, frame.bytes()).map(CanFrame::from)
        };
        theirs.expect("at most 8 bytes")
    }

    #[test]
    fn frames_are_those_of_others_who_speak_to_the_kernel() {
        let seed = 7;
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let (mut interface, there) = pair();
        let others = CanSocket::from(OwnedFd::from(there));
        for _ in 0..500 {
            let id = if random.random() {
                Id::standard(random.random_range(0..1 << 11))
            } else {
                Id::extended(random.random_range(0..1 << 29))
            };
            let (id, data): (Id, [u8; 8]) = (id.expect("fits"), random.random());
            let length = random.random_range(0..=8);
            let frame = if random.random_range(0..4) == 0 {
                Frame::remote(id, length)
            } else {
                Frame::data(id, &data[..usize::from(length)])
            };
            let frame = frame.expect("at most 8");
            let theirs = as_others_have_it(&frame);
            interface.write(&Record::Frame(frame).encode()).expect("room");
            let read = others.read_frame().expect("a frame");
            let whole = |frame: &CanFrame| (frame.raw_id(), frame.dlc(), frame.data().to_vec());
            assert_eq!(whole(&read), whole(&theirs), "{frame:?}, seed {seed}");
            others.write_frame(&theirs).expect("room");
            let mut bytes = [0; RECORD];
            assert_eq!(interface.read(&mut bytes).expect("a record"), RECORD);
            assert_eq!(Record::decode(&bytes), Some(Record::Frame(frame)), "seed {seed}");
        }
    }

    #[test]
    fn what_finds_no_room_is_lost_and_told_as_an_overrun() {
        let (mut interface, there) = pair();
        for _ in 0..100_000 {
            interface.write(&record(1)).expect("lost, not an error");
            if interface.refused > 0 {
                break;
            }
        }
        assert!(interface.wait(Duration::ZERO));
        let mut bytes = [0; 4 * RECORD];
        assert_eq!(interface.read(&mut bytes).expect("a record"), RECORD);
        let told = bytes.first_chunk().and_then(Record::decode);
        assert_eq!(told, Some(Record::Condition(Condition::Overrun)));
        assert!(!interface.wait(Duration::ZERO), "told once");
        drop(there);
    }

    #[test]
    fn an_other_end_that_is_gone_is_an_error_to_write() {
        let (mut interface, there) = pair();
        drop(there);
        interface.write(&record(1)).expect_err("gone");
    }

    #[test]
    fn what_the_system_says_becomes_advice() {
        let said = |errno: Errno, name: &str| explain(name, errno.into()).to_string();
        for (errno, name, words) in [
            (Errno::AFNOSUPPORT, "can0", "this kernel has no CAN ("),
            (
                Errno::NODEV,
                "can77",
                "CAN interface can77: there is no such interface; ",
            ),
            (Errno::NODEV, "lo", "CAN interface lo: is no CAN interface; "),
            (
                Errno::NETDOWN,
                "can1",
                "CAN interface can1: is down: `sudo ip link set can1 up type can bitrate 1000000 restart-ms 100`",
            ),
            (Errno::NETDOWN, "vcan0", "is down: `sudo ip link set vcan0 up`"),
            (Errno::PERM, "can0", "CAN interface can0: no permission ("),
            (Errno::INVAL, "can0", "CAN interface can0: Invalid argument"),
        ] {
            let text = said(errno, name);
            assert!(text.contains(words), "{text}");
        }
        assert!(lost("can0", &Errno::NETDOWN.into()).starts_with("is down: `sudo ip link set can0 up"));
        assert!(lost("can0", &Errno::NODEV.into()).starts_with("is gone"));
    }

    #[test]
    fn an_interface_that_is_not_there_is_refused_with_advice_whatever_the_kernel() {
        let error = Interface::open("no_such_can").expect_err("there is none");
        let text = error.to_string();
        match error {
            InterfaceError::NoCan { .. } => assert!(text.contains("adapter that speaks slcan"), "{text}"),
            InterfaceError::Absent { .. } => assert!(text.contains("there is no such interface"), "{text}"),
            other => panic!("{other}"),
        }
    }
}
