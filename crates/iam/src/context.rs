//! The context keys of a request (`aws:SourceArn`, `aws:SourceIp`, ...). Keys are compared without case.

use std::collections::BTreeMap;

/// Context keys and their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// Without any key.
    pub fn new() -> Context {
        Context::default()
    }

    /// The same context with one more key.
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Context {
        self.0.insert(key.to_ascii_lowercase(), vec![value.into()]);
        self
    }

    /// The same context with one more key of many values.
    pub fn with_many(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Context {
        self.0
            .insert(key.to_ascii_lowercase(), values.into_iter().collect());
        self
    }

    /// The values of a key; `None` when the request does not have it.
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}
