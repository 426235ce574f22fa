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
            root: directory.join("roots").join("test.der"),
        })
    }

    /// The attestation root of the virtual keys.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A new key in factory state, plugged in, whose owner touches it after a moment. It stays.
    pub fn new_key(&mut self) -> Result<u32> {
        let made = self.ask(&json!({"do": "new", "keep": true, "touch_timeout_ms": 15_000}))?;
        let serial = made
            .get("serial")
            .unwrap_or(&made)
            .as_u64()
            .and_then(|serial| u32::try_from(serial).ok())
            .with_context(|| format!("no serial in {made}"))?;
        self.ask(&json!({"do": "plug", "serials": [serial]}))?;
        self.ask(&json!({"do": "touch", "serial": serial, "mode": {"after_ms": 150}}))?;
        Ok(serial)
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
