//! The export: the whole journal as one text file that anybody can verify.
//!
//! JSON Lines. The first line is a header `{format, treasury, entries, head, exported}`; then one line
//! an entry `{sequence, body, link, first_seen}`, body and link being the stored envelopes' exact
//! bytes in standard base64; the last line `{sha256}` is the hash of all bytes before it. Each line
//! has one spelling: fields in this order, no white space. `docs/JOURNAL-FORMAT.md` specifies it for
//! other implementations.
//!
//! Signatures show a deliberate change of what was signed. The header and the times of first sight
//! are this machine's own notes; for them the last line shows a damaged copy, not a forger.

use std::io::{self, BufRead, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{LinkId, Timestamp, TreasuryId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::chain::{BadEntry, Chain, Row, Why};
use crate::database;
use crate::journal::{Journal, ReadError};
use crate::open::Walk;

/// The first word of an export.
pub const FORMAT: &str = "countersign-journal-export-1";
/// Two envelopes of the largest size in base64, and the rest of the line.
const MAX_LINE: u64 = 2 * (domain::dsse::MAX_ENVELOPE as u64 / 3 + 1) * 4 + 1024;

/// What an export holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The treasury; none in an empty journal.
    pub treasury: Option<TreasuryId>,
    /// How many entries.
    pub entries: u64,
    /// The last link.
    pub head: Option<LinkId>,
    /// When it was exported, by the exporting machine's clock.
    pub exported: Timestamp,
}

/// Why a journal was not exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The target can't be written.
    #[error("the export can't be written: {0}; what was written of it is not to be used")]
    Io(#[from] io::Error),
    /// The journal can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why an export does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The file can't be read.
    #[error("the export can't be read: {0}")]
    Io(#[from] io::Error),
    /// Not an export of this format.
    #[error("not an export that this program reads: {0}")]
    NotAnExport(String),
    /// The first bad entry.
    #[error(transparent)]
    BadEntry(#[from] BadEntry),
    /// Header and entries disagree.
    #[error("the entries are good, but the header says another {0}: the export was altered")]
    Header(&'static str),
    /// The hash of the whole is another.
    #[error(
        "the signatures are good, but the file is not as it was written: its header or a time of first sight was changed in copying"
    )]
    Checksum,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    treasury: Option<TreasuryId>,
    entries: u64,
    head: Option<LinkId>,
    exported: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sequence: i64,
    body: String,
    link: String,
    first_seen: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trailer {
    sha256: String,
}

impl Journal {
    /// Writes the whole journal to a new file, as stored. A faulted journal is exported as it is: the
    /// export then names its bad entry to whoever verifies it.
    pub async fn export(&self, path: &Path, now: Timestamp) -> Result<Summary, ExportError> {
        let mut inner = self.inner.lock().await;
        let (entries, last) = database::extent(&mut inner.connection)
            .await
            .map_err(ReadError::from)?;
        let summary = Summary {
            treasury: inner.chain.treasury(),
            entries: u64::try_from(entries).unwrap_or_default(),
            head: last
                .and_then(|id| id.try_into().ok())
                .map(LinkId::from_bytes),
            exported: now,
        };
        let mut writer = Writer::create(path).await?;
        writer.line(&Header::from(&summary)).await?;
        let mut from = i64::MIN;
        loop {
            let page = database::rows(&mut inner.connection, from)
                .await
                .map_err(ReadError::from)?;
            let Some(last) = page.last().map(|row| row.sequence) else {
                break;
            };
            for row in &page {
                writer.line(&Line::from(row)).await?;
            }
            from = last.saturating_add(1);
        }
        writer.finish().await?;
        Ok(summary)
    }
}

/// Reads an export and checks everything that can be checked without the machine it came from: form,
/// order, ids, chain, and every signature by the keys that earlier entries introduced. Names the
/// first bad entry. Compare the head with one known from elsewhere: an older export is good, too.
pub fn verify_export(reader: impl BufRead) -> Result<Summary, VerifyError> {
    read_export(reader, &mut Walk::from_outside(None), |_| ())
}

/// As [`verify_export`], and gives every row that was found good.
pub(crate) fn read_export(
    reader: impl BufRead,
    walk: &mut Walk,
    mut take: impl FnMut(Row),
) -> Result<Summary, VerifyError> {
    let mut lines = Lines {
        reader,
        hash: Sha256::new(),
    };
    let header: Header = lines.header()?;
    for _ in 0..header.entries {
        let row = lines.row(&walk.chain)?;
        walk.take(&row)?;
        take(row);
    }
    lines.trailer()?;
    if header.treasury != walk.chain.treasury() {
        return Err(VerifyError::Header("treasury"));
    }
    if header.head != walk.chain.head() {
        return Err(VerifyError::Header("head"));
    }
    Ok(Summary {
        treasury: header.treasury,
        entries: header.entries,
        head: header.head,
        exported: header.exported,
    })
}

impl From<&Summary> for Header {
    fn from(summary: &Summary) -> Self {
        Self {
            format: FORMAT.to_owned(),
            treasury: summary.treasury,
            entries: summary.entries,
            head: summary.head,
            exported: summary.exported,
        }
    }
}

impl From<&Row> for Line {
    fn from(row: &Row) -> Self {
        Self {
            sequence: row.sequence,
            body: STANDARD.encode(&row.body),
            link: STANDARD.encode(&row.link),
            first_seen: row.first_seen,
        }
    }
}

struct Writer {
    file: tokio::io::BufWriter<tokio::fs::File>,
    hash: Sha256,
}

impl Writer {
    async fn create(path: &Path) -> io::Result<Self> {
        let file = tokio::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .await?;
        Ok(Self {
            file: tokio::io::BufWriter::new(file),
            hash: Sha256::new(),
        })
    }

    async fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.hash.update(&bytes);
        self.file.write_all(&bytes).await
    }

    async fn finish(mut self) -> io::Result<()> {
        let sha256 = hex::encode(self.hash.clone().finalize());
        self.line(&Trailer { sha256 }).await?;
        self.file.flush().await?;
        self.file.get_ref().sync_all().await
    }
}

struct Lines<R> {
    reader: R,
    hash: Sha256,
}

impl<R: BufRead> Lines<R> {
    /// The next line without its end; none at the end of the file.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        (&mut self.reader)
            .take(MAX_LINE)
            .read_until(b'\n', &mut bytes)?;
        match bytes.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(bytes)),
            Some(_) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a line is cut off or longer than any entry",
            )),
        }
    }

    fn header(&mut self) -> Result<Header, VerifyError> {
        let line = self.next()?.unwrap_or_default();
        self.hash(&line);
        let header: Header = strict(&line).map_err(VerifyError::NotAnExport)?;
        if header.format != FORMAT {
            return Err(VerifyError::NotAnExport(
                "the first line names another format".to_owned(),
            ));
        }
        Ok(header)
    }

    fn row(&mut self, chain: &Chain) -> Result<Row, BadEntry> {
        let unreadable =
            |error: &dyn std::fmt::Display| chain.bad(Why::Unreadable(error.to_string()));
        let line = self
            .next()
            .map_err(|e| unreadable(&e))?
            .filter(|line| strict::<Trailer>(line).is_err())
            .ok_or_else(|| chain.bad(Why::Missing))?;
        self.hash(&line);
        let line: Line = strict(&line).map_err(|e| unreadable(&e))?;
        Ok(Row {
            sequence: line.sequence,
            body: STANDARD.decode(line.body).map_err(|e| unreadable(&e))?,
            link: STANDARD.decode(line.link).map_err(|e| unreadable(&e))?,
            first_seen: line.first_seen,
            ids: None,
        })
    }

    fn trailer(&mut self) -> Result<(), VerifyError> {
        let line = self.next()?.unwrap_or_default();
        let trailer: Trailer = strict(&line)
            .map_err(|e| VerifyError::NotAnExport(format!("the last line is no hash: {e}")))?;
        if self.next()?.is_some() {
            return Err(VerifyError::NotAnExport(
                "the file goes on after its last line".to_owned(),
            ));
        }
        if trailer.sha256 != hex::encode(self.hash.clone().finalize()) {
            return Err(VerifyError::Checksum);
        }
        Ok(())
    }

    fn hash(&mut self, line: &[u8]) {
        self.hash.update(line);
        self.hash.update(b"\n");
    }
}

/// Reads a line in its one spelling.
fn strict<T: Serialize + DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let value: T = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    let spelled = serde_json::to_vec(&value).map_err(|e| e.to_string())?;
    if spelled != line {
        return Err("not in its one spelling".to_owned());
    }
    Ok(value)
}
