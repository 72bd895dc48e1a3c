package guard

import (
	"regexp"
	"strings"
	"unicode"
)

// injections are what documents have no reason to say: words to a machine about its instructions. Each stands alone; in a text that was folded. What help
// pages say of passwords that were forgotten, of what a device's system shows, or of care instructions must not be among it (TestSuspicious has a list): a
// chunk in which one is found is not there for the bot.
var injections = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:ignore|disregard|forget) ` + about + `(?:instructions?|prompts?|rules?|guidelines?|directions?|restrictions?|context|excerpts?)\b`),
	regexp.MustCompile(`\b(?:ignore|disregard|forget) (?:everything|all|anything)(?: (?:that|which|you))?(?: (?:was|were|have been|has been))? ?(?:told|said|written|above|before)`),
	regexp.MustCompile(`\b(?:override|bypass) (?:all |any )?(?:of )?(?:the |your )?(?:system|safety|initial|previous) (?:[a-z]+ )?(?:instructions?|prompts?|rules?|guidelines?|restrictions?)\b`),
	regexp.MustCompile(`\b(?:hidden|secret|initial|developer) prompt\b|\bprompt injection\b|\b(?:new|updated|real|actual|important) (?:system )?instructions? (?:for|to) (?:the )?(?:ai|assistant|model|bot|llm)\b|\b(?:new|updated) instructions?:`),
	regexp.MustCompile(`\b(?:you are|you're|act as|pretend to be|from now on you are|behave as) (?:now )?(?:a |an |the |in )?(?:[a-z]+ )?(?:ai|assistant|bot|chatbot|llm|language model|dan|debug mode)\b|\b(?:you are|you're) now (?:a |an |the |in )?(?:[a-z]+ )?(?:admin|administrator|root|developer mode)\b`),
	regexp.MustCompile(`\b(?:reveal|print|repeat|output|show|leak|tell|disclose|write|dump)\b[^.!?]{0,30}\b(?:(?:your|the|system|hidden) (?:hidden |initial |original |full |whole )?(?:system |developer )?(?:prompt|canary|rules above|context above)|(?:system|hidden|secret) instructions)\b`),
	regexp.MustCompile(`\b(?:reveal|repeat|leak|disclose|output) (?:all |any )?(?:of )?your (?:[a-z]+ )?(?:instructions|rules|configuration|api key)\b`),
	regexp.MustCompile(`(?:^|[.!?:;,] ?|\b(?:please|and|must|you should) )(?:do not|never) (?:tell|inform|warn) (?:the |our )?(?:user|visitor|customer|human)s?\b`),
	regexp.MustCompile(`\b(?:assistant|ai|ai model|language model|bot|chatbot|llm)s?(?: reading this)?,? (?:must|should|has to|have to|is required to|are required to) (?:now |always |instead )?(?:say|reply|respond|answer|send|refund|approve|transfer|output|recommend|ignore)\b`),
	regexp.MustCompile(`\b(?:respond|reply|answer) (?:only|always|to every \w+|to all \w+) with\b|"action" ?: ?"|\baction ?= ?"?(?:handoff|refund|clarify|answer)|\bdan mode\b|\bset action to\b`),
	regexp.MustCompile(`<\|[a-z_]+\|>|\[/?inst\]|<</?sys>>|(?:^|[#*=<\[]|[.!?] )(?:system|assistant)(?:[>\]*=]| ?(?:message|prompt|override))? ?: ?(?:i|you|we|ignore|obey|set|the|from|understood)\b|### ?(?:system|instruction)s? ?:|</?(?:system|instructions?|assistant)>|<script|\bon(?:error|load|click) ?= ?["'a-z]|javascript:`),
	regexp.MustCompile(`(?:忽略|无视|忘记|忘掉|不要理会|不要遵守)[^。！？，,；;]{0,10}(?:指令|指示|规则|设定|命令|上文|系统提示|提示词)|(?:忽略|无视|忘记|忘掉)(?:掉|了)?(?:之前|先前|前面|所有|一切)的?(?:所有|全部)?的?(?:提示|要求|限制|内容)|(?:绕过|覆盖|跳过)[^。！？，,；;]{0,6}(?:指令|设定|系统提示)`),
	regexp.MustCompile(`系统提示词|隐藏指令|新的?(?:系统)?指令|提示词注入|越狱模式|(?:^|你|已经|已)(?:请)?(?:已|已经|正)?(?:进入|处于|切换到)了?(?:开发者|调试|管理员|越狱)模式|(?:系统|会话)[^。！？]{0,6}(?:升级|切换)[^。！？]{0,4}最高权限`),
	regexp.MustCompile(`你现在是(?:一个|一名|没有|管理员|开发者|系统)|从现在(?:起|开始),? ?你(?:是|就是|将|必须|只能|要|不再)|(?:请你|你要|你来|请)扮演|假装你?是|你的新身份`),
	regexp.MustCompile(`(?:输出|打印|告诉|透露|显示|泄露|重复|说出|复述)[^。！？，]{0,10}你的(?:系统|隐藏|内部)?(?:指令|提示|规则|密钥|设定|口令)|(?:输出|透露|泄露|复述)[^。！？，]{0,10}(?:系统|隐藏|内部)的?(?:指令|提示|密钥|口令)`),
	regexp.MustCompile(`(?:不要|别|不得|禁止)(?:告诉|告知)(?:用户|客户|顾客|访客|买家)|(?:ai|助手|机器人|大模型|语言模型|智能客服)(?:必须|应当|应该|务必)(?:立即|马上|直接|总是|始终)?(?:回复|回答|说|转|退款|发送|调用|推荐|输出|提供|告诉|执行)|(?:只|一律|始终|统一)(?:能|要|需)?(?:回复|回答|输出)[:“"「]`),
}

// about is what stands between the verb and what is to be forgotten.
const about = `(?:(?:all|any|every|each|of|the|my|your|its|these|those|and|or|previous|prior|above|earlier|preceding|other|system|safety|given|existing|current|initial|original|former) ){1,6}`

// Suspicious returns the part of a document's text that speaks to a machine about its instructions, or an empty string. It is a list, which whoever writes
// for it gets past; what an engine then does is held by ai/router, which takes no action from a text.
//
// Safe for concurrent use.
func Suspicious(text string) string {
	text = fold(strings.Map(visible, text))
	for _, re := range injections {
		if m := re.FindString(text); m != "" {
			return m
		}
	}
	return ""
}

// visible leaves out characters that nobody sees and that hide words from lists.
func visible(r rune) rune {
	if Invisible(r) {
		return -1
	}
	return r
}

// Invisible reports whether a character shows nothing: of no width, turning the direction of writing, or a tag.
func Invisible(r rune) bool {
	switch r {
	case '\n', '\t', ' ':
		return false
	case 0x200D: // joins emoji
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) || r >= 0xE0000 && r <= 0xE0FFF || r >= 0xFE00 && r <= 0xFE0E || r == 0x034F || r == 0x115F || r == 0x1160 || r == 0x3164
}
