//! Between SeaORM's values and SQLite's.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::types::{Value as Stored, ValueRef};
use sea_orm::{DbBackend, ExecResult, MockDatabase, MockDatabaseTrait, MockExecResult};
use sea_orm::{QueryResult, Statement, Value};
use uuid::Uuid;

/// What the columns of a schema hold, by their names: the same name means the same
/// everywhere in it.
pub(super) type Columns = BTreeMap<String, Kind>;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Bytes,
    Integer,
    Text,
    Time,
    Uuid,
}

impl Kind {
    /// By the type with which SeaORM declares a column for SQLite.
    pub(super) fn declared(declaration: &str) -> Self {
        match declaration.to_lowercase().split('(').next().unwrap_or_default() {
            "boolean" => Self::Bool,
            "blob" | "varbinary_blob" => Self::Bytes,
            "bigint" | "integer" => Self::Integer,
            "varchar" | "text" => Self::Text,
            "timestamp_with_timezone_text" => Self::Time,
            "uuid_text" => Self::Uuid,
            other => panic!("no column was of type {other} when this was written"),
        }
    }
}

/// What is stored for a value.
pub(super) fn stored(value: &Value) -> Stored {
    fn or_null<T>(value: Option<T>, stored: impl FnOnce(T) -> Stored) -> Stored {
        value.map_or(Stored::Null, stored)
    }
    match value.clone() {
        Value::Bool(value) => or_null(value, |value| Stored::Integer(value.into())),
        Value::Int(value) => or_null(value, |value| Stored::Integer(value.into())),
        Value::BigInt(value) => or_null(value, Stored::Integer),
        Value::BigUnsigned(value) => or_null(value, |value| Stored::Integer(value as i64)),
        Value::String(value) => or_null(value, Stored::Text),
        Value::Bytes(value) => or_null(value, Stored::Blob),
        Value::Uuid(value) => or_null(value, |value| Stored::Blob(value.as_bytes().to_vec())),
        Value::ChronoDateTimeUtc(value) => or_null(value, |value| Stored::Text(time_text(value))),
        other => panic!("no statement had a {other:?} when this was written"),
    }
}

/// Times that sort as their texts do.
pub(super) fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A row, as SeaORM's own substitute for a database takes it: by that it gets to be
/// what a statement returns.
pub(super) type Cells = BTreeMap<String, Value>;

/// Takes a row out of SQLite. SeaORM looks values up by their names, and by their
/// place among the names in alphabetical order: so each value stands there twice, the
/// first time under its place.
pub(super) fn cells(columns: &Columns, names: &[String], row: &rusqlite::Row<'_>) -> Cells {
    let mut cells = BTreeMap::new();
    for (place, name) in names.iter().enumerate() {
        let value = value(columns, name, row.get_ref_unwrap(place));
        cells.insert(format!("\0{place:04}"), value.clone());
        cells.insert(name.clone(), value);
    }
    cells
}

/// What a statement returns.
pub(super) fn results(rows: Vec<Cells>) -> Vec<QueryResult> {
    let mut substitute = MockDatabase::new(DbBackend::Postgres).append_query_results([rows]);
    substitute.query(0, nothing()).expect("these rows")
}

/// What a statement returns that changed so many rows.
pub(super) fn changed(rows_affected: u64) -> ExecResult {
    let result = MockExecResult { last_insert_id: 0, rows_affected };
    let mut substitute = MockDatabase::new(DbBackend::Postgres).append_exec_results([result]);
    substitute.execute(0, nothing()).expect("this result")
}

fn nothing() -> Statement {
    Statement::from_string(DbBackend::Postgres, "")
}

fn value(columns: &Columns, name: &str, stored: ValueRef<'_>) -> Value {
    // Where two entities are selected at once, their columns are called A_… and B_….
    let column = name.strip_prefix("A_").or_else(|| name.strip_prefix("B_")).unwrap_or(name);
    let text = || stored.as_str().expect("a text").to_owned();
    let bytes = || stored.as_blob().expect("bytes");
    if stored == ValueRef::Null {
        return null(columns.get(column));
    }
    match columns.get(column) {
        Some(Kind::Bool) => Value::Bool(Some(stored.as_i64().expect("a boolean") != 0)),
        Some(Kind::Bytes) => Value::Bytes(Some(bytes().to_vec())),
        Some(Kind::Integer) => Value::BigInt(Some(stored.as_i64().expect("a number"))),
        Some(Kind::Text) => Value::String(Some(text())),
        Some(Kind::Time) => {
            let time = DateTime::parse_from_rfc3339(&text()).expect("a time");
            Value::ChronoDateTimeUtc(Some(time.to_utc()))
        }
        Some(Kind::Uuid) => Value::Uuid(Some(Uuid::from_slice(bytes()).expect("16 bytes"))),
        None => match stored {
            ValueRef::Integer(number) => Value::BigInt(Some(number)),
            ValueRef::Text(_) => Value::String(Some(text())),
            other => panic!("what is {name}, {other:?}?"),
        },
    }
}

fn null(kind: Option<&Kind>) -> Value {
    match kind {
        Some(Kind::Bool) => Value::Bool(None),
        Some(Kind::Bytes) => Value::Bytes(None),
        Some(Kind::Text) => Value::String(None),
        Some(Kind::Time) => Value::ChronoDateTimeUtc(None),
        Some(Kind::Uuid) => Value::Uuid(None),
        Some(Kind::Integer) | None => Value::BigInt(None),
    }
}
