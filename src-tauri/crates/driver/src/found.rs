//! Founding a treasury, and enrolling officers before and after it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::act::Founding;
use domain::entry::{Draft, FormatVersion};
use domain::roster::HexBytes;
use domain::{
    Act, Author, Body, Machine, Name, Network, NetworkClass, Note, Officer, Signature, TreasuryId,
};
use keys::attestation::{self, FirmwareRule, TrustAnchors};
use keys::os_keyring::OsKeyring;
use policy::Policy;

use crate::acts::{failed, random};
use crate::desk::{Desk, Purpose};
use crate::error::DriverError;
use crate::home::{Home, HomeError, Settings, read_file, write_whole};
use crate::ledger::{Keepers, Ledger, MachineSigner};
use crate::machine::{Driver, Surroundings, refuse_if_gone};

/// What a founding needs from people.
#[derive(Debug, Clone)]
pub struct FoundingPlan {
    /// The treasury's name.
    pub name: Name,
    /// Networks, all of one class.
    pub networks: Vec<Network>,
    /// The first policy's text.
    pub policy: String,
    /// Enrolled officers, by name.
    pub officers: Vec<Name>,
    /// This machine's name.
    pub machine: Name,
    /// Who administers it.
    pub administrators: Vec<Name>,
    /// Test roots (DER); none means Yubico's.
    pub test_roots: Vec<Vec<u8>>,
    /// Why real money on a single-host layout is accepted.
    pub waiver: Option<Note>,
}

/// Trust anchors of a founded treasury, with the folder of further certificates where its roots are
/// Yubico's.
pub(crate) fn anchors(
    founding: &Founding,
    folder: Option<&Path>,
) -> Result<TrustAnchors, DriverError> {
    let roots: Vec<Vec<u8>> = founding
        .attestation_roots
        .iter()
        .map(|root| root.0.clone())
        .collect();
    let test_roots = if founding.test_roots {
        roots.as_slice()
    } else {
        &[]
    };
    first_anchors(test_roots, folder)
}

/// Anchors for a treasury that is not founded yet: given test roots, or Yubico's.
pub fn first_anchors(
    test_roots: &[Vec<u8>],
    folder: Option<&Path>,
) -> Result<TrustAnchors, DriverError> {
    let made = match (test_roots, folder) {
        ([], Some(folder)) => TrustAnchors::yubico(folder),
        ([], None) => TrustAnchors::from_roots(TrustAnchors::yubico_roots()),
        (roots, _) => TrustAnchors::from_roots(roots.to_vec()),
    };
    made.map_err(|e| DriverError::NotNow(e.to_string()))
}

/// Keeps an enrolled officer until the founding or a proposal.
pub fn keep_enrolment(home: &Home, officer: &Officer) -> Result<PathBuf, DriverError> {
    let path = enrolment_file(home, &officer.name);
    let json = serde_json::to_vec_pretty(officer).map_err(|e| HomeError::Settings {
        path: path.clone(),
        reason: e.to_string(),
    })?;
    write_whole(&path, &json)?;
    Ok(path)
}

/// An enrolled officer by name.
pub fn enrolment(home: &Home, name: &Name) -> Result<Officer, DriverError> {
    let path = enrolment_file(home, name);
    if !path.exists() {
        return Err(DriverError::Unknown {
            what: "enrolment of officer",
            which: name.to_string(),
            hint: "; enrol the officer first with `countersign enrol`".to_owned(),
        });
    }
    let bytes = read_file(&path)?;
    Ok(
        serde_json::from_slice(&bytes).map_err(|e| HomeError::Settings {
            path,
            reason: e.to_string(),
        })?,
    )
}

/// Everybody who is enrolled on this machine, by name; files that can't be read are left out.
pub fn enrolments(home: &Home) -> Vec<Officer> {
    let files = std::fs::read_dir(home.enrolments()).into_iter().flatten();
    let mut officers: Vec<Officer> = files
        .filter_map(|file| serde_json::from_slice(&read_file(&file.ok()?.path()).ok()?).ok())
        .collect();
    officers.sort_by(|a, b| a.name.cmp(&b.name));
    officers
}

/// A file name that no officer's name can lead out of the folder.
fn enrolment_file(home: &Home, name: &Name) -> PathBuf {
    home.enrolments()
        .join(format!("{}.json", hex::encode(name.as_str())))
}

