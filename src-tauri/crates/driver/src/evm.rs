//! The EVM side of the driver: plans, broadcasts, and what the chains show.

use std::time::Duration;

use alloy_primitives::B256;
use domain::act::{ChildPath, Confirmation, PlannedEvm};
use domain::roster::HexBytes;
use domain::{Act, Amount, ChainId, Coin, EvmAddress, Name, U256, VaultId};
use evm::{
    Call, Candidate, ChainStatus, FeeBounds, Fees, Node, NodeAuth, NodeConfig, NodeSecret, Nodes,
    TxHash, Watched,
};
use plans::{NonceAnchor, TRANSFER_GAS};
use treasury::{
    Anchor, Broadcasting, PayoutStage, PlanBody, PlanRecord, ProposalRecord, Reserved, Treasury,
    VaultRecord,
};

use crate::chain::Event;
use crate::deposits::{Deposits, Unswept};
use crate::draft::Draft;
use crate::error::DriverError;
use crate::home::EvmSettings;
use crate::ledger::Ledger;
use crate::machine::{Driver, vault};
use crate::seats::note;
use crate::sights::{Seen, Sight, sighting, sights};

/// The node answers within this or counts as down.
const NODE_PATIENCE: Duration = Duration::from_secs(20);

/// What an EVM vault holds, at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvmHoldings {
    /// The block's height.
    pub height: u64,
    /// The main account and the deposit accounts that are looked at, with what each holds of every known
    /// coin.
    pub accounts: Vec<(u32, EvmAddress, Vec<Amount>)>,
    /// What waits on deposit accounts to be collected, and since when.
    pub unswept: Vec<Unswept>,
}

impl Driver {
    fn evm_settings(&self, chain: ChainId) -> Result<&EvmSettings, DriverError> {
        self.settings
            .evm
            .iter()
            .find(|settings| settings.chain_id == chain)
            .ok_or_else(|| {
                DriverError::Evm(format!(
                    "no node is set for chain {chain}; set the company's own with `countersign settings evm {chain} URL`"
                ))
            })
    }

    pub(crate) fn nodes(&self, chain: ChainId) -> Result<Nodes, DriverError> {
        let settings = self.evm_settings(chain)?;
        let node = |url: &str, bearer: Option<&String>| {
            let mut config = NodeConfig::new(url).map_err(evm_error)?;
            if let Some(token) = bearer {
                config = config.auth(NodeAuth::Bearer(NodeSecret::new(token.clone())));
            }
            Node::connect(config.patience(NODE_PATIENCE), chain).map_err(evm_error)
        };
        let second = settings.second.as_deref().map(|url| node(url, None));
        Ok(Nodes {
            first: node(&settings.url, settings.bearer.as_ref())?,
            second: second.transpose()?,
        })
    }

    /// On an EVM chain the node's chain is asked again right before a signature.
    pub(crate) async fn check_chain_before_signing(
        &self,
        treasury: &Treasury,
        vault: VaultId,
    ) -> Result<(), DriverError> {
        let network = treasury.vaults.get(&vault).map(|v| v.plan.network());
        let Some(chain) = network.and_then(domain::Network::chain_id) else {
            return Ok(());
        };
        self.nodes(chain)?.check_chain().await.map_err(evm_error)?;
        Ok(())
    }

    /// Builds the next version of a payout, or the transaction that cancels it.
    pub(crate) async fn draft_evm(
        &self,
        treasury: &Treasury,
        draft: &Draft<'_>,
        chain: ChainId,
    ) -> Result<Act, DriverError> {
        let nodes = self.nodes(chain)?;
        nodes.check_chain().await.map_err(evm_error)?;
        let path = account_path(draft)?;
        let account = account_at(draft.payout.vault(), draft.vault, path)?;
        let call = call_of(draft, account)?;
        let gas_limit = match draft.cancel {
            Some(_) => TRANSFER_GAS,
            None => nodes
                .first
                .gas_limit(&account, &call)
                .await
                .map_err(evm_error)?,
        };
        let nonce = self.next_nonce(treasury, draft, &nodes, account).await?;
        let fees = self.fees(draft, &nodes, chain, gas_limit).await?;
        if draft.anchor.is_none() {
            let most = U256::from(fees.max_fee_per_gas).saturating_mul(U256::from(gas_limit));
            check_funds(treasury, draft, &nodes, account, most).await?;
        }
        let candidate = Candidate {
            chain,
            nonce,
            fees,
            gas_limit,
            call,
        };
        let transaction = HexBytes(candidate.unsigned().map_err(evm_error)?);
        Ok(Act::PlannedEvm(Box::new(PlannedEvm {
            proposal: draft.names(),
            version: draft.version,
            transaction,
            account: path,
        })))
    }

