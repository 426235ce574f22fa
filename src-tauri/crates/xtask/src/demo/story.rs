//! What the demo tells: founding, a payout, refusals, a freeze, a disaster and the way back.

use super::acts::text;
use super::anvil::{Anvil, CHAIN_ID, TOKEN};
use super::countersign::{Countersign, Refused};
use super::keys::Keys;
use super::node::Node;
use super::report::{Bitcoin, Evm, Journal, Refusal, Report};
use super::{evm, policy};
use crate::say;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::PathBuf;

/// Every officer's PIN in the demo.
pub const PIN: &str = "481516";
const PUK: &str = "23421815";
const FACTORY_PIN: &str = "123456";
const FACTORY_PUK: &str = "12345678";
const OFFICERS: [&str; 3] = ["Alice", "Bob", "Carol"];
pub(super) const CONFIRMATIONS: u32 = 2;
/// Payees: addresses of keys that the demo throws away.
pub(super) const MEYER: &str = "bcrt1qt95lqr64arnwv42sgkd3n9q0ddpmxzj8lszzes";
pub(super) const NORDWIND: &str =
    "bcrt1pxkga2lqmt07npdupk24ad8qsfev4sgcdsdwuyg5cx09sglqgrxnqqmxxjj";
const STRANGER: &str = "bcrt1qa0qp5vennhp0tp0mqjq6nhl6p5pvuw3902wprr";

/// Everything the demo plays with.
pub struct Stage {
    pub directory: PathBuf,
    pub node: Node,
    pub anvil: Anvil,
    pub keys: Keys,
    pub countersign: Countersign,
}

/// What the report collects on the way.
#[derive(Default)]
pub(super) struct Notes {
    pub payouts: Vec<String>,
    /// Batches and their payouts.
    pub batched: Vec<(String, String)>,
    /// Sweeps and their transfers.
    pub swept: Vec<(String, String)>,
    pub refusals: Vec<Refusal>,
}

impl Notes {
    /// Something that was refused, and why.
    pub fn refuse(&mut self, what: &str, reason: String) {
        self.refusals.push(Refusal {
            what: what.to_owned(),
            reason,
        });
    }
}

impl Stage {
    /// Tells the whole story; stops at the first thing that is not as it should be.
    pub fn tell(&mut self) -> Result<Report> {
        let mut notes = Notes::default();
        say::line("");
        say::line("  COUNTERSIGN DEMO   test keys, test coins: never send real money here");
        say::line("");
        self.found()?;
        let address = self.vault()?;
        self.payees()?;
        self.first_payout(&mut notes)?;
        self.refusals(&mut notes)?;
        self.freeze_and_thaw(&mut notes)?;
        self.stuck_bitcoin(&mut notes)?;
        self.new_policy()?;
        let tokens = self.evm_chapter(&mut notes)?;
        self.disaster(&mut notes)?;
        self.evm_after_the_disaster(&mut notes, &tokens)?;
        self.end(notes, address, tokens)
    }

    fn found(&mut self) -> Result<()> {
        say::step(
            "Three officers prepare their YubiKeys: own PIN and PUK, three keys each, attested",
        );
        let root = self.keys.root().to_string_lossy().into_owned();
        for officer in OFFICERS {
            let serial = self.keys.new_key(officer)?.to_string();
            self.countersign.run(
                &["keys", "prepare", "--serial", &serial],
                &[FACTORY_PIN, PIN, FACTORY_PUK, PUK],
            )?;
            let words = [
                "enrol",
                "--name",
                officer,
                "--serial",
                &serial,
                "--test-attestation-root",
                &root,
            ];
            self.countersign.run(&words, &[PIN])?;
            say::detail(&format!("{officer}: YubiKey {serial}"));
        }
        say::step("They found Acme Treasury: each signs the founding, with PIN and touch");
        self.anvil.deploy("USDC", 6)?;
        let policy = policy::write(&self.directory)?;
        let policy = policy.to_string_lossy().into_owned();
        let mut words = vec![
            "found",
            "--name",
            "Acme Treasury",
            "--network",
            "regtest",
            "--network",
            evm::CHAIN,
            "--policy",
            &policy,
        ];
        for officer in OFFICERS {
            words.extend(["--officer", officer]);
        }
        words.extend([
            "--machine",
            "host",
            "--administrator",
            "Ivan",
            "--test-attestation-root",
            &root,
        ]);
        let founded = self.countersign.run(&words, &[PIN, PIN, PIN])?;
        say::detail(&format!("treasury {}", text(&founded, "/treasury")?));
        say::detail(&format!("grade: {}", text(&founded, "/grade")?));
        self.settings()
    }

