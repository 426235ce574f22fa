//! The room's inside: runs in the private namespace, keeps pcscd and the cards, answers tests.

use super::{
    keys_socket,
    protocol::{CardStatus, Reply, Request},
};
use crate::{
    locked,
    room::readers::Readers,
    virtual_yubikey::{Authorities, Config, SavedCard, Sensor, VirtualYubiKey},
};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

const FIRST_FRESH_SERIAL: u32 = 20_000_001;
/// How long a test waits for its turn in the room.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs the room until standard input ends. Prints one line when it is ready.
pub fn serve(directory: &Path) -> Result<()> {
    let readers = Readers::start(directory)?;
    let server = Arc::new(Server {
        directory: directory.to_path_buf(),
        authorities: Authorities::open(&directory.join("roots"))?,
        cards: Mutex::new(BTreeMap::new()),
        readers,
        next_serial: AtomicU32::new(FIRST_FRESH_SERIAL),
        next_client: AtomicU64::new(1),
        turn: Mutex::new(None),
        turn_changed: Condvar::new(),
    });
    server.load()?;
    let socket = keys_socket(directory);
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket)
        .with_context(|| format!("cannot listen on `{}`", socket.display()))?;
    let accepting = Arc::clone(&server);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let server = Arc::clone(&accepting);
            std::thread::spawn(move || Client::new(server).serve(stream));
        }
    });
    writeln!(std::io::stdout(), "ready")?;
    std::io::stdout().flush()?;
    let mut rest = Vec::new();
    let _ = std::io::stdin().lock().read_to_end(&mut rest);
    server.save()
}

struct Server {
    directory: PathBuf,
    authorities: Authorities,
    cards: Mutex<BTreeMap<u32, Arc<Entry>>>,
    readers: Readers,
    next_serial: AtomicU32,
    next_client: AtomicU64,
    /// The client that has the room for itself.
    turn: Mutex<Option<u64>>,
    turn_changed: Condvar,
}

struct Entry {
    yubikey: Mutex<VirtualYubiKey>,
    sensor: Arc<Sensor>,
    firmware: String,
    keep: bool,
    port: Mutex<Option<u16>>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Saved {
    firmware: String,
    in_reader: bool,
    card: SavedCard,
}

impl Server {
    fn file(&self) -> PathBuf {
        self.directory.join("cards.json")
    }

    fn load(&self) -> Result<()> {
        if !self.file().exists() {
            return Ok(());
        }
        let saved: Vec<Saved> = serde_json::from_slice(&fs::read(self.file())?)
            .with_context(|| format!("cannot read `{}`", self.file().display()))?;
        let mut in_readers = Vec::new();
        for Saved {
            firmware,
            in_reader,
            card,
        } in saved
        {
            let serial = card.serial;
            self.insert(serial, VirtualYubiKey::load(&card)?, firmware, true)?;
            if in_reader {
                in_readers.push(serial);
            }
        }
        self.plug(&in_readers)?;
        Ok(())
    }

    fn save(&self) -> Result<()> {
        let kept: Vec<Saved> = locked(&self.cards)
            .values()
            .filter(|entry| entry.keep)
            .map(|entry| Saved {
                firmware: entry.firmware.clone(),
                in_reader: entry.sensor.in_reader(),
                card: locked(&entry.yubikey).save(),
            })
            .collect();
        if kept.is_empty() {
            return Ok(());
        }
        let fresh = self.file().with_extension("json.new");
        fs::write(&fresh, serde_json::to_vec_pretty(&kept)?)?;
        fs::rename(&fresh, self.file()).context("cannot save the cards")
    }

    fn insert(
        &self,
        serial: u32,
        yubikey: VirtualYubiKey,
        firmware: String,
        keep: bool,
    ) -> Result<()> {
        let mut cards = locked(&self.cards);
        anyhow::ensure!(
            !cards.contains_key(&serial),
            "card {serial} is already in the room"
        );
        let sensor = Arc::clone(yubikey.sensor());
        let (yubikey, port) = (Mutex::new(yubikey), Mutex::new(None));
        cards.insert(
            serial,
            Arc::new(Entry {
                yubikey,
                sensor,
                firmware,
                keep,
                port,
            }),
        );
        Ok(())
    }

    fn entry(&self, serial: u32) -> Result<Arc<Entry>> {
        let cards = locked(&self.cards);
        cards
            .get(&serial)
            .cloned()
            .with_context(|| format!("no card {serial} in this room"))
    }

    fn fresh_serial(&self) -> u32 {
        let cards = locked(&self.cards);
        loop {
            let serial = self.next_serial.fetch_add(1, Ordering::Relaxed);
            if !cards.contains_key(&serial) {
                return serial;
            }
        }
    }

    fn plug(&self, serials: &[u32]) -> Result<Vec<String>> {
        let entries = serials
            .iter()
            .map(|s| self.entry(*s))
            .collect::<Result<Vec<_>>>()?;
        for entry in &entries {
            self.unplug(entry)?;
        }
        let ports = self.readers.take(entries.len())?;
        for (entry, port) in entries.iter().zip(&ports) {
            *locked(&entry.port) = Some(*port);
            locked(&entry.yubikey).plug(*port)?;
        }
        ports
            .iter()
            .map(|port| self.readers.wait_until(*port, true))
            .collect()
    }

