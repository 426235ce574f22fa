//! `propose` and `vault create`.

use std::path::Path;

use domain::proposal::{OfficerChange, PolicyChange};
use domain::words::fingerprint;
use domain::{Name, Network, Payout, Subject};
use driver::{Driver, enrolment};
use policy::Policy;
use serde_json::{Map, Value, json};

use super::acted::{self, Turned};
use super::contract::Code;
use crate::args::{
    ProposeAsset, ProposeCancel, ProposeCommand, ProposePayee, ProposePayout, Proposer, VaultCreate,
};
use crate::out::Report;
use crate::terminal::Terminal;
use wording::paper::Paper;
use wording::proposal::{OnChain, Status, judge, sheet, summary, waiting};
use wording::subjects::{Opens, SeatOrder};
use wording::view::View;
use wording::{ids, subjects};

/// `propose ...`.
pub async fn propose(terminal: &Terminal, what: ProposeCommand) -> anyhow::Result<Report> {
    let driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let (subject, by) = match what {
        ProposeCommand::Payout(payout) => {
            let subject = payout_subject(&view, &payout)?;
            return submit_payout(terminal, driver, &view, subject, &payout.by).await;
        }
        ProposeCommand::Batch(batch) => (super::batch::subject(&view, &batch)?, batch.by),
        ProposeCommand::Sweep(sweep) => {
            let drafted = super::sweep::subject(terminal, &driver, &view, &sweep).await?;
            (drafted, sweep.by)
        }
        ProposeCommand::Asset(asset) => (asset_subject(&view, &asset)?, asset.by),
        ProposeCommand::Cancel(cancel) => (cancel_subject(&view, &cancel)?, cancel.by),
        ProposeCommand::Policy { file, by } => (policy_subject(&file)?, by),
        ProposeCommand::Payee(payee) => (payee_subject(&view, &payee)?, payee.by),
        ProposeCommand::Officer { name, suspend, by } => {
            (officer_subject(terminal, &view, &name, suspend)?, by)
        }
        ProposeCommand::Thaw { freezes, by } => (thaw_subject(&view, &freezes)?, by),
    };
    submit(terminal, driver, &view, subject, &by).await
}

/// `vault create`: all seats are on this machine.
pub async fn vault(terminal: &Terminal, what: VaultCreate) -> anyhow::Result<Report> {
    let driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let subject = subjects::vault_plan(
        &view,
        what.name.clone(),
        what.network,
        what.confirmations,
        what.threshold,
        &seats(&what),
    )?;
    let by = Proposer {
        officer: what.officer,
        expires_in: what.expires_in,
    };
    submit(terminal, driver, &view, subject, &by).await
}

async fn submit(
    terminal: &Terminal,
    mut driver: Driver,
    view: &View,
    subject: Subject,
    by: &Proposer,
) -> anyhow::Result<Report> {
    let about = summary(view.treasury(), &subject);
    terminal.out.explain(&format!(
        "Proposing {} {}: {about}",
        article(&subject),
        subject.kind()
    ));
    let mut desk = terminal.desk(view)?;
    let Proposer {
        officer,
        expires_in,
    } = by;
    let id = driver
        .propose(subject, officer, expires_in.0, &mut desk)
        .await?;
    let turned = acted::turn(&mut driver).await;
    report(&View::of(&driver).await?, id, &turned)
}

/// A payout; who is paid on an EVM chain may be a contract, which is said before anybody touches a key
/// and again at the end.
async fn submit_payout(
    terminal: &Terminal,
    driver: Driver,
    view: &View,
    subject: Subject,
    by: &Proposer,
) -> anyhow::Result<Report> {
    let legs = subject.payouts().iter().flat_map(Payout::legs);
    let payee = { legs }.find_map(|leg| leg.address.evm().copied());
    let Some(payee) = payee else {
        return submit(terminal, driver, view, subject, by).await;
    };
    let code = Code::of(&driver, &payee).await?;
    let warning = code.words(&payee);
    if let Some(warning) = &warning {
        terminal.out.explain(warning);
    }
    let mut report = submit(terminal, driver, view, subject, by).await?;
    if let Some(warning) = warning {
        report.text.push_str(&format!("\n{warning}\n"));
    }
    if let Some(object) = report.json.as_object_mut() {
        code.put(object);
    }
    Ok(report)
}

