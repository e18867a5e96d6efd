//! A pseudo-terminal as the port of a bus: a master opens it like any serial port.
//!
//! Its speed is what the master has set with termios, read on this side before each write is taken. It begins in raw mode, so that a master that
//! sets nothing gets its bytes unchanged. Pulling the plug hangs it up; what comes back has another number, and the same link.
//!
//! **Invariant:** the link names the port that is open, or is not there.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// An open pseudo-terminal.
#[derive(Debug)]
pub struct Terminal {
    master: OwnedFd,
    /// Kept open, so that it does not hang up while nobody has it open.
    _slave: OwnedFd,
    path: PathBuf,
    link: Option<PathBuf>,
}

impl Terminal {
    /// Opens one at `baud`, and links it from `link`, which replaces a link that is there.
    ///
    /// # Errors
    /// The system has no more of them, or something else than a link is where the link should be.
    pub fn open(baud: u32, link: Option<&Path>) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let name = name
            .into_string()
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let path = PathBuf::from(name);
        let slave = rustix::fs::open(
            &path,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let mut settings = tcgetattr(&slave)?;
        settings.make_raw();
        settings.set_speed(baud)?;
        tcsetattr(&slave, OptionalActions::Now, &settings)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        if let Some(link) = link {
            put_link(&path, link)?;
        }
        Ok(Self {
            master,
            _slave: slave,
            path,
            link: link.map(Path::to_owned),
        })
    }

    /// What a master opens: the link if there is one.
    pub fn path(&self) -> &Path {
        self.link.as_deref().unwrap_or(&self.path)
    }

    /// Where it is.
    pub fn device(&self) -> &Path {
        &self.path
    }

    /// Bits per second that the master has set.
    ///
    /// # Errors
    /// The terminal does not answer.
    pub fn baud(&self) -> io::Result<u32> {
        Ok(tcgetattr(&self.master)?.output_speed())
    }

    /// What the master has written, as far as the buffer goes; nothing if there is none.
    ///
    /// # Errors
    /// The terminal can't be read.
    pub fn read<'b>(&self, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
        match rustix::io::read(&self.master, &mut *buffer) {
            Ok(count) => Ok(&buffer[..count]),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(&[]),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives bytes to the master. What does not fit in the terminal's buffer, as nobody has read for long, is lost; says how many bytes.
    ///
    /// # Errors
    /// The terminal can't be written.
    pub fn write(&self, mut bytes: &[u8]) -> io::Result<usize> {
        while !bytes.is_empty() {
            match rustix::io::write(&self.master, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(bytes.len())
    }
}

impl AsFd for Terminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(link) = &self.link
            && fs::read_link(link).is_ok_and(|target| target == self.path)
        {
            // A link that can't be removed now names no port; who opens it is told so.
            let _ = fs::remove_file(link);
        }
    }
}

/// Puts a link in place in one go, so that there is no moment with half of one.
fn put_link(path: &Path, link: &Path) -> io::Result<()> {
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::symlink_metadata(link) {
        Ok(found) if !found.is_symlink() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("{} is there and is no link", link.display()),
            ));
        }
        Ok(_) | Err(_) => {}
    }
    let part = link.with_extension("part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(path, &part)?;
    fs::rename(&part, link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    #[test]
    fn bytes_pass_unchanged_and_the_speed_is_the_masters() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("ports/arm");
        let port = Terminal::open(57_600, Some(&link)).expect("a port");
        assert_eq!(port.path(), link);
        assert_eq!(port.baud().expect("a speed"), 57_600);
        let mut master = fs::File::options()
            .read(true)
            .write(true)
            .open(&link)
            .expect("an end");
        let all: Vec<u8> = (0..=255).collect();
        master.write_all(&all).expect("room");
        let mut buffer = [0; 512];
        assert_eq!(port.read(&mut buffer).expect("bytes"), all);
        assert_eq!(port.read(&mut buffer).expect("none"), []);
        assert_eq!(port.write(&all).expect("room"), 0);
        let mut back = [0; 256];
        master.read_exact(&mut back).expect("bytes");
        assert_eq!(back[..], all);
        let mut settings = tcgetattr(&master).expect("settings");
        settings.set_speed(3_000_000).expect("a speed");
        tcsetattr(&master, OptionalActions::Now, &settings).expect("settings");
        assert_eq!(port.baud().expect("a speed"), 3_000_000);
    }

    #[test]
    fn a_port_that_goes_hangs_up_and_takes_its_link_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("arm");
        let port = Terminal::open(1_000_000, Some(&link)).expect("a port");
        let mut master = fs::File::open(&link).expect("an end");
        drop(port);
        assert!(!link.exists() && fs::symlink_metadata(&link).is_err());
        let hung_up = master.read(&mut [0; 4]);
        assert!(
            matches!(hung_up, Ok(0) | Err(_)),
            "reading from what hung up: {hung_up:?}"
        );
        fs::write(&link, "a file").expect("a file");
        let refused = Terminal::open(1_000_000, Some(&link)).expect_err("a file is in the way");
        assert!(refused.to_string().contains("is no link"), "{refused}");
    }
}
