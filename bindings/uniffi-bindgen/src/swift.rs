//! Patches the Swift bindings.

mod arbitrary;

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, Result};
use heck::{ToLowerCamelCase, ToUpperCamelCase};
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{AsType, Enum, Type, Variant};

use crate::draft::Draft;
use crate::free_and_cancel_functions;
use crate::neutral_names::to_camel_case;
use crate::warnings;

pub(crate) fn patch(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    cancellation(draft, interface)?;
    reading(draft)?;
    defects(draft)?;
    times(draft)?;
    settings_warnings(draft, interface)?;
    hide_internals(draft, interface)?;
    labels(draft, interface)?;
    for error in interface.enum_definitions() {
        if interface.is_name_used_as_error(error.name()) {
            cases(draft, error)?;
            properties(draft, error)?;
        }
    }
    documentation(draft, interface)?;
    rename_types(draft)?;
    equality(draft);
    printing(draft);
    reflection(draft);
    mask_extra(draft, interface)?;
    draft.write_sibling("Arbitrary.swift", &arbitrary::render(interface)?)
}

/// Cancels a call with its task. `onCancel` never runs after the call has returned, so the future is still freed once,
/// and last. See docs/decisions/003-cancellation-in-swift.md.
fn cancellation(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    for ([free, cancel], times) in free_and_cancel_functions(interface) {
        let original = format!("freeFunc: {free},\n");
        draft.replace(times, &original, &format!("{original}            cancelFunc: {cancel},\n"))?;
    }
    draft.replace(
        1,
        "    freeFunc: (UInt64) -> (),\n",
        "    freeFunc: (UInt64) -> (),\n    cancelFunc: @Sendable (UInt64) -> (),\n",
    )?;
    draft.replace(
        1,
        "    var pollResult: Int8;\n    repeat {",
        "    return try await withTaskCancellationHandler {\n    var pollResult: Int8;\n    repeat {",
    )?;
    draft.replace(
        1,
        "        { completeFunc(rustFuture, $0) },\n        errorHandler: errorHandler\n    ))\n",
        "        { completeFunc(rustFuture, $0) },\n        errorHandler: errorHandler\n    ))\n    } \
         onCancel: {\n        cancelFunc(rustFuture)\n    }\n",
    )?;
    draft.replace(1, "fatalError(\"Cancellation not supported yet\")", "throw CancellationError()")
}

/// Reads values directly from native memory. uniffi creates a slice of `Data` for each value, which takes far longer
/// than reading the value itself.
fn reading(draft: &mut Draft) -> Result<()> {
    draft.replace_between(
        "fileprivate extension Data {\n    init(rustBuffer",
        "// Define writer functionality.",
        include_str!("swift/reading.swift"),
    )?;
    draft.replace(1, "createReader(data: Data(rustBuffer: buf))", "BufferReader(buf)")?;
    draft.replace(1, "if hasRemaining(reader) {", "if !reader.isAtEnd {")?;
    draft.replace_all("(data: Data, offset: Data.Index)", "BufferReader")
}

/// Replaces the error type for defects that uniffi detects by `OAuthError`.
fn defects(draft: &mut Draft) -> Result<()> {
    draft.replace_between(
        "fileprivate enum UniffiInternalError: LocalizedError {",
        "fileprivate extension NSLock",
        include_str!("swift/defects.swift"),
    )
}

