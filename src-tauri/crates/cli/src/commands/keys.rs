//! `keys list` and `keys prepare`.

use driver::Purpose;
use keys::enrol::{self, Obstacle, Readiness};
use keys::{CardInfo, Cards, Pin, Puk};
use serde_json::{Value, json};

use crate::out::Report;
use crate::terminal::{Holder, Terminal, ask_pin};
use wording::paper::Paper;

/// `keys list`.
pub fn list() -> anyhow::Result<Report> {
    let cards = Cards::connect()?;
    let survey = cards.survey()?;
    let mut paper = Paper::default();
    let mut values = Vec::new();
    for card in &survey.cards {
        let ready = enrol::inspect(&cards, card.serial);
        match &ready {
            Ok(ready) => tell(card, ready, &mut paper),
            Err(error) => paper.line(format!("YubiKey {}: {error}", card.serial)),
        }
        values.push(value(card, ready.as_ref().ok()));
    }
    for other in &survey.unreadable {
        paper.line(format!(
            "{} could not be asked: {}",
            other.reader, other.why
        ));
    }
    if survey.cards.is_empty() && survey.unreadable.is_empty() {
        paper.line("No YubiKey is plugged in.");
    }
    let unreadable: Vec<Value> = survey
        .unreadable
        .iter()
        .map(|other| json!({ "reader": other.reader, "why": other.why }))
        .collect();
    let json = json!({ "keys": values, "unreadable": unreadable });
    Ok(Report::done(paper.text(), json))
}

fn tell(card: &CardInfo, ready: &Readiness, paper: &mut Paper) {
    paper.line(format!(
        "YubiKey {}, firmware {}, in {}",
        card.serial, card.firmware, card.reader
    ));
    paper.line(format!(
        "  PIN: {} of {} tries left; PUK: {} left",
        ready.codes.tries_left, ready.codes.tries_total, ready.codes.puk_tries_left
    ));
    let obstacles = ready.obstacles();
    if obstacles.is_empty() {
        paper.line("  ready to be enrolled");
    }
    for obstacle in obstacles {
        paper.line(format!("  - {}", words(obstacle)));
    }
}

fn value(card: &CardInfo, ready: Option<&Readiness>) -> Value {
    let obstacles: Vec<String> = ready
        .map(|ready| ready.obstacles().into_iter().map(code).collect())
        .unwrap_or_default();
    json!({
        "serial": card.serial,
        "firmware": card.firmware.to_string(),
        "reader": card.reader,
        "pin_tries": ready.map(|ready| ready.codes.tries_left),
        "puk_tries": ready.map(|ready| ready.codes.puk_tries_left),
        "obstacles": obstacles,
    })
}

/// What stands in the way, and what settles it.
pub fn words(obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::FactoryPin => "the PIN is the factory's: `countersign keys prepare`".to_owned(),
        Obstacle::FactoryPuk => "the PUK is the factory's: `countersign keys prepare`".to_owned(),
        Obstacle::FactoryManagementKey => {
            "the management key is the factory's: `countersign keys prepare`".to_owned()
        }
        Obstacle::PinBlocked => {
            "the PIN is blocked: `countersign keys prepare` sets a new one with the PUK".to_owned()
        }
        Obstacle::OldFirmware => {
            "firmware before 5.7.0 (EUCLEAK): take another YubiKey, or enrol with --waiver"
                .to_owned()
        }
        Obstacle::Occupied(slot) => format!(
            "there is a key in slot {slot}: enrol with --keep-keys, or with --overwrite-keys, which destroys it"
        ),
    }
}

fn code(obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::FactoryPin => "factory_pin".to_owned(),
        Obstacle::FactoryPuk => "factory_puk".to_owned(),
        Obstacle::FactoryManagementKey => "factory_management_key".to_owned(),
        Obstacle::PinBlocked => "pin_blocked".to_owned(),
        Obstacle::OldFirmware => "old_firmware".to_owned(),
        Obstacle::Occupied(slot) => format!("occupied_{slot}"),
    }
}

