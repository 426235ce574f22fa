//! A treasury on the real stack: virtual YubiKeys behind the real card service, a real node, the
//! session's real keyring.

mod clock;
pub mod evm;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bitcoin::Txid;
use domain::payout::Leg;
use domain::proposal::{PayeeChange, PolicyChange, Thaw};
use domain::{
    Amount, BtcAddress, EntryId, Name, Network, Note, Officer, OfficerId, Payout, ProposalId, Sats,
    Seat, SeatId, SeatKind, Span, Subject, Timestamp, VaultId, VaultPlan,
};
use driver::{
    BitcoinSettings, Crash, DeskError, Driver, DriverError, Event, FoundingPlan, Home, NoCrash,
    Prompt, Purpose, Surroundings, YubiKeys, first_anchors, keep_enrolment,
};
use keys::enrol::{self, ExistingKeys};
use keys::{Cards, Pin, PinStatus, Puk};
use testkit::bitcoind::Bitcoind;
use testkit::room::{Card, CardOptions, Room};
use treasury::{Decision, PayoutStage};

pub use clock::TestClock;
pub use testkit::typed::PIN;
use testkit::typed::PUK;

/// Answers every PIN prompt as an officer would.
pub struct Typist;

impl Prompt for Typist {
    fn pin(&mut self, _: &Officer, _: &Purpose, _: &PinStatus) -> Result<Pin, DeskError> {
        Pin::new(PIN.to_owned()).map_err(|e| DeskError::Other(e.to_string()))
    }

    fn touch(&mut self, _: &Officer, _: &Purpose) {}
}

/// Three founders, their cards, a node, and a driver.
pub struct Acme {
    pub room: Room,
    pub cards: Vec<Card>,
    pub node: Bitcoind,
    pub clock: Arc<TestClock>,
    pub folder: tempfile::TempDir,
    pub driver: Driver,
    pub desk: YubiKeys<Typist>,
}

pub const POLICY: &str = r#"
version = 1
[groups]
Founders = ["Alice", "Bob", "Carol"]
[[deny]]
name = "No large payments to strangers"
scope = { payees = ["unknown"], leg = { above = "0.5 BTC" } }
[[limit]]
name = "A day's spending"
scope = "all"
amount = "2 BTC"
window = "24 h"
per = "vault"
[[lane]]
name = "Two founders"
scope = "all"
steps = [{ group = "Founders", count = 2 }]
initiator_may_approve = false
expiry = "24 h"
[governance.default]
steps = [{ group = "Founders", count = 2 }]
initiator_may_approve = true
expiry = "7 d"
"#;

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn sats(text: &str) -> Sats {
    Sats::from_btc(text).unwrap()
}

pub fn week() -> Span {
    Span::from_secs(7 * 86_400)
}

