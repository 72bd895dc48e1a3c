// Package smtpsink is an SMTP server for tests: it takes every mail, delivers none, and can be told to be difficult.
//
// It owns what a test wants to know of mails that arrived. It never appears in a program.
package smtpsink

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// Options make a Sink difficult. The zero Options take everything, with STARTTLS offered.
type Options struct {
	NoTLS    bool // STARTTLS is not offered
	Implicit bool // TLS from the first byte
	// User and Password must be given, if User is not empty.
	User, Password string
	// Refuse decides about each mail of a recipient; nil takes it.
	Refuse func(to string, try int) *smtp.SMTPError
}

// Sink is a running server. Safe for concurrent use.
type Sink struct {
	Host string
	Port int
	// Roots holds the certificate's authority; CAFile has it as PEM.
	Roots  *x509.CertPool
	CAFile string

	o    Options
	mu   sync.Mutex
	news chan struct{}
	got  []Message
	try  map[string]int
}

// Message is a mail as it arrived.
type Message struct {
	From string
	To   []string
	Raw  []byte
	TLS  bool
	User string
}

// Start starts a server that ends with the test.
func Start(t testing.TB, o Options) *Sink {
	t.Helper()
	s := &Sink{Host: "127.0.0.1", Roots: x509.NewCertPool(), o: o, news: make(chan struct{}, 1), try: map[string]int{}}
	cert, authority := certificate(t)
	s.Roots.AddCert(authority)
	s.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(s.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}), 0o600))
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{sink: s, conn: c}, nil }))
	server.Domain, server.ReadTimeout, server.WriteTimeout = "sink.test", 10*time.Second, 10*time.Second
	server.MaxMessageBytes, server.MaxRecipients = 10<<20, 10
	server.ErrorLog = quiet{}
	conf := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if !o.NoTLS {
		server.TLSConfig = conf
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.Port = ln.Addr().(*net.TCPAddr).Port
	if o.Implicit {
		ln = tls.NewListener(ln, conf)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-ended; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Errorf("the SMTP sink ended: %v", err)
		}
	})
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// certificate makes a key and a certificate of this machine that vouches for itself.
func certificate(t testing.TB) (tls.Certificate, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sink.test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	require.NoError(t, err)
	authority, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority
}

// Messages returns what has arrived so far.
func (s *Sink) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.got...)
}

// patience is how long Wait waits. A mail whose sender died may be claimed for a minute, and is refused and tried again after that.
const patience = 4 * time.Minute

// Wait waits until n mails have arrived, and returns them.
func (s *Sink) Wait(t testing.TB, n int) []Message {
	t.Helper()
	late := time.After(patience)
	for {
		if got := s.Messages(); len(got) >= n {
			return got
		}
		select {
		case <-s.news:
		case <-late:
			t.Fatalf("%d mails arrived in %s, not %d", len(s.Messages()), patience, n)
		}
	}
}

type session struct {
	sink *Sink
	conn *smtp.Conn
	m    Message
	user string
}

func (s *session) Reset()        { s.m = Message{} }
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string {
	if s.sink.o.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.sink.o.User || password != s.sink.o.Password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password"}
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.sink.o.User != "" && s.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "log in first"}
	}
	s.m.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.sink.mu.Lock()
	s.sink.try[to]++
	n := s.sink.try[to]
	s.sink.mu.Unlock()
	if s.sink.o.Refuse != nil {
		if err := s.sink.o.Refuse(to, n); err != nil {
			return err
		}
	}
	s.m.To = append(s.m.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := s.m
	m.Raw, m.User = raw, s.user
	_, m.TLS = s.conn.TLSConnectionState()
	if _, ok := s.conn.Conn().(*tls.Conn); ok {
		m.TLS = true
	}
	s.sink.mu.Lock()
	s.sink.got = append(s.sink.got, m)
	s.sink.mu.Unlock()
	select {
	case s.sink.news <- struct{}{}:
	default:
	}
	return nil
}

// Read takes a mail apart: its headers, decoded, and its two bodies.
func (m *Message) Read(t testing.TB) (header mail.Header, text, html string) {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Equal(t, "quoted-printable", p.Header.Get("Content-Transfer-Encoding"))
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		require.NoError(t, err)
		switch kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); kind {
		case "text/plain":
			text = string(body)
		case "text/html":
			html = string(body)
		default:
			t.Fatalf("a part of type %s", kind)
		}
	}
	return msg.Header, text, html
}

// Subject is the mail's, decoded.
func (m *Message) Subject(t testing.TB) string {
	t.Helper()
	h, _, _ := m.Read(t)
	s, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	require.NoError(t, err)
	return s
}
