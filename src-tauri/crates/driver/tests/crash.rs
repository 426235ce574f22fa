//! Rule 3, one payout, at most one payment: the process is killed at every named point and started
//! again. A child process does the work and aborts at the point; what it leaves is the disk, the
//! keyring, the cards and the chain.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::evm::{DOLLAR, ETHER, Tokens, payee};
use common::{Acme, Typist, name};
use domain::{EvmAddress, Note, ProposalId, Subject, Sweep};
use driver::{Crash, CrashPoint, Driver, Event, Home, Surroundings, SystemClock, YubiKeys};
use keys::Cards;
use treasury::{Decision, PayoutStage};

const HOME: &str = "COUNTERSIGN_TEST_CRASH_HOME";
const POINT: &str = "COUNTERSIGN_TEST_CRASH_POINT";
const WORK: &str = "COUNTERSIGN_TEST_CRASH_WORK";
/// What `abort` ends a process by.
const SIGABRT: i32 = 6;
/// Before a payout's id: it is to be bumped.
const BUMP: &str = "bump ";

const PAYOUT_POINTS: [CrashPoint; 12] = [
    CrashPoint::BeforeAppend,
    CrashPoint::AfterAppend,
    CrashPoint::PlanBuilt,
    CrashPoint::PlanAppended,
    CrashPoint::ReleaseAppended,
    CrashPoint::SeatOpened,
    CrashPoint::SigningStarted,
    CrashPoint::SignatureMade,
    CrashPoint::SignedAppended,
    CrashPoint::Sent,
    CrashPoint::BroadcastAppended,
    CrashPoint::ConfirmationSeen,
];

/// Where a payment could come out twice, or not at all: always tried. The others are tried in the long
/// run as well.
fn points() -> Vec<CrashPoint> {
    if std::env::var_os("COUNTERSIGN_LONG").is_some() {
        return PAYOUT_POINTS.to_vec();
    }
    vec![
        CrashPoint::SignatureMade,
        CrashPoint::SignedAppended,
        CrashPoint::Sent,
    ]
}

const KEYGEN_POINTS: [CrashPoint; 4] = [
    CrashPoint::KeygenStarted,
    CrashPoint::KeyShared,
    CrashPoint::SharesSealed,
    CrashPoint::VaultReadyAppended,
];

