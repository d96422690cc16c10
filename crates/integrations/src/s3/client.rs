//! The calls: an object, or a range of its bytes; a page of a bucket's list; writing an object.

use std::sync::Arc;

use aws::percent;
use aws::sigv4::{Credentials, RequestParts, sign};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, StatusCode};
use sha2::{Digest, Sha256};

use super::xml;
use crate::http::{Answer, HttpClient};
use crate::{Endpoint, Timeouts};

/// The largest answer that is read: a range, or a page of a list.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Why a call has no result; displayed as the service or the SDK says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum S3Error {
    /// The service said no.
    #[error(
        "{message} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: {request_id})"
    )]
    Service {
        /// HTTP status.
        status: u16,
        /// `NoSuchKey`, ...
        code: String,
        /// The service's message.
        message: String,
        /// The service's name of the request.
        request_id: String,
    },
    /// There was no answer.
    #[error("Unable to execute HTTP request: {0}")]
    Trouble(String),
    /// The answer makes no sense.
    #[error("Unable to unmarshall response: {0}")]
    Answer(String),
}

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// `Bucket`
    pub bucket: String,
    /// `Key`
    pub key: String,
    /// `VersionId`
    pub version: Option<String>,
    /// `ExpectedBucketOwner`
    pub owner: Option<String>,
}

/// A range of an object's bytes.
#[derive(Clone, Debug)]
pub struct Part {
    /// The bytes; fewer than asked for at the end of the object.
    pub bytes: Bytes,
    /// How long the whole object is.
    pub length: u64,
    /// The object's entity tag.
    pub etag: String,
}

/// An object, as a list shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// `Key`
    pub key: String,
    /// `Size`
    pub size: u64,
    /// `ETag`, with its quotes.
    pub etag: String,
    /// `LastModified`, RFC 3339.
    pub modified: String,
    /// `StorageClass`
    pub storage_class: String,
}

/// What is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// `Bucket`
    pub bucket: String,
    /// `Prefix`
    pub prefix: Option<String>,
    /// `ExpectedBucketOwner`
    pub owner: Option<String>,
    /// Keys after this one.
    pub start_after: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// In the order of their keys.
    pub objects: Vec<Listed>,
    /// Whether there are more.
    pub is_truncated: bool,
}

/// A client for one endpoint; buckets are in the path. Clones share the connections.
#[derive(Clone, Debug)]
pub struct S3Client {
    endpoint: Endpoint,
    http: HttpClient,
    credentials: Arc<Credentials>,
}

impl S3Client {
    /// A client for an endpoint. Makes no connection yet.
    pub fn new(endpoint: Endpoint, credentials: Credentials, timeouts: Timeouts) -> S3Client {
        S3Client {
            endpoint,
            http: HttpClient::new(timeouts, MOST_BYTES),
            credentials: Arc::new(credentials),
        }
    }

    /// Up to `length` bytes of an object from `from` on; `etag` says which object it must still be.
    pub async fn get_part(
        &self,
        region: &str,
        object: &ObjectName,
        from: u64,
        length: u64,
        etag: Option<&str>,
    ) -> Result<Part, S3Error> {
        let range = format!(
            "bytes={from}-{}",
            from.saturating_add(length).saturating_sub(1)
        );
        let mut headers = vec![("Range", range.as_str())];
        headers.extend(etag.map(|etag| ("If-Match", etag)));
        headers.extend(object.owner.as_deref().map(|owner| (OWNER, owner)));
        let query = object
            .version
            .as_deref()
            .map(|version| format!("versionId={}", percent::encode(version)))
            .unwrap_or_default();
        let path = self.path(&object.bucket, &object.key);
        let answer = self
            .send(Method::GET, &path, &query, &headers, Bytes::new(), region)
            .await?;
        match answer.status {
            // An empty object, or its end.
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(Part {
                bytes: Bytes::new(),
                length: from,
                etag: etag.unwrap_or_default().to_owned(),
            }),
            status if status.is_success() => Ok(part(answer, from)),
            _ => Err(refusal(&answer)),
        }
    }

