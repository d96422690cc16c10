//! IAM through its protocol: a form in, XML out.

mod lists;
mod policies;
mod refusals;
mod roles;

use std::sync::Arc;

use aws::percent;
use expect_test::Expect;
use store::MemoryStore;

use super::Iam;
use crate::front::{Request, Response};
use crate::records::Records;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}}"#;
const ARN: &str = "arn:aws:iam::123456789012:policy/p";

fn service() -> Iam {
    Iam::new(Records::new(Arc::new(MemoryStore::new())))
}

async fn post(iam: &Iam, parameters: &[(&str, &str)]) -> Response {
    let pairs = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", percent::encode(value)));
    let body = format!("Version=2010-05-08&{}", pairs.collect::<Vec<_>>().join("&"));
    let request = Request {
        method: hyper::Method::POST,
        path: "/".to_owned(),
        query: None,
        headers: hyper::HeaderMap::new(),
        body: body.into(),
        account: "123456789012".into(),
        region: "us-east-1".into(),
        signed_service: Some("iam".to_owned()),
        request_id: "id".to_owned(),
        patience: Default::default(),
        weight: Default::default(),
    };
    iam.handle(&request).await
}

/// The answer without its envelope, ids and times: `200 <Role>..` or `404 NoSuchEntity: ..`.
async fn call(iam: &Iam, action: &str, parameters: &[(&str, &str)]) -> String {
    let all = [&[("Action", action)], parameters].concat();
    let response = post(iam, &all).await;
    let text = String::from_utf8(response.body.to_vec()).unwrap();
    if response.status != 200 {
        return format!(
            "{} {}: {}",
            response.status,
            inner(&text, "Code"),
            inner(&text, "Message")
        );
    }
    let result = inner(&text, &format!("{action}Result"));
    ["CreateDate", "UpdateDate", "RoleId", "PolicyId"]
        .iter()
        .fold(result, |text, tag| blank(&text, tag))
}

fn inner(text: &str, tag: &str) -> String {
    let start = text.find(&format!("<{tag}>")).map(|at| at + tag.len() + 2);
    start
        .map(|at| {
            text[at..]
                .split(&format!("</{tag}>"))
                .next()
                .unwrap()
                .to_owned()
        })
        .unwrap_or_default()
}

fn blank(text: &str, tag: &str) -> String {
    let opening = format!("<{tag}>");
    let mut parts = text.split(&opening);
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| {
        format!(
            "{all}<{tag}/>{}",
            part.split_once(&format!("</{tag}>")).unwrap().1
        )
    })
}

async fn check(iam: &Iam, action: &str, parameters: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&call(iam, action, parameters).await);
}

async fn with_role() -> Iam {
    let iam = service();
    call(
        &iam,
        "CreateRole",
        &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)],
    )
    .await;
    iam
}

async fn with_policy() -> Iam {
    let iam = with_role().await;
    call(
        &iam,
        "CreatePolicy",
        &[("PolicyName", "p"), ("PolicyDocument", POLICY)],
    )
    .await;
    iam
}
