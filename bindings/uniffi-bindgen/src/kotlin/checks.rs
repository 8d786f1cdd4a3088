//! Checks arguments before a call converts them. Java can put null into a list or a map, and a string of the JVM can
//! hold half of a surrogate pair. uniffi's converters would detect that only while writing, and their error would name
//! the converter instead of the argument.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Result, ensure};

use crate::draft::Draft;

/// The prefixes of calls of native functions that take arguments.
const FUNCTIONS: [&str; 3] = [
    "UniffiLib.uniffi_purecloud_oauth_fn_constructor_",
    "UniffiLib.uniffi_purecloud_oauth_fn_func_",
    "UniffiLib.uniffi_purecloud_oauth_fn_method_",
];

pub(super) fn add(draft: &mut Draft) -> Result<()> {
    let converters = Converters::read(draft.source());
    let mut checked = BTreeSet::new();
    check_calls(draft, &converters, &mut checked)?;
    ensure!(!checked.is_empty(), "uniffi converts no argument");
    for name in converters.with_parts(checked) {
        let converter = &converters.0[&name];
        let header = &converter.header;
        draft.replace(
            1,
            &format!("\n{header}\n"),
            &format!("\n{header}\n{}\n", converter.flaw(&converters)),
        )?;
    }
    draft.replace(
        1,
        "    // Write a Kotlin type to a `ByteBuffer`\n",
        "    // Returns the reason why a value can't be passed on, to be appended to the argument's name; or null.
    fun flaw(value: KotlinType?): String? = if (value == null) \" is null\" else null

    // Write a Kotlin type to a `ByteBuffer`\n",
    )?;
    draft.replace(
        1,
        "/**\n * FfiConverter that uses `RustBuffer` as the FfiType\n",
        "/** Throws an error that names the argument if its value is not allowed. */
private fun <T> FfiConverter<T, *>.check(name: String, value: T) {
    flaw(value)?.let { throw IllegalArgumentException(name + it) }
    // The maximum size of a `ByteBuffer`.
    if (allocationSize(value) > Int.MAX_VALUE.toULong()) {
        throw IllegalArgumentException(\"$name may take more than ${Int.MAX_VALUE} bytes, which is too much\")
    }
}

/**
 * FfiConverter that uses `RustBuffer` as the FfiType\n",
    )
}

/// Inserts the checks in front of each call, before the handle is cloned: only the call itself would free the clone.
fn check_calls(draft: &mut Draft, converters: &Converters, checked: &mut BTreeSet<String>) -> Result<()> {
    let original = draft.source().to_owned();
    let mut lines: Vec<_> = original.split_inclusive('\n').map(str::to_owned).collect();
    for at in 0..lines.len() {
        if !FUNCTIONS.iter().any(|start| lines[at].trim_start().starts_with(start)) {
            continue;
        }
        let mut checks = String::new();
        let last = lines[at..].iter().position(|line| line.trim_end().ends_with([')', '}']));
        for (converter, value) in lines[at..=at + last.unwrap_or(0)].iter().flat_map(|line| lowered(line)) {
            let Some(known) = converters.0.get(converter) else { continue };
            let name = if value == "this" { known.kotlin_type.clone() } else { value.replace('`', "") };
            writeln!(checks, "        {converter}.check(\"{name}\", {value})")?;
            checked.insert(converter.to_owned());
        }
        if checks.is_empty() {
            continue;
        }
        // A method clones the handle of its object at most two lines before it passes it to the native library.
        const HANDLE: &str = "callWithHandle {";
        match (at.saturating_sub(2)..at).find(|before| lines[*before].contains(HANDLE)) {
            Some(before) => {
                let checked_first = format!("also {{\n{checks}    }}.{HANDLE}");
                lines[before] = lines[before].replacen(HANDLE, &checked_first, 1);
            }
            None => lines[at].insert_str(0, &checks),
        }
    }
    draft.replace(1, &original, &lines.concat())
}

/// Returns the converter and the name of each argument in a line: `CONVERTER.lower(`name`)`.
fn lowered(line: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices(".lower(") {
        let before = &line[..at];
        let start = before.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |before| before + 1);
        let behind = &line[at + ".lower(".len()..];
        if let Some(end) = behind.find(')') {
            found.push((&before[start..], &behind[..end]));
        }
    }
    found
}

/// The converters of values for which Java can pass something wrong, by name.
struct Converters(BTreeMap<String, Converter>);

/// A converter in the generated code.
struct Converter {
    header: String,
    kotlin_type: String,
    shape: Shape,
}

/// The parts of a converted value.
enum Shape {
    String,
    Optional(String),
    List(String),
    Map {
        key: String,
        value: String,
    },
    /// The names of the fields, and their converters.
    Record(Vec<(String, String)>),
    /// The variants with a field, the name of the field, and its converter.
    Enum(Vec<(String, String, String)>),
}

impl Converters {
    fn read(source: &str) -> Self {
        let mut found: BTreeMap<String, Converter> = BTreeMap::new();
        for (at, _) in source.match_indices("\ninternal object FfiConverter") {
            let converter = &source[at + 1..];
            let end = converter.find("\n}\n").unwrap_or(converter.len());
            let mut lines = converter[..end].lines();
            let header = lines.next().unwrap_or_default();
            let Some((name, rest)) =
                header.strip_prefix("internal object ").and_then(|rest| rest.split_once(':'))
            else {
                continue;
            };
            let kotlin_type = rest.split_once('<').and_then(|(_, of)| of.rsplit_once('>'));
            let Some((kotlin_type, _)) = kotlin_type else { continue };
            let name = name.trim();
            let converter = Converter {
                header: header.to_owned(),
                kotlin_type: kotlin_type.split(", RustBuffer").next().unwrap_or_default().to_owned(),
                shape: match Shape::read(name, &written_parts(lines)) {
                    Some(shape) => shape,
                    None => continue,
                },
            };
            found.insert(name.to_owned(), converter);
        }
        // A field itself is never null: the constructor of its class refuses null, naming the field.
        loop {
            let can_fail = |of: &String| found.contains_key(of);
            let sound = found.iter().filter(|(_, converter)| match &converter.shape {
                Shape::String | Shape::List(_) | Shape::Map { .. } | Shape::Enum(_) => false,
                Shape::Optional(of) => !can_fail(of),
                Shape::Record(fields) => !fields.iter().any(|(_, of)| can_fail(of)),
            });
            let sound: Vec<_> = sound.map(|(name, _)| name.clone()).collect();
            if sound.is_empty() {
                return Converters(found);
            }
            found.retain(|name, _| !sound.contains(name));
        }
    }

    /// Returns the given converters and those of all parts of their values.
    fn with_parts(&self, names: BTreeSet<String>) -> BTreeSet<String> {
        let (mut all, mut open) = (BTreeSet::new(), Vec::from_iter(names));
        while let Some(name) = open.pop() {
            if let Some(converter) = self.0.get(&name)
                && all.insert(name)
            {
                open.extend(converter.shape.parts().map(str::to_owned));
            }
        }
        all
    }
}

/// Returns the parts that a converter writes: for each the variant, the converter, and the expression.
fn written_parts<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(Option<&'a str>, &'a str, &'a str)> {
    let mut variant = None;
    let mut found = Vec::new();
    for line in lines.skip_while(|line| !line.starts_with("    override fun write(")).map(str::trim) {
        if let Some(is) = line.strip_prefix("is ") {
            variant = is.strip_suffix(" -> {");
        } else if let Some((converter, part)) = line.split_once(".write(")
            && let Some(part) = part.strip_suffix(", buf)")
        {
            found.push((variant, converter, part));
        }
    }
    found
}

impl Shape {
    fn read(name: &str, written: &[(Option<&str>, &str, &str)]) -> Option<Self> {
        let field = |part: &str| Some(part.strip_prefix("value.`")?.strip_suffix('`')?.to_owned());
        Some(match *written {
            _ if name == "FfiConverterString" => Shape::String,
            [(None, of, "value")] => Shape::Optional(of.to_owned()),
            [(None, of, "it")] => Shape::List(of.to_owned()),
            [(None, key, "k"), (None, value, "v")] => {
                Shape::Map { key: key.to_owned(), value: value.to_owned() }
            }
            [(None, ..), ..] => Shape::Record(
                written
                    .iter()
                    .map(|(_, of, part)| Some((field(part)?, (*of).to_owned())))
                    .collect::<Option<_>>()?,
            ),
            [(Some(_), ..), ..] => Shape::Enum(
                written
                    .iter()
                    .map(|(variant, of, part)| Some(((*variant)?.to_owned(), field(part)?, (*of).to_owned())))
                    .collect::<Option<_>>()?,
            ),
            [] => return None,
        })
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        let parts: Vec<&str> = match self {
            Shape::String => Vec::new(),
            Shape::Optional(of) | Shape::List(of) => vec![of],
            Shape::Map { key, value } => vec![key, value],
            Shape::Record(fields) => fields.iter().map(|(_, of)| of.as_str()).collect(),
            Shape::Enum(variants) => variants.iter().map(|(_, _, of)| of.as_str()).collect(),
        };
        parts.into_iter()
    }
}

impl Converter {
    /// Returns the Kotlin function that describes and locates an error in a value.
    fn flaw(&self, converters: &Converters) -> String {
        let of = self.kotlin_type.trim_end_matches('?');
        let head = format!("    override fun flaw(value: {of}?): String?");
        match &self.shape {
            Shape::String => format!(
                "{head} {{
        if (value == null) return \" is null\"
        var place = 0
        while (place < value.length) {{
            val one = value[place++]
            if (!one.isSurrogate()) continue
            val isPair = one.isHighSurrogate() && place < value.length && value[place++].isLowSurrogate()
            if (!isPair) return \" holds half of a surrogate pair\"
        }}
        return null
    }}
"
            ),
            Shape::Optional(inner) => format!("{head} = if (value == null) null else {inner}.flaw(value)\n"),
            Shape::List(item) => {
                let items = with_nulls(of, 1);
                format!(
                    "{head} {{
        val items: {items} = value ?: return \" is null\"
        items.forEachIndexed {{ place, item -> {item}.flaw(item)?.let {{ return \"[$place]$it\" }} }}
        return null
    }}
"
                )
            }
            Shape::Map { key: keys, value: values } => {
                let entries = with_nulls(&of.replacen("Map<", "Collection<Map.Entry<", 1), 2);
                format!(
                    "{head} {{
        val entries: {entries}> = value?.entries ?: return \" is null\"
        // The message gives a position, not the key, which may be a secret passed by mistake.
        entries.forEachIndexed {{ place, entry ->
            {keys}.flaw(entry.key)?.let {{ return \"[key $place]$it\" }}
            {values}.flaw(entry.value)?.let {{ return \"[value $place]$it\" }}
        }}
        return null
    }}
"
                )
            }
            Shape::Record(fields) => {
                let found: String = fields
                    .iter()
                    .filter(|(_, of)| converters.0.contains_key(of))
                    .map(|(field, of)| {
                        format!("\n        {of}.flaw(value.`{field}`)?.let {{ return \".{field}$it\" }}")
                    })
                    .collect();
                format!(
                    "{head} {{\n        if (value == null) return \" is null\"{found}\n        return null\n    }}\n"
                )
            }
            Shape::Enum(variants) => {
                let found: String = variants
                    .iter()
                    .map(|(variant, field, of)| {
                        format!(
                            "\n        is {variant} -> {of}.flaw(value.`{field}`)?.let {{ \".{field}$it\" }}"
                        )
                    })
                    .collect();
                format!(
                    "{head} = when (value) {{\n        null -> \" is null\"{found}\n        else -> null\n    }}\n"
                )
            }
        }
    }
}

/// Returns the type with nullable parts, because Java can put null into a collection.
fn with_nulls(of: &str, parts: usize) -> String {
    let nullable = of.trim_end_matches('>').replacen(", ", "?, ", parts - 1);
    format!("{nullable}?{}", ">".repeat(of.len() - of.trim_end_matches('>').len()))
}
