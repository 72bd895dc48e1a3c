package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// AIEngineTest is what came of asking an engine one tiny question.
type AIEngineTest struct {
	OK         bool    `json:"ok" doc:"Whether visitors' questions can be sent to it as it is."`
	Problem    *string `json:"problem" nullable:"true" enum:"unresolved,not_allowed,unreachable,tls,key_unreadable,unauthorized,payment_required,model_unknown,path_unknown,redirected,limited,declined,failed,slow,slow_first_token,cut,bad_answer,too_long" doc:"What is wrong, for programs; null if nothing is."`
	Message    string  `json:"message" doc:"The same for people, and what to do about it, in the language of Accept-Language."`
	HTTPStatus *int    `json:"http_status" nullable:"true" doc:"What the server answered; null if it did not."`
	FirstToken *int64  `json:"first_token_ms" nullable:"true" doc:"How long the first token took; null if none came."`
	Total      int64   `json:"total_ms" doc:"How long all of it took."`
	Structured bool    `json:"structured" doc:"Whether it keeps to the structure that answers are asked for in. Otherwise its texts are taken as they come, without sources."`
	Text       string  `json:"text" doc:"What it said."`
	Tokens     int64   `json:"tokens" doc:"What it used; it counts like any answer."`
	Money      float64 `json:"money"`
}

// testPatience bounds a test.
const testPatience = 30 * time.Second

var errNoAI = &chat.Error{Code: chat.Busy, Name: "ai_off", Message: "this server asks no engines"}

