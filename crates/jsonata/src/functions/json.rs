//! `$hash` and `$parse` (Step Functions).

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{argument, text};
use crate::error::Error;
use crate::eval::{Machine, Outcome};
use crate::message::{quoted, shortened};
use crate::value::{Item, Layout};

/// `$hash(data, algorithm = 'SHA-1')`: lower-case hexadecimal. Data that is no string is hashed as
/// its JSON text.
pub(super) fn hash(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let data = argument(arguments, 0);
    if data.is_undefined() {
        return Ok(Item::Undefined);
    }
    let data = machine.print(data, Layout::Compact)?;
    machine.visit(data.len())?;
    let algorithm = text(arguments, 1).unwrap_or("SHA-1");
    let digest = match algorithm {
        "MD5" => hex::encode(Md5::digest(&*data)),
        "SHA-1" => hex::encode(Sha1::digest(&*data)),
        "SHA-256" => hex::encode(Sha256::digest(&*data)),
        "SHA-384" => hex::encode(Sha384::digest(&*data)),
        "SHA-512" => hex::encode(Sha512::digest(&*data)),
        _ => return Err(Error::with("D3152", &[("value", &quoted(algorithm))])),
    };
    machine.text(digest)
}

/// `$parse(text)`: the JSON value that the text says.
pub(super) fn parse(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    // A value of one digit and its comma take a dozen times their text.
    machine.memory(text.len().saturating_mul(16))?;
    machine.visit(text.len())?;
    match expr::json::parse(text) {
        Ok(value) => Ok(Item::from(&value)),
        Err(error) => {
            let message = error.to_string();
            Err(Error::with("D3153", &[("message", shortened(&message))]))
        }
    }
}
