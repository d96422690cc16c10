//! YAML as people write definitions in: read into the JSON value that it stands for, with the place of every node.
//!
//! Owns what of YAML a definition may use: the core schema, anchors, aliases and merge keys (`<<`). Knows nothing of the
//! language.
//!
//! Aliases share what they stand for, so that nothing grows with their number; who prints the value measures it first.

mod build;
mod scalar;

use std::sync::Arc;

use expr::json::{Step, Value};

use super::finding::Finding;
use super::region::Region;

/// A node: its value, and where it and all nodes within it are.
#[derive(Debug)]
pub struct Node {
    /// What it stands for.
    pub value: Value,
    /// From its first character to its last.
    pub region: Region,
    inside: Inside,
    /// How many containers are nested in it, itself included.
    depth: usize,
}

/// What a node has within it.
#[derive(Debug)]
enum Inside {
    Nothing,
    Items(Vec<Arc<Node>>),
    Members(Vec<Member>),
}

/// A member of a mapping.
#[derive(Clone, Debug)]
struct Member {
    name: Arc<str>,
    name_region: Region,
    node: Arc<Node>,
}

/// What was found at the end of a path.
#[derive(Clone, Copy, Debug)]
pub struct Found<'n> {
    /// The node.
    pub node: &'n Node,
    /// Its name, where it is a member of a mapping.
    pub name_region: Option<Region>,
}

/// A text's one document; and what in it is no JSON, where that does not keep it from being read.
#[derive(Debug)]
pub struct Parsed {
    /// The document's root; none for a text without a document.
    pub root: Option<Arc<Node>>,
    /// CloudFormation's tags and so on.
    pub findings: Vec<Finding>,
}

/// Reads a text.
///
/// # Errors
///
/// Why it cannot be read.
pub fn parse(text: &str) -> Result<Parsed, Box<Finding>> {
    build::document(text).map_err(|mut finding| {
        // The parser may see that something is missing only when the text has ended.
        finding.region = finding.region.map(|region| region.within(text));
        finding
    })
}

impl Node {
    /// What is at the end of a path.
    pub fn find(&self, path: &[Step]) -> Option<Found<'_>> {
        let mut found = Found {
            node: self,
            name_region: None,
        };
        for step in path {
            found = match (&found.node.inside, step) {
                (Inside::Items(items), Step::Index(index)) => Found {
                    node: items.get(*index)?,
                    name_region: None,
                },
                (Inside::Members(members), Step::Key(name)) => {
                    let member = members.iter().find(|member| member.name == *name)?;
                    Found {
                        node: &member.node,
                        name_region: Some(member.name_region),
                    }
                }
                _ => return None,
            };
        }
        Some(found)
    }
}
