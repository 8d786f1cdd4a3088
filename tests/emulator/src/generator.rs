//! Identifiers, secrets and tokens, generated from the seed. They look real and protect nothing.

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A generator that returns the same values in the same order for the same seed.
#[derive(Debug)]
pub(crate) struct Generator {
    random: fastrand::Rng,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// Returns a UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let bits = self.random.u128(..);
        let bits = bits & !(0xf << 76) | (0x4 << 76);
        let bits = bits & !(0x3 << 62) | (0x2 << 62);
        let digits = format!("{bits:032x}");
        let (a, rest) = digits.split_at(8);
        let (b, rest) = rest.split_at(4);
        let (c, rest) = rest.split_at(4);
        let (d, e) = rest.split_at(4);
        format!("{a}-{b}-{c}-{d}-{e}")
    }

    /// Returns a client secret: 43 URL-safe characters.
    pub(crate) fn secret(&mut self) -> String {
        self.url_safe(43)
    }

    /// Returns an access or refresh token: 86 URL-safe characters.
    pub(crate) fn token(&mut self) -> String {
        self.url_safe(86)
    }

    /// Returns an authorization code: 64 URL-safe characters.
    pub(crate) fn code(&mut self) -> String {
        self.url_safe(64)
    }

    /// Returns one of the given values; there must be at least one.
    pub(crate) fn choose<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.random.usize(..values.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, values: &mut [T]) {
        self.random.shuffle(values);
    }

    fn url_safe(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(URL_SAFE[self.random.usize(..64)])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Generator;

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        let uuid = Generator::new(7).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"), "{uuid}");
    }

    #[test]
    fn the_same_seed_generates_the_same_values() {
        assert_eq!(Generator::new(3).secret(), Generator::new(3).secret());
        assert_ne!(Generator::new(3).secret(), Generator::new(4).secret());
        assert_eq!(Generator::new(3).secret().len(), 43);
    }
}
