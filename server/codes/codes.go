// Package codes holds the one table that says how a failure looks from outside: as an HTTP status, an ERROR packet and a
// close code, and what it is called in Chinese and English.
//
// It owns that table. It never decides what is a failure.
package codes

import (
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// Row is how one kind of failure is shown.
type Row struct {
	HTTP   int    // status of the HTTP answer
	Packet uint16 // code of the ERROR packet
	Close  uint16 // close code when it ends a connection; also of DISCONNECT
	Name   string // stable machine-readable code of problem documents, unless the error has one of its own
	ZH, EN string // title of problem documents
}

var table = map[chat.Code]Row{
	chat.Malformed:       {400, codec.ErrMalformed, codec.CloseBadFrame, "malformed", "请求格式错误", "Malformed request"},
	chat.Unauthenticated: {401, codec.ErrUnauthenticated, codec.CloseBadToken, "unauthenticated", "未认证", "Not authenticated"},
	chat.Forbidden:       {403, codec.ErrForbidden, codec.CloseKicked, "forbidden", "没有权限", "Not allowed"},
	chat.NotFound:        {404, codec.ErrNotFound, codec.CloseKicked, "not_found", "未找到", "Not found"},
	chat.Conflict:        {409, codec.ErrConflict, codec.CloseInternal, "conflict", "冲突", "Conflict"},
	chat.TooLarge:        {413, codec.ErrTooLarge, codec.CloseTooBig, "too_large", "内容过大", "Too large"},
	chat.TooMany:         {429, codec.ErrTooMany, codec.CloseTooMany, "too_many_requests", "请求过于频繁", "Too many requests"},
	chat.Internal:        {500, codec.ErrInternal, codec.CloseInternal, "internal", "服务器内部错误", "Internal error"},
	chat.Busy:            {503, codec.ErrBusy, codec.CloseStorage, "busy", "服务繁忙", "Busy"},
	chat.Unknown:         {504, codec.ErrUnknown, codec.CloseStorage, "outcome_unknown", "结果未知", "Outcome unknown"},
	chat.Full:            {507, codec.ErrFull, codec.CloseStorage, "storage_full", "存储空间已满", "Storage full"},
}

// Of returns how a failure is shown. A code that is not in the table is shown as Internal.
func Of(c chat.Code) Row {
	if r, ok := table[c]; ok {
		return r
	}
	return table[chat.Internal]
}

// Title returns the row's title in the language ("en", otherwise Chinese).
func (r Row) Title(lang string) string {
	if lang == "en" {
		return r.EN
	}
	return r.ZH
}