/// The seats of a vault, by the officers Alice, Bob and Carol: what each is called, and its kind.
pub type Seats = fn(&[OfficerId]) -> Vec<(&'static str, SeatKind)>;

/// Device, hardware (Alice, Bob), recovery (2 of all three).
pub fn three_seats(officers: &[OfficerId]) -> Vec<(&'static str, SeatKind)> {
    vec![
        ("host", SeatKind::Device),
        ("safe", hardware(&officers[..2])),
        ("recovery", recovery(officers)),
    ]
}

pub fn hardware(officers: &[OfficerId]) -> SeatKind {
    SeatKind::Hardware {
        officers: officers.to_vec(),
    }
}

/// Any two of the officers open it.
pub fn recovery(officers: &[OfficerId]) -> SeatKind {
    SeatKind::Recovery {
        officers: officers.to_vec(),
        pieces: 2,
    }
}

impl Acme {
    /// Founded, nothing else.
    pub async fn found() -> Self {
        Self::found_with(POLICY, Arc::new(NoCrash)).await
    }

    pub async fn found_with(policy: &str, crash: Arc<dyn Crash>) -> Self {
        Self::found_on(vec![Network::Regtest], policy, crash).await
    }

    pub async fn found_on(networks: Vec<Network>, policy: &str, crash: Arc<dyn Crash>) -> Self {
        let room = Room::from_env().unwrap();
        // They blink long enough for a busy machine.
        let options = CardOptions {
            touch_timeout: std::time::Duration::from_secs(8),
            ..CardOptions::default()
        };
        let cards: Vec<Card> = (0..3).map(|_| room.new_card(&options).unwrap()).collect();
        room.plug_all(&cards.iter().collect::<Vec<_>>()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        let root = room.root_certificate("test").unwrap();
        let reader = Cards::connect().unwrap();
        for (card, who) in cards.iter().zip(["Alice", "Bob", "Carol"]) {
            enrol_card(&reader, card, who, &home, &root);
        }
        let clock = Arc::new(TestClock::default());
        let surroundings = Surroundings {
            clock: clock.clone(),
            crash,
        };
        let mut desk = YubiKeys::new(reader, Typist);
        let plan = FoundingPlan {
            name: name("Acme Treasury"),
            networks,
            policy: policy.to_owned(),
            officers: ["Alice", "Bob", "Carol"].map(name).to_vec(),
            machine: name("host"),
            administrators: vec![name("Ivan")],
            test_roots: vec![root],
            waiver: None,
        };
        let (driver, _) = Driver::found(home, plan, surroundings, &mut desk)
            .await
            .unwrap();
        let node = Bitcoind::start().unwrap();
        let mut acme = Self {
            room,
            cards,
            node,
            clock,
            folder,
            driver,
            desk,
        };
        acme.point_at(&acme.node.url());
        acme
    }

    /// Uses the node at a url, for example of a line that fails.
    pub fn point_at(&mut self, url: &str) {
        let home = self.driver.home().clone();
        let mut settings = home.settings().unwrap();
        settings.bitcoin = Some(BitcoinSettings {
            url: url.to_owned(),
            user: Some(self.node.user().to_owned()),
            password: Some(self.node.password().to_owned()),
            cookie: None,
            highest_fee_rate: 500,
        });
        home.set_settings(&settings).unwrap();
        self.reopen();
    }

    /// As after a restart: nothing but the disk, the keyring and the chain is left.
    pub fn reopen(&mut self) {
        self.reopen_with(Arc::new(NoCrash));
    }

    pub fn reopen_with(&mut self, crash: Arc<dyn Crash>) {
        let surroundings = Surroundings {
            clock: self.clock.clone(),
            crash,
        };
        self.driver = Driver::open(self.driver.home().clone(), surroundings).unwrap();
    }

    /// With a 2-of-3 vault `Main`.
    pub async fn with_vault() -> Self {
        let mut acme = Self::found().await;
        acme.make_vault("Main").await;
        acme
    }

    pub async fn make_vault(&mut self, vault: &str) -> VaultId {
        self.make_vault_on(vault, Network::Regtest).await
    }

    pub async fn make_vault_on(&mut self, vault: &str, network: Network) -> VaultId {
        let plan = self.vault_plan_on(vault, network).await;
        self.make_vault_of(plan).await
    }

    pub async fn make_vault_of(&mut self, plan: VaultPlan) -> VaultId {
        let vault = plan.name().clone();
        let id = self.propose("Alice", Subject::Vault(plan)).await.unwrap();
        self.approve(id, "Alice").await.unwrap();
        self.approve(id, "Bob").await.unwrap();
        self.turn().await;
        self.driver.keygen(&vault, &mut self.desk).await.unwrap()
    }

    pub async fn vault_plan(&self, vault: &str) -> VaultPlan {
        self.vault_plan_on(vault, Network::Regtest).await
    }

    pub async fn vault_plan_on(&self, vault: &str, network: Network) -> VaultPlan {
        self.vault_plan_of(vault, network, 2, three_seats).await
    }

    pub async fn vault_plan_of(
        &self,
        vault: &str,
        network: Network,
        threshold: u16,
        seats: Seats,
    ) -> VaultPlan {
        let machine = self.driver.machine();
        let kinds = seats(&self.officer_ids().await);
        let seats = (1..).zip(kinds).map(|(number, (title, kind))| Seat {
            id: SeatId::new(number).unwrap(),
            name: name(title),
            machine,
            kind,
        });
        VaultPlan::new(name(vault), network, 2, threshold, seats.collect()).unwrap()
    }

    pub async fn officer_ids(&self) -> Vec<OfficerId> {
        let replay = self.driver.view().await.unwrap();
        let treasury = replay.treasury().unwrap();
        ["Alice", "Bob", "Carol"]
            .iter()
            .map(|who| treasury.officer_named(&name(who)).unwrap().id())
            .collect()
    }

    /// Pays into the vault and lets it ripen.
    pub async fn fund(&self, btc: &str) {
        let (_, address) = self.driver.address(&name("Main"), None).await.unwrap();
        let address = address.to_string();
        self.node.fund(&address, sats(btc).get()).unwrap();
        self.node.mine(2).unwrap();
    }

    pub async fn propose(
        &mut self,
        who: &str,
        subject: Subject,
    ) -> Result<ProposalId, DriverError> {
        self.driver
            .propose(subject, &name(who), week(), &mut self.desk)
            .await
    }

    pub async fn approve(&mut self, id: ProposalId, who: &str) -> Result<(), DriverError> {
        self.driver.approve(id, &name(who), &mut self.desk).await
    }

    pub async fn release(&mut self, id: ProposalId, who: &[&str]) -> Result<Name, DriverError> {
        let who: Vec<Name> = who.iter().map(|w| name(w)).collect();
        self.driver.release(id, None, &who, &mut self.desk).await
    }

    pub async fn turn(&mut self) -> Vec<Event> {
        self.driver.turn().await.unwrap()
    }

    /// A payout of amounts to fresh outside addresses.
    pub async fn payout(&self, amounts: &[&str]) -> Subject {
        let replay = self.driver.view().await.unwrap();
        let (vault, _) = replay
            .treasury()
            .unwrap()
            .vault_named(&name("Main"))
            .unwrap();
        let legs = amounts.iter().map(|btc| Leg {
            payee: None,
            address: outside().into(),
            amount: Amount::Btc(sats(btc)),
        });
        Subject::Payout(
            Payout::new(
                vault,
                legs.collect(),
                sats("0.001"),
                Note::new("test").unwrap(),
            )
            .unwrap(),
        )
    }

    /// Proposed by Carol, approved by Alice and Bob.
    pub async fn approved_payout(&mut self, amounts: &[&str]) -> ProposalId {
        let subject = self.payout(amounts).await;
        let id = self.propose("Carol", subject).await.unwrap();
        self.approve(id, "Alice").await.unwrap();
        self.approve(id, "Bob").await.unwrap();
        id
    }

    pub async fn adopt(&mut self, text: &str) {
        let subject = Subject::Policy(PolicyChange {
            text: text.to_owned(),
        });
        self.govern(subject).await;
    }

    pub async fn set_payee(&mut self, payee: &str, address: BtcAddress) {
        self.govern(Subject::Payee(PayeeChange::Set {
            name: name(payee),
            address: address.into(),
        }))
        .await;
    }

    pub async fn thaw(&mut self, freezes: Vec<EntryId>) {
        self.govern(Subject::Thaw(Thaw { freezes })).await;
    }

    /// Proposed and approved by Alice, approved by Bob, enacted.
    pub async fn govern(&mut self, subject: Subject) -> ProposalId {
        let id = self.propose("Alice", subject).await.unwrap();
        self.approve(id, "Alice").await.unwrap();
        self.approve(id, "Bob").await.unwrap();
        let events = self.turn().await;
        assert!(events.contains(&Event::Enacted(id)), "{events:?}");
        id
    }

    pub fn mempool(&self) -> Vec<Txid> {
        self.node.call("getrawmempool", &[]).unwrap()
    }

    pub async fn now(&self) -> Timestamp {
        self.driver.now().unwrap()
    }
}

/// Prepares and enrols a card for an officer.
pub fn enrol_card(reader: &Cards, card: &Card, who: &str, home: &Home, root: &[u8]) {
    let serial = card.serial();
    let pin = |text: &str| Pin::new(text.to_owned()).unwrap();
    let puk = |text: &str| Puk::new(text.to_owned()).unwrap();
    enrol::change_pin(reader, serial, &pin("123456"), &pin(PIN)).unwrap();
    enrol::change_puk(reader, serial, &puk("12345678"), &puk(PUK)).unwrap();
    enrol::protect_management_key(reader, serial, &pin(PIN)).unwrap();
    let enrolment = enrol::enrol(reader, serial, &pin(PIN), ExistingKeys::Refuse).unwrap();
    let anchors = first_anchors(&[root.to_vec()], None).unwrap();
    let officer = enrolment.officer(name(who), None, &anchors).unwrap();
    keep_enrolment(home, &officer).unwrap();
}

/// A fresh address that is nobody's of the treasury.
pub fn outside() -> BtcAddress {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let secp = bitcoin::secp256k1::Secp256k1::new();
    let mut secret = [7; 32];
    let unique = NEXT.fetch_add(1, Ordering::SeqCst) << 24 | u64::from(std::process::id());
    secret[24..].copy_from_slice(&unique.to_be_bytes());
    let pair = bitcoin::secp256k1::Keypair::from_seckey_slice(&secp, &secret).unwrap();
    let address = bitcoin::Address::p2tr(
        &secp,
        pair.x_only_public_key().0,
        None,
        bitcoin::Network::Regtest,
    );
    BtcAddress::parse(&address.to_string(), Network::Regtest).unwrap()
}

pub fn options() -> CardOptions {
    CardOptions::default()
}

/// Types what a test says, and notes what the officer was shown before.
pub struct Types(pub &'static str, pub Arc<std::sync::Mutex<Vec<PinStatus>>>);

impl Prompt for Types {
    fn pin(&mut self, _: &Officer, _: &Purpose, status: &PinStatus) -> Result<Pin, DeskError> {
        self.1.lock().unwrap().push(*status);
        Pin::new(self.0.to_owned()).map_err(|e| DeskError::Other(e.to_string()))
    }

    fn touch(&mut self, _: &Officer, _: &Purpose) {}
}

impl Acme {
    /// The number of the journal's last entry.
    pub async fn sequence(&self) -> u64 {
        let replay = self.driver.view().await.unwrap();
        replay.treasury().unwrap().sequence
    }

    /// How far a payout has come; none before its first plan.
    pub async fn stage(&self, id: ProposalId) -> Option<PayoutStage> {
        stage(&self.driver, id).await
    }

    /// The journal's files as they are, to be put back later.
    pub fn journal_files(&self) -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let home = self.driver.home().root();
        // The last connection takes the write-ahead log with it when it closes, a moment after the use.
        for _ in 0..100 {
            if !home.join("journal.sqlite-wal").exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        std::fs::read_dir(home)
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                name.starts_with("journal.sqlite") && !name.contains("lock")
            })
            .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
            .collect()
    }

    /// Puts copies in the place of the journal's files.
    pub fn put_journal(&self, files: &[(std::path::PathBuf, Vec<u8>)]) {
        for (path, _) in self.journal_files() {
            std::fs::remove_file(path).unwrap();
        }
        for (path, bytes) in files {
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// Outputs on the whole chain, and in the mempool, that pay the payout's first payee, counted on
    /// the node.
    pub async fn payments(&self, id: ProposalId) -> usize {
        let replay = self.driver.view().await.unwrap();
        let (_, payout) = replay.treasury().unwrap().payout(id).unwrap();
        let address = payout.legs()[0].address.to_string();
        let mut transactions: Vec<serde_json::Value> = Vec::new();
        for height in 0..=self.node.height().unwrap() {
            let hash: String = self.node.call("getblockhash", &[height.into()]).unwrap();
            let block: serde_json::Value = self
                .node
                .call("getblock", &[hash.into(), 2.into()])
                .unwrap();
            transactions.extend(block["tx"].as_array().unwrap().iter().cloned());
        }
        for txid in self.mempool() {
            let arguments = [txid.to_string().into(), true.into()];
            transactions.push(self.node.call("getrawtransaction", &arguments).unwrap());
        }
        transactions
            .iter()
            .flat_map(|transaction| transaction["vout"].as_array().unwrap())
            .filter(|output| output["scriptPubKey"]["address"] == address.as_str())
            .count()
    }
}

/// The id of a Bitcoin transaction.
pub fn btc(transaction: plans::TxRef) -> Txid {
    match transaction {
        plans::TxRef::Bitcoin(txid) => txid,
        plans::TxRef::Evm(_) => panic!("{transaction:?}"),
    }
}

/// How far a payout has come, by a driver's journal.
pub async fn stage(driver: &Driver, id: ProposalId) -> Option<PayoutStage> {
    let replay = driver.view().await.unwrap();
    match &replay.treasury().unwrap().proposals[&id].decision {
        Decision::Payout(stage) => Some(stage.as_ref().clone()),
        _ => None,
    }
}
