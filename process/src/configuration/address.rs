//! URLs with credentials: the database, the message log, the event bus, the mail server.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::secret::Secret;

/// The URL parameters that may be shown.
const HARMLESS: [&str; 6] = ["mode", "namespace", "sslmode", "ssl-mode", "heartbeat", "tls"];

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file in this process.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}

/// A database and how to reach it. `Debug` and `Display` show no credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    kind: DatabaseKind,
    url: Secret<String>,
    shown: String,
}

impl DatabaseUrl {
    /// Which database it is.
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The database's own name: of SQLite's, the file's.
    pub fn name(&self) -> &str {
        let address = self.shown.split('?').next().unwrap_or_default();
        address.rsplit('/').next().unwrap_or_default()
    }

    /// The file of an SQLite database.
    pub fn file(&self) -> Option<PathBuf> {
        let path = self.shown.strip_prefix("sqlite://")?.split('?').next()?;
        Some(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned()))
    }

    /// The URL with its password, as SeaORM takes it: `sqlite://`, `postgres://` or
    /// `mysql://`, whichever spelling the operator used. SQLite's creates the file.
    pub fn expose(&self) -> &str {
        self.url.expose()
    }

    /// The SQLite database in the data directory.
    pub(super) fn in_data_directory(data_dir: &Path) -> Self {
        let path = data_dir.join("warren.db").to_string_lossy().into_owned();
        let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        sqlite(&format!("sqlite://{path}"))
    }

    /// Understands a URL; the error completes "DATABASE_URL …" and quotes nothing of it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (kind, rest) = match text.split_once(':') {
            Some(("sqlite", rest)) => return parse_sqlite(rest),
            Some(("postgres" | "postgresql", rest)) => (DatabaseKind::Postgres, rest),
            Some(("mysql" | "mariadb", rest)) => (DatabaseKind::Mysql, rest),
            _ => return Err("must begin with sqlite://, postgres:// or mysql://".into()),
        };
        let scheme = if kind == DatabaseKind::Postgres { "postgres" } else { "mysql" };
        let url = parse_server(&format!("{scheme}:{rest}"))?;
        if url.path().trim_matches('/').is_empty() {
            return Err(format!("must name a database, as in {scheme}://USER@HOST/DATABASE"));
        }
        Ok(Self { kind, shown: shown(&url), url: Secret::new(url.into()) })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

fn parse_sqlite(rest: &str) -> Result<DatabaseUrl, String> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() || path.starts_with('?') {
        return Err("must name a file, as in sqlite://data/warren.db".into());
    }
    if path.contains(":memory:") || path.contains("mode=memory") {
        return Err("must name a file: a database in memory would lose what was sent".into());
    }
    Ok(sqlite(&format!("sqlite://{path}")))
}

fn sqlite(url: &str) -> DatabaseUrl {
    let url = match url.split_once('?') {
        None => format!("{url}?mode=rwc"),
        Some((_, parameters)) if parameters.contains("mode=") => url.to_owned(),
        Some(_) => format!("{url}&mode=rwc"),
    };
    DatabaseUrl { kind: DatabaseKind::Sqlite, shown: url.clone(), url: Secret::new(url) }
}

/// Parses the URL of a server.
///
/// A password with unescaped special characters is taken apart by the URL's grammar, and its
/// pieces would be shown as host or path; whatever hints at one is refused, unquoted.
pub(super) fn parse_server(text: &str) -> Result<Url, String> {
    let scheme = text.split(':').next().unwrap_or_default();
    let usage = format!("must be a URL such as {scheme}://USER:PASSWORD@HOST/NAME");
    let url = Url::parse(text).map_err(|error| format!("{usage}: {error}"))?;
    let outside = [url.path(), url.query().unwrap_or_default()];
    if url.fragment().is_some() || outside.iter().any(|part| part.contains('@')) {
        return Err(format!("{usage}, with special characters of the password percent-encoded"));
    }
    if url.cannot_be_a_base() || (url.host_str().is_none() && url.query().is_none()) {
        return Err(usage);
    }
    Ok(url)
}

/// The URL without password and without the values of parameters that may hold one.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    if url.password().is_some() && shown.set_password(Some("***")).is_err() {
        return format!("{}://***", url.scheme());
    }
    shown.set_query(None);
    let mut text = shown.to_string();
    let mut separator = '?';
    for (name, value) in url.query_pairs() {
        let value = if HARMLESS.contains(&name.as_ref()) { &*value } else { "***" };
        text.push(separator);
        text.push_str(&format!("{name}={value}"));
        separator = '&';
    }
    text
}
