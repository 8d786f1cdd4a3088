//! Content negotiation: header values whose elements carry a weight (RFC 9110, section 12.4.2).

/// Returns the elements of an `Accept-…` header in lower case, the most preferred first, without those excluded by
/// `q=0`.
pub(crate) fn by_preference(header: &str) -> Vec<String> {
    let mut weighted: Vec<(String, f32)> = header
        .split(',')
        .filter_map(|element| {
            let mut parts = element.split(';').map(str::trim);
            let value = parts.next().filter(|value| !value.is_empty())?;
            let weight = parts
                .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
                .map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
            (weight > 0.0).then(|| (value.to_ascii_lowercase(), weight))
        })
        .collect();
    weighted.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    weighted.into_iter().map(|(value, _)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::by_preference;

    #[test]
    fn weights_order_the_elements_and_zero_refuses_one() {
        assert_eq!(by_preference("en;q=0.5, de-AT, fr;q=0, ja ; q=0.9"), ["de-at", "ja", "en"]);
        assert!(by_preference(" , ;q=1").is_empty());
    }
}
