package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// secretPrefix stands before the base64 of a secret (Standard Webhooks, "Signature scheme").
const secretPrefix = "whsec_"

// Sign returns what webhook-signature says of a body: for every secret, newest first, "v1," and the base64 of HMAC-SHA256 over
// id, timestamp (seconds since 1970) and body with dots between; with blanks between signatures.
func Sign(secrets []string, id, timestamp string, body []byte) (string, error) {
	out := make([]string, 0, len(secrets))
	for _, s := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, secretPrefix))
		if err != nil {
			return "", fmt.Errorf("a secret is not base64: %w", err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(out, " "), nil
}
