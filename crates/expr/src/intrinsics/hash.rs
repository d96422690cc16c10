//! `States.Hash`.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::strings::short_text;
use super::{Evaluation, Failure, invalid};
use crate::Value;

/// `States.Hash(data, algorithm)`: lower-case hexadecimal. Data that is not a string is hashed as its
/// JSON text (measured: numbers and objects are taken). At most 10,000 characters.
pub(super) fn hash(arguments: &[Value], evaluation: &mut Evaluation<'_>) -> Result<Value, Failure> {
    let data = match &arguments[0] {
        Value::String(_) => arguments[0].clone(),
        other => {
            let length = other.text_length_within(evaluation.budget.bytes());
            evaluation.budget.text(length.ok_or(Failure::TooLarge)?)?;
            other.to_text().into()
        }
    };
    let data = short_text(&data)?;
    let digest = match arguments[1].as_str() {
        Some("MD5") => hex::encode(Md5::digest(data)),
        Some("SHA-1") => hex::encode(Sha1::digest(data)),
        Some("SHA-256") => hex::encode(Sha256::digest(data)),
        Some("SHA-384") => hex::encode(Sha384::digest(data)),
        Some("SHA-512") => hex::encode(Sha512::digest(data)),
        _ => return Err(invalid()),
    };
    Ok(digest.into())
}
