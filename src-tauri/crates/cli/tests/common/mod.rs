//! A machine with the real program, real card readers with virtual YubiKeys, a real keyring and a
//! regtest node. Everything is done through the binary, as a treasurer does it.
#![expect(dead_code, reason = "each test file uses its part of the stage")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use testkit::bitcoind::Bitcoind;
use testkit::room::{Card, Room};

pub use testkit::typed::{PIN, PUK};

/// Who founds, in the order of their cards.
pub const OFFICERS: [&str; 3] = ["Alice", "Bob", "Carol"];

/// What the program said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Fails the test unless the program did what it was asked.
    pub fn done(self) -> Result<Self> {
        ensure!(self.code == Some(0), "{self:?}");
        Ok(self)
    }

    /// The message of a refusal; fails the test when there was none.
    pub fn refused(self) -> Result<String> {
        ensure!(self.code == Some(1), "not refused: {self:?}");
        Ok(self.err)
    }

    /// Its one JSON object.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.out).with_context(|| format!("{self:?}"))
    }
}

/// One machine.
pub struct Stage {
    folder: TempDir,
    home: PathBuf,
    /// The room with its readers.
    pub room: Room,
    /// Alice's, Bob's and Carol's YubiKeys.
    pub cards: Vec<Card>,
    /// The company's node.
    pub node: Bitcoind,
}

impl Stage {
    /// Three new YubiKeys and a node, nothing founded.
    pub fn new() -> Result<Self> {
        let room = Room::from_env()?;
        let folder = tempfile::tempdir()?;
        Ok(Self {
            home: folder.path().join("home"),
            folder,
            cards: room.plugged_cards(OFFICERS.len())?,
            room,
            node: Bitcoind::start()?,
        })
    }

    /// Founded, with a funded vault `Operations`: 2 of a device, a hardware and a recovery seat.
    pub fn with_vault() -> Result<Self> {
        let stage = Self::new()?;
        stage.enrol_all()?;
        stage.found()?;
        stage.set_node()?;
        stage.make_vault()?;
        let address = stage.ask(&["vault", "address", "Operations"], &[])?;
        let address = text(&address, "/address")?;
        for _ in 0..3 {
            stage.node.fund(&address, 100_000_000)?;
        }
        stage.node.mine(2)?;
        Ok(stage)
    }

    /// The officers' YubiKeys get PINs of their own and three keys each.
    pub fn enrol_all(&self) -> Result<()> {
        for (name, card) in OFFICERS.iter().zip(&self.cards) {
            let serial = card.serial().to_string();
            self.run(
                &["keys", "prepare", "--serial", &serial],
                &["123456", PIN, "12345678", PUK],
            )?
            .done()?;
            let root = self.root()?;
            let words = ["enrol", "--name", name, "--serial", &serial];
            self.run(
                &[&words[..], &["--test-attestation-root", &root]].concat(),
                &[PIN],
            )?
            .done()?;
        }
        Ok(())
    }

    /// The test attestation root's file.
    pub fn root(&self) -> Result<String> {
        let path = self.file("root.der", &self.room.root_certificate("test")?)?;
        Ok(path)
    }

    /// Founds with the given policy text's file.
    pub fn found(&self) -> Result<()> {
        let policy = self.file("policy.toml", POLICY.as_bytes())?;
        let root = self.root()?;
        let mut words = vec!["found", "--name", "Acme Treasury", "--network", "regtest"];
        words.extend(["--policy", &policy, "--administrator", "Dora"]);
        words.extend(["--test-attestation-root", &root]);
        for officer in OFFICERS {
            words.extend(["--officer", officer]);
        }
        self.run(&words, &[PIN; 3])?.done()?;
        Ok(())
    }

    /// Points the machine at the node.
    pub fn set_node(&self) -> Result<()> {
        let words = [
            "settings",
            "bitcoin",
            &self.node.url(),
            "--user",
            self.node.user(),
        ];
        self.run(&words, &[self.node.password()])?.done()?;
        Ok(())
    }

    fn make_vault(&self) -> Result<()> {
        let words = [
            "vault",
            "create",
            "Operations",
            "--as",
            "Alice",
            "--network",
            "regtest",
            "--threshold",
            "2",
            "--confirmations",
            "2",
            "--device",
            "desk",
            "--hardware",
            "key=Alice,Bob",
            "--recovery",
            "safe=2:Alice,Bob,Carol",
        ];
        let id = self.proposal(&words)?;
        self.approve(&id, &["Alice", "Bob"])?;
        self.run(&["vault", "keygen", "Operations"], &[PIN; 5])?
            .done()?;
        Ok(())
    }

    /// Runs a command that proposes; gives the id.
    pub fn proposal(&self, words: &[&str]) -> Result<String> {
        text(&self.ask(words, &[PIN])?, "/proposal")
    }

    /// A payout from `Operations` by Alice.
    pub fn payout(&self, legs: &[&str]) -> Result<String> {
        let mut words = vec![
            "propose",
            "payout",
            "--vault",
            "Operations",
            "--as",
            "Alice",
        ];
        for leg in legs {
            words.extend(["--pay", leg]);
        }
        self.proposal(&words)
    }

    /// Officers approve, one after the other; gives the last answer.
    pub fn approve(&self, id: &str, officers: &[&str]) -> Result<Value> {
        let mut last = Value::Null;
        for officer in officers {
            last = self.ask(&["approve", id, "--as", officer], &[PIN])?;
        }
        Ok(last)
    }

