//! The scopes, described in the language that the client requests.

use serde_json::{Value, json};

use crate::call::Call;
use crate::errors::ServiceError;
use crate::negotiation::by_preference;
use crate::record::ReceivedRequest;
use crate::response::ServiceResponse;

const PATH: &str = "/api/v2/oauth/scopes";

/// The languages in which descriptions exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
    French,
    Spanish,
    Japanese,
}

impl Language {
    const ALL: [Self; 5] = [Self::English, Self::German, Self::French, Self::Spanish, Self::Japanese];

    /// Returns the tag sent in `Content-Language`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en-us",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Japanese => "ja",
        }
    }

    /// Returns the language with the same primary subtag as this tag.
    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::ALL.into_iter().find(|language| language.tag().split('-').next() == Some(primary))
    }
}

/// Returns the language that a request prefers, or English.
pub(crate) fn language(request: &ReceivedRequest) -> Language {
    by_preference(request.header("accept-language").unwrap_or_default())
        .iter()
        .find_map(|tag| Language::from_tag(tag))
        .unwrap_or(Language::English)
}

/// Builds a response that announces its language.
pub(crate) fn localized(value: &Value, language: Language) -> Result<ServiceResponse, ServiceError> {
    let response = Call::ok(value)?;
    Ok(response.with_header("Content-Language", language.tag()).with_header("Vary", "Accept-Language"))
}

/// The kinds of scope that exist for a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinds {
    Both,
    ReadOnly,
    Full,
}

/// A resource, and its name in each language, in the order of [`Language::ALL`].
struct Resource(&'static str, Kinds, [&'static str; 5]);

#[rustfmt::skip]
const RESOURCES: &[Resource] = &[
    Resource("alerting", Kinds::Both, ["alerting rules", "Alarmregeln", "règles d’alerte", "reglas de alerta", "アラートルール"]),
    Resource("analytics", Kinds::Both, ["analytics data", "Analysedaten", "données analytiques", "datos analíticos", "分析データ"]),
    Resource("architect", Kinds::Both, ["Architect flows", "Architect-Abläufe", "flux Architect", "flujos de Architect", "Architectフロー"]),
    Resource("audits", Kinds::ReadOnly, ["audit entries", "Überwachungseinträge", "entrées d’audit", "registros de auditoría", "監査エントリ"]),
    Resource("authorization", Kinds::Both, ["roles and divisions", "Rollen und Bereiche", "rôles et divisions", "roles y divisiones", "ロールと部門"]),
    Resource("billing", Kinds::ReadOnly, ["billing information", "Abrechnungsdaten", "informations de facturation", "información de facturación", "請求情報"]),
    Resource("content-management", Kinds::Both, ["documents", "Dokumente", "documents", "documentos", "ドキュメント"]),
    Resource("conversations", Kinds::Both, ["conversations", "Gespräche", "conversations", "conversaciones", "会話"]),
    Resource("devices", Kinds::Both, ["devices", "Geräte", "appareils", "dispositivos", "デバイス"]),
    Resource("external-contacts", Kinds::Both, ["external contacts", "externe Kontakte", "contacts externes", "contactos externos", "外部連絡先"]),
    Resource("gdpr", Kinds::Both, ["data protection requests", "Datenschutzanfragen", "demandes de protection des données", "solicitudes de protección de datos", "データ保護リクエスト"]),
    Resource("groups", Kinds::Both, ["groups", "Gruppen", "groupes", "grupos", "グループ"]),
    Resource("integrations", Kinds::Both, ["integrations", "Integrationen", "intégrations", "integraciones", "統合"]),
    Resource("locations", Kinds::Both, ["locations", "Standorte", "sites", "ubicaciones", "所在地"]),
    Resource("notifications", Kinds::Full, ["notifications", "Benachrichtigungen", "notifications", "notificaciones", "通知"]),
    Resource("oauth", Kinds::Both, ["OAuth clients", "OAuth-Clients", "clients OAuth", "clientes de OAuth", "OAuthクライアント"]),
    Resource("outbound", Kinds::Both, ["outbound campaigns", "ausgehende Kampagnen", "campagnes sortantes", "campañas salientes", "アウトバウンドキャンペーン"]),
    Resource("presence", Kinds::Both, ["presence", "Anwesenheit", "présence", "presencia", "プレゼンス"]),
    Resource("quality", Kinds::Both, ["quality evaluations", "Qualitätsbewertungen", "évaluations de qualité", "evaluaciones de calidad", "品質評価"]),
    Resource("recordings", Kinds::Both, ["recordings", "Aufzeichnungen", "enregistrements", "grabaciones", "録音"]),
    Resource("routing", Kinds::Both, ["queues and routing", "Warteschlangen und Verteilung", "files d’attente et routage", "colas y enrutamiento", "キューとルーティング"]),
    Resource("scripts", Kinds::Both, ["scripts", "Skripte", "scripts", "scripts", "スクリプト"]),
    Resource("search", Kinds::ReadOnly, ["search results", "Suchergebnisse", "résultats de recherche", "resultados de búsqueda", "検索結果"]),
    Resource("telephony", Kinds::Both, ["telephony settings", "Telefonie-Einstellungen", "paramètres de téléphonie", "configuración de telefonía", "テレフォニー設定"]),
    Resource("users", Kinds::Both, ["users", "Benutzer", "utilisateurs", "usuarios", "ユーザー"]),
    Resource("workforce-management", Kinds::Both, ["workforce management", "Personaleinsatzplanung", "gestion des effectifs", "gestión de personal", "ワークフォースマネジメント"]),
];

