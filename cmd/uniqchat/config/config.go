// Package config reads how uniqchat is set up: a YAML file, over it the environment, over that the command line.
//
// It owns the names of the keys and what values are sane. It never acts on them.
package config

import (
	"fmt"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/uniqchat/uniqchat/server/load"
)

// Config is every key. Names are fixed: outside programs set them.
type Config struct {
	HTTP      HTTP      `yaml:"http"`
	WS        WS        `yaml:"ws"`
	TCP       TCP       `yaml:"tcp"`
	Admin     Admin     `yaml:"admin"`
	Proxies   Proxies   `yaml:"proxies"`
	Storage   Storage   `yaml:"storage"`
	Redis     Redis     `yaml:"redis"`
	DataDir   string    `yaml:"data_dir" doc:"where the database, files that were sent up and the demo's password are kept"`
	Uploads   Uploads   `yaml:"uploads"`
	Audit     Audit     `yaml:"audit"`
	Engine    Engine    `yaml:"engine"`
	Log       Log       `yaml:"log"`
	Limits    Limits    `yaml:"limits"`
	Heartbeat Heartbeat `yaml:"heartbeat"`
	Flash     Flash     `yaml:"flash"`
	Drain     Drain     `yaml:"drain"`
	Webhooks  Webhooks  `yaml:"webhooks"`
	SMTP      SMTP      `yaml:"smtp"`

	Encryption Encryption `yaml:"encryption"`
	AI         AI         `yaml:"ai"`
}

// HTTP is the listener of API and pages.
type HTTP struct {
	Listen    string `yaml:"listen" doc:"address of the API, console, widget and demo shop"`
	PublicURL string `yaml:"public_url" doc:"where people find the console, e.g. https://chat.example.com: what links in mails and invites begin with; if empty, mails take http.listen, and invites http and the host that was asked"`
}

// WS is the WebSocket listener.
type WS struct {
	Listen    string `yaml:"listen" doc:"address of the WebSocket listener"`
	PublicURL string `yaml:"public_url" doc:"what clients are told to connect to, e.g. wss://chat.example.com/ws; built from ws.listen if empty"`
}

// TCP is the listener of the binary protocol without WebSocket.
type TCP struct {
	Listen string `yaml:"listen" doc:"address of the raw TCP listener, or off"`
}

// Admin is the listener of health and metrics.
type Admin struct {
	Listen      string `yaml:"listen" doc:"address of /healthz, /readyz, /metrics and profiles, or off"`
	AllowRemote bool   `yaml:"allow_remote" doc:"let admin.listen be an address that is not loopback"`
}

// Proxies says whom to believe about a client's address.
type Proxies struct {
	Trusted string `yaml:"trusted" doc:"networks of proxies in front, with commas between, whose X-Forwarded-For is believed"`
}

// Storage says where things are kept.
type Storage struct {
	URL string `yaml:"url" doc:"sqlite:<path of the file> (<data_dir>/uniqchat.db if empty), or postgres://user:password@host/name together with redis.url"`
	Ack string `yaml:"ack" doc:"what an acknowledgement stands for: fsync (on the disk of the log), redis (in its memory) or replica (on the disk, and in the memory of a replica)"`
}

// Redis is the log of a cluster.
type Redis struct {
	URL string `yaml:"url" doc:"the log of a cluster: redis://[user:password@]host:port[/db]; several hosts with commas between for Redis Cluster, and ?master=NAME for Sentinel"`
}

// Uploads is what becomes of files that are sent up.
type Uploads struct {
	Store       string   `yaml:"store" doc:"where files are kept: a directory that all nodes share (<data_dir>/uploads if empty), or s3://[key:secret@]host[:port]/bucket[/folder][?region=…&tls=off]"`
	MaxBytes    int      `yaml:"max_bytes" doc:"bytes of one file"`
	MaxPixels   int      `yaml:"max_pixels" doc:"pixels of one image"`
	TenantBytes int      `yaml:"tenant_bytes" doc:"bytes that one tenant's files may take; 0: no limit"`
	UnsentLife  Duration `yaml:"unsent_life" doc:"how long a file is kept that no message names"`
	LinkLife    Duration `yaml:"link_life" doc:"how long a link to a file works without a credential"`
}

