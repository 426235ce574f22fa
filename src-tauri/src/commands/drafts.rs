//! Drafts, judged while they are typed. Nothing is proposed here.

use domain::roster::HexBytes;
use domain::{Address, Amount, Asset, Leg, Note, Payout, Proposal, ProposalId, Span, Subject};
use policy::{OwnApproval, Request, Verdict};
use tauri::State;
use treasury::VaultRecord;
use wording::payees;
use wording::proposal::{required, sums};
use wording::subjects::{self, TableProblem};
use wording::unusual::{look_alike, unusual, was_paid};
use wording::view::{View, network_words};
use wording::written::AmountText;

use crate::app::{App, LASTS};
use crate::convert::{self, count, money, name};
use crate::dto::{
    BadLineView, Demand, Draft, DraftAnswer, DraftLeg, LegAnswer, Money, PolicyAnswer, TableAnswer,
    TableRow,
};
use crate::engine::Engine;
use crate::problem::{Answer, Problem, sentence};

/// What Countersign makes of a draft, in the name of an officer who would propose it.
#[tauri::command]
#[specta::specta]
pub async fn check_draft(
    app: State<'_, App>,
    draft: Draft,
    officer: Option<String>,
) -> Answer<DraftAnswer> {
    let engine = app.engine()?;
    let view = engine.view();
    Ok(answer(&engine, &view, &draft, officer.as_deref()))
}

/// Reads a table of payouts; every bad line is named.
#[tauri::command]
#[specta::specta]
pub async fn check_table(
    app: State<'_, App>,
    vault: String,
    csv: String,
    fee_cap: Option<String>,
    memo: String,
) -> Answer<TableAnswer> {
    let engine = app.engine()?;
    let view = engine.view();
    let (vault, memo) = (name("vault", &vault)?, note(&memo)?);
    let fee_cap = fee_cap_text(&view, &vault, fee_cap.as_deref())?;
    match subjects::batch(&view, &vault, csv.as_bytes(), fee_cap.as_ref(), &memo) {
        Err(TableProblem::Other(error)) => Err(Problem::draft(&error)),
        Err(TableProblem::Lines(bad)) => Ok(TableAnswer {
            rows: Vec::new(),
            bad: bad
                .into_iter()
                .map(|bad| BadLineView {
                    line: bad.line.map(count),
                    why: sentence(&bad.why),
                })
                .collect(),
            totals: Vec::new(),
            fee_cap: None,
            policy: PolicyAnswer::Incomplete,
            unusual: Vec::new(),
        }),
        Ok(table) => {
            let (policy, unusual) = judge(&view, &table.subject, None, LASTS);
            Ok(TableAnswer {
                rows: table
                    .rows
                    .iter()
                    .map(|row| TableRow {
                        line: count(row.line),
                        payee: row.leg.payee.as_ref().map(ToString::to_string),
                        address: row.leg.address.to_string(),
                        amount: money(row.leg.amount),
                        memo: row.memo.to_string(),
                    })
                    .collect(),
                bad: Vec::new(),
                totals: totals(table.rows.iter().map(|row| row.leg.amount)),
                fee_cap: Some(money(table.fee_cap)),
                policy,
                unusual,
            })
        }
    }
}

/// A memo as typed.
pub fn note(text: &str) -> Answer<Note> {
    Note::new(text.trim()).map_err(|error| Problem::input("memo", error))
}

/// How long a draft can be decided.
pub fn lasts(draft: &Draft) -> Span {
    draft.expires_in_hours.map_or(LASTS, |hours| {
        Span::from_secs(u64::from(hours).saturating_mul(3600))
    })
}

/// A fee cap as typed: a number, which is of the chain's own coin.
pub fn fee_cap_text(
    view: &View,
    vault: &domain::Name,
    typed: Option<&str>,
) -> Answer<Option<AmountText>> {
    let Some(typed) = typed.map(str::trim).filter(|typed| !typed.is_empty()) else {
        return Ok(None);
    };
    let (_, record) = subjects::vault(view, vault).map_err(|error| Problem::draft(&error))?;
    let usual = payees::fee_cap(view.treasury(), record.plan.network(), None)
        .map_err(|error| Problem::draft(&error).field("fee_cap"))?;
    format!("{typed} {}", usual.asset().symbol())
        .parse()
        .map(Some)
        .map_err(|error: String| Problem::input("fee_cap", error))
}

