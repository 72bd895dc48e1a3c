package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"
)

// Prefix begins the names of environment variables: http.listen is UNIQCHAT_HTTP_LISTEN.
const Prefix = "UNIQCHAT_"

// Key is one leaf of Config.
type Key struct {
	Name string // as in the file: http.listen
	Doc  string
	v    reflect.Value
}

// Env returns the name of the key's environment variable.
func (k *Key) Env() string { return Prefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_")) }

// String returns the key's value as it would be written.
func (k *Key) String() string {
	if s, ok := k.v.Interface().(fmt.Stringer); ok { // a Duration or a Secret
		return s.String()
	}
	return fmt.Sprint(k.v.Interface())
}

// userInfo is what stands between the scheme of an address and its host.
var userInfo = regexp.MustCompile(`://([^/@?#]*):[^/?#]*@`)

// Shown is String without passwords: for screens, and for what is copied from them into a report.
func (k *Key) Shown() string { return userInfo.ReplaceAllString(k.String(), "://$1:***@") }

// set reads the key's value from text.
func (k *Key) set(text string) error {
	if u, ok := k.v.Addr().Interface().(interface{ UnmarshalText([]byte) error }); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch k.v.Kind() {
	case reflect.String:
		k.v.SetString(text)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%.40q is not a whole number", text)
		}
		k.v.SetInt(int64(n))
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%.40q is not a number", text)
		}
		k.v.SetFloat(f)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%.40q is neither true nor false", text)
		}
		k.v.SetBool(b)
	default:
		panic("config: no way to read a " + k.v.Type().String())
	}
	return nil
}

// Keys returns every key of c, in the order of the file. Setting them changes c.
func (c *Config) Keys() []Key { return keys("", reflect.ValueOf(c).Elem(), nil) }

func keys(prefix string, v reflect.Value, out []Key) []Key {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := prefix + f.Tag.Get("yaml")
		if f.Type.Kind() == reflect.Struct {
			out = keys(name+".", v.Field(i), out)
			continue
		}
		out = append(out, Key{Name: name, Doc: f.Tag.Get("doc"), v: v.Field(i)})
	}
	return out
}

// Sources says where a configuration comes from.
type Sources struct {
	File string         // path of the YAML file; empty: none
	Env  []string       // as os.Environ gives it
	Args *pflag.FlagSet // with AddFlags called on it; nil: none
}

// Load reads a configuration and validates it. Errors name the key, the reason and the fix, and for files the place.
func Load(s Sources) (*Config, error) {
	c := Default()
	if s.File != "" {
		if err := c.readFile(s.File); err != nil {
			return nil, err
		}
	}
	var errs []error
	byEnv, sections := map[string]*Key{}, map[string]bool{}
	all := c.Keys()
	for i := range all {
		byEnv[all[i].Env()] = &all[i]
		if section, _, nested := strings.Cut(all[i].Name, "."); nested {
			sections[strings.ToUpper(section)] = true
		}
	}
	for _, pair := range s.Env {
		name, text, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, Prefix) {
			continue
		}
		k, ok := byEnv[name]
		switch {
		case ok:
			if err := k.set(text); err != nil {
				errs = append(errs, fmt.Errorf("%s (%s): %w", name, k.Name, err))
			}
		case sections[firstWord(name)]: // others with our prefix are not meant for us: Kubernetes makes some up
			errs = append(errs, fmt.Errorf("%s: there is no such key; `uniqchat check-config` lists them", name))
		}
	}
	if s.Args != nil {
		for i := range all {
			k := &all[i]
			if f := s.Args.Lookup(k.Name); f != nil && f.Changed {
				if err := k.set(f.Value.String()); err != nil {
					errs = append(errs, fmt.Errorf("--%s: %w", k.Name, err))
				}
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := c.readSecrets(); err != nil {
		return nil, err
	}
	if c.Storage.URL == "" {
		c.Storage.URL = "sqlite:" + filepath.Join(c.DataDir, "uniqchat.db")
	}
	if c.Uploads.Store == "" {
		c.Uploads.Store = filepath.Join(c.DataDir, "uploads")
	}
	if c.Audit.Key == "" {
		c.Audit.Key = filepath.Join(c.DataDir, "audit.key")
	}
	if c.Audit.Checkpoint == "" {
		c.Audit.Checkpoint = filepath.Join(c.DataDir, "audit.checkpoint")
	}
	return c, c.Validate()
}

// firstWord returns what stands between our prefix and the next underscore.
func firstWord(name string) string {
	word, _, _ := strings.Cut(strings.TrimPrefix(name, Prefix), "_")
	return word
}

// readFile reads a YAML file over c. Unknown keys are errors.
func (c *Config) readFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	err = yaml.NewDecoder(f, yaml.Strict()).Decode(c)
	if err == nil || errors.Is(err, io.EOF) {
		if *c == (Config{}) { // the file says nothing, not even a section
			*c = *Default()
		}
		return nil
	}
	return fmt.Errorf("%s: %s", path, strings.TrimSpace(yaml.FormatError(err, false, true)))
}

// AddFlags adds a flag for every key.
func AddFlags(flags *pflag.FlagSet) {
	for _, k := range Default().Keys() {
		flags.String(k.Name, k.String(), k.Doc)
	}
}
