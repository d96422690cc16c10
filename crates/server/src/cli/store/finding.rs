//! What a check has found, and how many: only the first are kept.

use std::path::PathBuf;

use serde_json::{Map, Value};

/// More are counted, not kept.
const KEPT: usize = 1_000;

/// Something that is not as it should be.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// The damaged file, and where in it. None where rows can be read but do not hang together.
    pub(super) place: Option<(PathBuf, u64)>,
    /// What is wrong.
    pub(super) what: String,
    /// Who is affected: an ARN where it can be told.
    pub(super) affected: String,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The first.
    pub(super) told: Vec<Finding>,
    /// How many there are.
    pub(super) count: u64,
}

impl Findings {
    /// Adds one.
    pub(super) fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.told.len() < KEPT {
            self.told.push(finding);
        }
    }

    /// Adds one about rows.
    pub(super) fn of_row(&mut self, affected: impl Into<String>, what: impl Into<String>) {
        self.add(Finding {
            place: None,
            what: what.into(),
            affected: affected.into(),
        });
    }

    /// How many are not told.
    pub(super) fn untold(&self) -> u64 {
        self.count - self.told.len() as u64
    }
}

impl Finding {
    /// A line for people.
    pub(super) fn line(&self) -> String {
        let Finding { what, affected, .. } = self;
        match &self.place {
            Some((file, offset)) => {
                format!(
                    "{}:{offset}: {what}; affected: {affected}\n",
                    file.display()
                )
            }
            None => format!("{affected}: {what}\n"),
        }
    }

    /// An object for programs.
    pub(super) fn json(&self) -> Value {
        let mut shown = Map::new();
        if let Some((file, offset)) = &self.place {
            shown.insert("file".into(), file.display().to_string().into());
            shown.insert("offset".into(), (*offset).into());
        }
        shown.insert("damage".into(), self.what.as_str().into());
        shown.insert("affected".into(), self.affected.as_str().into());
        shown.into()
    }
}