// Audit is where the audit log is signed and checked from.
type Audit struct {
	Key             string   `yaml:"key" doc:"file of the key that signs the audit log, made if it is missing (<data_dir>/audit.key if empty); nodes of a cluster share it, or each lists the others' public keys"`
	Checkpoint      string   `yaml:"checkpoint" doc:"file that says how long the audit log was, so that a cut one shows (<data_dir>/audit.checkpoint if empty); best on another machine's disk"`
	CheckpointEvery Duration `yaml:"checkpoint_every" doc:"how long a new entry may be without a checkpoint"`
}

// Engine is how live connections are carried.
type Engine struct {
	MaxConnections int `yaml:"max_connections" doc:"connections at once; 0: what the limit of open files holds"`
	Loops          int `yaml:"loops" doc:"event loops; 0: one for each processor"`
}

// Log is what is written about the program's own life.
type Log struct {
	Level  string `yaml:"level" doc:"debug, info, warn or error"`
	Format string `yaml:"format" doc:"text, json or auto (text on a terminal)"`
}

// Limits is what one client may do.
type Limits struct {
	ConnectionsPerAddress       int       `yaml:"connections_per_address" doc:"live connections of one address at once; 0: no limit"`
	AcceptsPerAddressPerSecond  int       `yaml:"accepts_per_address_per_second" doc:"new live connections of one address a second; 0: no limit"`
	SessionsPerAddressPerSecond float64   `yaml:"sessions_per_address_per_second" doc:"widget sessions of one address a second; 0: no limit"`
	Visitor                     RoleLimit `yaml:"visitor"`
	Agent                       RoleLimit `yaml:"agent"`
	Tenant                      Requests  `yaml:"tenant"`
	Address                     Address   `yaml:"address"`
}

// Requests is how often a tenant may call the API.
type Requests struct {
	Rate  float64 `yaml:"request_rate" doc:"API requests a second of all visitors, agents and API tokens of a tenant, over all nodes; 0: no limit"`
	Burst int     `yaml:"request_burst" doc:"API requests of a tenant at once"`
}

// Address is how often those may call the API who prove nothing.
type Address struct {
	Rate  float64 `yaml:"request_rate" doc:"API requests a second without a valid credential of one address, on each node; 0: no limit"`
	Burst int     `yaml:"request_burst" doc:"API requests without a valid credential of one address at once"`
}

// RoleLimit is what one connection of a role may send, and how often one of them may call the API.
type RoleLimit struct {
	SendRate  float64 `yaml:"send_rate" doc:"messages a second"`
	SendBurst int     `yaml:"send_burst" doc:"messages at once"`
	Window    int     `yaml:"window" doc:"messages without an acknowledgement"`

	RequestRate  float64 `yaml:"request_rate" doc:"API requests a second of one of them, over all nodes; 0: no limit but the tenant's"`
	RequestBurst int     `yaml:"request_burst" doc:"API requests of one of them at once"`
}

// Heartbeat is how connections are kept alive, by role; raw TCP takes api's.
type Heartbeat struct {
	Visitor Beat `yaml:"visitor"`
	Agent   Beat `yaml:"agent"`
	API     Beat `yaml:"api"`
}

// Beat is one heartbeat.
type Beat struct {
	Ping Duration `yaml:"ping" doc:"silence after which the server asks"`
	Pong Duration `yaml:"pong" doc:"time to answer"`
}

