//! Limits on use: what `rate_limit` and keys with limits of their own have in common.

mod alert;
mod estimate;
mod limit;
mod limiter;
mod ticket;

pub(crate) use alert::AlertSettings;
pub(crate) use limit::{OwnLimits, WindowSettings, limits, properties, split};
pub(crate) use limiter::{Limiter, MissingPrice, StoreFailure};