/// A scope with its id and the names of its resource.
struct Scope {
    id: String,
    read_only: bool,
    names: [&'static str; 5],
}

impl Scope {
    fn to_json(&self, language: Language) -> Value {
        let name = self.names[language as usize];
        let description = match (language, self.read_only) {
            (Language::English, false) => format!("Full access to {name}"),
            (Language::English, true) => format!("Read-only access to {name}"),
            (Language::German, false) => format!("Voller Zugriff: {name}"),
            (Language::German, true) => format!("Nur lesender Zugriff: {name}"),
            (Language::French, false) => format!("Accès complet : {name}"),
            (Language::French, true) => format!("Accès en lecture seule : {name}"),
            (Language::Spanish, false) => format!("Acceso completo: {name}"),
            (Language::Spanish, true) => format!("Acceso de solo lectura: {name}"),
            (Language::Japanese, false) => format!("{name}へのフルアクセス"),
            (Language::Japanese, true) => format!("{name}への読み取り専用アクセス"),
        };
        json!({
            "id": self.id,
            "description": description,
            "selfUri": format!("{PATH}/{}", self.id),
        })
    }
}

fn scopes() -> impl Iterator<Item = Scope> {
    RESOURCES.iter().flat_map(|Resource(id, kinds, names)| {
        let full = (*kinds != Kinds::ReadOnly).then(|| Scope {
            id: (*id).to_owned(),
            read_only: false,
            names: *names,
        });
        let read_only = (*kinds != Kinds::Full).then(|| Scope {
            id: format!("{id}:readonly"),
            read_only: true,
            names: *names,
        });
        full.into_iter().chain(read_only)
    })
}

pub(crate) fn list(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let language = language(call.request);
    let entities: Vec<Value> = scopes().map(|scope| scope.to_json(language)).collect();
    let listing = json!({"total": entities.len(), "entities": entities, "selfUri": PATH});
    localized(&listing, language)
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let language = language(call.request);
    let id = call.parameter(0);
    let scope =
        scopes().find(|scope| scope.id == id).ok_or_else(|| ServiceError::not_found("OAuthScope", id))?;
    localized(&scope.to_json(language), language)
}
