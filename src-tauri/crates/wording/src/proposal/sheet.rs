//! One proposal whole: what an officer reads before a touch, and what a program gets.

use btc::ChainStatus;
use domain::words::fingerprint;
use domain::{Approval, ProposalId, Span, Timestamp};
use policy::{Clearance, OwnApproval, Verdict};
use serde_json::{Map, Value, json};
use treasury::{Decision, PayoutStage, ProposalRecord, Replay, Treasury};

use super::content::{fields, payout_json};
use super::plan::{plan_fields, txid, versions_json};
use super::{Status, summary, waiting};
use crate::paper::{self, Fields, Paper};
use crate::timeline::{decided, timeline};
use crate::view::View;

/// What the policy said, or says, about a proposal.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// The demands, such as `2 of Founders`.
    pub demands: Vec<String>,
    /// The lane or governance they come from.
    pub rule: Option<String>,
    /// Demands and conditions in one sentence.
    pub sentence: Option<String>,
    /// How the payout stands under each limit.
    pub limits: Vec<String>,
    /// Why it is refused, where it is.
    pub refused: Vec<String>,
    /// When its time ends: the earlier of its own expiry and the rule's.
    pub ends: Option<Timestamp>,
}

/// What the policy demands of a proposal; of a decided one, what it demanded then.
pub fn judge(view: &View, id: ProposalId) -> Decided {
    judge_with(view, id, &Then::of(view, id))
}

/// The treasury when a proposal was decided; nothing while it is open.
#[derive(Debug, Clone)]
pub struct Then(Option<(Replay, Timestamp)>);

impl Then {
    /// Looks back, where it is decided.
    pub fn of(view: &View, id: ProposalId) -> Self {
        Self(decided(view, id))
    }

    /// The treasury then, or as it is now.
    pub fn treasury<'a>(&'a self, view: &'a View) -> &'a Treasury {
        self.0
            .as_ref()
            .and_then(|(replay, _)| replay.treasury())
            .unwrap_or(view.treasury())
    }

    /// The approvals that counted then, in the order in which they were given: what is decided later
    /// voids them, but they decided this.
    pub fn approvals<'a>(&'a self, view: &'a View, id: ProposalId) -> Vec<&'a Approval> {
        let record = self.treasury(view).proposals.get(&id);
        let mut given: Vec<&Approval> = record
            .map(|record| record.approvals.values().collect())
            .unwrap_or_default();
        given.sort_by_key(|approval| approval.effective());
        given
    }

    /// What the policy said then, or says now.
    pub fn verdict(&self, view: &View, id: ProposalId) -> Option<Verdict> {
        match &self.0 {
            Some((replay, time)) => replay
                .treasury()
                .and_then(|treasury| replay.evaluate(treasury, id, *time)),
            None => view.replay.evaluate(view.treasury(), id, view.now),
        }
    }
}

fn judge_with(view: &View, id: ProposalId, then: &Then) -> Decided {
    match then.verdict(view, id) {
        None => Decided::default(),
        Some(Verdict::Refused(reasons)) => Decided {
            refused: reasons.iter().map(ToString::to_string).collect(),
            ..Decided::default()
        },
        Some(Verdict::Requires(clearance)) => required(&clearance),
    }
}

/// What a clearance demands, in words.
pub fn required(clearance: &Clearance) -> Decided {
    let demands: Vec<String> = clearance
        .demands()
        .iter()
        .map(ToString::to_string)
        .collect();
    let own = match clearance.own_approval() {
        OwnApproval::Counts => "",
        OwnApproval::DoesNotCount => ", the initiator not counting",
    };
    let delay = if clearance.delay() > Span::ZERO {
        format!(", then {} of waiting", clearance.delay())
    } else {
        String::new()
    };
    Decided {
        sentence: Some(format!(
            "{}{own}{delay} ({})",
            paper::all(&demands),
            clearance.rule()
        )),
        rule: Some(clearance.rule().to_string()),
        demands,
        limits: clearance.limits().iter().map(ToString::to_string).collect(),
        refused: Vec::new(),
        ends: Some(clearance.ends()),
    }
}

