//! Statements about many rows, in few shapes. A driver prepares each text once and
//! keeps the last hundred. With a text for each number of rows nearly every batch
//! would be prepared anew, which costs a database more than to execute it; so
//! numbers of rows are powers of two.

use sea_orm::{ActiveModelBehavior, ActiveModelTrait, DbErr, EntityTrait};

use crate::database::Transaction;

/// Rows by one statement: their values stay below SQLite's 32,766 parameters for
/// tables of up to 60 columns.
const LONGEST: usize = 512;

/// Inserts all rows, many by each statement.
///
/// # Errors
/// Those of the database; then the transaction is of no use any more.
pub(crate) async fn insert_all<A>(transaction: &Transaction, rows: Vec<A>) -> Result<(), DbErr>
where
    A: ActiveModelTrait + ActiveModelBehavior + Send,
{
    let mut rows = rows.into_iter();
    while let Some(length) = largest_power_of_two(rows.len()) {
        let some = rows.by_ref().take(length);
        A::Entity::insert_many(some).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// The same values for an `IN (…)`, the last one repeated until their number is a
/// power of two.
pub(crate) fn padded<T: Clone>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}

fn largest_power_of_two(number: usize) -> Option<usize> {
    number.checked_ilog2().map(|power| (1 << power).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_a_sum_of_few_powers_of_two() {
        for mut number in [0_usize, 1, 2, 3, 511, 512, 513, 1_500] {
            let mut statements = 0;
            while let Some(length) = largest_power_of_two(number) {
                assert!(length.is_power_of_two() && length <= number);
                number -= length;
                statements += 1;
            }
            assert!(statements <= 11, "{statements}");
        }
    }

    #[test]
    fn padding_adds_nothing_new() {
        assert_eq!(padded([1, 2, 3]), [1, 2, 3, 3]);
        assert_eq!(padded([1, 2]), [1, 2]);
        assert!(padded(Vec::<i32>::new()).is_empty());
    }
}
