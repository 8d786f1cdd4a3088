//! What uniffi's templates lack.

mod arbitrary;

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, Result};
use heck::{ToLowerCamelCase, ToUpperCamelCase};
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{AsType, Enum, Type, Variant};

use crate::draft::Draft;
use crate::ends_of_calls;
use crate::neutral_names::names_in_text;
use crate::warnings;

pub(crate) fn finish(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    cancellation(draft, interface)?;
    reading(draft)?;
    defects(draft)?;
    numbers(draft)?;
    settings_warnings(draft, interface)?;
    only_what_is_exported(draft, interface)?;
    labels(draft, interface)?;
    for error in interface.enum_definitions() {
        if interface.is_name_used_as_error(error.name()) {
            cases(draft, error)?;
            properties(draft, error)?;
        }
    }
    wording(draft, interface)?;
    names(draft)?;
    equality(draft);
    printing(draft);
    reflection(draft);
    masks(draft, interface)?;
    draft.write_beside("Arbitrary.swift", &arbitrary::values(interface)?)
}

/// A cancelled task ends its call. `onCancel` does not escape: it never runs once the call has returned, so the
/// future is still freed once, after everything else. docs/decisions/003-cancellation-in-swift.md
fn cancellation(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    for ([free, cancel], times) in ends_of_calls(interface) {
        let given = format!("freeFunc: {free},\n");
        draft.replace(times, &given, &format!("{given}            cancelFunc: {cancel},\n"))?;
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

/// Values are read straight from the library's memory. uniffi cuts a piece of `Data` for each, which costs far more
/// than the value.
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

/// What uniffi finds wrong in the library is an `OAuthError` as well.
fn defects(draft: &mut Draft) -> Result<()> {
    draft.replace_between(
        "fileprivate enum UniffiInternalError: LocalizedError {",
        "fileprivate extension NSLock",
        include_str!("swift/defects.swift"),
    )
}

/// A time that is wrong must not end the program: it crosses as one that the library refuses by the name of the
/// argument. Both cross as seconds, rounded down, and the nanoseconds of that second: uniffi takes the sign of both from
/// the seconds, which have none in the last second before 1970.
fn numbers(draft: &mut Draft) -> Result<()> {
    draft.replace_between(
        "        if value.rounded(.down) > Double(Int64.max) {\n            fatalError(\"Duration overflow",
        "        writeInt(&buf, nanoseconds)\n",
        "        guard value.isFinite else {
            // What `check_duration` of the library takes for no number of seconds.
            writeInt(&buf, Int64.min)
            writeInt(&buf, UInt32(999_999_999))
            return
        }
        // No more than an integer can hold.
        let seconds = min(max(value.rounded(.down), -9.0e18), 9.0e18)
        let nanoseconds = UInt32(min(max((value - seconds) * 1.0e9, 0), 999_999_999))
        writeInt(&buf, Int64(seconds))
",
    )?;
    let writes = "        var delta = value.timeIntervalSince1970\n";
    let converter = draft.between("struct FfiConverterTimestamp: ", writes)?;
    let (before, reads) = converter
        .split_once("        // Build the Date from whole seconds first")
        .context("uniffi reads a date differently now; bindings/uniffi-bindgen has to follow")?;
    let (_, declares) = reads.split_once("    public static func write(").context("a date is not written")?;
    let reads = "        let date = Date(timeIntervalSince1970: Double(seconds)).addingTimeInterval(Double(nanoseconds) / 1.0e9)
        // The last moment of the calendar is finer than a date, which must not be past it.
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
        // A double is exact to the microsecond in these years, and to a tenth of a millisecond in the others; what is
        // below would make 122.9 of 123 milliseconds.
        let perSecond: Int64 = abs(since1970) < 3.2e9 ? 1_000_000 : 10_000
        let parts = min(Int64((since1970 * Double(perSecond)).rounded()), 253_402_300_800 * perSecond - 1)
        let part = ((parts % perSecond) + perSecond) % perSecond
        let nanoseconds = UInt32(part * (1_000_000_000 / perSecond))
        writeInt(&buf, (parts - part) / perSecond)
",
    )
}

/// Publishes warnings about settings as soon as the call has returned or failed: they are those of its thread.
fn settings_warnings(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    let take = format!("func {}()", warnings::TAKE.to_lower_camel_case());
    draft.replace(1, &format!("public {take}"), &take)?;
    for native in warnings::functions_that_warn(interface) {
        let call = format!("    {native}(");
        let before = draft.text().split(&call).next().unwrap_or_default();
        let start = before.rfind("    return ").context("a function that warns returns nothing")?;
        let given = format!("{}{call}", &before[start..]);
        draft.replace(1, &given, &format!("    defer {{ publishWarnings() }}\n{given}"))?;
    }
    Ok(())
}

