package chat

// MailSettings is whom a tenant's mails to the team go to.
type MailSettings struct {
	OfflineTo []string `json:"offline_to,omitempty" maxItems:"10" doc:"Addresses that are told of messages which visitors leave when nobody is there. None by default: the messages wait in the queue."`
	Locale    string   `json:"locale,omitempty" enum:"zh,en" doc:"Of mails to the team. Defaults to zh."`
}

// maxOfflineTo bounds MailSettings.OfflineTo.
const maxOfflineTo = 10

// Check implements RecordBody.
func (m *MailSettings) Check() error {
	if m.Locale == "" {
		m.Locale = "zh"
	}
	if m.Locale != "zh" && m.Locale != "en" {
		return Errorf(Malformed, "locale: must be zh or en")
	}
	if len(m.OfflineTo) > maxOfflineTo {
		return Errorf(Malformed, "offline_to: at most %d", maxOfflineTo)
	}
	seen := map[string]bool{}
	kept := []string{}
	for _, s := range m.OfflineTo {
		to, err := CleanAddress("offline_to", s)
		if err != nil {
			return err
		}
		if !seen[foldName(to)] {
			seen[foldName(to)], kept = true, append(kept, to)
		}
	}
	m.OfflineTo = kept
	return nil
}

// UniqueName implements RecordBody: there is one.
func (m *MailSettings) UniqueName() string { return "mail" }
