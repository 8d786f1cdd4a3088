//! The models with derived deserialization, and with the same fields and types as those of the library.

use std::str::FromStr;

use purecloud_oauth::{ClientState, GrantType, QueryStatus, Secret, Timestamp};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only their deserialization is measured")]
pub(crate) struct Listing {
    pub(crate) entities: Vec<Client>,
    page_size: Option<i32>,
    page_number: Option<i32>,
    total: Option<i64>,
    first_uri: Option<String>,
    previous_uri: Option<String>,
    next_uri: Option<String>,
    last_uri: Option<String>,
    self_uri: Option<String>,
    page_count: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only their deserialization is measured")]
pub(crate) struct Client {
    pub(crate) id: String,
    name: String,
    access_token_validity_seconds: Option<i64>,
    description: Option<String>,
    #[serde(default)]
    registered_redirect_uri: Vec<String>,
    #[serde(default, deserialize_with = "from_string")]
    secret: Option<Secret>,
    #[serde(default)]
    role_ids: Vec<String>,
    #[serde(default, deserialize_with = "timestamp")]
    date_created: Option<Timestamp>,
    #[serde(default, deserialize_with = "timestamp")]
    date_modified: Option<Timestamp>,
    created_by: Option<Reference>,
    modified_by: Option<Reference>,
    #[serde(default, deserialize_with = "from_string")]
    authorized_grant_type: Option<GrantType>,
    #[serde(default)]
    scope: Vec<String>,
    #[serde(default)]
    role_divisions: Vec<RoleDivision>,
    #[serde(default, deserialize_with = "from_string")]
    state: Option<ClientState>,
    #[serde(default, deserialize_with = "timestamp")]
    date_to_delete: Option<Timestamp>,
    self_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only their deserialization is measured")]
struct RoleDivision {
    role_id: String,
    division_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only their deserialization is measured")]
struct Reference {
    id: Option<String>,
    name: Option<String>,
    self_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only their deserialization is measured")]
pub(crate) struct Usage {
    pub(crate) results: Vec<Row>,
    #[serde(default, deserialize_with = "from_string")]
    query_status: Option<QueryStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only their deserialization is measured")]
pub(crate) struct Row {
    client_id: Option<String>,
    client_name: Option<String>,
    organization_id: Option<String>,
    user_id: Option<String>,
    template_uri: Option<String>,
    http_method: Option<String>,
    status200: Option<i64>,
    status300: Option<i64>,
    status400: Option<i64>,
    status500: Option<i64>,
    status429: Option<i64>,
    requests: Option<i64>,
    #[serde(default, deserialize_with = "timestamp")]
    date: Option<Timestamp>,
}

fn from_string<'de, T: From<String>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(T::from))
}

fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value = Option::<&str>::deserialize(deserializer)?;
    value.map(|value| Timestamp::from_str(value).map_err(serde::de::Error::custom)).transpose()
}
