//! Where the walk through a definition is, as a chain on the stack: nothing is allocated until something is wrong.

use std::fmt::Write;
use std::sync::Arc;

use expr::json::Step;

/// A place in the definition.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    /// The definition itself.
    Root,
    /// A member of the object at the parent.
    Key(&'a At<'a>, &'a str),
    /// An element of the array at the parent.
    Index(&'a At<'a>, usize),
}

/// A place, kept for later.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The service's syntax.
    pub(crate) location: String,
    /// The steps from the root.
    pub(crate) path: Vec<Step>,
}

impl<'a> At<'a> {
    /// This place, to keep.
    pub(crate) fn place(&self) -> Place {
        Place {
            location: self.location(),
            path: self.path(),
        }
    }

    /// The member `name` of this place.
    pub(crate) fn key(&'a self, name: &'a str) -> At<'a> {
        At::Key(self, name)
    }

    /// The element `index` of this place.
    pub(crate) fn index(&'a self, index: usize) -> At<'a> {
        At::Index(self, index)
    }

    /// The service's syntax: `/`, `/States/x/Choices[0]/Next`; names are not escaped.
    pub(crate) fn location(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        if text.is_empty() {
            text.push('/');
        }
        text
    }

    /// The steps from the root, for `expr::json::locate`.
    pub(crate) fn path(&self) -> Vec<Step> {
        match self {
            At::Root => Vec::new(),
            At::Key(parent, name) => extended(parent, Step::Key(Arc::from(*name))),
            At::Index(parent, index) => extended(parent, Step::Index(*index)),
        }
    }

    fn write(&self, text: &mut String) {
        match self {
            At::Root => {}
            At::Key(parent, name) => {
                parent.write(text);
                text.push('/');
                text.push_str(name);
            }
            At::Index(parent, index) => {
                parent.write(text);
                write!(text, "[{index}]").expect("writing to a String cannot fail");
            }
        }
    }
}

fn extended(parent: &At<'_>, last: Step) -> Vec<Step> {
    let mut path = parent.path();
    path.push(last);
    path
}
