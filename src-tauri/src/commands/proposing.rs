//! Proposing: an officer signs with PIN and touch, at the PIN window. Nothing here approves.

use domain::proposal::{OfficerChange, PolicyChange};
use domain::{ChainId, EntryId, Span, Subject, Symbol};
use driver::enrolment;
use policy::Policy;
use tauri::State;
use wording::payees;
use wording::subjects::{self, Opens, SeatOrder, TableProblem};
use wording::view::View;
use wording::written::PayLeg;

use crate::app::{App, LASTS};
use crate::commands::drafts::{fee_cap_text, lasts, note};
use crate::convert::{id as read_id, name, network as read_network};
use crate::dto::{Draft, SeatDraft, SeatKindWord, VaultDraft};
use crate::problem::{Answer, Code, Problem};

/// Changes of governance can be decided for this long.
pub const GOVERNANCE_LASTS: Span = Span::from_secs(14 * 86_400);

/// Proposes a payout.
#[tauri::command]
#[specta::specta]
pub async fn propose_payout(app: State<'_, App>, draft: Draft, officer: String) -> Answer<String> {
    let view = app.engine()?.view();
    let vault = name("vault", &draft.vault)?;
    let legs = draft
        .legs
        .iter()
        .map(|leg| {
            let amount = format!("{} {}", leg.amount.trim(), leg.asset.trim());
            let amount = amount
                .parse()
                .map_err(|error: String| Problem::input("legs", error))?;
            Ok(PayLeg {
                to: leg.to.trim().to_owned(),
                amount,
            })
        })
        .collect::<Answer<Vec<PayLeg>>>()?;
    let fee_cap = fee_cap_text(&view, &vault, draft.fee_cap.as_deref())?;
    let subject = subjects::payout(&view, &vault, &legs, fee_cap.as_ref(), note(&draft.memo)?)
        .map_err(|error| Problem::draft(&error))?;
    app.propose(subject, &name("officer", &officer)?, lasts(&draft))
        .await
}

/// Proposes a table of payouts: on an EVM chain as a batch, on Bitcoin as one payout.
#[tauri::command]
#[specta::specta]
pub async fn propose_table(
    app: State<'_, App>,
    vault: String,
    csv: String,
    fee_cap: Option<String>,
    memo: String,
    officer: String,
) -> Answer<String> {
    let view = app.engine()?.view();
    let vault = name("vault", &vault)?;
    let fee_cap = fee_cap_text(&view, &vault, fee_cap.as_deref())?;
    let read = subjects::batch(
        &view,
        &vault,
        csv.as_bytes(),
        fee_cap.as_ref(),
        &note(&memo)?,
    );
    let table = read.map_err(|problem| match problem {
        TableProblem::Other(error) => Problem::draft(&error),
        TableProblem::Lines(bad) => {
            let lines: Vec<String> = bad.iter().map(ToString::to_string).collect();
            Problem::input(
                "csv",
                format!(
                    "nothing was proposed; mend these lines first: {}",
                    lines.join("; ")
                ),
            )
        }
    })?;
    app.propose(table.subject, &name("officer", &officer)?, LASTS)
        .await
}

/// Proposes that what lies on a vault's own addresses is collected in its main one, as its node shows it
/// now.
#[tauri::command]
#[specta::specta]
pub async fn propose_sweep(
    app: State<'_, App>,
    vault: String,
    asset: Option<String>,
    memo: String,
    officer: String,
) -> Answer<String> {
    let engine = app.engine()?;
    let view = engine.view();
    let (vault, memo) = (name("vault", &vault)?, note(&memo)?);
    let (_, record) = subjects::vault(&view, &vault).map_err(|error| Problem::draft(&error))?;
    let known = payees::known(view.treasury(), record.plan.network());
    let only = asset
        .map(|symbol| {
            known
                .iter()
                .copied()
                .find(|known| known.symbol() == symbol)
                .ok_or_else(|| Problem::input("asset", "the vault can't hold this"))
        })
        .transpose()?;
    let drafted = engine.own_driver()?.draft_sweep(&vault, only, memo).await?;
    app.propose(
        Subject::Sweep(drafted.sweep),
        &name("officer", &officer)?,
        LASTS,
    )
    .await
}

