//! Founding a treasury: every founding officer signs, with PIN and touch.

use std::path::PathBuf;

use domain::{Network, NetworkClass, Note};
use driver::{Driver, FoundingPlan, RestorePlan, Surroundings};
use tauri::State;

use crate::app::App;
use crate::commands::officers::kept;
use crate::commands::proposing::GOVERNANCE_LASTS;
use crate::convert::{name, network};
use crate::dto::{FoundingChoices, FoundingDraft, JoinDraft, PolicyTemplate};
use crate::problem::{Answer, Problem};

/// Policies that ship.
const SHIPPED: [(&str, &str); 2] = [
    (
        "two-of-three-startup",
        include_str!("../../../policies/shipped/two-of-three-startup.toml"),
    ),
    (
        "tiered-treasury",
        include_str!("../../../policies/shipped/tiered-treasury.toml"),
    ),
];

/// What can be chosen at a founding.
#[tauri::command]
#[specta::specta]
pub async fn founding_choices(app: State<'_, App>) -> Answer<FoundingChoices> {
    let networks = [
        Network::Bitcoin,
        Network::Testnet4,
        Network::Signet,
        Network::Regtest,
    ];
    Ok(FoundingChoices {
        networks: networks.iter().map(Network::to_string).collect(),
        policies: SHIPPED
            .into_iter()
            .map(|(name, text)| PolicyTemplate {
                name: name.to_owned(),
                text: text.to_owned(),
            })
            .collect(),
        enrolments: kept(&app),
        test_roots: !app.test_roots.is_empty(),
    })
}

/// Founds the treasury.
#[tauri::command]
#[specta::specta]
pub async fn found(app: State<'_, App>, draft: FoundingDraft) -> Answer<()> {
    let plan = plan(&app, &draft)?;
    let class = plan
        .networks
        .first()
        .map_or(NetworkClass::Test, |network| network.class());
    let visit = app.visit()?;
    let mut desk = app.desk(class, &visit)?;
    let home = app.home.clone();
    let founded = Driver::found(home, plan, Surroundings::default(), &mut desk).await;
    drop(visit);
    founded?;
    app.open().await;
    Ok(())
}

fn plan(app: &App, draft: &FoundingDraft) -> Answer<FoundingPlan> {
    let names = |field: &str, texts: &[String]| {
        texts
            .iter()
            .map(|text| name(field, text))
            .collect::<Answer<Vec<_>>>()
    };
    Ok(FoundingPlan {
        name: name("name", &draft.name)?,
        networks: draft
            .networks
            .iter()
            .map(|text| network(text.trim()))
            .collect::<Answer<Vec<_>>>()?,
        policy: draft.policy.clone(),
        officers: names("officers", &draft.officers)?,
        machine: name("machine", &draft.machine)?,
        administrators: names("administrators", &draft.administrators)?,
        test_roots: app.test_roots.clone(),
        waiver: draft
            .waiver
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| Note::new(text).map_err(|error| Problem::input("waiver", error)))
            .transpose()?,
    })
}

/// A backup that is restored here: this machine proposes that it takes over for the one that is lost.
#[tauri::command]
#[specta::specta]
pub async fn join(app: State<'_, App>, draft: JoinDraft) -> Answer<String> {
    let folder = PathBuf::from(draft.folder.trim());
    if !folder.is_dir() {
        return Err(Problem::input(
            "folder",
            "there is no such folder on this machine; nothing was restored",
        ));
    }
    let earlier = app.home.settings().ok();
    let plan = RestorePlan {
        officer: name("officer", &draft.officer)?,
        machine: name("machine", &draft.machine)?,
        administrators: draft
            .administrators
            .iter()
            .map(|text| name("administrators", text))
            .collect::<Answer<Vec<_>>>()?,
        expires_in: GOVERNANCE_LASTS,
        bitcoin: earlier
            .as_ref()
            .and_then(|settings| settings.bitcoin.clone()),
        evm: earlier
            .as_ref()
            .map(|settings| settings.evm.clone())
            .unwrap_or_default(),
        attestation_certificates: earlier.and_then(|settings| settings.attestation_certificates),
    };
    let visit = app.visit()?;
    let mut desk = app.desk(driver::class_of_backup(&folder), &visit)?;
    let home = app.home.clone();
    let restored = Driver::restore(home, &folder, plan, Surroundings::default(), &mut desk).await;
    drop(visit);
    let (_, id) = restored?;
    app.open().await;
    Ok(id.to_string())
}
