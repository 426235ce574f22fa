//! `enrol`: makes an officer's three keys and keeps what the YubiKey says about them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{NetworkClass, Officer, TreasuryId};
use driver::{DeskError, Purpose, first_anchors, keep_enrolment};
use keys::attestation::TrustAnchors;
use keys::enrol::{self, Enrolment, ExistingKeys, Obstacle};
use keys::{Cards, Pin};
use serde_json::json;

use crate::args::Enrol;
use crate::out::Report;
use crate::terminal::{Holder, Terminal, ask_pin, say_touch};
use wording::paper::{Fields, Paper};
use wording::view::View;

/// Whom the keys must satisfy: a founded treasury, or the roots given for one to come.
struct For {
    anchors: TrustAnchors,
    treasury: Option<TreasuryId>,
    class: NetworkClass,
}

/// `enrol`.
pub async fn enrol(terminal: &Terminal, what: Enrol) -> anyhow::Result<Report> {
    let whom = whom(terminal, &what).await?;
    keys::refuse_redirected_readers(whom.class)?;
    let cards = Cards::connect()?;
    refuse_unready(&cards, &what)?;
    let holder = Holder {
        name: what.name.to_string(),
        serial: what.serial,
    };
    let officer = make(terminal, &cards, &what, &whom, &holder)?;
    let path = keep_enrolment(&terminal.home, &officer)?;
    let mut fields = Fields::default();
    fields.add("Officer", &officer.name);
    fields.add("YubiKey", officer.serial);
    fields.add("Id", officer.id());
    fields.add("Kept in", path.display());
    fields.maybe("Waiver", officer.waiver.as_ref());
    let mut paper = Paper::default();
    paper.line(format!("{} is enrolled.", officer.name));
    paper.fields(&fields);
    paper.gap();
    paper.line(match whom.treasury {
        None => "Next: enrol the other officers, then countersign found".to_owned(),
        Some(_) => format!(
            "Next: countersign propose officer \"{}\" --as OFFICER",
            officer.name
        ),
    });
    let json = json!({
        "officer": officer.name.to_string(),
        "id": officer.id().to_string(),
        "serial": officer.serial,
        "path": path.display().to_string(),
    });
    Ok(Report::done(paper.text(), json))
}

fn make(
    terminal: &Terminal,
    cards: &Cards,
    what: &Enrol,
    whom: &For,
    holder: &Holder,
) -> anyhow::Result<Officer> {
    let pin = |purpose: &str| -> anyhow::Result<Pin> {
        let status = cards.pin_status(what.serial)?;
        let purpose = Purpose(purpose.to_owned());
        ask_pin(terminal.out, &terminal.secrets, holder, &purpose, &status).map_err(failed)
    };
    let (enrolment, pin) = if what.keep_keys {
        let enrolment = enrol::read(cards, what.serial)?;
        let pin = whom
            .treasury
            .map(|_| pin("prove that you hold the key"))
            .transpose()?;
        (enrolment, pin)
    } else {
        let existing = if what.overwrite_keys {
            ExistingKeys::ReplaceForGood
        } else {
            ExistingKeys::Refuse
        };
        let pin = pin("make your three keys")?;
        terminal
            .out
            .explain("Making three keys on the YubiKey; this takes some seconds.");
        (enrol::enrol(cards, what.serial, &pin, existing)?, Some(pin))
    };
    let mut officer = vouched(&enrolment, what, whom)?;
    if let (Some(treasury), Some(pin)) = (whom.treasury, &pin) {
        say_touch(terminal.out, holder);
        officer.possession = Some(enrol::prove_possession(cards, &officer, treasury, pin)?);
    }
    Ok(officer)
}

/// The officer, if what the key says of itself leads to a root that is trusted.
fn vouched(enrolment: &Enrolment, what: &Enrol, whom: &For) -> anyhow::Result<Officer> {
    enrolment
        .officer(what.name.clone(), what.waiver.clone(), &whom.anchors)
        .map_err(|error| {
            anyhow::anyhow!(
                "{error}. The keys stay on the YubiKey: once this is settled, enrol with --keep-keys"
            )
        })
}

