//! From the parser's events to nodes, without recursion.

use std::collections::HashMap;
use std::sync::Arc;

use expr::json::{MAX_DEPTH, Object, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::scalar::{self, Meaning};
use super::{Inside, Member, Node, Parsed};
use crate::cli::validate::finding::{Finding, INVALID_YAML};
use crate::cli::validate::region::{Position, Region};

/// How many members merge keys may copy in all.
const MAX_MERGED: usize = 100_000;
/// How many findings are kept.
const MAX_FINDINGS: usize = 1_000;

type Failure = Box<Finding>;

/// Reads the one document of a text.
pub(super) fn document(text: &str) -> Result<Parsed, Failure> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| not_yaml(&error))?;
        builder.accept(event, span)?;
    }
    Ok(Parsed {
        root: builder.root,
        findings: builder.findings,
    })
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Arc<Node>>,
    anchors: HashMap<usize, Arc<Node>>,
    merged: usize,
    findings: Vec<Finding>,
}

/// A container that is not closed yet.
struct Open {
    start: Marker,
    anchor: usize,
    inside: OpenInside,
}

enum OpenInside {
    Sequence(Vec<Arc<Node>>),
    Mapping(OpenMapping),
}

#[derive(Default)]
struct OpenMapping {
    members: Vec<Member>,
    /// The same, for their names.
    object: Object,
    /// What `<<` names.
    merges: Vec<Arc<Node>>,
    /// The name whose value comes next.
    key: Option<Key>,
}

enum Key {
    Name(Arc<str>, Region),
    Merge,
}

impl Builder {
    fn accept(&mut self, event: Event<'_>, span: Span) -> Result<(), Failure> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(refused(
                span,
                "a definition is one YAML document; here a second one begins",
            )),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node
                    .ok_or_else(|| refused(span, "this alias is inside of what it stands for"))?;
                self.add(node, span, false)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = Arc::new(self.scalar(&text, style, tag.as_deref(), span)?);
                self.keep(anchor, &node);
                self.add(node, span, style == ScalarStyle::Plain)
            }
            Event::SequenceStart(anchor, tag) => self.open(
                OpenInside::Sequence(Vec::new()),
                anchor,
                tag.as_deref(),
                span,
            ),
            Event::MappingStart(anchor, tag) => {
                let mapping = OpenInside::Mapping(OpenMapping::default());
                self.open(mapping, anchor, tag.as_deref(), span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Node, Failure> {
        let value = match scalar::meaning(tag, style != ScalarStyle::Plain) {
            Meaning::Plain => scalar::plain(text).map_err(|reason| refused(span, reason))?,
            Meaning::Text => Value::string(text),
            Meaning::Foreign => {
                self.foreign_tag(tag, span);
                Value::string(text)
            }
        };
        Ok(Node {
            value,
            region: region(span.start, span.end),
            inside: Inside::Nothing,
            depth: 0,
        })
    }

    fn open(
        &mut self,
        inside: OpenInside,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Failure> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        if tag.is_some_and(|tag| !scalar::is_container_tag(tag)) {
            self.foreign_tag(tag, span);
        }
        if let Some(OpenInside::Mapping(OpenMapping { key: None, .. })) =
            self.open.last().map(|open| &open.inside)
        {
            return Err(refused(span, "the name of a field must be a string"));
        }
        self.open.push(Open {
            start: span.start,
            anchor,
            inside,
        });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Failure> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let region = region(open.start, span.end);
        let (value, inside, depth) = match open.inside {
            OpenInside::Sequence(items) => {
                let value = Value::array(items.iter().map(|item| item.value.clone()).collect());
                let depth = items.iter().map(|item| item.depth).max().unwrap_or(0) + 1;
                (value, Inside::Items(items), depth)
            }
            OpenInside::Mapping(mapping) => {
                let (object, members) = self.merge(mapping, span)?;
                let depth = members.iter().map(|member| member.node.depth).max();
                let value = Value::Object(Arc::new(object));
                (value, Inside::Members(members), depth.unwrap_or(0) + 1)
            }
        };
        // An alias may stand for something deep.
        if depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        let node = Arc::new(Node {
            value,
            region,
            inside,
            depth,
        });
        self.keep(open.anchor, &node);
        self.add(node, span, false)
    }

    /// The members of a mapping, its own first; of several that merge keys bring in, the first counts.
    fn merge(
        &mut self,
        mapping: OpenMapping,
        span: Span,
    ) -> Result<(Object, Vec<Member>), Failure> {
        let OpenMapping {
            mut members,
            mut object,
            merges,
            ..
        } = mapping;
        for node in &merges {
            let Inside::Members(others) = &node.inside else {
                return Err(refused(span, "'<<' takes a mapping, or a list of mappings"));
            };
            self.merged += others.len();
            if self.merged > MAX_MERGED {
                return Err(refused(span, "merge keys ('<<') bring in too much"));
            }
            for other in others {
                if !object.contains_key(&other.name) {
                    object.insert(other.name.clone(), other.node.value.clone());
                    members.push(other.clone());
                }
            }
        }
        Ok((object, members))
    }

    /// Puts a node where it belongs: it may be the name of a member.
    fn add(&mut self, node: Arc<Node>, span: Span, plain: bool) -> Result<(), Failure> {
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(OpenInside::Sequence(items)) => items.push(node),
            Some(OpenInside::Mapping(mapping)) => match mapping.key.take() {
                None => mapping.key = Some(key(&node, span, plain)?),
                Some(Key::Merge) => mapping.add_merge(node),
                Some(Key::Name(name, region)) => mapping.add(name, region, node)?,
            },
        }
        Ok(())
    }

    fn keep(&mut self, anchor: usize, node: &Arc<Node>) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn foreign_tag(&mut self, tag: Option<&Tag>, span: Span) {
        let Some(tag) = tag.filter(|_| self.findings.len() < MAX_FINDINGS) else {
            return;
        };
        let name = match tag.handle.as_str() {
            "!" => format!("!{}", tag.suffix),
            handle => format!("!<{handle}{}>", tag.suffix),
        };
        let finding = *refused(span, format!("a definition cannot have the tag {name}"));
        let help = "CloudFormation's functions work in templates only; in a definition write ${Name} and fill it in with \
                    DefinitionSubstitutions there, and --substitutions Name=VALUE here";
        self.findings.push(finding.with_help(help));
    }
}

