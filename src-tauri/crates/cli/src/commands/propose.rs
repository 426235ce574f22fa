//! `propose` and `vault create`.

use std::path::Path;

use domain::proposal::{Cancel, OfficerChange, PayeeChange, PolicyChange, Thaw};
use domain::words::fingerprint;
use domain::{
    Address, Coin, EvmAddress, Name, Network, Payout, Seat, SeatId, SeatKind, Subject, VaultPlan,
};
use driver::{Driver, enrolment};
use policy::Policy;
use serde_json::{Map, Value, json};

use super::acted::{self, Turned};
use super::contract::Code;
use crate::args::{
    ProposeAsset, ProposeCancel, ProposeCommand, ProposePayee, ProposePayout, Proposer, VaultCreate,
};
use crate::out::Report;
use crate::paper::Paper;
use crate::proposal::{OnChain, Status, judge, sheet, summary, waiting};
use crate::terminal::Terminal;
use crate::view::View;
use crate::{ids, payees};

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
    let plan = VaultPlan::new(
        what.name.clone(),
        what.network,
        what.confirmations,
        what.threshold,
        seats(&view, &what)?,
    )?;
    let by = Proposer {
        officer: what.officer,
        expires_in: what.expires_in,
    };
    submit(terminal, driver, &view, Subject::Vault(plan), &by).await
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
    let (id, vault) = super::vault::named(view, &what.vault)?;
    if vault.key().is_none() {
        anyhow::bail!(
            "vault {} has no key yet, so it holds nothing; generate it with `countersign vault keygen {}`",
            what.vault,
            what.vault
        );
    }
    let legs = payees::legs(view.treasury(), id, vault, &what.legs)?;
    let fee_cap = payees::fee_cap(view.treasury(), vault.plan.network(), what.fee_cap.as_ref())?;
    let payout = Payout::new(id, legs, fee_cap, what.memo.clone())
        .map_err(|error| anyhow::anyhow!("{error}; nothing was proposed"))?;
    Ok(Subject::Payout(payout))
}

fn asset_subject(view: &View, what: &ProposeAsset) -> anyhow::Result<Subject> {
    let network = Network::Evm(what.chain);
    let networks = &view.treasury().founding.networks;
    if !networks.contains(&network) {
        let names: Vec<String> = networks.iter().map(Network::to_string).collect();
        anyhow::bail!(
            "this treasury has nothing on {network}; its networks were fixed when it was founded: {}; nothing was proposed",
            names.join(", ")
        );
    }
    let contract = what
        .contract
        .as_deref()
        .map(|text| EvmAddress::parse(text, what.chain))
        .transpose()
        .map_err(|error| anyhow::anyhow!("the token's contract: {error}; nothing was proposed"))?;
    let coin = Coin::new(what.chain, contract, what.symbol, what.decimals)
        .map_err(|error| anyhow::anyhow!("{error}; nothing was proposed"))?;
    Ok(Subject::Asset(coin))
}

fn cancel_subject(view: &View, what: &ProposeCancel) -> anyhow::Result<Subject> {
    let treasury = view.treasury();
    let id = ids::proposal(treasury, &what.id)?;
    let named = acted::the(view, id);
    let Some((record, payout)) = treasury.payout(id) else {
        anyhow::bail!("{named} is no payout: only a payout is cancelled; nothing was proposed");
    };
    match record.stage() {
        Some(stage) if stage.is_final() => anyhow::bail!(
            "{named} is {} already: there is nothing left to cancel; nothing was proposed",
            Status::of(record).word()
        ),
        Some(_) if !record.is_open() => {}
        Some(_) | None => match Status::of(record) {
            Status::Declined | Status::Lapsed => anyhow::bail!(
                "{named} is {} already, and nothing of it was ever signed; nothing was proposed",
                Status::of(record).word()
            ),
            _ => anyhow::bail!(
                "nothing of {named} is signed yet, so one officer ends it: countersign decline {} --as OFFICER; nothing was proposed",
                id.short()
            ),
        },
    }
    let network = treasury
        .vaults
        .get(&payout.vault())
        .map(|vault| vault.plan.network());
    let fee_cap = match (&what.fee_cap, network) {
        (Some(written), Some(network)) => {
            payees::fee_amount(payout.fee_cap().asset(), network, written)?
        }
        (_, _) => payout.fee_cap(),
    };
    Ok(Subject::Cancel(Cancel {
        payout: id,
        fee_cap,
    }))
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
        if !view.treasury().payees.contains_key(&name) {
            anyhow::bail!("there is no payee `{name}` in the address book; nothing was proposed");
        }
        return Ok(Subject::Payee(PayeeChange::Remove { name }));
    };
    let network = match what.network {
        Some(network) => network,
        None => only_network(view)?,
    };
    let address = Address::parse(address, network)
        .map_err(|error| anyhow::anyhow!("{error}; nothing was proposed"))?;
    Ok(Subject::Payee(PayeeChange::Set { name, address }))
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
    let officer = super::decide::officer(view, name)?;
    Ok(Subject::Officer(OfficerChange::Suspend(officer.id())))
}

fn thaw_subject(view: &View, freezes: &[String]) -> anyhow::Result<Subject> {
    let treasury = view.treasury();
    if treasury.freezes.is_empty() {
        anyhow::bail!("nothing is frozen, so there is nothing to lift; nothing was proposed");
    }
    let freezes = if freezes.is_empty() {
        treasury.freezes.keys().copied().collect()
    } else {
        freezes
            .iter()
            .map(|text| ids::freeze(treasury, text))
            .collect::<anyhow::Result<Vec<_>>>()?
    };
    Ok(Subject::Thaw(Thaw { freezes }))
}

/// Seats in the order device, hardware, recovery, numbered from 1.
fn seats(view: &View, what: &VaultCreate) -> anyhow::Result<Vec<Seat>> {
    let ids = |names: &[Name]| -> anyhow::Result<Vec<domain::OfficerId>> {
        names
            .iter()
            .map(|name| Ok(super::decide::officer(view, name)?.id()))
            .collect()
    };
    let mut kinds = Vec::new();
    for name in &what.devices {
        kinds.push((name.clone(), SeatKind::Device));
    }
    for seat in &what.hardware {
        let officers = ids(&seat.officers)?;
        kinds.push((seat.name.clone(), SeatKind::Hardware { officers }));
    }
    for seat in &what.recovery {
        let (officers, pieces) = (ids(&seat.officers)?, seat.pieces);
        kinds.push((seat.name.clone(), SeatKind::Recovery { officers, pieces }));
    }
    kinds
        .into_iter()
        .zip(1_u16..)
        .map(|((name, kind), number)| {
            Ok(Seat {
                id: SeatId::new(number)?,
                name,
                machine: view.machine,
                kind,
            })
        })
        .collect()
}