/// Corrects the conversion of durations and timestamps. A value out of range must not abort the program: it is passed
/// on as one that the native library refuses with an error that names the argument. Both types cross as seconds,
/// rounded down, and the nanoseconds of that second. uniffi takes the sign of both from the seconds, which are zero in
/// the last second before 1970.
fn times(draft: &mut Draft) -> Result<()> {
    draft.replace_between(
        "        if value.rounded(.down) > Double(Int64.max) {\n            fatalError(\"Duration overflow",
        "        writeInt(&buf, nanoseconds)\n",
        "        guard value.isFinite else {
            // `check_duration` of the native library interprets this value as not a number.
            writeInt(&buf, Int64.min)
            writeInt(&buf, UInt32(999_999_999))
            return
        }
        // Clamps to the range of the integer.
        let seconds = min(max(value.rounded(.down), -9.0e18), 9.0e18)
        let nanoseconds = UInt32(min(max((value - seconds) * 1.0e9, 0), 999_999_999))
        writeInt(&buf, Int64(seconds))
",
    )?;
    let writes = "        var delta = value.timeIntervalSince1970\n";
    let converter = draft.between("struct FfiConverterTimestamp: ", writes)?;
    let (before, reads) = converter
        .split_once("        // Build the Date from whole seconds first")
        .context("uniffi's code that reads a date has changed; adapt bindings/uniffi-bindgen")?;
    let (_, declares) =
        reads.split_once("    public static func write(").context("uniffi has no code that writes a date")?;
    let reads = "        let date = Date(timeIntervalSince1970: Double(seconds)).addingTimeInterval(Double(nanoseconds) / 1.0e9)
        // `Date` can't represent the last nanosecond of the year 9999; rounding up would exceed that year.
        let last = Date(timeIntervalSince1970: (253_402_300_800.0).nextDown)
        return seconds < 253_402_300_800 ? min(date, last) : date
    }

    public static func write(";
    let (old, new) = (converter.to_owned(), format!("{before}{reads}{declares}"));
    draft.replace(1, &old, &new)?;
    draft.replace_between(
        writes,
        "        writeInt(&buf, nanoseconds)\n",
        "        let since1970 = value.timeIntervalSince1970
        guard since1970 >= -62_135_596_800, since1970 < 253_402_300_800 else {
            writeInt(&buf, since1970 > 0 ? Int64.max : Int64.min)
            writeInt(&buf, UInt32(0))
            return
        }
        // A double is exact to a microsecond until about 2070, and to a tenth of a millisecond in other years. Digits
        // below that would turn 123 milliseconds into 122.9.
        let perSecond: Int64 = abs(since1970) < 3.2e9 ? 1_000_000 : 10_000
        let parts = min(Int64((since1970 * Double(perSecond)).rounded()), 253_402_300_800 * perSecond - 1)
        let part = ((parts % perSecond) + perSecond) % perSecond
        let nanoseconds = UInt32(part * (1_000_000_000 / perSecond))
        writeInt(&buf, (parts - part) / perSecond)
",
    )
}

/// Publishes the warnings about settings as soon as the call has returned or failed, because the native library keeps
/// them for the calling thread.
fn settings_warnings(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    let take = format!("func {}()", warnings::TAKE.to_lower_camel_case());
    draft.replace(1, &format!("public {take}"), &take)?;
    for native in warnings::functions_that_warn(interface) {
        let call = format!("    {native}(");
        let before = draft.source().split(&call).next().unwrap_or_default();
        let start =
            before.rfind("    return ").context("a function that can cause warnings returns no value")?;
        let original = format!("{}{call}", &before[start..]);
        draft.replace(1, &original, &format!("    defer {{ publishWarnings() }}\n{original}"))?;
    }
    Ok(())
}

/// Makes uniffi's own declarations internal and all classes final, so that no subclass can override how a secret is
/// kept. Tests can replace the API object through the protocols.
fn hide_internals(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    let objects = interface.object_definitions().len();
    draft.replace(objects, "open class ", "public final class ")?;
    draft.replace(objects, "    required public init(unsafeFromHandle", "    init(unsafeFromHandle")?;
    draft.replace(objects, "    public func uniffiCloneHandle", "    func uniffiCloneHandle")?;
    let no_handle = "    public struct NoHandle {\n        public init() {}";
    draft.replace(objects, no_handle, "    struct NoHandle {\n        init() {}")?;
    draft.replace(objects, "    public init(noHandle: NoHandle)", "    init(noHandle: NoHandle)")?;
    draft.replace(1, "public func uniffiEnsure", "func uniffiEnsure")?;
    draft.replace(1, "\nimport PureCloudOAuthFFI\n", "\ninternal import PureCloudOAuthFFI\n")?;
    draft.replace_all("open func ", "public func ")?;
    draft.replace_all("public struct FfiConverter", "struct FfiConverter")?;
    draft.replace_all("public func FfiConverter", "func FfiConverter")
}

/// Removes the label of the only argument of a named constructor, whose name already describes the argument:
/// `Host.region(.euCentral1)`.
fn labels(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    for object in interface.object_definitions() {
        for constructor in object.alternate_constructors() {
            if let [only] = constructor.arguments()[..] {
                let name = constructor.name().to_lower_camel_case();
                let declared = format!("public static func {name}(");
                let argument = only.name().to_lower_camel_case();
                draft.replace(1, &format!("{declared}{argument}: "), &format!("{declared}_ {argument}: "))?;
            }
        }
    }
    Ok(())
}

