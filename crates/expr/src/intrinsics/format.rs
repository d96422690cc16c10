//! `States.Format`.

use super::{Evaluation, Failure, invalid};
use crate::{Value, java};

/// `States.Format(template, argument...)`: replaces each `{}` by the next argument, rendered as
/// `String.valueOf` renders it in Java (recorded: `{Arg1=1, Arg2=[]}`). `\{`, `\}`, `\'` and `\\`
/// stand for the character.
pub(super) fn format(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let (template, arguments) = arguments.split_first().ok_or_else(invalid)?;
    let parts = parts(template.as_str().ok_or_else(invalid)?)?;
    if parts.len() != arguments.len() + 1 {
        return Err(Failure::Arguments(Some(
            "number of arguments do not match the occurrences of {}.",
        )));
    }
    let mut text = String::new();
    let mut arguments = arguments.iter();
    for part in parts {
        text.push_str(&part);
        if let Some(argument) = arguments.next() {
            text.push_str(&java::to_text(argument, evaluation.budget)?);
        }
    }
    evaluation.budget.text(text.len())?;
    Ok(text.into())
}

/// The text before, between and behind the placeholders.
fn parts(template: &str) -> Result<Vec<String>, Failure> {
    let mut parts = vec![String::new()];
    let mut characters = template.chars().peekable();
    while let Some(character) = characters.next() {
        let part = parts.last_mut().expect("there is always a part");
        match character {
            '\\' => {
                let escaped = characters.next_if(|next| matches!(next, '\'' | '{' | '}' | '\\'));
                part.push(escaped.unwrap_or('\\'));
            }
            '{' if characters.next_if_eq(&'}').is_some() => parts.push(String::new()),
            '{' => return Err(Failure::Template("matching '}' not found for '{'.")),
            '}' => return Err(Failure::Template("matching '{' not found for '}'.")),
            _ => part.push(character),
        }
    }
    Ok(parts)
}
