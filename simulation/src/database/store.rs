//! Several transactions at once on a database that takes one at a time.
//!
//! What a transaction has written is kept as statements, and done again upon the
//! newest committed state whenever it is its turn. So each statement sees what was
//! committed before it, and its own transaction's writes: READ COMMITTED. SQLite
//! itself judges what is unique, and what two transactions may not both do.

use std::collections::BTreeMap;

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, ErrorCode, params_from_iter};
use sea_orm::DbErr;

use super::template::template;
use super::values::{Cells, cells};

/// Names a transaction.
pub(super) type Number = u64;

/// A statement with its values.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(super) text: String,
    pub(super) values: Vec<Stored>,
}

/// What a statement leads to.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<Cells>,
    pub(super) affected: u64,
}

/// The database's data.
pub(super) struct Store {
    sqlite: Connection,
    writes: BTreeMap<Number, Vec<Statement>>,
    /// Whose writes are done and not committed in SQLite now.
    inside: Option<Number>,
}

impl Store {
    pub(super) fn new() -> Self {
        Self { sqlite: template().database(), writes: BTreeMap::new(), inside: None }
    }

    pub(super) fn begin(&mut self, number: Number) {
        self.writes.insert(number, Vec::new());
    }

    /// Runs a statement within a transaction, or on what is committed.
    pub(super) fn run(
        &mut self,
        number: Option<Number>,
        statement: &Statement,
    ) -> Result<Answer, DbErr> {
        self.enter(number);
        let answer = run(&self.sqlite, statement)?;
        if let (Some(number), true) = (number, statement.writes()) {
            self.writes.entry(number).or_default().push(statement.clone());
        }
        Ok(answer)
    }

    /// The transaction that has to end before this statement is decided: it has
    /// written what must be unique, and may yet roll back.
    pub(super) fn rival(&mut self, number: Number, statement: &Statement) -> Option<Number> {
        if !statement.text.starts_with("INSERT") {
            return None;
        }
        let others = self.writes.iter().filter(|(other, writes)| {
            **other != number && writes.iter().any(|write| write.table() == statement.table())
        });
        let others: Vec<Number> = others.map(|(other, _)| *other).collect();
        let alone = |store: &mut Self| {
            store.enter(Some(number));
            store.tries(statement)
        };
        if others.is_empty() || !alone(self) {
            return None;
        }
        let own = self.writes.get(&number).cloned().unwrap_or_default();
        others.into_iter().find(|other| {
            self.enter(Some(*other));
            // All of it is undone when the next one enters.
            self.inside = Some(Number::MAX);
            let fails = own.iter().any(|write| run(&self.sqlite, write).is_err());
            fails || !self.tries(statement)
        })
    }

    /// Whether a statement would succeed here and now.
    fn tries(&self, statement: &Statement) -> bool {
        self.sqlite.execute_batch("SAVEPOINT attempt").expect("a savepoint");
        let succeeds = run(&self.sqlite, statement).is_ok();
        self.sqlite.execute_batch("ROLLBACK TO attempt; RELEASE attempt").expect("its end");
        succeeds
    }

    pub(super) fn commit(&mut self, number: Number) {
        self.enter(Some(number));
        self.sqlite.execute_batch("COMMIT").expect("what was possible before is possible");
        self.inside = None;
        self.writes.remove(&number);
    }

    pub(super) fn roll_back(&mut self, number: Number) {
        if self.inside == Some(number) {
            self.enter(None);
        }
        self.writes.remove(&number);
    }

    /// What is committed, for who looks from outside.
    pub(super) fn committed(&mut self) -> &Connection {
        self.enter(None);
        &self.sqlite
    }

    /// Brings SQLite to the committed state with one transaction's writes.
    fn enter(&mut self, number: Option<Number>) {
        if self.inside == number {
            return;
        }
        if self.inside.take().is_some() {
            self.sqlite.execute_batch("ROLLBACK").expect("a transaction to leave");
        }
        if let Some(number) = number {
            self.sqlite.execute_batch("BEGIN").expect("a transaction");
            for write in self.writes.get(&number).into_iter().flatten() {
                run(&self.sqlite, write).expect("what was done once can be done again");
            }
        }
        self.inside = number;
    }
}

impl Statement {
    fn writes(&self) -> bool {
        !self.text.starts_with("SELECT")
    }

    /// What it is about: the first name in it.
    pub(super) fn table(&self) -> Option<&str> {
        match self.writes() {
            true => self.text.split('"').nth(1),
            false => self.text.split(" FROM \"").nth(1)?.split('"').next(),
        }
    }

    /// What it does, in two words.
    pub(super) fn summary(&self) -> String {
        let verb = self.text.split(' ').next().unwrap_or_default();
        format!("{verb} {}", self.table().unwrap_or("?"))
    }
}

fn run(sqlite: &Connection, statement: &Statement) -> Result<Answer, DbErr> {
    let mut prepared = sqlite
        .prepare_cached(&statement.text)
        .unwrap_or_else(|error| panic!("{error}: {}", statement.text));
    let names: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
    let values = params_from_iter(&statement.values);
    if names.is_empty() {
        let affected = prepared.execute(values).map_err(failed)? as u64;
        return Ok(Answer { affected, ..Answer::default() });
    }
    let columns = &template().columns;
    let rows = prepared.query_map(values, |row| Ok(cells(columns, &names, row)));
    let rows: Result<Vec<Cells>, _> = rows.map_err(failed)?.collect();
    let rows = rows.map_err(failed)?;
    Ok(Answer { affected: rows.len() as u64, rows })
}

fn failed(error: rusqlite::Error) -> DbErr {
    match error.sqlite_error() {
        Some(code) if [1555, 2067].contains(&code.extended_code) => template().not_unique.clone(),
        Some(code) if code.code == ErrorCode::ConstraintViolation => {
            template().not_storable.clone()
        }
        _ => panic!("SQLite: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(text: &str) -> Statement {
        Statement { text: text.to_owned(), values: Vec::new() }
    }

    fn insert(name: &str) -> Statement {
        statement(&format!("INSERT INTO \"meta\" (name, value) VALUES ('{name}', '')"))
    }

    fn count(store: &mut Store, number: Option<Number>) -> usize {
        store.run(number, &statement("SELECT name FROM \"meta\"")).expect("rows").rows.len()
    }

    #[test]
    fn statement_sees_its_own_writes_and_what_is_committed_by_now() {
        let mut store = Store::new();
        store.begin(1);
        store.begin(2);
        store.run(Some(1), &insert("a")).expect("a row");
        store.run(Some(2), &insert("b")).expect("a row");
        assert_eq!([count(&mut store, Some(1)), count(&mut store, Some(2))], [1, 1]);
        store.commit(1);
        assert_eq!([count(&mut store, None), count(&mut store, Some(2))], [1, 2]);
        store.roll_back(2);
        assert_eq!(count(&mut store, None), 1);
    }

    #[test]
    fn second_writer_of_a_key_waits_for_the_first() {
        let mut store = Store::new();
        store.begin(1);
        store.begin(2);
        store.run(Some(1), &insert("a")).expect("a row");
        assert_eq!(store.rival(2, &insert("a")), Some(1));
        assert_eq!(store.rival(2, &insert("b")), None);
        store.commit(1);
        assert_eq!(store.rival(2, &insert("a")), None);
        let refused = store.run(Some(2), &insert("a")).expect_err("it is there");
        assert!(matches!(refused.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))));
    }
}
