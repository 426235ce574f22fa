//! Proposals as rows, made once for each state of the journal: lists are filtered and sorted over them
//! and paged, so that no window ever holds them all.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use domain::{Amount, Payout, ProposalId, Subject, Timestamp, VaultId};
use treasury::ProposalRecord;
use wording::proposal::{Status, summary, sums};
use wording::view::View;

use crate::convert::{status, vault_name};
use crate::dto::{Query, SortBy, StatusWord};

/// One proposal.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id.
    pub id: ProposalId,
    /// Its kind.
    pub kind: &'static str,
    /// How far it is.
    pub status: StatusWord,
    /// Whether nothing happens to it any more.
    pub is_final: bool,
    /// In one line.
    pub summary: String,
    /// Its vault.
    pub vault: Option<VaultId>,
    /// Its vault's name.
    pub vault_name: Option<String>,
    /// Who is paid, each once.
    pub payees: Vec<String>,
    /// Addresses that are paid.
    addresses: Vec<String>,
    /// What is paid, where it is of one asset.
    pub total: Option<Amount>,
    /// What for.
    pub memo: String,
    /// When it was proposed.
    pub proposed: Timestamp,
    /// What a search looks through, in lower case.
    haystack: String,
    /// The batch or sweep that it is decided with.
    batch: Option<ProposalId>,
}

/// All rows, by the time they were proposed.
#[derive(Debug, Default)]
pub struct Index {
    rows: Vec<Row>,
    items: BTreeMap<ProposalId, Vec<usize>>,
}

/// Some rows, and how many there are in all.
pub struct Found<'a> {
    /// The rows of the page.
    pub rows: Vec<&'a Row>,
    /// How many fit in all.
    pub total: usize,
    /// Where the next page begins.
    pub next: Option<usize>,
}

impl Index {
    /// Of a journal as read.
    pub fn of(view: &View) -> Self {
        let mut rows: Vec<Row> = view
            .treasury()
            .proposals
            .iter()
            .map(|(id, record)| row(view, *id, record))
            .collect();
        rows.sort_by_key(|row| (row.proposed, row.id));
        let mut items: BTreeMap<ProposalId, Vec<usize>> = BTreeMap::new();
        for (place, row) in rows.iter().enumerate() {
            if let Some(batch) = row.batch {
                items.entry(batch).or_default().push(place);
            }
        }
        Self { rows, items }
    }

    /// What a query finds, from a place on.
    pub fn find(&self, query: &Query, from: usize, limit: usize) -> Found<'_> {
        let text = query.text.trim().to_lowercase();
        let mut found: Vec<&Row> = self
            .rows
            .iter()
            // The payouts of a batch are shown with it.
            .filter(|row| row.batch.is_none() && fits(row, query, &text))
            .collect();
        found.sort_by(|a, b| order(query.sort, a, b));
        if query.descending {
            found.reverse();
        }
        page(found, from, limit)
    }

    /// The payouts of a batch or the transfers of a sweep, in their order.
    pub fn items(&self, view: &View, batch: ProposalId, from: usize, limit: usize) -> Found<'_> {
        let by_id: BTreeMap<ProposalId, &Row> = self
            .items
            .get(&batch)
            .into_iter()
            .flatten()
            .filter_map(|place| self.rows.get(*place))
            .map(|row| (row.id, row))
            .collect();
        let record = view.treasury().proposals.get(&batch);
        let found = record
            .map(|record| record.items.as_slice())
            .unwrap_or_default()
            .iter()
            .filter_map(|id| by_id.get(id).copied())
            .collect();
        page(found, from, limit)
    }

    /// One row.
    pub fn row(&self, id: ProposalId) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// How many are not at their end.
    pub fn open(&self) -> usize {
        let is_open = |row: &&Row| row.batch.is_none() && !row.is_final;
        self.rows.iter().filter(is_open).count()
    }
}

fn page(found: Vec<&Row>, from: usize, limit: usize) -> Found<'_> {
    let total = found.len();
    let end = from.saturating_add(limit);
    Found {
        rows: found.into_iter().skip(from).take(limit).collect(),
        total,
        next: (end < total).then_some(end),
    }
}

