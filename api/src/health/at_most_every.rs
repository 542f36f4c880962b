//! Costly questions that many may ask, answered only so often.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::Instant;

/// Whoever asks while an answer is being found, or within a period of that
/// beginning, gets the same one. So many who ask cost what one does.
pub(crate) struct AtMostEvery<T: Clone> {
    period: Duration,
    last: Mutex<Option<Search<T>>>,
}

struct Search<T: Clone> {
    begun: Instant,
    answer: Shared<BoxFuture<'static, Option<T>>>,
}

impl<T: Clone + Send + Sync + 'static> AtMostEvery<T> {
    /// A search begins at most once in `period`.
    pub(crate) fn new(period: Duration) -> Self {
        Self { period, last: Mutex::default() }
    }

    /// The answer that `search` finds, or one that is fresh enough. It is found
    /// in a task of its own: a caller that goes away stops nothing. `None` if
    /// the search panicked.
    pub(crate) async fn answer(
        &self,
        search: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.join(search).await
    }

    fn join(
        &self,
        search: impl Future<Output = T> + Send + 'static,
    ) -> Shared<BoxFuture<'static, Option<T>>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|known| known.is_fresh(self.period)) {
            return known.answer.clone();
        }
        let answer = tokio::spawn(search).map(Result::ok).boxed().shared();
        *last = Some(Search { begun: Instant::now(), answer: answer.clone() });
        answer
    }
}

impl<T: Clone> Search<T> {
    fn is_fresh(&self, period: Duration) -> bool {
        self.answer.peek().is_none() || self.begun.elapsed() < period
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// Counts its searches, which wait for leave to end.
    struct Counted {
        searches: Arc<AtomicUsize>,
        leave: Arc<Semaphore>,
        limited: AtMostEvery<usize>,
    }

    impl Counted {
        fn new(period: Duration) -> Self {
            let limited = AtMostEvery::new(period);
            Self { searches: Arc::default(), leave: Arc::new(Semaphore::new(0)), limited }
        }

        fn ask(&self) -> Shared<BoxFuture<'static, Option<usize>>> {
            let (searches, leave) = (self.searches.clone(), self.leave.clone());
            self.limited.join(async move {
                let number = searches.fetch_add(1, Ordering::SeqCst) + 1;
                leave.acquire().await.unwrap().forget();
                number
            })
        }
    }

    #[tokio::test]
    async fn all_who_ask_during_a_search_share_it_though_the_first_goes_away() {
        let counted = Counted::new(Duration::ZERO);
        drop(counted.ask());
        let (one, other) = (counted.ask(), counted.ask());
        counted.leave.add_permits(1);
        assert_eq!((one.await, other.await), (Some(1), Some(1)));
    }

    #[tokio::test]
    async fn answer_is_given_again_while_it_is_fresh_and_no_longer() {
        for (period, second) in [(Duration::from_secs(3600), 1), (Duration::ZERO, 2)] {
            let counted = Counted::new(period);
            counted.leave.add_permits(2);
            assert_eq!(counted.ask().await, Some(1));
            assert_eq!(counted.ask().await, Some(second));
        }
    }

    #[tokio::test]
    async fn search_that_panics_answers_nobody() {
        let limited = AtMostEvery::<()>::new(Duration::ZERO);
        assert_eq!(limited.answer(async { panic!("of the test") }).await, None);
    }
}
