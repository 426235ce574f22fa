//! The treasury of `Acme` with a vault on an EVM chain of its own, with coins and tokens.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::payout::Leg;
use domain::proposal::Cancel;
use domain::{
    Amount, Asset, Batch, ChainId, Coin, EvmAddress, Network, Note, Payout, ProposalId, Subject,
    Symbol, U256,
};
use driver::{Event, EvmSettings, NoCrash};
use plans::TxRef;
use serde_json::Value;
use testkit::anvil::{Anvil, CHAIN_ID, Kind, Sent};

use super::{Acme, POLICY, Seats, name, three_seats};

/// `Acme`, a private EVM chain, and the vault `Tokens` with 10 ETH and 1000 USDC.
pub struct Tokens {
    pub acme: Acme,
    pub anvil: Anvil,
    pub eth: Coin,
    pub usdc: Coin,
    /// The vault's main account.
    pub account: EvmAddress,
}

impl Deref for Tokens {
    type Target = Acme;

    fn deref(&self) -> &Acme {
        &self.acme
    }
}

impl DerefMut for Tokens {
    fn deref_mut(&mut self) -> &mut Acme {
        &mut self.acme
    }
}

pub const ETHER: u128 = 1_000_000_000_000_000_000;
pub const DOLLAR: u128 = 1_000_000;

pub fn chain() -> ChainId {
    ChainId::new(CHAIN_ID).unwrap()
}

/// Half of the curve's order: a signature's s is not above it (EIP-2).
const HALF_ORDER: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";

impl Tokens {
    pub async fn found() -> Self {
        Self::found_of(2, three_seats).await
    }

    /// With other seats of the vault.
    pub async fn found_of(threshold: u16, seats: Seats) -> Self {
        let anvil = Anvil::start().unwrap();
        let contract = anvil.deploy_token(Kind::Plain, "USDC", 6).unwrap();
        let coin = |contract: Option<&str>, symbol: &str, decimals| {
            let contract = contract.map(parse);
            Coin::new(chain(), contract, Symbol::new(symbol).unwrap(), decimals).unwrap()
        };
        let eth = coin(None, "ETH", 18);
        let usdc = coin(Some(&contract), "USDC", 6);
        let declared = format!(
            r#"version = 1
[assets]
ETH = {{ chain = "eip155:{CHAIN_ID}", decimals = 18 }}
USDC = {{ chain = "eip155:{CHAIN_ID}", contract = "{}", decimals = 6 }}
"#,
            parse(&contract)
        );
        let policy = POLICY.replace("version = 1\n", &declared);
        let networks = vec![Network::Regtest, Network::Evm(chain())];
        let mut acme = Acme::found_on(networks, &policy, Arc::new(NoCrash)).await;
        for coin in [eth, usdc] {
            acme.govern(Subject::Asset(coin)).await;
        }
        let network = Network::Evm(chain());
        let plan = acme.vault_plan_of("Tokens", network, threshold, seats);
        let plan = plan.await;
        acme.make_vault_of(plan).await;
        let (_, address) = acme.driver.address(&name("Tokens"), None).await.unwrap();
        let account = *address.evm().unwrap();
        anvil.fund(&account.to_string(), 10 * ETHER).unwrap();
        anvil
            .mint_token(&contract, &account.to_string(), 1000 * DOLLAR)
            .unwrap();
        let mut tokens = Self {
            acme,
            anvil,
            eth,
            usdc,
            account,
        };
        let url = tokens.anvil.url();
        tokens.ask(&url, None);
        tokens
    }

    /// Asks these nodes from now on.
    pub fn ask(&mut self, first: &str, second: Option<&str>) {
        let home = self.driver.home().clone();
        let mut settings = home.settings().unwrap();
        settings.evm = vec![EvmSettings {
            chain_id: chain(),
            url: first.to_owned(),
            second: second.map(str::to_owned),
            bearer: None,
            highest_gas_price: 500,
        }];
        home.set_settings(&settings).unwrap();
        self.reopen();
    }

    /// A payout of `amount`, for example `0.25 ETH`, to somebody.
    pub async fn pays(&self, to: EvmAddress, amount: &str, fee_cap: &str) -> Subject {
        let known = [self.eth, self.usdc].map(Asset::Evm);
        let leg = Leg {
            payee: None,
            address: to.into(),
            amount: Amount::parse(amount, &known).unwrap(),
        };
        let replay = self.driver.view().await.unwrap();
        let treasury = replay.treasury().unwrap();
        let (vault, _) = treasury.vault_named(&name("Tokens")).unwrap();
        let cap = Amount::parse(fee_cap, &known).unwrap();
        Subject::Payout(Payout::new(vault, vec![leg], cap, Note::new("test").unwrap()).unwrap())
    }

    /// A batch that pays each of these the same.
    pub async fn batch(&self, payees: &[EvmAddress], amount: &str) -> Subject {
        let mut payouts = Vec::new();
        let first = self.pays(payees[0], amount, "0.01 ETH").await;
        let model = first.payout().unwrap().clone();
        for payee in payees {
            let mut leg = model.legs()[0].clone();
            leg.address = (*payee).into();
            let memo = Note::new(format!("salary {}", payouts.len())).unwrap();
            payouts.push(Payout::new(model.vault(), vec![leg], model.fee_cap(), memo).unwrap());
        }
        let memo = Note::new("salaries of May").unwrap();
        Subject::Batch(Batch::new(model.vault(), payouts, memo).unwrap())
    }