fn fits(row: &Row, query: &Query, text: &str) -> bool {
    let named = |wanted: &String| row.payees.contains(wanted) || row.addresses.contains(wanted);
    (query.kinds.is_empty() || query.kinds.iter().any(|kind| kind == row.kind))
        && (query.statuses.is_empty() || query.statuses.contains(&row.status))
        && (!query.open_only || !row.is_final)
        && query.payee.as_ref().is_none_or(named)
        && (query.vault.is_none() || query.vault == row.vault_name)
        && text
            .split_whitespace()
            .all(|word| row.haystack.contains(word))
}

fn order(by: SortBy, a: &Row, b: &Row) -> Ordering {
    let first = match by {
        SortBy::Proposed => Ordering::Equal,
        SortBy::Status => a.status.cmp(&b.status),
        SortBy::Summary => a.summary.cmp(&b.summary),
        SortBy::Amount => {
            let key = |row: &Row| {
                row.total
                    .map(|total| (total.asset().symbol().to_owned(), total.units()))
            };
            key(a).cmp(&key(b))
        }
    };
    first
        .then_with(|| a.proposed.cmp(&b.proposed))
        .then_with(|| a.id.cmp(&b.id))
}

fn row(view: &View, id: ProposalId, record: &ProposalRecord) -> Row {
    let treasury = view.treasury();
    let subject = &record.proposal.subject;
    let vault = vault_of(view, subject);
    let mut payees: Vec<String> = Vec::new();
    let mut addresses: Vec<String> = Vec::new();
    for leg in subject.payouts().iter().flat_map(Payout::legs) {
        let address = leg.address.to_string();
        let payee = leg
            .payee
            .as_ref()
            .map_or_else(|| address.clone(), ToString::to_string);
        if !payees.contains(&payee) {
            payees.push(payee);
        }
        addresses.push(address);
    }
    let legs = subject.payouts().iter().flat_map(Payout::legs);
    let total = match sums(legs.map(|leg| leg.amount)).as_slice() {
        [(_, one)] => *one,
        _ => None,
    };
    let summary = summary(treasury, subject);
    let memo = memo(subject);
    let initiator = view.name(record.initiator);
    let kind = subject.kind();
    let haystack = format!(
        "{id} {kind} {summary} {memo} {initiator} {} {}",
        payees.join(" "),
        addresses.join(" ")
    )
    .to_lowercase();
    Row {
        id,
        kind,
        status: status(Status::of(record)),
        is_final: Status::of(record).is_final(),
        summary,
        vault,
        vault_name: vault.map(|vault| vault_name(treasury, vault)),
        payees,
        addresses,
        total,
        memo,
        proposed: record.proposed,
        haystack,
        batch: record.batch.map(|place| place.batch),
    }
}

/// The vault that a proposal is about.
fn vault_of(view: &View, subject: &Subject) -> Option<VaultId> {
    match subject {
        Subject::Payout(payout) => Some(payout.vault()),
        Subject::Batch(batch) => Some(batch.vault()),
        Subject::Sweep(sweep) => Some(sweep.vault()),
        Subject::Cancel(cancel) => view
            .treasury()
            .payout(cancel.payout)
            .map(|(_, payout)| payout.vault()),
        Subject::Policy(_)
        | Subject::Officer(_)
        | Subject::Payee(_)
        | Subject::Thaw(_)
        | Subject::Vault(_)
        | Subject::Machine(_)
        | Subject::Asset(_) => None,
    }
}

/// What a proposal is for.
pub fn memo(subject: &Subject) -> String {
    match subject {
        Subject::Payout(payout) => payout.memo().to_string(),
        Subject::Batch(batch) => batch.memo().to_string(),
        Subject::Sweep(sweep) => sweep.memo().to_string(),
        Subject::Cancel(_)
        | Subject::Policy(_)
        | Subject::Officer(_)
        | Subject::Payee(_)
        | Subject::Thaw(_)
        | Subject::Vault(_)
        | Subject::Machine(_)
        | Subject::Asset(_) => String::new(),
    }
}