async fn govern(app: &App, subject: Subject, officer: &str) -> Answer<String> {
    app.propose(subject, &name("officer", officer)?, GOVERNANCE_LASTS)
        .await
}

fn drafted(subject: anyhow::Result<Subject>) -> Answer<Subject> {
    subject.map_err(|error| Problem::draft(&error))
}

/// Proposes a payee, or that one is paid elsewhere from then on.
#[tauri::command]
#[specta::specta]
pub async fn propose_payee(
    app: State<'_, App>,
    name: String,
    address: String,
    network: String,
    officer: String,
) -> Answer<String> {
    let payee = crate::convert::name("name", &name)?;
    let subject = subjects::payee(payee, address.trim(), read_network(&network)?)
        .map_err(|error| Problem::draft(&error).field("address"))?;
    govern(&app, subject, &officer).await
}

/// Proposes that a payee leaves the address book.
#[tauri::command]
#[specta::specta]
pub async fn propose_payee_removal(
    app: State<'_, App>,
    name: String,
    officer: String,
) -> Answer<String> {
    let view = app.engine()?.view();
    let payee = crate::convert::name("name", &name)?;
    govern(
        &app,
        drafted(subjects::payee_removal(&view, payee))?,
        &officer,
    )
    .await
}

/// Proposes another policy.
#[tauri::command]
#[specta::specta]
pub async fn propose_policy(app: State<'_, App>, text: String, officer: String) -> Answer<String> {
    Policy::parse(&text)
        .map_err(|error| Problem::input("text", format!("{error}; nothing was proposed")))?;
    govern(&app, Subject::Policy(PolicyChange { text }), &officer).await
}

/// Proposes that somebody who is enrolled on this machine joins.
#[tauri::command]
#[specta::specta]
pub async fn propose_officer(app: State<'_, App>, name: String, officer: String) -> Answer<String> {
    let joins = enrolment(&app.home, &crate::convert::name("name", &name)?)?;
    let subject = Subject::Officer(OfficerChange::Add(Box::new(joins)));
    govern(&app, subject, &officer).await
}

/// Proposes that an officer may act no more.
#[tauri::command]
#[specta::specta]
pub async fn propose_suspension(
    app: State<'_, App>,
    name: String,
    officer: String,
) -> Answer<String> {
    let view = app.engine()?.view();
    let who = crate::convert::name("name", &name)?;
    govern(&app, drafted(subjects::suspension(&view, &who))?, &officer).await
}

/// Proposes a vault.
#[tauri::command]
#[specta::specta]
pub async fn propose_vault(
    app: State<'_, App>,
    draft: VaultDraft,
    officer: String,
) -> Answer<String> {
    let view = app.engine()?.view();
    let subject = vault_subject(&view, &draft)?;
    govern(&app, subject, &officer).await
}

fn vault_subject(view: &View, draft: &VaultDraft) -> Answer<Subject> {
    let seats = draft
        .seats
        .iter()
        .map(seat_order)
        .collect::<Answer<Vec<_>>>()?;
    drafted(subjects::vault_plan(
        view,
        name("name", &draft.name)?,
        read_network(&draft.network)?,
        draft.confirmations,
        draft.threshold,
        &seats,
    ))
}

