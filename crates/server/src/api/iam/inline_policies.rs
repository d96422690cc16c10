//! Policies inside a role.

use aws::percent;
use aws::xml::Xml;

use super::call::Call;
use super::constraints::{DOCUMENT, POLICY_NAME, ROLE_NAME};
use super::shelf::Shelf;
use super::{Outcome, errors, roles};
use crate::records::Records;

/// The most that all policies inside a role may hold together, in characters without white space.
const MAX_INLINE: usize = 10_240;

pub(super) async fn put(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let role_name = input.required(&ROLE_NAME);
    let policy_name = input.required(&POLICY_NAME);
    let document = input.required(&DOCUMENT);
    input.finish()?;
    Shelf::new(records, call.account).role(role_name)?;
    iam::check::inline(document).map_err(|error| errors::malformed(&error))?;
    roles::change(records, call, role_name, |role| {
        role.inline
            .insert(policy_name.to_owned(), document.to_owned());
        if role
            .inline
            .values()
            .map(|document| roles::size(document))
            .sum::<usize>()
            > MAX_INLINE
        {
            let message =
                format!("Maximum policy size of {MAX_INLINE} bytes exceeded for role {role_name}");
            return Err(errors::limit_exceeded(message));
        }
        Ok(())
    })
    .await?;
    Ok(None)
}

pub(super) fn get(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let role_name = input.required(&ROLE_NAME);
    let policy_name = input.required(&POLICY_NAME);
    input.finish()?;
    let role = Shelf::new(records, call.account).role(role_name)?.value;
    let document = role
        .inline
        .get(policy_name)
        .ok_or_else(|| errors::no_inline_policy(policy_name))?;
    let mut xml = Xml::default();
    xml.leaf("RoleName", role_name);
    xml.leaf("PolicyName", policy_name);
    xml.leaf("PolicyDocument", &percent::encode(document));
    Ok(Some(xml))
}

pub(super) fn list(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    let page = input.page();
    input.finish()?;
    let role = Shelf::new(records, call.account).role(name)?.value;
    let names = page.of(role.inline.into_keys(), String::clone);
    let mut xml = Xml::default();
    xml.list("PolicyNames", &names.items, |xml, name| xml.text(name));
    names.write_end(&mut xml);
    Ok(Some(xml))
}

pub(super) async fn delete(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let role_name = input.required(&ROLE_NAME);
    let policy_name = input.required(&POLICY_NAME);
    input.finish()?;
    roles::change(records, call, role_name, |role| {
        match role.inline.remove(policy_name) {
            Some(_) => Ok(()),
            None => Err(errors::no_inline_policy(policy_name)),
        }
    })
    .await?;
    Ok(None)
}
