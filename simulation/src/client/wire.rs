//! A socket without a network: two queues of messages.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Sink, Stream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::{PollSendError, PollSender};

/// Messages that wait for a client that does not read; then the server waits too.
const LENGTH: usize = 16;

/// The server's end.
pub(super) struct Wire {
    heard: mpsc::Receiver<Message>,
    said: PollSender<Message>,
}

/// The client's end.
pub(super) struct End {
    pub(super) say: mpsc::Sender<Message>,
    pub(super) hear: mpsc::Receiver<Message>,
}

/// Both ends of a new one.
pub(super) fn wire() -> (Wire, End) {
    let (say, heard) = mpsc::channel(LENGTH);
    let (said, hear) = mpsc::channel(LENGTH);
    (Wire { heard, said: PollSender::new(said) }, End { say, hear })
}

impl Stream for Wire {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.heard.poll_recv(context).map(|message| message.map(Ok))
    }
}

impl Sink<Message> for Wire {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.said).poll_ready(context).map_err(closed)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Pin::new(&mut self.said).start_send(message).map_err(closed)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.said).poll_flush(context).map_err(closed)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.said).poll_close(context).map_err(closed)
    }
}

fn closed(_: PollSendError<Message>) -> Error {
    Error::ConnectionClosed
}
