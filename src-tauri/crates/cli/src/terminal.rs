//! The person in front of the machine: where the treasury is, how PINs come, what is asked.

use std::path::PathBuf;

use domain::{NetworkClass, Officer};
use driver::{DeskError, Driver, Home, Prompt, Purpose, Surroundings, YubiKeys};
use keys::{CardError, Cards, Pin, PinStatus};

use crate::args::Cli;
use crate::out::Out;
use crate::secrets::Secrets;
use wording::paper::count;
use wording::view::View;

/// What every command is given.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// The home directory.
    pub home: Home,
    /// Where reports go.
    pub out: Out,
    /// Where PINs come from.
    pub secrets: Secrets,
}

impl Terminal {
    /// Reads what all commands have in common. The descriptor of PINs is opened here, before the
    /// process closes itself to others.
    pub fn new(cli: &Cli, out: Out) -> anyhow::Result<Self> {
        let root = cli.home.clone().or_else(default_home).ok_or_else(|| {
            anyhow::anyhow!("where the treasury is can't be told: give --home DIR")
        })?;
        let secrets = match cli.pin_fd {
            Some(number) => Secrets::from_descriptor(number)?,
            None => Secrets::at_terminal(),
        };
        Ok(Self {
            home: Home::at(root),
            out,
            secrets,
        })
    }

    /// Opens the treasury.
    pub fn driver(&self) -> anyhow::Result<Driver> {
        Ok(Driver::open(self.home.clone(), Surroundings::default())?)
    }

    /// The YubiKeys, for a founded treasury: with real money, only at this machine's own card service.
    pub fn desk(&self, view: &View) -> anyhow::Result<YubiKeys<Asking>> {
        self.desk_for(view.treasury().founding.class)
    }

    /// The YubiKeys, for a class of networks.
    pub fn desk_for(&self, class: NetworkClass) -> anyhow::Result<YubiKeys<Asking>> {
        keys::refuse_redirected_readers(class)?;
        let asking = Asking {
            out: self.out,
            secrets: self.secrets.clone(),
        };
        Ok(YubiKeys::new(Cards::connect()?, asking))
    }
}

/// `$XDG_DATA_HOME/countersign`, or where that usually is.
fn default_home() -> Option<PathBuf> {
    let folder = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .map(|data| data.join("countersign"))
}

/// Asks officers for their PIN and touch.
#[derive(Debug)]
pub struct Asking {
    out: Out,
    secrets: Secrets,
}

impl Prompt for Asking {
    fn pin(
        &mut self,
        officer: &Officer,
        purpose: &Purpose,
        status: &PinStatus,
    ) -> Result<Pin, DeskError> {
        ask_pin(
            self.out,
            &self.secrets,
            &Holder::of(officer),
            purpose,
            status,
        )
    }

    fn touch(&mut self, officer: &Officer, _: &Purpose) {
        say_touch(self.out, &Holder::of(officer));
    }
}

/// Whose key, and which.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The person's name.
    pub name: String,
    /// The key.
    pub serial: u32,
}

impl Holder {
    fn of(officer: &Officer) -> Self {
        Self {
            name: officer.name.to_string(),
            serial: officer.serial,
        }
    }
}

/// Says for what and how many tries are left, then asks for the PIN.
pub fn ask_pin(
    out: Out,
    secrets: &Secrets,
    holder: &Holder,
    purpose: &Purpose,
    status: &PinStatus,
) -> Result<Pin, DeskError> {
    let Holder { name, serial } = holder;
    let serial = *serial;
    let tries = match status.tries_left {
        0 => return Err(CardError::PinBlocked { serial }.into()),
        1 => "ONLY 1 TRY LEFT: another wrong PIN blocks this key".to_owned(),
        more => format!("{} left", count(more, "try")),
    };
    out.say(&format!(
        "{name}'s YubiKey {serial} ({tries})\n  to {}",
        purpose.0
    ));
    let typed = secrets
        .ask("  PIN (hidden; empty to give up): ")
        .map_err(DeskError::Cancelled)?;
    Pin::new(typed.as_str().to_owned()).map_err(|error| DeskError::Other(error.to_string()))
}

/// Says that the key blinks.
pub fn say_touch(out: Out, holder: &Holder) {
    out.say(&format!(
        "{}: touch YubiKey {} now, it blinks",
        holder.name, holder.serial
    ));
}