// Flash is how a node behaves when very many come at once. Messages are never left out.
type Flash struct {
	At       Duration `yaml:"leave_out_at" doc:"how late work may be before a node leaves out what matters least: presence of visitors first, at twice as much also who types, then the live board, then answers of bots; never messages; 0: only what flash.leave_out says"`
	LeaveOut string   `yaml:"leave_out" doc:"what is left out whatever the load, in the same order: normal (nothing), presence, typing, board or ai"`
	Connects float64  `yaml:"connects_per_second" doc:"visitors a second that may connect to a node; others are told when it is their turn, and who talks already comes first; 0: no limit"`
}

// Drain is how the server takes leave.
type Drain struct {
	Window Duration `yaml:"window" doc:"how long connections are given to move on SIGTERM"`
}

// Webhooks is how tenants' endpoints are told of events.
type Webhooks struct {
	AllowNetworks string   `yaml:"allow_networks" doc:"networks with commas between that webhooks may be sent to though they are not public, e.g. 10.1.2.0/24; others that are private, loopback or link-local are refused"`
	Timeout       Duration `yaml:"timeout" doc:"how long an endpoint may take to answer"`
	Retention     Duration `yaml:"retention" doc:"how long deliveries and their log are kept"`
}

// Encryption is how what people write is sealed before it is kept.
type Encryption struct {
	Enabled bool   `yaml:"enabled" doc:"seal message bodies and personal fields at rest; false with a key still set opens in the background what is sealed"`
	KeyFile string `yaml:"key_file" doc:"a file of master keys, one a line, the newest first (uniqchat keys generate); read again when it changes"`
	Key     Secret `yaml:"key" doc:"the master keys themselves instead of a file, with commas between; meant for the environment"`
}

// AI is how tenants' knowledge bases are searched, how large they may be, and how their bots answer.
type AI struct {
	Embedder         string `yaml:"embedder" doc:"what finds texts by their meaning: local (a model in this binary), openai (a model of a server that speaks like OpenAI's) or none (by words alone); nodes of a cluster must agree, and after a change indexes are built anew with the next change of a document"`
	EmbedderURL      string `yaml:"embedder_url" doc:"with ai.embedder openai: the server that vectors are asked of, e.g. https://api.openai.com/v1; /embeddings is put behind it. It is sent all texts of knowledge bases, and what is asked of them"`
	EmbedderModel    string `yaml:"embedder_model" doc:"with ai.embedder openai: the model, e.g. text-embedding-3-small; whatever is called the same must be the same"`
	EmbedderKey      Secret `yaml:"embedder_key" doc:"with ai.embedder openai: the key, sent as Bearer; empty: none. Meant for the environment"`
	EmbedderKeyFile  string `yaml:"embedder_key_file" doc:"file with the key, instead of ai.embedder_key"`
	EmbedderDims     int    `yaml:"embedder_dimensions" doc:"with ai.embedder openai: how many values a vector is to have, which the server is told; 0: as many as the model makes"`
	Dictionary       bool   `yaml:"dictionary" doc:"give the local embedder a Chinese-English dictionary (CC-CEDICT, CC BY-SA 4.0)"`
	MaxDocuments     int    `yaml:"max_documents" doc:"documents of one tenant's knowledge base"`
	MaxDocumentBytes int    `yaml:"max_document_bytes" doc:"bytes of one document's text"`
	TenantBytes      int    `yaml:"tenant_bytes" doc:"bytes of all texts of one tenant"`
	Workers          int    `yaml:"workers" doc:"questions that this node's bots answer at once; of one tenant at most half of those that are free; 0: this node's answer none"`
	AllowNetworks    string `yaml:"allow_networks" doc:"networks (CIDR) that tenants' engines may be in though they are not public, comma-separated, e.g. 127.0.0.0/8 for a model on this machine; empty: none"`
}

// What AI.Embedder may be.
const (
	EmbedderLocal  = "local"
	EmbedderOpenAI = "openai"
	EmbedderNone   = "none"
)