    /// A payee enters the address book.
    pub fn payee(&self, name: &str, address: &str) -> Result<()> {
        let id = self.proposal(&["propose", "payee", name, address, "--as", "Bob"])?;
        self.approve(&id, &["Alice", "Bob"])?;
        Ok(())
    }

    /// How a proposal is.
    pub fn status_of(&self, id: &str) -> Result<String> {
        text(&self.ask(&["show", id], &[])?, "/status")
    }

    /// How many entries the journal has.
    pub fn entries(&self) -> Result<u64> {
        let verified = self.ask(&["journal", "verify"], &[])?;
        verified
            .pointer("/entries")
            .and_then(Value::as_u64)
            .context("no number")
    }

    /// Runs the program with `--json`; fails the test unless it did what it was asked.
    pub fn ask(&self, words: &[&str], pins: &[&str]) -> Result<Value> {
        self.run(&[&["--json"], words].concat(), pins)?
            .done()?
            .json()
    }

    /// Runs the program with PINs on its standard input.
    pub fn run(&self, words: &[&str], pins: &[&str]) -> Result<Said> {
        self.run_at(&self.home, words, pins)
    }

    /// The same, with another home.
    pub fn run_at(&self, home: &Path, words: &[&str], pins: &[&str]) -> Result<Said> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["--pin-fd", "0", "--home"])
            .arg(home)
            .args(words)
            .env_remove("COUNTERSIGN_HOME")
            .env("COLUMNS", "100")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let typed: String = pins.iter().map(|pin| format!("{pin}\n")).collect();
        // A command that asks for nothing may be gone before it is written.
        let _ = child
            .stdin
            .take()
            .context("no input")?
            .write_all(typed.as_bytes());
        said(child)
    }

    /// Starts a command, presses Ctrl-C after a while; gives how it ended.
    pub fn interrupted(&self, words: &[&str], after: Duration) -> Result<Said> {
        let child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .arg("--home")
            .arg(&self.home)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        std::thread::sleep(after);
        let pid = child.id().to_string();
        let sent = Command::new("kill").args(["-s", "INT", &pid]).status()?;
        ensure!(sent.success(), "it was gone already");
        said(child)
    }

    /// A file beside the home.
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<String> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes)?;
        path.into_os_string()
            .into_string()
            .ok()
            .context("a path that is text")
    }

    /// A path beside the home, where nothing is yet.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Goes on in another home.
    pub fn move_to(&mut self, home: PathBuf) {
        self.home = home;
    }
}

fn said(child: Child) -> Result<Said> {
    let output = child.wait_with_output()?;
    Ok(Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// A text of an answer.
pub fn text(value: &Value, pointer: &str) -> Result<String> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("no text at {pointer} of {value}"))
}

/// Two of three founders, a day's limit, and strangers get little.
pub const POLICY: &str = r#"version = 1

[groups]
Founders = ["Alice", "Bob", "Carol"]

[[deny]]
name = "No large payments to strangers"
scope = { payees = ["unknown"], leg = { above = "0.05 BTC" } }

[[limit]]
name = "A day's spending"
scope = "all"
amount = "1 BTC"
window = "24 h"
per = "vault"

[[lane]]
name = "Two founders"
scope = "all"
steps = [{ group = "Founders", count = 2 }]
initiator_may_approve = true
expiry = "24 h"

[governance.default]
steps = [{ group = "Founders", count = 2 }]
initiator_may_approve = true
expiry = "7 d"
"#;

/// Addresses whose keys nobody has, one for each number.
pub fn stranger(number: u8) -> Result<String> {
    let program = bitcoin::WitnessProgram::new(bitcoin::WitnessVersion::V0, &[number; 20])?;
    Ok(bitcoin::Address::from_witness_program(program, bitcoin::Network::Regtest).to_string())
}

/// A text with what differs from run to run replaced: ids, times, words, addresses.
pub fn steady(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut after_words = false;
    for line in text.lines() {
        let is_words = line.trim_start().starts_with("Words");
        if is_words || after_words {
            let start: String = line.chars().take_while(|c| *c == ' ').collect();
            lines.push(format!(
                "{start}{}",
                if is_words {
                    "Words  [six words]"
                } else {
                    "[six words]"
                }
            ));
        } else {
            lines.push(words_of(line));
        }
        after_words = is_words;
    }
    lines.join("\n")
}

fn words_of(line: &str) -> String {
    let steady = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let hexadecimal = bare.len() >= 8 && bare.bytes().all(|b| b.is_ascii_hexdigit());
        let date = bare.len() == 10 && bare.starts_with("20") && bare.contains('-');
        let time = bare.len() == 8 && bare.matches(':').count() == 2;
        let outpoint = bare
            .split_once(':')
            .is_some_and(|(txid, _)| txid.len() == 64);
        let address = bare.starts_with("bcrt1") && bare.len() > 20;
        let replacement = match (date, time) {
            (true, _) => "[date]",
            (_, true) => "[time]",
            _ if outpoint => "[outpoint]",
            _ if address => "[address]",
            _ if hexadecimal => "[id]",
            _ => return word.to_owned(),
        };
        word.replace(bare, replacement)
    };
    let grouped = line.trim_start().starts_with("bcrt 1");
    let start: String = line.chars().take_while(|c| *c == ' ').collect();
    if grouped {
        return format!("{start}[address in fours]");
    }
    line.split(' ').map(steady).collect::<Vec<_>>().join(" ")
}

/// The first digits of an id.
pub fn short(id: &str) -> String {
    id.chars().take(8).collect()
}