const fn article(subject: &Subject) -> &'static str {
    match subject {
        Subject::Asset(_) | Subject::Officer(_) => "an",
        Subject::Payout(_)
        | Subject::Policy(_)
        | Subject::Payee(_)
        | Subject::Thaw(_)
        | Subject::Vault(_)
        | Subject::Machine(_)
        | Subject::Batch(_)
        | Subject::Sweep(_)
        | Subject::Cancel(_) => "a",
    }
}

/// The new proposal whole, and what it waits for.
pub fn report(view: &View, id: domain::ProposalId, turned: &Turned) -> anyhow::Result<Report> {
    let record = acted::record(view, id)?;
    let mut paper = Paper::default();
    paper.line(sheet(view, id, record, &OnChain::Nothing));
    turned.tell(view, &mut paper);
    if !Status::of(record).is_final() {
        paper.gap();
        paper.line(format!(
            "Next: countersign approve {} --as OFFICER",
            id.short()
        ));
    }
    let mut json = Map::new();
    let mut put = |name: &str, value: Value| json.insert(name.to_owned(), value);
    put("proposal", json!(id.to_string()));
    put("words", json!(fingerprint(id)));
    put("kind", json!(record.proposal.subject.kind()));
    put(
        "summary",
        json!(summary(view.treasury(), &record.proposal.subject)),
    );
    put("demands", json!(judge(view, id).demands));
    put("status", json!(Status::of(record).word()));
    put("missing", json!(waiting(view, id, record)));
    turned.put(&mut json);
    Ok(Report {
        text: paper.text(),
        json: Value::Object(json),
        ended: turned.ended(),
    })
}

fn payout_subject(view: &View, what: &ProposePayout) -> anyhow::Result<Subject> {
    let (legs, fee_cap) = (&what.legs, what.fee_cap.as_ref());
    subjects::payout(view, &what.vault, legs, fee_cap, what.memo.clone())
}

fn cancel_subject(view: &View, what: &ProposeCancel) -> anyhow::Result<Subject> {
    let id = ids::proposal(view.treasury(), &what.id)?;
    subjects::cancel(view, id, what.fee_cap.as_ref())
}

fn asset_subject(view: &View, what: &ProposeAsset) -> anyhow::Result<Subject> {
    let contract = what.contract.as_deref();
    subjects::asset(view, what.chain, contract, what.symbol, what.decimals)
}

fn policy_subject(file: &Path) -> anyhow::Result<Subject> {
    let text = super::look::read_text(file)?;
    Policy::parse(&text)
        .map_err(|error| anyhow::anyhow!("{}: {error}; nothing was proposed", file.display()))?;
    Ok(Subject::Policy(PolicyChange { text }))
}

fn payee_subject(view: &View, what: &ProposePayee) -> anyhow::Result<Subject> {
    let name = what.name.clone();
    let Some(address) = &what.address else {
        return subjects::payee_removal(view, name);
    };
    let network = match what.network {
        Some(network) => network,
        None => only_network(view)?,
    };
    subjects::payee(name, address, network)
}

fn only_network(view: &View) -> anyhow::Result<Network> {
    match view.treasury().founding.networks.as_slice() {
        [only] => Ok(*only),
        more => {
            let names: Vec<String> = more.iter().map(Network::to_string).collect();
            anyhow::bail!(
                "the treasury has several networks: say with --network which the address is of ({})",
                names.join(", ")
            )
        }
    }
}

fn officer_subject(
    terminal: &Terminal,
    view: &View,
    name: &Name,
    suspend: bool,
) -> anyhow::Result<Subject> {
    if !suspend {
        let officer = enrolment(&terminal.home, name)?;
        return Ok(Subject::Officer(OfficerChange::Add(Box::new(officer))));
    }
    subjects::suspension(view, name)
}

fn thaw_subject(view: &View, freezes: &[String]) -> anyhow::Result<Subject> {
    let freezes = freezes
        .iter()
        .map(|text| ids::freeze(view.treasury(), text))
        .collect::<anyhow::Result<Vec<_>>>()?;
    subjects::thaw(view, freezes)
}

/// Seats in the order device, hardware, recovery.
fn seats(what: &VaultCreate) -> Vec<SeatOrder> {
    let device = what.devices.iter().map(|name| SeatOrder {
        name: name.clone(),
        opens: Opens::Keyring,
    });
    let hardware = what.hardware.iter().map(|seat| SeatOrder {
        name: seat.name.clone(),
        opens: Opens::AnyOf(seat.officers.clone()),
    });
    let recovery = what.recovery.iter().map(|seat| SeatOrder {
        name: seat.name.clone(),
        opens: Opens::Together(seat.pieces, seat.officers.clone()),
    });
    device.chain(hardware).chain(recovery).collect()
}