    /// The nonce of the payout's anchor, or the account's next.
    async fn next_nonce(
        &self,
        treasury: &Treasury,
        draft: &Draft<'_>,
        nodes: &Nodes,
        account: EvmAddress,
    ) -> Result<u64, DriverError> {
        if let Some(Anchor::Nonce(anchor)) = draft.anchor {
            return Ok(anchor.nonce);
        }
        let said = nodes.agreed_nonce(&account).await.map_err(evm_error)?;
        let next = next_known(treasury, account);
        let free = next.max(said.latest);
        free.checked_add(draft.ahead(treasury))
            .ok_or_else(|| DriverError::Evm("the account's nonces are used up".to_owned()))
    }

    /// What each gas may cost: what the chain asks, more than every version that may be out, and never
    /// more than the payout's cap leaves.
    async fn fees(
        &self,
        draft: &Draft<'_>,
        nodes: &Nodes,
        chain: ChainId,
        gas_limit: u64,
    ) -> Result<Fees, DriverError> {
        let cap = draft.fee_cap();
        let affordable = cap.units() / U256::from(gas_limit.max(1));
        let affordable = u128::try_from(affordable).unwrap_or(u128::MAX);
        let highest = self.highest_gas_price(chain)?;
        let bounds = FeeBounds::up_to(affordable.min(highest));
        let market =
            nodes.first.estimate_fees(bounds).await.map_err(|error| {
                DriverError::Evm(format!("{error} (the cap for the fee is {cap})"))
            })?;
        let before = draft.record.begun().filter_map(offered);
        let Some(before) = before.reduce(|a, b| Fees {
            max_fee_per_gas: a.max_fee_per_gas.max(b.max_fee_per_gas),
            max_priority_fee_per_gas: a.max_priority_fee_per_gas.max(b.max_priority_fee_per_gas),
        }) else {
            return Ok(market);
        };
        let raised = evm::bumped(before, market).map_err(evm_error)?;
        if raised.max_fee_per_gas > affordable {
            return Err(DriverError::Evm(format!(
                "to take the place of the version that is out, the fee would have to be above the approved cap of {cap}; nothing was built: propose a cancel, or wait"
            )));
        }
        Ok(raised)
    }

    /// Hands signed bytes to the node.
    pub(crate) async fn send_evm(
        &self,
        chain: ChainId,
        plan: &PlanRecord,
        bytes: &[u8],
    ) -> Result<(), DriverError> {
        let hash = self.nodes(chain)?.send(bytes).await.map_err(evm_error)?;
        if hash.0 == plan.transaction.bytes() {
            return Ok(());
        }
        Err(DriverError::Evm(
            "the node names another transaction than the one it was given".to_owned(),
        ))
    }

    /// Reads every EVM chain that has a ready vault and records what it shows.
    pub(crate) async fn watch_evm(
        &self,
        ledger: &mut Ledger,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        let treasury = ledger.treasury()?.clone();
        if treasury.candidate.is_some() {
            return Ok(());
        }
        for (id, record) in &treasury.vaults {
            let (Some(chain), Some(_)) = (record.plan.network().chain_id(), record.key()) else {
                continue;
            };
            if self.evm_settings(chain).is_err() {
                continue;
            }
            if let Err(error) = self
                .watch_vault(ledger, &treasury, *id, record, chain, events)
                .await
            {
                match error {
                    DriverError::Evm(why) => events.push(Event::NodeTrouble(why)),
                    other => return Err(other),
                }
            }
        }
        Ok(())
    }

