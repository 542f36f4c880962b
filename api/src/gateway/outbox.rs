//! The writing half of a socket: answers, events, pings, and the goodbye.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_util::sync::CancellationToken;

use crate::gateway::cursor::Cursors;
use crate::gateway::frame::ServerFrame;
use crate::gateway::inbox::Request;
use crate::gateway::signal::{News, Signal};
use crate::gateway::socket::{Closing, Socket};
use crate::http::problem::Problem;

/// How often a client is asked whether it is there; it has as long to answer.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long a client may take to take what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Why writing ends.
enum End {
    /// With a goodbye.
    Close(Closing),
    /// The client is gone, or does not read.
    Gone,
}

struct Outbox<S> {
    sink: SplitSink<S, Message>,
    cursors: Cursors,
    /// A ping is out that was not answered.
    asked: bool,
}

/// Writes until the client or the reading half is gone, the session ends, or
/// `stop`.
pub(crate) async fn write<S: Socket>(
    stop: CancellationToken,
    sink: SplitSink<S, Message>,
    cursors: Cursors,
    signal: Arc<Signal>,
    mut requests: mpsc::Receiver<Box<Request>>,
) {
    let mut outbox = Outbox { sink, cursors, asked: false };
    let mut pings = pings();
    let mut ended = pin!(signal.ended().cancelled());
    let end = loop {
        let step = tokio::select! {
            biased;
            () = &mut ended => Err(End::Close(match stop.is_cancelled() {
                true => Closing::going_away(),
                false => session_ended(),
            })),
            request = requests.recv() => match request {
                Some(request) => outbox.answer(*request).await,
                // The client has said goodbye, or is gone. The WebSocket answers a goodbye
                // when it is flushed.
                None => outbox.flush().await.and(Err(End::Gone)),
            },
            news = signal.news() => outbox.take(news).await,
            _ = pings.tick() => outbox.ask().await,
            () = std::future::ready(()), if outbox.cursors.is_due() => outbox.deliver().await,
            () = std::future::ready(()), if outbox.cursors.is_company_due() => {
                outbox.tell_of_company().await
            }
        };
        // Everything that is ready goes out together.
        let flushed = match step {
            Ok(()) if !outbox.is_due() && requests.is_empty() => outbox.flush().await,
            other => other,
        };
        if let Err(end) = flushed {
            break end;
        }
    };
    if let End::Close(closing) = end {
        Box::pin(outbox.say_goodbye(closing)).await;
    }
}

fn session_ended() -> Closing {
    let closing = Closing::new(CloseCode::Policy, "the session has ended");
    Closing { problem: Some(Problem::unauthenticated()), ..closing }
}

fn pings() -> Interval {
    let mut pings = interval(PING_INTERVAL);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    pings
}

impl<S: Socket> Outbox<S> {
    async fn answer(&mut self, request: Request) -> Result<(), End> {
        match request {
            Request::Say(text) => self.feed(Message::Text(text)).await,
            Request::Watch { channel_id, after_seq, stands_at } => {
                let resumed = self.cursors.resume(channel_id, after_seq, stands_at);
                Box::pin(resumed).await.map_err(unavailable)
            }
            Request::Unwatch { channel_id, stands_at } => {
                self.cursors.pause(channel_id, stands_at);
                Ok(())
            }
            Request::Flush => self.flush().await,
            Request::Alive => {
                self.asked = false;
                Ok(())
            }
            Request::Close(closing) => Err(End::Close(*closing)),
        }
    }

    async fn take(&mut self, news: News) -> Result<(), End> {
        for (channel_id, seq) in news.joined {
            Box::pin(self.cursors.join(channel_id, seq)).await.map_err(unavailable)?;
        }
        for channel_id in news.touched {
            self.cursors.mark(channel_id);
        }
        for channel_id in news.company {
            self.cursors.mark_company(channel_id);
        }
        for text in news.read.into_values().chain(news.typing) {
            self.feed(Message::Text(text)).await?;
        }
        self.deliver().await
    }

    fn is_due(&self) -> bool {
        self.cursors.is_due() || self.cursors.is_company_due()
    }

    async fn tell_of_company(&mut self) -> Result<(), End> {
        for text in self.cursors.pull_company() {
            self.feed(Message::Text(text)).await?;
        }
        Ok(())
    }

    async fn deliver(&mut self) -> Result<(), End> {
        for text in self.cursors.pull().await.map_err(unavailable)? {
            self.feed(Message::Text(text)).await?;
        }
        Ok(())
    }

    async fn ask(&mut self) -> Result<(), End> {
        if self.asked {
            return Err(End::Close(Closing::new(CloseCode::Policy, "a ping was not answered")));
        }
        self.asked = true;
        self.feed(Message::Ping(Bytes::new())).await
    }

    async fn feed(&mut self, message: Message) -> Result<(), End> {
        bounded(self.sink.feed(message)).await
    }

    async fn flush(&mut self) -> Result<(), End> {
        bounded(self.sink.flush()).await
    }

    async fn say_goodbye(mut self, closing: Closing) {
        if let Some(problem) = closing.problem {
            let text = ServerFrame::refusal(problem, None).encode();
            // If the client is gone there is nobody to tell.
            let _ = self.feed(Message::Text(text)).await;
        }
        let frame = CloseFrame { code: closing.code, reason: closing.reason.into() };
        let _ = timeout(WRITE_TIMEOUT, self.sink.send(Message::Close(Some(frame)))).await;
    }
}

async fn bounded<E>(write: impl Future<Output = Result<(), E>>) -> Result<(), End> {
    match timeout(WRITE_TIMEOUT, write).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

/// The cursors have not moved: the client resumes where it was.
fn unavailable(error: warren_domain::database::DbErr) -> End {
    let problem = Problem::internal(&error);
    let closing = Closing::new(CloseCode::Again, "the database is away; come again");
    End::Close(Closing { problem: Some(problem), ..closing })
}
