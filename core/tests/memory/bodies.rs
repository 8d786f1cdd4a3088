//! Bodies that take much more memory than bytes on the wire, or much processing time.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// The decompressed size of the repeated part of a compressed body, in bytes.
const UNIT: usize = 1024 * 1024;

/// A body that repeats a part as often as its size permits.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) begin: &'static str,
    pub(crate) repeated: Repeated,
    pub(crate) end: &'static str,
}

#[derive(Clone, Copy)]
pub(crate) enum Repeated {
    Same(&'static str),
    /// The key `"k000001":"",` with a different number in each repetition.
    Keys,
}

impl Shape {
    const fn new(name: &'static str, begin: &'static str, repeated: &'static str, end: &'static str) -> Self {
        Shape { name, begin, repeated: Repeated::Same(repeated), end }
    }
}

pub(crate) const ZEROS: Shape = Shape::new("[0,0,…]", "[", "0,", "0]");
pub(crate) const ERRORS: Shape = Shape::new("many errors", r#"{"errors":["#, "{},", "{}]}");
pub(crate) const DETAILS: Shape = Shape::new("many details", r#"{"details":["#, "{},", "{}]}");
pub(crate) const UNKNOWN: Shape = Shape::new("an unknown field", r#"{"trace":["#, "{},", "{}]}");
pub(crate) const ENTITIES: Shape =
    Shape::new("many tiny entities", r#"{"entities":["#, r#"{"id":"a"},"#, r#"{"id":"a"}]}"#);
pub(crate) const BRACKETS: Shape = Shape::new("deep nesting", "[", "[", "]");
pub(crate) const NESTED_ERRORS: Shape = Shape::new("errors in errors", "{}", r#"{"errors":["#, "]}");
pub(crate) const MESSAGE: Shape = Shape::new("a huge message", r#"{"message":""#, "a", r#""}"#);
pub(crate) const ESCAPES: Shape = Shape::new("a message of escapes", r#"{"message":""#, r"\u0001", r#""}"#);
pub(crate) const URI: Shape = Shape::new("a huge string", r#"{"entities":[],"nextUri":""#, "a", r#""}"#);
pub(crate) const NO_JSON: Shape = Shape::new("a page", "<html>", "<br>", "</html>");
pub(crate) const TOKEN: Shape =
    Shape::new("a huge token", r#"{"token_type":"bearer","access_token":""#, "a", r#""}"#);
pub(crate) const LOGIN_ERROR: Shape =
    Shape::new("a huge description", r#"{"error":"invalid_client","description":""#, "a", r#""}"#);
pub(crate) const PARAMS: Shape = Shape {
    name: "many parameters",
    begin: r#"{"message":"m","messageParams":{"#,
    repeated: Repeated::Keys,
    end: r#""last":""}}"#,
};

impl Shape {
    /// Returns the body with at most `size` bytes.
    pub(crate) fn body(&self, size: usize) -> Vec<u8> {
        let room = size.saturating_sub(self.begin.len() + self.end.len());
        [self.begin.as_bytes(), &self.unit(room), self.end.as_bytes()].concat()
    }

    fn unit(&self, room: usize) -> Vec<u8> {
        match self.repeated {
            Repeated::Same(part) => part.repeat(room / part.len()).into_bytes(),
            Repeated::Keys => {
                let one = |number| format!("\"k{number:07}\":\"\",");
                (0..room / one(0).len()).flat_map(|number| one(number).into_bytes()).collect()
            }
        }
    }

    /// Returns the body as gzip, with this decompressed size. Its middle is compressed once and the result repeated,
    /// which is sixty times faster.
    pub(crate) fn gzipped(&self, size: usize) -> Vec<u8> {
        let unit = self.unit(UNIT);
        let packed_unit = deflate(&unit, FlushCompress::Full);
        // Identification, deflate, no flags, no time, no extra flags, unknown operating system.
        let mut packed = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
        let mut checksum = Crc::new();
        let mut unit_checksum = Crc::new();
        unit_checksum.update(&unit);
        packed.extend(deflate(self.begin.as_bytes(), FlushCompress::Full));
        checksum.update(self.begin.as_bytes());
        for _ in 0..size / UNIT {
            packed.extend_from_slice(&packed_unit);
            checksum.combine(&unit_checksum);
        }
        packed.extend(deflate(self.end.as_bytes(), FlushCompress::Finish));
        checksum.update(self.end.as_bytes());
        packed.extend(checksum.sum().to_le_bytes());
        packed.extend(checksum.amount().to_le_bytes());
        packed
    }
}

fn deflate(bytes: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut packed = Vec::with_capacity(bytes.len() + 1024);
    let status = compress.compress_vec(bytes, &mut packed, flush).expect("compressed");
    assert!(matches!(status, Status::Ok | Status::StreamEnd));
    assert_eq!(compress.total_in(), bytes.len() as u64, "the input must be compressed in one step");
    packed
}