fn failed(error: DeskError) -> anyhow::Error {
    anyhow::anyhow!("{error}; no keys were made")
}

async fn whom(terminal: &Terminal, what: &Enrol) -> anyhow::Result<For> {
    if terminal.home.is_founded() {
        if !what.test_attestation_root.is_empty() {
            anyhow::bail!(
                "the treasury is founded: its own attestation roots count, and --test-attestation-root can't add any"
            );
        }
        let driver = terminal.driver()?;
        let view = View::of(&driver).await?;
        return Ok(For {
            anchors: driver.anchors(view.treasury())?,
            treasury: Some(view.treasury().id),
            class: view.treasury().founding.class,
        });
    }
    let folder = terminal
        .home
        .settings()
        .ok()
        .and_then(|settings| settings.attestation_certificates);
    let roots = certificates(&what.test_attestation_root)?;
    Ok(For {
        anchors: first_anchors(&roots, folder.as_deref())?,
        treasury: None,
        class: NetworkClass::Test,
    })
}

/// Nobody is asked for a PIN that can't help.
fn refuse_unready(cards: &Cards, what: &Enrol) -> anyhow::Result<()> {
    let in_the_way: Vec<String> = enrol::inspect(cards, what.serial)?
        .obstacles()
        .into_iter()
        .filter(|obstacle| match obstacle {
            Obstacle::OldFirmware => what.waiver.is_none(),
            Obstacle::Occupied(_) => !what.overwrite_keys && !what.keep_keys,
            Obstacle::FactoryPin
            | Obstacle::FactoryPuk
            | Obstacle::FactoryManagementKey
            | Obstacle::PinBlocked => true,
        })
        .map(|obstacle| format!("\n  - {}", super::keys::words(obstacle)))
        .collect();
    if in_the_way.is_empty() {
        return Ok(());
    }
    anyhow::bail!(
        "YubiKey {} can't be enrolled yet; nothing was changed and no PIN was tried:{}",
        what.serial,
        in_the_way.concat()
    )
}

/// Certificates from files, DER or PEM, as DER.
pub fn certificates(files: &[impl AsRef<Path>]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for file in files {
        let path = file.as_ref();
        let bytes = std::fs::read(path).map_err(|error| {
            anyhow::anyhow!(
                "{} can't be read: {error}; nothing was done",
                path.display()
            )
        })?;
        match std::str::from_utf8(&bytes) {
            Ok(text) if text.contains("-----BEGIN") => all.extend(pem(text).map_err(|error| {
                anyhow::anyhow!(
                    "{} is no PEM certificate: {error}; nothing was done",
                    path.display()
                )
            })?),
            Ok(_) | Err(_) => all.push(bytes),
        }
    }
    Ok(all)
}

/// RFC 7468, certificates only.
fn pem(text: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (body, next) = after
            .split_once(END)
            .ok_or_else(|| anyhow::anyhow!("it ends in the middle"))?;
        let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        all.push(STANDARD.decode(body)?);
        rest = next;
    }
    if all.is_empty() {
        anyhow::bail!("there is no certificate in it");
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_read_from_pem_and_der() {
        let folder = tempfile::tempdir().unwrap();
        let (der, text) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&der, [0x30, 0x82, 0xFF]).unwrap();
        let one = "-----BEGIN CERTIFICATE-----\nMIL/\n-----END CERTIFICATE-----\n";
        std::fs::write(&text, format!("{one}between\n{one}")).unwrap();
        let same = vec![0x30, 0x82, 0xFF];
        assert_eq!(
            certificates(&[der, text]).unwrap(),
            [same.clone(), same.clone(), same]
        );
        assert!(pem("-----BEGIN CERTIFICATE-----\nMIL/").is_err());
        assert!(pem("-----BEGIN PRIVATE KEY-----").is_err());
    }
}
