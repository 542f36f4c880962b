//! temporary
/// x
pub const PARTITION_HASH: &str = "fnv1a-64";
