//! Reading a request's body: bounded in bytes, in time, and in sum over all connections.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::roster::Held;

/// How long a body may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// What is read of a body that is too large, so that its sender hears that it is.
const DISCARDED: usize = 16 * 1024 * 1024;
/// What a body may take without being counted: small requests are read however much others have sent.
const FREE: usize = 16 * 1024;
/// Why there is no body.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It took too long.
    Late,
    /// It is over its own limit.
    TooLarge,
    /// All bodies together are over theirs.
    NoRoom,
    /// It ended too soon, or is not what HTTP says.
    Broken,
}

/// How many of an answer's bytes are counted while they wait for the client.
pub(super) fn counted(bytes: usize) -> usize {
    bytes.saturating_sub(FREE)
}

/// Reads a body of at most `limit` bytes, counting it in `held`.
pub(super) async fn read(body: Incoming, limit: usize, held: &mut Held) -> Result<Bytes, Trouble> {
    let read = async {
        let mut body = body;
        let collected = match body.size_hint().lower() > limit as u64 {
            true => Err(Trouble::TooLarge),
            false => collect(&mut body, limit, held).await,
        };
        if matches!(collected, Err(Trouble::TooLarge)) {
            held.set(0);
            discard(&mut body).await;
        }
        collected
    };
    match tokio::time::timeout(TIMEOUT, read).await {
        Ok(result) => result,
        Err(_) => Err(Trouble::Late),
    }
}

/// Reads on without keeping anything: a client that still sends would see its connection break, and not the answer.
async fn discard(body: &mut Incoming) {
    let mut left = DISCARDED;
    while let Ok(Some(bytes)) = next(body).await {
        left = left.saturating_sub(bytes.len());
        if left == 0 {
            return;
        }
    }
}

async fn collect(body: &mut Incoming, limit: usize, held: &mut Held) -> Result<Bytes, Trouble> {
    let Some(first) = next(body).await? else {
        return Ok(Bytes::new());
    };
    if first.len() <= FREE && body.is_end_stream() {
        return Ok(first);
    }
    let mut whole = BytesMut::new();
    let mut frame = Some(first);
    while let Some(bytes) = frame {
        let length = whole.len() + bytes.len();
        if length > limit {
            return Err(Trouble::TooLarge);
        }
        let more = counted(length) - counted(whole.len());
        held.grow(more).map_err(|_| Trouble::NoRoom)?;
        whole.extend_from_slice(&bytes);
        frame = next(body).await?;
    }
    Ok(whole.freeze())
}

/// The next bytes; none at the end. Trailers mean nothing here.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Trouble> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Trouble::Broken)?;
        if let Ok(bytes) = frame.into_data()
            && !bytes.is_empty()
        {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}