    /// A page of a bucket's objects.
    pub async fn list(&self, region: &str, request: &ListRequest) -> Result<ListPage, S3Error> {
        let mut query = "list-type=2".to_owned();
        let mut add = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                query += &format!("&{name}={}", percent::encode(value));
            }
        };
        add("prefix", &request.prefix);
        add("start-after", &request.start_after);
        let owner = request.owner.as_deref().map(|owner| (OWNER, owner));
        let headers: Vec<_> = owner.into_iter().collect();
        let path = self.path(&request.bucket, "");
        let answer = self
            .send(Method::GET, &path, &query, &headers, Bytes::new(), region)
            .await?;
        match answer.status.is_success() {
            true => page(&answer.body),
            false => Err(refusal(&answer)),
        }
    }

    /// Writes an object whole.
    pub async fn put(&self, region: &str, object: &ObjectName, body: Bytes) -> Result<(), S3Error> {
        let owner = object.owner.as_deref().map(|owner| (OWNER, owner));
        let headers: Vec<_> = owner.into_iter().collect();
        let path = self.path(&object.bucket, &object.key);
        let answer = self
            .send(Method::PUT, &path, "", &headers, body, region)
            .await?;
        succeeded(&answer)
    }

    /// Begins an object that is written in parts; its upload's id.
    pub async fn begin_upload(&self, region: &str, object: &ObjectName) -> Result<String, S3Error> {
        let path = self.path(&object.bucket, &object.key);
        let answer = self
            .send(Method::POST, &path, "uploads=", &[], Bytes::new(), region)
            .await?;
        succeeded(&answer)?;
        let text = String::from_utf8_lossy(&answer.body);
        xml::first(&text, "UploadId").ok_or_else(|| S3Error::Answer("no UploadId".to_owned()))
    }

    /// Writes a part, from 1; its entity tag. Parts but the last have 5 MiB at least.
    pub async fn put_part(
        &self,
        region: &str,
        object: &ObjectName,
        upload: &str,
        number: usize,
        body: Bytes,
    ) -> Result<String, S3Error> {
        let path = self.path(&object.bucket, &object.key);
        let query = format!("partNumber={number}&uploadId={}", percent::encode(upload));
        let answer = self
            .send(Method::PUT, &path, &query, &[], body, region)
            .await?;
        succeeded(&answer)?;
        header(&answer, "etag").ok_or_else(|| S3Error::Answer("no ETag".to_owned()))
    }

    /// Puts the parts together.
    pub async fn complete_upload(
        &self,
        region: &str,
        object: &ObjectName,
        upload: &str,
        etags: &[String],
    ) -> Result<(), S3Error> {
        let path = self.path(&object.bucket, &object.key);
        let query = format!("uploadId={}", percent::encode(upload));
        let mut body = String::from("<CompleteMultipartUpload>");
        for (index, etag) in etags.iter().enumerate() {
            let number = index + 1;
            body += &format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>",
                etag.replace('&', "&amp;").replace('"', "&quot;")
            );
        }
        body += "</CompleteMultipartUpload>";
        let answer = self
            .send(Method::POST, &path, &query, &[], body.into(), region)
            .await?;
        // A failure may come with the status of a success.
        match String::from_utf8_lossy(&answer.body).contains("<Error>") {
            true => Err(refusal(&answer)),
            false => succeeded(&answer),
        }
    }

    fn path(&self, bucket: &str, key: &str) -> String {
        let key: Vec<String> = key.split('/').map(percent::encode).collect();
        let path = format!("/{}/{}", percent::encode(bucket), key.join("/"));
        self.endpoint.path(&path)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        region: &str,
    ) -> Result<Answer, S3Error> {
        let trouble = |text: String| S3Error::Trouble(text);
        let hash = hex::encode(Sha256::digest(&body));
        let mut given = vec![
            ("Host", self.endpoint.authority()),
            ("x-amz-content-sha256", hash.as_str()),
        ];
        given.extend(headers);
        let parts = RequestParts {
            method: method.as_str(),
            path,
            query,
            headers: &given,
            body: &body,
        };
        let now = jiff::Timestamp::now();
        let signature = sign(&parts, &self.credentials, region, "s3", now);
        let mark = if query.is_empty() { "" } else { "?" };
        let mut request = Request::builder()
            .method(method)
            .uri(self.endpoint.url(&format!("{path}{mark}{query}")));
        for (name, value) in &given {
            request = request.header(*name, *value);
        }
        for (name, value) in signature {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(body))
            .map_err(|error| trouble(error.to_string()))?;
        self.http
            .send(request)
            .await
            .map_err(|error| trouble(error.message()))
    }
}

/// The account that a bucket must belong to.
const OWNER: &str = "x-amz-expected-bucket-owner";

fn succeeded(answer: &Answer) -> Result<(), S3Error> {
    match answer.status.is_success() {
        true => Ok(()),
        false => Err(refusal(answer)),
    }
}

fn header(answer: &Answer, name: &str) -> Option<String> {
    let value = answer.headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// `Content-Range: bytes 0-99/1234`; without one the answer is the whole object.
fn part(answer: Answer, from: u64) -> Part {
    let range = header(&answer, "content-range");
    let length = range
        .as_deref()
        .and_then(|range| range.rsplit_once('/')?.1.parse().ok());
    let etag = header(&answer, "etag").unwrap_or_default();
    match length {
        Some(length) => Part {
            bytes: answer.body,
            length,
            etag,
        },
        None => Part {
            length: answer.body.len() as u64,
            bytes: answer.body.slice(
                answer
                    .body
                    .len()
                    .min(usize::try_from(from).unwrap_or(usize::MAX))..,
            ),
            etag,
        },
    }
}

fn refusal(answer: &Answer) -> S3Error {
    let text = String::from_utf8_lossy(&answer.body);
    let status = answer.status.as_u16();
    let reason = answer.status.canonical_reason().unwrap_or("null");
    S3Error::Service {
        status,
        code: xml::first(&text, "Code").unwrap_or_else(|| format!("{status} {reason}")),
        message: xml::first(&text, "Message").unwrap_or_else(|| reason.to_owned()),
        request_id: header(answer, "x-amz-request-id").unwrap_or_else(|| "null".to_owned()),
    }
}

fn page(body: &[u8]) -> Result<ListPage, S3Error> {
    let text = std::str::from_utf8(body).map_err(|error| S3Error::Answer(error.to_string()))?;
    let field = |entry: &str, name: &str| xml::first(entry, name).unwrap_or_default();
    let objects = xml::all(text, "Contents").map(|entry| Listed {
        key: field(entry, "Key"),
        size: field(entry, "Size").parse().unwrap_or(0),
        etag: field(entry, "ETag"),
        modified: field(entry, "LastModified"),
        storage_class: xml::first(entry, "StorageClass").unwrap_or_else(|| "STANDARD".to_owned()),
    });
    Ok(ListPage {
        objects: objects.collect(),
        is_truncated: field(text, "IsTruncated") == "true",
    })
}
