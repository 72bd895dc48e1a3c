package local

import "strings"

// Words are what the product itself says to visitors, in one language.
type Words struct {
	Unknown  string // nothing that is known answers
	Person   string // a person takes over
	Which    string // above the buttons of a clarifying question
	Other    string // above a text in another language than the question's; %s is its name
	Instead  string // above what follows an answer that was cut off
	Language map[string]string
}

var english = Words{
	Unknown: "I don't know that. I'll bring in a colleague.",
	Person:  "I'll bring in a colleague.",
	Which:   "Which of these do you mean?",
	Other:   "I have this only in %s:",
	Instead: "That answer broke off. This is what our help pages say:",
	Language: map[string]string{
		"zh": "Chinese", "en": "English",
	},
}

var chinese = Words{
	Unknown: "这个问题我不清楚，我帮您转接人工客服。",
	Person:  "我帮您转接人工客服。",
	Which:   "您想问的是下面哪一个？",
	Other:   "这部分内容只有%s版本：",
	Instead: "刚才的回答中断了。帮助文档里是这样说的：",
	Language: map[string]string{
		"zh": "中文", "en": "英文",
	},
}

// Say is what is said in a language; in English where there are no words of that language.
func Say(language string) Words {
	if base, _, _ := strings.Cut(strings.ToLower(language), "-"); base == "zh" {
		return chinese
	}
	return english
}
