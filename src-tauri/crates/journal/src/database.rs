//! The SQLite file: how it is opened, what is demanded of it, and its few statements.

use std::path::Path;
use std::time::Duration;

use domain::{Span, Timestamp};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::chain::Row;
use crate::clock::ClockMark;

/// "CSJ1": tells a journal from every other SQLite file.
const APPLICATION_ID: i64 = 0x4353_4A31;
/// The schema that this program reads and writes.
const USER_VERSION: i64 = 1;
/// Rows read at once.
pub(crate) const PAGE: i64 = 512;

static MIGRATOR: Migrator = sqlx::migrate!();

/// Why a file is not taken as a journal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error(transparent)]
    Sqlite(#[from] sqlx::Error),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error("not a journal")]
    NotAJournal,
    #[error("schema version {0}")]
    Newer(i64),
    #[error("`{name}` is `{actual}`")]
    Setting { name: &'static str, actual: String },
    #[error("`{0}` differs")]
    Schema(String),
}

/// Makes a new journal file and leaves it durable on disk.
pub(crate) async fn create(path: &Path) -> Result<SqliteConnection, DatabaseError> {
    let mut connection = options(path).create_if_missing(true).connect().await?;
    MIGRATOR.run_direct(None, &mut connection, false).await?;
    for statement in [
        "PRAGMA application_id = 1129531953",
        "PRAGMA user_version = 1",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    ] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    demand(&mut connection).await?;
    Ok(connection)
}

/// Opens a journal file and refuses anything that is not exactly as this program made it.
pub(crate) async fn open(path: &Path) -> Result<SqliteConnection, DatabaseError> {
    let mut connection = options(path).connect().await?;
    if number(&mut connection, "PRAGMA application_id").await? != APPLICATION_ID {
        return Err(DatabaseError::NotAJournal);
    }
    match number(&mut connection, "PRAGMA user_version").await? {
        USER_VERSION => {}
        other => return Err(DatabaseError::Newer(other)),
    }
    MIGRATOR.run_direct(None, &mut connection, false).await?;
    demand(&mut connection).await?;
    // Takes the write lock and gives it back: a disk that can't be written is refused here.
    let writable = connection.begin_with("BEGIN IMMEDIATE").await?;
    writable.rollback().await?;
    Ok(connection)
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        // Only macOS heeds these two: there a plain fsync does not reach the platter.
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
        .busy_timeout(Duration::from_secs(5))
}

/// Asserts what durability and the guard against changes hang on.
async fn demand(connection: &mut SqliteConnection) -> Result<(), DatabaseError> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await?;
    if mode != "wal" {
        return Err(DatabaseError::Setting {
            name: "journal_mode",
            actual: mode,
        });
    }
    for (name, statement, wanted) in [
        ("synchronous", "PRAGMA synchronous", 2),
        ("foreign_keys", "PRAGMA foreign_keys", 1),
        ("trusted_schema", "PRAGMA trusted_schema", 0),
        ("application_id", "PRAGMA application_id", APPLICATION_ID),
        ("user_version", "PRAGMA user_version", USER_VERSION),
    ] {
        let actual = number(connection, statement).await?;
        if actual != wanted {
            return Err(DatabaseError::Setting {
                name,
                actual: actual.to_string(),
            });
        }
    }
    demand_schema(connection).await
}

/// Tables, indexes and triggers are exactly those of a new journal: none dropped, none added.
async fn demand_schema(connection: &mut SqliteConnection) -> Result<(), DatabaseError> {
    let mut fresh = SqliteConnectOptions::new()
        .in_memory(true)
        .connect()
        .await?;
    MIGRATOR.run_direct(None, &mut fresh, false).await?;
    let wanted = schema(&mut fresh).await?;
    let actual = schema(connection).await?;
    let difference = wanted
        .iter()
        .find(|object| !actual.contains(object))
        .or_else(|| actual.iter().find(|object| !wanted.contains(object)));
    match difference {
        Some((name, _)) => Err(DatabaseError::Schema(name.clone())),
        None => Ok(()),
    }
}

async fn schema(connection: &mut SqliteConnection) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT name, type || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY name",
    )
    .fetch_all(connection)
    .await
}

async fn number(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(statement).fetch_one(connection).await
}

