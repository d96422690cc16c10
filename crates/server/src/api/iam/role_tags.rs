//! The tags of roles. Keys differ in more than case.

use std::collections::HashSet;

use aws::ApiError;
use aws::xml::Xml;

use super::call::Call;
use super::constraints::{MAX_TAGS, ROLE_NAME};
use super::model::Tag;
use super::shelf::Shelf;
use super::{Outcome, errors, render, roles};
use crate::records::Records;

/// Fails when two tags of a request have one key.
pub(super) fn unique(tags: &[Tag]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    if tags.iter().all(|tag| seen.insert(tag.key.to_lowercase())) {
        return Ok(());
    }
    Err(errors::invalid_input(
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ))
}

pub(super) async fn tag(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    let tags = input.tags();
    input.require_list("tags", tags.is_some());
    input.finish()?;
    let tags = tags.unwrap_or_default();
    unique(&tags)?;
    roles::change(records, call, name, |role| {
        for tag in &tags {
            match role
                .tags
                .iter_mut()
                .find(|known| known.key.to_lowercase() == tag.key.to_lowercase())
            {
                Some(known) => known.value.clone_from(&tag.value),
                None => role.tags.push(tag.clone()),
            }
        }
        if role.tags.len() > MAX_TAGS {
            return Err(errors::limit_exceeded(
                "The number of tags has reached the maximum limit.",
            ));
        }
        Ok(())
    })
    .await?;
    Ok(None)
}

pub(super) async fn untag(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    let keys = input.tag_keys();
    input.finish()?;
    let keys: HashSet<String> = keys.iter().map(|key| key.to_lowercase()).collect();
    roles::change(records, call, name, |role| {
        role.tags
            .retain(|tag| !keys.contains(&tag.key.to_lowercase()));
        Ok(())
    })
    .await?;
    Ok(None)
}

pub(super) fn list(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    let page = input.page();
    input.finish()?;
    let mut tags = Shelf::new(records, call.account).role(name)?.value.tags;
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    let tags = page.of(tags, |tag| tag.key.clone());
    let mut xml = Xml::default();
    render::tags(&mut xml, &tags.items);
    tags.write_end(&mut xml);
    Ok(Some(xml))
}