    fn unplug(&self, entry: &Entry) -> Result<()> {
        locked(&entry.yubikey).unplug();
        let Some(port) = locked(&entry.port).take() else {
            return Ok(());
        };
        let seen = self.readers.wait_until(port, false);
        self.readers.give_back(port);
        seen.map(|_| ())
    }

    fn forget(&self, serial: u32) {
        if let Some(entry) = locked(&self.cards).remove(&serial) {
            let _ = self.unplug(&entry);
        }
    }

    fn status(&self) -> Vec<CardStatus> {
        let of = |(serial, entry): (&u32, &Arc<Entry>)| CardStatus {
            serial: *serial,
            firmware: entry.firmware.clone(),
            reader: locked(&entry.port)
                .filter(|_| entry.sensor.in_reader())
                .and_then(|port| self.readers.name(port)),
            touches_asked: entry.sensor.touches_asked(),
            keep: entry.keep,
        };
        locked(&self.cards).iter().map(of).collect()
    }
}

/// One connection: what it made and did not keep goes when it ends.
struct Client {
    server: Arc<Server>,
    number: u64,
    owned: Vec<u32>,
}

impl Client {
    fn new(server: Arc<Server>) -> Self {
        let number = server.next_client.fetch_add(1, Ordering::Relaxed);
        Self {
            server,
            number,
            owned: Vec::new(),
        }
    }

    fn serve(mut self, mut stream: UnixStream) {
        let Ok(reading) = stream.try_clone() else {
            return;
        };
        for line in BufReader::new(reading).lines() {
            let Ok(line) = line else { break };
            let reply = match serde_json::from_str(&line).context("no such request") {
                Ok(request) => self.answer(request),
                Err(error) => Err(error),
            };
            let reply = reply.map_or_else(|error| Reply::Error(format!("{error:#}")), Reply::Ok);
            let Ok(mut text) = serde_json::to_string(&reply) else {
                break;
            };
            text.push('\n');
            if stream.write_all(text.as_bytes()).is_err() {
                break;
            }
        }
    }

    fn answer(&mut self, request: Request) -> Result<Value> {
        let server = Arc::clone(&self.server);
        let sensor = |serial| server.entry(serial).map(|entry| Arc::clone(&entry.sensor));
        Ok(match request {
            Request::New {
                serial,
                firmware,
                root,
                touch_timeout_ms,
                keep,
            } => {
                let serial = serial.unwrap_or_else(|| server.fresh_serial());
                let config = Config {
                    serial,
                    firmware: parse_firmware(&firmware)?,
                    touch_timeout: Duration::from_millis(touch_timeout_ms),
                };
                let yubikey = VirtualYubiKey::new(config, server.authorities.get(&root)?)?;
                server.insert(serial, yubikey, firmware, keep)?;
                if !keep {
                    self.owned.push(serial);
                }
                json!(serial)
            }
            Request::Plug { serials } => json!(server.plug(&serials)?),
            Request::Unplug { serial } => {
                server.unplug(server.entry(serial)?.as_ref())?;
                Value::Null
            }
            Request::Touch { serial, mode } => {
                sensor(serial)?.set_mode(mode);
                Value::Null
            }
            Request::Press { serial, within_ms } => {
                json!(sensor(serial)?.press(Duration::from_millis(within_ms)))
            }
            Request::WaitBlink { serial, within_ms } => {
                json!(sensor(serial)?.wait_blink(Duration::from_millis(within_ms)))
            }
            Request::WaitPulled { serial, within_ms } => {
                json!(sensor(serial)?.wait_pulled(Duration::from_millis(within_ms)))
            }
            Request::Touches { serial } => json!(sensor(serial)?.touches_asked()),
            Request::PullOn { serial, event } => {
                sensor(serial)?.pull_on(event);
                Value::Null
            }
            Request::ImportKey {
                serial,
                slot,
                pin_policy,
                touch_policy,
            } => {
                let entry = server.entry(serial)?;
                locked(&entry.yubikey).import_key(slot, pin_policy, touch_policy);
                Value::Null
            }
            Request::Reset { serial } => {
                locked(&server.entry(serial)?.yubikey).reset();
                Value::Null
            }
            Request::Lock => {
                self.lock()?;
                Value::Null
            }
            Request::Unlock => {
                self.unlock();
                Value::Null
            }
            Request::Status => json!(server.status()),
            Request::Save => {
                server.save()?;
                Value::Null
            }
        })
    }

    fn lock(&self) -> Result<()> {
        let turn = locked(&self.server.turn);
        let taken = |turn: &mut Option<u64>| turn.is_some_and(|holder| holder != self.number);
        let waited = self
            .server
            .turn_changed
            .wait_timeout_while(turn, PATIENCE, taken);
        let (mut turn, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            bail!("another test kept the room for {} s", PATIENCE.as_secs());
        }
        *turn = Some(self.number);
        Ok(())
    }

    fn unlock(&self) {
        let mut turn = locked(&self.server.turn);
        if *turn == Some(self.number) {
            *turn = None;
            self.server.turn_changed.notify_all();
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        for serial in &self.owned {
            self.server.forget(*serial);
        }
        self.unlock();
    }
}

fn parse_firmware(text: &str) -> Result<[u8; 3]> {
    let parts = text
        .split('.')
        .map(str::parse)
        .collect::<Result<Vec<u8>, _>>()
        .ok();
    parts
        .and_then(|parts| parts.try_into().ok())
        .with_context(|| format!("`{text}` is no firmware version such as 5.7.1"))
}
