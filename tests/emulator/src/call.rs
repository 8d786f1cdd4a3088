//! The input of a handler: the request, its caller and the organization.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::emulator::Rules;
use crate::errors::ServiceError;
use crate::organization::Organization;
use crate::permissions::Grants;
use crate::record::ReceivedRequest;
use crate::response::ServiceResponse;

/// The owner of a token, and the permissions of the token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) token: String,
    pub(crate) grants: Grants,
    /// A `DomainEntityRef` to the user, or to the client if it acts for itself.
    pub(crate) reference: Value,
}

/// A request that is passed to its handler.
pub(crate) struct Call<'c> {
    pub(crate) organization: &'c mut Organization,
    pub(crate) rules: &'c Rules,
    pub(crate) now: Timestamp,
    pub(crate) caller: Option<Caller>,
    pub(crate) parameters: &'c [String],
    pub(crate) request: &'c ReceivedRequest,
}

impl Call<'_> {
    /// Returns the value of a placeholder in the path template, by position.
    pub(crate) fn parameter(&self, position: usize) -> &str {
        self.parameters.get(position).map_or("", String::as_str)
    }

    pub(crate) fn query(&self) -> Pairs {
        Pairs::parse(self.request.query().as_bytes())
    }

    pub(crate) fn form(&self) -> Pairs {
        Pairs::parse(&self.request.body)
    }

    pub(crate) fn json_object(&self) -> Result<Map<String, Value>, ServiceError> {
        match serde_json::from_slice(&self.request.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(ServiceError::bad_request("The request body must be a JSON object.")),
            Err(error) => Err(ServiceError::bad_request("The request body is not valid JSON: {reason}")
                .param("reason", &error.to_string())),
        }
    }

    pub(crate) fn caller_reference(&self) -> Value {
        self.caller.as_ref().map_or_else(|| json!({}), |caller| caller.reference.clone())
    }

    pub(crate) fn may_give(&self, grants: &Grants) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.grants.include(grants))
    }

    /// Builds the response of most operations: status 200 with a JSON body.
    pub(crate) fn ok(value: &Value) -> Result<ServiceResponse, ServiceError> {
        Ok(ServiceResponse::json(hyper::StatusCode::OK, value))
    }
}

/// The names and values of a query or a form.
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// Returns the first value of this name, or `None` if that value is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.get_even_empty(name).filter(|value| !value.is_empty())
    }

    /// Returns the first value of this name, even if it is empty.
    pub(crate) fn get_even_empty(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(present, _)| present == name).map(|(_, value)| value.as_str())
    }
}
