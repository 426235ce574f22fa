//! Assets of EVM chains are what governance entered; a payout is of one of them.

use domain::{Act, Address, Amount, ChainId, Coin, EvmAddress, Payout, Subject, Symbol};
use treasury::IllegalEntry;

use crate::fixture::*;

#[track_caller]
fn not_proposed(t: &Fixture, subject: Subject, because: &str) {
    let act = Act::Proposed(Box::new(t.clone().proposal(subject, DAY)));
    match t.refuses_by(ALICE, act) {
        IllegalEntry::Proposal(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_asset_is_entered_by_governance() {
    let mut t = Fixture::evm_bare(POLICY);
    let payout = |t: &Fixture| Subject::Payout(t.evm_payout(evm_leg(1, eth(), 1)));
    not_proposed(&t, payout(&t), "is not known as written");
    let id = t.propose(ALICE, Subject::Asset(eth()));
    t.approve(id, &[BOB]);
    let enact = Act::Enacted { proposal: id };
    assert!(matches!(t.refuses(enact.clone()), IllegalEntry::Policy(_)));
    not_proposed(&t, payout(&t), "is not known as written");
    t.approve(id, &[CAROL]);
    t.run(enact);
    assert!(t.treasury().assets.contains(&eth()));
    t.propose(ALICE, payout(&t));
    not_proposed(&t, Subject::Asset(eth()), "is known already");
}

#[test]
fn assets_that_contradict_each_other_are_refused() {
    let t = Fixture::evm();
    let other = evm_address(0xdd);
    for coin in [
        // The same contract or chain, otherwise.
        coin_of(None, "ETH", 9),
        coin_of(None, "WEI", 18),
        coin_of(Some(contract()), "USDT", 18),
        coin_of(Some(contract()), "USDC", 6),
        // The same symbol for another contract: a look-alike.
        coin_of(Some(other), "USDT", 6),
        coin_of(Some(other), "ETH", 18),
        coin_of(None, "USDT", 6),
    ] {
        not_proposed(&t, Subject::Asset(coin), "contradicts what is known");
    }
    let elsewhere = ChainId::new(1337).unwrap();
    let elsewhere = Coin::new(elsewhere, None, Symbol::new("ETH").unwrap(), 18).unwrap();
    not_proposed(
        &t,
        Subject::Asset(elsewhere),
        "this treasury has nothing on",
    );
    let mut t = t;
    t.enacted(Subject::Asset(coin_of(Some(other), "USDC", 6)));
}

#[test]
fn of_two_proposals_that_contradict_each_other_one_comes_into_force() {
    let mut t = Fixture::evm_bare(POLICY);
    let one = t.propose(ALICE, Subject::Asset(usd()));
    let two = t.propose(
        ALICE,
        Subject::Asset(coin_of(Some(evm_address(9)), "USDT", 6)),
    );
    for id in [one, two] {
        t.approve(id, &[ALICE, BOB]);
    }
    t.run(Act::Enacted { proposal: one });
    let refused = t.refuses(Act::Enacted { proposal: two });
    assert!(matches!(refused, IllegalEntry::Proposal(why) if why.contains("contradicts")));
    assert_eq!(t.next(), None);
}

/// [`POLICY`] with a word for the token of a contract.
fn naming(contract: EvmAddress, decimals: u8) -> String {
    let assets = format!(
        "[assets]\nUSDT = {{ chain = \"eip155:{CHAIN}\", contract = \"{contract}\", decimals = {decimals} }}\n\n[groups]"
    );
    POLICY.replacen("[groups]", &assets, 1)
}

#[test]
fn the_policy_and_the_registry_agree() {
    let mut t = Fixture::evm();
    for text in [naming(evm_address(0xdd), 6), naming(contract(), 18)] {
        not_proposed(&t, policy(&text), "contradicts");
        let mut bare = Fixture::evm_bare(&text);
        not_proposed(&bare, Subject::Asset(usd()), "contradicts");
        bare.enacted(Subject::Asset(eth()));
    }
    t.enacted(policy(&naming(contract(), 6)));
}

#[test]
fn a_payout_is_of_a_known_asset_exactly_as_entered() {
    let t = Fixture::evm();
    let payout = |coin| Subject::Payout(t.evm_payout(evm_leg(1, coin, 1_000)));
    for coin in [
        coin_of(Some(evm_address(0xdd)), "NEW", 6),
        coin_of(Some(evm_address(0xdd)), "USDT", 6),
        coin_of(Some(contract()), "USDT", 18),
        coin_of(Some(contract()), "USDC", 6),
    ] {
        not_proposed(&t, payout(coin), "is not known as written");
    }
    // The fee as well.
    let gas = Amount::Evm(coin_of(None, "GAS", 18), wei(1_000_000_000));
    let fee = Payout::new(t.vault, vec![evm_leg(1, usd(), 1)], gas, note("")).unwrap();
    not_proposed(&t, Subject::Payout(fee), "is not known as written");
    let account = Payout::from_account(t.vault, 1, vec![evm_leg(1, eth(), 1)], evm_cap(), note(""));
    not_proposed(&t, Subject::Payout(account.unwrap()), "main account");
    t.clone().propose(ALICE, payout(usd()));
}

#[test]
fn nothing_is_paid_to_a_contract_or_to_the_vault_itself() {
    let t = Fixture::evm();
    let paying = |address, coin| {
        let mut leg = evm_leg(1, coin, 1_000);
        leg.address = Address::Evm(address);
        Subject::Payout(t.evm_payout(leg))
    };
    not_proposed(&t, paying(contract(), eth()), "is a token's contract");
    for own in [0, 1, 19] {
        let own = whole_key(1).account(own);
        not_proposed(&t, paying(own, eth()), "the vault's own address");
        not_proposed(&t, paying(own, usd()), "the vault's own address");
    }
    let foreign = ChainId::new(1337).unwrap();
    let coin = Coin::new(foreign, None, Symbol::new("ETH").unwrap(), 18).unwrap();
    let leg = domain::Leg {
        payee: None,
        address: Address::Evm(EvmAddress::from_bytes([1; 20], foreign).unwrap()),
        amount: Amount::Evm(coin, wei(1)),
    };
    let cap = Amount::Evm(coin, wei(1_000));
    let payout = Payout::new(t.vault, vec![leg], cap, note("")).unwrap();
    not_proposed(&t, Subject::Payout(payout), "is not known as written");
    // Bitcoin from a vault of an EVM chain, and the other way round.
    not_proposed(&t, Subject::Payout(t.payout(vec![leg_btc()])), "is not on");
    let btc = Fixture::new();
    let leg = evm_leg(1, eth(), 1);
    not_proposed(&btc, Subject::Payout(btc.evm_payout(leg)), "is not known");
}

fn leg_btc() -> domain::Leg {
    leg(1, 100_000)
}
