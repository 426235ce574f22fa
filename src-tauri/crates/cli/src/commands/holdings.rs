//! What the accounts of an EVM vault hold, in words and for programs.

use std::collections::BTreeMap;

use domain::{Amount, Asset, Coin, Timestamp};
use driver::{EvmHoldings, Unswept};
use serde_json::{Value, json};
use treasury::VaultRecord;

use wording::paper::{Paper, age, aligned, all};

/// The main account, the deposit accounts that hold something, and the totals where there are any.
pub fn tell(holdings: &EvmHoldings, known: &[Coin], now: Timestamp, paper: &mut Paper) {
    let as_of = format!("as of block {}", holdings.height);
    let mut deposits = false;
    for (index, address, amounts) in &holdings.accounts {
        if *index == 0 {
            paper.line(format!("    main account {address}, {as_of}"));
            if known.is_empty() {
                paper.line("      no coin of this chain is known yet; enter one with `countersign propose asset`");
            }
            lines(amounts, paper);
            continue;
        }
        let held = held(amounts);
        if !held.is_empty() {
            deposits = true;
            paper.line(format!("    deposit account {index} {address}"));
            lines(&held, paper);
        }
    }
    let unanswered = unanswered(holdings, known);
    for coin in &unanswered {
        paper.line(format!(
            "    {coin} NOT KNOWN: its contract did not answer for every account, so there may be some; compare the contract that governance entered"
        ));
    }
    if deposits {
        paper.line("    all accounts together");
        match totals(holdings) {
            Some(totals) => lines(&totals, paper),
            None => {
                paper.line("      more than can be added up: the node's numbers can't be right")
            }
        }
    }
    if let Some(line) = unswept_words(holdings, now) {
        paper.line(format!("    {line}"));
    }
}

/// What waits on deposit accounts, and for how long at least.
fn unswept_words(holdings: &EvmHoldings, now: Timestamp) -> Option<String> {
    let oldest = holdings.unswept.iter().map(|one| one.since).min()?;
    let mut sums: BTreeMap<Asset, Amount> = BTreeMap::new();
    for one in &holdings.unswept {
        let asset = one.amount.asset();
        let so_far = sums.get(&asset).copied().unwrap_or(Amount::zero(asset));
        sums.insert(asset, so_far.plus(one.amount).ok()?);
    }
    let sums: Vec<String> = sums.values().map(Amount::to_string).collect();
    Some(format!(
        "not collected yet: {}, some of it there for {}; `countersign propose sweep` collects it",
        all(&sums),
        age(now.since(oldest))
    ))
}

/// Coins of which not every account's holding is known: no zero, but no answer.
fn unanswered(holdings: &EvmHoldings, known: &[Coin]) -> Vec<String> {
    let answers = |coin: &Coin| {
        holdings.accounts.iter().all(|(_, _, amounts)| {
            { amounts.iter() }.any(|amount| amount.asset() == Asset::Evm(*coin))
        })
    };
    { known.iter() }
        .filter(|coin| !answers(coin))
        .map(|coin| coin.symbol().to_string())
        .collect()
}

fn lines(amounts: &[Amount], paper: &mut Paper) {
    for line in aligned(amounts) {
        paper.line(format!("      {line}"));
    }
}

fn held(amounts: &[Amount]) -> Vec<Amount> {
    { amounts.iter().copied() }
        .filter(|amount| !amount.is_zero())
        .collect()
}

/// Of each known coin what all accounts hold together, unless it is more than an amount can be.
fn totals(holdings: &EvmHoldings) -> Option<Vec<Amount>> {
    let mut totals: BTreeMap<Asset, Amount> = BTreeMap::new();
    for amount in holdings.accounts.iter().flat_map(|(_, _, amounts)| amounts) {
        let asset = amount.asset();
        let so_far = totals.get(&asset).copied().unwrap_or(Amount::zero(asset));
        totals.insert(asset, so_far.plus(*amount).ok()?);
    }
    Some(totals.into_values().collect())
}

