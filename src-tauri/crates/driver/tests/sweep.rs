//! Sweeps on real parts: what came in on many addresses is collected in the vault's main one, and
//! nowhere else.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use common::evm::{DOLLAR, ETHER, Tokens, parse, payee};
use common::{Acme, name};
use domain::{Amount, Asset, Batch, EvmAddress, Note, ProposalId, Subject, Sweep, Transfer, U256};
use driver::{DriverError, Event};
use treasury::{IllegalEntry, PayoutStage};

async fn deposit(tokens: &Tokens, account: u32) -> EvmAddress {
    let shown = tokens.driver.address(&name("Tokens"), Some(account)).await;
    *shown.unwrap().1.evm().unwrap()
}

async fn drafted(acme: &Acme, vault: &str, only: Option<Asset>) -> Result<Sweep, DriverError> {
    let memo = Note::new("deposits of May").unwrap();
    let draft = acme.driver.draft_sweep(&name(vault), only, memo).await;
    draft.map(|draft| draft.sweep)
}

/// Proposed by Carol, approved by two.
async fn approved(acme: &mut Acme, sweep: Sweep) -> ProposalId {
    let id = acme.propose("Carol", Subject::Sweep(sweep)).await.unwrap();
    acme.approve(id, "Alice").await.unwrap();
    assert_eq!(acme.turn().await, [], "one approval is not two");
    acme.approve(id, "Bob").await.unwrap();
    id
}

fn count(events: &[Event], of: fn(&Event) -> bool) -> usize {
    events.iter().filter(|event| of(event)).count()
}

const fn planned(event: &Event) -> bool {
    matches!(event, Event::Planned(_))
}

const fn signed(event: &Event) -> bool {
    matches!(event, Event::Signed(..))
}

const fn confirmed(event: &Event) -> bool {
    matches!(event, Event::Confirmed(..))
}