fn seat_order(seat: &SeatDraft) -> Answer<SeatOrder> {
    let officers = seat
        .officers
        .iter()
        .map(|officer| name("seats", officer))
        .collect::<Answer<Vec<_>>>()?;
    let opens = match (seat.kind, seat.pieces) {
        (SeatKindWord::Device, _) => Opens::Keyring,
        (SeatKindWord::Hardware, _) => Opens::AnyOf(officers),
        (SeatKindWord::Recovery, Some(pieces)) => Opens::Together(pieces, officers),
        (SeatKindWord::Recovery, None) => {
            return Err(Problem::input(
                "seats",
                "a recovery seat needs to know how many officers open it together",
            ));
        }
    };
    Ok(SeatOrder {
        name: name("seats", &seat.name)?,
        opens,
    })
}

/// Proposes that a coin or token becomes known.
#[tauri::command]
#[specta::specta]
pub async fn propose_asset(
    app: State<'_, App>,
    chain_id: String,
    contract: Option<String>,
    symbol: String,
    places: u8,
    officer: String,
) -> Answer<String> {
    let view = app.engine()?.view();
    let chain = chain(&chain_id)?;
    let symbol = Symbol::new(symbol.trim()).map_err(|error| Problem::input("symbol", error))?;
    let contract = contract
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let subject = drafted(subjects::asset(&view, chain, contract, symbol, places))?;
    govern(&app, subject, &officer).await
}

/// A chain's number as typed.
pub fn chain(text: &str) -> Answer<ChainId> {
    let number = text
        .trim()
        .parse::<u64>()
        .map_err(|_| Problem::input("chain_id", "this is no chain's number"))?;
    ChainId::new(number).map_err(|error| Problem::input("chain_id", error))
}

/// Proposes that freezes are lifted; all in force where none is named.
#[tauri::command]
#[specta::specta]
pub async fn propose_thaw(
    app: State<'_, App>,
    freezes: Vec<String>,
    officer: String,
) -> Answer<String> {
    let view = app.engine()?.view();
    let freezes = freezes
        .iter()
        .map(|id| {
            id.parse::<EntryId>()
                .map_err(|_| Problem::input("freezes", "this is no freeze's id"))
        })
        .collect::<Answer<Vec<_>>>()?;
    govern(&app, drafted(subjects::thaw(&view, freezes))?, &officer).await
}

/// Proposes that a payout is cancelled by a transaction that pays nobody.
#[tauri::command]
#[specta::specta]
pub async fn propose_cancel(
    app: State<'_, App>,
    payout: String,
    fee_cap: Option<String>,
    officer: String,
) -> Answer<String> {
    let view = app.engine()?.view();
    let id = read_id(&payout)?;
    let vault = view
        .treasury()
        .payout(id)
        .and_then(|(_, payout)| view.treasury().vaults.get(&payout.vault()))
        .map(|vault| vault.plan.name().clone());
    let fee_cap = match vault {
        Some(vault) => fee_cap_text(&view, &vault, fee_cap.as_deref())?,
        None => None,
    };
    let subject = drafted(subjects::cancel(&view, id, fee_cap.as_ref()))?;
    govern(&app, subject, &officer).await
}

/// Plans the next version of a payout, at a higher fee within the cap that was approved.
#[tauri::command]
#[specta::specta]
pub async fn bump(app: State<'_, App>, id: String) -> Answer<()> {
    let engine = app.engine()?;
    let id = read_id(&id)?;
    if engine.view().treasury().payout(id).is_none() {
        return Err(Problem::new(Code::NotNow, "only a payout's fee is raised"));
    }
    engine.own_driver()?.bump(id).await?;
    engine.look().await;
    engine.wake();
    Ok(())
}

/// An officer confirms that this machine's clock is right after a jump.
#[tauri::command]
#[specta::specta]
pub async fn confirm_clock(app: State<'_, App>, officer: String) -> Answer<()> {
    let engine = app.engine()?;
    let class = engine.view().treasury().founding.class;
    let visit = app.visit()?;
    let mut desk = app.desk(class, &visit)?;
    engine
        .own_driver()?
        .confirm_clock(&name("officer", &officer)?, &mut desk)
        .await?;
    engine.wake();
    Ok(())
}