// SMTP is the server that mail goes out through.
type SMTP struct {
	Host             string   `yaml:"host" doc:"name of the SMTP server that mail goes out through; empty: no mail is sent, and what needs it says so"`
	Port             int      `yaml:"port" doc:"its port; 0: 587, or 465 with smtp.tls implicit"`
	TLS              string   `yaml:"tls" doc:"starttls (the server must offer it), implicit (from the first byte) or none (only to this machine)"`
	AllowInsecure    bool     `yaml:"allow_insecure" doc:"let smtp.tls none be used to another machine: whoever is on the way can read links to accounts"`
	Username         string   `yaml:"username" doc:"name to log in with; empty: without logging in"`
	Password         Secret   `yaml:"password" doc:"password to log in with"`
	PasswordFile     string   `yaml:"password_file" doc:"file with the password, instead of smtp.password"`
	From             string   `yaml:"from" doc:"sender of mails, e.g. Support <support@example.com>"`
	Timeout          Duration `yaml:"timeout" doc:"how long one attempt may take"`
	GiveUp           Duration `yaml:"give_up" doc:"how long after it was queued a mail is not tried any more"`
	TenantPerHour    int      `yaml:"tenant_per_hour" doc:"mails an hour that one tenant may have sent"`
	RecipientPerHour int      `yaml:"recipient_per_hour" doc:"mails an hour to one address on one tenant's behalf"`
}

// Secret is a text that is not shown.
type Secret string

// String shows whether there is one.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// Duration is a time.Duration that is written like 20s or 1m30s.
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration takes.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%.40q is not a duration; write one like 20s or 1m30s", b)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalYAML is UnmarshalText for a file, where a mistake has a place.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	if err := d.UnmarshalText([]byte(n.GetToken().Value)); err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
	}
	return nil
}

// MarshalText is the reverse of UnmarshalText.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// String returns the duration as it is written.
func (d Duration) String() string { return time.Duration(d).String() }

// Default returns the configuration of somebody who says nothing.
func Default() *Config {
	beat := func(ping, pong time.Duration) Beat { return Beat{Duration(ping), Duration(pong)} }
	return &Config{
		HTTP: HTTP{Listen: "127.0.0.1:8080"}, WS: WS{Listen: "127.0.0.1:8081"}, TCP: TCP{"127.0.0.1:8082"}, Admin: Admin{Listen: "127.0.0.1:8083"},
		Storage: Storage{Ack: "fsync"}, DataDir: "./data", Log: Log{"info", "auto"},
		Uploads: Uploads{
			MaxBytes: 20 << 20, MaxPixels: 40_000_000, TenantBytes: 10 << 30,
			UnsentLife: Duration(24 * time.Hour), LinkLife: Duration(15 * time.Minute),
		},
		Audit: Audit{CheckpointEvery: Duration(time.Second)},
		Limits: Limits{
			ConnectionsPerAddress: 0, SessionsPerAddressPerSecond: 20,
			Visitor: RoleLimit{10, 40, 32, 20, 100}, Agent: RoleLimit{50, 200, 128, 0, 200},
			Tenant: Requests{1000, 2000}, Address: Address{100, 1000},
		},
		Heartbeat: Heartbeat{
			Visitor: beat(45*time.Second, 15*time.Second), Agent: beat(20*time.Second, 10*time.Second), API: beat(120*time.Second, 30*time.Second),
		},
		Flash:    Flash{At: Duration(time.Second), LeaveOut: load.Normal.String()},
		Drain:    Drain{Duration(10 * time.Second)},
		Webhooks: Webhooks{Timeout: Duration(10 * time.Second), Retention: Duration(7 * 24 * time.Hour)},
		AI:       AI{Embedder: EmbedderLocal, Dictionary: true, MaxDocuments: 2000, MaxDocumentBytes: 1_000_000, TenantBytes: 20_000_000, Workers: 512},
		SMTP: SMTP{
			TLS: "starttls", Timeout: Duration(30 * time.Second), GiveUp: Duration(24 * time.Hour), TenantPerHour: 1000, RecipientPerHour: 30,
		},
	}
}
