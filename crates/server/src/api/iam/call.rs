//! One call: its parameters, read and checked against the model before anything is done.

use aws::ApiError;
use aws::arn::partition_of;
use aws::query::Params;
use aws::validate::Violations;
use jiff::Timestamp;

use super::constraints::{self, MARKER, MAX_TAGS, Text};
use super::errors;
use super::model::Tag;
use super::paging::Page;

/// A call and when it came.
pub(super) struct Call<'a> {
    pub(super) params: Params,
    pub(super) account: &'a str,
    /// The partition that new ARNs are in.
    pub(super) partition: &'static str,
    pub(super) now: Timestamp,
}

impl<'a> Call<'a> {
    /// At this moment.
    pub(super) fn new(params: Params, account: &'a str, region: &str) -> Call<'a> {
        Call {
            params,
            account,
            partition: partition_of(region),
            now: Timestamp::now(),
        }
    }

    /// Begins to read the parameters.
    pub(super) fn input(&self) -> Input<'_> {
        Input {
            params: &self.params,
            violations: Violations::quiet(),
            words: None,
        }
    }

    /// `arn:aws:iam::account:resource`.
    pub(super) fn arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.account)
    }
}

/// The reading of parameters: all that is wrong is collected, and told by [`Input::finish`]. What was read must not be
/// used before that.
pub(super) struct Input<'a> {
    params: &'a Params,
    violations: Violations,
    words: Option<String>,
}

impl<'a> Input<'a> {
    /// A parameter that must be there.
    pub(super) fn required(&mut self, text: &Text) -> &'a str {
        let value = self.params.get(text.name);
        self.violations.required(text.path, value);
        self.optional(text).unwrap_or_default()
    }

    /// A parameter that may be there.
    pub(super) fn optional(&mut self, text: &Text) -> Option<&'a str> {
        let value = self.params.get(text.name)?;
        if let Err(words) = text.check(value, &mut self.violations) {
            self.words.get_or_insert(words);
        }
        Some(value)
    }

    /// A number that may be there.
    pub(super) fn number(&mut self, name: &str, path: &str, min: i64, max: i64) -> Option<i64> {
        let text = self.params.get(name)?;
        match text.parse() {
            Ok(number) => {
                self.violations.range(path, number, min, max);
                Some(number)
            }
            Err(_) => {
                self.words.get_or_insert(format!(
                    "The specified value for {path} is invalid. It must be a number."
                ));
                None
            }
        }
    }

    /// A flag that may be there.
    pub(super) fn flag(&mut self, name: &str, path: &str) -> bool {
        match self.params.get(name) {
            None | Some("false" | "False") => false,
            Some("true" | "True") => true,
            Some(_) => {
                self.words.get_or_insert(format!(
                    "The specified value for {path} is invalid. It must be true or false."
                ));
                false
            }
        }
    }

    /// The tags of the request; `None` when it has no such parameter.
    pub(super) fn tags(&mut self) -> Option<Vec<Tag>> {
        let members = self.params.structures("Tags")?;
        self.violations
            .count("tags", "", members.len(), 0, MAX_TAGS);
        let mut tags = Vec::with_capacity(members.len());
        for (index, member) in members.iter().enumerate() {
            let (key, value) = (
                member.get("Key").unwrap_or_default(),
                member.get("Value").unwrap_or_default(),
            );
            constraints::check_tag(index + 1, key, value, &mut self.violations);
            tags.push(Tag {
                key: key.to_owned(),
                value: value.to_owned(),
            });
        }
        Some(tags)
    }

    /// The keys of the tags to remove.
    pub(super) fn tag_keys(&mut self) -> Vec<String> {
        let keys = self.params.list("TagKeys");
        self.violations.required("tagKeys", keys.as_ref());
        let keys = keys.unwrap_or_default();
        constraints::check_tag_keys(&keys, &mut self.violations);
        keys
    }

    /// A list that must be there.
    pub(super) fn require_list(&mut self, path: &str, there: bool) {
        self.violations.required(path, there.then_some(()));
    }

    /// `Marker` and `MaxItems`.
    pub(super) fn page(&mut self) -> Page {
        let max = self
            .number("MaxItems", "maxItems", 1, 1000)
            .and_then(|max| usize::try_from(max).ok());
        let marker = self.optional(&MARKER);
        let page = Page::new(max, marker);
        if page.is_none() {
            self.words
                .get_or_insert_with(|| "Invalid Marker.".to_owned());
        }
        page.unwrap_or_default()
    }

    /// Fails with all that is wrong.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        self.violations.check(errors::validation)?;
        self.words
            .map_or(Ok(()), |words| Err(errors::validation(words)))
    }
}
