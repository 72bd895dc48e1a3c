package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/outbound/mail"
)

// maxSecretFile is how large a file with a secret may be, in bytes.
const maxSecretFile = 4096

// readSecrets reads secrets that are in files of their own.
func (c *Config) readSecrets() error {
	if err := readSecret("smtp.password", "password", c.SMTP.PasswordFile, &c.SMTP.Password); err != nil {
		return err
	}
	return readSecret("ai.embedder_key", "key", c.AI.EmbedderKeyFile, &c.AI.EmbedderKey)
}

// readSecret reads the secret of a key from a file, if one is named.
func readSecret(key, what, path string, into *Secret) error {
	if path == "" {
		return nil
	}
	if *into != "" {
		return fmt.Errorf("%s_file: %s is set, too; leave one of them out", key, key)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s_file: %w", key, err)
	}
	if len(b) == 0 || len(b) > maxSecretFile {
		return fmt.Errorf("%s_file: %s has %d bytes; a %s has 1 to %d", key, path, len(b), what, maxSecretFile)
	}
	*into = Secret(strings.TrimRight(string(b), "\r\n"))
	return nil
}

func (c *Config) validateMail(v *mistakes) {
	s := &c.SMTP
	if u, err := url.Parse(c.HTTP.PublicURL); c.HTTP.PublicURL != "" &&
		(err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		v.add("http.public_url: %q is not where a browser finds the console; write a scheme and a host, e.g. https://chat.example.com", c.HTTP.PublicURL)
	}
	v.oneOf("smtp.tls", s.TLS, mail.StartTLS, mail.Implicit, mail.None)
	v.between("smtp.timeout", s.Timeout, time.Second, 5*time.Minute)
	v.between("smtp.give_up", s.GiveUp, time.Minute, 7*24*time.Hour)
	v.atLeast("smtp.tenant_per_hour", float64(s.TenantPerHour), 1)
	v.atLeast("smtp.recipient_per_hour", float64(s.RecipientPerHour), 1)
	if s.Port < 0 || s.Port > 65535 {
		v.add("smtp.port: %d; use 1 to 65535, or 0 for the usual one", s.Port)
	}
	if s.Host == "" {
		if s.Username != "" || s.From != "" {
			v.add("smtp.host: is empty, but smtp.username or smtp.from is set; name the server, or take them out")
		}
		return
	}
	if strings.ContainsAny(s.Host, ":/ @") && net.ParseIP(s.Host) == nil {
		v.add("smtp.host: %q is no name of a host; write it alone, and the port as smtp.port", s.Host)
	}
	if _, err := mail.ParseFrom(s.From); err != nil {
		v.add("smtp.from: %v; write e.g. Support <support@example.com>", err)
	}
	if s.Username != "" && s.Password == "" {
		v.add("smtp.password: is empty, but smtp.username is set; set it, or smtp.password_file")
	}
	local := isLoopback(net.JoinHostPort(s.Host, "0"))
	if s.TLS == mail.None && !local && !s.AllowInsecure {
		v.add("smtp.tls: none sends links to accounts in the clear to %s; use starttls or implicit, or set smtp.allow_insecure: true", s.Host)
	}
	if s.TLS == mail.None && s.Username != "" {
		v.add("smtp.username: with smtp.tls none the password would go in the clear; use starttls or implicit")
	}
	if c.HTTP.PublicURL == "" && !isLoopback(c.HTTP.Listen) {
		v.add("http.public_url: is empty, but mail is sent and http.listen is not this machine alone; say what links in mails begin with, e.g. https://chat.example.com")
	}
}

// MailPort is smtp.port, or the usual one.
func (c *Config) MailPort() int {
	switch {
	case c.SMTP.Port != 0:
		return c.SMTP.Port
	case c.SMTP.TLS == mail.Implicit:
		return 465
	}
	return 587
}
