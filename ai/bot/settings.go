package bot

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/confidence"
)

// Hours says when the bot answers.
type Hours string

// The hours.
const (
	Always Hours = "always"
	Open   Hours = "open"   // only while people are there, who have the rest
	Closed Hours = "closed" // only while nobody is there
)

// Settings are a tenant's.
type Settings struct {
	// Name is what the bot calls itself. Empty: it says no name.
	Name string `json:"name"`
	// Greeting is what it answers a greeting with, by language. Languages that are missing have a greeting of the product's.
	Greeting map[string]string `json:"greeting,omitempty"`
	// Tone is how the shop wants to sound, in its own words. Engines are told.
	Tone string `json:"tone"`
	// Languages are those it writes, the first of them to everybody else. Empty: the visitor's, whichever it is.
	Languages []string `json:"languages,omitempty"`
	Hours     Hours    `json:"hours"` // Defaults to Always.
	Topics    Topics   `json:"topics"`
	// Clarify is how often a visitor is asked back in one conversation: 0 to 2. Defaults to 2.
	Clarify *int `json:"clarify"`
	// Thresholds are from which confidence on it answers and asks back. Default to confidence.Default.
	Thresholds Thresholds `json:"thresholds"`
}

// Topics bound what it talks about. A topic is an intent's name, or words that stand in the question; of Allowed, words that stand in what was found count, too.
type Topics struct {
	Allowed   []string `json:"allowed,omitempty"` // if any: people answer all else
	Forbidden []string `json:"forbidden,omitempty"`
}

// Thresholds are those of confidence.Thresholds.
type Thresholds struct {
	Answer  float64 `json:"answer"`
	Clarify float64 `json:"clarify"`
}

// Bounds of settings. Lengths are in characters.
const (
	mostClarify = 2
	maxName     = 60
	maxGreeting = 500
	maxTone     = 300
	maxTopics   = 100
	maxTopic    = 100
	maxLanguage = 20 // languages
)

// Defaults fills in what isn't set.
func (s *Settings) Defaults() {
	s.Hours = cmp.Or(s.Hours, Always)
	if s.Clarify == nil {
		n := mostClarify
		s.Clarify = &n
	}
	s.Thresholds.Answer = cmp.Or(s.Thresholds.Answer, confidence.Default.Answer)
	s.Thresholds.Clarify = cmp.Or(s.Thresholds.Clarify, min(confidence.Default.Clarify, s.Thresholds.Answer))
}

var tag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// Validate names the first key that can't be and says how to mend it. Defaults must have been filled in.
func (s *Settings) Validate() error {
	if err := long("name", s.Name, maxName); err != nil {
		return err
	}
	if err := long("tone", s.Tone, maxTone); err != nil {
		return err
	}
	for l, text := range s.Greeting {
		if !tag.MatchString(l) {
			return fmt.Errorf("greeting: %q is no language; use tags such as en or zh", l)
		}
		if err := long("greeting."+l, text, maxGreeting); err != nil {
			return err
		}
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("greeting.%s: is empty; leave the language out for the product's own greeting", l)
		}
	}
	if len(s.Languages) > maxLanguage {
		return fmt.Errorf("languages: at most %d", maxLanguage)
	}
	for _, l := range s.Languages {
		if !tag.MatchString(l) {
			return fmt.Errorf("languages: %q is no language; use tags such as en or zh", l)
		}
	}
	if s.Hours != Always && s.Hours != Open && s.Hours != Closed {
		return fmt.Errorf("hours: %q must be always, open or closed", s.Hours)
	}
	if err := topics("topics.allowed", s.Topics.Allowed); err != nil {
		return err
	}
	if err := topics("topics.forbidden", s.Topics.Forbidden); err != nil {
		return err
	}
	if s.Clarify != nil && (*s.Clarify < 0 || *s.Clarify > mostClarify) {
		return fmt.Errorf("clarify: must be 0 to %d", mostClarify)
	}
	t := s.Thresholds
	if !(t.Answer > 0 && t.Answer <= 1) {
		return fmt.Errorf("thresholds.answer: must be above 0 and at most 1")
	}
	if !(t.Clarify > 0 && t.Clarify <= t.Answer) {
		return fmt.Errorf("thresholds.clarify: must be above 0 and at most thresholds.answer (%v)", t.Answer)
	}
	return nil
}

func long(key, text string, most int) error {
	if utf8.RuneCountInString(text) > most {
		return fmt.Errorf("%s: at most %d characters", key, most)
	}
	return nil
}

func topics(key string, list []string) error {
	if len(list) > maxTopics {
		return fmt.Errorf("%s: at most %d", key, maxTopics)
	}
	for _, t := range list {
		if strings.TrimSpace(t) == "" {
			return fmt.Errorf("%s: has an empty topic; leave it out", key)
		}
		if err := long(key, t, maxTopic); err != nil {
			return err
		}
	}
	return nil
}