impl Driver {
    /// Founds a treasury in an empty home. Every founding officer signs, with PIN and touch.
    pub async fn found(
        home: Home,
        plan: FoundingPlan,
        surroundings: Surroundings,
        desk: &mut dyn Desk,
    ) -> Result<(Self, TreasuryId), DriverError> {
        if home.is_founded() {
            return Err(HomeError::Taken(home.root().to_owned()).into());
        }
        refuse_if_gone(&home)?;
        let policy = Policy::parse(&plan.policy)
            .map_err(|e| DriverError::NotNow(format!("the policy: {e}")))?;
        let earlier = home.settings().ok();
        let folder = earlier
            .as_ref()
            .and_then(|settings| settings.attestation_certificates.clone());
        let trust = first_anchors(&plan.test_roots, folder.as_deref())?;
        let officers = officers(&home, &plan, &trust)?;
        let namespace = format!("treasury-{}", hex::encode(random::<8>()?));
        let keyring = OsKeyring::open(&namespace)?;
        let machine = Arc::new(MachineSigner::new(keyring.create_machine_key()?)?);
        let class = plan
            .networks
            .first()
            .map_or(NetworkClass::Test, |network| network.class());
        keys::refuse_redirected_readers(class).map_err(|e| DriverError::NotNow(e.to_string()))?;
        let founding = Founding {
            name: plan.name.clone(),
            class,
            networks: plan.networks.clone(),
            officers: officers.clone(),
            machines: vec![Machine {
                name: plan.machine.clone(),
                key: journal::LinkSigner::public_key(machine.as_ref()),
                administrators: plan.administrators.clone(),
            }],
            attestation_roots: roots(&plan).into_iter().map(HexBytes).collect(),
            test_roots: !plan.test_roots.is_empty(),
            policy: policy.text().to_owned(),
            waiver: plan.waiver.clone(),
            nonce: HexBytes(random::<32>()?.to_vec()),
        };
        let time = surroundings.clock.now()?.wall;
        let draft = Draft::new(Body {
            version: FormatVersion,
            treasury: None,
            time,
            author: Author::Founders,
            act: Act::Founded(Box::new(founding)),
        })?;
        let body = draft
            .clone()
            .sign(&signatures(&draft, &officers, &plan.name, desk)?)?;
        let settings = Settings {
            keyring: namespace,
            machine: plan.machine,
            bitcoin: earlier
                .as_ref()
                .and_then(|settings| settings.bitcoin.clone()),
            evm: earlier
                .as_ref()
                .map(|settings| settings.evm.clone())
                .unwrap_or_default(),
            attestation_certificates: folder,
        };
        home.set_settings(&settings)?;
        let keepers = Keepers {
            keyring: keyring.clone(),
            machine: machine.clone(),
            clock: surroundings.clock.clone(),
            crash: surroundings.crash.clone(),
        };
        let ledger = Ledger::create(&home.journal(), keepers, body).await?;
        let id = ledger.treasury()?.id;
        drop(ledger);
        Ok((
            Self::assemble(home, settings, keyring, machine, surroundings),
            id,
        ))
    }
}

fn roots(plan: &FoundingPlan) -> Vec<Vec<u8>> {
    if plan.test_roots.is_empty() {
        TrustAnchors::yubico_roots()
    } else {
        plan.test_roots.clone()
    }
}

fn officers(
    home: &Home,
    plan: &FoundingPlan,
    trust: &TrustAnchors,
) -> Result<Vec<Officer>, DriverError> {
    plan.officers
        .iter()
        .map(|name| {
            let officer = enrolment(home, name)?;
            attestation::verify(&officer, trust, FirmwareRule::OldWithWaiver)
                .map_err(|e| DriverError::NotNow(format!("{name}: {e}")))?;
            Ok(officer)
        })
        .collect()
}

fn signatures(
    draft: &Draft,
    officers: &[Officer],
    treasury: &Name,
    desk: &mut dyn Desk,
) -> Result<Vec<(domain::PublicKey, Signature)>, DriverError> {
    let purpose = Purpose(format!("found {treasury}"));
    officers
        .iter()
        .map(|officer| {
            let signature =
                tokio::task::block_in_place(|| desk.sign(officer, &purpose, draft.digest()))
                    .map_err(|problem| failed(officer, problem))?;
            Ok((officer.sign, signature))
        })
        .collect()
}
