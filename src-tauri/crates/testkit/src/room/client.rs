//! The tests' side of a room.

use super::{CardStatus, ROOM_VARIABLE, Reply, Request, keys_socket, pcscd_socket, protocol};
use crate::virtual_yubikey::{PullOn, TouchMode};
use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;
use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

/// The room that a test runs in.
#[derive(Clone, Debug)]
pub struct Room {
    directory: PathBuf,
}

/// What a new card is like; `CardOptions::default()` is a 5.7.1 under the test root with a short
/// touch timeout.
#[derive(Clone, Debug)]
pub struct CardOptions {
    /// A fresh serial, unique in the room, when not given.
    pub serial: Option<u32>,
    /// Such as `5.4.3`.
    pub firmware: String,
    /// `test`, `another` or `deep`.
    pub root: String,
    /// How long it blinks.
    pub touch_timeout: Duration,
    /// The card stays in the room after this handle is dropped.
    pub keep: bool,
}

impl Default for CardOptions {
    fn default() -> Self {
        Self {
            serial: None,
            firmware: protocol::default_firmware(),
            root: protocol::default_root(),
            touch_timeout: Duration::from_millis(protocol::default_touch_timeout()),
            keep: false,
        }
    }
}

impl CardOptions {
    /// The default with another firmware.
    pub fn firmware(firmware: &str) -> Self {
        Self {
            firmware: firmware.to_owned(),
            ..Self::default()
        }
    }

    /// The default under another attestation root.
    pub fn root(root: &str) -> Self {
        Self {
            root: root.to_owned(),
            ..Self::default()
        }
    }
}

impl Room {
    /// The room that `COUNTERSIGN_ROOM` names.
    pub fn from_env() -> Result<Self> {
        let directory = std::env::var_os(ROOM_VARIABLE).with_context(|| {
            format!(
                "{ROOM_VARIABLE} is not set, so there are no virtual card readers: \
                 run `cargo xtask test` or `cargo xtask room -- COMMAND`"
            )
        })?;
        Self::at(Path::new(&directory))
    }

    /// The room in this directory.
    pub fn at(directory: &Path) -> Result<Self> {
        let room = Self {
            directory: directory.to_path_buf(),
        };
        room.status()
            .with_context(|| format!("no room at `{}`", directory.display()))?;
        Ok(room)
    }

    /// The room's directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What `PCSCLITE_CSOCK_NAME` must be to reach this room's readers.
    pub fn pcscd_socket(&self) -> PathBuf {
        pcscd_socket(&self.directory)
    }

    /// The certificate of an attestation root, DER.
    pub fn root_certificate(&self, name: &str) -> Result<Vec<u8>> {
        self.certificate(&format!("{name}.der"))
    }

    /// The certificates between that root and its cards, DER, the root's child first. Only `deep`
    /// has some.
    pub fn intermediate_certificates(&self, name: &str) -> Result<Vec<Vec<u8>>> {
        let file = |number: usize| format!("{name}-intermediate-{number}.der");
        (1..)
            .map(file)
            .take_while(|file| self.directory.join("roots").join(file).exists())
            .map(|file| self.certificate(&file))
            .collect()
    }

    fn certificate(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.directory.join("roots").join(file);
        std::fs::read(&path).with_context(|| format!("no certificate `{}`", path.display()))
    }

    /// A new card, in no reader.
    pub fn new_card(&self, options: &CardOptions) -> Result<Card> {
        let mut owner = Connection::open(&self.directory)?;
        let serial = owner.ask(&Request::New {
            serial: options.serial,
            firmware: options.firmware.clone(),
            root: options.root.clone(),
            touch_timeout_ms: u64::try_from(options.touch_timeout.as_millis())?,
            keep: options.keep,
        })?;
        Ok(Card {
            room: self.clone(),
            serial,
            keep: options.keep,
            _owner: Some(owner),
        })
    }

    /// A new card in a reader, touched at once when it asks.
    pub fn plugged(&self, options: &CardOptions) -> Result<Card> {
        let card = self.new_card(options)?;
        card.plug()?;
        Ok(card)
    }

    /// So many default cards, plugged in together, so that two tests never wait for each other's
    /// readers.
    pub fn plugged_cards(&self, count: usize) -> Result<Vec<Card>> {
        let cards = (0..count)
            .map(|_| self.new_card(&CardOptions::default()))
            .collect::<Result<Vec<_>>>()?;
        self.plug_all(&cards.iter().collect::<Vec<_>>())?;
        Ok(cards)
    }

    /// Plugs cards in, all at once; gives their readers' names.
    pub fn plug_all(&self, cards: &[&Card]) -> Result<Vec<String>> {
        self.ask(&Request::Plug {
            serials: cards.iter().map(|card| card.serial).collect(),
        })
    }

    /// A card that is already in the room, left there when this handle is dropped.
    pub fn card(&self, serial: u32) -> Result<Card> {
        let known = self.status()?.iter().any(|card| card.serial == serial);
        anyhow::ensure!(known, "no card {serial} in this room");
        Ok(Card {
            room: self.clone(),
            serial,
            keep: true,
            _owner: None,
        })
    }

