//! Payouts on an EVM chain, straight through and past everything that a chain does, on real parts: keys
//! made and used by DKLs23, cards, and a real chain.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use common::evm::{DOLLAR, ETHER, Tokens, out, payee};
use common::name;
use domain::proposal::PayeeChange;
use domain::{Amount, ProposalId, Subject, U256};
use driver::Event;
use plans::TxRef;
use serde_json::Value;
use testkit::proxy::{Line, Proxy};
use treasury::PayoutStage;

fn confirmed(events: &[Event], id: ProposalId, transaction: TxRef) {
    assert!(
        matches!(events, [Event::Confirmed(done, was, _)] if *done == id && *was == transaction),
        "{events:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coins_and_tokens_are_paid_exactly_and_once() {
    let mut tokens = Tokens::found().await;
    let held = tokens.driver.evm_holdings(&name("Tokens")).await.unwrap();
    let (_, main, amounts) = &held.accounts[0];
    assert_eq!(*main, tokens.account);
    let eth = Amount::Evm(tokens.eth, U256::from(10 * ETHER));
    let usdc = Amount::Evm(tokens.usdc, U256::from(1000 * DOLLAR));
    assert!(
        amounts.contains(&eth) && amounts.contains(&usdc),
        "{amounts:?}"
    );

    // Coins, to one in the address book.
    let supplier = payee();
    let book = PayeeChange::Set {
        name: name("Supplier"),
        address: supplier.into(),
    };
    tokens.govern(Subject::Payee(book)).await;
    let subject = tokens.pays(supplier, "0.25 ETH", "0.01 ETH").await;
    let id = tokens.propose("Carol", subject).await.unwrap();
    assert_eq!(tokens.turn().await, [], "nothing happens without approvals");
    tokens.approve(id, "Alice").await.unwrap();
    assert_eq!(tokens.turn().await, [], "one approval is not two");
    tokens.approve(id, "Bob").await.unwrap();
    assert_eq!(tokens.turn().await, [Event::Planned(id)]);
    assert_eq!(
        tokens.turn().await,
        [],
        "the hardware seat is closed: nobody signs"
    );
    assert_eq!(tokens.release(id, &["Bob"]).await.unwrap(), name("safe"));
    let events = tokens.turn().await;
    let [Event::Signed(..), Event::Broadcast(..)] = events.as_slice() else {
        panic!("{events:?}");
    };
    let coins = out(&events);
    assert_eq!(tokens.turn().await, [Event::Confirming(id, 0, 2)]);
    tokens.anvil.mine(1).unwrap();
    assert_eq!(tokens.turn().await, [Event::Confirming(id, 1, 2)]);
    tokens.anvil.mine(1).unwrap();
    confirmed(&tokens.turn().await, id, coins);
    assert_eq!(tokens.turn().await, [], "a confirmed payout is left alone");
    tokens.node_shows(coins, supplier, ETHER / 4, 0);
    assert_eq!(tokens.balance(supplier), ETHER / 4);
    assert_eq!(tokens.paid(supplier), 1);

    // Tokens, to a stranger.
    let stranger = payee();
    let id = tokens.approved(stranger, "123.456789 USDC").await;
    let sent = tokens.sent(id).await;
    tokens.anvil.mine(2).unwrap();
    confirmed(&tokens.turn().await, id, sent);
    let contract = tokens.usdc.contract().unwrap();
    tokens.node_shows(sent, contract, 0, 1);
    assert_eq!(tokens.dollars(stranger), 123_456_789);
    assert_eq!(tokens.dollars(tokens.account), 1000 * DOLLAR - 123_456_789);
    assert_eq!(tokens.paid(stranger), 1);
    assert_eq!(tokens.mined().len(), 2, "and nothing else left the vault");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_two_payouts_want_one_nonce_and_each_is_paid_once_in_order() {
    let mut tokens = Tokens::found().await;
    let (one, two) = (payee(), payee());
    let ids = [
        tokens.approved(one, "1 ETH").await,
        tokens.approved(two, "2 ETH").await,
    ];
    let mut events = tokens.turn().await;
    events.sort_by_key(|event| format!("{event:?}"));
    let mut both = [Event::Planned(ids[0]), Event::Planned(ids[1])];
    both.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(events, both);
    for id in ids {
        let nonce = tokens.stage(id).await.unwrap().plan().nonce().unwrap();
        assert_eq!(
            nonce.nonce, 0,
            "nothing is signed yet: both are planned with it"
        );
    }
    for id in ids {
        tokens.release(id, &["Alice"]).await.unwrap();
    }
    // The first that is signed has it; the other is planned anew, and its release was for other bytes.
    let events = tokens.turn().await;
    let first = out(&events);
    let again = events.iter().find_map(|event| match event {
        Event::Planned(id) => Some(*id),
        _ => None,
    });
    let again = again.unwrap_or_else(|| panic!("{events:?}"));
    let nonce = tokens.stage(again).await.unwrap().plan().nonce().unwrap();
    assert_eq!(nonce.nonce, 1);
    let second = tokens.released(again).await;
    assert_ne!(first, second);
    tokens.anvil.mine(2).unwrap();
    let events = tokens.turn().await;
    for id in ids {
        let done = |event: &Event| matches!(event, Event::Confirmed(done, ..) if *done == id);
        assert!(events.iter().any(done), "{events:?}");
    }
    assert_eq!(
        (tokens.balance(one), tokens.balance(two)),
        (ETHER, 2 * ETHER)
    );
    let nonces: Vec<u64> = tokens.mined().iter().map(|sent| sent.nonce).collect();
    assert_eq!(nonces, [0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_reverted_is_told_and_never_paid_again_by_itself() {
    let mut tokens = Tokens::found().await;

    // More than there is: the node says that it would fail, and nothing is built.
    let poor = payee();
    let id = tokens.approved(poor, "1000.000001 USDC").await;
    let events = tokens.turn().await;
    let [Event::NotPlanned(not, why)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert!(*not == id && why.contains("would fail"), "{why}");

    // Enough for each alone, not for both: the second does nothing.
    let (one, two) = (payee(), payee());
    let first = tokens.approved(one, "600 USDC").await;
    let paid = tokens.sent(first).await;
    let second = tokens.approved(two, "600 USDC").await;
    let fails = tokens.sent(second).await;
    tokens.anvil.mine(2).unwrap();
    let events = tokens.turn().await;
    let has = |wanted: &dyn Fn(&Event) -> bool| events.iter().any(wanted);
    assert!(
        has(&|e| matches!(e, Event::Confirmed(id, was, _) if *id == first && *was == paid))
            && has(&|e| matches!(e, Event::Reverted(id, was, _) if *id == second && *was == fails)),
        "{events:?}"
    );
    assert!(matches!(
        tokens.stage(second).await,
        Some(PayoutStage::Reverted { .. })
    ));
    assert_eq!(
        tokens.anvil.succeeded(&fails.to_string()).unwrap(),
        Some(false)
    );
    assert_eq!(
        (tokens.dollars(one), tokens.dollars(two)),
        (600 * DOLLAR, 0)
    );
    let contract = tokens.usdc.contract().unwrap().to_string();
    let account = tokens.account.to_string();
    tokens
        .anvil
        .mint_token(&contract, &account, 1000 * DOLLAR)
        .unwrap();
    tokens.reopen();
    let events = tokens.turn().await;
    assert!(
        !events
            .iter()
            .any(|e| matches!(e, Event::Broadcast(..) | Event::Signed(..)))
    );
    assert!(tokens.release(second, &["Alice"]).await.is_err());
    assert!(tokens.driver.bump(second).await.is_err());
    assert_eq!(tokens.dollars(two), 0);
    assert_eq!(tokens.mined().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_down_dropped_and_reorged_the_same_bytes_and_one_payment() {
    let mut tokens = Tokens::found().await;
    let proxy = Proxy::start(tokens.anvil.port()).unwrap();
    tokens.ask(&proxy.url(), None);
    let to = payee();
    let id = tokens.approved(to, "0.5 ETH").await;

    // Down when the transaction is to be built.
    proxy.set(Line::Refuse);
    let events = tokens.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::NodeTrouble(_), Event::NotPlanned(not, _)] if *not == id),
        "{events:?}"
    );
    assert!(tokens.stage(id).await.is_none(), "nothing was fixed");
    proxy.mend();
    assert_eq!(tokens.turn().await, [Event::Planned(id)]);

    // Down when it is to be signed: the chain is asked right before.
    tokens.release(id, &["Alice"]).await.unwrap();
    proxy.set(Line::Refuse);
    let events = tokens.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::NodeTrouble(_), Event::NotSigned(not, _)] if *not == id),
        "{events:?}"
    );
    proxy.mend();

    // The answer to the sending is lost, and looking shows that it came.
    proxy.on("eth_sendRawTransaction", Line::LoseAnswer);
    let sent = out(&tokens.turn().await);
    proxy.mend();
    let account = tokens.account.to_string();
    let waiting = tokens.anvil.waiting_from(&account).unwrap();
    assert_eq!(waiting, [sent.to_string()]);

    // Dropped, and sent again as it was.
    tokens.anvil.drop_transaction(&sent.to_string()).unwrap();
    let events = tokens.turn().await;
    assert_eq!(events, [Event::Dropped(id), Event::Broadcast(id, sent)]);
    tokens.anvil.mine(2).unwrap();
    confirmed(&tokens.turn().await, id, sent);

    // Its block leaves the chain, and the node forgets it with it.
    tokens.anvil.reorg(2).unwrap();
    assert_eq!(tokens.paid(to), 0);
    assert_eq!(tokens.turn().await, [Event::Reorged(id)]);
    let events = tokens.turn().await;
    assert_eq!(events, [Event::Dropped(id), Event::Broadcast(id, sent)]);
    tokens.anvil.mine(2).unwrap();
    confirmed(&tokens.turn().await, id, sent);
    assert_eq!(tokens.balance(to), ETHER / 2);
    assert_eq!(tokens.paid(to), 1);

    // Every time the same bytes.
    let bodies = proxy.requests("eth_sendRawTransaction");
    assert!(bodies.len() >= 3, "{}", bodies.len());
    let raw = |body: &String| {
        let body: Value = serde_json::from_str(body).unwrap();
        let calls = match body {
            Value::Array(calls) => calls,
            call => vec![call],
        };
        let mut sends = calls.iter();
        let send = sends.find(|call| call["method"] == "eth_sendRawTransaction");
        send.unwrap()["params"][0].as_str().unwrap().to_owned()
    };
    assert!(bodies.iter().all(|body| raw(body) == raw(&bodies[0])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_account_cannot_pay_takes_no_nonce_and_holds_up_nobody() {
    let mut tokens = Tokens::found().await;
    let (rich, one, two) = (payee(), payee(), payee());
    let too_much = tokens.approved(rich, "11 ETH").await;
    let ids = [
        tokens.approved(one, "6 ETH").await,
        tokens.approved(two, "6 ETH").await,
    ];
    let events = tokens.turn().await;
    let short = |of: ProposalId| {
        let why = events.iter().find_map(|event| match event {
            Event::NotPlanned(id, why) if *id == of => Some(why.as_str()),
            _ => None,
        });
        why.is_some_and(|why| why.contains("pay in more"))
    };
    assert!(short(too_much), "{events:?}");
    // One of the two is planned, whichever comes first; there is not enough for both.
    let planned: Vec<ProposalId> = ids
        .into_iter()
        .filter(|id| events.contains(&Event::Planned(*id)))
        .collect();
    assert_eq!(planned.len(), 1, "{events:?}");
    let sent = tokens.released(planned[0]).await;
    tokens.anvil.mine(2).unwrap();
    let events = tokens.turn().await;
    assert!(
        events.iter().any(
            |e| matches!(e, Event::Confirmed(id, was, _) if *id == planned[0] && *was == sent)
        ),
        "{events:?}"
    );
    // Paid in: the other goes, under the next nonce.
    let account = tokens.account.to_string();
    tokens.anvil.fund(&account, 20 * ETHER).unwrap();
    let events = tokens.turn().await;
    assert!(events.contains(&Event::Planned(too_much)), "{events:?}");
    let other = ids.into_iter().find(|id| *id != planned[0]).unwrap();
    assert!(events.contains(&Event::Planned(other)), "{events:?}");
}
