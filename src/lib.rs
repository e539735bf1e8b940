//! llmcheck
pub mod api;
pub mod cli;
pub mod commands;
pub mod config;
pub mod diagnosis;
pub mod evidence;
pub mod exchange;
pub mod lab;
pub mod lang;
pub mod plan;
pub mod report;
pub mod resilience;
pub mod secret;
pub mod wire;