impl OpenMapping {
    fn add(&mut self, name: Arc<str>, name_region: Region, node: Arc<Node>) -> Result<(), Failure> {
        if self
            .object
            .insert(name.clone(), node.value.clone())
            .is_some()
        {
            let message = format!("the key '{name}' is there twice");
            return Err(Box::new(
                Finding::error(INVALID_YAML, message).at(name_region),
            ));
        }
        self.members.push(Member {
            name,
            name_region,
            node,
        });
        Ok(())
    }

    fn add_merge(&mut self, node: Arc<Node>) {
        match &node.inside {
            Inside::Items(items) => self.merges.extend(items.iter().cloned()),
            _ => self.merges.push(node),
        }
    }
}

/// The name that a node is. Numbers and the like are names as they are written.
fn key(node: &Node, span: Span, plain: bool) -> Result<Key, Failure> {
    let region = region(span.start, span.end);
    match &node.value {
        Value::String(text) if plain && &**text == "<<" => Ok(Key::Merge),
        Value::String(text) => Ok(Key::Name(text.clone(), region)),
        Value::Array(_) | Value::Object(_) => {
            Err(refused(span, "the name of a field must be a string"))
        }
        other => Ok(Key::Name(other.to_text().into(), region)),
    }
}

fn region(start: Marker, end: Marker) -> Region {
    let position = |marker: Marker| Position {
        line: marker.line(),
        column: marker.col() + 1,
    };
    Region {
        start: position(start),
        end: position(end),
    }
}

fn not_yaml(error: &ScanError) -> Failure {
    let region = region(*error.marker(), *error.marker());
    Box::new(Finding::error(INVALID_YAML, error.info()).at(region.first_character()))
}

fn refused(span: Span, message: impl Into<String>) -> Failure {
    Box::new(Finding::error(INVALID_YAML, message).at(region(span.start, span.end)))
}

fn too_deep(span: Span) -> Failure {
    let message = format!("the document is nested more than {MAX_DEPTH} levels deep");
    refused(span, message)
}
