//! The constraints of the service models, and the framework's words when they are broken.
//!
//! Owns the wording (`../shared/spec/api.md` 0.1, recorded). Which member has which constraint is the service's
//! business, and so is the error's code (`ValidationException`, IAM's `ValidationError`).

/// The broken constraints of one request, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    found: Vec<String>,
    quiet: bool,
}

/// The longest value that is echoed whole, in characters.
const MAX_ECHO: usize = 4096;

impl Violations {
    /// Without echoing the values, as IAM's framework does it (recorded 2026-02).
    pub fn quiet() -> Violations {
        Violations {
            quiet: true,
            ..Violations::default()
        }
    }

    /// The member must be there.
    pub fn required<T>(&mut self, path: &str, value: Option<T>) {
        if value.is_none() {
            let shown = if self.quiet { "Value" } else { "Value null" };
            self.found.push(format!(
                "{shown} at '{path}' failed to satisfy constraint: Member must not be null"
            ));
        }
    }

    /// The text's length in characters.
    pub fn length(&mut self, path: &str, value: &str, min: usize, max: usize) {
        self.count(path, value, value.chars().count(), min, max);
    }

    /// The length of a list whose echo is `shown`.
    pub fn count(&mut self, path: &str, shown: &str, length: usize, min: usize, max: usize) {
        if length > max {
            self.add(
                path,
                shown,
                &format!("Member must have length less than or equal to {max}"),
            );
        } else if length < min {
            self.add(
                path,
                shown,
                &format!("Member must have length greater than or equal to {min}"),
            );
        }
    }

    /// The bounds of a number.
    pub fn range(&mut self, path: &str, value: i64, min: i64, max: i64) {
        if value > max {
            self.add(
                path,
                &value.to_string(),
                &format!("Member must have value less than or equal to {max}"),
            );
        } else if value < min {
            self.add(
                path,
                &value.to_string(),
                &format!("Member must have value greater than or equal to {min}"),
            );
        }
    }

    /// The same for a number that need not be an integer.
    pub fn number(&mut self, path: &str, value: f64, min: f64, max: f64) {
        if value > max {
            let rule = format!("Member must have value less than or equal to {max}");
            self.add(path, &value.to_string(), &rule);
        } else if value < min {
            let rule = format!("Member must have value greater than or equal to {min}");
            self.add(path, &value.to_string(), &rule);
        }
    }

    /// The value must be one of `set`, which is shown in the order given.
    pub fn one_of(&mut self, path: &str, value: &str, set: &[&str]) {
        if !set.contains(&value) {
            self.add(
                path,
                value,
                &format!("Member must satisfy enum value set: [{}]", set.join(", ")),
            );
        }
    }

    /// The value must match a pattern; the caller says whether it does.
    pub fn pattern(&mut self, path: &str, value: &str, pattern: &str, matches: bool) {
        if !matches {
            self.add(
                path,
                value,
                &format!("Member must satisfy regular expression pattern: {pattern}"),
            );
        }
    }

    /// The size in bytes; the value is not echoed (measured on StartExecution's `input`).
    pub fn bytes(&mut self, path: &str, value: &str, max: usize) {
        if value.len() > max {
            self.found.push(format!(
                "Value at '{path}' failed to satisfy constraint: Member must have size less than or equal to {max} \
                 bytes in UTF-8 encoding"
            ));
        }
    }

    /// A constraint in other words.
    pub fn add(&mut self, path: &str, value: &str, rule: &str) {
        let echo = match self.quiet {
            true => String::new(),
            false => format!(" '{}'", value.chars().take(MAX_ECHO).collect::<String>()),
        };
        self.found.push(format!(
            "Value{echo} at '{path}' failed to satisfy constraint: {rule}"
        ));
    }

    /// `N validation error(s) detected: ..`, or nothing when every constraint holds.
    pub fn message(&self) -> Option<String> {
        let plural = match self.found.len() {
            0 => return None,
            1 => "",
            _ => "s",
        };
        Some(format!(
            "{} validation error{plural} detected: {}",
            self.found.len(),
            self.found.join("; ")
        ))
    }

    /// Fails with the error that `error` makes of the message.
    pub fn check<E>(self, error: impl FnOnce(String) -> E) -> Result<(), E> {
        self.message().map_or(Ok(()), |message| Err(error(message)))
    }
}
