//! The port of a bus: a pseudo-terminal, or a CAN interface of the kernel.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use servomesh_fieldbus::can::interface::Interface;

use crate::pty::Terminal;

/// An open port.
#[derive(Debug)]
pub(crate) enum Port {
    /// A pseudo-terminal.
    Terminal(Terminal),
    /// A CAN interface.
    Interface(Interface),
}

impl Port {
    /// Opens the CAN interface, or else a pseudo-terminal at `baud` with a link from `link`.
    ///
    /// # Errors
    /// Says why not, and what to do.
    pub(crate) fn open(interface: Option<&str>, baud: u32, link: Option<&Path>) -> io::Result<Self> {
        match interface {
            Some(name) => Interface::open(name)
                .map(Self::Interface)
                .map_err(io::Error::other),
            None => Terminal::open(baud, link).map(Self::Terminal),
        }
    }

    /// What a master opens.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Terminal(terminal) => terminal.path().display().to_string(),
            Self::Interface(interface) => interface.name().to_owned(),
        }
    }

    /// Where it is, if that has another name.
    pub(crate) fn device(&self) -> String {
        match self {
            Self::Terminal(terminal) => terminal.device().display().to_string(),
            Self::Interface(interface) => interface.name().to_owned(),
        }
    }

    /// Bits per second that the master has set; `None`: it sets none.
    ///
    /// # Errors
    /// The port does not answer.
    pub(crate) fn baud(&self) -> io::Result<Option<u32>> {
        match self {
            Self::Terminal(terminal) => terminal.baud().map(Some),
            Self::Interface(_) => Ok(None),
        }
    }

    /// What masters have written, as far as the buffer goes; nothing if there is none, or the interface is down.
    ///
    /// # Errors
    /// The port can't be read.
    pub(crate) fn read<'b>(&mut self, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        match self {
            Self::Terminal(terminal) => terminal.read(buffer),
            Self::Interface(interface) => {
                let count = unless_down(interface.read(buffer))?;
                Ok(&buffer[..count.unwrap_or(0)])
            }
        }
    }

    /// Gives bytes to the master. What nobody takes is lost, as on a port that nobody has open.
    ///
    /// # Errors
    /// The port can't be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Terminal(terminal) => terminal.write(bytes).map(|_| ()),
            Self::Interface(interface) => unless_down(interface.write(bytes)).map(|_| ()),
        }
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Terminal(terminal) => terminal.as_fd(),
            Self::Interface(interface) => interface.as_fd(),
        }
    }
}

/// An interface that is down carries nothing until it is up again: that is no error of its bus.
fn unless_down<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NetworkDown => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_down_is_none_the_less_open() {
        let down = io::Error::from(io::ErrorKind::NetworkDown);
        assert_eq!(unless_down::<u8>(Err(down)).expect("no error"), None);
        let gone = io::Error::from(io::ErrorKind::NotFound);
        unless_down::<u8>(Err(gone)).expect_err("an error");
    }
}
