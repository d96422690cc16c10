//! How often an execution was redriven, when, and under which client tokens.

use std::sync::Arc;

use engine::Timestamp;

/// Client tokens that are remembered of an execution (spec api.md, RedriveExecution).
const TOKENS: usize = 10;

/// The redrives of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redrives {
    /// `redriveCount`
    pub count: u32,
    /// `redriveDate`: the last one's.
    pub date: Option<Timestamp>,
    /// The tokens of the last redrives that had one, the oldest first.
    pub tokens: Vec<RedriveToken>,
}

/// A redrive by the name that its caller gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedriveToken {
    /// `clientToken`
    pub token: Arc<str>,
    /// What the caller was told.
    pub redriven: Timestamp,
}

impl Redrives {
    /// One more; a token beyond the last ten is forgotten.
    pub fn add(&mut self, at: Timestamp, token: Option<Arc<str>>) {
        self.count = self.count.saturating_add(1);
        self.date = Some(at);
        self.tokens.extend(token.map(|token| RedriveToken {
            token,
            redriven: at,
        }));
        let forgotten = self.tokens.len().saturating_sub(TOKENS);
        self.tokens.drain(..forgotten);
    }

    /// When the redrive of this token was, if it is remembered.
    pub fn redriven_as(&self, token: &str) -> Option<Timestamp> {
        let known = self.tokens.iter().find(|known| &*known.token == token)?;
        Some(known.redriven)
    }
}