fn answer(engine: &Engine, view: &View, draft: &Draft, officer: Option<&str>) -> DraftAnswer {
    let mut answer = DraftAnswer {
        legs: Vec::new(),
        totals: Vec::new(),
        policy: PolicyAnswer::Incomplete,
        error: None,
        fee_error: None,
        fee_cap: None,
        balance: None,
        above_balance: false,
        unusual: Vec::new(),
    };
    let vault = name("vault", &draft.vault).and_then(|name| {
        subjects::paying(view, &name)
            .map(|(id, vault)| (name, id, vault))
            .map_err(|error| Problem::draft(&error))
    });
    let (vault_name, id, vault) = match vault {
        Ok(vault) => vault,
        Err(problem) => {
            answer.error = Some(problem.message);
            return answer;
        }
    };
    let read: Vec<(LegAnswer, Option<Leg>)> = draft
        .legs
        .iter()
        .map(|leg| read_leg(view, vault, leg))
        .collect();
    answer.totals = totals(
        read.iter()
            .filter_map(|(_, leg)| leg.as_ref().map(|leg| leg.amount)),
    );
    let fee_cap = fee_cap_text(view, &vault_name, draft.fee_cap.as_deref()).and_then(|text| {
        payees::fee_cap(view.treasury(), vault.plan.network(), text.as_ref())
            .map_err(|error| Problem::draft(&error))
    });
    let fee_cap = match fee_cap {
        Ok(cap) => {
            answer.fee_cap = Some(money(cap));
            Some(cap)
        }
        Err(problem) => {
            answer.fee_error = Some(problem.message);
            None
        }
    };
    let legs: Option<Vec<Leg>> = read.iter().map(|(_, leg)| leg.clone()).collect();
    answer.legs = read.into_iter().map(|(leg, _)| leg).collect();
    balance(engine, id, &mut answer);
    let (Some(legs), Some(fee_cap)) = (legs, fee_cap) else {
        return answer;
    };
    if legs.is_empty() {
        return answer;
    }
    let payout = subject(id, vault, legs, fee_cap, &draft.memo);
    match payout {
        Ok(subject) => {
            let (policy, unusual) = judge(view, &subject, officer, lasts(draft));
            answer.policy = policy;
            answer.unusual = unusual;
        }
        Err(problem) => answer.error = Some(problem.message),
    }
    answer
}

fn subject(
    id: domain::VaultId,
    vault: &VaultRecord,
    legs: Vec<Leg>,
    fee_cap: Amount,
    memo: &str,
) -> Answer<Subject> {
    if vault.plan.network().chain_id().is_some() && legs.len() > 1 {
        return Err(Problem::input(
            "legs",
            "on this chain one transaction pays one payee: propose each as a payout of its own, or give them as a table, which is decided at once",
        ));
    }
    payees::refuse_own(id, vault, &legs).map_err(|error| Problem::draft(&error))?;
    let payout = Payout::new(id, legs, fee_cap, note(memo)?)
        .map_err(|error| Problem::input("legs", error))?;
    Ok(Subject::Payout(payout))
}

fn read_leg(view: &View, vault: &VaultRecord, typed: &DraftLeg) -> (LegAnswer, Option<Leg>) {
    let treasury = view.treasury();
    let network = vault.plan.network();
    let to = typed.to.trim();
    let paid = (!to.is_empty()).then(|| payees::payee(treasury, network, to));
    let number = typed.amount.trim();
    let amount = (!number.is_empty()).then(|| read_amount(view, vault, number, typed.asset.trim()));
    let mut answer = LegAnswer {
        to_error: None,
        amount_error: None,
        payee: None,
        address: None,
        grouped: None,
        network_words: None,
        stranger: false,
        first_payment: false,
        look_alike: None,
        amount: None,
    };
    let paid = match paid {
        None => None,
        Some(Ok((payee, address))) => {
            tell_payee(view, payee.as_ref(), &address, &mut answer);
            Some((payee, address))
        }
        Some(Err(error)) => {
            answer.to_error = Some(said(&error.to_string()));
            None
        }
    };
    let amount = match amount {
        None => None,
        Some(Ok(amount)) => {
            answer.amount = Some(money(amount));
            Some(amount)
        }
        Some(Err(why)) => {
            answer.amount_error = Some(sentence(&why));
            None
        }
    };
    let leg = paid.zip(amount).map(|((payee, address), amount)| Leg {
        payee,
        address,
        amount,
    });
    (answer, leg)
}

fn tell_payee(
    view: &View,
    payee: Option<&domain::Name>,
    address: &Address,
    answer: &mut LegAnswer,
) {
    let treasury = view.treasury();
    answer.payee = payee.map(ToString::to_string);
    answer.address = Some(address.to_string());
    answer.grouped = Some(address.grouped());
    answer.network_words = Some(network_words(address.network()));
    answer.stranger = payee.is_none();
    answer.first_payment = !was_paid(treasury, None, address);
    answer.look_alike = look_alike(treasury, address).map(ToString::to_string);
}

