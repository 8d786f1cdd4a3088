//! The error formats of the service: that of the API and that of the token endpoint.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::response::ServiceResponse;

/// An error of the API.
#[derive(Clone, Debug)]
pub(crate) struct ServiceError(Box<Parts>);

/// The content of an error. The placeholders `{name}` in the template are replaced by `params`.
#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    code: String,
    template: String,
    params: Vec<(String, String)>,
    field: Option<String>,
    entity: Option<(String, &'static str)>,
    limit: Option<u32>,
    headers: Vec<(String, String)>,
}

impl ServiceError {
    pub(crate) fn new(status: StatusCode, code: &str, template: &str) -> Self {
        Self(Box::new(Parts {
            status,
            code: code.to_owned(),
            template: template.to_owned(),
            params: Vec::new(),
            field: None,
            entity: None,
            limit: None,
            headers: Vec::new(),
        }))
    }

    /// Creates an error with the message that the service usually sends with its status; used by faults.
    pub(crate) fn on_demand(status: StatusCode, code: &str) -> Self {
        let template = match status.as_u16() {
            400 => "The request could not be understood by the server due to malformed syntax.",
            401 => "No authentication bearer token specified in authorization header.",
            403 => "You are not authorized to perform the requested action.",
            404 => "The requested resource was not found.",
            408 => "The client did not produce a request within the server timeout limit.",
            409 => "The request conflicts with the current state of the resource.",
            413 => "The request is over the size limit.",
            415 => "Unsupported media type - Unsupported or incorrect media type.",
            429 => "Rate limit exceeded the maximum [300] requests within [60] seconds",
            500 => {
                "The server encountered an unexpected condition which prevented it from fulfilling the request."
            }
            502 => "The gateway received an invalid response.",
            503 => {
                "Service Unavailable - The server is currently unavailable (because it is overloaded or down for maintenance)."
            }
            504 => "The request timed out.",
            _ => status.canonical_reason().unwrap_or("The request failed."),
        };
        Self::new(status, code, template)
    }

    pub(crate) fn bad_request(template: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad.request", template)
    }

    pub(crate) fn bad_field(field: &str, template: &str) -> Self {
        Self::bad_request(template).param("fieldName", field).field(field)
    }

    pub(crate) fn invalid_value(field: &str, value: &str, allowed: &[&str]) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid.value",
            "Value [{value}] is not valid for field type [{fieldName}]. Allowable values are: {allowedValues}",
        )
        .param("value", value)
        .param("fieldName", field)
        .param("allowedValues", &allowed.join(", "))
        .field(field)
    }

    pub(crate) fn invalid_date(field: &str, value: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid.date",
            "Dates must be specified as ISO-8601 strings. For example: yyyy-MM-ddTHH:mm:ss.SSSZ; [{value}] is not a date",
        )
        .param("value", value)
        .field(field)
    }

    pub(crate) fn not_found(kind: &'static str, id: &str) -> Self {
        let mut error = Self::new(
            StatusCode::NOT_FOUND,
            "not.found",
            "The requested {entityName} with id {entityId} was not found.",
        )
        .param("entityName", kind)
        .param("entityId", id);
        error.0.entity = Some((id.to_owned(), kind));
        error
    }

    pub(crate) fn unknown_path() -> Self {
        Self::on_demand(StatusCode::NOT_FOUND, "not.found")
    }

    pub(crate) fn wrong_method(allowed: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method.not.allowed",
            "The method is not allowed for this resource. Allowed: {allowed}",
        )
        .param("allowed", allowed)
        .header("Allow", allowed)
    }

    pub(crate) fn no_bearer() -> Self {
        Self::on_demand(StatusCode::UNAUTHORIZED, "authentication.required")
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "bad.credentials", "Invalid login credentials.")
    }

    pub(crate) fn missing_any_permission(permissions: &[&str]) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "missing.any.permissions",
            "Unable to perform the requested action. You must have at least one of the following permissions assigned: {permissions}",
        )
        .param("permissions", &permissions.join(", "))
    }

    pub(crate) fn too_many_requests(allowed: u32, window_seconds: u64, retry_after: u64) -> Self {
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too.many.requests",
            "Rate limit exceeded the maximum [{allowed}] requests within [{seconds}] seconds",
        )
        .param("allowed", &allowed.to_string())
        .param("seconds", &window_seconds.to_string())
        .header("Retry-After", &retry_after.to_string());
        error.0.limit = Some(allowed);
        error
    }

    pub(crate) fn too_large() -> Self {
        Self::on_demand(StatusCode::PAYLOAD_TOO_LARGE, "request.entity.too.large")
    }

    pub(crate) fn unsupported_media_type() -> Self {
        Self::on_demand(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported.media.type")
    }

    pub(crate) fn entity(mut self, id: &str, kind: &'static str) -> Self {
        self.0.entity = Some((id.to_owned(), kind));
        self
    }

    pub(crate) fn param(mut self, name: &str, value: &str) -> Self {
        self.0.params.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.0.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn field(mut self, name: &str) -> Self {
        self.0.field = Some(name.to_owned());
        self
    }

    pub(crate) fn into_response(self, context_id: &str) -> ServiceResponse {
        let Self(parts) = self;
        let message = parts.params.iter().fold(parts.template.clone(), |message, (name, value)| {
            message.replace(&format!("{{{name}}}"), value)
        });
        let params: Map<String, Value> =
            parts.params.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
        let details: Vec<Value> = parts
            .field
            .into_iter()
            .map(|field| json!({"errorCode": parts.code, "fieldName": field}))
            .collect();
        let mut body = json!({
            "message": message,
            "code": parts.code,
            "status": parts.status.as_u16(),
            "contextId": context_id,
            "messageWithParams": parts.template,
            "messageParams": params,
            "details": details,
            "errors": [],
        });
        if let Some((id, kind)) = parts.entity {
            body["entityId"] = id.into();
            body["entityName"] = kind.into();
        }
        if let Some(value) = parts.limit {
            body["limit"] = json!({
                "key": "client.credentials.token.rate.per.minute",
                "namespace": "platform.api",
                "value": value,
            });
        }
        let mut response = ServiceResponse::json(parts.status, &body);
        for (name, value) in parts.headers {
            response.set_header(&name, value);
        }
        response
    }
}

/// Builds an error of the token endpoint, which has its own format.
pub(crate) fn token_error(status: StatusCode, error: &str, description: &str) -> ServiceResponse {
    let response = ServiceResponse::json(
        status,
        &json!({"error": error, "description": description, "error_description": description}),
    );
    if status == StatusCode::UNAUTHORIZED {
        return response.with_header("WWW-Authenticate", "Basic realm=\"oauth\"");
    }
    response
}