    async fn watch_vault(
        &self,
        ledger: &mut Ledger,
        treasury: &Treasury,
        id: VaultId,
        record: &VaultRecord,
        chain: ChainId,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        let nodes = self.nodes(chain)?;
        nodes.check_chain().await.map_err(evm_error)?;
        self.freeze_if_foreign_evm(ledger, treasury, id, record, &nodes, events)
            .await?;
        let ours = treasury.proposals.iter().filter(|(_, proposal)| {
            let payout = proposal.proposal.subject.payout();
            payout.is_some_and(|payout| payout.vault() == id)
        });
        let mut looked = Vec::new();
        for (payout, proposal) in ours {
            for sight in sights(proposal) {
                if let Some(watched) = watched(&sight) {
                    looked.push((*payout, proposal, sight, watched));
                }
            }
        }
        let asked: Vec<Watched> = looked.iter().map(|(_, _, _, watched)| *watched).collect();
        let statuses = nodes.look_many(&asked).await.map_err(evm_error)?;
        let needed = record.plan.confirmations();
        let mut settled = std::collections::BTreeSet::new();
        for ((payout, proposal, sight, _), status) in looked.iter().zip(statuses) {
            if settled.contains(payout) {
                continue;
            }
            let seen = seen(sight, proposal, status, needed);
            if self
                .note_sight(ledger, *payout, sight, seen, needed, events)
                .await?
            {
                settled.insert(*payout);
            }
        }
        Ok(())
    }

    /// Every nonce that an account used has a payout whose signing began; one that has none was used by
    /// somebody else, or by a journal newer than this one. Freeze, and say so.
    async fn freeze_if_foreign_evm(
        &self,
        ledger: &mut Ledger,
        treasury: &Treasury,
        id: VaultId,
        record: &VaultRecord,
        nodes: &Nodes,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        // The main account, those that sweeps were paid from, and those where something was seen.
        let mut indices = std::collections::BTreeSet::from([0]);
        indices.extend(treasury.accounts_used(id));
        indices.extend(Deposits::read(&self.home, id)?.funded());
        for index in indices {
            let path = ChildPath::new(ChildPath::RECEIVE, index).map_err(evm_error)?;
            let account = account_at(id, record, path)?;
            let next = next_known(treasury, account);
            let Some(foreign) = nodes.foreign(&account, next).await.map_err(evm_error)? else {
                continue;
            };
            // The last one is named too: after a thaw a further one is another sight, and freezes again.
            let said = nodes.agreed_nonce(&account).await;
            let last = said.map_or(foreign.nonce, |said| said.pending.saturating_sub(1));
            let reason = note(&format!(
                "nonces {} to {} of {account} were used by transactions that this journal did not sign",
                foreign.nonce,
                last.max(foreign.nonce)
            ));
            self.freeze_vault(ledger, id, &reason, events).await?;
        }
        Ok(())
    }

    /// What an EVM vault's accounts hold of every known coin.
    pub async fn evm_holdings(&self, name: &Name) -> Result<EvmHoldings, DriverError> {
        let replay = self.view().await?;
        let treasury = replay
            .treasury()
            .ok_or_else(|| DriverError::NotNow("nothing is founded".to_owned()))?;
        let (id, record) = vault(treasury, name)?;
        let chain =
            record.plan.network().chain_id().ok_or_else(|| {
                DriverError::NotNow(format!("vault {name} is not on an EVM chain"))
            })?;
        let deposits = Deposits::read(&self.home, id)?;
        let accounts = { deposits.watched() }
            .map(|index| {
                let path = ChildPath::new(ChildPath::RECEIVE, index).map_err(evm_error)?;
                Ok((index, account_at(id, record, path)?))
            })
            .collect::<Result<Vec<_>, DriverError>>()?;
        let known = treasury.assets.iter().copied();
        let coins: Vec<Coin> = known.filter(|coin| coin.chain() == chain).collect();
        let addresses: Vec<EvmAddress> = accounts.iter().map(|(_, address)| *address).collect();
        let balances = self
            .nodes(chain)?
            .first
            .balances(&addresses, &coins)
            .await
            .map_err(evm_error)?;
        let held = |address: EvmAddress| {
            let rows = balances.rows.iter().filter(|(of, _, _)| *of == address);
            rows.map(|(_, coin, units)| Amount::Evm(*coin, *units))
                .collect()
        };
        let accounts: Vec<(u32, EvmAddress, Vec<Amount>)> = accounts
            .into_iter()
            .map(|(index, address)| (index, address, held(address)))
            .collect();
        let all: Vec<(u32, Amount)> = { accounts.iter() }
            .flat_map(|(index, _, amounts)| amounts.iter().map(|amount| (*index, *amount)))
            .collect();
        let unswept = deposits.note(&self.home, id, &all, self.now()?)?;
        Ok(EvmHoldings {
            height: balances.block.height,
            accounts,
            unswept,
        })
    }

