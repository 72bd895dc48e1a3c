// The numbers and names of the protocol, made from the Go package codec by go generate ./web. Not to be edited.

/** Close codes of protocol.md. */
export const closeDraining = 3001;
export const closeInternal = 3004;
export const closeSlow = 3008;
export const closeRebalance = 3011;
export const closeNoPong = 3012;
export const closeTooMany = 3013;
export const closeStorage = 3015;
export const closeBadToken = 3500;
export const closeBadFrame = 3501;
export const closeHandshake = 3502;
export const closeKicked = 3503;
export const closeConnLimit = 3504;
export const closeReplaced = 3509;
export const closeVersion = 3510;

/** Values of fields by their numbers: the first is what is meant when a field is missing. */
export const roleNames = ["system", "visitor", "agent", "bot", "api"] as const;
export const kindNames = ["text", "image", "file", "card", "form", "system"] as const;
export const visibilityNames = ["public", "internal"] as const;
export const typingNames = ["stop", "typing"] as const;
export const availabilityNames = ["offline", "online", "busy", "away"] as const;
export const watchNames = ["none", "inbox", "board"] as const;
export const typeNames = ["connect", "connack", "ping", "pong", "disconnect", "error", "send", "sendack", "message", "read", "receipt", "typing", "durable", "event", "stream", "join", "joined", "leave", "sync", "synced", "gap", "status", "track", "watch"] as const;
