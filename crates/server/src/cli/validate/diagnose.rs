//! From a file's text to everything that there is to say about it.
//!
//! Owns the order of the steps, the bound on findings, and which place a diagnostic points at.

use asl::{Code, Diagnostic, Options};

use super::definition::{Definition, Syntax};
use super::finding::Finding;
use super::substitution::Substitutions;
use super::suggest::Suggester;

/// How many findings of a file are told.
pub const MAX_TOLD: usize = 100;

/// What is to be said about a file.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The first findings.
    pub findings: Vec<Finding>,
    /// How many there are of each kind, told or not.
    pub errors: usize,
    /// The same for warnings.
    pub warnings: usize,
    /// The definition as JSON, if it is accepted.
    pub json: Option<String>,
}

impl Verdict {
    /// Of these findings.
    pub fn of(findings: Vec<Finding>) -> Verdict {
        let errors = findings.iter().filter(|finding| finding.is_error()).count();
        Verdict {
            errors,
            warnings: findings.len() - errors,
            findings,
            json: None,
        }
    }

    /// Whether the definition is accepted.
    pub fn is_ok(&self) -> bool {
        self.errors == 0
    }

    /// How many findings are not told.
    pub fn untold(&self) -> usize {
        self.errors + self.warnings - self.findings.len()
    }
}

/// Looks at a text. Errors are told before warnings, both in AWS's order.
pub fn diagnose(
    text: &str,
    syntax: Syntax,
    options: &Options,
    substitutions: &Substitutions,
    warnings: bool,
) -> Verdict {
    let definition = match Definition::read(text, syntax, substitutions) {
        Ok(definition) => definition,
        Err(findings) => return bounded(Verdict::of(findings)),
    };
    let mut diagnostics = asl::validate(&definition.json, options);
    diagnostics.retain(|diagnostic| warnings || diagnostic.is_error());
    diagnostics.sort_by_key(|diagnostic| !diagnostic.is_error());
    let errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count();
    let mut suggester = Suggester::new(&definition, options, &diagnostics);
    let told = diagnostics.iter().take(MAX_TOLD);
    let findings = told
        .map(|diagnostic| {
            let region = definition.region(&diagnostic.path, is_about_name(diagnostic));
            suggester.advise(diagnostic, Finding::of(diagnostic, region))
        })
        .collect();
    Verdict {
        findings,
        errors,
        warnings: diagnostics.len() - errors,
        json: (errors == 0).then_some(definition.json),
    }
}

fn bounded(mut verdict: Verdict) -> Verdict {
    verdict.findings.truncate(MAX_TOLD);
    verdict
}

/// Whether what is wrong is the name of the place rather than what is there.
fn is_about_name(diagnostic: &Diagnostic) -> bool {
    let names = [
        Code::DuplicateStateName,
        Code::InvalidStateName,
        Code::ReservedVariableName,
        Code::InvalidVariableName,
    ];
    let message = &diagnostic.message;
    names.contains(&diagnostic.code)
        || message.starts_with("Field '")
        || message.contains("but field '")
        || message.ends_with("is not reachable.")
}