    fn settings(&self) -> Result<()> {
        let url = self.node.url();
        let words = ["settings", "bitcoin", &url, "--user", &self.node.user];
        self.countersign.run(&words, &[&self.node.password])?;
        let url = self.anvil.url();
        let chain = CHAIN_ID.to_string();
        self.countersign
            .run(&["settings", "evm", &chain, &url], &[])?;
        Ok(())
    }

    fn vault(&mut self) -> Result<String> {
        say::step("A vault is ordered: 2 of 3 seats sign; no whole key will ever exist");
        let confirmations = CONFIRMATIONS.to_string();
        let words = [
            "vault",
            "create",
            "Operations",
            "--as",
            "Alice",
            "--network",
            "regtest",
            "--threshold",
            "2",
            "--confirmations",
            &confirmations,
            "--device",
            "host",
            "--hardware",
            "safe=Alice,Bob",
            "--recovery",
            "recovery=2:Alice,Bob,Carol",
        ];
        let ordered = self.countersign.run(&words, &[PIN])?;
        let id = text(&ordered, "/proposal")?;
        self.approve(&id, &["Alice", "Bob"])?;
        say::detail("seat host      sealed by this machine's keyring");
        say::detail("seat safe      opened by Alice's or Bob's YubiKey");
        say::detail("seat recovery  opened by any two of the three YubiKeys together");
        say::step(
            "Its key is made in shares; every sealed share is opened once to prove that it opens",
        );
        self.countersign
            .run(&["vault", "keygen", "Operations"], &[PIN; 5])?;
        let shown = self
            .countersign
            .run(&["vault", "address", "Operations"], &[])?;
        let address = text(&shown, "/address")?;
        say::detail(&format!("first address {address}"));
        say::step("The vault is funded: one block's reward, and a hundred blocks to ripen it");
        self.node.mine_to(&address, 1)?;
        self.node.mine(101)?;
        self.countersign.run(&["status"], &[])?;
        Ok(address)
    }

    fn payees(&mut self) -> Result<()> {
        say::step("Two payees enter the address book, each decided by two officers");
        for (name, address) in [("Meyer GmbH", MEYER), ("Nordwind AS", NORDWIND)] {
            let words = [
                "propose",
                "payee",
                name,
                address,
                "--network",
                "regtest",
                "--as",
                "Carol",
            ];
            let proposed = self.countersign.run(&words, &[PIN])?;
            self.approve(&text(&proposed, "/proposal")?, &["Alice", "Bob"])?;
            say::detail(&format!("{name:<12} {address}"));
        }
        Ok(())
    }