/// A vault with 2 ETH on deposit account 1, 500 USDC and nothing else on account 2, and both on 140.
async fn with_deposits() -> (Tokens, [EvmAddress; 3]) {
    let tokens = Tokens::found().await;
    let contract = tokens.usdc.contract().unwrap().to_string();
    let accounts = [
        deposit(&tokens, 1).await,
        deposit(&tokens, 2).await,
        deposit(&tokens, 140).await,
    ];
    let [one, two, far] = accounts.map(|account| account.to_string());
    tokens.anvil.fund(&one, 2 * ETHER).unwrap();
    tokens.anvil.fund(&far, ETHER / 2).unwrap();
    for (to, amount) in [(&two, 500 * DOLLAR), (&far, 100 * DOLLAR)] {
        tokens.anvil.mint_token(&contract, to, amount).unwrap();
    }
    (tokens, accounts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deposits_are_collected_in_the_main_account_gas_first() {
    let (mut tokens, accounts) = with_deposits().await;
    let vault = name("Tokens");
    let holdings = || tokens.driver.evm_holdings(&vault);
    let unswept = holdings().await.unwrap().unswept;
    let found: Vec<u32> = unswept.iter().map(|one| one.account).collect();
    assert_eq!(found, [1, 2, 140, 140]);
    let since = unswept[0].since;
    assert!(
        holdings()
            .await
            .unwrap()
            .unswept
            .iter()
            .all(|one| one.since == since)
    );

    let sweep = drafted(&tokens, "Tokens", None).await.unwrap();
    let ways: Vec<(u32, u32)> = { sweep.transfers().iter() }
        .map(|transfer| (transfer.from, transfer.to))
        .collect();
    assert_eq!(ways, [(0, 2), (1, 0), (2, 0), (140, 0), (140, 0)]);
    let before = tokens.balance(tokens.account);
    let id = approved(&mut tokens, sweep.clone()).await;

    // All but the tokens of account 2, whose fee is on its way.
    let events = tokens.turn().await;
    assert_eq!(count(&events, planned), 4, "{events:?}");
    assert_eq!(tokens.turn().await, [], "the hardware seat is closed");
    tokens.release(id, &["Alice"]).await.unwrap();
    let events = tokens.turn().await;
    assert_eq!(count(&events, signed), 4, "{events:?}");
    assert_eq!(tokens.dollars(accounts[1]), 500 * DOLLAR);
    tokens.anvil.mine(2).unwrap();
    let events = tokens.turn().await;
    assert_eq!(
        (count(&events, confirmed), count(&events, planned)),
        (4, 1),
        "{events:?}"
    );
    tokens.release(id, &["Bob"]).await.unwrap();
    let events = tokens.turn().await;
    assert_eq!(count(&events, signed), 1, "{events:?}");
    tokens.anvil.mine(2).unwrap();
    let events = tokens.turn().await;
    assert_eq!(count(&events, confirmed), 1, "{events:?}");
    assert_eq!(tokens.turn().await, []);

    // What the node shows: each account paid the main one, and nobody else was paid.
    assert_eq!(tokens.dollars(tokens.account), 1600 * DOLLAR);
    for account in accounts {
        assert_eq!(tokens.dollars(account), 0);
        assert!(tokens.balance(account) < ETHER / 1000, "only dust stays");
        let sent = tokens
            .anvil
            .transactions_from(&account.to_string().to_lowercase());
        for sent in sent.unwrap() {
            let to = sent.token_transfer().map(|(to, _)| to).or(sent.to);
            assert_eq!(parse(&to.unwrap()), tokens.account);
            assert!(sent.succeeded);
        }
    }
    let after = tokens.balance(tokens.account);
    assert!(
        after > before + 2 * ETHER + ETHER / 2 - ETHER / 1000,
        "{after}"
    );
    let gas = tokens.mined();
    assert_eq!(gas.len(), 1, "the main account sent gas once");
    assert_eq!(parse(gas[0].to.as_deref().unwrap()), accounts[1]);
    for (place, transfer) in (0..).zip(sweep.transfers()) {
        let item = tokens.stage(Batch::item_id(id, place)).await.unwrap();
        assert!(
            matches!(item, PayoutStage::Confirmed { .. }),
            "{transfer:?}"
        );
    }
    // What is left is the room that fees had: less than the least that the sweeps moved by far.
    let rest = drafted(&tokens, "Tokens", None).await;
    if let Ok(rest) = rest {
        let dust = |one: &Transfer| one.amount.units() < U256::from(ETHER / 1000);
        assert!(rest.transfers().iter().all(dust), "{rest:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_is_for_governance_and_can_be_cut_off_frozen_and_bumped() {
    let (mut tokens, accounts) = with_deposits().await;
    let only = Some(Asset::Evm(tokens.eth));
    let sweep = drafted(&tokens, "Tokens", only).await.unwrap();
    assert_eq!(sweep.transfers().len(), 2, "ETH of accounts 1 and 140");
    let id = approved(&mut tokens, sweep.clone()).await;
    assert_eq!(count(&tokens.turn().await, planned), 2);
    // A freeze of the sweep holds it, and after a restart nothing of a release is left.
    let reason = Note::new("wait").unwrap();
    let scope = domain::act::Scope::Payout(id);
    let acme = &mut tokens.acme;
    let freeze = acme
        .driver
        .freeze(scope, &name("Carol"), reason, &mut acme.desk)
        .await
        .unwrap();
    let held = tokens.release(id, &["Alice"]).await.unwrap_err();
    assert!(matches!(held, DriverError::Illegal(IllegalEntry::Frozen)));
    tokens.thaw(vec![freeze]).await;
    tokens.release(id, &["Alice"]).await.unwrap();
    tokens.reopen();
    assert_eq!(count(&tokens.turn().await, signed), 0);
    tokens.release(id, &["Bob"]).await.unwrap();
    assert_eq!(count(&tokens.turn().await, signed), 2);
    // Not mined: one is bumped and takes the first's place.
    let first = Batch::item_id(id, 0);
    tokens.driver.bump(first).await.unwrap();
    tokens.release(first, &["Alice"]).await.unwrap();
    let events = tokens.turn().await;
    assert_eq!(count(&events, signed), 1, "{events:?}");
    tokens.anvil.mine(2).unwrap();
    assert_eq!(count(&tokens.turn().await, confirmed), 2);
    for account in [accounts[0], accounts[2]] {
        let sent = tokens
            .anvil
            .transactions_from(&account.to_string().to_lowercase());
        assert_eq!(sent.unwrap().len(), 1);
    }
    // What the sweep moved is no spending: the fold counts its fees alone.
    let replay = tokens.driver.view().await.unwrap();
    let treasury = replay.treasury().unwrap();
    let facts = replay.facts(treasury, tokens.now().await);
    assert!(facts.uses.iter().all(|one| one.legs.is_empty()));
    assert_eq!(facts.uses.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thief_at_a_deposit_account_freezes_the_vault() {
    let (mut tokens, [one, ..]) = with_deposits().await;
    tokens.driver.evm_holdings(&name("Tokens")).await.unwrap();
    assert_eq!(tokens.turn().await, []);
    tokens.anvil.impersonate(&one.to_string()).unwrap();
    let thief = payee();
    tokens
        .anvil
        .send(&one.to_string(), &thief.to_string(), ETHER)
        .unwrap();
    tokens.anvil.mine(1).unwrap();
    let events = tokens.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Froze(why)] if why.contains(&one.to_string())),
        "{events:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_of_what_is_not_there_or_too_much_ends_in_nothing() {
    let (mut tokens, _) = with_deposits().await;
    let vault = drafted(&tokens, "Tokens", None).await.unwrap().vault();
    let eth = |wei: u128| Amount::Evm(tokens.eth, U256::from(wei));
    let bad = Transfer {
        from: 7,
        to: 0,
        amount: Amount::Evm(tokens.usdc, U256::from(DOLLAR)),
        fee_cap: eth(ETHER / 100),
    };
    let good = Transfer {
        from: 1,
        amount: eth(ETHER),
        ..bad
    };
    let sweep = Sweep::new(vault, vec![bad, good], Note::EMPTY).unwrap();
    let id = approved(&mut tokens, sweep).await;
    let events = tokens.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::NotPlanned(..), Event::Planned(item)] if *item == Batch::item_id(id, 1)),
        "the empty account holds up nobody: {events:?}"
    );
    tokens.release(id, &["Alice"]).await.unwrap();
    assert_eq!(count(&tokens.turn().await, signed), 1);
    tokens.anvil.mine(2).unwrap();
    assert_eq!(count(&tokens.turn().await, confirmed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_coins_of_bitcoin_become_one_at_the_main_address() {
    let mut acme = Acme::with_vault().await;
    let refused = drafted(&acme, "Main", None).await.unwrap_err();
    assert!(matches!(refused, DriverError::NotNow(_)), "{refused:?}");
    for _ in 0..6 {
        acme.fund("0.1").await;
    }
    acme.turn().await;
    let sweep = drafted(&acme, "Main", None).await.unwrap();
    let id = approved(&mut acme, sweep.clone()).await;
    // What comes later stays out of it.
    acme.fund("0.5").await;
    assert_eq!(count(&acme.turn().await, planned), 1);
    acme.release(id, &["Alice"]).await.unwrap();
    let events = acme.turn().await;
    assert_eq!(count(&events, signed), 1, "{events:?}");
    acme.node.mine(2).unwrap();
    assert_eq!(count(&acme.turn().await, confirmed), 1);
    let stage = acme.stage(Batch::item_id(id, 0)).await.unwrap();
    assert_eq!(stage.plan().spends().len(), 6);
    let cancel = btc::Cancel::new();
    let held = acme
        .driver
        .balance(&name("Main"), &mut |_| {}, &cancel)
        .await
        .unwrap();
    assert!(held.balance.confirmed.to_btc().starts_with("1.099"));
    let unswept = held.unswept.unwrap();
    assert_eq!((unswept.coins, unswept.total.to_btc().as_str()), (1, "0.5"));
}
