//! The app as people use it, in real windows: founded, a vault made and funded, a payout approved by two
//! officers and released, confirmed; then frozen. Virtual YubiKeys behind the real card service, a real
//! keyring, a regtest node. And what the main window must not be able to do.
//!
//! It needs a build that lets itself be driven, which `cargo xtask test` makes and names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testkit::bitcoind::Bitcoind;
use testkit::room::{Card, Room};
use testkit::typed::{NEW_PIN, PIN, PUK};
use testkit::windows::{Screen, Windows};

/// Where the build is.
const APP: &str = "COUNTERSIGN_DESKTOP_E2E";
/// Where pictures go; else they go with the test.
const PICTURES: &str = "COUNTERSIGN_PICTURES";

const OFFICERS: [&str; 3] = ["Alice", "Bob", "Carol"];

const POLICY: &str = r#"version = 1

[groups]
Founders = ["Alice", "Bob", "Carol"]

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

/// The app on its screen, its node and its officers' keys.
struct Stage {
    windows: Windows,
    screen: Screen,
    pictures: PathBuf,
    node: Bitcoind,
    cards: Vec<Card>,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn start(app: &Path) -> Result<Self> {
        let room = Room::from_env()?;
        let folder = tempfile::tempdir()?;
        let root = folder.path().join("root.der");
        std::fs::write(&root, room.root_certificate("test")?)?;
        let cards = room.plugged_cards(OFFICERS.len())?;
        let node = Bitcoind::start()?;
        let screen = Screen::start(folder.path())?;
        let home = folder.path().join("home");
        let windows = Windows::start(
            &screen,
            folder.path(),
            app,
            &[
                "--home",
                &home.display().to_string(),
                "--test-attestation-root",
                &root.display().to_string(),
            ],
        )?;
        let pictures = std::env::var_os(PICTURES)
            .map_or_else(|| folder.path().join("pictures"), PathBuf::from);
        std::fs::create_dir_all(&pictures)?;
        Ok(Self {
            windows,
            screen,
            pictures,
            node,
            cards,
            _folder: folder,
        })
    }

    fn picture(&self, name: &str) -> Result<()> {
        self.screen
            .picture(&self.pictures.join(format!("{name}.png")))
    }

    fn main(&self) -> Result<()> {
        self.windows.go_to_other_than(&["/sheet/", "/pin/"])
    }

    fn sheet(&self) -> Result<()> {
        self.windows.go_to("/sheet/")
    }

    /// Begins a command from the page of the main window, as any script there could.
    fn begin(&self, command: &str, arguments: &Value) -> Result<()> {
        self.main()?;
        self.windows.run(
            "window.__answer = null;
             const channel = () => '__CHANNEL__:' + window.__TAURI_INTERNALS__.transformCallback(() => {});
             const given = { ...arguments[1] };
             for (const name in given) if (given[name] === 'CHANNEL') given[name] = channel();
             window.__TAURI_INTERNALS__.invoke(arguments[0], given).then(
               (ok) => { window.__answer = { ok } }, (err) => { window.__answer = { err } });",
            &[json!(command), arguments.clone()],
        )?;
        Ok(())
    }

    fn answer(&self, command: &str) -> Result<Value> {
        self.main()?;
        let what = format!("an answer to {command}");
        self.windows.until(&what, "return window.__answer", &[])
    }

    /// What a command gives; it must not be refused.
    fn ask(&self, command: &str, arguments: &Value) -> Result<Value> {
        self.begin(command, arguments)?;
        self.done(command)
    }

    fn done(&self, command: &str) -> Result<Value> {
        let answer = self.answer(command)?;
        match answer.get("err") {
            None => Ok(answer.get("ok").cloned().unwrap_or(Value::Null)),
            Some(why) => anyhow::bail!("{command}: {why}"),
        }
    }

