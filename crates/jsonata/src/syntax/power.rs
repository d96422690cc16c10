//! What the parser knows of a token by itself: how tightly it binds, and how an error text shows it.

use super::lexer::Token;
use super::tree::Literal;
use crate::format::number_text;
use crate::message::quoted;

pub(super) fn left_power(token: &Token) -> u32 {
    match token {
        Token::Operator(operator) => binding_power(operator),
        _ => 0,
    }
}

/// How tightly an infix operator binds; 0 for what is none.
pub(super) fn binding_power(operator: &str) -> u32 {
    match operator {
        "[" | "(" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "<" | ">" | "^" | "!=" | "<=" | ">=" | "~>" | "in" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}

/// A token as it is shown in an error text.
pub(super) fn shown(token: &Token) -> String {
    match token {
        Token::Number(number) => number_text(*number),
        Token::Literal(Literal::Null) => "null".to_owned(),
        Token::Literal(Literal::Bool(value)) => value.to_string(),
        Token::Regex(_) => "{}".to_owned(),
        other => quoted(&plain(other)),
    }
}

pub(super) fn plain(token: &Token) -> String {
    match token {
        Token::Operator(operator) => (*operator).to_owned(),
        Token::Name(text) | Token::Variable(text) | Token::String(text) => text.to_string(),
        Token::End => "(end)".to_owned(),
        other => shown(other),
    }
}
