//! Names of workflow variables in `Assign` (spec asl.md section 5, validation.md section 2).

use expr::json::Object;

use super::log::Log;
use crate::Code;
use crate::location::At;

/// The longest name, in characters.
const MAX_NAME: usize = 80;

/// Reports names that cannot be assigned to.
pub(crate) fn check_names(log: &mut Log, assignments: &Object, at: &At<'_>) {
    for (key, _) in assignments.iter() {
        let name = key.strip_suffix(".$").unwrap_or(key);
        if name == "states" {
            log.report(
                Code::ReservedVariableName,
                at,
                "Cannot assign to reserved variable '$states'.",
            );
        } else if !is_identifier(name) {
            let message = format!(
                "Invalid variable name '{name}': the variable name contains invalid characters."
            );
            log.report(Code::InvalidVariableName, at, message);
        }
    }
}

/// A letter, then letters, digits and `_`.
fn is_identifier(name: &str) -> bool {
    name.starts_with(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= MAX_NAME
}