    /// What waits on a vault's deposit accounts to be collected, and since when.
    pub(crate) async fn unswept_deposits(&self, name: &Name) -> Result<Vec<Unswept>, DriverError> {
        Ok(self.evm_holdings(name).await?.unswept)
    }

    /// A price for gas above this is never chosen, in wei.
    pub(crate) fn highest_gas_price(&self, chain: ChainId) -> Result<u128, DriverError> {
        Ok(self.evm_settings(chain)?.highest_gas_price_wei())
    }

    /// Whether an address of an EVM chain is a contract's: whoever is paid there may be nobody.
    pub async fn has_code(&self, address: &EvmAddress) -> Result<bool, DriverError> {
        let nodes = self.nodes(address.chain())?;
        nodes.first.has_code(address).await.map_err(evm_error)
    }
}

/// The account of every version of the payout, so of the cancel of it.
fn account_path(draft: &Draft<'_>) -> Result<ChildPath, DriverError> {
    ChildPath::new(ChildPath::RECEIVE, draft.payout.account()).map_err(evm_error)
}

pub(crate) fn account_at(
    id: VaultId,
    record: &VaultRecord,
    path: ChildPath,
) -> Result<EvmAddress, DriverError> {
    let view = record
        .view(id)
        .ok_or_else(|| crate::chain::not_ready(record))?;
    let keys = view.keys().map_err(evm_error)?;
    keys.account_at(path).map_err(evm_error)
}

/// The nonce after the last one whose signing began.
fn next_known(treasury: &Treasury, account: EvmAddress) -> u64 {
    let last = treasury.last_nonce(account);
    last.map_or(0, |last| last.saturating_add(1))
}

fn call_of(draft: &Draft<'_>, account: EvmAddress) -> Result<Call, DriverError> {
    if draft.cancel.is_some() {
        return Ok(Call {
            to: account,
            value: U256::ZERO,
            data: Vec::new(),
        });
    }
    let not_evm = || DriverError::NotNow("the payout is not one of an EVM chain".to_owned());
    let leg = draft.payout.legs().first().ok_or_else(not_evm)?;
    let to = leg.address.evm().ok_or_else(not_evm)?;
    let Amount::Evm(coin, units) = leg.amount else {
        return Err(not_evm());
    };
    Call::payment(&coin, to, units).map_err(evm_error)
}

/// A nonce once taken holds up all that come after it, so nothing is signed that the account can't pay for:
/// the payout, its fee at most, and what is planned or signed and not with the node yet.
async fn check_funds(
    treasury: &Treasury,
    draft: &Draft<'_>,
    nodes: &Nodes,
    account: EvmAddress,
    fee: U256,
) -> Result<(), DriverError> {
    let native = |payout: &domain::Payout| match payout.legs().first().map(|leg| leg.amount) {
        Some(Amount::Evm(coin, units)) if coin.is_native() => units,
        Some(Amount::Evm(..) | Amount::Btc(_)) | None => U256::ZERO,
    };
    let promised = treasury.proposals.iter().filter_map(|(id, record)| {
        let payout = record.proposal.subject.payout()?;
        let plan = match record.stage()? {
            PayoutStage::Planned(plan)
            | PayoutStage::Signing(plan, _)
            | PayoutStage::Aborted(plan, _)
            | PayoutStage::Signed {
                plan,
                broadcast: Broadcasting::NotYet | Broadcasting::Dropped,
                ..
            } => plan,
            PayoutStage::Signed { .. }
            | PayoutStage::Confirmed { .. }
            | PayoutStage::Reverted { .. }
            | PayoutStage::Replaced { .. } => return None,
        };
        let ours = plan.nonce().is_some_and(|nonce| nonce.account == account);
        let first = plan.cancels.is_none() && record.earlier.is_empty();
        let counts = *id != draft.id && ours && first;
        counts.then(|| native(payout).saturating_add(plan.fee.units()))
    });
    let promised = promised.fold(U256::ZERO, U256::saturating_add);
    let needed = native(draft.payout).saturating_add(fee);
    let held = nodes.first.spendable(&account).await.map_err(evm_error)?;
    if held.saturating_sub(promised) >= needed {
        return Ok(());
    }
    let Some(coin) = draft.fee_cap().asset().coin() else {
        return Err(DriverError::Evm(
            "fees are paid in the chain's own coin".to_owned(),
        ));
    };
    let amount = |wei| Amount::Evm(coin, wei);
    Err(DriverError::Evm(format!(
        "account {account} has {}, of which {} are for payouts before this one; this needs {} with its fee at most; nothing was built: pay in more, or wait",
        amount(held),
        amount(promised.min(held)),
        amount(needed)
    )))
}

