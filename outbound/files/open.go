package files

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

// Scheme begins the address of a bucket.
const Scheme = "s3://"

// Open opens what an address names, a directory or s3://[key:secret@]host[:port]/bucket[/folder][?region=…&tls=off], and looks
// whether it can be written to.
func Open(ctx context.Context, address string) (chat.Files, error) {
	if !strings.HasPrefix(address, Scheme) {
		return openDirectory(address)
	}
	b, err := ParseBucket(address)
	if err != nil {
		return nil, err
	}
	return openBucket(ctx, b)
}

// Bucket is the address of a bucket.
type Bucket struct {
	Endpoint string // host[:port]
	Name     string
	Folder   string // what stands before every name: empty, or with a slash at the end
	Region   string
	Insecure bool // HTTP without TLS
	// Key and Secret; both empty: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment, or the machine's role.
	Key, Secret string
}

var errAddress = errors.New("write s3://[key:password@]host[:port]/bucket[/folder][?region=…&tls=off], or the path of a directory")

// ParseBucket reads an address. Errors say nothing of the secret.
func ParseBucket(address string) (b Bucket, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.Fragment != "" {
		return b, errAddress
	}
	b.Endpoint = u.Host
	b.Name, b.Folder, _ = strings.Cut(strings.Trim(u.Path, "/"), "/")
	if b.Name == "" {
		return b, fmt.Errorf("names no bucket; %w", errAddress)
	}
	if b.Folder != "" {
		b.Folder += "/"
	}
	b.Key = u.User.Username()
	b.Secret, _ = u.User.Password()
	if (b.Key == "") != (b.Secret == "") {
		return b, fmt.Errorf("has half a credential; %w", errAddress)
	}
	for name, values := range u.Query() {
		switch {
		case name == "region":
			b.Region = values[0]
		case name == "tls" && values[0] == "off":
			b.Insecure = true
		default:
			return b, fmt.Errorf("has %q behind the question mark; %w", name, errAddress)
		}
	}
	return b, nil
}