    /// Types at the PIN window; gives what it said.
    fn types(&self, secrets: &[&str]) -> Result<Vec<String>> {
        let mut said: Vec<String> = Vec::new();
        for secret in secrets {
            self.windows.go_to("/pin/")?;
            // The next request comes into the same window.
            self.windows.until(
                "the PIN window to ask",
                "return document.querySelector('form button[type=submit]:enabled') !== null",
                &[],
            )?;
            let text = self.windows.run(
                "for (const field of document.querySelectorAll('input')) field.value = arguments[0];
                 const text = document.body.innerText;
                 document.querySelector('form').requestSubmit();
                 return text",
                &[json!(secret)],
            )?;
            said.push(text.as_str().unwrap_or_default().to_owned());
        }
        Ok(said)
    }

    fn press(&self, selector: &str) -> Result<()> {
        self.windows.until(
            selector,
            "const button = document.querySelector(arguments[0]);
             if (button === null || button.disabled) return false;
             setTimeout(() => button.click(), 0);
             return true",
            &[json!(selector)],
        )?;
        Ok(())
    }

    fn text_has(&self, part: &str) -> Result<String> {
        let text = self.windows.until(
            part,
            "return document.body.innerText.includes(arguments[0]) && document.body.innerText",
            &[json!(part)],
        )?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    fn choose(&self, officer: &str) -> Result<()> {
        self.windows.until(
            officer,
            "for (const label of document.querySelectorAll('.who label'))
               if (label.textContent.includes(arguments[0])) { label.querySelector('input').click(); return true }
             return false",
            &[json!(officer)],
        )?;
        Ok(())
    }

    fn read_to_the_end(&self) -> Result<()> {
        self.windows.run(
            "const area = document.querySelector('main'); area.scrollTop = area.scrollHeight",
            &[],
        )?;
        Ok(())
    }

    fn close_sheet(&self) -> Result<()> {
        self.press("#foot .primary")
    }

    /// An officer approves a proposal in the sheet; gives what was read there.
    fn approve(&self, id: &str, officer: &str) -> Result<String> {
        self.ask("open_sheet", &json!({ "id": id, "purpose": "decide" }))?;
        self.sheet()?;
        self.choose(officer)?;
        let read = self.text_has("Fingerprint")?;
        self.read_to_the_end()?;
        self.press("#approve")?;
        self.types(&[PIN])?;
        self.sheet()?;
        self.text_has(&format!("{officer} approved"))?;
        self.close_sheet()?;
        Ok(read)
    }

    fn founded(&self) -> Result<()> {
        for (name, card) in OFFICERS.iter().zip(&self.cards) {
            let serial = card.serial();
            let prepare = json!({ "serial": serial, "progress": "CHANNEL" });
            self.begin("prepare_key", &prepare)?;
            self.types(&["123456", PIN, "12345678", PUK])?;
            let ready = self.done("prepare_key")?;
            ensure!(*at(&ready, "/obstacles") == json!([]), "{ready}");
            let enrol = json!({
                "serial": serial, "name": name, "existing": "refuse", "waiver": null,
                "progress": "CHANNEL",
            });
            self.begin("enrol", &enrol)?;
            self.types(&[PIN])?;
            self.done("enrol")?;
        }
        let draft = json!({
            "name": "Acme Treasury", "networks": ["regtest"], "policy": POLICY, "officers": OFFICERS,
            "machine": "desk", "administrators": ["Dora"], "waiver": null,
        });
        self.begin("found", &json!({ "draft": draft }))?;
        self.types(&[PIN; 3])?;
        self.done("found")?;
        let node = json!({
            "url": self.node.url(), "user": self.node.user(), "password": self.node.password(),
            "cookie": null, "highest_fee_rate": 500,
        });
        self.ask("set_bitcoin_node", &json!({ "draft": node }))?;
        let test = self.ask("test_node", &json!({ "network": "regtest" }))?;
        ensure!(*at(&test, "/ok") == true, "{test}");
        Ok(())
    }

    fn vault(&self) -> Result<()> {
        let seat = |name: &str, kind: &str, officers: &[&str], pieces: Option<u16>| json!({ "name": name, "kind": kind, "officers": officers, "pieces": pieces });
        let draft = json!({
            "name": "Operations", "network": "regtest", "threshold": 2, "confirmations": 2,
            "seats": [
                seat("desk", "device", &[], None),
                seat("key", "hardware", &["Alice", "Bob"], None),
                seat("safe", "recovery", &OFFICERS, Some(2)),
            ],
        });
        self.begin(
            "propose_vault",
            &json!({ "draft": draft, "officer": "Alice" }),
        )?;
        self.types(&[PIN])?;
        let id = text(&self.done("propose_vault")?)?;
        self.approve(&id, "Alice")?;
        self.approve(&id, "Bob")?;
        self.waits_for(&id, "enacted")?;
        let keys = json!({ "vault": "Operations", "progress": "CHANNEL" });
        self.begin("make_keys", &keys)?;
        self.types(&[PIN; 5])?;
        self.done("make_keys")?;
        let receive = json!({ "vault": "Operations", "deposit": null });
        let address = self.ask("receive", &receive)?;
        self.node
            .fund(&text(at(&address, "/address"))?, 200_000_000)
            .context("funding")?;
        self.node.mine(3)?;
        let read = json!({ "vault": "Operations", "progress": "CHANNEL" });
        let holdings = self.ask("read_holdings", &read)?;
        ensure!(*at(&holdings, "/totals/0/value") == "2", "{holdings}");
        Ok(())
    }

    fn status(&self, id: &str) -> Result<String> {
        let detail = self.ask("proposal", &json!({ "id": id }))?;
        text(at(&detail, "/row/status"))
    }

    fn waits_for(&self, id: &str, status: &str) -> Result<()> {
        for _ in 0..60 {
            if self.status(id)? == status {
                return Ok(());
            }
            self.ask("turn", &json!({}))?;
            std::thread::sleep(Duration::from_millis(250));
        }
        anyhow::bail!("it is {}, not {status}", self.status(id)?)
    }

    /// What a hijacked page would try.
    fn the_main_window_has_no_right(&self) -> Result<()> {
        for (command, arguments) in [
            (
                "approve",
                json!({ "id": "0", "under": "", "officer": "Alice" }),
            ),
            (
                "decline",
                json!({ "id": "0", "officer": "Alice", "reason": "" }),
            ),
            (
                "release",
                json!({ "id": "0", "under": "", "seat": "key", "officers": ["Alice"] }),
            ),
            ("freeze", json!({ "officer": "Alice", "reason": "" })),
            ("give_pin", json!({ "number": 0, "typed": "x" })),
            ("pin_request", json!({})),
            ("sheet", json!({})),
            ("plugin:event|emit", json!({ "event": "changed" })),
            ("plugin:fs|read_text_file", json!({ "path": "/etc/passwd" })),
            (
                "plugin:webview|create_webview_window",
                json!({ "options": {} }),
            ),
        ] {
            self.begin(command, &arguments)?;
            let answer = self.answer(command)?;
            let why = at(&answer, "/err").as_str().unwrap_or_default();
            let refused = why.contains("not allowed") || why.contains("not found");
            ensure!(refused, "{command} from the main window: {answer}");
        }
        self.main()?;
        let probes = self.windows.until(
            "the probes",
            "if (window.__probes === undefined) {
               const found = { eval: 'blocked', inline: 'blocked', fetch: null, tauri: typeof window.__TAURI__ };
               window.__probes = found;
               try { (0, eval)('1'); found.eval = 'RAN' } catch { found.eval = 'blocked' }
               const script = document.createElement('script');
               script.textContent = 'window.__inline = true';
               document.head.append(script);
               if (window.__inline) found.inline = 'RAN';
               fetch(arguments[0]).then(() => { found.fetch = 'RAN' }, () => { found.fetch = 'blocked' });
             }
             return window.__probes.fetch !== null && window.__probes",
            &[json!(self.node.url())],
        )?;
        let expected = json!({
            "eval": "blocked", "inline": "blocked", "fetch": "blocked", "tauri": "undefined",
        });
        ensure!(probes == expected, "{probes}");
        Ok(())
    }
}

