//! Verification accepts what was signed and refuses anything that differs, and reads both places of a signature.

#![allow(clippy::unwrap_used)]

use aws::sigv4::{
    AuthError, Authorization, CredentialScope, Credentials, RequestParts, sign, verify,
};
use jiff::{SignedDuration, Timestamp};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn now() -> Timestamp {
    aws::time::parse_amz_date("20261122T193000Z").unwrap()
}

/// A signed POST, changed by `change`, verified at `at`.
fn outcome(change: impl Fn(&mut Sent), at: Timestamp) -> Result<(), AuthError> {
    let mut sent = Sent::signed();
    change(&mut sent);
    let headers: Vec<(&str, &str)> = sent
        .headers
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let parts = RequestParts {
        method: sent.method,
        path: &sent.path,
        query: &sent.query,
        headers: &headers,
        body: &sent.body,
    };
    let header = headers
        .iter()
        .find(|(name, _)| *name == "Authorization")
        .unwrap()
        .1;
    verify(
        &parts,
        &Authorization::parse_header(header)?,
        sent.secret,
        at,
    )
}

type Change = fn(&mut Sent);

struct Sent {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    secret: &'static str,
}

impl Sent {
    fn signed() -> Sent {
        let (path, query) = (
            "/2015-03-31/functions/arn%3Aaws/invocations",
            "Qualifier=%24LATEST&b",
        );
        let given = [
            ("Host", "127.0.0.1:8083"),
            ("X-Amz-Target", "AWSStepFunctions.ListStateMachines"),
        ];
        let parts = RequestParts {
            method: "POST",
            path,
            query,
            headers: &given,
            body: b"{}",
        };
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".into(),
            secret_key: SECRET.into(),
            session_token: Some("token/+=".into()),
        };
        let added = sign(&parts, &credentials, "eu-central-1", "states", now());
        let given = given
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let headers = given
            .chain(added.into_iter().map(|(n, v)| (n.to_owned(), v)))
            .collect();
        Sent {
            method: "POST",
            path: path.into(),
            query: query.into(),
            headers,
            body: b"{}".to_vec(),
            secret: SECRET,
        }
    }

    fn header(&mut self, name: &str) -> &mut String {
        &mut self.headers.iter_mut().find(|(n, _)| n == name).unwrap().1
    }
}

#[test]
fn what_was_signed_verifies() {
    assert_eq!(outcome(|_| {}, now()), Ok(()));
    assert_eq!(
        outcome(|_| {}, now() + SignedDuration::from_mins(5)),
        Ok(())
    );
    assert_eq!(
        outcome(
            |sent| sent.headers.push(("User-Agent".into(), "x".into())),
            now()
        ),
        Ok(())
    );
}

#[test]
fn any_change_is_refused() {
    let changes: &[(&str, Change)] = &[
        ("body", |s| s.body.push(b' ')),
        ("method", |s| s.method = "PUT"),
        ("path", |s| s.path.push('x')),
        ("query", |s| s.query = "Qualifier=1&b".into()),
        ("header", |s| s.header("X-Amz-Target").push('x')),
        ("token", |s| s.header("X-Amz-Security-Token").push('x')),
        ("secret", |s| s.secret = "another"),
    ];
    for (what, change) in changes {
        assert_eq!(outcome(change, now()), Err(AuthError::Mismatch), "{what}");
    }
}

#[test]
fn old_and_future_signatures_are_refused() {
    let late = outcome(|_| {}, now() + SignedDuration::from_mins(6)).unwrap_err();
    assert_eq!(
        late.to_string(),
        "Signature expired: 20261122T193000Z is now earlier than 20261122T193100Z"
    );
    let early = outcome(|_| {}, now() - SignedDuration::from_mins(6)).unwrap_err();
    assert_eq!(
        early.to_string(),
        "Signature expired: 20261122T193000Z is still later than 20261122T192900Z"
    );
}

#[test]
fn a_header_that_is_not_a_signature_says_what_is_wrong() {
    let cases = [
        ("Bearer abc", "Unsupported AWS 'algorithm': 'Bearer'"),
        (
            "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00",
            "Authorization header requires 'Credential' parameter.",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=AKID/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             'AKID/us-east-1/iam/aws4_request'",
        ),
    ];
    for (header, message) in cases {
        assert_eq!(
            Authorization::parse_header(header).unwrap_err().to_string(),
            message
        );
    }
}

#[test]
fn the_scope_names_region_and_service() {
    let header = "AWS4-HMAC-SHA256 Credential=test/20261122/us-west-2/lambda/aws4_request,SignedHeaders=host;x-amz-date,Signature=ab";
    let parsed = Authorization::parse_header(header).unwrap();
    assert_eq!(
        parsed.scope,
        CredentialScope::parse("test/20261122/us-west-2/lambda/aws4_request").unwrap()
    );
    assert_eq!(
        (parsed.scope.region.as_str(), parsed.scope.service.as_str()),
        ("us-west-2", "lambda")
    );
    assert_eq!(
        CredentialScope::parse("test/20261122/us west/lambda/aws4_request"),
        None
    );
}

#[test]
fn the_query_of_a_presigned_url_is_read() {
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                 &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aa";
    let parsed = Authorization::parse_query(query).unwrap().unwrap();
    assert_eq!(parsed.scope.service, "s3");
    assert_eq!(parsed.presigned.unwrap().expires, 86400);
    assert!(Authorization::parse_query("Action=ListRoles").is_none());
}

/// The presigned GET of the S3 documentation.
#[test]
fn the_documentations_presigned_url_verifies_until_it_expires() {
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                 &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                 &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let headers = [("host", "examplebucket.s3.amazonaws.com")];
    let parts = RequestParts {
        method: "GET",
        path: "/test.txt",
        query,
        headers: &headers,
        body: b"",
    };
    let authorization = Authorization::parse_query(query).unwrap().unwrap();
    let at = |text| aws::time::parse_amz_date(text).unwrap();
    assert_eq!(
        verify(
            &parts,
            &authorization,
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            at("20130524T230000Z")
        ),
        Ok(())
    );
    assert!(
        verify(
            &parts,
            &authorization,
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            at("20130525T000001Z")
        )
        .is_err()
    );
}
