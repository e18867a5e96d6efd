//! Any frames to an SDO client and a server, and any frames lost between them: never wrong data, never an end that stays busy.

#![no_main]

use libfuzzer_sys::fuzz_target;
use servomesh_fieldbus::canopen::sdo::message::{Frame, Request};
use servomesh_fieldbus::canopen::sdo::{Abort, Address, Client, Dictionary, SdoError, Server, Way};

/// Most bytes of a transfer.
const ROOM: usize = 2048;
const DOMAIN: Address = Address::new(0x2000, 0);
const WORD: Address = Address::new(0x2001, 3);

fuzz_target!(|input: &[u8]| {
    match input {
        [kind, rest @ ..] if kind % 2 == 0 => any_frames(rest),
        [kind, low, high, rest @ ..] => {
            let length = usize::from(u16::from_le_bytes([*low, *high])) % (ROOM + 1);
            lost_frames(kind & 2 != 0, kind & 4 != 0, length, rest);
        }
        _ => {}
    }
});

/// Frames out of thin air, each after a byte that says what else happens; the next good transfer works.
fn any_frames(input: &[u8]) {
    let (mut client, mut server) = (Client::<ROOM>::new(), Server::<ROOM>::new());
    let mut objects = Objects {
        domain: vec![7; 100],
        word: [0; 4],
    };
    for part in input.chunks_exact(9) {
        let frame: Frame = std::array::from_fn(|at| part[at + 1]);
        let happens = |bit: u8| part[0] >> bit & 1 == 1;
        if !client.is_busy() {
            let _ = client.outcome();
            if happens(0) {
                client.upload(DOMAIN, way(happens(1))).expect("it is idle");
            } else {
                client
                    .download(DOMAIN, &[3; 60], way(happens(1)))
                    .expect("it is idle");
            }
        }
        if happens(2) {
            client.handle(&frame);
        }
        if happens(3) {
            server.handle(&frame, &mut objects);
        }
        let most = if happens(4) { 3 } else { 300 };
        for _ in 0..most {
            client.poll();
            server.poll();
        }
        assert!(most == 3 || (client.poll().is_none() && server.poll().is_none()));
    }
    client.expire();
    while client.poll().is_some() {}
    let _ = client.outcome();
    while server.poll().is_some() {}
    server.handle(&Request::Abort(DOMAIN, Abort::General).encode(), &mut objects);
    objects.domain = vec![9; 50];
    client.upload(DOMAIN, Way::Segments).expect("it is idle");
    assert_eq!(
        run(&mut client, &mut server, &mut objects, || false),
        Ok(vec![9; 50])
    );
}

/// A transfer while each bit of `lost` that is set loses a frame.
fn lost_frames(read: bool, blocks: bool, length: usize, lost: &[u8]) {
    let data = |first: u8| {
        (0..length)
            .map(|at| first ^ at as u8 ^ (at >> 8) as u8)
            .collect::<Vec<_>>()
    };
    let (before, after) = (data(0), data(0xFF));
    let mut objects = Objects {
        domain: before.clone(),
        word: [0; 4],
    };
    let (mut client, mut server) = (Client::<ROOM>::new(), Server::<ROOM>::new());
    if read {
        client.upload(DOMAIN, way(blocks)).expect("it is idle");
    } else {
        client
            .download(DOMAIN, &after, way(blocks))
            .expect("there is room");
    }
    let mut bits = lost
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    let outcome = run(&mut client, &mut server, &mut objects, || {
        bits.next().unwrap_or(false)
    });
    match outcome {
        Ok(data) if read => assert_eq!(data, before),
        Ok(_) => assert_eq!(objects.domain, after),
        Err(_) => assert!(objects.domain == before || (!read && objects.domain == after)),
    }
    server.expire();
    assert!(!server.is_busy() && !client.is_busy());
}

/// Runs the transfer that was begun to its end; the client gives up when nobody says anything.
fn run(
    client: &mut Client<ROOM>,
    server: &mut Server<ROOM>,
    objects: &mut Objects,
    mut lost: impl FnMut() -> bool,
) -> Result<Vec<u8>, SdoError> {
    loop {
        let mut quiet = true;
        while let Some(request) = client.poll() {
            quiet = false;
            if !lost() {
                server.handle(&request, objects);
            }
        }
        while let Some(response) = server.poll() {
            quiet = false;
            if !lost() {
                client.handle(&response);
            }
        }
        if quiet {
            if let Some(outcome) = client.outcome() {
                return outcome.map(<[u8]>::to_vec);
            }
            client.expire();
        }
    }
}

fn way(blocks: bool) -> Way {
    if blocks { Way::Blocks } else { Way::Segments }
}

/// An object that takes any bytes, and one of four.
struct Objects {
    domain: Vec<u8>,
    word: [u8; 4],
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
        match address {
            WORD => self.word.copy_from_slice(data),
            _ => self.domain = data.to_vec(),
        }
        Ok(())
    }
}