fn text(value: &Value) -> Result<String> {
    value
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no text: {value}"))
}

/// What stands there, or nothing.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

#[test]
fn a_treasury_from_its_founding_to_a_freeze() -> Result<()> {
    let Some(app) = std::env::var_os(APP).map(PathBuf::from) else {
        println!("NOT RUN: {APP} names no build that can be driven; `cargo xtask test` makes one");
        return Ok(());
    };
    let stage = Stage::start(&app)?;
    let start = stage.ask("start", &json!({}))?;
    ensure!(start["state"] == "fresh", "{start}");
    stage.picture("1-first-start")?;
    stage.founded()?;
    stage.vault()?;
    stage.the_main_window_has_no_right()?;

    let payee = "bcrt1qcr8te4kr609gcawutmrza0j4xv80jy8zeqchgx";
    let draft = json!({
        "vault": "Operations", "fee_cap": null, "memo": "October hosting", "expires_in_hours": null,
        "legs": [{ "to": payee, "amount": "0.5", "asset": "BTC" }],
    });
    let judged = stage.ask(
        "check_draft",
        &json!({ "draft": draft, "officer": "Carol" }),
    )?;
    ensure!(judged["policy"]["verdict"] == "requires", "{judged}");
    stage.begin(
        "propose_payout",
        &json!({ "draft": draft, "officer": "Carol" }),
    )?;
    let said = stage.types(&[PIN])?;
    ensure!(
        said[0].contains("Carol") && said[0].contains("3 tries left"),
        "{said:?}"
    );
    let id = text(&stage.done("propose_payout")?)?;

    // The button sleeps until all was read; a wrong PIN says what is left and loses nothing.
    stage.ask("open_sheet", &json!({ "id": id, "purpose": "decide" }))?;
    stage.sheet()?;
    stage.choose("Alice")?;
    let read = stage.text_has("Fingerprint")?;
    for part in [
        "0.5 BTC",
        "bcrt",
        "qchgx",
        "Not in the address book",
        "2 of Founders",
        "test coins",
    ] {
        let whole = read.replace(' ', "");
        ensure!(whole.contains(&part.replace(' ', "")), "{part} in {read}");
    }
    let asleep = "return document.querySelector('#approve').disabled";
    ensure!(stage.windows.run(asleep, &[])? == true);
    stage.picture("2-sheet")?;
    stage.read_to_the_end()?;
    stage.press("#approve")?;
    stage.types(&[NEW_PIN])?;
    stage.sheet()?;
    stage.text_has("Wrong PIN")?;
    stage.text_has("2 tries are left")?;
    stage.picture("3-wrong-pin")?;
    stage.press("#approve")?;
    stage.types(&[PIN])?;
    stage.sheet()?;
    stage.text_has("Alice approved")?;
    stage.close_sheet()?;
    stage.approve(&id, "Bob")?;
    stage.waits_for(&id, "planned")?;

    stage.ask("open_sheet", &json!({ "id": id, "purpose": "release" }))?;
    stage.sheet()?;
    stage.text_has("Read from the exact bytes")?;
    stage.read_to_the_end()?;
    stage.picture("4-release")?;
    stage.press("#open-key-Bob")?;
    stage.press("#release")?;
    let said = stage.types(&[PIN, PIN])?;
    ensure!(said[1].contains("2 of 2"), "{said:?}");
    stage.sheet()?;
    stage.text_has("Opened seat key")?;
    stage.close_sheet()?;
    stage.waits_for(&id, "broadcast")?;
    stage.node.mine(3)?;
    stage.waits_for(&id, "confirmed")?;
    stage.picture("5-confirmed")?;

    stage.ask(
        "open_freeze_sheet",
        &json!({ "target": { "what": "treasury" } }),
    )?;
    stage.sheet()?;
    stage.choose("Carol")?;
    stage.picture("6-freeze")?;
    stage.press("#freeze")?;
    stage.text_has("Carol froze the whole treasury")?;
    stage.close_sheet()?;
    let frame = stage.ask("frame", &json!({}))?;
    ensure!(frame["frozen"][0]["by"] == "Carol", "{frame}");
    stage.picture("7-frozen")?;
    let verified = stage.ask("verify_journal", &json!({}))?;
    ensure!(verified["ok"] == true, "{verified}");
    Ok(())
}
