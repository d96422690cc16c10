//! From method and path to an operation: Lambda's paths are a table.

use aws::percent;
use hyper::Method;

use crate::front::Request;

/// An operation of the service; texts are names of functions and so on, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    CreateFunction,
    ListFunctions,
    GetFunction(String),
    DeleteFunction(String),
    GetConfiguration(String),
    UpdateConfiguration(String),
    UpdateCode(String),
    Invoke(String),
    ListVersions(String),
    GetPolicy(String),
    AddPermission(String),
    RemovePermission(String, String),
    GetConcurrency(String),
    PutConcurrency(String),
    DeleteConcurrency(String),
    GetCodeSigning(String),
    ListTags(String),
    Tag(String),
    Untag(String),
}

/// The operation that a request is for, if there is one.
pub(super) fn operation(request: &Request) -> Option<Operation> {
    let path = request.path.trim_matches('/');
    let segments: Vec<String> = path
        .split('/')
        .map(|part| percent::decode(part).into_owned())
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (version, rest) = segments.split_first()?;
    let method = &request.method;
    match (*version, rest) {
        ("2015-03-31", ["functions", rest @ ..]) => function(method, rest),
        ("2017-03-31", ["tags", resource]) => tags(method, resource),
        ("2019-09-30", ["functions", name, "concurrency"]) if method == Method::GET => {
            Some(Operation::GetConcurrency((*name).to_owned()))
        }
        ("2017-10-31", ["functions", name, "concurrency"]) => concurrency(method, name),
        ("2020-06-30", ["functions", name, "code-signing-config"]) if method == Method::GET => {
            Some(Operation::GetCodeSigning((*name).to_owned()))
        }
        _ => None,
    }
}

fn function(method: &Method, path: &[&str]) -> Option<Operation> {
    let (name, rest) = match path {
        [] => ("", &[][..]),
        [name, rest @ ..] => (*name, rest),
    };
    let named = |operation: fn(String) -> Operation| Some(operation(name.to_owned()));
    match (method.as_str(), path.len(), rest) {
        ("POST", 0, _) => Some(Operation::CreateFunction),
        ("GET", 0, _) => Some(Operation::ListFunctions),
        ("GET", _, []) => named(Operation::GetFunction),
        ("DELETE", _, []) => named(Operation::DeleteFunction),
        ("GET", _, ["configuration"]) => named(Operation::GetConfiguration),
        ("PUT", _, ["configuration"]) => named(Operation::UpdateConfiguration),
        ("PUT", _, ["code"]) => named(Operation::UpdateCode),
        ("POST", _, ["invocations"]) => named(Operation::Invoke),
        ("GET", _, ["versions"]) => named(Operation::ListVersions),
        ("GET", _, ["policy"]) => named(Operation::GetPolicy),
        ("POST", _, ["policy"]) => named(Operation::AddPermission),
        ("DELETE", _, ["policy", statement]) => Some(Operation::RemovePermission(
            name.to_owned(),
            (*statement).to_owned(),
        )),
        _ => None,
    }
}

fn tags(method: &Method, resource: &str) -> Option<Operation> {
    let resource = resource.to_owned();
    match method.as_str() {
        "GET" => Some(Operation::ListTags(resource)),
        "POST" => Some(Operation::Tag(resource)),
        "DELETE" => Some(Operation::Untag(resource)),
        _ => None,
    }
}

fn concurrency(method: &Method, name: &str) -> Option<Operation> {
    match method.as_str() {
        "PUT" => Some(Operation::PutConcurrency(name.to_owned())),
        "DELETE" => Some(Operation::DeleteConcurrency(name.to_owned())),
        _ => None,
    }
}

/// The values of a query parameter, in order.
pub(super) fn query_values(request: &Request, name: &str) -> Vec<String> {
    let query = request.query.as_deref().unwrap_or_default();
    let pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .filter(|(key, _)| percent::decode_form(key) == name)
        .map(|(_, value)| percent::decode_form(value).into_owned())
        .collect()
}

/// A query parameter, if it is there and not empty.
pub(super) fn query(request: &Request, name: &str) -> Option<String> {
    query_values(request, name)
        .into_iter()
        .next()
        .filter(|value| !value.is_empty())
}
