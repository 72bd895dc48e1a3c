// Package seal encrypts what people write before it is kept, with a key of each tenant's own.
//
// It owns keys and the form of a sealed value. Keys are in three layers: master keys, which are in a file or the environment and
// never in the database; tenants' data keys, which are in the database sealed by a master key; and sealed values, which name the data
// key they were sealed with and are bound to the tenant, column and row they stand in. Search words and fingerprints become HMACs
// under a key of the tenant's that lasts. It never decides what is sealed: the drivers do, column by column.
//
// Sealing is XChaCha20-Poly1305, whose nonces may be random however much is sealed with one key (docs/adr/0023-encryption-at-rest.md).
package seal
