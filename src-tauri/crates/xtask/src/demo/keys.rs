//! The demo's virtual YubiKeys, asked over their room's socket.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
};

/// A connection to the room.
pub struct Keys {
    stream: BufReader<UnixStream>,
    owners: Vec<(String, u32)>,
    root: std::path::PathBuf,
}

impl Keys {
    /// Connects to the room in `directory`.
    pub fn connect(directory: &Path) -> Result<Self> {
        let socket = directory.join("keys.sock");
        let stream = UnixStream::connect(&socket)
            .with_context(|| format!("cannot reach {}", socket.display()))?;
        Ok(Self {
            stream: BufReader::new(stream),
            owners: Vec::new(),
            root: directory.join("roots").join("test.der"),
        })
    }

    /// The attestation root of the virtual keys.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A new key in factory state, plugged in, whose owner touches it after a moment. It stays.
    pub fn new_key(&mut self, owner: &str) -> Result<u32> {
        let made = self.ask(&json!({"do": "new", "keep": true, "touch_timeout_ms": 15_000}))?;
        let serial = made
            .get("serial")
            .unwrap_or(&made)
            .as_u64()
            .and_then(|serial| u32::try_from(serial).ok())
            .with_context(|| format!("no serial in {made}"))?;
        self.ask(&json!({"do": "plug", "serials": [serial]}))?;
        self.ask(&touched(serial, false))?;
        self.owners.push((owner.to_owned(), serial));
        Ok(serial)
    }

    /// Touches somebody's key as soon as it blinks, within ten seconds.
    pub fn touch(&mut self, owner: &str) -> Result<()> {
        let serial = self.serial(owner)?;
        let pressed = self.ask(&json!({"do": "press", "serial": serial, "within_ms": 10_000}))?;
        anyhow::ensure!(pressed == true, "{owner}'s key did not ask for a touch");
        Ok(())
    }

    /// Pulls somebody's key out.
    pub fn pull(&mut self, owner: &str) -> Result<()> {
        let serial = self.serial(owner)?;
        self.ask(&json!({"do": "unplug", "serial": serial}))
            .map(drop)
    }

    /// Plugs somebody's key in.
    pub fn plug(&mut self, owner: &str) -> Result<()> {
        let serial = self.serial(owner)?;
        self.ask(&json!({"do": "plug", "serials": [serial]}))
            .map(drop)
    }

    /// Whether keys wait for [`Self::touch`], or touch themselves after a moment.
    pub fn by_hand(&mut self, by_hand: bool) -> Result<()> {
        for (_, serial) in self.owners.clone() {
            self.ask(&touched(serial, by_hand))?;
        }
        Ok(())
    }

    fn serial(&self, owner: &str) -> Result<u32> {
        let found = { self.owners.iter() }.find(|(name, _)| name.eq_ignore_ascii_case(owner));
        let names: Vec<&str> = self.owners.iter().map(|(name, _)| name.as_str()).collect();
        found.map(|(_, serial)| *serial).with_context(|| {
            format!(
                "nobody here is called {owner}; there are {}",
                names.join(", ")
            )
        })
    }

    fn ask(&mut self, request: &Value) -> Result<Value> {
        let mut line = request.to_string();
        line.push('\n');
        self.stream.get_mut().write_all(line.as_bytes())?;
        let mut answer = String::new();
        self.stream.read_line(&mut answer)?;
        let answer: Value =
            serde_json::from_str(&answer).with_context(|| format!("the room said {answer:?}"))?;
        match (answer.get("ok"), answer.get("error")) {
            (Some(value), _) => Ok(value.clone()),
            (None, error) => anyhow::bail!("the virtual keys refuse {request}: {error:?}"),
        }
    }
}

fn touched(serial: u32, by_hand: bool) -> Value {
    let mode = if by_hand {
        json!("manual")
    } else {
        json!({"after_ms": 150})
    };
    json!({"do": "touch", "serial": serial, "mode": mode})
}
