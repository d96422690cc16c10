//! Where distributed Maps read items and write results: S3, or what speaks like it. Adapts `integrations::s3` to the
//! runtime's port.
//!
//! Owns which endpoint and which credentials are used; what an object's bytes mean is `integrations`' business.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use asl::distributed::{InputType, ReadAction, Reader};
use aws::sigv4::Credentials;
use bytes::Bytes;
use engine::event::Failure;
use expr::json::{Document, Value};
use integrations::s3::{Format, ItemReader, ListRequest, ObjectName, S3Client, S3Error};
use integrations::{Endpoint, EndpointError, Timeouts};
use runtime::map_runs::{Boxed, Item, ItemSource};
use runtime::{Namespace, Objects, ReadRequest, ResultFile};

/// Bytes of a part of a file that is written in parts.
const PART: usize = 8 * 1024 * 1024;
const READER_FAILED: &str = "States.ItemReaderFailed";
const WRITER_FAILED: &str = "States.ResultWriterFailed";

/// S3 at one endpoint, or that of the execution's region.
pub struct S3Objects {
    endpoint: Option<Endpoint>,
    credentials: Credentials,
    clients: Mutex<HashMap<String, S3Client>>,
}

impl S3Objects {
    /// At the endpoint given, else at that of `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, else at AWS.
    pub fn new(
        endpoint: Option<&str>,
        credentials: Credentials,
    ) -> Result<S3Objects, EndpointError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
        let url = endpoint
            .map(str::to_owned)
            .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
            .or_else(|| variable("AWS_ENDPOINT_URL"));
        Ok(S3Objects {
            endpoint: url.map(|url| url.parse()).transpose()?,
            credentials,
            clients: Mutex::default(),
        })
    }

    fn client(&self, region: &str) -> Result<S3Client, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(region) {
            return Ok(client.clone());
        }
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => format!("https://s3.{region}.amazonaws.com")
                .parse()
                .map_err(|error: EndpointError| error.to_string())?,
        };
        let timeouts = Timeouts {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(120),
        };
        let client = S3Client::new(endpoint, self.credentials.clone(), timeouts);
        clients.insert(region.to_owned(), client.clone());
        Ok(client)
    }
}

impl Objects for S3Objects {
    fn open(&self, request: ReadRequest) -> Result<Box<dyn ItemSource>, Failure> {
        let failed = |cause: String| Failure::new(READER_FAILED, cause);
        let region = request.namespace.region();
        let client = self.client(region).map_err(failed)?;
        let parameters = &request.parameters;
        let reader = match request.reader.action {
            ReadAction::ListObjects => {
                let list = ListRequest {
                    bucket: required(parameters, "Bucket").map_err(failed)?,
                    prefix: text(parameters, "Prefix"),
                    owner: text(parameters, "ExpectedBucketOwner"),
                    start_after: None,
                };
                ItemReader::list(client, region, list, &request.place)
            }
            ReadAction::GetObject => {
                let object = ObjectName {
                    bucket: required(parameters, "Bucket").map_err(failed)?,
                    key: required(parameters, "Key").map_err(failed)?,
                    version: text(parameters, "VersionId"),
                    owner: text(parameters, "ExpectedBucketOwner"),
                };
                let format = format_of(&request.reader, &object.key).map_err(failed)?;
                ItemReader::object(client, region, object, format, &request.place)
            }
        };
        Ok(Box::new(Items(reader)))
    }

    fn create(
        &self,
        namespace: &Namespace,
        parameters: &Document,
        name: &str,
    ) -> Result<Box<dyn ResultFile>, Failure> {
        let failed = |cause: String| Failure::new(WRITER_FAILED, cause);
        let prefix = text(parameters, "Prefix").unwrap_or_default();
        let key = match prefix.trim_end_matches('/') {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        };
        Ok(Box::new(File {
            client: self.client(namespace.region()).map_err(failed)?,
            region: namespace.region().to_owned(),
            object: ObjectName {
                bucket: required(parameters, "Bucket").map_err(failed)?,
                key,
                version: None,
                owner: text(parameters, "ExpectedBucketOwner"),
            },
            buffer: Vec::new(),
            upload: None,
            etags: Vec::new(),
        }))
    }
}