/// Renames the cases of an error to lower camel case, as usual in Swift.
fn cases(draft: &mut Draft, error: &Enum) -> Result<()> {
    for variant in error.variants() {
        let (upper, lower) = (variant.name().to_upper_camel_case(), variant.name().to_lower_camel_case());
        // A keyword of Swift, unless it follows a dot.
        let declared = if lower == "internal" { format!("`{lower}`") } else { lower.clone() };
        draft.replace(1, &format!("    case {upper}("), &format!("    case {declared}("))?;
        draft.replace(1, &format!("return .{upper}("), &format!("return .{lower}("))?;
        draft.replace(1, &format!("case let .{upper}("), &format!("case let .{lower}("))?;
    }
    Ok(())
}

/// Adds the fields of the record that every case of an error holds as properties of the error: `error.status`.
fn properties(draft: &mut Draft, error: &Enum) -> Result<()> {
    let held = |variant: &Variant| match variant.fields() {
        [field] => Some((field.name().to_lower_camel_case(), unboxed(field.as_type()))),
        _ => None,
    };
    let first = error.variants().first().and_then(held);
    let Some((field, Type::Record { name: record, .. })) = &first else { return Ok(()) };
    if !error.variants().iter().all(|variant| held(variant) == first) {
        return Ok(());
    }
    let cases = error.variants().iter().map(|variant| variant.name().to_lower_camel_case());
    let cases: Vec<_> = cases.map(|case| format!(".{case}(let {field})")).collect();
    let mut extension = format!(
        "
extension {} {{
    /// The details of the error, which every case holds.
    public var {field}: {record} {{
        switch self {{
        case {}:
            return {field}
        }}
    }}
",
        error.name(),
        cases.join(",\n            "),
    );
    let declared = draft.between(&format!("\npublic struct {record}: "), "\n\n    //")?;
    for line in declared.lines().skip(2) {
        match line.strip_prefix("    public var ").and_then(|rest| rest.split_once(':')) {
            Some((name, _)) => writeln!(extension, "{line} {{ {field}.{name} }}")?,
            None => writeln!(extension, "{line}")?,
        }
    }
    draft.push(&extension);
    draft.push("}\n");
    Ok(())
}

fn unboxed(of: Type) -> Type {
    match of {
        Type::Box { inner_type } => *inner_type,
        other => other,
    }
}

/// The types that have another name in Swift. The API classes are spelled as in the vendor's SDK for Swift. Foundation
/// also has a `Host`, and a program that imports both modules could name neither. (With `rename` in uniffi.toml,
/// uniffi's own constructors would still return a `Host`.)
const NAMES: [(&str, &str); 6] = [
    ("OAuthApi", "OAuthAPI"),
    ("OAuthApiProtocol", "OAuthAPIProtocol"),
    ("BlockingOAuthApi", "BlockingOAuthAPI"),
    ("BlockingOAuthApiProtocol", "BlockingOAuthAPIProtocol"),
    ("Host", "ServiceHost"),
    ("HostProtocol", "ServiceHostProtocol"),
];

/// Returns the name of a type in Swift.
fn swift_name(name: &str) -> &str {
    NAMES.iter().find(|(neutral, _)| *neutral == name).map_or(name, |(_, swift)| swift)
}

fn rename_types(draft: &mut Draft) -> Result<()> {
    for (neutral, swift) in NAMES {
        let source = draft.source();
        let mut neighbours = BTreeSet::new();
        for (at, _) in source.match_indices(neutral) {
            let around = (source[..at].chars().next_back(), source[at + neutral.len()..].chars().next());
            if let (Some(before), Some(after)) = around
                && ![before, after].iter().any(|letter| letter.is_alphanumeric() || *letter == '_')
            {
                neighbours.insert((before, after));
            }
        }
        for (before, after) in neighbours {
            draft.replace_all(&format!("{before}{neutral}{after}"), &format!("{before}{swift}{after}"))?;
        }
    }
    Ok(())
}

/// Makes all records equatable and hashable, including those that hold objects: every object that a record holds is.
fn equality(draft: &mut Draft) {
    for record in declared(draft, "public struct ", " {") {
        draft.push(&format!("\nextension {record}: Equatable, Hashable {{}}\n"));
    }
}

/// Gives objects the same description in every form of printing. It comes from the native library and holds no secret.
fn printing(draft: &mut Draft) {
    let declarations = draft.source().lines().filter_map(|line| line.strip_prefix("public final class "));
    let printed: Vec<_> = declarations
        .filter_map(|line| line.split_once(':'))
        .filter(|(_, conforms)| conforms.contains("CustomDebugStringConvertible"))
        .map(|(object, _)| object.to_owned())
        .collect();
    for object in printed {
        draft.push(&format!(
            "
extension {object}: CustomStringConvertible {{
    public var description: String {{ debugDescription }}
}}
"
        ));
    }
}

/// Makes `dump` show the description of an object instead of its handle.
fn reflection(draft: &mut Draft) {
    for object in declared(draft, "public final class ", ":") {
        draft.push(&format!(
            "
extension {object}: CustomReflectable {{
    public var customMirror: Mirror {{ Mirror(self, children: [:]) }}
}}
"
        ));
    }
}

/// Masks the values of extra fields, which may be secret, where a record is printed or dumped.
fn mask_extra(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    let is_extra = |of: &Type| matches!(of, Type::Custom { name, .. } if name == "Extra");
    for record in interface.record_definitions() {
        if !record.fields().iter().any(|field| is_extra(&field.as_type())) {
            continue;
        }
        let children = record.fields().iter().map(|field| {
            let name = field.name().to_lower_camel_case();
            let value =
                if is_extra(&field.as_type()) { format!("MaskedFields({name})") } else { name.clone() };
            format!("\n            \"{name}\": {value} as Any")
        });
        let mut extension = String::new();
        write!(
            extension,
            "
extension {}: CustomReflectable {{
    public var customMirror: Mirror {{
        let children: KeyValuePairs<String, Any> = [{},
        ]
        return Mirror(self, children: children, displayStyle: .struct)
    }}
}}
",
            swift_name(record.name()),
            children.collect::<Vec<_>>().join(",")
        )?;
        draft.push(&extension);
    }
    draft.push(
        "
/// The names of extra fields, without their values.
private struct MaskedFields: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let names: [String]

    init(_ fields: [String: String]) {
        names = fields.keys.sorted()
    }

    var description: String {
        names.isEmpty ? \"[:]\" : \"[\" + names.map { \"\\($0.debugDescription): ***\" }.joined(separator: \", \") + \"]\"
    }

    var debugDescription: String { description }

    var customMirror: Mirror { Mirror(self, children: [:]) }
}
",
    );
    Ok(())
}

/// Returns the names that are declared between the given strings, at the start of a line.
fn declared(draft: &Draft, before: &str, after: &str) -> Vec<String> {
    let rest = draft.source().lines().filter_map(|line| line.strip_prefix(before)?.split_once(after));
    rest.map(|(name, _)| name.to_owned()).filter(|name| !name.contains(':')).collect()
}

/// Adapts documentation to Swift's notation, and removes superfluous spaces from declarations.
fn documentation(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    draft.replace_between(
        "// This file was autogenerated",
        "\n// swiftlint",
        "// Generated from the interface of the native library. Do not edit this file.\n",
    )?;
    let arguments: BTreeSet<_> = interface
        .iter_callables()
        .flat_map(|callable| callable.arguments())
        .map(|argument| argument.name().to_owned())
        .collect();
    for argument in arguments {
        let listed = format!("* - `{argument}`: ");
        let parameter = format!("* - Parameter {}: ", argument.to_lower_camel_case());
        draft.replace(draft.source().matches(&listed).count(), &listed, &parameter)?;
    }
    to_camel_case(draft, interface, "nil")?;
    let errors = interface.enum_definitions().iter();
    for error in errors.filter(|error| interface.is_name_used_as_error(error.name())) {
        for variant in error.variants() {
            let neutral = format!("`{}`", variant.name());
            let swift = format!("`.{}`", variant.name().to_lower_camel_case());
            draft.replace(draft.source().matches(&neutral).count(), &neutral, &swift)?;
        }
    }
    for (old, new) in [
        (")async throws  ->", ") async throws ->"),
        (")async throws   {", ") async throws {"),
        (")throws  ->", ") throws ->"),
        (")throws   {", ") throws {"),
        (")throws  {", ") throws {"),
        ("         */", "         */\n        "),
    ] {
        draft.replace_all(old, new)?;
    }
    Ok(())
}
