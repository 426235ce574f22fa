//! A private screen, and the windows of a program on it, driven as WebDriver does.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    http,
    leash::{Leash, wait_for},
};

/// A busy machine draws slowly.
const PATIENCE: Duration = Duration::from_secs(60);

/// A screen of its own.
pub struct Screen {
    display: String,
    _server: Leash,
}

impl Screen {
    /// Starts an X server without hardware; it writes into `folder`.
    pub fn start(folder: &Path) -> Result<Self> {
        let number = (90..190)
            .find(|number| !socket(*number).exists())
            .context("no free display")?;
        let display = format!(":{number}");
        let words = ["-screen", "0", "1440x960x24", "-nolisten", "tcp"];
        let mut arguments = vec![OsStr::new(&display)];
        arguments.extend(words.iter().map(OsStr::new));
        let server = Leash::start(
            OsStr::new("Xvfb"),
            &arguments,
            &[],
            Path::new("/dev/null"),
            &folder.join("screen.log"),
        )?;
        wait_for("the screen", PATIENCE, || {
            Ok(socket(number).exists().then_some(()))
        })?;
        Ok(Self {
            display,
            _server: server,
        })
    }

    /// Writes what is on it to a file.
    pub fn picture(&self, file: &Path) -> Result<()> {
        let status = Command::new("import")
            .args(["-display", &self.display, "-window", "root"])
            .arg(file)
            .stdin(Stdio::null())
            .status()
            .context("cannot run `import`")?;
        anyhow::ensure!(status.success(), "no picture: {status}");
        Ok(())
    }
}

fn socket(number: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/.X11-unix/X{number}"))
}

/// A program with windows.
pub struct Windows {
    port: u16,
    session: String,
    _driver: Leash,
}

impl Windows {
    /// Starts a program on a screen. It must be a build that lets itself be driven.
    pub fn start(
        screen: &Screen,
        folder: &Path,
        program: &Path,
        arguments: &[&str],
    ) -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let run = folder.join("run");
        std::fs::create_dir_all(&run)?;
        std::fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let environment = [
            ("DISPLAY", OsStr::new(&screen.display)),
            ("XDG_RUNTIME_DIR", run.as_os_str()),
            ("GDK_BACKEND", OsStr::new("x11")),
            ("NO_AT_BRIDGE", OsStr::new("1")),
            ("LIBGL_ALWAYS_SOFTWARE", OsStr::new("1")),
            ("WEBKIT_DISABLE_COMPOSITING_MODE", OsStr::new("1")),
            ("TAURI_WEBVIEW_AUTOMATION", OsStr::new("true")),
            ("HOME", folder.as_os_str()),
        ];
        let driver = Leash::start(
            OsStr::new("WebKitWebDriver"),
            &[OsStr::new(&format!("--port={port}"))],
            &environment,
            Path::new("/dev/null"),
            &folder.join("driver.log"),
        )?;
        wait_for("WebKit's driver", PATIENCE, || {
            Ok(std::net::TcpStream::connect(("127.0.0.1", port)).ok())
        })?;
        let mut windows = Self {
            port,
            session: String::new(),
            _driver: driver,
        };
        let options = json!({ "binary": program, "args": arguments });
        let wanted = json!({ "browserName": "wry", "webkitgtk:browserOptions": options });
        let made = windows.ask(
            "POST",
            "/session",
            &json!({ "capabilities": { "alwaysMatch": wanted } }),
        )?;
        let id = made
            .get("sessionId")
            .and_then(Value::as_str)
            .with_context(|| format!("no session: {made}"))?;
        windows.session = format!("/session/{id}");
        Ok(windows)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if method == "GET" {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let path = format!("{}{path}", self.session);
        let answer = http::request(self.port, method, &path, &body)?;
        let answer: Value = serde_json::from_slice(&answer).context("the driver gave no JSON")?;
        let value = answer.get("value").cloned().unwrap_or(Value::Null);
        match value.get("error") {
            Some(error) => anyhow::bail!("the driver: {error}: {:?}", value.get("message")),
            None => Ok(value),
        }
    }

    /// Goes to the window whose address holds `part`, waiting until it is there.
    pub fn go_to(&self, part: &str) -> Result<()> {
        wait_for(&format!("a window {part}"), PATIENCE, || {
            // A window that is just closing answers with an error.
            Ok(self.find(|url| url.contains(part)).unwrap_or(None))
        })
    }

    /// Goes to the window whose address holds none of these.
    pub fn go_to_other_than(&self, parts: &[&str]) -> Result<()> {
        wait_for("the other window", PATIENCE, || {
            let other = |url: &str| !parts.iter().any(|part| url.contains(part));
            Ok(self.find(other).unwrap_or(None))
        })
    }

    fn find(&self, fits: impl Fn(&str) -> bool) -> Result<Option<()>> {
        let handles = self.ask("GET", "/window/handles", &Value::Null)?;
        for handle in handles.as_array().into_iter().flatten() {
            self.ask("POST", "/window", &json!({ "handle": handle }))?;
            let url = self.ask("GET", "/url", &Value::Null)?;
            if url.as_str().is_some_and(&fits) {
                return Ok(Some(()));
            }
        }
        Ok(None)
    }

    /// Runs JavaScript in the page and gives what it returns.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        let body = json!({ "script": script, "args": arguments });
        self.ask("POST", "/execute/sync", &body)
    }

    /// Waits until a script gives something that counts as true.
    pub fn until(&self, what: &str, script: &str, arguments: &[Value]) -> Result<Value> {
        wait_for(what, PATIENCE, || {
            let value = self.run(script, arguments).unwrap_or(Value::Null);
            let told = match &value {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
            };
            Ok(told.then_some(value))
        })
    }
}

impl Drop for Windows {
    fn drop(&mut self) {
        // The program ends with its session.
        let _ = self.ask("DELETE", "", &Value::Null);
    }
}