    /// Every card in the room, those of other tests too.
    pub fn status(&self) -> Result<Vec<CardStatus>> {
        self.ask(&Request::Status)
    }

    /// Waits until no other test has the room for itself, and keeps it until dropped. For tests that
    /// open every reader, or that count them.
    pub fn exclusive(&self) -> Result<Exclusive> {
        let mut connection = Connection::open(&self.directory)?;
        connection.ask::<()>(&Request::Lock)?;
        Ok(Exclusive {
            _connection: connection,
        })
    }

    /// Writes the kept cards to the room's directory.
    pub fn save(&self) -> Result<()> {
        self.ask(&Request::Save)
    }

    fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        Connection::open(&self.directory)?.ask(request)
    }
}

/// The room for one test alone; given back when dropped.
pub struct Exclusive {
    _connection: Connection,
}

/// A virtual YubiKey in a room. Dropped, it is pulled out and gone, unless it was made to be kept;
/// the same when the test's process dies.
pub struct Card {
    room: Room,
    serial: u32,
    keep: bool,
    _owner: Option<Connection>,
}

impl Card {
    /// Its serial number.
    pub fn serial(&self) -> u32 {
        self.serial
    }

    /// Plugs it in, waiting for a free reader, and waits until pcscd has seen it. Gives the reader's
    /// name.
    pub fn plug(&self) -> Result<String> {
        let readers: Vec<String> = self.room.ask(&Request::Plug {
            serials: vec![self.serial],
        })?;
        readers
            .into_iter()
            .next()
            .context("the room named no reader")
    }

    /// Pulls it out and waits until pcscd has seen that.
    pub fn unplug(&self) -> Result<()> {
        self.room.ask(&Request::Unplug {
            serial: self.serial,
        })
    }

    /// The name of the reader that it is in.
    pub fn reader(&self) -> Result<String> {
        let cards = self.room.status()?;
        let card = cards.into_iter().find(|card| card.serial == self.serial);
        card.and_then(|card| card.reader)
            .with_context(|| format!("card {} is in no reader", self.serial))
    }

    /// Says who touches it from here on.
    pub fn set_touch(&self, mode: TouchMode) -> Result<()> {
        self.room.ask(&Request::Touch {
            serial: self.serial,
            mode,
        })
    }

    /// Waits until it blinks, then touches it; false when it did not blink in time.
    pub fn press(&self, within: Duration) -> Result<bool> {
        self.room.ask(&Request::Press {
            serial: self.serial,
            within_ms: millis(within),
        })
    }

    /// Waits until it blinks; false when it did not in time.
    pub fn wait_blink(&self, within: Duration) -> Result<bool> {
        self.room.ask(&Request::WaitBlink {
            serial: self.serial,
            within_ms: millis(within),
        })
    }

    /// Waits until it is in no reader; false when it still is.
    pub fn wait_pulled(&self, within: Duration) -> Result<bool> {
        self.room.ask(&Request::WaitPulled {
            serial: self.serial,
            within_ms: millis(within),
        })
    }

    /// How often it asked for a touch.
    pub fn touches_asked(&self) -> Result<u32> {
        self.room.ask(&Request::Touches {
            serial: self.serial,
        })
    }

    /// Orders it to be pulled out, once, at that event. Afterwards `plug` puts it back.
    pub fn pull_on(&self, event: PullOn) -> Result<()> {
        self.room.ask(&Request::PullOn {
            serial: self.serial,
            event: Some(event),
        })
    }

    /// Takes an order to be pulled back.
    pub fn pull_on_nothing(&self) -> Result<()> {
        self.room.ask(&Request::PullOn {
            serial: self.serial,
            event: None,
        })
    }

    /// Puts a key that was not generated on the card into `slot`; policies in the card's numbers
    /// (PIN: 1 never, 2 once, 3 always; touch: 1 never, 2 always, 3 cached).
    pub fn import_key(&self, slot: u8, pin_policy: u8, touch_policy: u8) -> Result<()> {
        let serial = self.serial;
        self.room.ask(&Request::ImportKey {
            serial,
            slot,
            pin_policy,
            touch_policy,
        })
    }

    /// Back to factory state.
    pub fn reset(&self) -> Result<()> {
        self.room.ask(&Request::Reset {
            serial: self.serial,
        })
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        if !self.keep {
            let _ = self.unplug();
        }
    }
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card")
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

struct Connection {
    stream: BufReader<UnixStream>,
}

impl Connection {
    fn open(room: &Path) -> Result<Self> {
        let path = keys_socket(room);
        let stream = UnixStream::connect(&path)
            .with_context(|| format!("cannot reach the room's `{}`", path.display()))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Result<T> {
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        self.stream.get_mut().write_all(line.as_bytes())?;
        let mut answer = String::new();
        self.stream.read_line(&mut answer)?;
        match serde_json::from_str(&answer).context("the room closed the line")? {
            Reply::Ok(value) => Ok(serde_json::from_value(value)?),
            Reply::Error(reason) => bail!("{reason}"),
        }
    }
}