func (a *API) testEngine(ctx context.Context, c *call, in *Target) (*answer[AIEngineTest], error) {
	id, err := pathID[chat.AIEngine](in.ID)
	if err != nil {
		return nil, err
	}
	tenant := c.actor().Tenant
	e, err := a.cfg.Store.AIEngineWithKey(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if a.cfg.AI.Tester == nil {
		return nil, errNoAI
	}
	done, err := a.asking.begin(tenant)
	if err != nil {
		return nil, err
	}
	defer done()
	if e.HasKey && e.Key == "" {
		return ok(showTest(c, &e, &chat.AITest{Problem: chat.EngineKeyMissing}))
	}
	t := a.cfg.AI.Tester.TestEngine(ctx, &e)
	if t.Used != (chat.AIAmount{}) {
		if err := a.cfg.Store.SettleAI(context.WithoutCancel(ctx), tenant, chat.AIAmount{}, t.Used, a.now()); err != nil {
			return nil, err
		}
	}
	return ok(showTest(c, &e, &t))
}

func showTest(c *call, e *chat.AIEngine, t *chat.AITest) AIEngineTest {
	out := AIEngineTest{
		OK: t.Problem == "", Problem: orNull(t.Problem), Message: problemOf(c.lang, e, t), HTTPStatus: orNull(t.Status), Total: t.Total.Milliseconds(),
		Structured: t.Structured, Text: t.Text, Tokens: t.Used.Tokens, Money: t.Used.Money,
	}
	if t.FirstToken > 0 {
		ms := max(t.FirstToken.Milliseconds(), 1)
		out.FirstToken = &ms
	}
	return out
}

// engineProblems are what can be wrong, in Chinese and English. {model}, {url}, {status}, {first} and {limit} are filled in.
var engineProblems = map[string][2]string{
	chat.EngineUnresolved: {"找不到 {url} 中的主机名：请检查地址是否拼写正确。", "The name in {url} has no address: check how it is written."},
	chat.EngineNotAllowed: {"不允许从本服务器连接 {url} 的地址：它不是公网地址（或不加密的地址不在允许的网络内）。运营者可以用 ai.allow_networks 放行。",
		"The address of {url} may not be dialled from here: it is not a public one, or it is not encrypted and in no network that is allowed. The operator can allow it by ai.allow_networks."},
	chat.EngineUnreachable: {"无法连接 {url}：没有程序在该端口监听，或 1 秒内没有应答。", "Nobody can be reached at {url}: nothing listens at that port, or it does not take a connection within a second."},
	chat.EngineTLS:         {"{url} 的证书不受信任或协议不匹配（是否应为 http？）。", "The certificate of {url} is none that is trusted, or it does not speak TLS (is it http?)."},
	chat.EngineKeyMissing:  {"密钥已保存但无法解密：请重新填写密钥。", "Its key is kept but can't be read any more: enter the key again."},
	chat.EngineUnauthorized: {"服务器拒绝了密钥（HTTP {status}）：请检查密钥是否正确、是否有权使用该模型。",
		"The server refuses the key (HTTP {status}): check that it is right and may use the model."},
	chat.EngineUnpaid:  {"服务器要求付款（HTTP 402）：账户余额不足。", "The server wants to be paid (HTTP 402): the account has no credit."},
	chat.EngineNoModel: {"服务器不认识模型 {model}：请检查模型名称。", "The server does not know the model {model}: check its name."},
	chat.EngineNoPath: {"{url}/chat/completions 不存在（HTTP {status}）：base_url 通常以 /v1 结尾。",
		"There is nothing at {url}/chat/completions (HTTP {status}): base_url mostly ends with /v1."},
	chat.EngineRedirects: {"服务器要转到别的地址（HTTP {status}），而密钥不会发往别处：请填写最终地址。",
		"The server points elsewhere (HTTP {status}), where the key does not go: enter the address that it ends at."},
	chat.EngineLimited:   {"服务器说请求过多（HTTP 429）：额度已用完或速率受限，请稍后再试。", "The server says that it is asked too often (HTTP 429): its quota is used up, or try again later."},
	chat.EngineDeclined:  {"服务器拒绝了这个请求（HTTP {status}）。", "The server declines the request (HTTP {status})."},
	chat.EngineFailed:    {"服务器自身出错（HTTP {status}），请稍后再试。", "The server itself fails (HTTP {status}); try again later."},
	chat.EngineSlow:      {"在允许的时间内没有完整的回答：请换更快的模型。", "There was no whole answer in time: choose a faster model."},
	chat.EngineSlowFirst: {"第一个词用了 {first}，而只等待 {limit}：访客会得到本地回答。请换更快的模型，或提高 first_token_ms。", "Its first token took {first}, and {limit} is waited: visitors would get the local answer. Choose a faster model, or raise first_token_ms."},
	chat.EngineCut:       {"回答在中途断开。", "The answer broke off in its middle."},
	chat.EngineGarbled:   {"服务器的回答不是 OpenAI 的 chat completions 格式：base_url 是否指向网页或别的接口？", "What the server answers is no chat completion as OpenAI's API has it: is base_url a web page, or another API?"},
	chat.EngineTooLong:   {"服务器的回答长得超出允许。", "The server's answer is larger than any may be."},
}

// problemOf says in a caller's language what came of a test.
func problemOf(lang string, e *chat.AIEngine, t *chat.AITest) string {
	texts, known := engineProblems[t.Problem]
	switch {
	case t.Problem == "" && t.Structured:
		texts = [2]string{"可以使用：第一个词用了 {first}。", "It works: its first token took {first}."}
	case t.Problem == "":
		texts = [2]string{"可以使用（第一个词用了 {first}），但它不按要求的结构回答：文字会照原样采用，没有来源。",
			"It works (its first token took {first}), but does not keep to the structure that is asked for: its texts are taken as they come, without sources."}
	case t.Problem == chat.EngineSlowFirst && t.FirstToken == 0:
		texts = [2]string{"15 秒内没有收到第一个词：服务器已接受请求，但没有回答。", "It took the request, and no first token came within 15 s."}
	case !known:
		texts = [2]string{"出错了。", "It does not work."}
	}
	text := texts[0]
	if lang == "en" {
		text = texts[1]
	}
	limit := e.FirstToken
	if limit == 0 {
		limit = 4 * time.Second
	}
	return strings.NewReplacer("{model}", e.Model, "{url}", e.BaseURL, "{status}", fmt.Sprint(t.Status), "{first}", inSeconds(t.FirstToken), "{limit}", inSeconds(limit)).Replace(text)
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
