//! The organization that an emulator starts with: a plausible company, generated from the seed.

use std::collections::HashMap;

use jiff::{Timestamp, ToSpan};

use crate::authorizations::{Authorization, AuthorizationState};
use crate::clients::{Client, ClientState, DEFAULT_VALIDITY, GrantType, RoleDivision};
use crate::generator::Generator;
use crate::organization::{Division, Organization, Role, User};
use crate::permissions::{
    CLIENT_ADD, CLIENT_AUTHORIZE, CLIENT_DELETE, CLIENT_EDIT, CLIENT_VIEW, Grants, USAGE_VIEW,
};
use crate::rate_limit::Windows;

const COMPANIES: &[&str] = &[
    "Kestrel Energy",
    "Harbour & Pike Insurance",
    "Aurora Nordic Travel",
    "Meridian Outdoor GmbH",
    "Banco Mirador",
    "Lindqvist Telecare AB",
];

const DIVISIONS: &[&str] = &["Home", "Customer Care", "Sales", "Back Office"];

const USERS: &[&str] = &[
    "Amara Okafor",
    "Søren Lindqvist",
    "María José Ibáñez",
    "Jürgen Weiß",
    "佐藤 美咲",
    "Priya Raghunathan",
    "Élodie Marchand",
    "Tomasz Zieliński",
];

/// A role of the initial organization.
struct SeededRole {
    name: &'static str,
    /// The permissions it grants; `None` for all.
    permissions: Option<&'static [&'static str]>,
}

const ADMIN: &str = "admin";
const EMPLOYEE: &str = "employee";
const DEVELOPER: &str = "Developer";
const SCIM: &str = "SCIM Integration";
const AUDITOR: &str = "OAuth Auditor";
const ANALYST: &str = "Reporting Analyst";

const ROLES: &[SeededRole] = &[
    SeededRole { name: ADMIN, permissions: None },
    SeededRole {
        name: EMPLOYEE,
        permissions: Some(&[
            "conversation:communication:view",
            "directory:user:view",
            "presence:userPresence:edit",
        ]),
    },
    SeededRole {
        name: DEVELOPER,
        permissions: Some(&[
            CLIENT_ADD,
            CLIENT_AUTHORIZE,
            CLIENT_DELETE,
            CLIENT_EDIT,
            CLIENT_VIEW,
            USAGE_VIEW,
            "integrations:integration:view",
        ]),
    },
    SeededRole {
        name: SCIM,
        permissions: Some(&[
            "directory:user:add",
            "directory:user:delete",
            "directory:user:edit",
            "directory:user:view",
            "group:group:edit",
        ]),
    },
    SeededRole { name: AUDITOR, permissions: Some(&[CLIENT_AUTHORIZE, CLIENT_VIEW, USAGE_VIEW]) },
    SeededRole {
        name: ANALYST,
        permissions: Some(&[
            "analytics:conversationDetail:view",
            "analytics:userAggregate:view",
            "routing:queue:view",
        ]),
    },
];

/// The initial state of a client's authorization.
struct SeededAuthorization {
    state: AuthorizationState,
    roles: &'static [&'static str],
}

/// A client of the initial organization.
struct SeededClient {
    name: &'static str,
    description: Option<&'static str>,
    grant_type: GrantType,
    state: ClientState,
    validity: i64,
    redirect_uris: &'static [&'static str],
    scope: &'static [&'static str],
    /// The names of the roles, each with the name of its division; `*` stands for all divisions.
    roles: &'static [(&'static str, &'static str)],
    deprecated_roles: &'static [&'static str],
    created: &'static str,
    /// The number of days between creation and last change.
    modified_after: i64,
    authorization: Option<SeededAuthorization>,
}

const PLAIN: SeededClient = SeededClient {
    name: "",
    description: None,
    grant_type: GrantType::ClientCredentials,
    state: ClientState::Active,
    validity: DEFAULT_VALIDITY,
    redirect_uris: &[],
    scope: &[],
    roles: &[],
    deprecated_roles: &[],
    created: "2024-01-15T09:00:00Z",
    modified_after: 0,
    authorization: None,
};

