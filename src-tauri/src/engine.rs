//! The treasury while the app runs: one loop that turns, and the journal's meaning as last seen.
//!
//! The loop's driver keeps opened shares, so a release goes through it and waits for it. Everything else
//! that people do goes through a driver of its own, as from another terminal: a freeze never waits for a
//! person at another window.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::{Network, ProposalId, VaultId};
use driver::{Driver, DriverError, Event, Home, Surroundings};
use tauri::AppHandle;
use tauri_specta::Event as _;
use tokio::sync::{MutexGuard, Notify};
use wording::view::{View, Voice};

use crate::balances;
use crate::commands::vaults;
use crate::dto::{Changed, Happened, Holdings, NodeHealth, Table};
use crate::index::Index;
use crate::pin::held;
use crate::problem::{Answer, Code, Problem, sentence};

/// Between turns, at least.
const EVERY: Duration = Duration::from_secs(5);
/// Between two readings of what the vaults hold.
const READ_EVERY: Duration = Duration::from_secs(30);
/// A turn that takes long is followed by a pause of so many times its length.
const PAUSE: u32 = 4;

/// A founded treasury.
pub struct Engine {
    handle: AppHandle,
    home: Home,
    driver: tokio::sync::Mutex<Driver>,
    seen: RwLock<Seen>,
    wake: Notify,
    told: Mutex<Told>,
}

/// The journal's meaning, and what is made of it for lists.
#[derive(Clone)]
struct Seen {
    view: View,
    index: Arc<Index>,
}

/// What the loop and the readers learned besides the journal.
#[derive(Default)]
struct Told {
    troubles: Vec<String>,
    confirmations: BTreeMap<ProposalId, (u32, u32)>,
    holdings: BTreeMap<VaultId, Holdings>,
    nodes: BTreeMap<Network, NodeHealth>,
}

impl Engine {
    /// Opens the treasury of a home and reads its journal once.
    pub async fn open(handle: AppHandle, home: Home) -> Answer<Arc<Self>> {
        let driver = Driver::open(home.clone(), Surroundings::default())?;
        let view = View::spoken(&driver, Voice::Window).await?;
        let index = Arc::new(Index::of(&view));
        Ok(Arc::new(Self {
            handle,
            home,
            driver: tokio::sync::Mutex::new(driver),
            seen: RwLock::new(Seen { view, index }),
            wake: Notify::new(),
            told: Mutex::new(Told::default()),
        }))
    }

