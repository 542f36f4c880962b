//! A connection that gathers what is written until it is flushed, so that frames that are
//! ready together go out together; and keeps no room for that while it is idle, which a
//! buffer of the WebSocket's own would.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is gathered at most before it is written unflushed.
const GATHERED_SIZE_BYTES: usize = 16 * 1024;

/// A corked connection.
#[derive(Debug)]
pub(crate) struct Cork<C> {
    connection: C,
    gathered: Vec<u8>,
    /// How much of it is written.
    written: usize,
}

impl<C: AsyncWrite + Unpin> Cork<C> {
    pub(crate) fn new(connection: C) -> Self {
        Self { connection, gathered: Vec::new(), written: 0 }
    }

    /// Writes what was gathered, and lets its room go.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.gathered.get(self.written..).filter(|rest| !rest.is_empty()) {
            let size = ready!(Pin::new(&mut self.connection).poll_write(context, rest))?;
            if size == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += size;
        }
        (self.gathered, self.written) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Cork<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.gathered.len() >= GATHERED_SIZE_BYTES {
            ready!(self.poll_drain(context))?;
        }
        self.gathered.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Cork<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_is_written_goes_out_together_when_it_is_flushed() {
        let (near, mut far) = duplex(1024);
        let mut cork = Cork::new(near);
        cork.write_all(b"one ").await.unwrap();
        cork.write_all(b"two").await.unwrap();
        let mut received = [0; 16];
        let early = tokio::time::timeout(std::time::Duration::ZERO, far.read(&mut received)).await;
        assert!(early.is_err(), "nothing is there before the flush");
        cork.flush().await.unwrap();
        let size = far.read(&mut received).await.unwrap();
        assert_eq!(&received[..size], b"one two");
        assert_eq!(cork.gathered.capacity(), 0, "no room is kept");
    }

    #[tokio::test]
    async fn reader_slower_than_the_writer_gets_everything_in_order() {
        let (near, mut far) = duplex(100);
        let mut cork = Cork::new(near);
        let sent: Vec<u8> = (0..10 * GATHERED_SIZE_BYTES).map(|byte| byte as u8).collect();
        let (expected, mut received) = (sent.clone(), Vec::new());
        let writing = async move {
            for some in sent.chunks(700) {
                cork.write_all(some).await.unwrap();
                assert!(cork.gathered.len() < GATHERED_SIZE_BYTES + 700, "it is bounded");
            }
            cork.shutdown().await.unwrap();
        };
        tokio::join!(writing, async { far.read_to_end(&mut received).await.unwrap() });
        assert_eq!(received, expected);
    }
}