/// The clients; the first one is that of the administrator.
const CLIENTS: &[SeededClient] = &[
    SeededClient {
        name: "Platform administration",
        description: Some("Manages the organization's OAuth clients."),
        roles: &[(ADMIN, "*")],
        created: "2021-03-02T08:14:27.311Z",
        modified_after: 412,
        ..PLAIN
    },
    SeededClient {
        name: "Warteschlangen-Übersicht",
        description: Some("Wandanzeige für die Leitstelle – zeigt Wartezeiten und Auslastung."),
        grant_type: GrantType::Code,
        redirect_uris: &[
            "https://wallboard.example.com/oauth/callback",
            "https://wallboard-staging.example.com/oauth/callback",
        ],
        scope: &["analytics:readonly", "routing:readonly", "users:readonly"],
        created: "2022-05-19T13:40:02.118Z",
        modified_after: 71,
        authorization: Some(SeededAuthorization {
            state: AuthorizationState::Authorized,
            roles: &[EMPLOYEE],
        }),
        ..PLAIN
    },
    SeededClient {
        name: "Agent desktop (embedded)",
        description: Some("Runs inside the CRM."),
        grant_type: GrantType::Token,
        validity: 28_800,
        redirect_uris: &["https://crm.example.com/softphone/index.html"],
        scope: &["conversations", "presence", "users:readonly"],
        created: "2020-11-30T16:05:44.902Z",
        modified_after: 903,
        authorization: Some(SeededAuthorization {
            state: AuthorizationState::Authorized,
            roles: &[EMPLOYEE],
        }),
        ..PLAIN
    },
    SeededClient {
        name: "SCIM – Entra ID",
        description: Some("User provisioning. The token is renewed once a year."),
        validity: 38_880_000,
        roles: &[(SCIM, "*")],
        created: "2023-02-07T10:22:51.640Z",
        modified_after: 1,
        ..PLAIN
    },
    SeededClient {
        name: "Nightly analytics export",
        description: Some("Exports conversation details to the data warehouse at 02:00 UTC."),
        validity: 7_200,
        roles: &[(ANALYST, "Customer Care"), (ANALYST, "Sales")],
        created: "2023-09-11T07:31:09.004Z",
        modified_after: 216,
        ..PLAIN
    },
    SeededClient {
        name: "顧客満足度アンケート",
        description: Some("通話終了後のアンケート 📞"),
        grant_type: GrantType::Code,
        redirect_uris: &["https://survey.example.org/oauth/callback"],
        scope: &["conversations:readonly", "quality"],
        created: "2024-06-03T02:12:18.777Z",
        modified_after: 30,
        authorization: Some(SeededAuthorization { state: AuthorizationState::Requested, roles: &[] }),
        ..PLAIN
    },
    SeededClient {
        name: "Configuration as code",
        description: Some("Used by the deployment pipeline; its secret is rotated every quarter."),
        roles: &[(DEVELOPER, "*"), (EMPLOYEE, "Home")],
        created: "2022-01-24T11:48:36.250Z",
        modified_after: 640,
        ..PLAIN
    },
    SeededClient {
        name: "Intranet single sign-on",
        grant_type: GrantType::Saml2Bearer,
        validity: 43_200,
        redirect_uris: &["https://intranet.example.com/"],
        scope: &["users:readonly", "groups:readonly"],
        created: "2019-08-14T14:59:59.999Z",
        modified_after: 0,
        authorization: Some(SeededAuthorization {
            state: AuthorizationState::Authorized,
            roles: &[EMPLOYEE],
        }),
        ..PLAIN
    },
    SeededClient {
        name: "Legacy reporting (do not use)",
        description: Some("Replaced by the nightly export."),
        grant_type: GrantType::Password,
        state: ClientState::Disabled,
        scope: &["analytics:readonly"],
        created: "2017-06-21T09:03:10.000Z",
        modified_after: 2_270,
        authorization: Some(SeededAuthorization { state: AuthorizationState::Revoked, roles: &[] }),
        ..PLAIN
    },
    SeededClient {
        name: "Rapport d’activité – téléphonie",
        state: ClientState::Disabled,
        validity: 3_600,
        roles: &[(ANALYST, "Back Office")],
        created: "2021-12-05T18:20:33.481Z",
        modified_after: 1_004,
        ..PLAIN
    },
    SeededClient {
        name: "Old wallboard",
        description: Some("To be deleted."),
        grant_type: GrantType::Token,
        state: ClientState::Inactive,
        redirect_uris: &["https://old-wallboard.example.com/"],
        scope: &["analytics:readonly", "routing"],
        created: "2018-04-09T12:00:41.073Z",
        modified_after: 2_555,
        authorization: Some(SeededAuthorization { state: AuthorizationState::Unauthorized, roles: &[] }),
        ..PLAIN
    },
    SeededClient {
        name: "Command-line tool",
        description: Some("Signs users in with PKCE; listens on any free port."),
        grant_type: GrantType::Code,
        validity: 172_800,
        redirect_uris: &["http://127.0.0.1/callback", "http://localhost:8085/oauth/callback"],
        scope: &["oauth", "users:readonly"],
        created: "2025-02-18T15:26:07.590Z",
        modified_after: 12,
        authorization: Some(SeededAuthorization {
            state: AuthorizationState::Authorized,
            roles: &[DEVELOPER],
        }),
        ..PLAIN
    },
    SeededClient {
        name: "Chatbot Åse ☎",
        description: Some("Still has its roles in the deprecated form."),
        validity: 300,
        deprecated_roles: &[EMPLOYEE],
        created: "2018-10-02T06:45:12.345Z",
        modified_after: 48,
        ..PLAIN
    },
];

