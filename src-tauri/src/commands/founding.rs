//! Founding a treasury: every founding officer signs, with PIN and touch.

use domain::{Network, NetworkClass, Note};
use driver::{Driver, FoundingPlan, Surroundings};
use tauri::State;

use crate::app::App;
use crate::commands::officers::kept;
use crate::convert::{name, network};
use crate::dto::{FoundingChoices, FoundingDraft, PolicyTemplate};
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