    fn first_payout(&mut self, notes: &mut Notes) -> Result<()> {
        say::step(
            "Carol proposes a payout with two legs; Alice and Bob approve; Bob opens the safe's seat",
        );
        let id = self.propose(
            &["Meyer GmbH=0.25 BTC", "Nordwind AS=0.1 BTC"],
            "invoices 1041 and 1042",
        )?;
        self.approve(&id, &["Alice", "Bob"])?;
        let released = self
            .countersign
            .run(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
        notes.payouts.push(id.clone());
        self.settle(&id, &released)
    }

    fn refusals(&mut self, notes: &mut Notes) -> Result<()> {
        say::step("What the policy does not allow is not even proposed");
        self.refused(
            notes,
            "1.5 BTC to Meyer GmbH, over the day's limit",
            "Meyer GmbH=1.5 BTC",
        )?;
        let stranger = format!("{STRANGER}=0.2 BTC");
        self.refused(
            notes,
            "0.2 BTC to an address that is not in the address book",
            &stranger,
        )?;
        say::step("One decline ends a proposal");
        let id = self.propose(&["Meyer GmbH=0.3 BTC"], "invoice 1043")?;
        self.countersign.run(
            &[
                "decline",
                &id,
                "--as",
                "Alice",
                "--reason",
                "the invoice is not due",
            ],
            &[PIN],
        )?;
        say::detail("Alice declined 0.3 BTC to Meyer GmbH: the invoice is not due");
        notes.refusals.push(Refusal {
            what: "0.3 BTC to Meyer GmbH".to_owned(),
            reason: "declined by Alice: the invoice is not due".to_owned(),
        });
        notes.payouts.push(id.clone());
        match self
            .countersign
            .attempt(&["approve", &id, "--as", "Bob"], &[PIN])?
        {
            Ok(_) => anyhow::bail!("a declined payout was approved"),
            Err(Refused(why)) => say::detail(&format!("Bob can't approve it any more: {why}")),
        }
        Ok(())
    }

    fn refused(&mut self, notes: &mut Notes, what: &str, leg: &str) -> Result<()> {
        self.refused_from(notes, what, &["--vault", "Operations", "--pay", leg])
    }

    /// A payout that must be refused, and why it is.
    pub(super) fn refused_from(
        &self,
        notes: &mut Notes,
        what: &str,
        payout: &[&str],
    ) -> Result<()> {
        let words = [&["propose", "payout", "--as", "Carol"], payout].concat();
        match self.countersign.attempt(&words, &[PIN])? {
            Ok(_) => anyhow::bail!("{what} was not refused"),
            Err(Refused(reason)) => {
                say::detail(&format!("refused: {what}"));
                say::detail(&format!("         {reason}"));
                notes.refusals.push(Refusal {
                    what: what.to_owned(),
                    reason,
                });
                Ok(())
            }
        }
    }

    fn freeze_and_thaw(&mut self, notes: &mut Notes) -> Result<()> {
        say::step(
            "Any officer can stop everything with one touch; only a quorum can start it again",
        );
        let id = self.propose(&["Nordwind AS=0.05 BTC"], "invoice 1044")?;
        self.approve(&id, &["Alice", "Bob"])?;
        self.countersign.run(
            &[
                "freeze",
                "--as",
                "Carol",
                "--reason",
                "a phone call that sounded wrong",
            ],
            &[],
        )?;
        say::detail("Carol froze the treasury: a phone call that sounded wrong");
        match self
            .countersign
            .attempt(&["release", &id, "--as", "Bob"], &[PIN, PIN])?
        {
            Ok(_) => anyhow::bail!("a frozen payout was released"),
            Err(Refused(reason)) => {
                say::detail(&format!("refused: {reason}"));
                notes.refusals.push(Refusal {
                    what: "release while frozen".to_owned(),
                    reason,
                });
            }
        }
        let thaw = self
            .countersign
            .run(&["propose", "thaw", "--as", "Alice"], &[PIN])?;
        self.approve(&text(&thaw, "/proposal")?, &["Alice", "Bob"])?;
        say::detail("Alice and Bob lifted the freeze");
        let released = self
            .countersign
            .run(&["release", &id, "--as", "Alice"], &[PIN, PIN])?;
        notes.payouts.push(id.clone());
        self.settle(&id, &released)
    }

    fn new_policy(&mut self) -> Result<()> {
        say::step("A new policy is adopted: the day's limit rises from 1 to 3 BTC");
        let path = self.directory.join("policy.toml");
        let old = std::fs::read_to_string(&path)?;
        let new = old.replacen("amount = \"1 BTC\"", "amount = \"3 BTC\"", 1);
        anyhow::ensure!(new != old, "the shipped policy has no limit of 1 BTC");
        let path = self.directory.join("policy-2.toml");
        std::fs::write(&path, new)?;
        let file = path.to_string_lossy().into_owned();
        let proposed = self
            .countersign
            .run(&["propose", "policy", &file, "--as", "Bob"], &[PIN])?;
        self.approve(&text(&proposed, "/proposal")?, &["Alice", "Bob"])?;
        say::detail("adopted by Alice and Bob; approvals given under the old policy count no more");
        Ok(())
    }

    fn disaster(&mut self, notes: &mut Notes) -> Result<()> {
        say::step(
            "DISASTER: a backup was made; then the host, with its journal and its seat, is lost",
        );
        let backup = self.directory.join("backup");
        self.countersign
            .run(&["backup", &backup.to_string_lossy()], &[])?;
        std::fs::remove_dir_all(self.countersign.home())?;
        say::detail("the home directory is deleted: journal, seats, settings");
        self.countersign.move_to(self.directory.join("home-2"));
        say::step("The backup is restored on a new machine; the quorum lets it take over");
        let from = backup.to_string_lossy().into_owned();
        let words = [
            "restore",
            &from,
            "--as",
            "Alice",
            "--machine",
            "host-2",
            "--administrator",
            "Ivan",
        ];
        let restored = self.countersign.run(&words, &[PIN])?;
        self.approve(&text(&restored, "/proposal")?, &["Alice", "Carol"])?;
        self.settings()?;
        say::step(
            "A payout without the lost seat: Alice opens the safe, Bob and Carol the recovery seat",
        );
        let id = self.propose(&["Meyer GmbH=1.5 BTC"], "the machine we ordered")?;
        self.approve(&id, &["Alice", "Bob"])?;
        let words = [
            "release",
            &id,
            "--as",
            "Alice",
            "--seat",
            "safe",
            "--and",
            "recovery=Bob,Carol",
        ];
        let released = self.countersign.run(&words, &[PIN; 6])?;
        notes.payouts.push(id.clone());
        self.settle(&id, &released)
    }

    fn end(&self, notes: Notes, address: String, tokens: String) -> Result<Report> {
        say::step("The journal is verified, entry by entry");
        let verified = self.countersign.run(&["journal", "verify"], &[])?;
        let entries = verified
            .pointer("/entries")
            .and_then(Value::as_u64)
            .context("no count of entries")?;
        say::detail(&format!(
            "{entries} entries, every signature and link checked"
        ));
        say::step("How the treasury stands");
        let status = self.countersign.run(&["status"], &[])?;
        for line in self.countersign.print(&["status"])?.lines() {
            say::detail(line);
        }
        let mut payouts = notes
            .payouts
            .iter()
            .map(|id| self.describe(id))
            .collect::<Result<Vec<_>>>()?;
        payouts.extend(self.describe_batched(&notes.batched)?);
        Ok(Report {
            grade: text(&status, "/grade")?,
            bitcoin: Bitcoin {
                rpc_url: self.node.url(),
                rpc_user: self.node.user.clone(),
                rpc_password: self.node.password.clone(),
                vault_address: address,
            },
            evm: Evm {
                rpc_url: self.anvil.url(),
                chain_id: CHAIN_ID,
                vault_address: tokens,
                token: TOKEN.to_owned(),
            },
            payouts,
            sweeps: self.describe_swept(&notes.swept)?,
            refusals: notes.refusals,
            journal: Journal {
                path: self.countersign.home().join("journal.sqlite"),
                entries,
                verified: true,
            },
            home: self.countersign.home().to_owned(),
        })
    }
}