    /// Proposed by Carol, approved by Alice and Bob.
    pub async fn approved(&mut self, to: EvmAddress, amount: &str) -> ProposalId {
        self.approved_at(to, amount, "0.01 ETH").await
    }

    pub async fn approved_at(&mut self, to: EvmAddress, amount: &str, cap: &str) -> ProposalId {
        let subject = self.pays(to, amount, cap).await;
        let id = self.propose("Carol", subject).await.unwrap();
        self.approve(id, "Alice").await.unwrap();
        self.approve(id, "Bob").await.unwrap();
        id
    }

    /// Planned, released by Alice, signed and out, in two turns. Nothing is mined.
    pub async fn sent(&mut self, id: ProposalId) -> TxRef {
        let events = self.turn().await;
        assert!(events.contains(&Event::Planned(id)), "{events:?}");
        self.released(id).await
    }

    /// Released by Alice, signed and out.
    pub async fn released(&mut self, id: ProposalId) -> TxRef {
        self.release(id, &["Alice"]).await.unwrap();
        let events = self.turn().await;
        out(&events)
    }

    /// A cancel of a payout, proposed by Alice and approved by Alice.
    pub async fn cancel_wanted(&mut self, payout: ProposalId) -> ProposalId {
        let fee_cap = Amount::parse("0.01 ETH", &[Asset::Evm(self.eth)]).unwrap();
        let subject = Subject::Cancel(Cancel { payout, fee_cap });
        let id = self.propose("Alice", subject).await.unwrap();
        self.approve(id, "Alice").await.unwrap();
        id
    }

    /// The signed bytes of an earlier version of a payout, as hexadecimal text.
    pub async fn stage_bytes(&self, id: ProposalId, version: u32) -> String {
        let replay = self.driver.view().await.unwrap();
        let (record, _) = replay.treasury().unwrap().payout(id).unwrap();
        let mut earlier = record.earlier.iter();
        let found = earlier.find(|one| one.plan.version() == version).unwrap();
        let (bytes, _) = found.signed.as_ref().unwrap();
        format!("0x{}", hex::encode(bytes))
    }

    /// The vault's transactions in the chain, by the node.
    pub fn mined(&self) -> Vec<Sent> {
        let account = self.account.to_string().to_lowercase();
        self.anvil.transactions_from(&account).unwrap()
    }

    /// Payments to somebody in the chain, by the node: coins or tokens, those that did happen.
    pub fn paid(&self, to: EvmAddress) -> usize {
        let to = to.to_string();
        let pays = |sent: &&Sent| {
            let coins = sent.to.as_deref().filter(|_| sent.wei > 0);
            let tokens = sent.token_transfer().map(|(to, _)| to);
            let receiver = tokens.as_deref().or(coins);
            sent.succeeded && receiver.is_some_and(|one| one.eq_ignore_ascii_case(&to))
        };
        self.mined().iter().filter(pays).count()
    }

    pub fn balance(&self, of: EvmAddress) -> u128 {
        self.anvil.balance(&of.to_string()).unwrap()
    }

    pub fn dollars(&self, of: EvmAddress) -> u128 {
        let contract = self.usdc.contract().unwrap().to_string();
        self.anvil
            .token_balance(&contract, &of.to_string())
            .unwrap()
    }

    /// A transaction as the node shows it.
    pub fn shown(&self, transaction: TxRef) -> Value {
        let shown = self.anvil.transaction(&transaction.to_string()).unwrap();
        shown.unwrap_or_else(|| panic!("the node does not know {transaction}"))
    }

    /// What the node itself shows of a transaction of the vault.
    pub fn node_shows(&self, transaction: TxRef, to: EvmAddress, wei: u128, nonce: u64) {
        let shown = self.shown(transaction);
        let number = |value: &Value| {
            let digits = value.as_str().unwrap().trim_start_matches("0x");
            U256::from_str_radix(digits, 16).unwrap()
        };
        assert_eq!(parse(shown["from"].as_str().unwrap()), self.account);
        assert_eq!(parse(shown["to"].as_str().unwrap()), to);
        assert_eq!(number(&shown["value"]), U256::from(wei));
        assert_eq!(number(&shown["chainId"]), U256::from(CHAIN_ID));
        assert_eq!(number(&shown["nonce"]), U256::from(nonce));
        assert_eq!(shown["type"], "0x2");
        let half = U256::from_str_radix(HALF_ORDER, 16).unwrap();
        let s = number(&shown["s"]);
        assert!(s > U256::ZERO && s <= half, "{s}");
    }
}

/// Signed and out: the transaction.
pub fn out(events: &[Event]) -> TxRef {
    let signed = events.iter().find_map(|event| match event {
        Event::Signed(_, transaction) => Some(*transaction),
        _ => None,
    });
    let sent = events.iter().find_map(|event| match event {
        Event::Broadcast(_, transaction) => Some(*transaction),
        _ => None,
    });
    match (signed, sent) {
        (Some(signed), Some(sent)) if signed == sent => sent,
        _ => panic!("{events:?}"),
    }
}

/// An account as the chain writes it.
pub fn parse(text: &str) -> EvmAddress {
    let bytes: [u8; 20] = hex::decode(text.trim_start_matches("0x"))
        .unwrap()
        .try_into()
        .unwrap();
    EvmAddress::from_bytes(bytes, chain()).unwrap()
}

/// A fresh account that is nobody's of the treasury.
pub fn payee() -> EvmAddress {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0x5a; 20];
    let unique = NEXT.fetch_add(1, Ordering::SeqCst);
    bytes[12..].copy_from_slice(&unique.to_be_bytes());
    EvmAddress::from_bytes(bytes, chain()).unwrap()
}