#[test]
fn every_crash_point_is_killed_at() {
    let mut tested: Vec<CrashPoint> = PAYOUT_POINTS.into_iter().chain(KEYGEN_POINTS).collect();
    tested.sort();
    let mut all = CrashPoint::ALL.to_vec();
    all.sort();
    assert_eq!(tested, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_killed_at_every_point_of_a_payout_exactly_one_payment_confirms() {
    let mut acme = Acme::with_vault().await;
    for point in PAYOUT_POINTS {
        acme.fund("0.5").await;
        let id = acme.approved_payout(&["0.05"]).await;
        let before = acme
            .driver
            .view()
            .await
            .unwrap()
            .treasury()
            .unwrap()
            .sequence;
        let mut child = child(&acme, point, &id.to_string());
        while child.try_wait().unwrap().is_none() {
            if !acme.mempool().is_empty() {
                acme.node.mine(2).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        was_killed(&mut child, point);
        acme.reopen();
        let replay = acme
            .driver
            .view()
            .await
            .expect("the journal opens and verifies");
        assert!(
            replay.treasury().unwrap().sequence >= before,
            "nothing acknowledged is lost"
        );
        finish(&mut acme, id, point, &|acme| {
            drop(acme.node.mine(2).unwrap())
        })
        .await;
        assert_eq!(
            payments(&acme, id).await,
            1,
            "{}: exactly one payment",
            point.name()
        );
    }
}

/// Goes on as officers would after a crash: another release where the seat's share is gone.
async fn finish(acme: &mut Acme, id: ProposalId, point: CrashPoint, mine: &dyn Fn(&Acme)) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(
            Instant::now() < deadline,
            "{}: the payout does not end",
            point.name()
        );
        let events = acme.turn().await;
        let trouble = |e: &Event| {
            matches!(
                e,
                Event::NotSigned(..) | Event::Froze(_) | Event::NotBroadcast(..)
            )
        };
        assert!(!events.iter().any(trouble), "{}: {events:?}", point.name());
        match stage(acme, id).await {
            None | Some(PayoutStage::Signing(..)) => {}
            Some(PayoutStage::Planned(_) | PayoutStage::Aborted(..)) => {
                acme.release(id, &["Alice"]).await.unwrap();
            }
            Some(PayoutStage::Signed { .. }) => mine(acme),
            Some(PayoutStage::Confirmed { .. }) => return,
            Some(PayoutStage::Replaced { .. } | PayoutStage::Reverted { .. }) => {
                panic!("{}: replaced", point.name())
            }
        }
    }
}

async fn stage(acme: &Acme, id: ProposalId) -> Option<PayoutStage> {
    let replay = acme.driver.view().await.unwrap();
    match &replay.treasury().unwrap().proposals[&id].decision {
        Decision::Payout(stage) => Some(stage.as_ref().clone()),
        _ => None,
    }
}

/// Outputs on the whole chain that pay the payout's payee, counted on the node.
async fn payments(acme: &Acme, id: ProposalId) -> usize {
    let replay = acme.driver.view().await.unwrap();
    let (_, payout) = replay.treasury().unwrap().payout(id).unwrap();
    let address = payout.legs()[0].address.to_string();
    let mut paid = 0;
    for height in 0..=acme.node.height().unwrap() {
        let hash: String = acme.node.call("getblockhash", &[height.into()]).unwrap();
        let block: serde_json::Value = acme
            .node
            .call("getblock", &[hash.into(), 2.into()])
            .unwrap();
        for transaction in block["tx"].as_array().unwrap() {
            let outputs = transaction["vout"].as_array().unwrap();
            paid += outputs
                .iter()
                .filter(|output| output["scriptPubKey"]["address"] == address.as_str())
                .count();
        }
    }
    paid
}

/// Kills a child at a point of its work, while its payout's transactions are mined as they come; then
/// goes on to the payout's end.
async fn killed(
    tokens: &mut Tokens,
    point: CrashPoint,
    work: &str,
    id: ProposalId,
    out: &[String],
) {
    let before = tokens.sequence().await;
    let mut child = child(&tokens.acme, point, work);
    let account = tokens.account.to_string();
    while child.try_wait().unwrap().is_none() {
        let waiting = tokens.anvil.waiting_from(&account).unwrap();
        if !waiting.is_empty() && waiting != out {
            tokens.anvil.mine(2).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    was_killed(&mut child, point);
    tokens.reopen();
    assert!(
        tokens.sequence().await >= before,
        "nothing acknowledged is lost"
    );
    let Tokens { acme, anvil, .. } = tokens;
    finish(acme, id, point, &|_| anvil.mine(2).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_killed_at_every_point_of_a_payout_on_an_evm_chain_exactly_one_payment_confirms() {
    let mut tokens = Tokens::found().await;
    for point in points() {
        let to = payee();
        let id = tokens.approved(to, "0.05 ETH").await;
        killed(&mut tokens, point, &id.to_string(), id, &[]).await;
        assert_eq!(tokens.paid(to), 1, "{}: exactly one payment", point.name());
        assert_eq!(tokens.balance(to), ETHER / 20);
    }
    assert_eq!(tokens.mined().len(), points().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_killed_at_every_point_of_a_bump_exactly_one_payment_confirms() {
    let mut tokens = Tokens::found().await;
    for point in points() {
        let to = payee();
        let id = tokens.approved(to, "10 USDC").await;
        let first = tokens.sent(id).await.to_string();
        killed(&mut tokens, point, &format!("{BUMP}{id}"), id, &[first]).await;
        assert_eq!(tokens.paid(to), 1, "{}: exactly one payment", point.name());
        assert_eq!(tokens.dollars(to), 10 * DOLLAR);
    }
    assert_eq!(tokens.mined().len(), points().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_killed_at_every_point_of_a_cancel_nobody_is_paid() {
    let mut tokens = Tokens::found().await;
    for point in points() {
        let to = payee();
        let id = tokens.approved(to, "0.05 ETH").await;
        let first = tokens.sent(id).await.to_string();
        let cancel = tokens.cancel_wanted(id).await;
        tokens.approve(cancel, "Bob").await.unwrap();
        killed(&mut tokens, point, &cancel.to_string(), id, &[first]).await;
        assert_eq!(tokens.paid(to), 0, "{}: nobody is paid", point.name());
    }
    assert_eq!(tokens.mined().len(), points().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_killed_at_every_point_of_a_batch_each_payout_is_made_once() {
    let mut tokens = Tokens::found().await;
    for point in points() {
        let to: Vec<_> = (0..3).map(|_| payee()).collect();
        let subject = tokens.batch(&to, "1 USDC").await;
        let id = tokens.propose("Carol", subject).await.unwrap();
        tokens.approve(id, "Alice").await.unwrap();
        tokens.approve(id, "Bob").await.unwrap();
        let from = [tokens.account];
        let all_paid = |tokens: &Tokens| to.iter().all(|to| tokens.paid(*to) > 0);
        killed_together(&mut tokens, point, id, &from, &all_paid).await;
        for to in to {
            assert_eq!(tokens.paid(to), 1, "{}: exactly one payment", point.name());
        }
    }
    assert_eq!(tokens.mined().len(), 3 * points().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_killed_at_every_point_of_a_sweep_each_transfer_is_made_once() {
    let mut tokens = Tokens::found().await;
    let contract = tokens.usdc.contract().unwrap().to_string();
    for (number, point) in (0..).zip(points()) {
        // One has ether, the other tokens alone, so that gas goes ahead.
        let mut from = Vec::new();
        for account in [2 * number + 1, 2 * number + 2] {
            let shown = tokens.driver.address(&name("Tokens"), Some(account)).await;
            from.push(*shown.unwrap().1.evm().unwrap());
        }
        tokens.anvil.fund(&from[0].to_string(), ETHER).unwrap();
        let holder = from[1].to_string();
        { tokens.anvil.mint_token(&contract, &holder, DOLLAR) }.unwrap();
        let memo = Note::new("deposits").unwrap();
        let draft = tokens.driver.draft_sweep(&name("Tokens"), None, memo).await;
        // What earlier rounds left as room for fees stays out of it.
        let sweep = draft.unwrap().sweep;
        let fresh = { sweep.transfers().iter() }
            .filter(|one| one.from.max(one.to) > 2 * number)
            .copied();
        let sweep = Sweep::new(sweep.vault(), fresh.collect(), sweep.memo().clone()).unwrap();
        let id = tokens
            .propose("Carol", Subject::Sweep(sweep))
            .await
            .unwrap();
        tokens.approve(id, "Alice").await.unwrap();
        tokens.approve(id, "Bob").await.unwrap();
        from.push(tokens.account);
        let holder = from[1];
        let collected = |tokens: &Tokens| {
            let left = tokens.balance(from[0]);
            left < ETHER / 100 && tokens.dollars(holder) == 0
        };
        killed_together(&mut tokens, point, id, &from, &collected).await;
        for from in &from[..2] {
            let sent = tokens
                .anvil
                .transactions_from(&from.to_string().to_lowercase());
            assert_eq!(sent.unwrap().len(), 1, "{}: exactly one", point.name());
        }
    }
    let gas = tokens.mined();
    assert_eq!(gas.len(), points().len(), "gas was sent once each time");
}

/// Kills a child at a point of its work on a batch or sweep, then goes on as officers would until it is
/// done; what waits is mined as it comes.
async fn killed_together(
    tokens: &mut Tokens,
    point: CrashPoint,
    id: ProposalId,
    from: &[EvmAddress],
    done: &dyn Fn(&Tokens) -> bool,
) {
    let mut child = child(&tokens.acme, point, &id.to_string());
    while child.try_wait().unwrap().is_none() {
        let waits = |from: &EvmAddress| {
            let waiting = tokens.anvil.waiting_from(&from.to_string());
            !waiting.unwrap().is_empty()
        };
        if from.iter().any(waits) {
            tokens.anvil.mine(2).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    was_killed(&mut child, point);
    tokens.reopen();
    let deadline = Instant::now() + Duration::from_secs(120);
    while !done(tokens) {
        assert!(
            Instant::now() < deadline,
            "{}: it does not end",
            point.name()
        );
        tokens.turn().await;
        let replay = tokens.driver.view().await.unwrap();
        if !replay.treasury().unwrap().plans_to_release(id).is_empty() {
            tokens.release(id, &["Alice"]).await.unwrap();
            tokens.turn().await;
        }
        tokens.anvil.mine(2).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_1_killed_at_every_point_of_key_generation_nothing_of_it_is_used() {
    let mut acme = Acme::found().await;
    for (number, point) in KEYGEN_POINTS.into_iter().enumerate() {
        let vault = format!("Vault {number}");
        let plan = acme.vault_plan(&vault).await;
        acme.govern(Subject::Vault(plan)).await;
        let mut child = child(&acme, point, &vault);
        was_killed(&mut child, point);
        acme.reopen();
        acme.turn().await;
        let ready = acme.driver.address(&name(&vault), None).await.is_ok();
        assert_eq!(
            ready,
            point == CrashPoint::VaultReadyAppended,
            "{}",
            point.name()
        );
        if !ready {
            acme.driver
                .keygen(&name(&vault), &mut acme.desk)
                .await
                .unwrap();
            acme.driver.address(&name(&vault), None).await.unwrap();
        }
    }
}

fn child(acme: &Acme, point: CrashPoint, work: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "work_until_killed", "--ignored", "--nocapture"])
        .env(HOME, acme.driver.home().root())
        .env(POINT, point.name())
        .env(WORK, work)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// By [`KillAt`], and not by a test's failure before the point.
fn was_killed(child: &mut Child, point: CrashPoint) {
    let ended = child.wait().unwrap();
    assert_eq!(ended.signal(), Some(SIGABRT), "{}: {ended}", point.name());
    println!("killed at {}", point.name());
}

struct KillAt(CrashPoint);

impl Crash for KillAt {
    fn reach(&self, point: CrashPoint) {
        if point == self.0 {
            // As `kill -9`: no destructor runs, nothing is flushed.
            std::process::abort();
        }
    }
}

/// The child: opens the treasury and works until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the part of a child process; the tests above start it"]
async fn work_until_killed() {
    let point = std::env::var(POINT).unwrap();
    let point = CrashPoint::ALL
        .into_iter()
        .find(|p| p.name() == point)
        .unwrap();
    let work = std::env::var(WORK).unwrap();
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock),
        crash: Arc::new(KillAt(point)),
    };
    let mut driver = Driver::open(Home::at(std::env::var_os(HOME).unwrap()), surroundings).unwrap();
    let mut desk = YubiKeys::new(Cards::connect().unwrap(), Typist);
    let bump = work.strip_prefix(BUMP);
    let Ok(id) = bump.unwrap_or(&work).parse::<ProposalId>() else {
        driver.keygen(&name(&work), &mut desk).await.unwrap();
        return;
    };
    driver.turn().await.unwrap();
    if bump.is_some() {
        driver.bump(id).await.unwrap();
    }
    driver
        .release(id, None, &[name("Bob")], &mut desk)
        .await
        .unwrap();
    for _ in 0..600 {
        driver.turn().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