fn amount_json(amount: &Amount) -> Value {
    let contract = amount.asset().coin().and_then(|coin| coin.contract());
    json!({
        "asset": amount.asset().symbol(),
        "contract": contract.map(|contract| contract.to_string()),
        "amount": amount.to_decimal(),
    })
}

fn unswept_json(one: &Unswept) -> Value {
    let mut json = amount_json(&one.amount);
    if let Some(object) = json.as_object_mut() {
        object.insert("account".to_owned(), json!(one.account));
        object.insert("since".to_owned(), json!(one.since.to_string()));
    }
    json
}

/// A vault for programs: the main account, and the deposit accounts that hold something.
pub fn value(
    vault: &VaultRecord,
    holdings: Option<&EvmHoldings>,
    known: &[Coin],
    trouble: Option<&String>,
) -> Value {
    let list = |amounts: &[Amount]| amounts.iter().map(amount_json).collect::<Vec<Value>>();
    let accounts = holdings.map(|holdings| {
        { holdings.accounts.iter() }
            .filter(|(index, _, amounts)| *index == 0 || !held(amounts).is_empty())
            .map(|(index, address, amounts)| {
                json!({
                    "account": index,
                    "address": address.to_string(),
                    "holds": list(amounts),
                })
            })
            .collect::<Vec<Value>>()
    });
    let network = vault.plan.network().to_string();
    json!({
        "name": vault.plan.name().to_string(),
        "network": network,
        "chain": network,
        "height": holdings.map(|holdings| holdings.height),
        "accounts": accounts,
        "totals": holdings.and_then(totals).map(|totals| list(&totals)),
        "unswept": holdings.map(|holdings| holdings.unswept.iter().map(unswept_json).collect::<Vec<Value>>()),
        "unanswered": holdings.map(|holdings| unanswered(holdings, known)),
        "trouble": trouble,
    })
}

#[cfg(test)]
mod tests {
    use domain::{ChainId, EvmAddress, Symbol};

    use super::*;

    #[test]
    fn accounts_are_added_up_and_empty_deposits_left_out() {
        let chain = ChainId::new(1).unwrap();
        let coin = Coin::new(chain, None, Symbol::new("ETH").unwrap(), 18).unwrap();
        let eth = |text: &str| Amount::from_decimal(text, Asset::Evm(coin)).unwrap();
        let account = |index: u32, text: &str| {
            let mut bytes = [0x22; 20];
            bytes[19] = u8::try_from(index).unwrap();
            let address = EvmAddress::from_bytes(bytes, chain).unwrap();
            (index, address, vec![eth(text)])
        };
        let start = Timestamp::EARLIEST;
        let at = |seconds| start.plus(domain::Span::from_secs(seconds));
        let holdings = EvmHoldings {
            height: 7,
            accounts: vec![account(0, "1.5"), account(1, "0"), account(2, "0.25")],
            unswept: vec![Unswept {
                account: 2,
                amount: eth("0.25"),
                since: at(0),
            }],
        };
        assert_eq!(totals(&holdings), Some(vec![eth("1.75")]));
        let mut paper = Paper::default();
        let contract = EvmAddress::from_bytes([0x33; 20], chain).unwrap();
        let dai = Coin::new(chain, Some(contract), Symbol::new("DAI").unwrap(), 18).unwrap();
        tell(&holdings, &[coin, dai], at(7_300), &mut paper);
        assert_eq!(unanswered(&holdings, &[coin, dai]), ["DAI"]);
        let text = paper.text();
        assert!(text.contains("DAI NOT KNOWN"), "{text}");
        assert!(text.contains("as of block 7"), "{text}");
        assert!(text.contains("deposit account 2"), "{text}");
        assert!(!text.contains("deposit account 1"), "{text}");
        assert!(text.contains("      1.75 ETH\n"), "{text}");
        assert!(
            text.contains("0.25 ETH, some of it there for 2 h"),
            "{text}"
        );
    }
}