/// `None` when SQLite finds its file sound.
pub(crate) async fn damage(connection: &mut SqliteConnection) -> Option<String> {
    let found: Result<String, sqlx::Error> = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await;
    match found {
        Ok(text) if text == "ok" => None,
        Ok(text) => Some(text),
        Err(error) => Some(error.to_string()),
    }
}

/// The next page of rows from a place on, in order.
pub(crate) async fn rows(
    connection: &mut SqliteConnection,
    from: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    type Columns = (i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, i64);
    let rows: Vec<Columns> = sqlx::query_as(
        "SELECT sequence, entry_id, link_id, body, link, first_seen FROM entry WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2",
    )
    .bind(from)
    .bind(PAGE)
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(
            |(sequence, entry_id, link_id, body, link, first_seen)| Row {
                sequence,
                body,
                link,
                first_seen,
                ids: Some((entry_id, link_id)),
            },
        )
        .collect())
}

/// How many rows there are, and the link id of the last.
pub(crate) async fn extent(
    connection: &mut SqliteConnection,
) -> Result<(i64, Option<Vec<u8>>), sqlx::Error> {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM entry), (SELECT link_id FROM entry ORDER BY sequence DESC LIMIT 1)",
    )
    .fetch_one(connection)
    .await
}

/// Adds one row. The triggers let it through only as the next one.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    row: &Row,
) -> Result<(), sqlx::Error> {
    let (entry_id, link_id) = row.ids.as_ref().ok_or(sqlx::Error::RowNotFound)?;
    sqlx::query(
        "INSERT INTO entry (sequence, entry_id, link_id, body, link, first_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(row.sequence)
    .bind(entry_id)
    .bind(link_id)
    .bind(&row.body)
    .bind(&row.link)
    .bind(row.first_seen)
    .execute(connection)
    .await?;
    Ok(())
}

/// The stored clock mark, if there is a sensible one.
pub(crate) async fn clock_mark(
    connection: &mut SqliteConnection,
) -> Result<Option<ClockMark>, sqlx::Error> {
    let row: Option<(String, i64, i64)> =
        sqlx::query_as("SELECT boot_id, boot_ms, wall_ms FROM clock_mark")
            .fetch_optional(connection)
            .await?;
    let read = |(boot_id, boot, wall): (String, i64, i64)| {
        let wall = Timestamp::from_millis(u64::try_from(wall).ok()?).ok()?;
        let since_boot = Span::from_millis(u64::try_from(boot).ok()?);
        Some(ClockMark {
            boot_id,
            since_boot,
            wall,
        })
    };
    match row {
        None => Ok(None),
        Some(row) => read(row).map(Some).ok_or_else(|| {
            sqlx::Error::Decode("the stored reading of the clocks is out of range".into())
        }),
    }
}

/// Puts a clock mark in place of the one before.
pub(crate) async fn set_clock_mark(
    connection: &mut SqliteConnection,
    mark: &ClockMark,
) -> Result<(), sqlx::Error> {
    let to_sql = |millis: u64| i64::try_from(millis).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO clock_mark (only, boot_id, boot_ms, wall_ms) VALUES (1, ?1, ?2, ?3) ON CONFLICT (only) DO UPDATE SET boot_id = ?1, boot_ms = ?2, wall_ms = ?3",
    )
    .bind(&mark.boot_id)
    .bind(to_sql(mark.since_boot.as_millis()))
    .bind(to_sql(mark.wall.as_millis()))
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(options: SqliteConnectOptions) -> String {
        let mut connection = options.connect().await.unwrap();
        demand(&mut connection).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn settings_that_durability_hangs_on_are_asserted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        create(&path).await.unwrap().close().await.unwrap();
        let good = options(&path);
        let memory = SqliteConnectOptions::new().in_memory(true);
        assert_eq!(refused(memory).await, "`journal_mode` is `memory`");
        let weak = good.clone().synchronous(SqliteSynchronous::Normal);
        assert_eq!(refused(weak).await, "`synchronous` is `1`");
        let lax = good.clone().foreign_keys(false);
        assert_eq!(refused(lax).await, "`foreign_keys` is `0`");
        let trusting = good.clone().pragma("trusted_schema", "ON");
        assert_eq!(refused(trusting).await, "`trusted_schema` is `1`");
        let mut connection = good.connect().await.unwrap();
        demand(&mut connection).await.unwrap();
    }
}
