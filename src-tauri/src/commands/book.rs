//! The address book.

use std::collections::BTreeMap;

use domain::proposal::PayeeChange;
use domain::{Address, Name, Payout, Subject, Timestamp};
use tauri::State;
use treasury::PayoutStage;
use wording::unusual::look_alike;
use wording::view::{View, network_words};

use crate::app::App;
use crate::convert::time;
use crate::dto::Payee;
use crate::problem::Answer;

/// The address book, by name.
#[tauri::command]
#[specta::specta]
pub async fn payees(app: State<'_, App>) -> Answer<Vec<Payee>> {
    let view = app.engine()?.view();
    let treasury = view.treasury();
    let paid = paid(&view);
    let pending = pending(&view);
    let lists = treasury.adoption.policy.lists();
    Ok(treasury
        .payees
        .iter()
        .map(|(name, payee)| {
            let so_far = paid.get(&payee.address);
            Payee {
                name: name.to_string(),
                address: payee.address.to_string(),
                grouped: payee.address.grouped(),
                network: payee.address.network().to_string(),
                network_words: network_words(payee.address.network()),
                since: time(payee.since),
                lists: lists
                    .iter()
                    .filter(|(_, members)| members.contains(name))
                    .map(|(list, _)| list.to_string())
                    .collect(),
                look_alike: look_alike(treasury, &payee.address).map(ToString::to_string),
                paid_count: so_far.map_or(0, |(times, _)| *times),
                last_paid: so_far.map(|(_, last)| time(*last)),
                pending: pending.get(name).cloned(),
            }
        })
        .collect())
}

/// How often each address was paid for good, and when last.
fn paid(view: &View) -> BTreeMap<Address, (u32, Timestamp)> {
    let mut paid: BTreeMap<Address, (u32, Timestamp)> = BTreeMap::new();
    for record in view.treasury().proposals.values() {
        let Some(PayoutStage::Confirmed { plan, time, .. }) = record.stage() else {
            continue;
        };
        if plan.cancels.is_some() {
            continue;
        }
        let legs = record.proposal.subject.payout().map(Payout::legs);
        for leg in legs.unwrap_or_default() {
            let so_far = paid.entry(leg.address.clone()).or_insert((0, *time));
            *so_far = (so_far.0.saturating_add(1), so_far.1.max(*time));
        }
    }
    paid
}

/// Open proposals that would change a payee.
fn pending(view: &View) -> BTreeMap<Name, String> {
    view.treasury()
        .proposals
        .iter()
        .filter(|(_, record)| record.is_open())
        .filter_map(|(id, record)| match &record.proposal.subject {
            Subject::Payee(PayeeChange::Set { name, .. } | PayeeChange::Remove { name }) => {
                Some((name.clone(), id.to_string()))
            }
            _ => None,
        })
        .collect()
}