/// Generates the organization of a seed; the same seed always gives the same organization.
pub(crate) fn organization(seed: u64) -> Organization {
    let mut generator = Generator::new(seed);
    let id = generator.uuid();
    let name = generator.choose(COMPANIES).to_owned();
    let mut users = USERS.to_vec();
    generator.shuffle(&mut users);
    let users: Vec<User> =
        users.into_iter().map(|name| User { id: generator.uuid(), name: name.to_owned() }).collect();
    let divisions: Vec<Division> =
        DIVISIONS.iter().map(|name| Division { id: generator.uuid(), name: (*name).to_owned() }).collect();
    let roles: Vec<Role> = ROLES
        .iter()
        .map(|role| Role {
            id: generator.uuid(),
            name: role.name.to_owned(),
            grants: role
                .permissions
                .map_or(Grants::Everything, |these| Grants::from_permissions(these.iter().copied())),
            is_scim: role.name == SCIM,
        })
        .collect();
    let administrator = User { id: generator.uuid(), name: "Robin Castellane".to_owned() };
    let mut organization = Organization {
        id,
        name,
        seed,
        generator,
        roles,
        divisions,
        administrator,
        administrator_client: String::new(),
        seeded_clients: Vec::new(),
        clients: Vec::new(),
        authorizations: Vec::new(),
        tokens: HashMap::new(),
        refresh_tokens: HashMap::new(),
        codes: HashMap::new(),
        executions: HashMap::new(),
        windows: Windows::default(),
        refused_consents: 0,
        failing_usage_queries: 0,
    };
    for seeded in CLIENTS {
        add(&mut organization, seeded, &users);
    }
    organization.seeded_clients = organization.clients.iter().map(|client| client.id.clone()).collect();
    if let Some(first) = organization.clients.first() {
        organization.administrator_client = first.id.clone();
    }
    organization
}

fn add(organization: &mut Organization, seeded: &SeededClient, users: &[User]) {
    let indexes: Vec<usize> = (0..users.len()).collect();
    let created_by = users[organization.generator.choose(&indexes)].clone();
    let modified_by = users[organization.generator.choose(&indexes)].clone();
    let created: Timestamp = seeded.created.parse().expect("the dates of the seeded clients are well-formed");
    let later = |days: i64| created.checked_add((days * 24).hours()).unwrap_or(Timestamp::MAX);
    let modified = later(seeded.modified_after);
    let id = organization.generator.uuid();
    let role_id = |name: &str| {
        organization
            .roles
            .iter()
            .find(|role| role.name == name)
            .map_or_else(String::new, |role| role.id.clone())
    };
    let division_id = |name: &str| {
        organization
            .divisions
            .iter()
            .find(|division| division.name == name)
            .map_or_else(|| name.to_owned(), |division| division.id.clone())
    };
    let client = Client {
        id: id.clone(),
        name: seeded.name.to_owned(),
        access_token_validity_seconds: seeded.validity,
        description: seeded.description.map(str::to_owned),
        registered_redirect_uri: owned(seeded.redirect_uris),
        role_ids: seeded.deprecated_roles.iter().map(|name| role_id(name)).collect(),
        date_created: created,
        date_modified: modified,
        created_by: created_by.reference(),
        modified_by: modified_by.reference(),
        authorized_grant_type: seeded.grant_type,
        scope: owned(seeded.scope),
        role_divisions: seeded
            .roles
            .iter()
            .map(|(role, division)| RoleDivision {
                role_id: role_id(role),
                division_id: division_id(division),
            })
            .collect(),
        state: seeded.state,
        date_to_delete: (seeded.state == ClientState::Inactive).then(|| later(seeded.modified_after + 7)),
        secret: organization.generator.secret(),
    };
    if let Some(SeededAuthorization { state, roles }) = &seeded.authorization {
        let roles = roles
            .iter()
            .filter_map(|name| organization.roles.iter().find(|role| role.name == *name))
            .map(|role| role.id.clone())
            .collect();
        organization.authorizations.push(Authorization {
            client_id: id,
            scope: client.scope.clone(),
            roles,
            resource_owner: created_by,
            created,
            modified,
            state: *state,
        });
    }
    organization.clients.push(client);
}

fn owned(strings: &[&str]) -> Vec<String> {
    strings.iter().copied().map(str::to_owned).collect()
}
