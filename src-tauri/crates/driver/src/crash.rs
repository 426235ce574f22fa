//! Named places at which a process may die, between every append and every act.

/// Where the driver is. The tests kill the process at each of them and start it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrashPoint {
    /// Before an entry is handed to the journal.
    BeforeAppend,
    /// An entry is in the journal; nothing was done about it yet.
    AfterAppend,
    /// The transaction is built and not yet in the journal.
    PlanBuilt,
    /// `Planned` is in the journal.
    PlanAppended,
    /// `Released` is in the journal; the seat is not opened.
    ReleaseAppended,
    /// The seat is open, in memory only.
    SeatOpened,
    /// `SigningStarted` is in the journal; no message was sent.
    SigningStarted,
    /// All seats have signed; nothing of it is durable.
    SignatureMade,
    /// `Signed` is in the journal; nothing was sent.
    SignedAppended,
    /// The node was given the transaction; `Broadcast` is not in the journal.
    Sent,
    /// `Broadcast` is in the journal.
    BroadcastAppended,
    /// The confirmation was seen; `Confirmed` is not in the journal.
    ConfirmationSeen,
    /// `KeygenStarted` is in the journal.
    KeygenStarted,
    /// The key is shared; no share is sealed.
    KeyShared,
    /// Every share is sealed; `VaultReady` is not in the journal.
    SharesSealed,
    /// `VaultReady` is in the journal.
    VaultReadyAppended,
}

impl CrashPoint {
    /// All of them.
    pub const ALL: [CrashPoint; 16] = [
        CrashPoint::BeforeAppend,
        CrashPoint::AfterAppend,
        CrashPoint::PlanBuilt,
        CrashPoint::PlanAppended,
        CrashPoint::ReleaseAppended,
        CrashPoint::SeatOpened,
        CrashPoint::SigningStarted,
        CrashPoint::SignatureMade,
        CrashPoint::SignedAppended,
        CrashPoint::Sent,
        CrashPoint::BroadcastAppended,
        CrashPoint::ConfirmationSeen,
        CrashPoint::KeygenStarted,
        CrashPoint::KeyShared,
        CrashPoint::SharesSealed,
        CrashPoint::VaultReadyAppended,
    ];

    /// Its name, for example `plan-built`.
    pub const fn name(self) -> &'static str {
        match self {
            CrashPoint::BeforeAppend => "before-append",
            CrashPoint::AfterAppend => "after-append",
            CrashPoint::PlanBuilt => "plan-built",
            CrashPoint::PlanAppended => "plan-appended",
            CrashPoint::ReleaseAppended => "release-appended",
            CrashPoint::SeatOpened => "seat-opened",
            CrashPoint::SigningStarted => "signing-started",
            CrashPoint::SignatureMade => "signature-made",
            CrashPoint::SignedAppended => "signed-appended",
            CrashPoint::Sent => "sent",
            CrashPoint::BroadcastAppended => "broadcast-appended",
            CrashPoint::ConfirmationSeen => "confirmation-seen",
            CrashPoint::KeygenStarted => "keygen-started",
            CrashPoint::KeyShared => "key-shared",
            CrashPoint::SharesSealed => "shares-sealed",
            CrashPoint::VaultReadyAppended => "vault-ready-appended",
        }
    }
}

/// Told at each place. The product's own does nothing.
pub trait Crash: Send + Sync {
    /// The driver is here now.
    fn reach(&self, point: CrashPoint);
}

/// Never crashes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCrash;

impl Crash for NoCrash {
    fn reach(&self, _: CrashPoint) {}
}
