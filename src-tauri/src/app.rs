//! What the windows' commands act on.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::{Name, NetworkClass, Span};
use driver::{Driver, DriverError, Home, HomeError, Surroundings, YubiKeys};
use keys::Cards;
use tauri::AppHandle;

use crate::dto::{PluggedKey, Start, Table};
use crate::engine::{Engine, not_open};
use crate::pin::{AtWindow, PinRoom, Visit};
use crate::problem::{Answer, Code, Problem, of_card};
use crate::sheet::Shown;

/// How long what is proposed can be decided, unless somebody says otherwise.
pub const LASTS: Span = Span::from_secs(7 * 86_400);

/// How the program was started.
#[derive(Debug, Clone, Default)]
pub struct Started {
    /// The directory of this machine.
    pub home: Option<PathBuf>,
    /// Attestation roots of a test, for a founding.
    pub test_roots: Vec<Vec<u8>>,
    /// How the host falls short.
    pub weaknesses: Vec<String>,
}

/// The app.
pub struct App {
    /// The windows.
    pub handle: AppHandle,
    /// This machine's files.
    pub home: Home,
    /// Attestation roots of a test, for a founding.
    pub test_roots: Vec<Vec<u8>>,
    /// How the host falls short.
    pub weaknesses: Vec<String>,
    /// Where acts wait for PINs.
    pub pins: Arc<PinRoom>,
    /// What the sheet is open for.
    pub sheet: Mutex<Option<Shown>>,
    /// Keys that are plugged in, as last seen.
    pub keys: Mutex<Vec<PluggedKey>>,
    /// Calls off the reading of a chain.
    pub reading: Mutex<btc::Cancel>,
    treasury: RwLock<Opened>,
}

/// Whether a treasury is open.
enum Opened {
    Opening,
    Fresh,
    Open(Arc<Engine>),
    Broken(Problem),
}

impl App {
    /// Nothing is read yet.
    pub fn new(handle: AppHandle, home: Home, started: Started) -> Self {
        Self {
            pins: PinRoom::new(handle.clone()),
            handle,
            home,
            test_roots: started.test_roots,
            weaknesses: started.weaknesses,
            sheet: Mutex::new(None),
            keys: Mutex::new(Vec::new()),
            reading: Mutex::new(btc::Cancel::new()),
            treasury: RwLock::new(Opened::Opening),
        }
    }

    /// Opens the treasury, if there is one, and lets it turn.
    pub async fn open(&self) {
        let opened = if self.home.is_founded() {
            match Engine::open(self.handle.clone(), self.home.clone()).await {
                Ok(engine) => {
                    tauri::async_runtime::spawn(engine.clone().run());
                    crate::start::watch_nodes(engine.clone());
                    Opened::Open(engine)
                }
                Err(problem) => Opened::Broken(problem),
            }
        } else {
            self.without_journal()
        };
        *self
            .treasury
            .write()
            .unwrap_or_else(PoisonError::into_inner) = opened;
        self.tell_all();
    }

    /// Nothing here, or a journal that is gone.
    fn without_journal(&self) -> Opened {
        match Driver::open(self.home.clone(), Surroundings::default()) {
            Ok(_) | Err(DriverError::Home(HomeError::Empty(_))) => Opened::Fresh,
            Err(error) => Opened::Broken(error.into()),
        }
    }

    fn tell_all(&self) {
        use tauri_specta::Event as _;
        let mut tables = Table::OF_THE_JOURNAL.to_vec();
        tables.extend([Table::Keys, Table::Nodes, Table::Settings]);
        let changed = crate::dto::Changed { tables };
        // No window is open any more.
        let _ = changed.emit(&self.handle);
    }

    /// What the app finds.
    pub fn start(&self) -> Start {
        match &*self.treasury.read().unwrap_or_else(PoisonError::into_inner) {
            Opened::Opening => Start::Opening,
            Opened::Fresh => Start::Fresh {
                home: self.home.root().display().to_string(),
            },
            Opened::Open(_) => Start::Ready,
            Opened::Broken(problem) => Start::Broken {
                why: problem.message.clone(),
            },
        }
    }

    /// The treasury, if one is open.
    pub fn engine(&self) -> Answer<Arc<Engine>> {
        match &*self.treasury.read().unwrap_or_else(PoisonError::into_inner) {
            Opened::Open(engine) => Ok(engine.clone()),
            Opened::Broken(problem) => Err(problem.clone()),
            Opened::Fresh => Err(not_open()),
            Opened::Opening => Err(Problem::new(
                Code::NotNow,
                "the journal is being read for the first time since the start",
            )),
        }
    }

    /// Takes the PIN window for one act.
    pub fn visit(&self) -> Answer<Arc<Visit>> {
        self.pins.enter().map(Arc::new)
    }

    /// The YubiKeys, asking at the PIN window: with real money, only at this machine's own card service.
    pub fn desk(&self, class: NetworkClass, visit: &Arc<Visit>) -> Answer<YubiKeys<AtWindow>> {
        let cards = self.cards(class)?.cancellable(visit.cancel());
        Ok(YubiKeys::new(cards, AtWindow::new(visit.clone())))
    }

    /// The same, for an act that asks so many times.
    pub fn counting_desk(
        &self,
        class: NetworkClass,
        visit: &Arc<Visit>,
        times: usize,
    ) -> Answer<YubiKeys<AtWindow>> {
        let cards = self.cards(class)?.cancellable(visit.cancel());
        let prompt = AtWindow::counting(visit.clone(), crate::convert::count(times), |_, _, _| {});
        Ok(YubiKeys::new(cards, prompt))
    }

    /// The card service.
    pub fn cards(&self, class: NetworkClass) -> Answer<Cards> {
        keys::refuse_redirected_readers(class)
            .map_err(|error| Problem::new(Code::Key, error.to_string()))?;
        Cards::connect().map_err(|error| of_card(&error))
    }

    /// Proposes something in an officer's name; the journal's meaning is read again when it is done.
    pub async fn propose(
        &self,
        subject: domain::Subject,
        officer: &Name,
        lasts: Span,
    ) -> Answer<String> {
        let engine = self.engine()?;
        let class = engine.view().treasury().founding.class;
        let visit = self.visit()?;
        let mut desk = self.desk(class, &visit)?;
        let driver = engine.own_driver()?;
        let id = driver.propose(subject, officer, lasts, &mut desk).await?;
        drop(visit);
        engine.look().await;
        engine.wake();
        Ok(id.to_string())
    }
}