fn read_amount(
    view: &View,
    vault: &VaultRecord,
    number: &str,
    symbol: &str,
) -> Result<Amount, String> {
    let known = payees::known(view.treasury(), vault.plan.network());
    let asset: Option<&Asset> = known.iter().find(|asset| asset.symbol() == symbol);
    let Some(asset) = asset else {
        let names: Vec<&str> = known.iter().map(Asset::symbol).collect();
        return Err(format!(
            "`{symbol}` is nothing that this vault can pay; known: {}",
            names.join(", ")
        ));
    };
    let amount = Amount::from_decimal(number, *asset).map_err(|error| error.to_string())?;
    if amount.is_zero() {
        return Err("it pays nothing".to_owned());
    }
    Ok(amount)
}

/// While somebody types, nothing was going to be proposed.
fn said(text: &str) -> String {
    sentence(text.trim_end_matches("; nothing was proposed"))
}

fn totals(amounts: impl Iterator<Item = Amount>) -> Vec<Money> {
    sums(amounts)
        .into_iter()
        .filter_map(|(_, sum)| sum.map(money))
        .collect()
}

/// What the vault held of the one asset that is paid, and whether it is enough.
fn balance(engine: &Engine, vault: domain::VaultId, answer: &mut DraftAnswer) {
    let ([total], Some(holdings)) = (answer.totals.as_slice(), engine.holdings(vault)) else {
        return;
    };
    let held = holdings
        .totals
        .into_iter()
        .find(|held| held.asset == total.asset);
    answer.above_balance = held
        .as_ref()
        .is_some_and(|held| is_more(&total.value, &held.value));
    answer.balance = held;
}

/// Compares two decimal numbers without loss.
fn is_more(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        (
            whole.trim_start_matches('0').to_owned(),
            fraction.trim_end_matches('0').to_owned(),
        )
    };
    let ((a, a_rest), (b, b_rest)) = (parts(a), parts(b));
    (a.len(), &a, &a_rest) > (b.len(), &b, &b_rest)
}

/// What the policy says of something that is not proposed, and what is unusual about it.
fn judge(
    view: &View,
    subject: &Subject,
    officer: Option<&str>,
    lasts: Span,
) -> (PolicyAnswer, Vec<String>) {
    let treasury = view.treasury();
    let named = officer.and_then(|name| {
        treasury
            .officers
            .values()
            .find(|record| record.active && record.officer.name.as_str() == name)
    });
    let any = || treasury.officers.values().find(|record| record.active);
    let Some(initiator) = named.or_else(any) else {
        return (PolicyAnswer::Incomplete, Vec::new());
    };
    let proposal = Proposal {
        subject: subject.clone(),
        expires: view.now.plus(lasts),
        nonce: HexBytes(vec![0; 16]),
    };
    let request = Request {
        proposal: ProposalId::from_bytes([0; 32]),
        subject: &proposal,
        initiator: initiator.officer.id(),
        proposed: view.now,
    };
    let facts = view.replay.facts(treasury, view.now);
    match policy::evaluate(&treasury.adoption.policy, &facts, &request) {
        Verdict::Refused(reasons) => (
            PolicyAnswer::Refused {
                reasons: reasons.iter().map(convert::refusal).collect(),
            },
            unusual(view, None, subject, &[]),
        ),
        Verdict::Requires(clearance) => {
            let words = required(&clearance);
            let unusual = unusual(view, None, subject, clearance.limits());
            let answer = PolicyAnswer::Requires {
                sentence: words.sentence.unwrap_or_default(),
                rule: clearance.rule().to_string(),
                demands: clearance
                    .demands()
                    .iter()
                    .map(|demand| Demand {
                        group: demand.group().to_string(),
                        count: demand.count().get().into(),
                    })
                    .collect(),
                delay: (clearance.delay() > Span::ZERO).then(|| clearance.delay().to_string()),
                ends: convert::time(clearance.ends()),
                limits: clearance.limits().iter().map(convert::limit).collect(),
                own_counts: match clearance.own_approval() {
                    OwnApproval::Counts => true,
                    OwnApproval::DoesNotCount => false,
                },
            };
            (answer, unusual)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers_are_compared_without_loss() {
        for (a, b) in [
            ("1", "0.99999999"),
            ("10", "9"),
            ("0.00000002", "0.00000001"),
            ("0.5", "0.49"),
            (
                "100000000000000000000000000.1",
                "100000000000000000000000000",
            ),
        ] {
            assert!(is_more(a, b) && !is_more(b, a), "{a} {b}");
        }
        for (a, b) in [("1", "1.0"), ("0.50", "0.5"), ("007", "7")] {
            assert!(!is_more(a, b) && !is_more(b, a), "{a} {b}");
        }
    }
}