/// A program that imports the module sees what is exported, not what it is made with; and nobody can override
/// how a secret is kept. For tests with another client there are the protocols.
fn only_what_is_exported(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
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

/// `Host.region(.euCentral1)`: where the function says what its only argument is, a label says it twice.
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

/// The cases of an error begin with a small letter, as all others do.
fn cases(draft: &mut Draft, error: &Enum) -> Result<()> {
    for variant in error.variants() {
        let (given, habit) = (variant.name().to_upper_camel_case(), variant.name().to_lower_camel_case());
        // A word of the language, where it does not follow a dot.
        let declared = if habit == "internal" { format!("`{habit}`") } else { habit.clone() };
        draft.replace(1, &format!("    case {given}("), &format!("    case {declared}("))?;
        draft.replace(1, &format!("return .{given}("), &format!("return .{habit}("))?;
        draft.replace(1, &format!("case let .{given}("), &format!("case let .{habit}("))?;
    }
    Ok(())
}

/// `error.status`: where every case holds the same record, its fields are the error's own.
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
    /// What every case holds.
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

/// The clients have the name of the vendor's SDK for Swift. And Foundation has a `Host` as well: a program that
/// imports both could name neither. (With `rename` in uniffi.toml, uniffi's own constructors still return a `Host`.)
const NAMES: [(&str, &str); 6] = [
    ("OAuthApi", "OAuthAPI"),
    ("OAuthApiProtocol", "OAuthAPIProtocol"),
    ("BlockingOAuthApi", "BlockingOAuthAPI"),
    ("BlockingOAuthApiProtocol", "BlockingOAuthAPIProtocol"),
    ("Host", "ServiceHost"),
    ("HostProtocol", "ServiceHostProtocol"),
];

fn own_name(given: &str) -> &str {
    NAMES.iter().find(|(name, _)| *name == given).map_or(given, |(_, own)| own)
}

fn names(draft: &mut Draft) -> Result<()> {
    for (given, meant) in NAMES {
        let text = draft.text();
        let mut places = BTreeSet::new();
        for (at, _) in text.match_indices(given) {
            let neighbours = (text[..at].chars().next_back(), text[at + given.len()..].chars().next());
            if let (Some(before), Some(behind)) = neighbours
                && ![before, behind].iter().any(|letter| letter.is_alphanumeric() || *letter == '_')
            {
                places.insert((before, behind));
            }
        }
        for (before, behind) in places {
            draft.replace_all(&format!("{before}{given}{behind}"), &format!("{before}{meant}{behind}"))?;
        }
    }
    Ok(())
}

/// Values can be compared also where they hold an object: every one that is held can.
fn equality(draft: &mut Draft) {
    for record in declared(draft, "public struct ", " {") {
        draft.push(&format!("\nextension {record}: Equatable, Hashable {{}}\n"));
    }
}

/// What an object prints does not depend on who prints it: the library says it, and a secret is none of it.
fn printing(draft: &mut Draft) {
    let declarations = draft.text().lines().filter_map(|line| line.strip_prefix("public final class "));
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

/// `dump` shows what an object prints, and not the number behind which the library keeps it.
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

/// A record with extra fields prints and dumps as any other, but for their values, which may be secret.
fn masks(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
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
            own_name(record.name()),
            children.collect::<Vec<_>>().join(",")
        )?;
        draft.push(&extension);
    }
    draft.push(
        "
/// The names of extra fields.
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

/// The names that are declared like this.
fn declared(draft: &Draft, before: &str, behind: &str) -> Vec<String> {
    let rest = draft.text().lines().filter_map(|line| line.strip_prefix(before)?.split_once(behind));
    rest.map(|(name, _)| name.to_owned()).filter(|name| !name.contains(':')).collect()
}

/// The documentation in Swift's own words, and declarations that can be read.
fn wording(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    draft.replace_between(
        "// This file was autogenerated",
        "\n// swiftlint",
        "// Generated from the interface of the library. Changes belong there.\n",
    )?;
    let arguments: BTreeSet<_> = interface
        .iter_callables()
        .flat_map(|callable| callable.arguments())
        .map(|argument| argument.name().to_owned())
        .collect();
    for argument in arguments {
        let listed = format!("* - `{argument}`: ");
        let parameter = format!("* - Parameter {}: ", argument.to_lower_camel_case());
        draft.replace(draft.text().matches(&listed).count(), &listed, &parameter)?;
    }
    names_in_text(draft, interface)?;
    let errors = interface.enum_definitions().iter();
    for error in errors.filter(|error| interface.is_name_used_as_error(error.name())) {
        for variant in error.variants() {
            let neutral = format!("`{}`", variant.name());
            let own = format!("`.{}`", variant.name().to_lower_camel_case());
            draft.replace(draft.text().matches(&neutral).count(), &neutral, &own)?;
        }
    }
    for (given, meant) in [
        (")async throws  ->", ") async throws ->"),
        (")async throws   {", ") async throws {"),
        (")throws  ->", ") throws ->"),
        (")throws   {", ") throws {"),
        (")throws  {", ") throws {"),
        ("         */", "         */\n        "),
    ] {
        draft.replace_all(given, meant)?;
    }
    Ok(())
}