/// The chain's word on a signed payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnChain {
    /// Not signed yet, or not asked.
    Nothing,
    /// As the node says.
    Seen(ChainStatus),
    /// The node could not be asked.
    Trouble(String),
}

impl OnChain {
    /// Blocks on the transaction, its own counted.
    pub const fn confirmations(&self) -> Option<u32> {
        match self {
            OnChain::Seen(ChainStatus::InBlock { confirmations, .. }) => Some(*confirmations),
            OnChain::Seen(ChainStatus::Mempool) => Some(0),
            OnChain::Seen(ChainStatus::Unseen | ChainStatus::Conflicted { .. })
            | OnChain::Nothing
            | OnChain::Trouble(_) => None,
        }
    }

    fn words(&self, needed: u32) -> Option<String> {
        match self {
            OnChain::Nothing => None,
            OnChain::Seen(ChainStatus::Mempool) => {
                Some(format!("0 of {needed}, waiting for a block"))
            }
            OnChain::Seen(ChainStatus::InBlock {
                height,
                confirmations,
                ..
            }) if *confirmations > needed => Some(format!(
                "{confirmations}, where {needed} are needed, in block {height}"
            )),
            OnChain::Seen(ChainStatus::InBlock {
                height,
                confirmations,
                ..
            }) => Some(format!("{confirmations} of {needed}, in block {height}")),
            OnChain::Seen(ChainStatus::Unseen) => Some(
                "the node does not know the transaction; the same bytes go out again".to_owned(),
            ),
            OnChain::Seen(ChainStatus::Conflicted { by, confirmations }) => Some(format!(
                "transaction {by} spends the same coins and has {confirmations} of {needed}"
            )),
            OnChain::Trouble(why) => Some(format!("not known: {why}")),
        }
    }
}

/// A proposal as text.
pub fn sheet(view: &View, id: ProposalId, record: &ProposalRecord, chain: &OnChain) -> String {
    let mut paper = Paper::default();
    let kind = record.proposal.subject.kind();
    for line in view.frozen_lines() {
        paper.line(line);
    }
    paper.gap();
    paper.line(format!(
        "{} {}",
        capital(kind),
        Status::of(record).phrase().to_uppercase()
    ));
    let mut about = Fields::default();
    about.add("Id", id);
    about.add("Words", words(id));
    let then = Then::of(view, id);
    fields(
        view,
        then.treasury(view),
        &record.proposal.subject,
        &mut about,
    );
    decision(view, id, record, &then, &mut about);
    if let Some((payout, stage)) = planned(record) {
        plan_fields(view.treasury(), record, payout, stage, &mut about);
        about.maybe("Confirmations", chain.words(needed(view, record)));
    }
    paper.fields(&about);
    paper.gap();
    paper.line("  The way so far");
    let way: Vec<Vec<String>> = timeline(view, id)
        .into_iter()
        .map(|milestone| vec![format!("  {}", milestone.time), milestone.what])
        .collect();
    paper.table(&way);
    paper.text()
}

/// Twelve words in two lines.
fn words(id: ProposalId) -> String {
    let words = fingerprint(id);
    let (first, second) = words.split_at(words.len() / 2);
    format!("{}\n{}", first.join(" "), second.join(" "))
}

/// What the policy demands, who approved, and what is missing.
fn decision(view: &View, id: ProposalId, record: &ProposalRecord, then: &Then, into: &mut Fields) {
    let judged = judge_with(view, id, then);
    into.add(
        "Proposed",
        format!("by {} at {}", view.name(record.initiator), record.proposed),
    );
    into.maybe("Demands", judged.sentence);
    if !Status::of(record).is_final() {
        into.maybe("Open until", judged.ends);
    }
    if !judged.limits.is_empty() && !Status::of(record).is_final() {
        into.add("Limits", judged.limits.join("\n"));
    }
    let open = record.is_open();
    if !judged.refused.is_empty() && open {
        into.add("REFUSED", judged.refused.join("\n"));
    }
    into.add("Approved", approvals(view, id, record, then));
    if let Decision::Declined { by, reason } = &record.decision {
        into.add("Declined", format!("by {}: {reason}", view.name(*by)));
    }
    into.maybe("Waits for", waiting(view, id, record));
}

