//! Lists by page: `MaxItems`, `Marker`, `IsTruncated`. A marker is the key of the last item that was given, so that a
//! page begins in the right place whatever was added or removed meanwhile.

use aws::xml::Xml;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const DEFAULT_MAX: usize = 100;

/// Which page is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    max: usize,
    after: Option<String>,
}

impl Default for Page {
    fn default() -> Page {
        Page {
            max: DEFAULT_MAX,
            after: None,
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice<T> {
    pub(super) items: Vec<T>,
    marker: Option<String>,
}

impl Page {
    /// `None` for a marker that is none of ours.
    pub(super) fn new(max: Option<usize>, marker: Option<&str>) -> Option<Page> {
        let after = match marker {
            Some(marker) => Some(String::from_utf8(URL_SAFE_NO_PAD.decode(marker).ok()?).ok()?),
            None => None,
        };
        Some(Page {
            max: max.unwrap_or(DEFAULT_MAX),
            after,
        })
    }

    /// The key after which the page begins.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The page of a list that is sorted by `key`.
    pub(super) fn of<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> Slice<T> {
        let mut collector = self.collect(&key);
        for item in items {
            if self.after.as_ref().is_none_or(|after| key(&item) > *after) && !collector.push(item)
            {
                break;
            }
        }
        collector.slice()
    }

    /// Collects the page from items that come in order and begin after [`Page::after`].
    pub(super) fn collect<T, K: Fn(&T) -> String>(&self, key: K) -> Collector<T, K> {
        Collector {
            max: self.max,
            items: Vec::new(),
            more: false,
            key,
        }
    }
}

/// A page being filled.
pub(super) struct Collector<T, K> {
    max: usize,
    items: Vec<T>,
    more: bool,
    key: K,
}

impl<T, K: Fn(&T) -> String> Collector<T, K> {
    /// Takes an item; `false` once it is known that there are more than the page holds.
    pub(super) fn push(&mut self, item: T) -> bool {
        self.more = self.items.len() == self.max;
        if !self.more {
            self.items.push(item);
        }
        !self.more
    }

    pub(super) fn slice(self) -> Slice<T> {
        let last = self.items.last().filter(|_| self.more);
        let marker = last.map(|item| URL_SAFE_NO_PAD.encode((self.key)(item)));
        Slice {
            items: self.items,
            marker,
        }
    }
}

impl<T> Slice<T> {
    /// `IsTruncated` and `Marker`.
    pub(super) fn write_end(&self, xml: &mut Xml) {
        xml.leaf(
            "IsTruncated",
            if self.marker.is_some() {
                "true"
            } else {
                "false"
            },
        );
        xml.optional("Marker", self.marker.as_deref());
    }
}
