//! An SDO client and a server at the ends of a line that loses frames, and two objects.

use servomesh_fieldbus::canopen::sdo::message::Frame;
use servomesh_fieldbus::canopen::sdo::{Abort, Address, Client, Dictionary, SdoError, Server, Way};

/// Most bytes of a transfer.
pub(crate) const ROOM: usize = 2048;
pub(crate) const DOMAIN: Address = Address::new(0x2000, 0);
pub(crate) const WORD: Address = Address::new(0x2001, 3);

/// An object that takes any bytes, and one of four.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    pub(crate) domain: Vec<u8>,
    pub(crate) word: [u8; 4],
    pub(crate) writes: usize,
}

impl Dictionary for Objects {
    fn accepts(&self, address: Address) -> Result<Option<usize>, Abort> {
        match address {
            DOMAIN => Ok(None),
            WORD => Ok(Some(4)),
            _ => Err(Abort::NoSuchObject),
        }
    }

    fn read(&mut self, address: Address, into: &mut [u8]) -> Result<usize, Abort> {
        self.accepts(address)?;
        let data = if address == WORD {
            &self.word[..]
        } else {
            &self.domain
        };
        into.get_mut(..data.len())
            .ok_or(Abort::Memory)?
            .copy_from_slice(data);
        Ok(data.len())
    }

    fn write(&mut self, address: Address, data: &[u8]) -> Result<(), Abort> {
        self.writes += 1;
        match address {
            WORD => self.word.copy_from_slice(data),
            _ => self.domain = data.to_vec(),
        }
        Ok(())
    }
}

/// Runs the transfer that was begun to its end, over a line that loses frames when told to (from the server?, the frame); the client gives
/// up when nobody says anything. What the client has in the end, and how often it waited in vain.
pub(crate) fn run(
    client: &mut Client<ROOM>,
    server: &mut Server<ROOM>,
    objects: &mut Objects,
    mut lost: impl FnMut(bool, &Frame) -> bool,
) -> (Result<Vec<u8>, SdoError>, u32) {
    let mut expired = 0;
    loop {
        let mut quiet = true;
        while let Some(request) = client.poll() {
            quiet = false;
            if !lost(false, &request) {
                server.handle(&request, objects);
            }
        }
        while let Some(response) = server.poll() {
            quiet = false;
            if !lost(true, &response) {
                client.handle(&response);
            }
        }
        if quiet {
            if let Some(outcome) = client.outcome() {
                return (outcome.map(<[u8]>::to_vec), expired);
            }
            expired += 1;
            client.expire();
        }
    }
}

/// What must hold of a transfer whatever is lost: the client has what the server has or an error, nothing is half written, and no end stays
/// busy. Whether it was done.
pub(crate) fn check_lossy(
    before: &[u8],
    after: &[u8],
    read: bool,
    blocks: bool,
    mut lost: impl FnMut() -> bool,
) -> bool {
    let mut objects = Objects {
        domain: before.to_vec(),
        ..Objects::default()
    };
    let (mut client, mut server) = (Client::new(), Server::new());
    if read {
        client.upload(DOMAIN, way(blocks)).expect("it is idle");
    } else {
        client
            .download(DOMAIN, after, way(blocks))
            .expect("there is room");
    }
    let (outcome, _) = run(&mut client, &mut server, &mut objects, |_, _| lost());
    match &outcome {
        Ok(data) if read => assert_eq!(data, before),
        Ok(_) => assert_eq!(objects.domain, after),
        Err(_) => assert!(objects.domain == before || (!read && objects.domain == after)),
    }
    server.expire();
    assert!(!server.is_busy() && !client.is_busy());
    outcome.is_ok()
}

pub(crate) fn way(blocks: bool) -> Way {
    if blocks { Way::Blocks } else { Way::Segments }
}

/// What happens beside a frame out of thin air.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside {
    /// If the client is idle, it begins to read, else to write.
    pub(crate) reads: bool,
    /// In blocks.
    pub(crate) blocks: bool,
    /// Who hears the frame.
    pub(crate) client_hears: bool,
    pub(crate) server_hears: bool,
    /// Both are asked for a few frames only, not for all that they have.
    pub(crate) hurried: bool,
}

/// Both ends, and any frames to them.
pub(crate) struct Ends {
    client: Client<ROOM>,
    server: Server<ROOM>,
    objects: Objects,
}

impl Ends {
    pub(crate) fn new() -> Self {
        Self {
            client: Client::new(),
            server: Server::new(),
            objects: Objects {
                domain: vec![7; 100],
                ..Objects::default()
            },
        }
    }

    /// A frame comes, whatever it is.
    pub(crate) fn suffer(&mut self, frame: &Frame, beside: Beside) {
        let Self {
            client,
            server,
            objects,
        } = self;
        if !client.is_busy() {
            let _ = client.outcome(); // whatever it is, it is over
            if beside.reads {
                client.upload(DOMAIN, way(beside.blocks)).expect("it is idle");
            } else {
                client
                    .download(DOMAIN, &[3; 60], way(beside.blocks))
                    .expect("it is idle");
            }
        }
        if beside.client_hears {
            client.handle(frame);
        }
        if beside.server_hears {
            server.handle(frame, objects);
        }
        for _ in 0..if beside.hurried { 3 } else { 300 } {
            client.poll();
            server.poll();
        }
        assert!(beside.hurried || (client.poll().is_none() && server.poll().is_none()));
    }

    /// The next good transfer works.
    pub(crate) fn check(mut self) {
        use servomesh_fieldbus::canopen::sdo::message::Request;

        self.client.expire();
        while self.client.poll().is_some() {}
        let _ = self.client.outcome(); // whatever it is, it is over
        while self.server.poll().is_some() {}
        self.server.handle(
            &Request::Abort(DOMAIN, Abort::General).encode(),
            &mut self.objects,
        );
        self.objects.domain = vec![9; 50];
        self.client.upload(DOMAIN, Way::Segments).expect("it is idle");
        let (outcome, _) = run(&mut self.client, &mut self.server, &mut self.objects, |_, _| {
            false
        });
        assert_eq!(outcome, Ok(vec![9; 50]));
    }
}