fn offered(plan: &PlanRecord) -> Option<Fees> {
    match &plan.reserved {
        Reserved::Outpoints(_) => None,
        Reserved::Nonce(_, fees) => Some(Fees {
            max_fee_per_gas: fees.max_fee_per_gas,
            max_priority_fee_per_gas: fees.max_priority_fee_per_gas,
        }),
    }
}

/// What is looked for; nothing on another kind of chain.
fn watched(sight: &Sight<'_>) -> Option<Watched> {
    let NonceAnchor { account, nonce } = sight.plan.nonce()?;
    match sight.plan.body {
        PlanBody::Bitcoin(_) => None,
        PlanBody::Evm(_) => Some(Watched {
            hash: B256::from(sight.plan.transaction.bytes()),
            from: account,
            nonce,
        }),
    }
}

fn seen(sight: &Sight<'_>, record: &ProposalRecord, status: ChainStatus, needed: u32) -> Seen {
    let needed = u64::from(needed);
    let place = |block: B256, height: u64| {
        let named = sighting(sight.plan);
        Confirmation {
            plan: named.plan,
            txid: named.txid,
            block: HexBytes(block.0.to_vec()),
            height: u32::try_from(height).unwrap_or(u32::MAX),
        }
    };
    let few = |confirmations: u64| u32::try_from(confirmations).unwrap_or(u32::MAX);
    match (record.stage(), status) {
        (
            Some(PayoutStage::Confirmed { place, .. } | PayoutStage::Reverted { place, .. }),
            ChainStatus::InBlock { block_hash, .. },
        ) if place.block.0 == block_hash.0 => Seen::Nothing,
        (Some(PayoutStage::Confirmed { .. } | PayoutStage::Reverted { .. }), _) => Seen::Reorged,
        (
            _,
            ChainStatus::InBlock {
                height,
                block_hash,
                confirmations,
                success,
                ..
            },
        ) if sight.signed && confirmations >= needed => {
            let place = place(block_hash, height);
            if success {
                Seen::Final(place)
            } else {
                Seen::Reverted(place)
            }
        }
        (_, ChainStatus::InBlock { confirmations, .. }) if sight.signed => {
            Seen::Confirming(few(confirmations))
        }
        (
            _,
            ChainStatus::Taken {
                by: Some(by),
                confirmations,
            },
        ) if sight.present && confirmations >= needed && !is_version(record, by) => {
            Seen::Replaced(by.0.to_vec(), by.to_string())
        }
        (
            Some(PayoutStage::Signed {
                broadcast: Broadcasting::Out,
                ..
            }),
            ChainStatus::Unseen,
        ) if sight.present => Seen::Dropped,
        (_, ChainStatus::Pending) if sight.signed => Seen::Confirming(0),
        (
            _,
            ChainStatus::InBlock { .. }
            | ChainStatus::Pending
            | ChainStatus::Unseen
            | ChainStatus::Taken { .. },
        ) => Seen::Nothing,
    }
}

fn is_version(record: &ProposalRecord, hash: TxHash) -> bool {
    let mut versions = record.versions();
    versions.any(|version| version.transaction.bytes() == hash.0)
}

pub(crate) fn evm_error(error: impl std::fmt::Display) -> DriverError {
    DriverError::Evm(error.to_string())
}