/// `keys prepare`: changes what is the factory's. What is now set the person types: it is never tried
/// by us.
pub fn prepare(terminal: &Terminal, serial: u32) -> anyhow::Result<Report> {
    let cards = Cards::connect()?;
    let before = enrol::inspect(&cards, serial)?;
    let obstacles = before.obstacles();
    let has = |obstacle| obstacles.contains(&obstacle);
    let mut done = Vec::new();
    let pin = new_pin(terminal, &cards, &before)?;
    if pin.is_some() {
        done.push("PIN");
    }
    if has(Obstacle::FactoryPuk) {
        let tries = before.codes.puk_tries_left;
        terminal.out.say(&format!(
            "The PUK of YubiKey {serial} is the factory's; {tries} tries left."
        ));
        let current = puk(terminal, "PUK now set")?;
        let new = new_code(terminal, "new PUK").map(Puk::new)??;
        enrol::change_puk(&cards, serial, &current, &new)?;
        done.push("PUK");
    }
    if has(Obstacle::FactoryManagementKey) {
        let pin = match pin {
            Some(pin) => pin,
            None => own_pin(terminal, &cards, serial)?,
        };
        enrol::protect_management_key(&cards, serial, &pin)?;
        done.push("management key");
    }
    let left = enrol::inspect(&cards, serial)?.obstacles();
    Ok(prepared(serial, &done, &left))
}

/// Sets a new PIN where it is the factory's, or blocked.
fn new_pin(terminal: &Terminal, cards: &Cards, before: &Readiness) -> anyhow::Result<Option<Pin>> {
    let (serial, obstacles) = (before.serial, before.obstacles());
    let has = |obstacle| obstacles.contains(&obstacle);
    if has(Obstacle::PinBlocked) {
        terminal.out.say(&format!(
            "The PIN of YubiKey {serial} is blocked: the PUK sets a new one."
        ));
        let puk = puk(terminal, "PUK now set")?;
        let new = new_code(terminal, "new PIN").map(Pin::new)??;
        enrol::unblock_pin(cards, serial, &puk, &new)?;
        return Ok(Some(new));
    }
    if has(Obstacle::FactoryPin) {
        let tries = before.codes.tries_left;
        terminal.out.say(&format!(
            "The PIN of YubiKey {serial} is the factory's; {tries} tries left."
        ));
        let current = Pin::new(secret(terminal, "PIN now set")?)?;
        let new = new_code(terminal, "new PIN").map(Pin::new)??;
        enrol::change_pin(cards, serial, &current, &new)?;
        return Ok(Some(new));
    }
    Ok(None)
}

fn prepared(serial: u32, done: &[&str], left: &[Obstacle]) -> Report {
    let mut paper = Paper::default();
    let names: Vec<String> = done.iter().map(|name| (*name).to_owned()).collect();
    paper.line(match done {
        [] => format!("YubiKey {serial}: PIN, PUK and management key are its own already."),
        _ => format!(
            "YubiKey {serial} has its own {} now.",
            wording::paper::all(&names)
        ),
    });
    for obstacle in left {
        paper.line(format!("  - {}", words(*obstacle)));
    }
    if left.is_empty() {
        paper.line(format!(
            "Next: countersign enrol --serial {serial} --name NAME"
        ));
    }
    let obstacles: Vec<String> = left.iter().map(|obstacle| code(*obstacle)).collect();
    let json = json!({ "serial": serial, "changed": done, "obstacles": obstacles });
    Report::done(paper.text(), json)
}

fn own_pin(terminal: &Terminal, cards: &Cards, serial: u32) -> anyhow::Result<Pin> {
    let status = cards.pin_status(serial)?;
    let holder = Holder {
        name: "The holder".to_owned(),
        serial,
    };
    let purpose = Purpose("keep a new management key under the PIN".to_owned());
    Ok(ask_pin(
        terminal.out,
        &terminal.secrets,
        &holder,
        &purpose,
        &status,
    )?)
}

fn puk(terminal: &Terminal, what: &str) -> anyhow::Result<Puk> {
    Ok(Puk::new(secret(terminal, what)?)?)
}

fn secret(terminal: &Terminal, what: &str) -> anyhow::Result<String> {
    terminal
        .secrets
        .ask(&format!("  {what} (hidden): "))
        .map(|typed| typed.as_str().to_owned())
        .map_err(|error| anyhow::anyhow!("no {what}: {error}; nothing more was changed"))
}

/// A new code is typed twice by a person, whose slip would lock the key.
fn new_code(terminal: &Terminal, what: &str) -> anyhow::Result<String> {
    let first = zeroize::Zeroizing::new(secret(terminal, what)?);
    if terminal.secrets.is_terminal() {
        let again = zeroize::Zeroizing::new(secret(terminal, &format!("{what} again"))?);
        if *first != *again {
            anyhow::bail!("the two are not the same; nothing more was changed");
        }
    }
    Ok(first.as_str().to_owned())
}
