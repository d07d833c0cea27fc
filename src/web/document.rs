//! What the handlers' annotations leave out of the API document, because it is the same everywhere:
//! the envelope, the pages of lists, ids in paths, request keys, and what any request may be refused
//! with.

use std::collections::HashSet;

use utoipa::openapi::{
    ContentBuilder, Object, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
    ServerBuilder,
    path::{Operation, ParameterBuilder, ParameterIn},
    schema::{SchemaType, Type},
    security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
};

use super::routes::{Listed, ROUTES, Who};
use crate::base::limits::{KEY_CHARS_MAX, PAGE_MAX, PAGE_SIZE_MAX};

const JSON: &str = "application/json";
const PROBLEM: &str = "Problem";

/// Completes the document.
pub struct Complete;

impl utoipa::Modify for Complete {
    fn modify(&self, doc: &mut OpenApi) {
        let components = doc.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.schemas.insert(PROBLEM.to_owned(), problem().into());
        let optional: HashSet<String> =
            components.schemas.iter().filter(|(_, s)| needs_nothing(s)).map(|(name, _)| reference(name)).collect();
        doc.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
        for (path, item) in &mut doc.paths.paths {
            let methods = [
                ("get", &mut item.get),
                ("post", &mut item.post),
                ("put", &mut item.put),
                ("patch", &mut item.patch),
                ("delete", &mut item.delete),
            ];
            let mut is_listed = false;
            for (method, operation) in methods {
                let Some(operation) = operation else { continue };
                if let Some(route) = ROUTES.iter().find(|r| r.method == method && r.path == path) {
                    is_listed = true;
                    complete(operation, route);
                    relax_body(operation, &optional);
                }
            }
            if !is_listed {
                // For whoever runs the server: at its root, and open.
                item.servers = Some(vec![ServerBuilder::new().url("/").build()]);
                if let Some(operation) = &mut item.get {
                    operation.security = Some(Vec::new());
                }
            }
        }
    }
}

fn reference(name: &str) -> String {
    Ref::from_schema_name(name).ref_location
}

fn needs_nothing(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if !object.properties.is_empty() && object.required.is_empty())
}

/// A body of which nothing is needed need not be sent.
fn relax_body(operation: &mut Operation, optional: &HashSet<String>) {
    let Some(body) = &mut operation.request_body else { return };
    let schema = body.content.get(JSON).and_then(|content| content.schema.as_ref());
    if matches!(schema, Some(RefOr::Ref(to)) if optional.contains(&to.ref_location)) {
        body.required = Some(Required::False);
    }
}

fn complete(operation: &mut Operation, route: &Listed) {
    if route.who == Who::Anyone {
        operation.security = Some(Vec::new());
    }
    let mut parameters = operation.parameters.take().unwrap_or_default();
    let mut add = |name: &str, place: ParameterIn, schema: Object| {
        if parameters.iter().all(|p| p.name != name) {
            let required = if matches!(place, ParameterIn::Path) { Required::True } else { Required::False };
            let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(required);
            parameters.push(parameter.schema(Some(schema)).build());
        }
    };
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        add(name, ParameterIn::Path, text().min_length(Some(1)).build());
    }
    if wrap_success(operation) {
        add("page", ParameterIn::Query, number(1, PAGE_MAX));
        add("page_size", ParameterIn::Query, number(1, PAGE_SIZE_MAX));
    }
    if route.method != "get" && route.who != Who::Anyone {
        let key = text().min_length(Some(1)).max_length(Some(KEY_CHARS_MAX)).pattern(Some("^[ -~]+$"));
        add("Idempotency-Key", ParameterIn::Header, key.build());
    }
    operation.parameters = Some(parameters).filter(|p| !p.is_empty());
    for status in refusals(route) {
        operation.responses.responses.entry(status.to_string()).or_insert_with(|| Response::new("").into());
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            *response = refusal(status);
        }
    }
}

/// What any request of this kind may be answered; what else a handler may say stands at the handler.
fn refusals(route: &Listed) -> Vec<u16> {
    let mut statuses = vec![400, 429, 503];
    if route.who != Who::Anyone {
        statuses.push(401);
    }
    if !matches!(route.who, Who::Anyone | Who::LoggedIn) {
        statuses.push(403);
    }
    if route.demo || route.path.contains('{') {
        statuses.push(404);
    }
    if route.method != "get" {
        // The body did not come, is too large or no JSON; the same key is in use or was for another.
        statuses.extend([408, 409, 413, 415, 422]);
    }
    statuses
}

fn refusal(status: &str) -> Response {
    let told = match status {
        "400" => "Malformed or invalid: names the field",
        "401" => "No token, a bad one, or bad credentials",
        "403" => "Not allowed",
        "404" => "Unknown, or another's",
        "408" => "The body did not arrive in time",
        "409" => "Refused by a rule, or the same request is under way",
        "413" => "The body is larger than 1 MiB",
        "415" => "Not JSON",
        "422" => "The request key was used for another request",
        "429" => "Too many requests",
        _ => "Not now",
    };
    let schema = Ref::from_schema_name(PROBLEM);
    ResponseBuilder::new().description(told).content(JSON, ContentBuilder::new().schema(Some(schema)).build()).build()
}

/// Puts the envelope around what a success says; true for a list, which comes in pages.
fn wrap_success(operation: &mut Operation) -> bool {
    let mut is_list = false;
    for (status, response) in &mut operation.responses.responses {
        let (RefOr::T(response), Some(code)) = (response, status.parse().ok().filter(|s| (200..300).contains(s)))
        else {
            continue;
        };
        let data = response.content.shift_remove(JSON).and_then(|content| content.schema);
        let data = match data {
            Some(RefOr::T(Schema::Array(items))) => {
                is_list = true;
                page(Schema::Array(items))
            }
            Some(schema) => schema,
            // Nothing of which anything is promised.
            None => RefOr::T(ObjectBuilder::new().schema_type(SchemaType::AnyValue).build().into()),
        };
        if response.description.is_empty() {
            response.description = "Done".to_owned();
        }
        let content = ContentBuilder::new().schema(Some(envelope(code, data))).build();
        response.content.insert(JSON.to_owned(), content);
    }
    is_list
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn number(min: u32, max: u32) -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(Some(max)).build()
}

fn object(fields: impl IntoIterator<Item = (&'static str, RefOr<Schema>)>) -> Schema {
    let build = |object: ObjectBuilder, (name, schema)| object.property(name, schema).required(name);
    fields.into_iter().fold(ObjectBuilder::new().schema_type(Type::Object), build).build().into()
}

fn envelope(code: u16, data: RefOr<Schema>) -> Schema {
    let code = ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some([code])).build();
    object([("code", code.into()), ("message", text().build().into()), ("data", data)])
}

fn page(items: Schema) -> RefOr<Schema> {
    let total = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    object([
        ("items", items.into()),
        ("total", total.into()),
        ("page", number(1, PAGE_MAX).into()),
        ("page_size", number(1, PAGE_SIZE_MAX).into()),
    ])
    .into()
}

fn problem() -> Schema {
    let nothing = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null)).build();
    object([
        ("code", number(400, 599).into()),
        ("message", text().description(Some("In the caller's language")).build().into()),
        ("data", nothing.into()),
        ("reason", text().description(Some("Stable: for programs")).build().into()),
        ("error", text().description(Some("The product's literal text")).build().into()),
        ("request_id", text().build().into()),
    ])
}
