//! An online copy of the embedded database: consistent, while the server writes.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::Path,
};

use super::{
    open::{OpenError, Target, create_private},
    sql::Conn,
};
use crate::args;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("`yueke backup` copies the embedded SQLite database; for PostgreSQL use pg_dump or a base backup")]
    NotSqlite,
    #[error("{0} exists already: a backup never overwrites")]
    Exists(String),
    #[error("the copy does not check out and was removed: {0}")]
    Broken(String),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the copy failed: {0}")]
    Copy(#[from] sqlx::Error),
}

/// Copies the database at `url` to the new file `to`, and checks the copy.
pub async fn backup(url: &str, to: &Path) -> Result<(), BackupError> {
    let target = Target::parse(url)?;
    let Target::Sqlite { path, .. } = &target else { return Err(BackupError::NotSqlite) };
    if !path.exists() {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such database");
        return Err(OpenError::File { path: path.clone(), source }.into());
    }
    // Begun as an empty file, so that nobody else may read the copy.
    create_private(File::options().create_new(true), to).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => BackupError::Exists(to.display().to_string()),
        _ => OpenError::File { path: to.to_owned(), source }.into(),
    })?;
    let copied = copy(&target, to).await;
    if copied.is_err()
        && let Err(error) = fs::remove_file(to)
    {
        tracing::warn!(%error, file = %to.display(), "what was copied so far is no backup, and could not be removed");
    }
    copied
}

async fn copy(target: &Target, to: &Path) -> Result<(), BackupError> {
    let mut conn = target.connect().await?;
    // One read transaction of the running database; writers go on meanwhile.
    conn.exec("vacuum into $1", args![to.display().to_string()]).await?;
    conn.close().await;

    let copy = Target::parse(&format!("sqlite://{}", to.display()))?;
    let mut conn: Conn = copy.connect().await?;
    let found = conn.one("select * from pragma_integrity_check", vec![]).await?;
    let found = found.and_then(|row| row.text("integrity_check").map(str::to_owned).ok()).unwrap_or_default();
    conn.close().await;
    if found == "ok" { Ok(()) } else { Err(BackupError::Broken(found)) }
}
