package guard

import (
	"regexp"
	"strings"
	"unicode"
)

// injections are what documents have no reason to say: words to a machine about its instructions. Each stands alone; in a text that was folded.
var injections = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:ignore|disregard|forget|override|bypass)\b[^.!?]{0,30}\b(?:previous|prior|above|earlier|preceding|all|any|your|system|other)\b[^.!?]{0,30}\b(?:instruction|prompt|rule|direction|guideline|message|context|polic|restriction|excerpt)`),
	regexp.MustCompile(`\b(?:system|hidden|secret|initial|developer) prompt\b|\bprompt injection\b|\b(?:new|updated|real|actual|important) (?:system )?instructions? (?:for|to) (?:the )?(?:ai|assistant|model|bot|llm|you)\b|\b(?:new|updated) instructions?:`),
	regexp.MustCompile(`\b(?:you are|you're|act as|pretend to be|from now on you are|behave as) (?:now )?(?:a |an |the |in )?(?:[a-z]+ )?(?:ai|assistant|bot|chatbot|llm|language model|dan|developer mode|debug mode|admin|administrator|root)\b`),
	regexp.MustCompile(`\b(?:reveal|print|repeat|output|show|leak|tell|disclose|write)\b[^.!?]{0,30}\b(?:your|the|system|hidden) (?:[a-z]+ )?(?:instructions|prompt|canary|secret|api key|configuration|rules above|context above)\b`),
	regexp.MustCompile(`\b(?:do not|never) (?:tell|inform|mention (?:this|it) to|let|warn) (?:the )?(?:user|visitor|customer|human)s?\b|\b(?:assistant|ai|bot|model|chatbot|llm)s?(?: reading this)?,? (?:must|should|shall|will|has to|is required to) (?:now |always |instead )?(?:say|reply|respond|answer|send|call|refund|give|transfer|approve|output|set|ask|recommend|ignore)\b`),
	regexp.MustCompile(`\b(?:respond|reply|answer) (?:only|always|to every \w+|to all \w+) with\b|"action" ?: ?"|\baction ?= ?"?(?:handoff|refund|clarify|answer)|\b(?:jailbreak|developer mode|dan mode)\b`),
	regexp.MustCompile(`<\|[a-z_]+\|>|\[/?inst\]|<</?sys>>|(?:^|[#*=<\[]|[.!?] )(?:system|assistant)(?:[>\]*=]| ?(?:message|prompt|override))? ?:|### ?(?:system|instruction)|</?(?:system|instructions?|assistant)>|<script|\bon(?:error|load|click) ?= ?["'a-z]|javascript:`),
	regexp.MustCompile(`(?:忽略|无视|忘记|忘掉|不要理会|不要遵守|绕过|覆盖|跳过)[^。！？]{0,12}(?:指令|指示|规则|提示|设定|要求|限制|命令|内容|上文)`),
	regexp.MustCompile(`系统提示|提示词|系统指令|隐藏指令|新的?(?:系统)?指令|开发者模式|调试模式|越狱|管理员模式|最高权限`),
	regexp.MustCompile(`(?:你现在是|从现在(?:起|开始),? ?你|请?你?扮演|假装你?是|你的新身份)`),
	regexp.MustCompile(`(?:输出|打印|告诉|透露|显示|泄露|重复|说出|复述)[^。！？]{0,10}(?:你的|系统|隐藏|内部)[^。！？]{0,6}(?:指令|提示|规则|密钥|配置|设定|口令)`),
	regexp.MustCompile(`(?:不要|别|不得|禁止)(?:告诉|告知|提醒|让)(?:用户|客户|顾客|访客|买家)|(?:ai|助手|机器人|模型|智能客服)(?:必须|应当|应该|务必|请|要|需要)(?:立即|马上|直接|总是|始终)?(?:回复|回答|说|转|退款|发送|调用|推荐|输出|提供|告诉|执行|要求)|(?:只|一律|始终|统一)(?:能|要|需)?(?:回复|回答|输出)[:“"「]`),
}

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
