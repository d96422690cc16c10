//! The query protocol: `Action=X&Version=Y&Tags.member.1.Key=..` in, XML out.
//!
//! Owns the decoding into named parameters, lists and the response's envelope; knows no action.

use std::collections::BTreeMap;

use crate::error::{ApiError, Rendered};
use crate::percent;
use crate::xml::Xml;

/// The most parameters a request may have.
const MAX_PARAMETERS: usize = 4096;
/// The most members of one list that are read.
const MAX_MEMBERS: usize = 1024;

/// The decoded parameters of a request, or those below one prefix of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

/// The request has more than 4096 parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many parameters")]
pub struct TooManyParameters;

impl Params {
    /// Decodes `application/x-www-form-urlencoded` texts (the URL's query and the body, say); a name's first value wins.
    pub fn decode<'a>(
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Params, TooManyParameters> {
        let mut params = BTreeMap::new();
        for pair in texts
            .into_iter()
            .flat_map(|text| text.split('&'))
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = percent::decode_form(name).into_owned();
            params
                .entry(name)
                .or_insert_with(|| percent::decode_form(value).into_owned());
            if params.len() > MAX_PARAMETERS {
                return Err(TooManyParameters);
            }
        }
        Ok(Params(params))
    }

    /// A scalar parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A list of scalars: `name.member.1`, `name.member.2`, ...; `None` when the request does not name the list.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        let members = self.structures(name)?;
        Some(
            members
                .into_iter()
                .map(|mut member| member.0.remove("").unwrap_or_default())
                .collect(),
        )
    }

    /// A list of structures: `name.member.1.Key`, ...; each member with its own parameters (a scalar under `""`).
    /// Members come in the order of their numbers, which need not be without gaps.
    pub fn structures(&self, name: &str) -> Option<Vec<Params>> {
        let prefix = format!("{name}.member.");
        let mut members: BTreeMap<u32, Params> = BTreeMap::new();
        for (key, value) in self
            .0
            .range(prefix.clone()..)
            .take_while(|(key, _)| key.starts_with(&prefix))
        {
            let rest = &key[prefix.len()..];
            let (number, field) = rest.split_once('.').unwrap_or((rest, ""));
            if let Ok(number) = number.parse() {
                members
                    .entry(number)
                    .or_default()
                    .0
                    .insert(field.to_owned(), value.clone());
            }
        }
        let listed = !members.is_empty() || self.0.contains_key(name);
        listed.then(|| members.into_values().take(MAX_MEMBERS).collect())
    }
}

/// An answer of the query protocol: `<{action}Response xmlns><{action}Result>..</..><ResponseMetadata>..`, or the error.
/// The result is `None` for the actions whose model has no output.
pub fn answer(
    xmlns: &str,
    action: &str,
    request_id: &str,
    outcome: Result<Option<Xml>, ApiError>,
) -> Rendered {
    let result = match outcome {
        Ok(result) => result,
        Err(error) => return error.render_query(xmlns, request_id),
    };
    let body = result
        .map(|xml| format!("<{action}Result>{}</{action}Result>", xml.finish()))
        .unwrap_or_default();
    let mut metadata = Xml::default();
    metadata.element("ResponseMetadata", |xml| xml.leaf("RequestId", request_id));
    let metadata = metadata.finish();
    let text = format!("<{action}Response xmlns=\"{xmlns}\">{body}{metadata}</{action}Response>");
    Rendered {
        status: 200,
        content_type: "text/xml",
        headers: Vec::new(),
        body: text.into(),
    }
}