    /// Turns for as long as the app runs, and reads from time to time what the vaults hold.
    pub async fn run(self: Arc<Self>) {
        let mut read: Option<Instant> = None;
        loop {
            let began = Instant::now();
            self.turn().await;
            if read.is_none_or(|read| read.elapsed() > READ_EVERY) {
                vaults::read_all(&self).await;
                read = Some(Instant::now());
            }
            let pause = EVERY.max(began.elapsed().saturating_mul(PAUSE));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// Has the loop turn at once.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// One turn, and what came of it told to the windows.
    pub async fn turn(&self) {
        let turned = {
            let mut driver = self.driver.lock().await;
            driver.turn().await
        };
        self.took(turned).await;
    }

    async fn took(&self, turned: Result<Vec<Event>, DriverError>) {
        self.look().await;
        let (events, trouble) = match turned {
            Ok(events) => (events, None),
            Err(error) => (Vec::new(), Some(Problem::from(error).message)),
        };
        let view = self.view();
        let words = wording::events::lines(&view, &events);
        let mut troubles: Vec<String> = trouble.into_iter().collect();
        let mut confirming = false;
        for (event, words) in events.iter().zip(words) {
            match kind(event) {
                Kind::Trouble => troubles.push(sentence(&words)),
                Kind::Progress => confirming = true,
                Kind::News => self.tell(event, words),
            }
        }
        if self.keep(&events, troubles) {
            self.changed(&[Table::Frame]);
        }
        if confirming {
            self.changed(&[Table::Proposals]);
        }
    }

    /// Keeps what the turn said; whether its troubles are others than before.
    fn keep(&self, events: &[Event], troubles: Vec<String>) -> bool {
        let mut told = held(&self.told);
        for event in events {
            if let Event::Confirming(id, blocks, needed) = event {
                told.confirmations.insert(*id, (*blocks, *needed));
            }
        }
        let changed = told.troubles != troubles;
        told.troubles = troubles;
        changed
    }

    /// Reads the journal again; tells the windows where it went on.
    pub async fn look(&self) {
        let read = match self.own_driver() {
            Ok(driver) => View::spoken(&driver, Voice::Window).await,
            Err(error) => Err(error),
        };
        let view = match read {
            Ok(view) => view,
            Err(error) => {
                held(&self.told).troubles.push(Problem::from(error).message);
                self.changed(&[Table::Frame]);
                return;
            }
        };
        let before = self.view_as_read().treasury().head;
        if view.treasury().head == before {
            return;
        }
        let index = Arc::new(Index::of(&view));
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = Seen { view, index };
        self.changed(&Table::OF_THE_JOURNAL);
    }

    /// The journal's meaning, looked at now.
    pub fn view(&self) -> View {
        let view = self.view_as_read();
        match self.now() {
            Some(now) => view.at(now),
            None => view,
        }
    }

    /// Rows of the lists.
    pub fn index(&self) -> Arc<Index> {
        self.seen
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .index
            .clone()
    }

    fn view_as_read(&self) -> View {
        self.seen
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .view
            .clone()
    }

    fn now(&self) -> Option<domain::Timestamp> {
        let clock = driver::SystemClock;
        driver::Clock::now(&clock).ok().map(|moment| moment.wall)
    }

    /// A driver for one act of a person.
    pub fn own_driver(&self) -> Result<Driver, DriverError> {
        Driver::open(self.home.clone(), Surroundings::default())
    }

    /// The loop's driver, which keeps opened shares. The loop stands still meanwhile.
    pub async fn loop_driver(&self) -> MutexGuard<'_, Driver> {
        self.driver.lock().await
    }

    /// What the loop could not do at its last turn.
    pub fn troubles(&self) -> Vec<String> {
        held(&self.told).troubles.clone()
    }

    /// Blocks on a payout, and how many are needed, as the loop last saw.
    pub fn confirmations(&self, id: ProposalId) -> Option<(u32, u32)> {
        held(&self.told).confirmations.get(&id).copied()
    }

    /// What a vault held when it was last read.
    pub fn holdings(&self, vault: VaultId) -> Option<Holdings> {
        held(&self.told).holdings.get(&vault).cloned()
    }

    /// Keeps what was read of a vault.
    pub fn keep_holdings(&self, vault: VaultId, holdings: Holdings) {
        let before = held(&self.told).holdings.insert(vault, holdings.clone());
        if let Some(now) = self.now() {
            balances::note(&self.home, before.as_ref(), now, &holdings);
        }
        let same = before.is_some_and(|before| {
            (before.totals, before.as_of, before.trouble)
                == (holdings.totals, holdings.as_of, holdings.trouble)
        });
        if !same {
            self.changed(&[Table::Vaults]);
        }
    }

    /// How a node stood when it was last asked.
    pub fn node(&self, network: Network) -> Option<NodeHealth> {
        held(&self.told).nodes.get(&network).cloned()
    }

    /// Keeps how a node stands.
    pub fn keep_node(&self, network: Network, health: NodeHealth) {
        let before = held(&self.told).nodes.insert(network, health.clone());
        let same = before.is_some_and(|before| {
            (before.state, before.height, before.trouble)
                == (health.state, health.height, health.trouble)
        });
        if !same {
            self.changed(&[Table::Nodes]);
        }
    }

    /// Tells the windows what is stale.
    pub fn changed(&self, tables: &[Table]) {
        let changed = Changed {
            tables: tables.to_vec(),
        };
        // No window is open any more.
        let _ = changed.emit(&self.handle);
    }

    fn tell(&self, event: &Event, words: String) {
        let happened = Happened {
            name: wording::events::name(event).to_owned(),
            words: sentence(&words),
            proposal: wording::events::proposal(event).map(|id| id.to_string()),
        };
        // No window is open any more.
        let _ = happened.emit(&self.handle);
    }
}

/// How an event is told.
enum Kind {
    /// As long as it lasts.
    Trouble,
    /// By the numbers it changes.
    Progress,
    /// Once.
    News,
}

const fn kind(event: &Event) -> Kind {
    match event {
        Event::NodeTrouble(_)
        | Event::NotPlanned(..)
        | Event::NotSigned(..)
        | Event::NotBroadcast(..) => Kind::Trouble,
        Event::Confirming(..) => Kind::Progress,
        Event::Lapsed(_)
        | Event::Enacted(_)
        | Event::Planned(_)
        | Event::Signed(..)
        | Event::Closed(_)
        | Event::Broadcast(..)
        | Event::Confirmed(..)
        | Event::Reverted(..)
        | Event::Cancelled(..)
        | Event::Reorged(_)
        | Event::Dropped(_)
        | Event::Replaced(..)
        | Event::Froze(_) => Kind::News,
    }
}

/// No treasury is open yet.
pub fn not_open() -> Problem {
    Problem::new(Code::NotFounded, "there is no treasury on this machine yet")
        .remedy("found one, or restore a backup with `countersign restore`")
}
