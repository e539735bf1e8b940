//! The chat API's own shapes: what is asked, what is answered, how errors and limits are told. Pure reading and writing of JSON
//! and field values; nothing here knows how they travelled.

pub mod chunk;
pub mod edit;
pub mod error;
pub mod families;
pub mod history;
pub mod json;
pub mod limits;
pub mod model;
pub mod native;
pub mod overflow;
pub mod reply;
pub mod request;
pub mod shape;
pub mod tokens;