fn approvals(view: &View, id: ProposalId, record: &ProposalRecord, then: &Then) -> String {
    let given: Vec<String> = then
        .approvals(view, id)
        .into_iter()
        .map(|approval| {
            format!(
                "by {} at {}",
                view.name(approval.officer()),
                approval.effective()
            )
        })
        .collect();
    if !given.is_empty() {
        return given.join("\n");
    }
    let ever: Vec<String> = record
        .approved_by
        .iter()
        .map(|officer| view.name(*officer))
        .collect();
    match ever.as_slice() {
        [] => "by nobody".to_owned(),
        names => format!("by {}, which counts no more", paper::all(names)),
    }
}

/// A proposal for programs.
pub fn sheet_json(
    view: &View,
    id: ProposalId,
    record: &ProposalRecord,
    chain: &OnChain,
) -> Map<String, Value> {
    let subject = &record.proposal.subject;
    let mut sheet = Map::new();
    let mut put = |name: &str, value: Value| {
        sheet.insert(name.to_owned(), value);
    };
    put("id", json!(id.to_string()));
    put("words", json!(fingerprint(id)));
    put("kind", json!(subject.kind()));
    put("status", json!(Status::of(record).word()));
    put("summary", json!(summary(view.treasury(), subject)));
    put("initiator", json!(view.name(record.initiator)));
    put("proposed", json!(record.proposed.to_string()));
    put("expires", json!(record.proposal.expires.to_string()));
    put("missing", json!(waiting(view, id, record)));
    put("frozen", json!(view.frozen_json()));
    put("way", json!(way_json(view, id)));
    match subject.payout() {
        Some(payout) => put("payout", payout_json(view.treasury(), payout)),
        None => put("subject", json!(subject)),
    }
    decision_json(view, id, &mut put);
    if let Some((_, stage)) = planned(record) {
        let plan = stage.plan();
        put("txid", json!(txid(stage)));
        put("fee", json!(plan.fee.to_decimal()));
        put("fee_asset", json!(plan.fee.asset().symbol()));
        put("version", json!(plan.version()));
        put("versions", json!(versions_json(record)));
        put(
            "cancels",
            json!(plan.cancels.map(|cancel| cancel.to_string())),
        );
        put("nonce", json!(plan.nonce().map(|anchor| anchor.nonce)));
        put("confirmations", json!(chain.confirmations()));
        put("confirmations_needed", json!(needed(view, record)));
    }
    if let OnChain::Trouble(why) = chain {
        put("trouble", json!(why));
    }
    sheet
}

fn way_json(view: &View, id: ProposalId) -> Vec<Value> {
    timeline(view, id)
        .into_iter()
        .map(|milestone| json!({ "time": milestone.time.to_string(), "what": milestone.what }))
        .collect()
}

fn decision_json(view: &View, id: ProposalId, put: &mut impl FnMut(&str, Value)) {
    let then = Then::of(view, id);
    let judged = judge_with(view, id, &then);
    let approved_by: Vec<String> = then
        .approvals(view, id)
        .into_iter()
        .map(|approval| view.name(approval.officer()))
        .collect();
    put("rule", json!(judged.rule));
    put("demands", json!(judged.demands));
    put("ends", json!(judged.ends.map(|ends| ends.to_string())));
    put("limits", json!(judged.limits));
    put("refused", json!(judged.refused));
    put("approved_by", json!(approved_by));
}

fn planned(record: &ProposalRecord) -> Option<(&domain::Payout, &PayoutStage)> {
    let payout = record.proposal.subject.payout()?;
    record.stage().map(|stage| (payout, stage))
}

fn needed(view: &View, record: &ProposalRecord) -> u32 {
    record
        .proposal
        .subject
        .payout()
        .and_then(|payout| view.treasury().vaults.get(&payout.vault()))
        .map(|vault| vault.plan.confirmations())
        .unwrap_or_default()
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}
