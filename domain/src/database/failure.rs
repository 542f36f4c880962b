//! What to do about a failed statement.

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError, SqlxMySqlError};

/// Whether a failed statement can succeed if its transaction is run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another transaction was in the way, or the database cannot be reached.
    Transient,
    /// A row that must be unique exists: what was looked up before is outdated.
    Conflict,
    /// The data itself is refused.
    Data,
}

/// Sorts a database error by what to do about it.
#[must_use]
pub fn classify(error: &DbErr) -> Failure {
    if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
        return Failure::Conflict;
    }
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            match is_data_error(inner) {
                true => Failure::Data,
                false => Failure::Transient,
            }
        }
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Failure::Transient,
        _ => Failure::Data,
    }
}

fn is_data_error(error: &SqlxError) -> bool {
    let Some(refusal) = error.as_database_error() else { return is_conversion_error(error) };
    match refusal.try_downcast_ref::<SqlxMySqlError>() {
        Some(mysql) => is_mysql_data_error(mysql.number(), mysql.code().unwrap_or_default()),
        None => refusal.code().is_some_and(|code| is_data_code(&code)),
    }
}

/// SQLSTATE classes 22 (data exception) and 23 (integrity constraint), as
/// PostgreSQL reports them, and their SQLite counterparts (TOOBIG, CONSTRAINT,
/// MISMATCH).
fn is_data_code(code: &str) -> bool {
    match code.parse::<i32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 18..=20),
        _ => is_data_class(code),
    }
}

/// MariaDB and MySQL report much under the general SQLSTATE HY000: for that
/// their number counts. What is longer than the server takes is data too: half
/// of the batch may fit.
fn is_mysql_data_error(number: u16, state: &str) -> bool {
    const TOO_LONG: [u16; 3] = [1153, 1197, 1301];
    const UNUSABLE_VALUE: [u16; 9] = [1048, 1264, 1292, 1300, 1364, 1366, 1406, 3819, 3988];
    is_data_class(state) || TOO_LONG.contains(&number) || UNUSABLE_VALUE.contains(&number)
}

fn is_data_class(state: &str) -> bool {
    state.starts_with("22") || state.starts_with("23")
}

/// What the client library itself cannot put into or get out of a statement.
fn is_conversion_error(error: &SqlxError) -> bool {
    use SqlxError::{ColumnDecode, Decode, Encode, TypeNotFound};
    matches!(error, ColumnDecode { .. } | Decode(_) | Encode(_) | TypeNotFound { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_refused_data_are_told_from_passing_trouble() {
        for code in ["22001", "22021", "23502", "19", "1299", "18"] {
            assert!(is_data_code(code), "{code}");
        }
        for code in ["40001", "40P01", "55P03", "57P01", "25P03", "5", "517", "13", "53300"] {
            assert!(!is_data_code(code), "{code}");
        }
    }

    /// Numbers with the states that MariaDB 10.11 and MySQL 8.0 send with them.
    #[test]
    fn numbers_of_mysql_tell_refused_data_from_passing_trouble() {
        for (number, state) in [
            (1048, "23000"),
            (1153, "08S01"),
            (1197, "HY000"),
            (1264, "22003"),
            (1292, "22007"),
            (1364, "HY000"),
            (1366, "22007"),
            (1366, "HY000"),
            (1406, "22001"),
            (1452, "23000"),
            (3819, "HY000"),
            (4025, "23000"),
        ] {
            assert!(is_mysql_data_error(number, state), "{number}");
        }
        for (number, state) in [
            (1020, "HY000"),
            (1040, "08004"),
            (1053, "08S01"),
            (1205, "HY000"),
            (1213, "40001"),
            (1290, "HY000"),
            (1317, "70100"),
            (1461, "42000"),
            (1836, "HY000"),
            (1927, "70100"),
            (2006, "HY000"),
            (2013, "HY000"),
            (3024, "HY000"),
            (4031, "HY000"),
        ] {
            assert!(!is_mysql_data_error(number, state), "{number}");
        }
    }
}