fn text(parameters: &Document, name: &str) -> Option<String> {
    let value = parameters.value().get(name).and_then(Value::as_str);
    value.map(str::to_owned)
}

fn required(parameters: &Document, name: &str) -> Result<String, String> {
    text(parameters, name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| format!("The parameter {name} must be a string that is not empty."))
}

fn format_of(reader: &Reader, key: &str) -> Result<Format, String> {
    let config = &reader.config;
    if key.ends_with(".gz") || key.ends_with(".zst") {
        return Err("Compressed files are not read by this version of Stepwell yet.".to_owned());
    }
    match config.input_type {
        Some(InputType::Csv) => Ok(Format::Csv {
            headers: config
                .given_headers
                .as_ref()
                .map(|headers| headers.iter().map(ToString::to_string).collect()),
            delimiter: u8::try_from(config.delimiter.unwrap_or(',')).unwrap_or(b','),
        }),
        Some(InputType::JsonLines) => Ok(Format::Lines),
        Some(InputType::Json) | None => Ok(Format::Json {
            pointer: config.items_pointer.as_ref().map(ToString::to_string),
        }),
        Some(InputType::Parquet | InputType::Manifest) => {
            Err("Such files are not read by this version of Stepwell yet.".to_owned())
        }
    }
}

/// Items as values.
struct Items(ItemReader);

impl ItemSource for Items {
    fn next(&mut self) -> Boxed<'_, Result<Option<Item>, Failure>> {
        Box::pin(async {
            let failed = |cause: String| Failure::new(READER_FAILED, cause);
            let read = self.0.next().await;
            let Some(item) = read.map_err(|error| failed(error.to_string()))? else {
                return Ok(None);
            };
            let value = expr::json::parse(&item.json)
                .map_err(|error| failed(format!("An item is not valid JSON: {}", error.message)))?;
            Ok(Some(Item {
                value,
                place: item.place,
            }))
        })
    }
}

/// An object that is written whole if it is small, else in parts.
struct File {
    client: S3Client,
    region: String,
    object: ObjectName,
    buffer: Vec<u8>,
    upload: Option<Arc<str>>,
    etags: Vec<String>,
}

impl File {
    async fn put_part(&mut self) -> Result<(), S3Error> {
        let upload = match &self.upload {
            Some(upload) => upload.clone(),
            None => {
                let begun = self.client.begin_upload(&self.region, &self.object).await?;
                self.upload.insert(begun.into()).clone()
            }
        };
        let body = Bytes::from(std::mem::take(&mut self.buffer));
        let number = self.etags.len() + 1;
        let etag = self
            .client
            .put_part(&self.region, &self.object, &upload, number, body)
            .await?;
        self.etags.push(etag);
        Ok(())
    }

    async fn end(mut self) -> Result<(), S3Error> {
        if self.upload.is_none() {
            let body = Bytes::from(self.buffer);
            return self.client.put(&self.region, &self.object, body).await;
        }
        if !self.buffer.is_empty() {
            self.put_part().await?;
        }
        let upload = self.upload.as_deref().unwrap_or_default();
        self.client
            .complete_upload(&self.region, &self.object, upload, &self.etags)
            .await
    }
}

fn not_written(error: S3Error) -> Failure {
    Failure::new(WRITER_FAILED, error.to_string())
}

impl ResultFile for File {
    fn write<'a>(&'a mut self, text: &'a str) -> Boxed<'a, Result<(), Failure>> {
        Box::pin(async move {
            self.buffer.extend_from_slice(text.as_bytes());
            match self.buffer.len() >= PART {
                true => self.put_part().await.map_err(not_written),
                false => Ok(()),
            }
        })
    }

    fn finish(self: Box<Self>) -> Boxed<'static, Result<(), Failure>> {
        Box::pin(async move { self.end().await.map_err(not_written) })
    }
}
