// Package eval measures the parts of ai on public sets of questions and prints one table. It reads a folder laid out as
// docs/ai.md says and tunes nothing: what it trains (intents), it trains on rows named train, and reports on others.
package eval
