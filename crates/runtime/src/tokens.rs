//! Task tokens: the name of a task, sealed, so that only somebody who was given it can answer the task.
//!
//! A token is good for its account and region only. It says nothing of whether the task is still there: garbage is told
//! from a task that is over long after the task's rows are gone.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::execution::FrameId;
use engine::{Facts, Surroundings, TaskId};
use expr::Entropy;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use store::{Store, Transaction};

use crate::codec::{DecodeError, Reader, Writer};
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::{Namespace, TOKEN_KEY};
use crate::ports::{TaskKey, TaskRunner};

/// The first byte of a token.
const VERSION: u8 = 1;
/// The version of the key's row.
const KEY_VERSION: u8 = 1;
/// Execution, frame, Scheduled event.
const NAME_BYTES: usize = 16 + 4 + 8;
const SEAL_BYTES: usize = 16;

/// Seals tokens and knows its own again.
#[derive(Clone)]
pub struct TokenKey(Hmac<Sha256>);

impl TokenKey {
    fn new(secret: &[u8]) -> TokenKey {
        TokenKey(Hmac::new_from_slice(secret).expect("a key may have any length"))
    }

    /// The token of a task.
    pub fn token(&self, namespace: &Namespace, key: TaskKey) -> String {
        let mut bytes = Vec::with_capacity(1 + NAME_BYTES + SEAL_BYTES);
        bytes.push(VERSION);
        bytes.extend(key.execution.0.to_be_bytes());
        bytes.extend(key.task.frame.0.to_be_bytes());
        bytes.extend(key.task.scheduled.to_be_bytes());
        let seal = self.seal(namespace, &bytes).finalize().into_bytes();
        bytes.extend(&seal[..SEAL_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The task of a token; none if it was not sealed here, for this account and region.
    pub fn open(&self, namespace: &Namespace, token: &str) -> Option<TaskKey> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (name, seal) = bytes.split_at_checked(1 + NAME_BYTES)?;
        if seal.len() != SEAL_BYTES {
            return None;
        }
        // In constant time: how much of a guess is right must not show.
        let sealed = self.seal(namespace, name);
        sealed.verify_truncated_left(seal).ok()?;
        let (version, name) = name.split_first()?;
        let (execution, name) = name.split_first_chunk()?;
        let (frame, scheduled) = name.split_first_chunk()?;
        (*version == VERSION).then_some(TaskKey {
            execution: ExecutionId(u128::from_be_bytes(*execution)),
            task: TaskId {
                frame: FrameId(u32::from_be_bytes(*frame)),
                scheduled: u64::from_be_bytes(scheduled.try_into().ok()?),
            },
        })
    }

    fn seal(&self, namespace: &Namespace, name: &[u8]) -> Hmac<Sha256> {
        let mut seal = self.0.clone();
        for part in [namespace.account(), namespace.region()] {
            seal.update(part.as_bytes());
            seal.update(&[0]);
        }
        seal.update(name);
        seal
    }
}

/// The key of this store. The first time it is drawn, and written before anything that is sealed with it: whatever
/// commits come after it in the log are lost with it.
pub(crate) fn load_or_draw(
    store: &dyn Store,
    entropy: &mut dyn Entropy,
    lost: impl FnOnce(store::StoreError) + Send + 'static,
) -> Result<TokenKey, RuntimeError> {
    if let Some(row) = store.get(TOKEN_KEY)? {
        let secret = read(&row).map_err(|error| RuntimeError::Unreadable {
            what: "task token key",
            reason: error.to_string(),
        })?;
        return Ok(TokenKey::new(&secret));
    }
    let mut secret = Vec::with_capacity(32);
    (0..4).for_each(|_| secret.extend(entropy.next_u64().to_be_bytes()));
    let mut row = Writer::versioned(KEY_VERSION);
    secret.iter().for_each(|byte| row.byte(*byte));
    let transaction = Transaction::new().put(TOKEN_KEY, row.finish());
    let written = |result| {
        if let Err(error) = result {
            lost(error);
        }
    };
    store.submit(transaction, Box::new(written));
    Ok(TokenKey::new(&secret))
}

fn read(row: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut reader = Reader::versioned(row, KEY_VERSION)?;
    (0..32).map(|_| reader.byte()).collect()
}

/// What the steps of an execution are told of the outside.
pub(crate) struct Around<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) execution: ExecutionId,
    pub(crate) tokens: &'a TokenKey,
    pub(crate) runner: &'a dyn TaskRunner,
}

impl Surroundings for Around<'_> {
    fn token(&self, task: TaskId) -> Arc<str> {
        let key = TaskKey {
            execution: self.execution,
            task,
        };
        self.tokens.token(self.namespace, key).into()
    }

    fn has_activity(&self, arn: &str) -> bool {
        self.runner.has_activity(self.namespace, arn)
    }

    fn is_mocked(&self, facts: &Facts, state: &str) -> bool {
        self.runner.is_mocked(facts, state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> TokenKey {
        TokenKey::new(&[byte; 32])
    }

    fn task() -> TaskKey {
        TaskKey {
            execution: ExecutionId(1 << 127 | 7),
            task: TaskId {
                frame: FrameId(3),
                scheduled: 24_999,
            },
        }
    }

    #[test]
    fn a_token_names_its_task() {
        let namespace = Namespace::new("123456789012", "us-east-1");
        let token = key(1).token(&namespace, task());
        assert_eq!(key(1).open(&namespace, &token), Some(task()));
        assert_eq!(token, key(1).token(&namespace, task()), "always the same");
    }

    #[test]
    fn what_was_not_sealed_here_is_no_token() {
        let namespace = Namespace::new("123456789012", "us-east-1");
        let token = key(1).token(&namespace, task());
        assert_eq!(key(2).open(&namespace, &token), None, "another store's");
        let elsewhere = Namespace::new("123456789012", "eu-west-1");
        assert_eq!(key(1).open(&elsewhere, &token), None, "another region's");
        for position in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[position] = if changed[position] == b'A' {
                b'B'
            } else {
                b'A'
            };
            let changed = String::from_utf8(changed).expect("letters");
            assert_eq!(key(1).open(&namespace, &changed), None, "{position}");
        }
        for garbage in [
            "",
            "A",
            "garbage!",
            &token[..token.len() - 2],
            "ä",
            &format!("{token}AA"),
        ] {
            assert_eq!(key(1).open(&namespace, garbage), None, "{garbage}");
        }
    }
}
